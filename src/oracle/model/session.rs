//! A session: its cursors, its transaction, and how long it keeps a snapshot.

use super::cursor::{Cursor, Effect};
use super::version::{Horizon, Moment, Reader, TxnId};
use crate::backend::{IgnorePrepare, Isolation, Key, Timestamp};

/// A running transaction, begun by the application or by a single write outside one.
#[derive(Debug)]
pub(super) struct Transaction {
    pub id: TxnId,
    pub isolation: Isolation,
    /// 0: none.
    pub read_ts: Timestamp,
    /// Raise a read timestamp below oldest to oldest.
    pub roundup_read: bool,
    /// May overwrite timestamped data without a timestamp.
    pub no_timestamp: bool,
    /// What it does about prepared updates of others.
    pub ignore_prepare: IgnorePrepare,
    /// May be prepared at or before stable, and have its prepare and commit timestamps raised to what is allowed.
    pub roundup_prepared: bool,
    /// The commit timestamp that was set last, 0: none.
    pub commit_ts: Timestamp,
    /// The commit timestamp that was set first, 0: none.
    pub first_commit_ts: Timestamp,
    /// The timestamp that it is or will be prepared with, 0: none.
    pub prepare_ts: Timestamp,
    /// The durable timestamp that was set, 0: none. Of a prepared transaction only.
    pub durable_ts: Timestamp,
    /// The durable timestamp that was set first, 0: none.
    pub first_durable_ts: Timestamp,
    /// It is prepared: only its end is open.
    pub prepared: bool,
    /// A call failed in a way that only a rollback mends.
    pub failed: bool,
    /// It wrote something, be it a place-holder.
    pub has_written: bool,
    /// The tables and keys that it wrote, each once. Without place-holders once it is prepared.
    pub writes: Vec<(u8, Key)>,
}

impl Transaction {
    /// Whether it can only be rolled back: a call has failed, and it has written.
    pub fn is_doomed(&self) -> bool {
        self.failed && self.has_written
    }
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    /// The isolation outside explicit transactions.
    default_isolation: Isolation,
    pub cursors: Vec<Option<Cursor>>,
    pub txn: Option<Transaction>,
    /// The snapshot that is held.
    snapshot: Option<Moment>,
    /// Room for the writes of the next transaction.
    spare: Vec<(u8, Key)>,
}

impl Session {
    /// A session with empty slots.
    pub fn new(default_isolation: Isolation, slots: u8) -> Self {
        let cursors = (0..slots).map(|_| None).collect();
        Session { default_isolation, cursors, txn: None, snapshot: None, spare: Vec::new() }
    }

    /// The session as it was in the beginning.
    pub fn anew(&self) -> Self {
        Session::new(self.default_isolation, self.cursors.len() as u8)
    }

    /// The cursor in a slot.
    pub fn cursor(&self, slot: u8) -> &Cursor {
        self.cursors[usize::from(slot)].as_ref().expect("the slot has an open cursor")
    }

    /// The cursor in a slot.
    pub fn cursor_mut(&mut self, slot: u8) -> &mut Cursor {
        self.cursors[usize::from(slot)].as_mut().expect("the slot has an open cursor")
    }

    /// The isolation of the transaction, or what reads outside one get.
    pub fn isolation(&self) -> Isolation {
        self.txn.as_ref().map_or(self.default_isolation, |txn| txn.isolation)
    }

    // ---- transactions

    /// Whether the session waits for the end of a prepared transaction.
    pub fn is_prepared(&self) -> bool {
        self.txn.as_ref().is_some_and(|txn| txn.prepared)
    }

    /// Starts a transaction with the session's own isolation.
    pub fn begin(&mut self, id: TxnId) -> &mut Transaction {
        self.txn.insert(Transaction {
            id,
            isolation: self.default_isolation,
            read_ts: 0,
            roundup_read: false,
            no_timestamp: false,
            ignore_prepare: IgnorePrepare::No,
            roundup_prepared: false,
            commit_ts: 0,
            first_commit_ts: 0,
            prepare_ts: 0,
            durable_ts: 0,
            first_durable_ts: 0,
            prepared: false,
            failed: false,
            has_written: false,
            writes: std::mem::take(&mut self.spare),
        })
    }

    /// Ends the transaction: the snapshot goes; places stay.
    pub fn end(&mut self, mut txn: Transaction) {
        txn.writes.clear();
        self.spare = txn.writes;
        self.snapshot = None;
    }

    /// Copies the values that cursors hold out of the snapshot that is about to go.
    pub fn copy_values(&mut self) {
        self.cursors.iter_mut().flatten().for_each(Cursor::copy_value);
    }

