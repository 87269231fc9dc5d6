//! The drain: what ingest and the truncate list have that the picked-up checkpoint lacks goes into a live stable tree,
//! when a follower becomes the leader.
//!
//! An update is in the checkpoint if it is durable by the checkpoint's timestamp, and whatever is below it in its chain
//! is there, too, or hidden by it. Of an update without a timestamp nobody can tell: above the last update that is known
//! to be in the checkpoint it is copied, and if the checkpoint has it, it comes to lie on itself. Transaction ids,
//! timestamps and the prepared state are kept, so that readers, and transactions that are still prepared, find what
//! they found before.

use super::truncate::Truncation;
use super::{Adopted, LayeredTable, tombstone};
use crate::backend::{Key, Timestamp};
use crate::engine::core::Role;
use crate::engine::faults::{self, Fault};
use crate::engine::tree::Tree;
use crate::engine::version::{Chain, Payload, Version};
use std::sync::Arc;

impl LayeredTable {
    /// Moves everything into the live tree: the newest adopted checkpoint first, then, key by key and oldest first, what
    /// it does not have. Ingest and the truncate list are empty afterwards, and no checkpoint is adopted. Answers with
    /// the number of updates that were copied. `stable`: the node's stable timestamp.
    pub fn drain(&mut self, stable: Timestamp) -> u64 {
        let base = self.adopted.last().map(Arc::clone).unwrap_or_default();
        let (ingest, truncations) = (std::mem::take(&mut self.ingest), std::mem::take(&mut self.truncations));
        self.start_from(Role::Leader, Some(base.clone()));
        let truncations_first = !faults::active(Fault::E11);
        let mut drained = 0;
        if truncations_first {
            drained += replay(&truncations, &base, &ingest, &mut self.live);
        }
        for (key, chain) in ingest.rows() {
            for version in &chain.versions()[after_included(chain, base.timestamp)..] {
                drained += u64::from(self.drain_one(key, version, chain, stable));
            }
        }
        if !truncations_first {
            drained += replay(&truncations, &base, &ingest, &mut self.live);
        }
        drained
    }

    /// Copies an update. False if it changes nothing: a place-holder, or a delete where there is nothing.
    fn drain_one(&mut self, key: &Key, version: &Version, chain: &Chain, stable: Timestamp) -> bool {
        let payload = match &version.payload {
            Payload::Put(stored) if tombstone::is_tombstone(stored) => Payload::Delete,
            payload => payload.clone(),
        };
        let changes_nothing = match payload {
            Payload::Put(_) => false,
            Payload::Delete => self.live.chain(key).is_none_or(Chain::ends_in_delete),
            Payload::Reserve => true,
        };
        let lost = (faults::active(Fault::G1) && !is_at_either_end(version, chain))
            || (faults::active(Fault::G8) && version.prepared);
        if changes_nothing || lost {
            return false;
        }
        let mut version = Version { payload, ..version.clone() };
        if faults::active(Fault::G3) && version.durable_ts <= stable {
            (version.start_ts, version.durable_ts) = (0, 0);
        }
        self.live.push(key, version);
        true
    }

    /// The table is what `content` has, or empty, on a node in `role`; nothing else is left.
    pub fn start_from(&mut self, role: Role, content: Option<Arc<Adopted>>) {
        let LayeredTable { name, incarnation, .. } = self;
        *self = LayeredTable::new(name, *incarnation);
        match (role, content) {
            (Role::Leader, Some(content)) => self.live = content.image.to_tree(Tree::default()),
            (Role::Follower, Some(content)) => self.adopted.push(content),
            (_, None) => {}
        }
    }
}

/// How many versions of `chain`, counted from the oldest, are in a checkpoint at `timestamp` (0: none) or hidden below
/// one that is.
fn after_included(chain: &Chain, timestamp: Timestamp) -> usize {
    let late = if faults::active(Fault::G2) { 1 } else { 0 };
    let is_included =
        |version: &Version| !version.prepared && version.durable_ts != 0 && version.durable_ts <= timestamp + late;
    chain.versions().iter().rposition(is_included).map_or(0, |last| last + 1)
}

fn is_at_either_end(version: &Version, chain: &Chain) -> bool {
    let ends = [chain.versions().first(), chain.versions().last()];
    ends.into_iter().flatten().any(|end| std::ptr::eq(end, version))
}

/// Deletes what the truncations deleted of `base`; answers with the number of deletes.
///
/// A truncation is in the checkpoint by the same rule as an update. Its rows are those that ingest had nothing of: what
/// ingest has of them now was written later. So the deletes lie below all that is still to be copied, and those of two
/// truncations lie in the order of their timestamps, where the second has nothing left to delete.
fn replay(truncations: &[Truncation], base: &Adopted, ingest: &Tree, live: &mut Tree) -> u64 {
    let is_left = |entry: &&Truncation| entry.prepared || entry.durable_ts == 0 || entry.durable_ts > base.timestamp;
    let mut left: Vec<&Truncation> = truncations.iter().filter(is_left).collect();
    left.sort_by_key(|entry| (entry.prepared, entry.start_ts)); // stable: of one transaction in the order of the calls
    let mut deletes = 0;
    for entry in left {
        for row in base.image.rows().iter().filter(|row| entry.covers(&row.key)) {
            let written_later = ingest.chain(&row.key).is_some_and(|chain| after_included(chain, base.timestamp) != 0);
            if written_later || live.chain(&row.key).is_none_or(Chain::ends_in_delete) {
                continue;
            }
            let Truncation { txn, start_ts, durable_ts, prepared, .. } = *entry;
            live.push(&row.key, Version { txn, start_ts, durable_ts, prepared, payload: Payload::Delete });
            deletes += 1;
        }
    }
    deletes
}
