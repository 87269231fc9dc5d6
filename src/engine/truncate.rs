//! `truncate`: removes the records of a range, with the checks of as many removes.
//!
//! The steps and their order are those of WiredTiger: the ends are sought like by an application, with `search_near` and
//! a step back into the range, then the start cursor walks to the end and removes what it meets. On a follower what only
//! stable has goes into the truncate list (see `layered::truncate`), all the rest is removed as by a remove.

use super::core::{Table, TableId};
use super::cursor::{Ctx, Cursor};
use super::faults::{self, Fault};
use super::layered::truncate::Truncation;
use super::node::Node;
use super::session::Session;
use super::txn::{TxnOp, WriteKind};
use crate::backend::{Code, CursorConfig, Direction, Format, Isolation, Key, Point, Timestamp};

/// Where the range ends.
enum Stop {
    /// At the end of the table.
    Open,
    /// Where the start cursor stands at the beginning: it was given twice.
    AtStart,
    /// At the key of this cursor.
    At(Box<Cursor>),
}

impl Stop {
    /// Whether it has to be looked for, by a cursor that can.
    fn is_sought(&self) -> bool {
        matches!(self, Stop::At(cursor) if !cursor.is_positioned() && !cursor.config.random)
    }
}

/// The records of a range that only stable has.
#[derive(Default)]
struct InStable {
    /// Their keys, ascending.
    keys: Vec<Key>,
    /// The largest durable timestamp of theirs.
    newest: Timestamp,
}

impl Session {
    /// `truncate` with cursors in the session's slots; `None` is an open end. They are reset in any case.
    pub fn truncate(&mut self, node: &mut Node, start: Option<usize>, stop: Option<usize>) -> Code {
        let table = start.or(stop).and_then(|slot| self.cursor(slot)).map(|cursor| cursor.table);
        let Some(table) = table else {
            return self.noted(Code::Invalid);
        };
        let start_cursor = start.and_then(|slot| self.cursors[slot].take());
        let stop_cursor = match stop {
            None => Stop::Open,
            Some(slot) if Some(slot) == start => Stop::AtStart,
            Some(slot) => self.cursors[slot].take().map_or(Stop::Open, |cursor| Stop::At(Box::new(cursor))),
        };
        let (start_cursor, stop_cursor, ended) = self.truncate_between(node, table, start_cursor, stop_cursor);
        if let Some(slot) = start {
            self.cursors[slot] = Some(start_cursor);
        }
        if let (Some(slot), Stop::At(cursor)) = (stop, stop_cursor) {
            self.cursors[slot] = Some(*cursor);
        }
        self.ended(node, ended)
    }

    /// `truncate` of a whole table.
    pub fn truncate_table(&mut self, node: &mut Node, table: TableId) -> Code {
        let (_, _, ended) = self.truncate_between(node, table, None, Stop::Open);
        self.ended(node, ended)
    }

    /// The end of the call: of an implicit transaction, too, if one had begun.
    fn ended(&mut self, node: &mut Node, (code, began): (Code, bool)) -> Code {
        if self.txn.running || !began { self.noted(code) } else { self.end_implicit(node, code) }
    }

    /// Answers with the cursors, reset, the code, and whether it came to looking for anything. Without a start cursor one
    /// of its own walks.
    fn truncate_between(
        &mut self,
        node: &mut Node,
        table: TableId,
        start: Option<Cursor>,
        mut stop: Stop,
    ) -> (Cursor, Stop, (Code, bool)) {
        let from_first = start.is_none();
        let mut start = start.unwrap_or_else(|| self.new_cursor(node, table, CursorConfig::default()));
        let mut ctx = Ctx { node, txn: &mut self.txn, session: self.index, placed: &mut self.placed };
        let ended = match check_ends(&start, from_first, &stop) {
            Err(code) => (code, false),
            Ok(()) => {
                let looks = if start.is_positioned() { stop.is_sought() } else { !start.config.random };
                match find_ends(&mut ctx, &mut start, from_first, &mut stop) {
                    Err(code) => (code, looks),
                    Ok(None) => (Code::Ok, looks),
                    Ok(Some(last)) => (remove_up_to(&mut ctx, &mut start, last.as_ref()), true),
                }
            }
        };
        start.reset_keeping_bounds(&mut ctx);
        if let Stop::At(cursor) = &mut stop {
            cursor.reset_keeping_bounds(&mut ctx);
        }
        (start, stop, ended)
    }
}

/// Places the cursors at the first and at the last record of the range. Answers with the last key (`None`: all that
/// there is), or `None` if the range is empty.
fn find_ends(
    ctx: &mut Ctx<'_>,
    start: &mut Cursor,
    from_first: bool,
    stop: &mut Stop,
) -> Result<Option<Option<Key>>, Code> {
    if !start.is_positioned() && !seek_end(ctx, start, from_first, Direction::Next)? {
        return Ok(None);
    }
    let last = match stop {
        Stop::Open => return Ok(Some(None)),
        Stop::AtStart => start.key().get().cloned(),
        Stop::At(cursor) => {
            if !cursor.is_positioned() && !seek_end(ctx, cursor, false, Direction::Prev)? {
                return Ok(None);
            }
            cursor.key().get().cloned()
        }
    };
    let crossed = start.key().get() > last.as_ref();
    Ok((!crossed).then_some(last))
}