    /// Resets cursors from the most recently opened to the oldest, until none of the session holds a place. Those
    /// that come after that keep what they have. Where an application rolls back, bounds stay; where a call outside
    /// transactions does, they go as with any reset.
    pub fn reset_placed(&mut self, bounds_too: bool) {
        let mut before = u64::MAX;
        while self.any_placed() {
            let newest = self.cursors.iter_mut().flatten().filter(|cursor| cursor.opened < before);
            let cursor = newest.max_by_key(|cursor| cursor.opened).expect("a placed cursor is yet to come");
            before = cursor.opened;
            cursor.apply(Effect::Clear);
            if bounds_too {
                cursor.bounds = Default::default();
            }
        }
        self.settle_snapshot();
    }

    // ---- snapshots

    /// What the session sees. It holds a snapshot, or needs none.
    pub fn reader(&self) -> Reader {
        debug_assert!(self.snapshot.is_some() || self.isolation() == Isolation::ReadUncommitted);
        self.peeker(0)
    }

    /// What the session sees through the snapshot that it holds, or else through one taken `now`.
    pub fn peeker(&self, now: Moment) -> Reader {
        Reader {
            txn: self.txn.as_ref().map_or(0, |txn| txn.id),
            horizon: match self.isolation() {
                Isolation::ReadUncommitted => Horizon::Uncommitted,
                Isolation::Snapshot | Isolation::ReadCommitted => Horizon::Moment(self.snapshot.unwrap_or(now)),
            },
            read_ts: self.txn.as_ref().map_or(0, |txn| txn.read_ts),
            ignores_prepared: self.txn.as_ref().is_some_and(|txn| txn.ignore_prepare != IgnorePrepare::No),
        }
    }

    /// The snapshot that is held.
    pub fn held_snapshot(&self) -> Option<Moment> {
        self.snapshot
    }

    /// The snapshot that is held and that something may be read with. A place that was taken before may hold one all through a
    /// transaction at read-uncommitted, which reads without, and ends it.
    pub fn snapshot_in_use(&self) -> Option<Moment> {
        self.snapshot.filter(|_| self.isolation() != Isolation::ReadUncommitted)
    }

    /// The read timestamp of the transaction that is running, if it has one.
    pub fn read_timestamp(&self) -> Option<Timestamp> {
        self.txn.as_ref().map(|txn| txn.read_ts).filter(|&read_ts| read_ts != 0)
    }

    /// Makes sure that there is a snapshot to read with. Uncommitted reads need none.
    pub fn hold_snapshot(&mut self, now: Moment) {
        if self.snapshot.is_none() && self.isolation() != Isolation::ReadUncommitted {
            self.snapshot = Some(now);
        }
    }

    /// Gives the snapshot up, whoever stands on a place.
    pub fn release_snapshot(&mut self) {
        self.snapshot = None;
    }

    /// Whether the application may ask for a new snapshot: at snapshot isolation, before the first write.
    pub fn may_renew_snapshot(&self) -> bool {
        self.isolation() == Isolation::Snapshot && !self.txn.as_ref().is_some_and(|txn| txn.has_written)
    }

    /// Takes a new snapshot, unless one is held that is as good: nothing has been committed since. What has only been
    /// prepared since is in nobody's way then.
    pub fn refresh_snapshot(&mut self, now: Moment, last_commit: Moment) {
        if self.snapshot.is_none_or(|held| held < last_commit) {
            self.snapshot = Some(now);
        }
    }

    /// Takes a new snapshot, whether one is held or not.
    pub fn renew_snapshot(&mut self, now: Moment) {
        self.snapshot = Some(now);
    }

    /// A snapshot lasts as long as a cursor of the session holds a place. That of a running transaction at snapshot
    /// isolation lasts to its end.
    pub fn settle_snapshot(&mut self) {
        let pinned = self.txn.as_ref().is_some_and(|txn| txn.isolation == Isolation::Snapshot);
        if !pinned && !self.any_placed() {
            self.snapshot = None;
        }
    }

    /// Whether a cursor holds a place.
    pub fn any_placed(&self) -> bool {
        self.cursors.iter().flatten().any(|cursor| cursor.place.is_some())
    }

    // ---- places

    /// Carries out the effect of a call on its cursor.
    pub fn apply(&mut self, slot: u8, effect: Effect) {
        let cursor = self.cursor_mut(slot);
        cursor.apply(effect);
        if cursor.place.is_none() {
            self.settle_snapshot();
        }
    }

    /// Makes a cursor give up its place, if it has one, and nothing else. A snapshot that no place holds goes.
    pub fn leave_place(&mut self, slot: u8) {
        self.cursor_mut(slot).leave_place();
        self.settle_snapshot();
    }
}
