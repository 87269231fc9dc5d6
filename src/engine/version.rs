//! Update chains and the visibility rule.
//!
//! A key's history is a chain of versions in the order in which they were written. A reader takes the newest
//! version that it sees; a writer may add one only if it sees the newest there is.

use super::txn::{Horizon, Outcome, TxnId, View};
use crate::backend::{Key, Timestamp, Value};

/// What a version does to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Gives it a value (as stored: layered tables encode values, see `layered::tombstone`).
    Put(Value),
    /// Deletes it.
    Delete,
    /// Nothing: keeps other writers away until its transaction ends.
    Reserve,
}

/// One update of one key.
#[derive(Clone, Debug)]
pub struct Version {
    /// The transaction that wrote it.
    pub txn: TxnId,
    /// When it becomes visible to readers with a read timestamp; 0: at any.
    pub start_ts: Timestamp,
    /// When it becomes durable, that is, part of checkpoints. Differs from `start_ts` only for transactions that
    /// were prepared.
    pub durable_ts: Timestamp,
    /// Whether its transaction is prepared: whether it will be there is not known, and its timestamps are the prepare
    /// timestamp.
    pub prepared: bool,
    /// What it does.
    pub payload: Payload,
}

/// A prepared update stands in the way: nobody knows yet what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The key.
    pub at: Key,
}

impl Version {
    /// Whether every present and future reader sees it, unless a newer one hides it. Before it is durable it could be
    /// rolled back to what was there before.
    pub fn is_seen_by_all(&self, horizon: Horizon) -> bool {
        !self.prepared && horizon.everyone_sees(self.txn, self.durable_ts)
    }
}

/// What a reader finds in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// No version that the reader sees.
    Nothing,
    /// The newest version that it sees is a delete.
    Deleted,
    /// The newest version that it would see is prepared.
    Prepared,
    /// A value.
    Value(&'a Value),
}

/// The versions of one key, oldest first. Updates of rolled-back transactions are taken out at once, so all of
/// them are committed, prepared, or belong to running transactions; those of one that has not ended are at the end.
#[derive(Clone, Debug, Default)]
pub struct Chain(Vec<Version>);

/// Chains of up to this length are not worth trimming.
const SHORT: usize = 4;

impl Chain {
    /// The chain of a new key.
    pub fn of(version: Version) -> Self {
        let mut versions = Vec::with_capacity(SHORT + 1);
        versions.push(version);
        Chain(versions)
    }

