//! What a node has, compared with the plan: a table as a walk finds it, and all that happened to its keys.

use super::{Keeper, difference};
use crate::backend::Direction;
use crate::bytes::ByteStr;
use crate::replay::change::{Change, Divergence, first_difference};
use crate::replay::check::{Difference, show};
use crate::replay::cluster::Walk;
use crate::replay::plan::OpNumber;
use crate::replay::store::StoreError;
use std::collections::{BTreeMap, VecDeque};

/// Keys whose histories are read at a time.
const PIECE: usize = 16;

/// All that happened to the keys of a table on a node since the last round.
#[derive(Debug)]
pub(super) struct Histories {
    node: usize,
    table: u16,
    walk: Option<Walk>,
    /// What the table has at the end.
    state: BTreeMap<u64, ByteStr>,
    /// The keys that are still to be looked at.
    keys: VecDeque<u64>,
    found: Vec<Change>,
}

impl Histories {
    pub(super) fn new(node: usize, table: u16) -> Self {
        let walk = Some(Walk::new(Direction::Next));
        Histories { node, table, walk, state: BTreeMap::new(), keys: VecDeque::new(), found: Vec::new() }
    }
}

impl Keeper {
    /// Goes a little further along a table as it is after number `t`. Whether that was the end.
    pub(super) fn walk(&mut self, node: usize, table: u16, t: OpNumber, walk: &mut Walk) -> Result<bool, Difference> {
        let at = self.plan.clock().after(t);
        let session = &mut self.session.nodes()[node];
        let mut further = || {
            if !walk.has_begun() {
                session.calls().reset(table);
                session.calls().begin(Some(at))?;
            }
            let is_over = session.calls().walk(table, walk)?;
            if is_over {
                session.calls().reset(table);
                session.calls().rollback()?;
            }
            Ok(is_over)
        };
        further().map_err(|error| {
            // Whether that can still be done does not matter: the walk has failed.
            let _ = session.calls().rollback();
            difference(t, table, &error)
        })
    }

    pub(super) fn compare_state(
        &mut self,
        node: usize,
        table: u16,
        t: OpNumber,
        found: &[(u64, ByteStr)],
    ) -> Result<(), Difference> {
        self.kept.states += 1;
        let expected = self.oracle.state(table, t);
        let (one, other) = (found.iter().map(Some).chain([None]), expected.iter().map(Some).chain([None]));
        match one.zip(other).find(|(one, other)| one != other) {
            None => Ok(()),
            Some((one, other)) => {
                let key = one.into_iter().chain(other).map(|row| row.0).min().unwrap_or_default();
                let of = |row: Option<&(u64, ByteStr)>| row.filter(|row| row.0 == key).map(|row| row.1.clone());
                Err(self.wrong_in_walk(node, t, table, key, of(one).as_ref(), of(other).as_ref()))
            }
        }
    }

    /// A walk at number `t` found something else for a key than the plan says. Which version of the key is wrong is
    /// looked for by reading.
    fn wrong_in_walk(
        &mut self,
        node: usize,
        t: OpNumber,
        table: u16,
        key: u64,
        found: Option<&ByteStr>,
        expected: Option<&ByteStr>,
    ) -> Difference {
        if let Ok(Some((at, found))) = self.first_wrong(node, table, key, t) {
            let expected = self.oracle.value(table, key, at);
            return self.wrong_value(node, at, table, key, found.as_ref(), expected.as_ref());
        }
        let name = self.cluster.name(node);
        let what = format!("a walk of the {name} after operation {t} has {}, expected {}", show(found), show(expected));
        Difference { t: self.version(table, key, t).unwrap_or(t), table, key: Some(key), what }
    }

    /// The number that ought to have made what a key has after number `t`.
    fn version(&self, table: u16, key: u64, t: OpNumber) -> Option<OpNumber> {
        self.oracle.history(table, key).iter().rev().map(|(at, _)| *at).find(|at| *at <= t)
    }

    /// The first number up to `t`, of those that can still be read, after which a node has something else for a key than
    /// the plan says; and what it has. `None`: reading finds nothing wrong.
    fn first_wrong(
        &mut self,
        node: usize,
        table: u16,
        key: u64,
        t: OpNumber,
    ) -> Result<Option<(OpNumber, Option<ByteStr>)>, StoreError> {
        let oldest = self.oldest;
        let versions = self.oracle.history(table, key).iter().map(|(at, _)| *at);
        let starts: Vec<_> =
            std::iter::once(oldest).chain(versions.filter(|at| (oldest + 1..=t).contains(at))).collect();
        let ends = starts.iter().skip(1).map(|at| at - 1).chain([t]);
        for (&from, to) in starts.iter().zip(ends) {
            let expected = self.oracle.value(table, key, from);
            let found = self.read(node, table, key, from)?;
            if found != expected {
                return Ok(Some((self.version(table, key, from).unwrap_or(from), found)));
            }
            let found = self.read(node, table, key, to)?;
            if found != expected {
                return self.first_change(node, table, key, (from, &expected), (to, found)).map(Some);
            }
        }
        Ok(None)
    }

