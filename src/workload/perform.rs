//! One operation on one database.

use super::database::{Database, Death};
use super::format::{TableFormat, number_of};
use super::{CrashPhase, Operation};
use crate::backend::{Begin, Call, Code, CursorConfig, IgnorePrepare, Reply, TxnTimestamp, Who};
use std::fmt;

/// What a database answers to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The return code.
    pub code: Code,
    /// The record that was read, key and value.
    pub record: Option<(u64, u64)>,
}

impl From<Code> for Answer {
    fn from(code: Code) -> Self {
        Answer { code, record: None }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some((key, value)) => write!(f, "{} {key}={value}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

/// The records of a table, and what ended the walk over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Keys and values, in the order of keys.
    pub records: Vec<(u64, u64)>,
    /// `NotFound` at the end of the table.
    pub ended: Code,
}

/// Where an operation is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The session of its transaction, or the one that has none.
    pub session: u8,
    /// Its table by order of creation, and the format of that.
    pub table: (u8, TableFormat),
    /// Whether the connection has a log.
    pub logging: bool,
}

/// Does an operation.
pub(super) fn perform(database: &mut dyn Database, op: &Operation, site: &Site) -> Answer {
    let who = Who { session: site.session, cursor: 0 };
    let given = |ts: u64| (ts != 0).then_some(ts);
    let mut call = |call: Call<'_>| database.call(who, call).code;
    match *op {
        Operation::BeginTransaction { .. } => call(Call::Begin(Begin::default())).into(),
        Operation::CommitTransaction { commit_ts, durable_ts, .. } => {
            let code = call(Call::Commit { ts: given(commit_ts), durable: given(durable_ts) });
            // The session ends here, and with it what could not be committed.
            call(Call::Rollback);
            code.into()
        }
        Operation::PrepareTransaction { prepare_ts, .. } => call(Call::Prepare(Some(prepare_ts))).into(),
        Operation::RollbackTransaction { .. } => call(Call::Rollback).into(),
        Operation::SetCommitTimestamp { commit_ts, .. } => {
            call(Call::TimestampTransaction(TxnTimestamp::Commit, commit_ts)).into()
        }
        Operation::SetOldestTimestamp { oldest_ts } => {
            call(Call::SetTimestamp { oldest: Some(oldest_ts), stable: None, durable: None }).into()
        }
        Operation::SetStableTimestamp { stable_ts } => {
            call(Call::SetTimestamp { oldest: None, stable: Some(stable_ts), durable: None }).into()
        }
        Operation::Insert { key, value, .. } => {
            let value = site.table.1.value(value);
            at_key(database, who, site, key, &[Call::SetValue(&value), Call::Insert]).code.into()
        }
        Operation::Remove { key, .. } => at_key(database, who, site, key, &[Call::Remove]).code.into(),
        Operation::Get { key, .. } => found(&at_key(database, who, site, key, &[Call::Search])),
        Operation::Truncate { start, stop, .. } => truncate(database, who, site, start, stop).into(),
        Operation::Evict { key, .. } => evict(database, who, site, key),
        Operation::CreateTable { .. } => {
            database.create_table(site.table.1.format);
            Code::Ok.into()
        }
        Operation::Checkpoint { ref name } => database.checkpoint(name.as_deref()).into(),
        Operation::Crash => crash(database, Death::Idle),
        Operation::CheckpointCrash { permille } => crash(database, Death::InCheckpoint(permille)),
        Operation::CheckpointCrashTrigger { phase } => crash(database, death_at(phase, site.logging)),
        Operation::Restart => {
            database.restart();
            Code::Ok.into()
        }
        Operation::RollbackToStable => database.rollback_to_stable().into(),
        Operation::Config { .. } | Operation::WtConfig { .. } | Operation::Breakpoint | Operation::Nop => {
            Code::Ok.into()
        }
    }
}

/// A checkpoint counts once it is committed, provided that the log says so.
fn death_at(phase: CrashPhase, logging: bool) -> Death {
    match phase {
        CrashPhase::BeforeMetadataSync if logging => Death::AfterCheckpoint,
        CrashPhase::BeforeMetadataSync | CrashPhase::BeforeCheckpointCommit => Death::InCheckpoint(1000),
    }
}

fn crash(database: &mut dyn Database, death: Death) -> Answer {
    database.crash(death);
    Code::Ok.into()
}

/// Makes calls in turn until one fails. Answers with the last reply.
fn in_turn(database: &mut dyn Database, who: Who, calls: &[Call<'_>]) -> Reply {
    let mut reply = Reply::code(Code::Ok);
    for call in calls {
        reply = database.call(who, *call);
        if reply.code != Code::Ok {
            break;
        }
    }
    reply
}

/// Makes calls with a cursor that is opened for them on the table of the site, and closed after them. The key is set
/// first.
fn at_key(database: &mut dyn Database, who: Who, site: &Site, key: u64, calls: &[Call<'_>]) -> Reply {
    let key = site.table.1.key(key);
    let open = database.call(who, Call::Open(on_table(site)));
    if open.code != Code::Ok {
        return open;
    }
    let set = database.call(who, Call::SetKey(&key));
    let reply = if set.code == Code::Ok { in_turn(database, who, calls) } else { set };
    database.call(who, Call::Close);
    reply
}

fn on_table(site: &Site) -> CursorConfig {
    CursorConfig { table: site.table.0, ..CursorConfig::default() }
}

/// The record that a cursor stands on, if it has found one.
fn found(reply: &Reply) -> Answer {
    let record = reply.key.get().zip(reply.value.get()).filter(|_| reply.code == Code::Ok);
    Answer { code: reply.code, record: record.map(|(key, value)| (number_of(key), number_of(value))) }
}

fn truncate(database: &mut dyn Database, who: Who, site: &Site, start: u64, stop: u64) -> Code {
    let ends = [(0, site.table.1.key(start)), (1, site.table.1.key(stop))];
    for (cursor, key) in &ends {
        let end = Who { cursor: *cursor, ..who };
        let code = in_turn(database, end, &[Call::Open(on_table(site)), Call::SetKey(key)]).code;
        if code != Code::Ok {
            return code;
        }
    }
    let code = database.call(who, Call::Truncate { start: Some(0), stop: Some(1) }).code;
    for (cursor, _) in ends {
        database.call(Who { cursor, ..who }, Call::Close);
    }
    code
}

/// Goes to the page of a key, past all that is prepared, and has it evicted. It does not matter what is found there, but
/// it has to be the same on all databases.
fn evict(database: &mut dyn Database, who: Who, site: &Site, key: u64) -> Answer {
    database.call(who, Call::Begin(past_prepared()));
    let near = found(&at_key(database, who, site, key, &[Call::SearchNear]));
    database.call(who, Call::Rollback);
    database.evict();
    Answer { code: Code::Ok, record: near.record }
}

fn past_prepared() -> Begin {
    Begin { ignore_prepare: IgnorePrepare::ReadOnly, ..Begin::default() }
}

/// All that is in a table, past what is prepared.
pub(super) fn scan(database: &mut dyn Database, who: Who, table: u8) -> Content {
    database.call(who, Call::Begin(past_prepared()));
    let config = CursorConfig { table, ..CursorConfig::default() };
    let mut reply = in_turn(database, who, &[Call::Open(config), Call::Next]);
    let mut records = Vec::new();
    while let Answer { code: Code::Ok, record: Some(record) } = found(&reply) {
        records.push(record);
        reply = database.call(who, Call::Next);
    }
    database.call(who, Call::Close);
    database.call(who, Call::Rollback);
    Content { records, ended: reply.code }
}
