//! What the sessions of a node share: tables, transaction ids, global timestamps and who reads what.

use super::layered::LayeredTable;
use super::timestamp::GlobalTimestamps;
use super::tree::Tree;
use super::txn::{CheckpointSeq, Horizon, Outcome, Txn, TxnId, WriteKind};
use crate::backend::{Format, Isolation, Point, Timestamp};

/// What a node is to a layered table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Writes the shared stable table and takes checkpoints of it.
    Leader,
    /// Reads the stable table at an adopted checkpoint and writes to its own ingest table.
    Follower,
}

/// A table of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableId(pub(super) usize);

/// A table's data.
#[derive(Debug)]
pub enum Table {
    /// Private to the node: a row store or a variable-length column store.
    Plain(Tree),
    /// Private to the node: a fixed-length column store, in which rows are there that nobody wrote.
    Fixed(Tree),
    /// Shared through checkpoints.
    Layered(Box<LayeredTable>),
}

/// What a session makes known to the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registration {
    /// The smallest id that its snapshot cannot be sure of; `None` without a snapshot.
    pub snapshot_min: Option<TxnId>,
    /// No layered cursor of it may bind a later checkpoint; `None`: any.
    pub newest_checkpoint: Option<CheckpointSeq>,
    /// Its active read timestamp; 0: none.
    pub read_ts: Timestamp,
    /// When its running transaction has announced to become durable first: the first commit timestamp that it has set
    /// or, once prepared, the first durable one. 0: never.
    pub first_durable_ts: Timestamp,
}

/// Events in the engine that tell whether a run tested anything. All are counts since the node was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records that a layered cursor of a follower returned from ingest.
    pub served_by_ingest: u64,
    /// Records that a layered cursor of a follower returned from stable.
    pub served_by_stable: u64,
    /// Moves of a follower's layered cursor with both constituents on one key.
    pub both_on_one_key: u64,
    /// Layered cursors that moved to a later checkpoint.
    pub cursor_rebinds: u64,
    /// Those that did so while they stood on a record.
    pub rebinds_positioned: u64,
    /// Keys that left ingest because every checkpoint in use contains them.
    pub pruned_keys: u64,
    /// Tables in checkpoints that share the image of the checkpoint before.
    pub images_shared: u64,
    /// Times that the node became the leader.
    pub step_ups: u64,
    /// Times that it became a follower.
    pub step_downs: u64,
    /// Updates, truncations included, that were copied from ingest to stable then.
    pub drained_versions: u64,
    /// Times that it was started again.
    pub restarts: u64,
    /// Tables that were dropped and created anew.
    pub recreated_tables: u64,
    /// Updates that were rolled back to stable.
    pub unstable_versions: u64,
}

/// The shared state of a node.
#[derive(Debug)]
pub struct Core {
    /// The role.
    pub role: Role,
    /// The tables, by [`TableId`].
    pub tables: Vec<Table>,
    /// Oldest, stable, durable.
    pub timestamps: GlobalTimestamps,
    /// One per session.
    pub registrations: Vec<Registration>,
    /// The number of checkpoints adopted so far.
    pub adopted: CheckpointSeq,
    /// The oldest timestamp of the newest adopted checkpoint; 0: none.
    pub adopted_oldest: Timestamp,
    /// How many prepared transactions have ended: then updates appear in, or vanish from, snapshots that are held.
    pub resolutions: u64,
    /// How many transactions have committed updates.
    pub commits: u64,
    /// Where the node's hook is to run.
    pub armed: Option<Point>,
    /// Test coverage.
    pub counters: Counters,
    next_txn: TxnId,
    running: Vec<TxnId>,
    /// How many registrations have a read timestamp.
    readers: usize,
}

impl Table {
    /// An empty plain table.
    pub fn plain(format: Format) -> Table {
        match format {
            Format::Row => Table::Plain(Tree::default()),
            Format::Variable => Table::Plain(Tree::of_column_store()),
            Format::Fixed => Table::Fixed(Tree::of_column_store()),
        }
    }

    /// How it keeps its records.
    pub fn format(&self) -> Format {
        match self {
            Table::Plain(tree) if tree.is_of_column_store() => Format::Variable,
            Table::Plain(_) | Table::Layered(_) => Format::Row,
            Table::Fixed(_) => Format::Fixed,
        }
    }

