//! Sessions: cursors, one transaction at a time, and the calls on both.

use super::core::{Core, TableId};
use super::cursor::write::WriteOp;
use super::cursor::{Ctx, Cursor};
use super::txn::Txn;
use crate::backend::{Begin, Code, CursorConfig, Direction, Isolation, Key, Timestamp, TxnTimestamp};

/// A session of a node.
#[derive(Debug)]
pub struct Session {
    index: usize,
    isolation: Isolation,
    txn: Txn,
    /// How many of the cursors hold a place.
    placed: u32,
    cursors: Vec<Option<Cursor>>,
    /// How many cursors were ever opened: orders them by age.
    opened: u64,
    /// How many random records were drawn.
    draws: u64,
}

impl Session {
    /// A session with `slots` empty cursor slots.
    pub fn new(index: usize, isolation: Isolation, slots: u8) -> Self {
        let txn = Txn { isolation, ..Txn::default() };
        let cursors = (0..slots).map(|_| None).collect();
        Session { index, isolation, txn, placed: 0, cursors, opened: 0, draws: 0 }
    }

    // ---- cursors

    /// The cursor in a slot.
    pub fn cursor(&self, slot: usize) -> Option<&Cursor> {
        self.cursors[slot].as_ref()
    }

    /// Opens a cursor in a slot, closing the one that is there.
    pub fn open(&mut self, core: &mut Core, slot: usize, table: TableId, config: CursorConfig) {
        self.close(core, slot);
        let cursor = self.new_cursor(table, config);
        self.cursors[slot] = Some(cursor);
    }

    fn new_cursor(&mut self, table: TableId, config: CursorConfig) -> Cursor {
        self.opened += 1;
        Cursor::new(table, config, self.opened)
    }

    /// Closes the cursor in a slot, if there is one.
    pub fn close(&mut self, core: &mut Core, slot: usize) {
        if self.cursors[slot].is_some() {
            self.with_cursor(core, slot, Cursor::reset);
            self.cursors[slot] = None;
        }
    }

    /// Opens a cursor that stands on `key`, in place of the one in the slot. `NoEntry`, and no change, if it is not
    /// visible.
    pub fn duplicate(&mut self, core: &mut Core, slot: usize, table: TableId, key: &Key) -> Code {
        let mut cursor = self.new_cursor(table, CursorConfig::default());
        cursor.set_key(key);
        let mut ctx = Ctx { core, txn: &mut self.txn, session: self.index, placed: &mut self.placed };
        if cursor.search(&mut ctx) != Code::Ok {
            return Code::NoEntry;
        }
        self.close(core, slot);
        self.cursors[slot] = Some(cursor);
        Code::Ok
    }

