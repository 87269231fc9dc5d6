//! Checkpoints: immutable, shared images of a leader's layered tables at its stable timestamp.

use super::tree::Tree;
use super::txn::TxnId;
use super::version::{Payload, Version};
use crate::backend::{Key, Timestamp, Value};
use std::sync::Arc;

/// A committed version in an image. It carries no transaction id: only timestamps filter it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageVersion {
    /// When it becomes visible to readers with a read timestamp.
    pub start_ts: Timestamp,
    /// When it became durable.
    pub durable_ts: Timestamp,
    /// The value as stored; `None`: a delete.
    pub value: Option<Value>,
}

/// The versions of one key in an image.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// The key.
    pub key: Key,
    /// What a reader without a read timestamp sees.
    pub newest: ImageVersion,
    /// What readers from the checkpoint's oldest timestamp on see, newest first.
    pub history: Vec<ImageVersion>,
}

impl ImageRow {
    /// What a reader at `read_ts` (0: none) finds.
    #[inline]
    pub fn read(&self, read_ts: Timestamp) -> Option<&Value> {
        if read_ts == 0 || self.newest.start_ts <= read_ts {
            return self.newest.value.as_ref();
        }
        self.history.iter().find(|version| version.start_ts <= read_ts)?.value.as_ref()
    }
}

/// One table of a checkpoint, sorted by key.
#[derive(Debug, Default)]
pub struct TableImage {
    rows: Vec<ImageRow>,
}

impl TableImage {
    /// The rows in order.
    pub fn rows(&self) -> &[ImageRow] {
        &self.rows
    }

    /// Where `key` is, or where it would be.
    #[inline]
    pub fn find(&self, key: &Key) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| row.key.cmp(key))
    }

    /// The row of `key`.
    pub fn row(&self, key: &Key) -> Option<&ImageRow> {
        self.find(key).ok().map(|index| &self.rows[index])
    }

    /// The content of `tree` at `stable`: of each key the newest committed version that is durable by then, and as
    /// much older ones as readers from `oldest` on need. Untimestamped versions are always in.
    pub fn build(tree: &Tree, running: &[TxnId], stable: Timestamp, oldest: Timestamp) -> TableImage {
        let is_included = is_included(running, stable);
        let included = |version: &&Version| is_included(version);
        let mut rows = Vec::with_capacity(tree.len());
        for (key, chain) in tree.rows() {
            let mut versions = chain.versions().iter().rev().filter(included);
            let Some(newest) = versions.next() else {
                continue;
            };
            let mut history = Vec::new();
            if newest.start_ts > oldest {
                for older in versions {
                    history.push(ImageVersion::of(older));
                    if older.start_ts <= oldest {
                        break;
                    }
                }
            } else if newest.payload == Payload::Delete && newest.durable_ts <= oldest {
                continue; // nobody who may read this image can see that the key ever existed
            }
            rows.push(ImageRow { key: key.clone(), newest: ImageVersion::of(newest), history });
        }
        TableImage { rows }
    }

    /// Takes the timestamps off what was durable by `oldest`.
    pub fn forget_timestamps(&mut self, oldest: Timestamp) {
        for row in &mut self.rows {
            for version in row.history.iter_mut().chain([&mut row.newest]) {
                if version.durable_ts <= oldest {
                    (version.start_ts, version.durable_ts) = (0, 0);
                }
            }
        }
    }

    /// The content as a live tree, which is `tree` with more in it. Its versions belong to no transaction.
    pub fn to_tree(&self, mut tree: Tree) -> Tree {
        for row in &self.rows {
            for version in row.history.iter().rev().chain([&row.newest]) {
                tree.push(&row.key, version.to_version());
            }
        }
        tree
    }

    /// Whether it looks the same from any oldest timestamp on.
    fn has_no_past(&self) -> bool {
        self.rows.iter().all(|row| row.history.is_empty() && row.newest.value.is_some())
    }
}

/// Whether a version goes into a checkpoint at `stable`, while the transactions `running` are.
fn is_included(running: &[TxnId], stable: Timestamp) -> impl Fn(&Version) -> bool {
    move |version| {
        let committed = !running.contains(&version.txn) && !version.prepared;
        committed && version.durable_ts <= stable && version.payload != Payload::Reserve
    }
}

