//! A node: a connection with a role, its tables and its sessions, and the calls on them. What happens to it besides
//! calls is in `physical`.

use super::core::{Core, Counters, Role, Table, TableId};
use super::cursor::Cursor;
use super::cursor::write::WriteOp;
use super::layered::LayeredTable;
use super::session::Session;
use super::tree::Tree;
use crate::backend::{Call, Code, Direction, Isolation, Key, Reply, Timestamp, TimestampQuery, Who};
use std::cmp::Ordering;

/// What kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Private to the node.
    Plain,
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
    pub(super) sessions: Vec<Session>,
    /// How many checkpoints this leader has taken.
    pub(super) checkpoints: u64,
    /// The newest checkpoint that this follower has adopted; 0: none.
    pub(super) adopted_order: u64,
}

impl Node {
    /// A node without tables and sessions.
    pub fn new(role: Role) -> Self {
        Node { core: Core::new(role), sessions: Vec::new(), checkpoints: 0, adopted_order: 0 }
    }

    /// Creates a table.
    pub fn create_table(&mut self, kind: TableKind, name: &str) -> TableId {
        self.core.tables.push(match kind {
            TableKind::Plain => Table::Plain(Tree::default()),
            TableKind::Layered => Table::Layered(Box::new(LayeredTable::new(name))),
        });
        TableId(self.core.tables.len() - 1)
    }

