//! A session of one node as a store.
//!
//! [`NodeSession`] is the session, [`NodeCalls`] makes its calls while the node is locked: for them alone, or for calls of
//! other sessions as well.

use super::keys::{key_of, number_of, ranges};
use crate::backend::{Begin, Call, Code, CursorConfig, Delta, Direction, FIXED_ZERO, Field, Key, Timestamp};
use crate::bytes::ByteStr;
use crate::engine::{Calls, Node, SharedNode, TableId};
use crate::replay::plan::{Edit, TableKind};
use crate::replay::request::{Answer, Request};
use crate::replay::store::StoreError;
use parking_lot::MutexGuard;
use std::ops::DerefMut;
use std::sync::Arc;

/// A table of a node.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where.
    pub id: TableId,
    /// What.
    pub kind: TableKind,
}

/// What a cursor is for. Each table has one of each, as long as no other needs its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// `overwrite`: writes whether there is something or not.
    Upsert,
    /// Not `overwrite`: minds what is there. Reads, too.
    Exact,
    /// Lets the table choose the record number.
    Append,
}

const USES: u8 = 3;
/// Tables from this one on share slots with others.
const TABLES: u16 = 64;

/// Cursor slots of a session on so many tables. No more than it takes: a commit looks at all of them.
pub fn slots(tables: usize) -> u8 {
    tables.min(TABLES.into()) as u8 * USES
}

/// Records that a walk asks for at a time; then others have their turn.
const WALK: usize = 64;

/// A session of one node.
#[derive(Debug)]
pub struct NodeSession {
    name: &'static str,
    node: SharedNode,
    number: usize,
    state: State,
}

/// What a session knows of itself.
#[derive(Debug)]
struct State {
    tables: Arc<[Place]>,
    /// Per slot, the table on which its cursor is open.
    open: Vec<Option<u16>>,
    is_running: bool,
}

impl NodeSession {
    /// Session `number` of a node, none of whose cursors is to be used any more.
    pub fn new(name: &'static str, node: SharedNode, number: usize, tables: Arc<[Place]>) -> Self {
        let open = vec![None; slots(tables.len()).into()];
        let state = State { tables, open, is_running: false };
        NodeSession { name, node, number, state }
    }

    /// The node's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The node.
    pub fn node(&self) -> &SharedNode {
        &self.node
    }

    /// Waits for the node and has it for some calls.
    pub fn calls(&mut self) -> NodeCalls<'_, MutexGuard<'_, Node>> {
        NodeCalls { calls: Calls::new(self.node.lock(), self.number), state: &mut self.state }
    }

    /// Makes calls on the node, which is locked already.
    pub fn calls_on<'a>(&'a mut self, node: &'a mut Node) -> NodeCalls<'a, &'a mut Node> {
        NodeCalls { calls: Calls::new(node, self.number), state: &mut self.state }
    }
}

/// Calls of a session while the node is locked.
#[derive(Debug)]
pub struct NodeCalls<'a, N> {
    calls: Calls<N>,
    state: &'a mut State,
}

