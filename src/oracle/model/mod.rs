//! The model: the executable specification. It is written to be obviously right, from the rules alone:
//!
//! - every version of every key is in a list, and one function says who sees it (`version`);
//! - a cursor is stateless: its place is a key, and every step is a search from that key (`reads`);
//! - what a call does to its cursor is one row of one table (`cursor`);
//! - a snapshot is a moment in the order of commits (`session`);
//! - a write outside a transaction is a transaction of its own (`writes`);
//! - a truncate is a walk that removes what it comes to (`truncate`);
//! - what column stores do otherwise is in `column`, and what fixed-length ones do in `fixed`;
//! - commit, rollback and the rules for timestamps are in `transactions`, what comes between prepare and commit in
//!   `prepared`, and what concerns whole tables in `tables`;
//! - a checkpoint is a copy, and recovery puts it in place (`recovery`).

mod column;
mod cursor;
mod fixed;
mod prepared;
mod reads;
mod recovery;
mod session;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod transactions;
mod truncate;
mod version;
mod writes;

pub use recovery::Checkpoint;
pub use tables::Update;

use crate::backend::{Backend, Call, Code, Direction, Field, Format, Isolation, Reply, Timestamp, Who};
use cursor::{Cursor, Effect};
use session::Session;
use table::Table;
use version::{Everyone, Moment, TxnId};

/// The executable specification of some tables and their sessions.
#[derive(Debug)]
pub struct Model {
    tables: Vec<Table>,
    sessions: Vec<Session>,
    node: Node,
}

/// What all sessions share.
#[derive(Debug, Default)]
struct Node {
    /// Grows with every commit and every preparation.
    now: Moment,
    /// When something was committed last.
    last_commit: Moment,
    /// The transaction id that was given out last.
    last_txn: TxnId,
    /// The number of cursors opened so far.
    opened: u64,
    /// The oldest timestamp that may be read, 0 if not set.
    oldest: Timestamp,
    /// The stable timestamp, 0 if not set.
    stable: Timestamp,
    /// The largest durable timestamp of a commit, or what it was set to since; 0 if there was none.
    durable: Timestamp,
}

impl Node {
    fn next_txn(&mut self) -> TxnId {
        self.last_txn += 1;
        self.last_txn
    }

    fn next_opened(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }
}

/// What a call returns, before the state of its cursor is added.
struct Answer {
    code: Code,
    exact: i8,
    timestamp: Timestamp,
    /// Whether an error marks a running transaction failed.
    poisons: bool,
}

impl From<Code> for Answer {
    fn from(code: Code) -> Self {
        Answer { code, exact: 0, timestamp: 0, poisons: true }
    }
}

impl Answer {
    /// An answer that does not fail a running transaction, whatever it is.
    fn harmless(code: Code) -> Self {
        Answer { poisons: false, ..code.into() }
    }

    fn exact(code: Code, exact: i8) -> Self {
        Answer { exact, ..code.into() }
    }

    fn timestamp(timestamp: Timestamp) -> Self {
        Answer { timestamp, ..Code::Ok.into() }
    }
}

impl Model {
    /// That many empty tables of that format with one session per entry of `isolation`, which is the session's isolation outside
    /// explicit transactions. Each session has `slots` cursor slots, all empty.
    pub fn new(isolation: &[Isolation], slots: u8, tables: u8, format: Format) -> Self {
        let sessions = isolation.iter().map(|&isolation| Session::new(isolation, slots)).collect();
        Model { tables: (0..tables).map(|_| Table::new(format)).collect(), sessions, node: Node::default() }
    }

    fn session(&self, session: u8) -> &Session {
        &self.sessions[usize::from(session)]
    }

    fn session_mut(&mut self, session: u8) -> &mut Session {
        &mut self.sessions[usize::from(session)]
    }

    fn cursor(&self, who: Who) -> &Cursor {
        self.session(who.session).cursor(who.cursor)
    }

