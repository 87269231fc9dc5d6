//! A node: a connection with a role, its tables and its sessions, and the calls on them. What happens to it besides
//! calls is in `physical`.

use super::core::{Core, Counters, Role, Table, TableId};
use super::cursor::Cursor;
use super::cursor::write::WriteOp;
use super::hook::Hook;
use super::layered::LayeredTable;
use super::restart::PlainCheckpoint;
use super::session::Session;
use super::tree::Tree;
use crate::backend::{Call, Code, Direction, Format, Isolation, Key, Reply, Timestamp, TimestampQuery, Who};
use std::cmp::Ordering;

/// What kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Private to the node.
    Plain(Format),
    /// Shared with other nodes by name, through checkpoints.
    Layered,
}

/// The answer to a call, without the state of the calling cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The return code.
    pub code: Code,
    /// As in [`Reply::exact`].
    pub exact: i8,
    /// As in [`Reply::timestamp`].
    pub timestamp: Timestamp,
}

impl Answer {
    fn code(code: Code) -> Self {
        Answer { code, exact: 0, timestamp: 0 }
    }
}

/// What a node keeps in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Versions in live trees, ingest included.
    pub versions: usize,
    /// Keys in ingest tables.
    pub ingest_keys: usize,
    /// Adopted checkpoints, counted per layered table.
    pub checkpoints: usize,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    pub(super) core: Core,
    /// By number; one is missing while it makes a call.
    pub(super) sessions: Vec<Option<Box<Session>>>,
    /// The order of the newest checkpoint that this node has taken or adopted; 0: none.
    pub(super) newest_order: u64,
    /// The last local checkpoint.
    pub(super) plain: Option<PlainCheckpoint>,
    pub(super) hook: Hook,
}

impl Node {
    /// A node without tables and sessions.
    pub fn new(role: Role) -> Self {
        Node { core: Core::new(role), sessions: Vec::new(), newest_order: 0, plain: None, hook: Hook::default() }
    }

    /// Creates a table.
    pub fn create_table(&mut self, kind: TableKind, name: &str) -> TableId {
        self.core.tables.push(match kind {
            TableKind::Plain(format) => Table::plain(format),
            TableKind::Layered => Table::Layered(Box::new(LayeredTable::new(name, 0))),
        });
        TableId(self.core.tables.len() - 1)
    }

    /// Opens a session whose reads outside transactions have `isolation`, with `slots` empty cursor slots. Answers
    /// with its number.
    pub fn open_session(&mut self, isolation: Isolation, slots: u8) -> usize {
        let index = self.sessions.len();
        self.core.registrations.push(Default::default());
        self.sessions.push(Some(Box::new(Session::new(index, isolation, slots))));
        index
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.core.counters
    }

    /// How many versions the node's live trees hold, and how many checkpoints its layered tables keep.
    pub fn footprint(&self) -> Footprint {
        let count = |tree: &Tree| tree.rows().map(|(_, chain)| chain.versions().len()).sum::<usize>();
        let mut footprint = Footprint::default();
        for table in &self.core.tables {
            match table {
                Table::Plain(tree) | Table::Fixed(tree) => footprint.versions += count(tree),
                Table::Layered(layered) => {
                    footprint.versions += count(&layered.live) + count(&layered.ingest);
                    footprint.ingest_keys += layered.ingest.len();
                    footprint.checkpoints += layered.adopted.iter().filter(|adopted| adopted.seq != 0).count();
                }
            }
        }
        footprint
    }

    // ---- calls

    /// Makes a call of the API on some of the node's tables, which it names by their place in `tables`, for session `who.session` and its cursor slot, and answers with the state
    /// that it leaves. `first` is the number of the session that the call's sessions count from.
    pub fn call(&mut self, tables: &[TableId], first: usize, who: Who, call: Call<'_>) -> Reply {
        let answer = self.act(tables, first, who, call);
        self.reply(first, who, call, answer)
    }

