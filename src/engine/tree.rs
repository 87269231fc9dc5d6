//! A table's live data: update chains in the order of their keys.

use super::txn::{Horizon, Outcome, TxnId, View};
use super::version::{Chain, Found, Version};
use crate::backend::{Direction, Key, Timestamp, Value};
use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::{Bound, Range};

/// An ordered map of update chains. Which rows exist is a matter of who asks: see [`View`].
///
/// Rows lie side by side: tables are small, reads are many, and a binary search is the fastest way to one. Most often
/// none is needed: what is asked for is the row of the last time, or the one after it.
#[derive(Debug, Default)]
pub struct Tree {
    /// In a column store a row stays for ever: see [`Tree::of_column_store`].
    rows: Vec<(Key, Chain)>,
    /// Whether it is a column store.
    keeps_rows: bool,
    /// Where something was found last, or would have been. No more than a hint.
    last: Cell<usize>,
    /// Counts changes, those of rollback included. Look-ahead without a snapshot is only good for one count.
    changes: u64,
}

/// In trees of fewer rows a binary search is fast anyway.
const MANY: usize = 1000;
/// How far from where it was expected a key is looked for first, in rows.
const NEAR: usize = 4;

/// What a version was put on top of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The durable timestamp of the version that was replaced, if there was one. It may be a place-holder of the same
    /// transaction: that has none, as in WiredTiger.
    pub replaced: Option<Timestamp>,
    /// Where the key's row is now.
    pub row: usize,
    /// Whether it is time to [`Tree::trim`] the key.
    pub is_long: bool,
}

/// What a search along the keys stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A record.
    Value(&'a Value),
    /// A prepared update: there may be a record or not.
    Prepared,
}

impl Tree {
    /// An empty tree for a column store. A record that was written once has its row from then on, whatever becomes of what
    /// was written: the last row is the end of the table, after which the next record is appended.
    pub fn of_column_store() -> Self {
        Tree { keeps_rows: true, ..Tree::default() }
    }

    /// Whether it is one.
    pub fn is_of_column_store(&self) -> bool {
        self.keeps_rows
    }

    /// A row without a version: somebody once wrote it.
    pub fn mark_written(&mut self, key: &Key) {
        if let Err(at) = self.find(key) {
            self.rows.insert(at, (key.clone(), Chain::default()));
        }
    }

    /// The first row from `key` on, whatever it has.
    pub fn at_or_after(&self, key: &Key) -> Option<(&Key, &Chain)> {
        let at = self.find(key).unwrap_or_else(|at| at);
        self.rows.get(at).map(|(key, chain)| (key, chain))
    }

    /// Where `key` is, or where it would be.
    #[inline]
    fn find(&self, key: &Key) -> Result<usize, usize> {
        let last = self.last.get();
        match self.rows.get(last) {
            Some((row, _)) if row == key => Ok(last),
            Some((row, _)) => self.find_beyond(row, key),
            None => self.search(key),
        }
    }

    /// Where `key` is, or where it would be, if it is not at `row`, the last one.
    fn find_beyond(&self, row: &Key, key: &Key) -> Result<usize, usize> {
        let next = self.last.get() + 1;
        let found = match self.rows.get(next) {
            Some((after, _)) if after == key => Ok(next),
            Some((after, _)) if row < key && key < after => Err(next),
            None if row < key => Err(next),
            _ => return self.search(key),
        };
        self.last.set(next);
        found
    }

    fn search(&self, key: &Key) -> Result<usize, usize> {
        let among = if self.rows.len() < MANY { 0..self.rows.len() } else { self.around(key) };
        let start = among.start;
        let found = self.rows[among].binary_search_by(|(row, _)| row.cmp(key));
        let found = found.map(|at| start + at).map_err(|at| start + at);
        self.last.set(found.unwrap_or_else(|at| at));
        found
    }

    /// Rows among which `key` is, or before the end of which it would be: around the place where it is if keys are spread
    /// evenly, as record numbers are. There most of a binary search would be to wait for memory.
    fn around(&self, key: &Key) -> Range<usize> {
        let guess = self.guess(self.guess(0, key), key);
        let mut step = NEAR;
        match self.rows[guess].0.cmp(key) {
            Ordering::Equal => guess..guess + 1,
            Ordering::Less => {
                let mut low = guess + 1;
                while self.rows.get(low + step).is_some_and(|(row, _)| row < key) {
                    low += step + 1;
                    step *= 2;
                }
                low..self.rows.len().min(low + step + 1)
            }
            Ordering::Greater => {
                let mut high = guess;
                while high > step && self.rows[high - step].0 > *key {
                    high -= step;
                    step *= 2;
                }
                high.saturating_sub(step)..high
            }
        }
    }

