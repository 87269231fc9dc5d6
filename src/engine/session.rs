//! Sessions: cursors, one transaction at a time, and the calls on cursors. (Those on transactions: `transact`.)

use super::core::TableId;
use super::cursor::write::WriteOp;
use super::cursor::{Ctx, Cursor};
use super::node::Node;
use super::txn::{Outcome, Txn};
use crate::backend::{Code, CursorConfig, Direction, Format, Isolation, Key};

/// A session of a node.
#[derive(Debug)]
pub struct Session {
    pub(super) index: usize,
    pub(super) isolation: Isolation,
    pub(super) txn: Txn,
    /// How many of the cursors hold a place.
    pub(super) placed: u32,
    pub(super) cursors: Vec<Option<Cursor>>,
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
    pub fn open(&mut self, node: &mut Node, slot: usize, table: TableId, config: CursorConfig) {
        self.close(node, slot);
        let cursor = self.new_cursor(node, table, config);
        self.cursors[slot] = Some(cursor);
    }

    pub(super) fn new_cursor(&mut self, node: &Node, table: TableId, config: CursorConfig) -> Cursor {
        self.opened += 1;
        Cursor::new(table, node.format(table), config, self.opened)
    }

    /// Whether the cursor in a slot is one of a fixed-length table.
    pub fn is_fixed(&self, slot: usize) -> bool {
        self.cursor(slot).is_some_and(|cursor| cursor.format == Format::Fixed)
    }

    /// Closes the cursor in a slot, if there is one.
    pub fn close(&mut self, node: &mut Node, slot: usize) {
        if self.cursors[slot].is_some() {
            self.with_cursor(node, slot, Cursor::reset);
            self.cursors[slot] = None;
        }
    }

    /// Opens a cursor that stands on `key`, in place of the one in the slot. No change if there is no such record:
    /// `NoEntry`, or nobody knows: `PrepareConflict`.
    pub fn duplicate(&mut self, node: &mut Node, slot: usize, table: TableId, key: &Key) -> Code {
        let mut cursor = self.new_cursor(node, table, CursorConfig::default());
        cursor.set_key(key);
        let mut ctx = Ctx { node, txn: &mut self.txn, session: self.index, placed: &mut self.placed };
        match cursor.search(&mut ctx) {
            Code::Ok => {}
            Code::NotFound => return Code::NoEntry,
            code => return code,
        }
        self.close(node, slot);
        self.cursors[slot] = Some(cursor);
        Code::Ok
    }

    /// Runs something on the cursor in a slot, which the caller has opened before.
    #[inline]
    pub(super) fn with_cursor<R>(
        &mut self,
        node: &mut Node,
        slot: usize,
        work: impl FnOnce(&mut Cursor, &mut Ctx<'_>) -> R,
    ) -> R {
        let Session { index, txn, placed, cursors, .. } = self;
        let cursor = cursors[slot].as_mut().expect("the caller opens a slot before it uses it");
        work(cursor, &mut Ctx { node, txn, session: *index, placed })
    }

    /// Runs a call of a cursor that is not a write; an error marks a running transaction failed.
    pub fn cursor_call(
        &mut self,
        node: &mut Node,
        slot: usize,
        call: impl FnOnce(&mut Cursor, &mut Ctx<'_>) -> (Code, i8),
    ) -> (Code, i8) {
        let (code, exact) = self.with_cursor(node, slot, call);
        (self.noted(code), exact)
    }

    /// `next` and `prev`; a random cursor has only the one, and it jumps.
    pub fn iterate(&mut self, node: &mut Node, slot: usize, direction: Direction) -> Code {
        if self.cursor(slot).is_some_and(|cursor| cursor.config.random) {
            let draw = self.next_draw();
            return self.cursor_call(node, slot, |cursor, ctx| (cursor.next_random(ctx, draw), 0)).0;
        }
        self.cursor_call(node, slot, |cursor, ctx| (cursor.iterate(ctx, direction), 0)).0
    }

    /// A number that is spread over its range and the same in every run.
    fn next_draw(&mut self) -> u64 {
        self.draws += 1;
        (self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) ^ self.index as u64
    }

    /// A write: in the running transaction, or in an implicit one of its own.
    pub fn write(&mut self, node: &mut Node, slot: usize, op: WriteOp<'_>) -> Code {
        let checked = self.with_cursor(node, slot, |cursor, ctx| cursor.check_write(ctx, op));
        match checked {
            Err(code) => self.noted(code),
            Ok(()) => {
                let code = self.with_cursor(node, slot, |cursor, ctx| cursor.write(ctx, op));
                if self.txn.running { self.noted(code) } else { self.end_implicit(node, code) }
            }
        }
    }

    /// An implicit transaction ends with its one write: committed, or rolled back with all that a rollback does to the
    /// session's cursors.
    pub(super) fn end_implicit(&mut self, node: &mut Node, code: Code) -> Code {
        if code == Code::Ok && !self.breaks_usage(&node.core, 0) {
            self.apply(node, Outcome::Committed(0), 0);
            return Code::Ok;
        }
        self.undo(node, true);
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
}