/// The cursors that were given need keys, of one table and in order; a random start cursor cannot compare.
fn check_ends(start: &Cursor, from_first: bool, stop: &Stop) -> Result<(), Code> {
    let stop = match stop {
        Stop::Open => None,
        Stop::AtStart => Some(start),
        Stop::At(stop) => Some(&**stop),
    };
    let given = [(!from_first).then_some(start), stop];
    if given.into_iter().flatten().any(|cursor| cursor.key().get().is_none()) {
        return Err(Code::Invalid);
    }
    match stop.filter(|_| !from_first) {
        None => Ok(()),
        Some(_) if start.config.random => Err(Code::NotSupported),
        Some(stop) if start.table == stop.table && start.key().get() <= stop.key().get() => Ok(()),
        Some(_) => Err(Code::Invalid),
    }
}

/// Moves a cursor to the first record from its key on in `direction`. False if there is none.
fn seek_end(ctx: &mut Ctx<'_>, cursor: &mut Cursor, from_first: bool, direction: Direction) -> Result<bool, Code> {
    if cursor.config.random {
        return Err(Code::NotSupported);
    }
    let (mut code, exact) = if from_first { (Code::Ok, -1) } else { cursor.search_near(ctx) };
    let before = match direction {
        Direction::Next => exact < 0,
        Direction::Prev => exact > 0,
    };
    if code == Code::Ok && before {
        code = cursor.iterate(ctx, direction);
    }
    match code {
        Code::Ok => Ok(true),
        Code::NotFound => Ok(false),
        Code::PrepareConflict => Err(Code::Rollback),
        code => Err(code),
    }
}

/// Removes the records from where `cursor` stands to `last`. What it expects and does not find is a conflict.
fn remove_up_to(ctx: &mut Ctx<'_>, cursor: &mut Cursor, last: Option<&Key>) -> Code {
    let first = cursor.key().get().cloned().unwrap_or_default();
    let mut removed = first.clone();
    let mut in_stable = InStable::default();
    let mut code = Code::Ok;
    if !stands_on_record(ctx, cursor, &first) {
        return Code::Rollback;
    }
    while code == Code::Ok {
        let key = cursor.key().get().cloned().unwrap_or_default();
        if last.is_some_and(|last| key > *last) {
            break;
        }
        code = remove_one(ctx, cursor, &key, key == first, &mut in_stable);
        if code != Code::Ok {
            break;
        }
        removed = key;
        if last == Some(&removed) {
            break;
        }
        code = match cursor.iterate(ctx, Direction::Next) {
            Code::NotFound => break,
            code => code,
        };
    }
    if let (Some(start), Some(stop)) = (in_stable.keys.first().cloned(), in_stable.keys.last().cloned()) {
        if faults::active(Fault::E2) {
            remove_beyond(ctx, cursor, &first, &removed);
        }
        hide_in_stable(ctx, cursor.table, in_stable, start, stop);
    }
    if matches!(code, Code::NotFound | Code::PrepareConflict) { Code::Rollback } else { code }
}

/// Whether the record where the walk begins is there. An implicit transaction has begun by now and keeps the snapshot
/// that its session held; at read-committed it is a new one.
fn stands_on_record(ctx: &mut Ctx<'_>, cursor: &mut Cursor, key: &Key) -> bool {
    if ctx.txn.running || ctx.txn.isolation != Isolation::Snapshot {
        return cursor.search(ctx) == Code::Ok;
    }
    ctx.ensure_snapshot();
    matches!(cursor.peek(ctx, key), Ok(Some(_)))
}

/// Removes the record that `cursor` stands on, or notes that it is in stable only.
fn remove_one(ctx: &mut Ctx<'_>, cursor: &mut Cursor, key: &Key, is_first: bool, in_stable: &mut InStable) -> Code {
    if cursor.format == Format::Fixed {
        return cursor.make_zero(ctx, key, is_first);
    }
    if let Err(code) = cursor.may_remove(ctx, key) {
        let passed_over = faults::active(Fault::E7) && cursor.is_in_ingest_uncommitted(ctx, key);
        return if passed_over { Code::Ok } else { code };
    }
    ctx.pass(Point::LookedUp);
    if cursor.is_not_in_ingest(ctx, key) {
        in_stable.newest = in_stable.newest.max(cursor.durable_in_stable(key));
        in_stable.keys.push(key.clone());
    } else if !(faults::active(Fault::E5) && cursor.merges(ctx)) {
        cursor.put_delete(ctx, key);
    }
    Code::Ok
}

/// Removes the first record of ingest beyond a range in which ingest has none. For a fault.
fn remove_beyond(ctx: &mut Ctx<'_>, cursor: &mut Cursor, first: &Key, last: &Key) {
    let Table::Layered(layered) = &ctx.node.core.tables[cursor.table.0] else {
        return;
    };
    if layered.ingest.keys_between(first, last).next().is_some() {
        return;
    }
    let beyond = layered.ingest.rows().map(|(key, _)| key).find(|key| *key > last).cloned();
    if let Some(key) = beyond.filter(|key| cursor.may_remove(ctx, key).is_ok()) {
        cursor.put_delete(ctx, &key);
    }
}

/// Adds an entry to the truncate list, for the rows of stable from `start` to `stop` that were removed.
fn hide_in_stable(ctx: &mut Ctx<'_>, table: TableId, in_stable: InStable, start: Key, stop: Key) {
    let InStable { keys, newest } = in_stable;
    if ctx.txn.id == 0 {
        ctx.txn.id = ctx.node.core.allocate();
    }
    ctx.txn.write_gen += 1;
    let stamp = ctx.txn.commit_ts;
    if let Table::Layered(layered) = &mut ctx.node.core.tables[table.0] {
        layered.truncate(Truncation { keys, txn: ctx.txn.id, start_ts: stamp, durable_ts: stamp, prepared: false });
    }
    ctx.txn.ops.push(TxnOp {
        table,
        key: start,
        row: 0,
        kind: WriteKind::Truncate { stop },
        stamp,
        replaced: Some(newest),
    });
}
