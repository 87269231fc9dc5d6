//! Hears what a program asks of the model and writes down what it does to the tables.

use crate::backend::{
    Begin, Call, Code, Format, IgnorePrepare, Isolation, Key, Reply, Timestamp, TxnTimestamp, Value, Who,
};
use crate::program::{Config, Op, Step};
use crate::run::{Observer, Physical};
use crate::workload::Operation;
use std::collections::BTreeMap;

/// The index of an end that is open: the last key that there can be, and stands for itself.
const OPEN_STOP: u64 = u64::MAX;
/// The index of the first key that there can be.
pub(super) const OPEN_START: u64 = u64::MAX - 1;

/// A line. The keys and values of operations are indices still.
pub(super) enum Item {
    Op(Operation),
    /// Something that was to be said and could not.
    LeftOut(String),
    Comment(String),
}

/// A cursor, as far as its next write depends on it.
#[derive(Clone, Debug, Default)]
struct Slot {
    table: u8,
    overwrite: bool,
    key: Option<Key>,
    value: Option<Value>,
}

/// A transaction that runs.
#[derive(Clone, Copy, Debug, Default)]
struct Txn {
    number: u64,
    /// It sees what any transaction of a workload would see.
    ordinary: bool,
    prepared: bool,
    prepare_ts: Timestamp,
    commit_ts: Timestamp,
    durable_ts: Timestamp,
}

/// Writes a run down.
pub(super) struct Scribe {
    pub items: Vec<Item>,
    /// The keys and the values that occur, each once.
    pub keys: Vec<Key>,
    pub values: Vec<Value>,
    /// How many calls changed nothing and were left out.
    pub reads: u64,
    format: Format,
    key_index: BTreeMap<Key, u64>,
    value_index: BTreeMap<Value, u64>,
    step: usize,
    slots: BTreeMap<(u8, u8), Slot>,
    running: BTreeMap<u8, Txn>,
    /// How many transactions there were.
    txns: u64,
    /// The workload's table for each of the program's that was created anew.
    renewed: BTreeMap<u8, u64>,
    last_renewed: u64,
}

/// An operation that creates a table.
pub(super) fn create(table: u64, key_format: &str, value_format: &str) -> Operation {
    let (key_format, value_format) = (key_format.to_owned(), value_format.to_owned());
    Operation::CreateTable { table, name: format!("table{table}"), key_format, value_format }
}

impl Scribe {
    pub fn new(config: &Config) -> Self {
        Scribe {
            items: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            reads: 0,
            format: config.format,
            key_index: BTreeMap::new(),
            value_index: BTreeMap::new(),
            step: 0,
            slots: BTreeMap::new(),
            running: BTreeMap::new(),
            txns: 0,
            renewed: BTreeMap::new(),
            last_renewed: u64::from(config.tables),
        }
    }

    fn push(&mut self, op: Operation) {
        self.items.push(Item::Op(op));
    }

    /// Something that can matter and cannot be said.
    fn leave_out(&mut self, what: &str) {
        self.items.push(Item::LeftOut(format!("left out at step {}: {what}", self.step)));
    }

    fn key(&mut self, key: &Key) -> u64 {
        let next = self.keys.len() as u64;
        *self.key_index.entry(key.clone()).or_insert_with(|| {
            self.keys.push(key.clone());
            next
        })
    }

    fn value(&mut self, value: &Value) -> u64 {
        let next = self.values.len() as u64;
        *self.value_index.entry(value.clone()).or_insert_with(|| {
            self.values.push(value.clone());
            next
        })
    }

    fn table(&self, table: u8) -> u64 {
        self.renewed.get(&table).copied().unwrap_or(u64::from(table) + 1)
    }

