//! Layered tables: a stable table that nodes share through checkpoints, and on a follower an ingest table before it.
//!
//! - `tombstone`: how ingest says that a key is deleted;
//! - `merge`: the stateful cursor over both constituents: state, what it may trust, binding of checkpoints;
//! - `iterate`: its next and prev; `search`: its point and nearest reads; `write`: conflicts and updates;
//! - `truncate`: the list of truncated ranges, which hide rows of stable;
//! - `prune`: adoption of checkpoints and what may leave ingest; `drain`: the way from ingest into stable at step-up.

pub mod drain;
pub mod iterate;
pub mod merge;
pub mod prune;
pub mod search;
pub mod tombstone;
pub mod truncate;
pub mod write;

use super::checkpoint::{LastImage, TableImage};
use super::tree::Tree;
use super::txn::CheckpointSeq;
use crate::backend::Timestamp;
use std::sync::Arc;
use truncate::Truncation;

/// A checkpoint of one table, as adopted. The table and the cursors that read it share it: while a cursor holds it, it
/// is in use.
#[derive(Clone, Debug, Default)]
pub struct Adopted {
    /// When, in the node's order of adoption.
    pub seq: CheckpointSeq,
    /// The checkpoint's timestamp: it has everything up to here. 0: no checkpoint, and nothing in it.
    pub timestamp: Timestamp,
    /// The content.
    pub image: Arc<TableImage>,
}

/// The constituents of a layered table on one node.
#[derive(Debug)]
pub struct LayeredTable {
    /// What the nodes call it.
    pub name: String,
    /// How often the table was created anew under its name.
    pub incarnation: u64,
    /// Stable on a leader: live, values encoded.
    pub live: Tree,
    /// The last image of that.
    pub last_image: LastImage,
    /// Ingest on a follower: values encoded, deletes as tombstones.
    pub ingest: Tree,
    /// Stable on a follower: the adopted checkpoints that somebody may still read, oldest first. The first of all is
    /// none, so that a reader without a checkpoint can be told from one that reads nothing.
    pub adopted: Vec<Arc<Adopted>>,
    /// Ranges of stable that were truncated here since, in the order of the calls.
    pub truncations: Vec<Truncation>,
    /// How many of them have left the list since every checkpoint in use has them.
    pub pruned_truncations: u64,
    /// Everything in ingest up to here is in every checkpoint that anybody may read.
    pub prune_ts: Timestamp,
}

impl LayeredTable {
    /// An empty table.
    pub fn new(name: &str, incarnation: u64) -> Self {
        LayeredTable {
            name: name.to_owned(),
            incarnation,
            live: Tree::default(),
            last_image: LastImage::default(),
            ingest: Tree::default(),
            adopted: vec![Arc::default()],
            truncations: Vec::new(),
            pruned_truncations: 0,
            prune_ts: 0,
        }
    }

    /// The newest adopted checkpoint that is not later than `limit`.
    pub fn newest_adopted(&self, limit: Option<CheckpointSeq>) -> Option<&Arc<Adopted>> {
        self.adopted.iter().rev().find(|adopted| limit.is_none_or(|limit| adopted.seq <= limit))
    }
}