impl ImageVersion {
    fn of(version: &Version) -> Self {
        let value = match &version.payload {
            Payload::Put(value) => Some(value.clone()),
            Payload::Delete | Payload::Reserve => None,
        };
        ImageVersion { start_ts: version.start_ts, durable_ts: version.durable_ts, value }
    }

    fn to_version(&self) -> Version {
        let payload = self.value.clone().map_or(Payload::Delete, Payload::Put);
        Version { txn: 0, start_ts: self.start_ts, durable_ts: self.durable_ts, prepared: false, payload }
    }
}

/// The last image that was taken of a tree, which serves again while a new one would be the same.
#[derive(Debug, Default)]
pub struct LastImage(Option<Taken>);

#[derive(Debug)]
struct Taken {
    image: Arc<TableImage>,
    /// The tree's changes when it was taken.
    changes: u64,
    /// The oldest timestamp that its history reaches back to.
    oldest: Timestamp,
    /// Whether it has all there was in the tree. What was left out gets in without a change of the tree: when its
    /// transaction commits, or when stable moves.
    complete: bool,
}

impl LastImage {
    /// The image of `tree`, as [`TableImage::build`] makes it, and whether it is the last one again.
    pub fn renew(
        &mut self,
        tree: &Tree,
        running: &[TxnId],
        stable: Timestamp,
        oldest: Timestamp,
    ) -> (Arc<TableImage>, bool) {
        let same = |last: &&Taken| {
            last.complete && last.changes == tree.changes() && (last.oldest == oldest || last.image.has_no_past())
        };
        if let Some(last) = self.0.as_ref().filter(same) {
            return (Arc::clone(&last.image), true);
        }
        let image = Arc::new(TableImage::build(tree, running, stable, oldest));
        let complete = tree.rows().all(|(_, chain)| chain.versions().iter().all(is_included(running, stable)));
        self.0 = Some(Taken { image: Arc::clone(&image), changes: tree.changes(), oldest, complete });
        (image, false)
    }
}

/// One table in a checkpoint.
#[derive(Clone, Debug)]
pub struct TableCheckpoint {
    /// What the nodes call the table.
    pub name: String,
    /// How often the table had been created anew under its name. The content of another incarnation is another
    /// table's.
    pub incarnation: u64,
    /// The content.
    pub image: Arc<TableImage>,
}

/// A complete checkpoint of a leader.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its place in the order of all checkpoints, from 1: a node that becomes the leader goes on counting.
    pub order: u64,
    /// The leader's stable timestamp when it was taken: it contains everything up to here.
    pub timestamp: Timestamp,
    /// The leader's oldest timestamp when it was taken: nobody may read it below.
    pub oldest: Timestamp,
    /// The layered tables.
    pub tables: Vec<TableCheckpoint>,
}

impl Checkpoint {
    /// The content of a table, if the checkpoint has it in this incarnation.
    pub fn image(&self, name: &str, incarnation: u64) -> Option<&Arc<TableImage>> {
        let of_table = |table: &&TableCheckpoint| table.name == name && table.incarnation == incarnation;
        self.tables.iter().find(of_table).map(|table| &table.image)
    }
}

/// Why no checkpoint was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Only a leader writes to shared storage.
    #[error("only a leader takes checkpoints of layered tables")]
    NotLeader,
    /// A checkpoint is exactly the content at stable, so stable has to be set.
    #[error("the stable timestamp is not set: set it first")]
    NoStable,
}

/// Why a checkpoint was not adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// A leader has the tables themselves.
    #[error("only a follower adopts checkpoints")]
    NotFollower,
    /// Checkpoints are adopted in order.
    #[error("checkpoint {offered} is older than checkpoint {adopted}, which has been adopted")]
    Older {
        /// The checkpoint that was offered.
        offered: u64,
        /// The newest adopted one.
        adopted: u64,
    },
    /// Its history does not reach back to what somebody may read (WT-16467).
    #[error("the checkpoint's oldest timestamp {oldest} is above the pinned timestamp {pinned}")]
    Pinned {
        /// The checkpoint's oldest timestamp.
        oldest: Timestamp,
        /// The smaller of the node's oldest and the oldest active read timestamp.
        pinned: Timestamp,
    },
}
