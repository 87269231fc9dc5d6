//! Transaction ids, snapshots, views and the state of a session's transaction.

use super::core::TableId;
use crate::backend::{IgnorePrepare, Isolation, Key, Timestamp};

/// A transaction id. Allocated at the first write, in increasing order, per node. 0: none.
pub type TxnId = u64;

/// The number of an adopted checkpoint, counted from 1 in the order of adoption. 0: none was adopted.
pub type CheckpointSeq = u64;

/// Which transactions had committed at a moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Ids below are committed (or rolled back, and gone).
    pub min: TxnId,
    /// Ids from here on began to write later.
    pub max: TxnId,
    /// The ids in between that were running, ascending.
    pub running: Vec<TxnId>,
    /// The newest checkpoint that had been adopted. What comes with a later one carries no transaction ids, so this
    /// snapshot could not tell what it may see of it (WT-18156).
    pub checkpoint: CheckpointSeq,
    /// How many transactions had committed something.
    pub commits: u64,
}

/// What a reader sees.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The reader's own transaction; 0 if it has not written.
    pub own: TxnId,
    /// `None` at read-uncommitted: everything that was not rolled back.
    pub snapshot: Option<&'a Snapshot>,
    /// 0: none.
    pub read_ts: Timestamp,
    /// Whether it passes over prepared updates to what was there before.
    pub ignores_prepared: bool,
}

impl View<'_> {
    /// Whether an update by `txn` with `start_ts` is visible. Own updates always are, whatever their timestamp. (What to
    /// do about it if it is prepared is another matter.)
    #[inline]
    pub fn sees(&self, txn: TxnId, start_ts: Timestamp) -> bool {
        if txn == self.own && txn != 0 {
            return true;
        }
        let Some(snapshot) = self.snapshot else {
            return true;
        };
        let committed = txn < snapshot.min || (txn < snapshot.max && !snapshot.running.contains(&txn));
        committed && (self.read_ts == 0 || start_ts <= self.read_ts)
    }
}

/// What every present and future reader sees.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// Ids below are in every snapshot.
    pub txn: TxnId,
    /// No reader reads below this timestamp.
    pub ts: Timestamp,
}

impl Horizon {
    /// Whether an update is visible to everyone.
    pub fn everyone_sees(&self, txn: TxnId, start_ts: Timestamp) -> bool {
        txn < self.txn && start_ts <= self.ts
    }
}

/// What an update is, as far as commit and rollback need to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// A version of one key.
    Update,
    /// A place-holder, which leaves nothing behind.
    Reserve,
    /// An entry in a truncate list; the key of the operation is the first that it covers.
    Truncate {
        /// The last one.
        stop: Key,
    },
}

/// What becomes of a transaction's updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They commit; those without a timestamp of their own get this one.
    Committed(Timestamp),
    /// They are prepared at this timestamp.
    Prepared(Timestamp),
    /// They were prepared and commit.
    Resolved {
        /// When they become visible to readers with a read timestamp.
        commit_ts: Timestamp,
        /// When they become part of checkpoints.
        durable_ts: Timestamp,
    },
    /// They never were.
    RolledBack,
}

/// An update that a transaction made, as far as commit and rollback need it.
#[derive(Clone, Debug)]
pub struct TxnOp {
    /// Where.
    pub table: TableId,
    /// On which key.
    pub key: Key,
    /// Where the key's row was then. No more than a hint, and of no use to a truncation.
    pub row: usize,
    /// What it is.
    pub kind: WriteKind,
    /// The commit timestamp that was set when it was made; 0: it gets the final one.
    pub stamp: Timestamp,
    /// The durable timestamp of the version that it replaced; `None` if the key had none in the written tree.
    pub replaced: Option<Timestamp>,
}

/// A session's transaction, or what stands in for one between transactions.
#[derive(Debug, Default)]
pub struct Txn {
    /// Whether `begin_transaction` was called, and neither commit nor rollback since.
    pub running: bool,
    /// The isolation in force.
    pub isolation: Isolation,
    /// The id; 0 until the first write.
    pub id: TxnId,
    /// 0: none.
    pub read_ts: Timestamp,
    /// Whether a read timestamp below oldest is raised to it.
    pub roundup_read: bool,
    /// Whether untimestamped updates may follow timestamped ones.
    pub no_timestamp: bool,
    /// Set by `timestamp_transaction`; stamps the updates that follow. 0: none.
    pub commit_ts: Timestamp,
    /// The first (and smallest) such timestamp.
    pub first_commit_ts: Timestamp,
    /// What it does about prepared updates of others.
    pub ignore_prepare: IgnorePrepare,
    /// Whether its own prepare timestamp need not be after stable, and its commit timestamp is raised to that.
    pub roundup_prepared: bool,
    /// The prepare timestamp; 0: none.
    pub prepare_ts: Timestamp,
    /// Whether it is prepared: it can only be committed or rolled back.
    pub prepared: bool,
    /// The durable timestamp that was set for the prepared transaction; 0: none.
    pub durable_ts: Timestamp,
    /// An error has made it impossible to commit the updates.
    pub failed: bool,
    /// The updates, in order.
    pub ops: Vec<TxnOp>,
    /// Whether `snapshot` is held.
    pub has_snapshot: bool,
    /// The snapshot; meaningless if `has_snapshot` is false (kept to re-use its memory).
    pub snapshot: Snapshot,
    /// Counts the snapshots taken. A cursor that remembers another number has look-ahead of an older view.
    pub snapshot_gen: u64,
    /// Counts this session's updates: they change what its own look-ahead ought to show.
    pub write_gen: u64,
}

impl Txn {
    /// The view of a read now. The snapshot has been taken if the isolation wants one.
    #[inline]
    pub fn view(&self) -> View<'_> {
        View {
            own: self.id,
            snapshot: (self.isolation != Isolation::ReadUncommitted).then_some(&self.snapshot),
            read_ts: self.read_ts,
            ignores_prepared: self.ignore_prepare != IgnorePrepare::No,
        }
    }

    /// Whether the snapshot lives only as long as a cursor of the session holds a place: at read-committed, and
    /// outside transactions.
    pub fn snapshot_is_loose(&self) -> bool {
        !self.running || self.isolation != Isolation::Snapshot
    }

    /// Back to the state between transactions. The snapshot is not touched.
    pub fn end(&mut self, isolation: Isolation) {
        self.running = false;
        self.isolation = isolation;
        self.id = 0;
        self.read_ts = 0;
        self.roundup_read = false;
        self.no_timestamp = false;
        self.commit_ts = 0;
        self.first_commit_ts = 0;
        self.ignore_prepare = IgnorePrepare::No;
        self.roundup_prepared = false;
        self.prepare_ts = 0;
        self.prepared = false;
        self.durable_ts = 0;
        self.failed = false;
        self.ops.clear();
    }
}