    /// Makes a call as [`Node::call`] does, and answers with the reply if that is not `expected`.
    pub fn unlike(
        &mut self,
        tables: &[TableId],
        first: usize,
        who: Who,
        call: Call<'_>,
        expected: &Reply,
    ) -> Option<Reply> {
        let answer = self.act(tables, first, who, call);
        let same_state = match self.shown(first, who, call) {
            Some(cursor) => cursor.shows(expected),
            None => expected.is_without_state(),
        };
        let Answer { code, exact, timestamp } = answer;
        let same = same_state && (code, exact, timestamp) == (expected.code, expected.exact, expected.timestamp);
        if same { None } else { Some(self.reply(first, who, call, answer)) }
    }

    /// The answer to `call` with the state that it has left.
    fn reply(&self, first: usize, who: Who, call: Call<'_>, answer: Answer) -> Reply {
        let Answer { code, exact, timestamp } = answer;
        let cursor = self.shown(first, who, call);
        let state = cursor.map_or_else(|| Reply::code(code), |cursor| cursor.state());
        Reply { code, exact, timestamp, ..state }
    }

    /// The cursor whose state the reply to `call` shows.
    #[inline]
    fn shown(&self, first: usize, who: Who, call: Call<'_>) -> Option<&Cursor> {
        if call.is_on_cursor() { self.cursor(first, who) } else { None }
    }

    /// Makes a call and answers without the cursor's state. The calling session is out of the way meanwhile.
    pub fn act(&mut self, tables: &[TableId], first: usize, who: Who, call: Call<'_>) -> Answer {
        let index = first + usize::from(who.session);
        let mut session = self.sessions[index].take().expect("a session makes one call at a time");
        let answer = if is_unknown_to_cursor(&session, who, &call) {
            Answer::code(Code::NotSupported)
        } else if session.is_prepared() {
            self.act_prepared(&mut session, who, call)
        } else {
            self.act_for(&mut session, tables, first, who, call)
        };
        self.sessions[index] = Some(session);
        answer
    }

