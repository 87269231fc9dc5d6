//! A table's live data: an ordered map from key to update chain.

use super::txn::{Horizon, TxnId, View};
use super::version::{Chain, Found, Version};
use crate::backend::{Direction, Key, Timestamp, Value};
use std::collections::BTreeMap;
use std::ops::Bound;

/// An ordered map of update chains. Which rows exist is a matter of who asks: see [`View`].
#[derive(Debug, Default)]
pub struct Tree {
    rows: BTreeMap<Key, Chain>,
    /// Counts changes, those of rollback included. Look-ahead without a snapshot is only good for one count.
    changes: u64,
}

impl Tree {
    /// What `view` finds at `key`.
    #[inline]
    pub fn read(&self, key: &Key, view: &View<'_>) -> Found<'_> {
        self.rows.get(key).map_or(Found::Nothing, |chain| chain.read(view))
    }

    /// The first record from `from` on in `direction` that `view` sees.
    #[inline]
    pub fn seek(&self, from: Bound<&Key>, direction: Direction, view: &View<'_>) -> Option<(&Key, &Value)> {
        match direction {
            Direction::Next => first_seen(self.rows.range::<Key, _>((from, Bound::Unbounded)), view),
            Direction::Prev => first_seen(self.rows.range::<Key, _>((Bound::Unbounded, from)).rev(), view),
        }
    }

    /// The chain of `key`.
    pub fn chain(&self, key: &Key) -> Option<&Chain> {
        self.rows.get(key)
    }

    /// Puts a version on top of the chain of `key`. Answers with the durable timestamp of the one that it replaces,
    /// which may be a place-holder of the same transaction: that has none, as in WiredTiger.
    pub fn push(&mut self, key: &Key, version: Version, horizon: Horizon) -> Option<Timestamp> {
        self.changes += 1;
        if let Some(chain) = self.rows.get_mut(key) {
            let replaced = chain.versions().last().map(|newest| newest.durable_ts);
            chain.push(version, horizon);
            replaced
        } else {
            self.rows.entry(key.clone()).or_default().push(version, horizon);
            None
        }
    }

    /// Commits what `txn` did to `key`.
    pub fn commit(&mut self, key: &Key, txn: TxnId, ts: Timestamp) {
        self.settle(key, |chain| chain.commit(txn, ts));
    }

    /// Takes back what `txn` did to `key`.
    pub fn abort(&mut self, key: &Key, txn: TxnId) {
        self.changes += 1;
        self.settle(key, |chain| chain.abort(txn));
    }

    fn settle(&mut self, key: &Key, outcome: impl FnOnce(&mut Chain)) {
        if let Some(chain) = self.rows.get_mut(key) {
            outcome(chain);
            if chain.is_empty() {
                self.rows.remove(key);
            }
        }
    }

    /// The largest key there is, visible or not.
    pub fn largest(&self) -> Option<&Key> {
        self.rows.last_key_value().map(|(key, _)| key)
    }

    /// The number of changes so far.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Chain)> {
        self.rows.iter()
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
        self.rows.retain(|key, chain| keep(key, chain));
    }

    /// Drops what no present or future reader can ask for, whole rows included.
    pub fn sweep(&mut self, horizon: Horizon) {
        self.rows.retain(|_, chain| {
            chain.trim(horizon);
            !chain.is_obsolete(horizon)
        });
    }
}

/// The first row of `rows` of which `view` sees a value.
#[inline]
fn first_seen<'a>(rows: impl Iterator<Item = (&'a Key, &'a Chain)>, view: &View<'_>) -> Option<(&'a Key, &'a Value)> {
    for (key, chain) in rows {
        if let Found::Value(value) = chain.read(view) {
            return Some((key, value));
        }
    }
    None
}