    /// The data, if it is private to the node.
    pub fn plain_tree(&self) -> Option<&Tree> {
        match self {
            Table::Plain(tree) | Table::Fixed(tree) => Some(tree),
            Table::Layered(_) => None,
        }
    }

    /// The data, to be changed, if it is private to the node.
    pub fn plain_tree_mut(&mut self) -> Option<&mut Tree> {
        match self {
            Table::Plain(tree) | Table::Fixed(tree) => Some(tree),
            Table::Layered(_) => None,
        }
    }
}

impl Core {
    /// An empty node.
    pub fn new(role: Role) -> Self {
        Core {
            role,
            tables: Vec::new(),
            timestamps: GlobalTimestamps::default(),
            registrations: Vec::new(),
            adopted: 0,
            adopted_oldest: 0,
            resolutions: 0,
            commits: 0,
            armed: None,
            counters: Counters::default(),
            next_txn: 1,
            running: Vec::new(),
            readers: 0,
        }
    }

    /// Ids of transactions that have written and not ended, ascending.
    pub fn running(&self) -> &[TxnId] {
        &self.running
    }

    /// Gives a transaction its id.
    pub fn allocate(&mut self) -> TxnId {
        let id = self.next_txn;
        self.next_txn += 1;
        self.running.push(id);
        id
    }

    /// The transaction is over: committed or rolled back.
    pub fn retire(&mut self, id: TxnId) {
        if let Ok(at) = self.running.binary_search(&id) {
            self.running.remove(at);
        }
    }

    /// No session does anything any more, and nothing is announced.
    pub fn forget_sessions(&mut self) {
        self.running.clear();
        self.registrations.fill(Registration::default());
        self.readers = 0;
    }

    /// Session `session` reads at `ts` from now on; 0: at no timestamp.
    pub fn register_read_ts(&mut self, session: usize, ts: Timestamp) {
        let before = std::mem::replace(&mut self.registrations[session].read_ts, ts);
        self.readers = self.readers + usize::from(ts != 0) - usize::from(before != 0);
    }

    /// Takes a new snapshot for session `session`.
    pub fn take_snapshot(&mut self, session: usize, txn: &mut Txn) {
        let snapshot = &mut txn.snapshot;
        snapshot.running.clear();
        snapshot.running.extend_from_slice(&self.running);
        if let Ok(own) = snapshot.running.binary_search(&txn.id) {
            snapshot.running.remove(own);
        }
        snapshot.max = self.next_txn;
        snapshot.min = snapshot.running.first().copied().unwrap_or(self.next_txn);
        snapshot.checkpoint = self.adopted;
        snapshot.commits = self.commits;
        txn.has_snapshot = true;
        txn.snapshot_gen += 1;
        let registration = &mut self.registrations[session];
        registration.snapshot_min = Some(snapshot.min);
        // History serves a reader with a read timestamp from any later checkpoint.
        registration.newest_checkpoint = (txn.read_ts == 0).then_some(self.adopted);
    }

    /// Takes a new snapshot for session `session`, unless it holds one that is as good: nothing has been committed since.
    /// (WiredTiger's snapshots have a generation, which grows with commits alone. So what was prepared meanwhile is still
    /// somebody else's running transaction.)
    pub fn refresh_snapshot(&mut self, session: usize, txn: &mut Txn) {
        if !txn.has_snapshot || txn.snapshot.commits != self.commits {
            return self.take_snapshot(session, txn);
        }
        let checkpoint = txn.snapshot.checkpoint;
        self.registrations[session].newest_checkpoint = (txn.read_ts == 0).then_some(checkpoint);
    }

    /// Lets go of the session's snapshot, if it holds one.
    pub fn release_snapshot(&mut self, session: usize, txn: &mut Txn) {
        if txn.has_snapshot {
            txn.has_snapshot = false;
            let registration = &mut self.registrations[session];
            registration.snapshot_min = None;
            registration.newest_checkpoint = None;
        }
    }

    /// Makes sure that a read has the snapshot that its isolation wants.
    #[inline]
    pub fn ensure_snapshot(&mut self, session: usize, txn: &mut Txn) {
        if !txn.has_snapshot && txn.isolation != Isolation::ReadUncommitted {
            self.take_snapshot(session, txn);
        }
    }