    /// Hears a call. `reply` has the cursor's state only if that was asked for.
    fn hear(&mut self, who: Who, call: &Call<'_>, code: Code, reply: Option<&Reply>) {
        let slot = self.slots.get(&(who.session, who.cursor)).cloned().unwrap_or_default();
        match *call {
            Call::Insert | Call::Update | Call::Modify(_) | Call::Remove | Call::Reserve => {
                self.write(who.session, call, code, &slot, reply);
            }
            Call::Search => self.search(who.session, code, &slot),
            Call::Truncate { start, stop } => self.truncate_between(who.session, code, start, stop),
            Call::TruncateTable { table } => self.truncate(who.session, code, table, None, None),
            Call::Begin(begin) if code == Code::Ok => self.begin(who.session, &begin),
            Call::Commit { ts, durable } => self.commit(who.session, code, ts, durable),
            Call::Prepare(ts) if code == Code::Ok => self.prepare(who.session, ts),
            Call::Rollback if code == Code::Ok => self.end(who.session, |txn| Operation::RollbackTransaction { txn }),
            Call::TimestampTransaction(which, ts) if code == Code::Ok => self.stamp(who.session, which, ts),
            Call::SetTimestamp { oldest, stable, durable } if code == Code::Ok => self.set(oldest, stable, durable),
            Call::RollbackToStable if code == Code::Ok => self.push(Operation::RollbackToStable),
            Call::Recreate { table } if code == Code::Ok => self.recreate(table),
            Call::ResetSnapshot if code == Code::Ok => self.leave_out("reset_snapshot"),
            Call::Next | Call::Prev | Call::SearchNear => self.reads += 1,
            _ => {}
        }
        self.follow(who, call, reply);
    }

    /// Keeps up with the state of the cursor.
    fn follow(&mut self, who: Who, call: &Call<'_>, reply: Option<&Reply>) {
        let slot = self.slots.entry((who.session, who.cursor)).or_default();
        match *call {
            Call::Open(config) => *slot = Slot { table: config.table, overwrite: config.overwrite, ..Slot::default() },
            Call::Duplicate { from } => {
                let source = self.slots.get(&(from.session, from.cursor)).cloned().unwrap_or_default();
                let copy = Slot { overwrite: true, ..source };
                self.slots.insert((who.session, who.cursor), copy);
            }
            Call::Reconfigure { overwrite } => slot.overwrite = overwrite,
            Call::SetKey(key) => slot.key = Some(key.clone()),
            Call::SetValue(value) => slot.value = Some(value.clone()),
            _ => {}
        }
        if let Some(reply) = reply.filter(|_| call.is_on_cursor()) {
            let slot = self.slots.entry((who.session, who.cursor)).or_default();
            (slot.key, slot.value) = (reply.key.get().cloned(), reply.value.get().cloned());
        }
    }

    // ---- transactions

    fn begin(&mut self, session: u8, begin: &Begin) {
        self.txns += 1;
        let number = self.txns;
        let mut odd = Vec::new();
        if begin.isolation.is_some_and(|isolation| isolation != Isolation::Snapshot) {
            odd.push("isolation");
        }
        if begin.read_ts.is_some() {
            odd.push("read_timestamp");
        }
        if begin.no_timestamp {
            odd.push("no_timestamp");
        }
        if begin.ignore_prepare != IgnorePrepare::No {
            odd.push("ignore_prepare");
        }
        if begin.roundup_prepared {
            odd.push("roundup_timestamps");
        }
        if !odd.is_empty() {
            self.leave_out(&format!("{} of transaction {number}, and what only that makes it see", odd.join(", ")));
        }
        self.running.insert(session, Txn { number, ordinary: odd.is_empty(), ..Txn::default() });
        self.push(Operation::BeginTransaction { txn: number });
    }

    fn prepare(&mut self, session: u8, ts: Option<Timestamp>) {
        if let Some(txn) = self.running.get_mut(&session) {
            txn.prepared = true;
            let op = Operation::PrepareTransaction { txn: txn.number, prepare_ts: ts.unwrap_or(txn.prepare_ts) };
            self.push(op);
        }
    }