    fn cursor_mut(&mut self, who: Who) -> &mut Cursor {
        self.session_mut(who.session).cursor_mut(who.cursor)
    }

    /// The table that a cursor is on.
    fn table(&self, who: Who) -> &Table {
        &self.tables[usize::from(self.table_of(who))]
    }

    /// Ends a cursor call: its effect, and its code.
    fn finish(&mut self, who: Who, code: Code, effect: Effect) -> Code {
        self.session_mut(who.session).apply(who.cursor, effect);
        code
    }

    /// Makes sure that the session has a snapshot to read with.
    fn hold_snapshot(&mut self, session: u8) {
        let now = self.node.now;
        self.session_mut(session).hold_snapshot(now);
    }

    /// Marks a running transaction failed: it can no longer commit what it wrote. One that is prepared can.
    fn poison(&mut self, session: u8) {
        if let Some(txn) = self.session_mut(session).txn.as_mut().filter(|txn| !txn.prepared) {
            txn.failed = true;
        }
    }

    /// What every reader, present or future, has in common. A future one takes its snapshot now or later, and may
    /// ask for any timestamp from oldest on.
    fn everyone(sessions: &[Session], node: &Node) -> Everyone {
        let snapshots = sessions.iter().filter_map(Session::held_snapshot);
        let read_timestamps = sessions.iter().filter_map(Session::read_timestamp);
        Everyone {
            moment: snapshots.min().unwrap_or(node.now),
            pinned_ts: read_timestamps.min().map_or(node.oldest, |read_ts| read_ts.min(node.oldest)),
        }
    }

    fn answer(&mut self, who: Who, call: Call<'_>) -> Answer {
        if self.refused_by_random(who, &call) {
            return Answer::harmless(Code::NotSupported);
        }
        if matches!(call, Call::Modify(_)) && self.format(who) == Format::Fixed {
            return Answer::harmless(Code::NotSupported);
        }
        if self.session(who.session).is_prepared()
            && let Some(answer) = self.while_prepared(who, &call)
        {
            return answer;
        }
        if let Some(answer) = self.refused_by_format(who, &call) {
            return answer;
        }
        let session = who.session;
        match call {
            Call::Open(config) => {
                self.close(who);
                let cursor = Cursor::new(config, self.node.next_opened());
                self.session_mut(session).cursors[usize::from(who.cursor)] = Some(cursor);
                Code::Ok.into()
            }
            Call::Close => {
                self.close(who);
                Code::Ok.into()
            }
            Call::Duplicate { from } => self.duplicate(who, from),
            Call::SetKey(key) if key.is_empty() => Answer::harmless(Code::Invalid),
            Call::SetKey(key) => {
                self.cursor_mut(who).key = Field::External(key.clone());
                Code::Ok.into()
            }
            Call::SetValue(value) => {
                self.cursor_mut(who).value = Field::External(value.clone());
                Code::Ok.into()
            }
            Call::Bound { side, inclusive } => {
                let cursor = self.cursor_mut(who);
                let set = match cursor.key.get().cloned() {
                    Some(key) if cursor.place.is_none() => cursor.bounds.set(side, key, inclusive),
                    _ => false,
                };
                if set { Code::Ok.into() } else { Code::Invalid.into() }
            }
            Call::ClearBounds => {
                self.cursor_mut(who).bounds = Default::default();
                Code::Ok.into()
            }
            Call::Reset => {
                self.cursor_mut(who).bounds = Default::default();
                self.finish(who, Code::Ok, Effect::Clear).into()
            }
            Call::Reconfigure { overwrite } => {
                self.cursor_mut(who).config.overwrite = overwrite;
                self.finish(who, Code::Ok, Effect::Clear).into()
            }
            Call::State => Code::Ok.into(),
            Call::GetKey => set_or_invalid(&self.cursor(who).key).into(),
            Call::GetValue => set_or_invalid(&self.cursor(who).value).into(),
            Call::Search => self.search(who).into(),
            Call::SearchNear => self.search_near(who),
            Call::Next if self.cursor(who).config.random => self.next_random(who).into(),
            Call::Next => self.step(who, Direction::Next).into(),
            Call::Prev => self.step(who, Direction::Prev).into(),
            Call::LargestKey => self.largest_key(who).into(),
            Call::Compare { with } => self.compare(who, with, |order| order as i8),
            Call::Equals { with } => self.compare(who, with, |order| i8::from(order.is_eq())),
            Call::Insert => self.write(who, writes::Write::Insert).into(),
            Call::Update => self.write(who, writes::Write::Update).into(),
            Call::Remove => self.write(who, writes::Write::Remove).into(),
            Call::Modify(deltas) => self.write(who, writes::Write::Modify(deltas)).into(),
            Call::Reserve => self.write(who, writes::Write::Reserve).into(),
            Call::Begin(begin) => self.begin(session, begin).into(),
            Call::Commit { ts, durable } => self.commit(session, ts, durable).into(),
            Call::Prepare(ts) => self.prepare(session, ts).into(),
            Call::Rollback => self.rollback(session).into(),
            Call::TimestampTransaction(which, ts) => self.timestamp_transaction(session, which, ts).into(),
            Call::ResetSnapshot => self.reset_snapshot(session),
            Call::Query(what) => self.query(session, what),
            Call::Truncate { start, stop } => self.truncate(session, start, stop),
            Call::TruncateTable { table } => self.truncate_table(session, table).into(),
            Call::SetTimestamp { oldest, stable, durable } => self.set_timestamp(oldest, stable, durable),
            Call::RollbackToStable => self.rollback_to_stable(),
            Call::Recreate { table } => self.recreate(table),
        }
    }