    /// Runs something on the cursor in a slot, which the caller has opened before.
    #[inline]
    fn with_cursor<R>(&mut self, core: &mut Core, slot: usize, work: impl FnOnce(&mut Cursor, &mut Ctx<'_>) -> R) -> R {
        let Session { index, txn, placed, cursors, .. } = self;
        let cursor = cursors[slot].as_mut().expect("the caller opens a slot before it uses it");
        work(cursor, &mut Ctx { core, txn, session: *index, placed })
    }

    /// Runs a call of a cursor that is not a write; an error marks a running transaction failed.
    pub fn cursor_call(
        &mut self,
        core: &mut Core,
        slot: usize,
        call: impl FnOnce(&mut Cursor, &mut Ctx<'_>) -> (Code, i8),
    ) -> (Code, i8) {
        let (code, exact) = self.with_cursor(core, slot, call);
        (self.noted(code), exact)
    }

    /// `next` and `prev`; a random cursor has only the one, and it jumps.
    pub fn iterate(&mut self, core: &mut Core, slot: usize, direction: Direction) -> Code {
        if self.cursor(slot).is_some_and(|cursor| cursor.config.random) {
            let draw = self.next_draw();
            return self.cursor_call(core, slot, |cursor, ctx| (cursor.next_random(ctx, draw), 0)).0;
        }
        self.cursor_call(core, slot, |cursor, ctx| (cursor.iterate(ctx, direction), 0)).0
    }

    /// A number that is spread over its range and the same in every run.
    fn next_draw(&mut self) -> u64 {
        self.draws += 1;
        (self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) ^ self.index as u64
    }

    /// A write: in the running transaction, or in an implicit one of its own.
    pub fn write(&mut self, core: &mut Core, slot: usize, op: WriteOp<'_>) -> Code {
        let checked = self.with_cursor(core, slot, |cursor, ctx| cursor.check_write(ctx, op));
        match checked {
            Err(code) => self.noted(code),
            Ok(()) => {
                let code = self.with_cursor(core, slot, |cursor, ctx| cursor.write(ctx, op));
                if self.txn.running { self.noted(code) } else { self.end_implicit(core, code) }
            }
        }
    }

    /// An implicit transaction ends with its one write: committed, or rolled back with all that a rollback does to the
    /// session's cursors.
    fn end_implicit(&mut self, core: &mut Core, code: Code) -> Code {
        if code == Code::Ok && !self.breaks_usage(core, 0) {
            self.apply(core, 0);
            return Code::Ok;
        }
        self.undo(core);
        if code == Code::Ok { Code::Invalid } else { code }
    }

    /// Marks a running transaction failed where an error does that, and passes the code on.
    pub fn noted(&mut self, code: Code) -> Code {
        let fails = matches!(code, Code::Rollback | Code::Invalid | Code::NotSupported);
        if fails && self.txn.running {
            self.txn.failed = true;
        }
        code
    }

    // ---- transactions

    /// `begin_transaction`.
    pub fn begin(&mut self, core: &mut Core, begin: &Begin) -> Code {
        if self.txn.running {
            return self.noted(Code::Invalid);
        }
        let read_ts = match begin.read_ts {
            None => 0,
            Some(ts) => match readable(core, ts, begin.roundup_read) {
                Some(ts) => ts,
                None => return Code::Invalid,
            },
        };
        let isolation = if read_ts != 0 { Isolation::Snapshot } else { begin.isolation.unwrap_or(self.isolation) };
        self.txn.running = true;
        self.txn.isolation = isolation;
        self.txn.roundup_read = begin.roundup_read;
        self.txn.no_timestamp = begin.no_timestamp;
        self.set_read_ts(core, read_ts);
        if isolation == Isolation::Snapshot {
            self.copy_values_out();
            core.take_snapshot(self.index, &mut self.txn);
        }
        Code::Ok
    }

    fn set_read_ts(&mut self, core: &mut Core, read_ts: Timestamp) {
        self.txn.read_ts = read_ts;
        core.registrations[self.index].read_ts = read_ts;
    }

    /// `timestamp_transaction`.
    pub fn timestamp_transaction(&mut self, core: &mut Core, which: TxnTimestamp, ts: Timestamp) -> Code {
        let valid = self.txn.running
            && self.txn.isolation == Isolation::Snapshot
            && match which {
                TxnTimestamp::Commit => self.set_commit_ts(core, ts),
                TxnTimestamp::Read => self.set_late_read_ts(core, ts),
                TxnTimestamp::Durable | TxnTimestamp::Prepare => false,
            };
        self.noted(if valid { Code::Ok } else { Code::Invalid })
    }

    /// Stamps the updates that follow. The first timestamp is the smallest that the transaction may use.
    fn set_commit_ts(&mut self, core: &mut Core, ts: Timestamp) -> bool {
        let first = if self.txn.first_commit_ts == 0 { ts } else { self.txn.first_commit_ts };
        if ts < first || !core.timestamps.may_commit_at(first) {
            return false;
        }
        self.txn.commit_ts = ts;
        if self.txn.first_commit_ts == 0 {
            self.txn.first_commit_ts = ts;
            core.registrations[self.index].first_commit_ts = ts;
        }
        true
    }

    /// A transaction reads at one timestamp; with it comes a new snapshot.
    fn set_late_read_ts(&mut self, core: &mut Core, ts: Timestamp) -> bool {
        let Some(ts) = readable(core, ts, self.txn.roundup_read) else {
            return false;
        };
        if self.txn.read_ts != 0 {
            return false;
        }
        self.set_read_ts(core, ts);
        core.take_snapshot(self.index, &mut self.txn);
        true
    }

    /// `reset_snapshot`: not at a lower isolation, nor after a write. Outside a transaction the new snapshot lasts
    /// until the session next gives up a place.
    pub fn reset_snapshot(&mut self, core: &mut Core) -> Code {
        if self.txn.isolation != Isolation::Snapshot || !self.txn.ops.is_empty() {
            return Code::NotSupported;
        }
        core.take_snapshot(self.index, &mut self.txn);
        Code::Ok
    }

    /// The read timestamp of the running transaction (0: none); `None` if no transaction runs.
    pub fn read_ts(&self) -> Option<Timestamp> {
        self.txn.running.then_some(self.txn.read_ts)
    }

    /// `commit_transaction`. Any error rolls the transaction back.
    pub fn commit(&mut self, core: &mut Core, ts: Option<Timestamp>) -> Code {
        if !self.txn.running {
            return Code::Invalid;
        }
        let last = ts.unwrap_or(self.txn.commit_ts);
        if !self.may_commit(core, ts) || self.breaks_usage(core, last) {
            self.undo(core);
            return Code::Invalid;
        }
        self.apply(core, last);
        Code::Ok
    }

    /// Whether nothing failed before and the timestamps are still valid: stable may have moved past them.
    fn may_commit(&self, core: &Core, ts: Option<Timestamp>) -> bool {
        if self.txn.failed && !self.txn.ops.is_empty() {
            return false;
        }
        let first = self.txn.first_commit_ts;
        let still_valid = first == 0 || core.timestamps.may_commit_at(first);
        still_valid
            && ts.is_none_or(|ts| {
                self.txn.isolation == Isolation::Snapshot && core.timestamps.may_commit_at(ts) && ts >= first
            })
    }

    /// The usage rule: on each key timestamps do not go backwards, and untimestamped updates do not follow
    /// timestamped ones unless the transaction says so. What is replaced counts while its timestamp is above oldest;
    /// what is older may have lost it.
    fn breaks_usage(&self, core: &Core, last: Timestamp) -> bool {
        self.txn.ops.iter().filter(|op| !op.reserve).any(|op| {
            let ts = if op.stamp != 0 { op.stamp } else { last };
            if ts == 0 && self.txn.no_timestamp {
                return false;
            }
            let fits = ts.max(core.timestamps.oldest);
            match op.replaced {
                Some(replaced) => replaced > fits,
                None => core.stable_is_above(fits, op.table, &op.key),
            }
        })
    }

    /// Makes the updates permanent. Cursors keep their places.
    fn apply(&mut self, core: &mut Core, last: Timestamp) {
        let id = self.txn.id;
        let mut earliest = Timestamp::MAX;
        for op in &self.txn.ops {
            core.written_tree(op.table).commit(&op.key, id, last);
            let ts = if op.stamp != 0 { op.stamp } else { last };
            earliest = earliest.min(ts);
        }
        core.timestamps.durable = core.timestamps.durable.max(last);
        let wrote = !self.txn.ops.is_empty();
        self.end(core);
        if wrote {
            core.hold_back_readers(earliest);
        }
        self.copy_values_out();
    }

    /// `rollback_transaction`.
    pub fn rollback(&mut self, core: &mut Core) -> Code {
        if !self.txn.running {
            return Code::Invalid;
        }
        self.undo(core);
        Code::Ok
    }

    /// Takes the updates back and resets the session's cursors, newest first, until none holds a place; those that
    /// are left over keep what the application set.
    fn undo(&mut self, core: &mut Core) {
        for op in &self.txn.ops {
            core.written_tree(op.table).abort(&op.key, self.txn.id);
        }
        let mut younger = u64::MAX;
        while self.placed > 0 {
            let next = self.cursors.iter_mut().flatten().filter(|cursor| cursor.opened < younger);
            let Some(cursor) = next.max_by_key(|cursor| cursor.opened) else {
                break;
            };
            younger = cursor.opened;
            let mut ctx = Ctx { core, txn: &mut self.txn, session: self.index, placed: &mut self.placed };
            cursor.reset_keeping_bounds(&mut ctx);
        }
        self.end(core);
    }

    /// The transaction is over, one way or the other.
    fn end(&mut self, core: &mut Core) {
        core.retire(self.txn.id);
        core.release_snapshot(self.index, &mut self.txn);
        self.txn.end(self.isolation);
        let registration = &mut core.registrations[self.index];
        registration.read_ts = 0;
        registration.first_commit_ts = 0;
    }

    /// What positioned cursors show no longer hangs on a snapshot.
    fn copy_values_out(&mut self) {
        for cursor in self.cursors.iter_mut().flatten().filter(|cursor| cursor.is_placed()) {
            cursor.copy_value_out();
        }
    }
}

/// The timestamp that a reader who asks for `ts` reads at: none below oldest, unless it is to be rounded up.
fn readable(core: &Core, ts: Timestamp, roundup: bool) -> Option<Timestamp> {
    let oldest = core.timestamps.oldest.max(core.adopted_oldest);
    match ts {
        0 => None,
        ts if ts >= oldest => Some(ts),
        _ => roundup.then_some(oldest),
    }
}