    fn stamp(&mut self, session: u8, which: TxnTimestamp, ts: Timestamp) {
        let Some(txn) = self.running.get_mut(&session) else {
            return;
        };
        match which {
            TxnTimestamp::Commit => {
                txn.commit_ts = ts;
                let (number, prepared) = (txn.number, txn.prepared);
                if !prepared {
                    self.push(Operation::SetCommitTimestamp { txn: number, commit_ts: ts });
                }
            }
            TxnTimestamp::Durable => txn.durable_ts = ts,
            TxnTimestamp::Prepare => txn.prepare_ts = ts,
            TxnTimestamp::Read if txn.prepared => {}
            TxnTimestamp::Read => {
                txn.ordinary = false;
                self.leave_out("a read timestamp");
            }
        }
    }

    fn commit(&mut self, session: u8, code: Code, ts: Option<Timestamp>, durable: Option<Timestamp>) {
        let Some(&Txn { prepared, commit_ts, durable_ts, .. }) = self.running.get(&session) else {
            return;
        };
        match (code, prepared) {
            (Code::Ok, true) => {
                let (commit_ts, durable_ts) = (ts.unwrap_or(commit_ts), durable.unwrap_or(durable_ts));
                self.end(session, |txn| Operation::CommitTransaction { txn, commit_ts, durable_ts });
            }
            (Code::Ok, false) => {
                let commit_ts = ts.unwrap_or(0);
                self.end(session, |txn| Operation::CommitTransaction { txn, commit_ts, durable_ts: 0 });
            }
            // It stays prepared.
            (_, true) => self.leave_out(&format!("a commit that fails ({code})")),
            (_, false) => {
                self.leave_out(&format!("a commit that fails ({code}), and so rolls back"));
                self.end(session, |txn| Operation::RollbackTransaction { txn });
            }
        }
    }

    fn end(&mut self, session: u8, op: impl FnOnce(u64) -> Operation) {
        if let Some(txn) = self.running.remove(&session) {
            self.push(op(txn.number));
        }
    }

    /// Does something in the session's transaction, or in one of its own.
    fn within(&mut self, session: u8, code: Code, op: impl FnOnce(u64) -> Operation) {
        if let Some(txn) = self.running.get(&session) {
            let txn = txn.number;
            return self.push(op(txn));
        }
        self.begin(session, &Begin::default());
        let txn = self.txns;
        self.push(op(txn));
        self.running.remove(&session);
        self.push(match code {
            Code::Ok => Operation::CommitTransaction { txn, commit_ts: 0, durable_ts: 0 },
            _ => Operation::RollbackTransaction { txn },
        });
    }

    // ---- records

    /// Whether the transaction of a session, if it has one, sees and does what one of a workload would.
    fn is_ordinary(&self, session: u8) -> bool {
        self.running.get(&session).is_none_or(|txn| txn.ordinary && !txn.prepared)
    }

    fn write(&mut self, session: u8, call: &Call<'_>, code: Code, slot: &Slot, reply: Option<&Reply>) {
        let said = match code {
            Code::Ok => true,
            Code::Rollback => self.is_ordinary(session),
            // A remove looks for its record in any case; others that look are writes without overwrite.
            Code::NotFound => matches!(call, Call::Remove) && self.is_ordinary(session),
            _ => false,
        };
        let after = |field: fn(&Reply) -> Option<&Value>| reply.and_then(field).cloned();
        // An append cursor numbers its record itself.
        let appended = after(|reply| reply.key.get()).filter(|_| code == Code::Ok && matches!(call, Call::Insert));
        let key = appended.or_else(|| slot.key.clone());
        let value = match call {
            Call::Modify(_) => after(|reply| reply.value.get()).or_else(|| slot.value.clone()),
            _ => slot.value.clone(),
        };
        let Some(key) = key.filter(|_| said) else {
            self.reads += 1;
            return;
        };
        if matches!(call, Call::Reserve) {
            return self.leave_out("reserve");
        }
        let (table, key) = (self.table(slot.table), self.key(&key));
        if matches!(call, Call::Remove) {
            return self.within(session, code, |txn| Operation::Remove { table, txn, key });
        }
        let value = self.value(&value.unwrap_or_else(|| Value::new(&[0])));
        self.within(session, code, |txn| Operation::Insert { table, txn, key, value });
    }

