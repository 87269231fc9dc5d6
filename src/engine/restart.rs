//! Crashes: a node dies, if need be in the middle of something, and comes back with what the last complete checkpoint has.

use super::checkpoint::{AdoptError, Checkpoint, CheckpointError, TableImage};
use super::core::{Table, TableId};
use super::layered::Adopted;
use super::node::Node;
use super::session::Session;
use super::tree::Tree;
use super::txn::TxnId;
use crate::backend::{Key, Timestamp};
use std::sync::Arc;

/// A local checkpoint: of the plain tables, which do not travel.
#[derive(Debug)]
pub struct PlainCheckpoint {
    /// The order of the checkpoint of layered tables that it was taken with.
    order: u64,
    /// By table; `None` for layered ones.
    images: Vec<Option<PlainImage>>,
}

/// A plain table in a local checkpoint.
#[derive(Debug, Default)]
pub(super) struct PlainImage {
    /// What had been committed, as far as it is stable.
    pub content: TableImage,
    /// Of a column store, the records that had been written by then, whatever became of them.
    written: Vec<Key>,
}

impl PlainImage {
    /// What a checkpoint at `stable` has of a table: see [`TableImage::build`].
    pub fn of(tree: &Tree, running: &[TxnId], stable: Timestamp, oldest: Timestamp) -> Self {
        let written =
            if tree.is_of_column_store() { tree.rows().map(|(key, _)| key.clone()).collect() } else { vec![] };
        PlainImage { content: TableImage::build(tree, running, stable, oldest), written }
    }

    /// Makes a tree what the table was.
    pub fn restore(&self, tree: &mut Tree) {
        let column = tree.is_of_column_store();
        *tree = self.content.to_tree(if column { Tree::of_column_store() } else { Tree::default() });
        self.written.iter().for_each(|key| tree.mark_written(key));
    }
}

impl Node {
    /// Takes the local checkpoint that goes with a checkpoint of the layered tables, just taken here or elsewhere: after
    /// a restart from that checkpoint the plain tables are as they are now.
    pub fn checkpoint_plain(&mut self, checkpoint: &Checkpoint) {
        let running = self.core.running();
        let image = |tree: &Tree| PlainImage::of(tree, running, checkpoint.timestamp, checkpoint.oldest);
        let images = self.core.tables.iter().map(|table| table.plain_tree().map(image)).collect();
        self.plain = Some(PlainCheckpoint { order: checkpoint.order, images });
    }

    /// The process dies and comes back in the role that it had. Its sessions are there with empty slots; tables and
    /// timestamps are those of the `newest` checkpoint (`None`: empty and unset), and nothing else is left but the
    /// counters. Plain tables are what the local checkpoint had that was taken with `newest`; without one, what they
    /// have now up to its timestamp.
    pub fn restart(&mut self, newest: Option<&Checkpoint>) {
        self.restart_plain(newest);
        self.begin_anew();
        self.start_from(newest);
    }

    /// What was in memory besides tables and timestamps is as it was in the beginning.
    pub(super) fn begin_anew(&mut self) {
        for session in self.sessions.iter_mut().flatten() {
            **session = session.anew();
        }
        self.core.forget_sessions();
        self.disarm();
        self.core.counters.restarts += 1;
    }

    /// A plain table was created anew: the local checkpoint has nothing of it.
    pub(super) fn forget_plain(&mut self, TableId(index): TableId) {
        if let Some(image) = self.plain.as_mut().and_then(|plain| plain.images.get_mut(index)) {
            *image = Some(PlainImage::default());
        }
    }

    fn restart_plain(&mut self, newest: Option<&Checkpoint>) {
        let running = self.core.running().to_vec();
        let kept = self.plain.take().filter(|plain| newest.is_some_and(|newest| newest.order == plain.order));
        let mut images = kept.map_or_else(Vec::new, |plain| plain.images);
        images.resize_with(self.core.tables.len(), || None);
        for (table, image) in self.core.tables.iter_mut().zip(&mut images) {
            if let Some(tree) = table.plain_tree_mut() {
                let derived = || newest.map(|newest| PlainImage::of(tree, &running, newest.timestamp, newest.oldest));
                let image = image.get_or_insert_with(|| derived().unwrap_or_default());
                image.restore(tree);
            }
        }
        // The next crash may come before the next checkpoint.
        self.plain = newest.map(|newest| PlainCheckpoint { order: newest.order, images });
    }

    /// Layered tables and timestamps are those of `newest`. A table that was created anew since is empty: that it was
    /// is known at once.
    pub(super) fn start_from(&mut self, newest: Option<&Checkpoint>) {
        let (order, oldest, stable) =
            newest.map_or((0, 0, 0), |newest| (newest.order, newest.oldest, newest.timestamp));
        self.newest_order = order;
        self.core.adopted += u64::from(newest.is_some());
        self.core.adopted_oldest = oldest;
        let timestamps = &mut self.core.timestamps;
        (timestamps.oldest, timestamps.stable, timestamps.durable) = (oldest, stable, stable);
        for table in newest.map_or(&[][..], |newest| &newest.tables) {
            self.layered_named(&table.name, table.incarnation);
        }
        let (seq, role) = (self.core.adopted, self.core.role);
        for table in &mut self.core.tables {
            if let Table::Layered(layered) = table {
                let image = newest.and_then(|newest| newest.image(&layered.name, layered.incarnation));
                let adopted = |image| Arc::new(Adopted { seq, timestamp: stable, image: Arc::clone(image) });
                layered.start_from(role, image.map(adopted));
            }
        }
    }

    /// Does the first half of a checkpoint and stops there, as a crash would. Only [`Node::restart`] may follow.
    ///
    /// # Errors
    /// As [`Node::checkpoint`].
    pub fn abandon_checkpoint(&mut self) -> Result<(), CheckpointError> {
        self.may_checkpoint()?;
        self.images(self.layered_tables() / 2);
        self.newest_order += 1;
        Ok(())
    }

    /// Switches the first half of the tables to a checkpoint and stops there, as a crash would. Only [`Node::restart`]
    /// may follow.
    ///
    /// # Errors
    /// As [`Node::adopt`].
    pub fn abandon_adoption(&mut self, checkpoint: &Checkpoint) -> Result<(), AdoptError> {
        if self.may_adopt(checkpoint)? {
            self.adopt_tables(checkpoint, checkpoint.tables.len() / 2, |_| {});
        }
        Ok(())
    }

    fn layered_tables(&self) -> usize {
        self.core.tables.iter().filter(|table| matches!(table, Table::Layered(_))).count()
    }
}

impl Session {
    /// The session as it was opened.
    fn anew(&self) -> Session {
        Session::new(self.index, self.isolation, self.cursors.len() as u8)
    }
}