    fn act_for(&mut self, session: &mut Session, tables: &[TableId], first: usize, who: Who, call: Call<'_>) -> Answer {
        let slot = usize::from(who.cursor);
        Answer::code(match call {
            // WiredTiger makes no such cursor. It is none of the transaction's business.
            Call::Open(config) if config.random && self.format(tables[usize::from(config.table)]).is_column() => {
                Code::NotSupported
            }
            Call::Open(config) => {
                session.open(self, slot, tables[usize::from(config.table)], config);
                Code::Ok
            }
            Call::Close => {
                session.close(self, slot);
                Code::Ok
            }
            Call::Duplicate { from } => self.duplicate(session, first, who, from),
            Call::Compare { with } => return self.compare(session, first, who, with, |order| order as i8),
            Call::Equals { with } => return self.compare(session, first, who, with, |order| i8::from(order.is_eq())),
            Call::State => Code::Ok,
            // A mistake that WiredTiger does not survive, or that cannot be said to it, is none of the transaction's business.
            Call::SetKey(key) => session.with_cursor(self, slot, |cursor, _| cursor.set_key(key)),
            Call::SetValue(value) => session.with_cursor(self, slot, |cursor, _| cursor.set_value(value)),
            Call::GetKey => session.cursor_call(self, slot, |cursor, _| (has(cursor.key().get()), 0)).0,
            Call::GetValue => session.cursor_call(self, slot, |cursor, _| (has(cursor.value().get()), 0)).0,
            Call::Bound { .. } | Call::ClearBounds if session.is_fixed(slot) => session.noted(Code::Invalid),
            Call::Bound { side, inclusive } => {
                session.cursor_call(self, slot, |cursor, _| (cursor.set_bound(side, inclusive), 0)).0
            }
            Call::ClearBounds => session.cursor_call(self, slot, |cursor, _| (cursor.clear_bounds(), 0)).0,
            Call::Reset => session.cursor_call(self, slot, |cursor, ctx| (cursor.reset(ctx), 0)).0,
            Call::Reconfigure { overwrite } => {
                session.cursor_call(self, slot, |cursor, ctx| (cursor.reconfigure(ctx, overwrite), 0)).0
            }
            Call::Search => session.cursor_call(self, slot, |cursor, ctx| (cursor.search(ctx), 0)).0,
            Call::SearchNear => {
                let (code, exact) = session.cursor_call(self, slot, |cursor, ctx| cursor.search_near(ctx));
                return Answer { exact, ..Answer::code(code) };
            }
            Call::Next => session.iterate(self, slot, Direction::Next),
            Call::Prev => session.iterate(self, slot, Direction::Prev),
            Call::LargestKey => session.cursor_call(self, slot, |cursor, ctx| (cursor.largest_key(ctx), 0)).0,
            Call::Insert => session.write(self, slot, WriteOp::Insert),
            Call::Update => session.write(self, slot, WriteOp::Update),
            Call::Remove => session.write(self, slot, WriteOp::Remove),
            Call::Modify(deltas) => session.write(self, slot, WriteOp::Modify(deltas)),
            Call::Reserve => session.write(self, slot, WriteOp::Reserve),
            Call::Begin(begin) => session.begin(self, &begin),
            Call::Commit { ts, durable } => session.commit(self, ts, durable),
            Call::Prepare(ts) => session.prepare(self, ts),
            Call::Rollback => session.rollback(self),
            Call::TimestampTransaction(which, ts) => session.timestamp_transaction(self, which, ts),
            Call::ResetSnapshot => session.reset_snapshot(self),
            Call::Query(what) => return self.query(session, what),
            Call::Truncate { start, stop } => session.truncate(self, start.map(usize::from), stop.map(usize::from)),
            Call::TruncateTable { table } => session.truncate_table(self, tables[usize::from(table)]),
            Call::SetTimestamp { oldest, stable, durable } => self.set_timestamp(oldest, stable, durable),
            Call::RollbackToStable => self.rollback_to_stable(session),
            Call::Recreate { table } => self.recreate(session, tables[usize::from(table)]),
        })
    }

    /// A call while the session's transaction is prepared: what resolves it, and little else. What is not allowed does
    /// the transaction no harm.
    fn act_prepared(&mut self, session: &mut Session, who: Who, call: Call<'_>) -> Answer {
        let slot = usize::from(who.cursor);
        Answer::code(match call {
            Call::Commit { ts, durable } => session.commit(self, ts, durable),
            Call::Rollback => session.rollback(self),
            Call::TimestampTransaction(which, ts) => session.timestamp_transaction(self, which, ts),
            Call::ResetSnapshot => session.reset_snapshot(self),
            Call::Query(what) => return self.query(session, what),
            Call::Close => {
                session.close(self, slot);
                Code::Ok
            }
            Call::Reset => session.cursor_call(self, slot, |cursor, ctx| (cursor.reset(ctx), 0)).0,
            Call::LargestKey => session.with_cursor(self, slot, |cursor, ctx| {
                cursor.reset_keeping_bounds(ctx);
                Code::Invalid
            }),
            Call::State | Call::SetValue(_) => Code::Ok,
            // The node's own calls do not go through the session's transaction.
            Call::SetTimestamp { oldest, stable, durable } => self.set_timestamp(oldest, stable, durable),
            Call::RollbackToStable => self.rollback_to_stable(session),
            Call::Recreate { .. } => Code::Busy,
            _ => Code::Invalid,
        })
    }

    fn session(&self, first: usize, session: u8) -> Option<&Session> {
        self.sessions[first + usize::from(session)].as_deref()
    }

    fn cursor(&self, first: usize, who: Who) -> Option<&Cursor> {
        self.session(first, who.session)?.cursor(usize::from(who.cursor))
    }