impl<N: DerefMut<Target = Node>> NodeCalls<'_, N> {
    /// Makes a call, as [`crate::replay::store::Store::serve`].
    pub fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        match request {
            Request::Begin { read_at } => self.begin(*read_at).map(|()| Answer::Done),
            Request::Insert { table, key, value } => self.insert(*table, *key, value).map(Answer::Found),
            Request::Append { table, value } => self.append(*table, value).map(Answer::Key),
            Request::Update { table, key, value } => self.update(*table, *key, value).map(|()| Answer::Done),
            Request::Remove { table, key } => self.remove(*table, *key).map(Answer::Found),
            Request::Modify { table, key, edit } => self.modify(*table, *key, edit).map(Answer::Found),
            Request::Read { table, key } => self.read(*table, *key).map(Answer::Value),
            Request::Truncate { table, first, last } => self.truncate(*table, *first, *last).map(|()| Answer::Done),
            Request::Prepare { at } => self.must("prepare", Call::Prepare(Some(*at))).map(|()| Answer::Done),
            Request::Commit { at, durable } => self.commit(*at, *durable).map(|()| Answer::Done),
            Request::Rollback { .. } => self.rollback().map(|()| Answer::Done),
        }
    }

    fn place(&self, table: u16) -> Place {
        self.state.tables[usize::from(table)]
    }

    /// Makes some calls with a cursor of a table.
    #[inline]
    fn with<R>(&mut self, table: u16, purpose: Use, work: impl FnOnce(&mut Calls<N>, TableId, u8) -> R) -> R {
        let id = self.place(table).id;
        let slot = (table % TABLES) as u8 * USES + purpose as u8;
        let (calls, open) = (&mut self.calls, &mut self.state.open[usize::from(slot)]);
        if *open != Some(table) {
            let (overwrite, append) = (purpose == Use::Upsert, purpose == Use::Append);
            let config = CursorConfig { overwrite, append, ..CursorConfig::default() };
            calls.tell(id, slot, Call::Open(config));
            *open = Some(table);
        }
        work(calls, id, slot)
    }

    /// Sets key and value of a cursor and has it write.
    fn write(&mut self, table: u16, purpose: Use, key: u64, value: Option<&ByteStr>, call: Call<'_>) -> Code {
        let key = key_of(self.place(table).kind, key);
        self.with(table, purpose, |calls, id, slot| {
            calls.tell(id, slot, Call::SetKey(&key));
            if let Some(value) = value {
                calls.tell(id, slot, Call::SetValue(value));
            }
            calls.tell(id, slot, call)
        })
    }

    /// Makes a call of the session that has to go well.
    fn must(&mut self, what: &str, call: Call<'_>) -> Result<(), StoreError> {
        let code = self.calls.session(call);
        expect(what, code, &[Code::Ok]).map(drop)
    }

    /// Begins a transaction; `read_at`: it sees what committed up to there.
    pub fn begin(&mut self, read_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.must("begin", Call::Begin(Begin { read_ts: read_at, ..Begin::default() }))?;
        self.state.is_running = true;
        Ok(())
    }

    fn insert(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<bool, StoreError> {
        if self.is_fixed(table) {
            // Records before one that was made exist, with the value 0.
            return Ok(self.read(table, key)?.is_none() && self.update(table, key, value).map(|()| true)?);
        }
        let code = self.write(table, Use::Exact, key, Some(value), Call::Insert);
        Ok(expect("insert", code, &[Code::Ok, Code::DuplicateKey])? == Code::Ok)
    }

    fn append(&mut self, table: u16, value: &ByteStr) -> Result<u64, StoreError> {
        let reply = self.with(table, Use::Append, |calls, id, slot| {
            calls.tell(id, slot, Call::SetValue(value));
            calls.call(id, slot, Call::Insert)
        });
        expect("append", reply.code, &[Code::Ok])?;
        let number = reply.key.get().and_then(|key| number_of(self.place(table).kind, key));
        number.ok_or_else(|| StoreError::Unexpected("append leaves no record number".to_owned()))
    }

    fn update(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<(), StoreError> {
        let code = self.write(table, Use::Upsert, key, Some(value), Call::Update);
        expect("update", code, &[Code::Ok]).map(drop)
    }

    fn remove(&mut self, table: u16, key: u64) -> Result<bool, StoreError> {
        if self.is_fixed(table) && self.read(table, key)?.is_none() {
            return Ok(false);
        }
        let code = self.write(table, Use::Exact, key, None, Call::Remove);
        Ok(expect("remove", code, &[Code::Ok, Code::NotFound])? == Code::Ok)
    }

    fn modify(&mut self, table: u16, key: u64, edit: &Edit) -> Result<bool, StoreError> {
        let Edit::Replace { offset, bytes } = edit else {
            return Err(StoreError::Unexpected("a number cannot be modified in part".to_owned()));
        };
        let delta = Delta { data: ByteStr::new(bytes), offset: *offset as u32, size: bytes.len() as u32 };
        let code = self.write(table, Use::Exact, key, None, Call::Modify(&[delta]));
        Ok(expect("modify", code, &[Code::Ok, Code::NotFound])? == Code::Ok)
    }

    /// A key's value.
    pub fn read(&mut self, table: u16, key: u64) -> Result<Option<ByteStr>, StoreError> {
        let key = key_of(self.place(table).kind, key);
        let reply = self.with(table, Use::Exact, |calls, id, slot| {
            calls.tell(id, slot, Call::SetKey(&key));
            calls.call(id, slot, Call::Search)
        });
        match expect("search", reply.code, &[Code::Ok, Code::NotFound])? {
            Code::Ok => self.value(table, &reply.value),
            _ => Ok(None),
        }
    }

    fn truncate(&mut self, table: u16, first: u64, last: u64) -> Result<(), StoreError> {
        for range in ranges(self.place(table).kind, first, last) {
            let (start, stop) = range.into_inner();
            if start == stop {
                let code = self.with(table, Use::Exact, |calls, id, slot| {
                    calls.tell(id, slot, Call::SetKey(&start));
                    calls.tell(id, slot, Call::Remove)
                });
                expect("remove", code, &[Code::Ok, Code::NotFound])?;
                continue;
            }
            let from = self.with(table, Use::Upsert, |calls, id, slot| {
                calls.tell(id, slot, Call::SetKey(&start));
                slot
            });
            let code = self.with(table, Use::Exact, |calls, id, slot| {
                calls.tell(id, slot, Call::SetKey(&stop));
                calls.session(Call::Truncate { start: Some(from), stop: Some(slot) })
            });
            expect("truncate", code, &[Code::Ok])?;
        }
        Ok(())
    }

    fn commit(&mut self, at: Timestamp, durable: Option<Timestamp>) -> Result<(), StoreError> {
        self.must("commit", Call::Commit { ts: Some(at), durable })?;
        self.state.is_running = false;
        Ok(())
    }

    /// Rolls the transaction back, if one is running.
    pub fn rollback(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.state.is_running) { self.must("rollback", Call::Rollback) } else { Ok(()) }
    }

    /// Moves the node's timestamps; `None`: stays.
    pub fn set_timestamp(&mut self, oldest: Option<Timestamp>, stable: Option<Timestamp>) -> Result<(), StoreError> {
        self.must("set_timestamp", Call::SetTimestamp { oldest, stable, durable: None })
    }

    /// The next records of a walk along a table in the running transaction, from the first on after [`NodeSession::reset`].
    /// Few at a time, so that others get at the node in between. Whether that was the last.
    pub fn walk(&mut self, table: u16, rows: &mut Walk) -> Result<bool, StoreError> {
        rows.has_begun = true;
        let call = if rows.direction == Direction::Next { Call::Next } else { Call::Prev };
        let mut replies = Vec::with_capacity(WALK);
        let last = self.with(table, Use::Exact, |calls, id, slot| {
            loop {
                let reply = calls.call(id, slot, call);
                let code = reply.code;
                if code != Code::Ok {
                    return Some(code);
                }
                replies.push(reply);
                if replies.len() == WALK {
                    return None;
                }
            }
        });
        for reply in replies {
            let key = reply.key.get().cloned().unwrap_or_default();
            let (out_of_order, number) = (rows.is_before(&key), number_of(self.place(table).kind, &key));
            let Some(number) = number.filter(|_| !out_of_order) else {
                return Err(StoreError::Unexpected(format!("a walk comes to key {:?} after {:?}", key, rows.last)));
            };
            rows.last = Some(key);
            rows.found.extend(self.value(table, &reply.value)?.map(|value| (number, value)));
        }
        match last {
            None => Ok(false),
            Some(code) => expect("next", code, &[Code::NotFound]).map(|_| true),
        }
    }

    /// The cursor that reads and walks gives up its place.
    pub fn reset(&mut self, table: u16) {
        self.with(table, Use::Exact, |calls, id, slot| calls.tell(id, slot, Call::Reset));
    }

    fn is_fixed(&self, table: u16) -> bool {
        matches!(self.place(table).kind, TableKind::Fixed { .. })
    }

    /// A value that was found. In fixed-length tables 0 is none.
    fn value(&self, table: u16, field: &Field) -> Result<Option<ByteStr>, StoreError> {
        let value = field.get().ok_or_else(|| StoreError::Unexpected("a record without a value".to_owned()))?;
        let is_none = self.is_fixed(table) && value.as_bytes() == FIXED_ZERO;
        Ok((!is_none).then(|| value.clone()))
    }
}

/// How far a walk has come.
#[derive(Debug)]
pub struct Walk {
    direction: Direction,
    has_begun: bool,
    last: Option<Key>,
    found: Vec<(u64, ByteStr)>,
}

impl Walk {
    /// A walk that has not begun.
    pub fn new(direction: Direction) -> Self {
        Walk { direction, has_begun: false, last: None, found: Vec::new() }
    }

    /// Whether anything was asked for.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether a key should have come before.
    fn is_before(&self, key: &Key) -> bool {
        match self.direction {
            Direction::Next => self.last.as_ref().is_some_and(|last| key <= last),
            Direction::Prev => self.last.as_ref().is_some_and(|last| key >= last),
        }
    }

    /// What was found, in the order of numbers.
    pub fn into_rows(mut self) -> Vec<(u64, ByteStr)> {
        self.found.sort_unstable_by_key(|(number, _)| *number);
        self.found
    }
}

/// A code that is one of those which may come.
fn expect(what: &str, code: Code, fine: &[Code]) -> Result<Code, StoreError> {
    match code {
        code if fine.contains(&code) => Ok(code),
        Code::Rollback => Err(StoreError::Conflict),
        code => Err(StoreError::Unexpected(format!("{what} answers {code}"))),
    }
}
