//! The physical events that happen to a node: checkpoints are taken and adopted, ingest is evicted. None changes a reply.

use super::checkpoint::{AdoptError, Checkpoint, CheckpointError, TableCheckpoint};
use super::core::{Core, Role, Table, TableId};
use super::faults::{self, Fault};
use super::layered::{Adopted, LayeredTable};
use super::node::{Node, TableKind};
use super::txn::CheckpointSeq;
use crate::backend::Point;
use std::cmp::Ordering;
use std::sync::Arc;

impl Node {
    /// Takes a checkpoint of the layered tables at the stable timestamp. A table that has not changed since the last
    /// one shares its image.
    ///
    /// # Errors
    /// Of a follower, or without a stable timestamp; then nothing has changed.
    pub fn checkpoint(&mut self) -> Result<Arc<Checkpoint>, CheckpointError> {
        self.may_checkpoint()?;
        let tables = self.images(self.core.tables.len());
        self.newest_order += 1;
        let (timestamp, oldest) = (self.core.timestamps.stable, self.oldest_of_image());
        Ok(Arc::new(Checkpoint { order: self.newest_order, timestamp, oldest, tables }))
    }

    /// Whether this node can take a checkpoint now.
    pub(super) fn may_checkpoint(&self) -> Result<(), CheckpointError> {
        if self.core.role != Role::Leader {
            return Err(CheckpointError::NotLeader);
        }
        if self.core.timestamps.stable == 0 {
            return Err(CheckpointError::NoStable);
        }
        Ok(())
    }

    /// How far back an image reaches: to oldest, and no further than the one that this node began with.
    ///
    /// Readers that began before oldest moved still need their history on the leader, but a follower that has such readers
    /// refuses the checkpoint.
    pub(super) fn oldest_of_image(&self) -> u64 {
        self.core.timestamps.oldest.max(self.core.adopted_oldest)
    }

    /// The images of the first layered tables at stable, no more than `count`.
    pub(super) fn images(&mut self, count: usize) -> Vec<TableCheckpoint> {
        let (oldest, horizon) = (self.oldest_of_image(), self.core.horizon());
        let (stable, running) = (self.core.timestamps.stable, self.core.running().to_vec());
        let Core { tables, counters, .. } = &mut self.core;
        let mut images = Vec::new();
        for table in tables {
            if let Table::Layered(layered) = table
                && images.len() < count
            {
                let LayeredTable { name, incarnation, live, last_image, .. } = &mut **layered;
                let (image, again) = last_image.renew(live, &running, stable, oldest);
                counters.images_shared += u64::from(again);
                images.push(TableCheckpoint { name: name.clone(), incarnation: *incarnation, image });
                live.sweep(horizon);
            }
        }
        images
    }

    /// Adopts a checkpoint: from now on cursors may bind it. False if it is the one adopted last.
    ///
    /// # Errors
    /// Of a leader, and if the checkpoint is older than the one adopted last or does not reach back to what somebody
    /// may read; then nothing has changed.
    pub fn adopt(&mut self, checkpoint: &Checkpoint) -> Result<bool, AdoptError> {
        let is_new = self.may_adopt(checkpoint)?;
        if is_new {
            self.adopt_tables(checkpoint, checkpoint.tables.len(), |node| node.pass(Point::TableAdopted));
            self.release_checkpoints();
        }
        Ok(is_new)
    }

    /// Whether a checkpoint can be adopted now. False if it is the one adopted last.
    pub(super) fn may_adopt(&self, checkpoint: &Checkpoint) -> Result<bool, AdoptError> {
        if self.core.role != Role::Follower {
            return Err(AdoptError::NotFollower);
        }
        match checkpoint.order.cmp(&self.newest_order) {
            Ordering::Less => {
                return Err(AdoptError::Older { offered: checkpoint.order, adopted: self.newest_order });
            }
            Ordering::Equal => return Ok(false),
            Ordering::Greater => {}
        }
        let pinned = [self.core.timestamps.oldest, self.core.oldest_reader()];
        if let Some(pinned) = pinned.into_iter().filter(|&ts| ts != 0).min()
            && checkpoint.oldest > pinned
            && !faults::active(Fault::C4)
        {
            return Err(AdoptError::Pinned { oldest: checkpoint.oldest, pinned });
        }
        Ok(true)
    }

    /// Switches the first `count` tables to a checkpoint that may be adopted, with something else done `between` two of
    /// them.
    ///
    /// The number of the checkpoint is published first, and with it its oldest timestamp. A snapshot that is taken between
    /// two tables may thus bind the checkpoint on both as soon as they have it, and until then the one before, which
    /// it keeps in use as any reader does. The other way round, a table could drop what such a snapshot has to bind.
    pub(super) fn adopt_tables(&mut self, checkpoint: &Checkpoint, count: usize, between: impl Fn(&mut Node)) {
        self.newest_order = checkpoint.order;
        self.core.adopted += 1;
        self.core.adopted_oldest = checkpoint.oldest;
        let (seq, timestamp) = (self.core.adopted, checkpoint.timestamp);
        for (index, table) in checkpoint.tables.iter().take(count).enumerate() {
            if index != 0 {
                between(self);
            }
            if self.newest_order != checkpoint.order {
                return; // a later one has come in between: the tables that are left have more than this
            }
            let layered = self.layered_named(&table.name, table.incarnation);
            // Another incarnation's content is not this table's: ingest has all of that until a checkpoint has it, too.
            if layered.incarnation == table.incarnation {
                layered.adopt(Adopted { seq, timestamp, image: Arc::clone(&table.image) });
            }
        }
    }

    /// The layered table of that name, created if the node has not heard of it.
    pub(super) fn layered_named(&mut self, name: &str, incarnation: u64) -> &mut LayeredTable {
        let known = self.core.tables.iter().position(|table| matches!(table, Table::Layered(t) if t.name == name));
        let id = known.unwrap_or_else(|| {
            let TableId(id) = self.create_table(TableKind::Layered, name);
            id
        });
        match &mut self.core.tables[id] {
            Table::Layered(layered) => {
                if known.is_none() {
                    layered.incarnation = incarnation;
                }
                layered
            }
            Table::Plain(_) | Table::Fixed(_) => unreachable!("the position is that of a layered table"),
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