    /// Opens a cursor where `from` has its key, on the same table.
    fn duplicate(&mut self, session: &mut Session, first: usize, who: Who, from: Who) -> Code {
        let own = from.session == who.session;
        let source = if own { Some(&*session) } else { self.session(first, from.session) };
        if source.is_none_or(Session::is_prepared) {
            return Code::Invalid;
        }
        let cursor = source.and_then(|source| source.cursor(usize::from(from.cursor)));
        let place = cursor.and_then(|cursor| Some((cursor.key().get()?.clone(), cursor.table)));
        match (place, own) {
            (Some((key, table)), _) => session.duplicate(self, usize::from(who.cursor), table, &key),
            // It is the source that lacks something, and its transaction that fails.
            (None, true) => session.noted(Code::Invalid),
            (None, false) => match &mut self.sessions[first + usize::from(from.session)] {
                Some(source) => source.noted(Code::Invalid),
                None => Code::Invalid,
            },
        }
    }

    /// Compares the keys of two cursors on one table.
    fn compare(
        &mut self,
        session: &mut Session,
        first: usize,
        who: Who,
        with: Who,
        answer: impl Fn(Ordering) -> i8,
    ) -> Answer {
        let other = if with.session == who.session {
            session.cursor(usize::from(with.cursor))
        } else {
            self.cursor(first, with)
        };
        match (session.cursor(usize::from(who.cursor)), other) {
            (Some(own), Some(other)) if own.table == other.table => match (own.key().get(), other.key().get()) {
                (Some(left), Some(right)) => Answer { exact: answer(left.cmp(right)), ..Answer::code(Code::Ok) },
                _ => Answer::code(session.noted(Code::Invalid)),
            },
            _ => Answer::code(session.noted(Code::Invalid)),
        }
    }

    /// How a table keeps its records.
    pub(super) fn format(&self, table: TableId) -> Format {
        self.core.tables[table.0].format()
    }

    fn query(&self, session: &Session, what: TimestampQuery) -> Answer {
        let timestamp = match what {
            TimestampQuery::AllDurable => self.core.all_durable(),
            TimestampQuery::Oldest => self.core.timestamps.oldest,
            TimestampQuery::OldestReader => self.core.oldest_reader(),
            TimestampQuery::Pinned => self.core.pinned(),
            TimestampQuery::Stable => self.core.timestamps.stable,
            TimestampQuery::Read => session.read_ts().unwrap_or(0),
            TimestampQuery::Prepare => session.prepare_ts().unwrap_or(0),
        };
        Answer { timestamp, ..Answer::code(Code::Ok) }
    }

    fn set_timestamp(
        &mut self,
        oldest: Option<Timestamp>,
        stable: Option<Timestamp>,
        durable: Option<Timestamp>,
    ) -> Code {
        let before = self.core.timestamps.oldest;
        let code = self.core.timestamps.set(oldest, stable, durable);
        if self.core.timestamps.oldest != before {
            let horizon = self.core.horizon();
            for table in &mut self.core.tables {
                if let Some(tree) = table.plain_tree_mut() {
                    tree.sweep(horizon);
                }
            }
        }
        code
    }
}

/// What `get_key` and `get_value` return.
fn has(field: Option<&Key>) -> Code {
    if field.is_some() { Code::Ok } else { Code::Invalid }
}

/// A random cursor only jumps, resets and closes, that of a fixed-length table has no `modify`. To be asked for it does
/// not fail the transaction.
fn is_unknown_to_cursor(session: &Session, who: Who, call: &Call<'_>) -> bool {
    let is_random = || session.cursor(usize::from(who.cursor)).is_some_and(|cursor| cursor.config.random);
    match call {
        Call::Modify(_) => is_random() || session.is_fixed(usize::from(who.cursor)),
        Call::Search
        | Call::SearchNear
        | Call::Prev
        | Call::Insert
        | Call::Update
        | Call::Remove
        | Call::Reserve
        | Call::Bound { .. }
        | Call::ClearBounds
        | Call::Compare { .. } => is_random(),
        _ => false,
    }
}