    fn search(&mut self, session: u8, code: Code, slot: &Slot) {
        let says = matches!(code, Code::Ok | Code::NotFound | Code::PrepareConflict);
        match (&slot.key, self.running.get(&session)) {
            (Some(key), Some(txn)) if says && txn.ordinary && !txn.prepared => {
                let (table, txn, key) = (self.table(slot.table), txn.number, self.key(&key.clone()));
                self.push(Operation::Get { table, txn, key });
            }
            _ => self.reads += 1,
        }
    }

    fn truncate_between(&mut self, session: u8, code: Code, start: Option<u8>, stop: Option<u8>) {
        let slot = |cursor: Option<u8>| self.slots.get(&(session, cursor?)).cloned();
        let (start, stop) = (slot(start), slot(stop));
        let Some(table) = start.as_ref().or(stop.as_ref()).map(|slot| slot.table) else {
            return;
        };
        self.truncate(session, code, table, start.and_then(|slot| slot.key), stop.and_then(|slot| slot.key));
    }

    fn truncate(&mut self, session: u8, code: Code, table: u8, start: Option<Key>, stop: Option<Key>) {
        let said = code == Code::Ok || (code == Code::Rollback && self.is_ordinary(session));
        if !said {
            self.reads += 1;
            return;
        }
        let table = self.table(table);
        let start = start.map_or(OPEN_START, |key| self.key(&key));
        let stop = stop.map_or(OPEN_STOP, |key| self.key(&key));
        self.within(session, code, |txn| Operation::Truncate { table, txn, start, stop });
    }

    // ---- the node

    fn set(&mut self, oldest: Option<Timestamp>, stable: Option<Timestamp>, durable: Option<Timestamp>) {
        // Oldest may not pass stable, so stable goes first.
        if let Some(stable_ts) = stable {
            self.push(Operation::SetStableTimestamp { stable_ts });
        }
        if let Some(oldest_ts) = oldest {
            self.push(Operation::SetOldestTimestamp { oldest_ts });
        }
        if durable.is_some() {
            self.leave_out("the durable timestamp of the node");
        }
    }

    /// A workload cannot drop a table: another one takes its place.
    fn recreate(&mut self, table: u8) {
        self.last_renewed += 1;
        self.renewed.insert(table, self.last_renewed);
        let (key_format, value_format) = super::formats(self.format);
        self.items.push(Item::Comment(format!("step {}: table {} is created anew", self.step, u64::from(table) + 1)));
        self.push(create(self.last_renewed, key_format, value_format));
    }

    /// Evicts the pages of all tables: there is one each.
    fn evict(&mut self) {
        let tables: std::collections::BTreeSet<u8> = self.slots.values().map(|slot| slot.table).collect();
        for table in tables {
            let table = self.table(table);
            self.push(Operation::Evict { table, key: OPEN_START });
        }
    }
}

impl Observer for Scribe {
    const LISTENS: bool = true;

    fn before(&mut self, index: usize, step: &Step) {
        self.step = index;
        match &step.op {
            Op::Restart { .. } => self.leave_out("the restart of a node, which is given back what it loses"),
            Op::StepUp { .. } | Op::StepDown => self.leave_out("a change of roles"),
            _ => {}
        }
    }

    fn answered(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        self.hear(who, call, reply.code, Some(reply));
    }

    fn told(&mut self, who: Who, call: &Call<'_>, code: Code) {
        self.hear(who, call, code, None);
    }

    fn physical(&mut self, event: Physical) {
        match event {
            Physical::Checkpoint => self.push(Operation::Checkpoint { name: None }),
            Physical::Evict(_) | Physical::Prune => self.evict(),
            Physical::Adopt => {}
        }
    }
}