    /// Where `key` would be, seen from row `from`, if keys were spread evenly. There have to be some.
    fn guess(&self, from: usize, key: &Key) -> usize {
        let leading = |row: usize| self.rows[row].0.leading();
        let last = self.rows.len() - 1;
        let rows_per_key = last as f64 / (leading(last) - leading(0)).max(1) as f64;
        let (here, key) = (leading(from), key.leading());
        let distance = (key.abs_diff(here) as f64 * rows_per_key) as usize;
        if key < here { from.saturating_sub(distance) } else { from.saturating_add(distance).min(last) }
    }

    /// What `view` finds at `key`.
    #[inline]
    pub fn read(&self, key: &Key, view: &View<'_>) -> Found<'_> {
        self.chain(key).map_or(Found::Nothing, |chain| chain.read(view))
    }

    /// The first record from `from` on in `direction` that `view` sees, or would see were it not prepared.
    #[inline]
    pub fn seek(&self, from: Bound<&Key>, direction: Direction, view: &View<'_>) -> Option<(&Key, Seen<'_>)> {
        let seen = |at: usize| match self.rows[at].1.read(view) {
            Found::Value(value) => Some((at, Seen::Value(value))),
            Found::Prepared => Some((at, Seen::Prepared)),
            Found::Nothing | Found::Deleted => None,
        };
        let (at, value) = match direction {
            Direction::Next => {
                let start = match from {
                    Bound::Unbounded => 0,
                    Bound::Included(key) => self.find(key).unwrap_or_else(|at| at),
                    Bound::Excluded(key) => self.find(key).map_or_else(|at| at, |at| at + 1),
                };
                (start..self.rows.len()).find_map(seen)?
            }
            Direction::Prev => {
                let end = match from {
                    Bound::Unbounded => self.rows.len(),
                    Bound::Included(key) => self.find(key).map_or_else(|at| at, |at| at + 1),
                    Bound::Excluded(key) => self.find(key).unwrap_or_else(|at| at),
                };
                (0..end).rev().find_map(seen)?
            }
        };
        self.last.set(at);
        Some((&self.rows[at].0, value))
    }

    /// The chain of `key`.
    #[inline]
    pub fn chain(&self, key: &Key) -> Option<&Chain> {
        self.find(key).ok().map(|at| &self.rows[at].1)
    }

    /// Puts a version on top of the chain of `key`.
    pub fn push(&mut self, key: &Key, version: Version) -> Pushed {
        self.changes += 1;
        match self.find(key) {
            Ok(at) => {
                let chain = &mut self.rows[at].1;
                let replaced = chain.versions().last().map(|newest| newest.durable_ts);
                chain.push(version);
                Pushed { replaced, row: at, is_long: chain.is_long() }
            }
            Err(at) => {
                self.rows.insert(at, (key.clone(), Chain::of(version)));
                Pushed { replaced: None, row: at, is_long: false }
            }
        }
    }

    /// Drops what nobody can read any more of `key`.
    pub fn trim(&mut self, key: &Key, horizon: Horizon) {
        if let Ok(at) = self.find(key) {
            self.rows[at].1.trim(horizon);
        }
    }

    /// Carries out what becomes of `txn`'s updates of `key`, whose row was `row` when it was written.
    pub fn settle(&mut self, key: &Key, row: usize, txn: TxnId, outcome: Outcome) {
        // A commit shows nothing that was not seen before by those who see what is uncommitted.
        self.changes += u64::from(!matches!(outcome, Outcome::Committed(_)));
        self.last.set(row);
        if let Ok(at) = self.find(key) {
            let chain = &mut self.rows[at].1;
            chain.settle(txn, outcome);
            if chain.is_empty() && !self.keeps_rows {
                self.rows.remove(at);
            }
        }
    }

    /// Carries out what becomes of `txn`'s updates of the keys from `start` to `stop`.
    pub fn settle_range(&mut self, start: &Key, stop: &Key, txn: TxnId, outcome: Outcome) {
        self.changes += 1;
        let from = self.find(start).unwrap_or_else(|at| at);
        let affected = self.rows[from..].iter().take_while(|(key, _)| key <= stop).count();
        for (_, chain) in &mut self.rows[from..from + affected] {
            chain.settle(txn, outcome);
        }
        self.rows.retain(|(_, chain)| !chain.is_empty());
    }

    /// The largest key there is, visible or not.
    pub fn largest(&self) -> Option<&Key> {
        self.rows.last().map(|(key, _)| key)
    }

    /// Something has changed that belongs to the tree, though it is not in it.
    pub fn touch(&mut self) {
        self.changes += 1;
    }

    /// The keys from `start` to `stop`, whatever they have.
    pub fn keys_between(&self, start: &Key, stop: &Key) -> impl Iterator<Item = &Key> {
        let from = self.find(start).unwrap_or_else(|at| at);
        self.rows[from..].iter().map(|(key, _)| key).take_while(move |key| *key <= stop)
    }

    /// The number of changes so far.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Chain)> {
        self.rows.iter().map(|(key, chain)| (key, chain))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Visits every chain and drops the rows for which `keep` answers false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Key, &mut Chain) -> bool) {
        self.rows.retain_mut(|(key, chain)| keep(key, chain));
    }

    /// Drops all versions that became durable after `stable`, place-holders and all; answers with their number.
    pub fn roll_back_to(&mut self, stable: Timestamp) -> u64 {
        self.changes += 1;
        let mut dropped = 0;
        let keeps_rows = self.keeps_rows;
        self.rows.retain_mut(|(_, chain)| {
            dropped += chain.roll_back_to(stable);
            keeps_rows || !chain.is_empty()
        });
        dropped
    }

    /// Drops what no present or future reader can ask for, whole rows included.
    pub fn sweep(&mut self, horizon: Horizon) {
        let keeps_rows = self.keeps_rows;
        self.rows.retain_mut(|(_, chain)| {
            chain.trim(horizon);
            keeps_rows || !chain.is_obsolete(horizon)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::record_number;
    use crate::engine::version::Payload;

    fn of(keys: impl Iterator<Item = Key>) -> Tree {
        let mut tree = Tree::default();
        for key in keys {
            let payload = Payload::Put(Value::EMPTY);
            tree.push(&key, Version { txn: 1, start_ts: 0, durable_ts: 0, prepared: false, payload });
        }
        tree
    }

    /// A large tree is searched from a guess; what is found is what looking through all rows finds.
    #[test]
    fn keys_are_found_wherever_they_lie() {
        let even = |number: u64| record_number(number);
        let squares = |number: u64| record_number(number * number);
        let cubes = |number: u64| record_number(number * number * number);
        // All but the first of those that are there.
        let crowded = |number: u64| record_number(if number <= 2 { number } else { u64::MAX - 9000 + number });
        let alike = |number: u64| Key::new(format!("the same eight and more {number:06}").as_bytes());
        let of_each_length = |number: u64| Key::new(&vec![7; number as usize]);
        let kinds: [&dyn Fn(u64) -> Key; 6] = [&even, &squares, &cubes, &crowded, &alike, &of_each_length];
        for (kind, key) in kinds.into_iter().enumerate() {
            let tree = of((1..=2 * MANY as u64).map(|number| key(2 * number)));
            for number in 1..=4 * MANY as u64 + 1 {
                let key = key(number);
                let before = tree.rows.iter().take_while(|(row, _)| *row < key).count();
                let expected = if number % 2 == 0 { Ok(before) } else { Err(before) };
                assert_eq!(tree.search(&key), expected, "number {number} of kind {kind}");
            }
            assert_eq!(tree.search(&Key::EMPTY), Err(0), "before all of kind {kind}");
            assert_eq!(tree.search(&Key::new(&[0xff; 20])), Err(2 * MANY), "after all of kind {kind}");
        }
    }

    /// So that a search is not a binary search of everything after all.
    #[test]
    fn keys_that_are_spread_evenly_are_looked_for_among_few_rows() {
        let tree = of((1..=2 * MANY as u64).map(|number| record_number(10 * number)));
        for number in 1..=20 * MANY as u64 + 10 {
            let among = tree.around(&record_number(number)).len();
            assert!(among <= NEAR + 1, "{among} rows for number {number}");
        }
    }

    /// Rows move when others come before them and go: where one was written is not where it is.
    #[test]
    fn what_was_written_is_settled_wherever_its_row_is_now() {
        let payload = || Payload::Put(Value::EMPTY);
        let version = |txn| Version { txn, start_ts: 0, durable_ts: 0, prepared: false, payload: payload() };
        let mut tree = of([Key::from("a"), Key::from("z")].into_iter());
        let row = tree.push(&Key::from("m"), version(2)).row;
        tree.push(&Key::from("b"), version(3));
        tree.settle(&Key::from("m"), row, 2, Outcome::Committed(7));
        let stamps = |tree: &Tree| tree.rows().map(|(_, chain)| chain.versions()[0].start_ts).collect::<Vec<_>>();
        assert_eq!(stamps(&tree), [0, 0, 7, 0]);
        let row = tree.push(&Key::from("z"), version(4)).row;
        tree.settle(&Key::from("b"), 1, 3, Outcome::RolledBack);
        tree.settle(&Key::from("z"), row, 4, Outcome::RolledBack);
        let lengths: Vec<_> = tree.rows().map(|(_, chain)| chain.versions().len()).collect();
        assert_eq!((lengths, stamps(&tree)), (vec![1; 3], vec![0, 7, 0]));
    }
}