    fn wrong_value(
        &self,
        node: usize,
        t: OpNumber,
        table: u16,
        key: u64,
        found: Option<&ByteStr>,
        expected: Option<&ByteStr>,
    ) -> Difference {
        let name = self.cluster.name(node);
        let what = format!("the {name} has {}, expected {}", show(found), show(expected));
        Difference { t, table, key: Some(key), what }
    }

    /// Does a part of what there is to do for the histories of a table. Whether that was the last.
    pub(super) fn look_at_histories(&mut self, all: &mut Histories) -> Result<bool, Difference> {
        let Histories { node, table, .. } = *all;
        if let Some(mut walk) = all.walk.take() {
            if !self.walk(node, table, self.now, &mut walk)? {
                all.walk = Some(walk);
                return Ok(false);
            }
            all.state = walk.into_rows().into_iter().collect();
            all.keys = self.keys_to_look_at(node, table, &all.state);
        }
        for _ in 0..PIECE {
            let Some(key) = all.keys.pop_front() else { return Ok(true) };
            self.look_at_key(all, key).map_err(|error| difference(self.now, table, &error))?;
        }
        Ok(false)
    }

    /// The keys that were written since the last round, as the plan or the node has it.
    fn keys_to_look_at(&self, node: usize, table: u16, state: &BTreeMap<u64, ByteStr>) -> VecDeque<u64> {
        let written = self.oracle.writes(table, self.last, self.now).iter().map(|(_, key)| *key);
        let before = &self.states[node][usize::from(table)];
        let new = state.iter().filter(|(key, value)| before.get(key) != Some(value)).map(|(key, _)| *key);
        let gone = before.keys().filter(|key| !state.contains_key(key)).copied();
        let mut keys: Vec<_> = written.chain(new).chain(gone).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into()
    }

    /// Finds all changes of a key since the last round.
    fn look_at_key(&mut self, all: &mut Histories, key: u64) -> Result<(), StoreError> {
        let Histories { node, table, ref mut found, .. } = *all;
        let mut value = self.states[node][usize::from(table)].get(&key).cloned();
        let mut last = self.last;
        let history = self.oracle.history(table, key);
        let planned = history.iter().map(|(t, _)| *t).filter(|t| (self.last + 1..=self.now).contains(t));
        let planned: Vec<_> = planned.chain([self.now + 1]).collect();
        let mut note = |t, new: Option<ByteStr>, value: &mut Option<ByteStr>| {
            if new != *value {
                value.clone_from(&new);
                found.push(Change { t, table, key, value: new });
            }
        };
        for t in planned {
            // Nothing ought to have happened before.
            while last + 1 < t {
                let now = self.read(node, table, key, t - 1)?;
                if now == value {
                    break;
                }
                (last, value) = {
                    let (at, new) = self.first_change(node, table, key, (last, &value), (t - 1, now))?;
                    note(at, new.clone(), &mut value);
                    (at, new)
                };
            }
            if t <= self.now {
                let new = self.read(node, table, key, t)?;
                note(t, new, &mut value);
                last = t;
            }
        }
        Ok(())
    }

    /// The first number after which a key has something else than before, by halves.
    fn first_change(
        &mut self,
        node: usize,
        table: u16,
        key: u64,
        (mut from, before): (OpNumber, &Option<ByteStr>),
        (mut to, mut after): (OpNumber, Option<ByteStr>),
    ) -> Result<(OpNumber, Option<ByteStr>), StoreError> {
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            let value = self.read(node, table, key, middle)?;
            if value == *before {
                from = middle;
            } else {
                (to, after) = (middle, value);
            }
        }
        Ok((to, after))
    }

    /// What a node has for a key after number `t`.
    fn read(&mut self, node: usize, table: u16, key: u64, t: OpNumber) -> Result<Option<ByteStr>, StoreError> {
        let at = self.plan.clock().after(t);
        let mut calls = self.session.nodes()[node].calls();
        calls.begin(Some(at))?;
        let found = calls.read(table, key);
        calls.rollback()?;
        found
    }

    /// Compares what happened in a table on a node since the last round with the plan.
    pub(super) fn compare_changes(&mut self, histories: Histories) -> Result<(), Difference> {
        let Histories { node, table, state, mut found, .. } = histories;
        found.sort_unstable();
        let expected = self.oracle.changes(table, self.last, self.now);
        self.kept.changes += found.len() as u64;
        self.states[node][usize::from(table)] = state;
        let wrong = first_difference(&found, &expected).map(|Divergence { t, key, one, other, .. }| {
            let before = || self.oracle.value(table, key, t.saturating_sub(1));
            let (found, expected) = (one.unwrap_or_else(before), other.unwrap_or_else(before));
            self.wrong_value(node, t, table, key, found.as_ref(), expected.as_ref())
        });
        if node == 0 {
            self.changes.append(&mut found);
        }
        wrong.map_or(Ok(()), Err)
    }
}
