//! The truncate list: what truncations have removed from stable on a follower, which cannot write to stable.
//!
//! A truncation puts tombstones on the records that ingest has, and one entry into the list for those that only stable
//! has. An entry stands for one delete of each row of stable that its transaction saw and removed, is visible as that
//! would be, and conflicts as that would. It names the keys: what else lies in the range (a key that was in ingest, one
//! that was gone before, one that the transaction did not see) is not its business, in whatever checkpoint it turns up.
//! What is written to such a key later is in ingest, and has to stay there as long as the entry is in the list: pruned
//! from ingest, the entry would hide it in stable.

use super::LayeredTable;
use crate::backend::{Key, Timestamp};
use crate::engine::checkpoint::ImageRow;
use crate::engine::faults::{self, Fault};
use crate::engine::txn::{Horizon, Outcome, TxnId, View};

/// An entry.
#[derive(Clone, Debug)]
pub struct Truncation {
    /// The keys of the rows that it deletes, ascending.
    pub keys: Vec<Key>,
    /// Its transaction.
    pub txn: TxnId,
    /// When it becomes visible to readers with a read timestamp.
    pub start_ts: Timestamp,
    /// When it becomes part of checkpoints.
    pub durable_ts: Timestamp,
    /// Whether its transaction is prepared.
    pub prepared: bool,
}

/// What the truncate list makes of a row of stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Nothing.
    Bare,
    /// It is gone.
    Gone,
    /// It is gone or not: the truncation is prepared.
    Unresolved,
}

impl Truncation {
    /// Whether it deletes the row of `key`.
    pub fn covers(&self, key: &Key) -> bool {
        let ends_before = faults::active(Fault::E3) && self.keys.last() == Some(key);
        !ends_before && self.keys.binary_search(key).is_ok()
    }

    /// Carries out what becomes of its transaction. Rolled back ones are taken out of the list instead.
    fn settle(&mut self, outcome: Outcome) {
        let (start_ts, durable_ts, prepared) = match outcome {
            Outcome::Committed(_) if self.start_ts != 0 => return,
            Outcome::Committed(ts) => (ts, ts, false),
            Outcome::Prepared(ts) => (ts, ts, true),
            Outcome::Resolved { commit_ts, durable_ts } => (commit_ts, durable_ts, false),
            Outcome::RolledBack => return,
        };
        (self.start_ts, self.durable_ts, self.prepared) = (start_ts, durable_ts, prepared);
    }
}

impl LayeredTable {
    /// What `view` makes of a row of stable that it has no version of in ingest for.
    #[inline]
    pub fn cover(&self, row: &ImageRow, view: &View<'_>) -> Cover {
        if self.truncations.is_empty() { Cover::Bare } else { self.cover_by_list(row, view) }
    }

    fn cover_by_list(&self, row: &ImageRow, view: &View<'_>) -> Cover {
        let mut cover = Cover::Bare;
        for entry in self.truncations.iter().filter(|entry| view.sees(entry.txn, entry.start_ts)) {
            let unresolved = entry.prepared && entry.txn != view.own;
            if (unresolved && view.ignores_prepared) || !entry.covers(&row.key) {
                continue;
            }
            if !unresolved {
                return Cover::Gone;
            }
            cover = Cover::Unresolved;
        }
        cover
    }

    /// Whether a truncation that `view` does not see, or of which nobody knows what becomes of it, deletes `row`.
    pub fn truncation_conflicts(&self, row: &ImageRow, view: &View<'_>) -> bool {
        if faults::active(Fault::E6) {
            return false;
        }
        let unseen = |entry: &&Truncation| entry.prepared || !view.sees(entry.txn, entry.start_ts);
        self.truncations.iter().filter(unseen).any(|entry| entry.covers(&row.key))
    }

    /// Whether some truncation, visible or not, deletes `row`.
    pub fn is_truncated(&self, row: &ImageRow) -> bool {
        self.truncations.iter().any(|entry| entry.covers(&row.key))
    }

    /// Whether a truncation with a durable timestamp above `ts` deletes `row`.
    pub fn truncated_above(&self, ts: Timestamp, row: &ImageRow) -> bool {
        self.truncations.iter().any(|entry| entry.durable_ts > ts && entry.covers(&row.key))
    }

    /// Adds an entry.
    pub fn truncate(&mut self, entry: Truncation) {
        self.truncations.push(entry);
        self.ingest.touch();
    }

    /// Carries out what becomes of the truncations of `txn`.
    pub fn settle_truncations(&mut self, txn: TxnId, outcome: Outcome) {
        match outcome {
            Outcome::RolledBack if faults::active(Fault::E9) => {
                self.truncations.iter_mut().filter(|entry| entry.txn == txn).for_each(|entry| entry.prepared = false);
            }
            Outcome::RolledBack => self.truncations.retain(|entry| entry.txn != txn),
            _ => self.truncations.iter_mut().filter(|entry| entry.txn == txn).for_each(|entry| entry.settle(outcome)),
        }
        self.ingest.touch();
    }

    /// Drops the truncations that every checkpoint in use contains. To be done before their keys leave ingest.
    pub fn prune_truncations(&mut self, horizon: Horizon) {
        let prune_ts = if faults::active(Fault::E10) { self.newest_timestamp() } else { self.prune_ts };
        let before = self.truncations.len();
        self.truncations.retain(|entry| {
            let contained = entry.durable_ts != 0 && entry.durable_ts <= prune_ts;
            entry.prepared || entry.txn >= horizon.txn || !contained
        });
        self.pruned_truncations += (before - self.truncations.len()) as u64;
    }
}
