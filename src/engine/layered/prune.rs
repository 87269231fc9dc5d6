//! Adoption of checkpoints, and what may leave ingest because every checkpoint in use has it.

use super::{Adopted, LayeredTable, tombstone};
use crate::backend::Timestamp;
use crate::engine::faults::{self, Fault};
use crate::engine::txn::{CheckpointSeq, Horizon};
use crate::engine::version::{Chain, Payload, Version};
use std::sync::Arc;

impl LayeredTable {
    /// Makes a checkpoint of the table the newest.
    pub fn adopt(&mut self, adopted: Adopted) {
        self.adopted.push(Arc::new(adopted));
    }

    /// Drops the checkpoints that are not in use, and moves the prune timestamp to what all others contain. In use are
    /// the newest one, those that cursors hold, and those that sessions may bind: these are the newest ones up to
    /// `limits`, the latest that each of them may.
    pub fn release_checkpoints(&mut self, limits: &[CheckpointSeq]) {
        let newest = self.adopted.last().map(|newest| newest.seq);
        let limited = limits.iter().filter_map(|&limit| Some(self.newest_adopted(Some(limit))?.seq));
        let wanted: Vec<CheckpointSeq> = limited.chain(newest).collect();
        self.adopted.retain(|adopted| Arc::strong_count(adopted) > 1 || wanted.contains(&adopted.seq));
        let oldest = if faults::active(Fault::F2) { self.adopted.last() } else { self.adopted.first() };
        self.prune_ts = self.prune_ts.max(oldest.map_or(0, |oldest| oldest.timestamp));
    }

    /// The timestamp of the newest adopted checkpoint; 0: none.
    pub(super) fn newest_timestamp(&self) -> Timestamp {
        self.newest_adopted(None).map_or(0, |newest| newest.timestamp)
    }

    /// Reconciles `percent` of ingest's keys, spread evenly: keys whose newest update is in every checkpoint in use
    /// leave, tombstones included; of the others the old tail does. Returns how many keys left.
    ///
    /// Untimestamped updates stay: a timestamp does not tell whether a checkpoint has them.
    pub fn evict(&mut self, percent: u8, horizon: Horizon) -> u64 {
        let (prune_ts, newest_ts) = (self.prune_ts, self.newest_timestamp());
        let in_every_checkpoint = |version: &Version| {
            let bound = if faults::active(Fault::F4) && is_delete(version) { newest_ts } else { prune_ts };
            let resolved = !version.prepared || faults::active(Fault::F5);
            version.txn < horizon.txn && resolved && version.durable_ts != 0 && version.durable_ts <= bound
        };
        let is_delete_for_all = |version: &Version| is_delete(version) && version.is_seen_by_all(horizon);
        self.prune_truncations(horizon);
        let truncations = &self.truncations;
        let before = self.ingest.len();
        let mut share = 0_u32;
        self.ingest.retain(|key, chain| {
            share += u32::from(percent);
            if share < 100 {
                return true;
            }
            share -= 100;
            let newest = chain.versions().last();
            if faults::active(Fault::F1) && chain.versions().len() > 1 && newest.is_some_and(in_every_checkpoint) {
                *chain = Chain::of(chain.versions()[0].clone());
                return true;
            }
            if faults::active(Fault::F6) && newest.is_some_and(is_delete_for_all) {
                return false;
            }
            if truncations.iter().any(|entry| entry.covers(key)) && !faults::active(Fault::T8) {
                return true; // what was written into a truncated range: in stable the entry would hide it
            }
            if newest.is_some_and(in_every_checkpoint) {
                return false;
            }
            chain.drop_tail(in_every_checkpoint);
            true
        });
        (before - self.ingest.len()) as u64
    }
}

/// Whether an update of ingest is a delete.
fn is_delete(version: &Version) -> bool {
    matches!(&version.payload, Payload::Put(stored) if tombstone::is_tombstone(stored))
}