    /// A commit at `ts` (0: none) is visible by timestamp to those who read at or above it, though not by id: they
    /// may not follow it into the checkpoints to come, where it has none. (WiredTiger's diagnostic builds abort.)
    pub fn hold_back_readers(&mut self, ts: Timestamp) {
        if self.readers == 0 {
            return;
        }
        let adopted = self.adopted;
        for registration in &mut self.registrations {
            // One that is prepared reads no more, and has no snapshot to hold back.
            let reads = registration.read_ts != 0 && registration.snapshot_min.is_some();
            if reads && registration.read_ts >= ts && registration.newest_checkpoint.is_none() {
                registration.newest_checkpoint = Some(adopted);
            }
        }
    }

    /// Carries out what becomes of a transaction's updates.
    pub fn settle(&mut self, txn: &Txn, outcome: Outcome) {
        for op in &txn.ops {
            if let WriteKind::Truncate { stop } = &op.kind {
                self.settle_truncation(op, stop, txn.id, outcome);
            } else {
                self.written_tree(op.table).settle(&op.key, op.row, txn.id, outcome);
            }
        }
    }

    /// The oldest active read timestamp; 0: none.
    pub fn oldest_reader(&self) -> Timestamp {
        if self.readers == 0 {
            return 0;
        }
        self.registrations.iter().map(|r| r.read_ts).filter(|&ts| ts != 0).min().unwrap_or(0)
    }

    /// The smaller of oldest and the oldest active read timestamp; 0 while oldest is unset.
    pub fn pinned(&self) -> Timestamp {
        match (self.timestamps.oldest, self.oldest_reader()) {
            (0, _) => 0,
            (oldest, 0) => oldest,
            (oldest, reader) => oldest.min(reader),
        }
    }

    /// Everything at or below is durable and no running transaction has announced to commit there.
    pub fn all_durable(&self) -> Timestamp {
        let announced = self.registrations.iter().map(|r| r.first_durable_ts).filter(|&ts| ts != 0).min();
        announced.map_or(self.timestamps.durable, |first| self.timestamps.durable.min(first - 1))
    }

    /// What every present and future reader sees.
    pub fn horizon(&self) -> Horizon {
        let snapshots = self.registrations.iter().filter_map(|r| r.snapshot_min);
        let txn = snapshots.chain(self.running.first().copied()).min().unwrap_or(self.next_txn);
        Horizon { txn, ts: self.pinned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Begin, Call, Code, TxnTimestamp, Who};
    use crate::engine::Node;

    /// As long as none is counted nobody looks for any.
    #[test]
    fn those_who_read_at_a_timestamp_are_counted_until_they_end() {
        let mut node = Node::new(Role::Leader);
        for _ in 0..3 {
            node.open_session(Isolation::Snapshot, 1);
        }
        let at = |ts| Call::Begin(Begin { read_ts: Some(ts), ..Begin::default() });
        let later = |ts| Call::TimestampTransaction(TxnTimestamp::Read, ts);
        let (none, commit) = (Begin::default(), Call::Commit { ts: None, durable: None });
        let call = |node: &mut Node, session, call, code, readers: &[Timestamp]| {
            assert_eq!(node.call(&[], 0, Who { session, cursor: 0 }, call).code, code, "{call:?}");
            let oldest = readers.iter().min().copied().unwrap_or(0);
            assert_eq!((node.core.readers, node.core.oldest_reader()), (readers.len(), oldest), "{call:?}");
        };
        call(&mut node, 0, at(30), Code::Ok, &[30]);
        call(&mut node, 0, at(10), Code::Invalid, &[30]);
        call(&mut node, 1, Call::Begin(none), Code::Ok, &[30]);
        call(&mut node, 1, later(20), Code::Ok, &[30, 20]);
        call(&mut node, 1, later(10), Code::Invalid, &[30, 20]);
        call(&mut node, 2, at(25), Code::Ok, &[30, 20, 25]);
        call(&mut node, 2, Call::Prepare(Some(40)), Code::Ok, &[30, 20, 25]);
        call(&mut node, 1, Call::Rollback, Code::Ok, &[30, 25]);
        call(&mut node, 0, commit, Code::Ok, &[25]);
        call(&mut node, 2, Call::Rollback, Code::Ok, &[]);
        // A crash ends them, too.
        call(&mut node, 0, at(30), Code::Ok, &[30]);
        node.restart(None);
        call(&mut node, 0, Call::Begin(none), Code::Ok, &[]);
        call(&mut node, 1, at(50), Code::Ok, &[50]);
        call(&mut node, 1, Call::Rollback, Code::Ok, &[]);
    }
}