    /// The visibility rule: the newest version that `view` sees, place-holders passed over.
    #[inline]
    pub fn read(&self, view: &View<'_>) -> Found<'_> {
        for version in self.0.iter().rev() {
            if view.sees(version.txn, version.start_ts) {
                if version.prepared && version.txn != view.own {
                    if view.ignores_prepared {
                        continue;
                    }
                    return Found::Prepared;
                }
                match &version.payload {
                    Payload::Put(value) => return Found::Value(value),
                    Payload::Delete => return Found::Deleted,
                    Payload::Reserve => {}
                }
            }
        }
        Found::Nothing
    }

    /// First updater wins: whether a writer with `view` would overwrite something that it does not see, or of which
    /// nobody knows yet whether it will be there.
    #[inline]
    pub fn conflicts(&self, view: &View<'_>) -> bool {
        self.0.last().is_some_and(|newest| newest.prepared || !view.sees(newest.txn, newest.start_ts))
    }

    /// Whether the newest version is a delete.
    pub fn ends_in_delete(&self) -> bool {
        self.0.last().is_none_or(|newest| newest.payload == Payload::Delete)
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.0
    }

    /// Adds a version on top.
    pub fn push(&mut self, version: Version) {
        self.0.push(version);
    }

    /// Whether the chain is worth trimming: it is long, and another version would make it take more memory. A chain that
    /// nothing can be taken from is not looked through for every version that is added, only each time it has doubled.
    pub fn is_long(&self) -> bool {
        self.0.len() > SHORT && self.0.len() == self.0.capacity()
    }

    /// Whether [`Chain::trim`] may drop something where no reader reads below `ts`: the second version hides the first, and
    /// those that follow became durable no earlier, most often.
    pub fn may_be_trimmed(&self, ts: Timestamp) -> bool {
        self.0.get(1).is_some_and(|second| second.durable_ts <= ts)
    }

    /// Drops the versions that are older than one that every present and future reader sees.
    pub fn trim(&mut self, horizon: Horizon) {
        let base =
            self.0.iter().rposition(|version| version.payload != Payload::Reserve && version.is_seen_by_all(horizon));
        if let Some(base @ 1..) = base {
            self.0.drain(..base);
        }
    }

    /// Drops the leading versions, oldest first, for which `go` holds, and keeps the newest in any case.
    pub fn drop_tail(&mut self, go: impl Fn(&Version) -> bool) {
        let newest = self.0.len().saturating_sub(1);
        let keep = self.0[..newest].iter().position(|version| !go(version)).unwrap_or(newest);
        self.0.drain(..keep);
    }

    /// Whether the chain says no more than that the key does not exist, to every present and future reader.
    pub fn is_obsolete(&self, horizon: Horizon) -> bool {
        self.0.last().is_some_and(|newest| newest.payload == Payload::Delete && newest.is_seen_by_all(horizon))
    }

    /// Carries out what becomes of the updates of `txn`; its place-holders go in any case.
    pub fn settle(&mut self, txn: TxnId, outcome: Outcome) {
        match outcome {
            Outcome::Committed(ts) => self.commit(txn, ts),
            Outcome::Prepared(ts) => self.prepare(txn, ts),
            Outcome::Resolved { commit_ts, durable_ts } => self.commit_prepared(txn, commit_ts, durable_ts),
            Outcome::RolledBack => self.abort(txn),
        }
    }

    /// Gives `ts` to what has no timestamp yet.
    fn commit(&mut self, txn: TxnId, ts: Timestamp) {
        for version in self.updates_of(txn) {
            if version.start_ts == 0 {
                version.start_ts = ts;
                version.durable_ts = ts;
            }
        }
    }

    /// What has been done waits for its outcome at `ts`.
    fn prepare(&mut self, txn: TxnId, ts: Timestamp) {
        for version in self.updates_of(txn) {
            version.start_ts = ts;
            version.durable_ts = ts;
            version.prepared = true;
        }
    }

    fn commit_prepared(&mut self, txn: TxnId, commit_ts: Timestamp, durable_ts: Timestamp) {
        for version in self.updates_of(txn) {
            version.start_ts = commit_ts;
            version.durable_ts = durable_ts;
            version.prepared = false;
        }
    }

    /// The updates of the running transaction `txn`, after its place-holders have been dropped.
    fn updates_of(&mut self, txn: TxnId) -> &mut [Version] {
        let own = self.start_of(txn);
        if self.0[own..].iter().any(|version| version.payload == Payload::Reserve) {
            let mut index = 0;
            self.0.retain(|version| {
                index += 1;
                index <= own || version.payload != Payload::Reserve
            });
        }
        &mut self.0[own..]
    }

    /// Takes out the updates of `txn`.
    fn abort(&mut self, txn: TxnId) {
        let own = self.start_of(txn);
        self.0.truncate(own);
    }

    /// Takes out the versions that became durable after `stable`; answers with their number.
    pub fn roll_back_to(&mut self, stable: Timestamp) -> u64 {
        let before = self.0.len();
        self.0.retain(|version| version.durable_ts <= stable);
        (before - self.0.len()) as u64
    }

    /// Whether no version is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the updates of the running transaction `txn` begin.
    fn start_of(&self, txn: TxnId) -> usize {
        self.0.iter().rposition(|version| version.txn != txn).map_or(0, |last_other| last_other + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of versions by the transactions 1 to `count` at timestamps of the same numbers, trimmed when it asks for it.
    /// Answers with it, and how often it asked.
    fn grow(count: u64, horizon: Horizon) -> (Chain, u32) {
        let (mut chain, mut asked) = (Chain::default(), 0);
        for number in 1..=count {
            let payload = Payload::Put(Value::EMPTY);
            chain.push(Version { txn: number, start_ts: number, durable_ts: number, prepared: false, payload });
            if chain.is_long() {
                asked += 1;
                if chain.may_be_trimmed(horizon.ts) {
                    chain.trim(horizon);
                }
            }
        }
        (chain, asked)
    }

    #[test]
    fn a_chain_stays_short_if_nobody_reads_old_versions() {
        let (chain, _) = grow(1000, Horizon { txn: 2000, ts: 2000 });
        assert!(chain.versions().len() <= 2 * SHORT, "{}", chain.versions().len());
        assert_eq!(chain.versions().last().map(|newest| newest.txn), Some(1000));
    }

    #[test]
    fn a_chain_that_nothing_can_be_taken_from_is_not_looked_through_each_time() {
        for horizon in [Horizon { txn: 2000, ts: 0 }, Horizon { txn: 0, ts: 2000 }] {
            let (chain, asked) = grow(1000, horizon);
            assert_eq!(chain.versions().len(), 1000);
            assert!((1..20).contains(&asked), "{asked}");
        }
    }
}
