//! Databases of one node: checkpoints of the tables that are private to it, and recovery from the last of them.

use super::node::Node;
use super::restart::PlainImage;
use super::tree::Tree;
use crate::backend::{Key, Timestamp, Value};

/// A checkpoint of a node's plain tables: all that was committed, and stable if there is a stable timestamp.
#[derive(Debug)]
pub struct LocalCheckpoint {
    /// The stable timestamp when it was taken; 0: unset.
    stable: Timestamp,
    /// The oldest timestamp then; without a stable one it is not kept.
    oldest: Timestamp,
    /// By table; `None` for layered ones. Tables that were created later are not in it.
    images: Vec<Option<PlainImage>>,
}

impl LocalCheckpoint {
    /// The records of a table, by its number.
    pub fn records(&self, table: usize) -> Vec<(Key, Value)> {
        let image = self.images.get(table).and_then(Option::as_ref);
        let rows = image.map_or(&[][..], |image| image.content.rows());
        rows.iter().filter_map(|row| Some((row.key.clone(), row.newest.value.clone()?))).collect()
    }
}

impl Node {
    /// Takes a checkpoint of the plain tables. Transactions may be running; what they have written is not in it.
    pub fn checkpoint_local(&self) -> LocalCheckpoint {
        self.checkpoint_of_first(self.core.tables.len())
    }

    /// Does so many per mille of a checkpoint of the plain tables and stops there, as a crash would. Only
    /// [`Node::recover`] may follow.
    pub fn abandon_checkpoint_local(&self, permille: u16) {
        let tables = self.core.tables.len() * usize::from(permille.min(1000)) / 1000;
        drop(self.checkpoint_of_first(tables));
    }

    /// The first `count` tables. What oldest has passed has no timestamp in it any more: that need not be known again, and
    /// where oldest is not kept nobody could say later that it does not matter.
    fn checkpoint_of_first(&self, count: usize) -> LocalCheckpoint {
        let timestamps = &self.core.timestamps;
        let (stable, up_to) = match timestamps.stable {
            0 => (0, Timestamp::MAX),
            stable => (stable, stable),
        };
        let oldest = if stable == 0 { 0 } else { timestamps.oldest };
        let image = |tree: &Tree| {
            let mut image = PlainImage::of(tree, self.core.running(), up_to, oldest);
            image.content.forget_timestamps(timestamps.oldest);
            image
        };
        let images = self.core.tables[..count].iter().map(|table| table.plain_tree().map(image)).collect();
        LocalCheckpoint { stable, oldest, images }
    }

    /// The process comes back after its end, in order or not: its sessions are there with empty slots, plain tables and
    /// timestamps are what the `newest` checkpoint has (`None`: empty and unset), and nothing else is left but the counters.
    pub fn recover(&mut self, newest: Option<&LocalCheckpoint>) {
        for (index, table) in self.core.tables.iter_mut().enumerate() {
            if let Some(tree) = table.plain_tree_mut() {
                let image = newest.and_then(|newest| newest.images.get(index)?.as_ref());
                image.unwrap_or(&PlainImage::default()).restore(tree);
            }
        }
        self.begin_anew();
        let timestamps = &mut self.core.timestamps;
        (timestamps.oldest, timestamps.stable) = newest.map_or((0, 0), |newest| (newest.oldest, newest.stable));
        timestamps.durable = timestamps.stable;
    }
}