    /// A random cursor can do little more than `next`; it has no order, but it can tell what is equal.
    fn refused_by_random(&self, who: Who, call: &Call<'_>) -> bool {
        let unsupported = matches!(
            call,
            Call::Bound { .. }
                | Call::ClearBounds
                | Call::Search
                | Call::SearchNear
                | Call::Prev
                | Call::Compare { .. }
                | Call::Insert
                | Call::Update
                | Call::Remove
                | Call::Modify(_)
                | Call::Reserve
        );
        unsupported && self.cursor(who).config.random
    }

    /// Makes a call; an error may fail the running transaction.
    fn act(&mut self, who: Who, call: Call<'_>) -> Answer {
        let answer = self.answer(who, call);
        if answer.poisons && is_failure(answer.code) {
            self.poison(who.session);
        }
        answer
    }

    /// Empties a slot, and lets go of the place that its cursor held.
    fn close(&mut self, who: Who) {
        let session = self.session_mut(who.session);
        if session.cursors[usize::from(who.cursor)].take().is_some() {
            session.settle_snapshot();
        }
    }
}

/// `get_key` and `get_value`.
fn set_or_invalid(field: &Field) -> Code {
    if field.get().is_some() { Code::Ok } else { Code::Invalid }
}

/// Whether a code, as the answer to an ordinary call, fails a running transaction.
fn is_failure(code: Code) -> bool {
    !matches!(code, Code::Ok | Code::NotFound | Code::DuplicateKey | Code::PrepareConflict)
}

impl Backend for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let answer = self.act(who, call);
        let cursor = match call.is_on_cursor() {
            true => self.session(who.session).cursors[usize::from(who.cursor)].as_ref(),
            false => None,
        };
        Reply {
            code: answer.code,
            exact: answer.exact,
            key: cursor.map_or(Field::Unset, |cursor| cursor.key.clone()),
            value: cursor.map_or(Field::Unset, |cursor| cursor.value.clone()),
            placed: cursor.is_some_and(|cursor| cursor.place.is_some()),
            timestamp: answer.timestamp,
        }
    }

    fn tell(&mut self, who: Who, call: Call<'_>) -> Code {
        self.act(who, call).code
    }
}
