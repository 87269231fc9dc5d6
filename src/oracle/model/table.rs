//! The table: every key with all its versions, and the searches that a cursor needs. In what a fixed-length one shows beyond
//! that see `fixed`.

use super::version::{Chain, Everyone, PrepareConflict, Reader, TxnId, Version};
use crate::backend::{Direction, FIXED_ZERO, Format, Key, Timestamp, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;
use std::ops::Bound;

/// A key that a walk has come to, and the value that is read there.
pub(super) type Met<'a> = (Key, Result<&'a Value, PrepareConflict>);

/// All versions of every key.
#[derive(Debug)]
pub(super) struct Table {
    /// How it keeps its records.
    pub format: Format,
    /// What a record of a fixed-length table is that shows no value.
    zero: Value,
    keys: BTreeMap<Key, Chain>,
    /// Keys that were written once and of which no version is left.
    forgotten: BTreeSet<Key>,
    /// The number of keys at which it pays to look for some that nobody needs.
    sweep_at: usize,
}

impl Table {
    /// The smallest table that is worth sweeping.
    const SWEEP_MIN: usize = 256;

    /// An empty table.
    pub fn new(format: Format) -> Self {
        let zero = Value::new(FIXED_ZERO);
        Table { format, zero, keys: BTreeMap::new(), forgotten: BTreeSet::new(), sweep_at: 0 }
    }

    /// The versions of a key.
    pub fn chain(&self, key: &Key) -> Option<&Chain> {
        self.keys.get(key)
    }

    /// The versions of a key that the caller has written.
    pub fn chain_mut(&mut self, key: &Key) -> &mut Chain {
        self.keys.get_mut(key).expect("a key with a running update is in the table")
    }

    /// The versions of a key that a running transaction has written.
    pub fn of_running(&self, key: &Key, txn: TxnId) -> &[Version] {
        self.chain(key).map_or(&[], |chain| chain.of_running(txn))
    }

    /// What the reader sees at `key`.
    pub fn read(&self, key: &Key, reader: &Reader) -> Result<Option<&Value>, PrepareConflict> {
        let value = self.chain(key).map_or(Ok(None), |chain| chain.read(reader))?;
        Ok(value.or_else(|| self.fills(key).then_some(&self.zero)))
    }

    /// The first key from `from` on in direction `direction` at which the reader sees a record or has a prepared update
    /// in its way.
    pub fn step(&self, direction: Direction, from: Bound<&Key>, reader: &Reader) -> Option<Met<'_>> {
        if self.format == Format::Fixed {
            return self.step_by_number(direction, from, reader);
        }
        let seen = |(key, chain): (&Key, _)| Chain::read(chain, reader).transpose().map(|value| (key.clone(), value));
        match direction {
            Direction::Next => self.keys.range::<Key, _>((from, Bound::Unbounded)).find_map(seen),
            Direction::Prev => self.keys.range::<Key, _>((Bound::Unbounded, from)).rev().find_map(seen),
        }
    }

    /// All that such steps come to from the first key on.
    pub fn walk<'a>(&'a self, reader: &'a Reader) -> impl Iterator<Item = Met<'a>> {
        let first = self.step(Direction::Next, Bound::Unbounded, reader);
        successors(first, |(key, _)| self.step(Direction::Next, Bound::Excluded(key), reader))
    }

    /// The largest key that has a version, seen by anybody or not. In a column store it is the end.
    pub fn largest_key(&self) -> Option<&Key> {
        if self.format.is_column() {
            return self.last_written();
        }
        self.keys.iter().rev().find(|(_, chain)| !chain.is_empty()).map(|(key, _)| key)
    }

    /// The largest key with a version that somebody, present or to come, needs. In a column store it is the end.
    pub fn largest_needed(&self, everyone: &Everyone) -> Option<&Key> {
        if self.format.is_column() {
            return self.last_written();
        }
        self.keys.iter().rev().find(|(_, chain)| chain.is_needed(everyone)).map(|(key, _)| key)
    }

    /// Takes back what is durable only after `stable`.
    pub fn roll_back_to_stable(&mut self, stable: Timestamp) {
        self.keys.values_mut().for_each(|chain| chain.roll_back_to_stable(stable));
    }

    /// What a checkpoint keeps of the table: see [`Chain::checkpointed`].
    pub fn checkpointed(&self, stable: Option<Timestamp>, oldest: Timestamp) -> Table {
        let keys = self.keys.iter().map(|(key, chain)| (key.clone(), chain.checkpointed(stable, oldest)));
        Table {
            format: self.format,
            zero: self.zero.clone(),
            keys: keys.collect(),
            forgotten: self.forgotten.clone(),
            sweep_at: self.sweep_at,
        }
    }

    /// Whether the key was ever written, by whomever and with whatever outcome.
    pub fn ever_written(&self, key: &Key) -> bool {
        self.keys.contains_key(key) || self.forgotten.contains(key)
    }

    /// The smallest such key.
    pub fn first_written(&self) -> Option<&Key> {
        self.keys.keys().next().into_iter().chain(self.forgotten.first()).min()
    }

    /// The largest such key.
    pub fn last_written(&self) -> Option<&Key> {
        self.keys.keys().next_back().max(self.forgotten.last())
    }

    /// The first such key after another.
    pub fn written_after(&self, key: &Key) -> Option<&Key> {
        let after = (Bound::Excluded(key), Bound::Unbounded);
        let kept = self.keys.range::<Key, _>(after).next().map(|(key, _)| key);
        kept.into_iter().chain(self.forgotten.range::<Key, _>(after).next()).min()
    }

    /// All such keys, some of them twice.
    pub fn all_written(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys().chain(&self.forgotten)
    }

    /// The number of versions of all keys.
    pub fn versions(&self) -> usize {
        self.keys.values().map(Chain::len).sum()
    }

    /// Puts a version on top of those of `key`. From time to time it drops what nobody needs any more: of the key if
    /// its versions have doubled since it was last looked at, of all keys if these have.
    pub fn push(&mut self, key: &Key, version: Version, everyone: impl FnOnce() -> Everyone) {
        if let Some(chain) = self.keys.get_mut(key) {
            chain.push(version);
            if chain.is_due() {
                chain.trim(&everyone());
            }
            return;
        }
        if self.keys.len() >= self.sweep_at.max(Self::SWEEP_MIN) {
            self.sweep(&everyone());
        }
        self.forgotten.remove(key);
        self.keys.entry(key.clone()).or_default().push(version);
    }

    fn sweep(&mut self, everyone: &Everyone) {
        let Table { keys, forgotten, .. } = self;
        keys.retain(|key, chain| {
            chain.trim(everyone);
            if chain.is_empty() {
                forgotten.insert(key.clone());
            }
            !chain.is_empty()
        });
        self.sweep_at = 2 * self.keys.len();
    }
}
