//! The physical events that happen to a node: checkpoints are taken and adopted, ingest is evicted. None changes a reply.

use super::checkpoint::{AdoptError, Checkpoint, CheckpointError, TableImage};
use super::core::{Core, Role, Table, TableId};
use super::faults::{self, Fault};
use super::layered::{Adopted, LayeredTable};
use super::node::{Node, TableKind};
use super::txn::CheckpointSeq;
use crate::backend::Point;
use std::cmp::Ordering;
use std::sync::Arc;

impl Node {
    /// Takes a checkpoint of the layered tables at the stable timestamp.
    pub fn checkpoint(&mut self) -> Result<Arc<Checkpoint>, CheckpointError> {
        let (oldest, stable) = (self.core.timestamps.oldest, self.core.timestamps.stable);
        if self.core.role != Role::Leader {
            return Err(CheckpointError::NotLeader);
        }
        if stable == 0 {
            return Err(CheckpointError::NoStable);
        }
        self.checkpoints += 1;
        // Readers that began before oldest moved still need their history on the leader, but a follower that has such
        // readers refuses the checkpoint: the image reaches back to oldest and no further.
        let horizon = self.core.horizon();
        let running = self.core.running().to_vec();
        let mut tables = Vec::new();
        for table in &mut self.core.tables {
            if let Table::Layered(layered) = table {
                let image = TableImage::build(&layered.live, &running, stable, oldest);
                tables.push((layered.name.clone(), Arc::new(image)));
                layered.live.sweep(horizon);
            }
        }
        Ok(Arc::new(Checkpoint { order: self.checkpoints, timestamp: stable, oldest, tables }))
    }

    /// Adopts a checkpoint: from now on cursors may bind it. False if it is the one adopted last. On an error nothing
    /// has changed.
    pub fn adopt(&mut self, checkpoint: &Checkpoint) -> Result<bool, AdoptError> {
        if self.core.role != Role::Follower {
            return Err(AdoptError::NotFollower);
        }
        if checkpoint.order <= self.adopted_order {
            return match checkpoint.order.cmp(&self.adopted_order) {
                Ordering::Less => Err(AdoptError::Older { offered: checkpoint.order, adopted: self.adopted_order }),
                _ => Ok(false),
            };
        }
        let pinned = [self.core.timestamps.oldest, self.core.oldest_reader()];
        if let Some(pinned) = pinned.into_iter().filter(|&ts| ts != 0).min()
            && checkpoint.oldest > pinned
            && !faults::active(Fault::C4)
        {
            return Err(AdoptError::Pinned { oldest: checkpoint.oldest, pinned });
        }
        self.adopted_order = checkpoint.order;
        self.core.adopted += 1;
        self.core.adopted_oldest = checkpoint.oldest;
        let (seq, timestamp) = (self.core.adopted, checkpoint.timestamp);
        for (index, (name, image)) in checkpoint.tables.iter().enumerate() {
            if index > 0 {
                self.pass(Point::TableAdopted);
            }
            let table = self.layered_named(name);
            table.adopt(Adopted { seq, timestamp, image: Arc::clone(image) });
        }
        self.release_checkpoints();
        Ok(true)
    }

    /// The layered table of that name, created if the follower has not heard of it.
    fn layered_named(&mut self, name: &str) -> &mut LayeredTable {
        let known = self.core.tables.iter().position(|table| matches!(table, Table::Layered(t) if t.name == name));
        let id = known.map_or_else(|| self.create_table(TableKind::Layered, name), TableId);
        match &mut self.core.tables[id.0] {
            Table::Layered(layered) => layered,
            Table::Plain(_) => unreachable!("the position is that of a layered table"),
        }
    }

    /// Evicts `percent` of each ingest table's keys, as far as they may go.
    pub fn evict(&mut self, percent: u8) {
        self.release_checkpoints();
        let horizon = self.core.horizon();
        let Core { tables, counters, .. } = &mut self.core;
        for table in tables {
            if let Table::Layered(layered) = table {
                counters.pruned_keys += layered.evict(percent.min(100), horizon);
            }
        }
    }

    /// Evicts everything that may leave ingest.
    pub fn prune(&mut self) {
        self.evict(100);
    }

    /// Recomputes what is in use, and with it the prune timestamps.
    fn release_checkpoints(&mut self) {
        let registrations = &self.core.registrations;
        let mut limits: Vec<CheckpointSeq> = registrations.iter().filter_map(|r| r.newest_checkpoint).collect();
        limits.sort_unstable();
        limits.dedup();
        for table in &mut self.core.tables {
            if let Table::Layered(layered) = table {
                layered.release_checkpoints(&limits);
            }
        }
    }
}