    /// Opens a session whose reads outside transactions have `isolation`, with `slots` empty cursor slots. Answers
    /// with its number.
    pub fn open_session(&mut self, isolation: Isolation, slots: u8) -> usize {
        let index = self.sessions.len();
        self.core.registrations.push(Default::default());
        self.sessions.push(Session::new(index, isolation, slots));
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
                Table::Plain(tree) => footprint.versions += count(tree),
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

    /// Makes a call and answers without the cursor's state.
    pub fn act(&mut self, tables: &[TableId], first: usize, who: Who, call: Call<'_>) -> Answer {
        if self.is_refused_by_random(first, who, &call) {
            return Answer::code(Code::NotSupported);
        }
        let (index, slot) = (first + usize::from(who.session), usize::from(who.cursor));
        let Node { core, sessions, .. } = self;
        let session = &mut sessions[index];
        Answer::code(match call {
            Call::Open(config) => {
                session.open(core, slot, tables[usize::from(config.table)], config);
                Code::Ok
            }
            Call::Close => {
                session.close(core, slot);
                Code::Ok
            }
            Call::Duplicate { from } => self.duplicate(first, who, from),
            Call::Compare { with } => return self.compare(first, who, with, |order| order as i8),
            Call::Equals { with } => return self.compare(first, who, with, |order| i8::from(order.is_eq())),
            Call::State => Code::Ok,
            // An empty key is a mistake that WiredTiger does not survive: it is none of the transaction's business.
            Call::SetKey(key) if key.is_empty() => Code::Invalid,
            Call::SetKey(key) => session.cursor_call(core, slot, |cursor, _| (cursor.set_key(key), 0)).0,
            Call::SetValue(value) => session.cursor_call(core, slot, |cursor, _| (cursor.set_value(value), 0)).0,
            Call::GetKey => session.cursor_call(core, slot, |cursor, _| (has(cursor.key().get()), 0)).0,
            Call::GetValue => session.cursor_call(core, slot, |cursor, _| (has(cursor.value().get()), 0)).0,
            Call::Bound { side, inclusive } => {
                session.cursor_call(core, slot, |cursor, _| (cursor.set_bound(side, inclusive), 0)).0
            }
            Call::ClearBounds => session.cursor_call(core, slot, |cursor, _| (cursor.clear_bounds(), 0)).0,
            Call::Reset => session.cursor_call(core, slot, |cursor, ctx| (cursor.reset(ctx), 0)).0,
            Call::Reconfigure { overwrite } => {
                session.cursor_call(core, slot, |cursor, ctx| (cursor.reconfigure(ctx, overwrite), 0)).0
            }
            Call::Search => session.cursor_call(core, slot, |cursor, ctx| (cursor.search(ctx), 0)).0,
            Call::SearchNear => {
                let (code, exact) = session.cursor_call(core, slot, |cursor, ctx| cursor.search_near(ctx));
                return Answer { exact, ..Answer::code(code) };
            }
            Call::Next => session.iterate(core, slot, Direction::Next),
            Call::Prev => session.iterate(core, slot, Direction::Prev),
            Call::LargestKey => session.cursor_call(core, slot, |cursor, ctx| (cursor.largest_key(ctx), 0)).0,
            Call::Insert => session.write(core, slot, WriteOp::Insert),
            Call::Update => session.write(core, slot, WriteOp::Update),
            Call::Remove => session.write(core, slot, WriteOp::Remove),
            Call::Modify(deltas) => session.write(core, slot, WriteOp::Modify(deltas)),
            Call::Reserve => session.write(core, slot, WriteOp::Reserve),
            Call::Begin(begin) => session.begin(core, &begin),
            Call::Commit { ts, durable: _ } => session.commit(core, ts),
            Call::Rollback => session.rollback(core),
            Call::TimestampTransaction(which, ts) => session.timestamp_transaction(core, which, ts),
            Call::ResetSnapshot => session.reset_snapshot(core),
            Call::Query(what) => return self.query(index, what),
            Call::SetTimestamp { oldest, stable, durable: _ } => self.set_timestamp(oldest, stable),
            Call::Prepare(_)
            | Call::Truncate { .. }
            | Call::TruncateTable { .. }
            | Call::RollbackToStable
            | Call::Recreate { .. } => Code::NotSupported,
        })
    }

    /// A random cursor only jumps, resets and closes. What else it is asked for does not fail the transaction.
    fn is_refused_by_random(&self, first: usize, who: Who, call: &Call<'_>) -> bool {
        let refused = matches!(
            call,
            Call::Search
                | Call::SearchNear
                | Call::Prev
                | Call::Insert
                | Call::Update
                | Call::Remove
                | Call::Modify(_)
                | Call::Reserve
                | Call::Bound { .. }
                | Call::ClearBounds
                | Call::Compare { .. }
                | Call::Equals { .. }
        );
        refused && self.cursor(first, who).is_some_and(|cursor| cursor.config.random)
    }

    fn cursor(&self, first: usize, who: Who) -> Option<&Cursor> {
        self.sessions[first + usize::from(who.session)].cursor(usize::from(who.cursor))
    }

    fn key_of(&self, first: usize, who: Who) -> Option<&Key> {
        self.cursor(first, who)?.key().get()
    }

    fn duplicate(&mut self, first: usize, who: Who, from: Who) -> Code {
        let source = self.cursor(first, from);
        match source.and_then(|source| Some((source.key().get()?.clone(), source.table))) {
            Some((key, table)) => {
                let session = &mut self.sessions[first + usize::from(who.session)];
                session.duplicate(&mut self.core, usize::from(who.cursor), table, &key)
            }
            // It is the source that lacks something, and its transaction that fails.
            None => self.sessions[first + usize::from(from.session)].noted(Code::Invalid),
        }
    }

    fn compare(&mut self, first: usize, who: Who, with: Who, answer: impl Fn(Ordering) -> i8) -> Answer {
        match (self.key_of(first, who), self.key_of(first, with)) {
            (Some(left), Some(right)) => Answer { exact: answer(left.cmp(right)), ..Answer::code(Code::Ok) },
            _ => Answer::code(self.sessions[first + usize::from(who.session)].noted(Code::Invalid)),
        }
    }

    fn query(&self, session: usize, what: TimestampQuery) -> Answer {
        let timestamp = match what {
            TimestampQuery::AllDurable => Some(self.core.all_durable()),
            TimestampQuery::Oldest => Some(self.core.timestamps.oldest),
            TimestampQuery::OldestReader => Some(self.core.oldest_reader()),
            TimestampQuery::Pinned => Some(self.core.pinned()),
            TimestampQuery::Stable => Some(self.core.timestamps.stable),
            TimestampQuery::Read => self.sessions[session].read_ts(),
            TimestampQuery::Prepare => None,
        };
        match timestamp {
            Some(timestamp) => Answer { timestamp, ..Answer::code(Code::Ok) },
            None => Answer::code(Code::Invalid),
        }
    }

    fn set_timestamp(&mut self, oldest: Option<u64>, stable: Option<u64>) -> Code {
        let before = self.core.timestamps.oldest;
        let code = self.core.timestamps.set(oldest, stable);
        if self.core.timestamps.oldest != before {
            let horizon = self.core.horizon();
            for table in &mut self.core.tables {
                if let Table::Plain(tree) = table {
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
