//! Keeps the application's log: asks the model what a call is about to commit, and writes it down once that is done. A
//! write outside a transaction is a transaction of its own, without a timestamp.

use super::lockstep::Lockstep;
use super::log::Update;
use super::observer::Observer;
use crate::backend::{
    Backend, Begin, Call, Code, CursorConfig, IgnorePrepare, Key, Timestamp, TimestampQuery, TxnTimestamp, Value, Who,
};
use crate::oracle::Model;
use crate::oracle::model::Update as Written;
use crate::program::Config;

/// The timestamps that the running transactions were given on their way, 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamps {
    commit: [Timestamp; Config::MAX_SESSIONS as usize],
    durable: [Timestamp; Config::MAX_SESSIONS as usize],
}

impl Stamps {
    fn begin(&mut self, session: u8) {
        self.commit[usize::from(session)] = 0;
        self.durable[usize::from(session)] = 0;
    }

    fn set(&mut self, session: u8, which: TxnTimestamp, ts: Timestamp) {
        match which {
            TxnTimestamp::Commit => self.commit[usize::from(session)] = ts,
            TxnTimestamp::Durable => self.durable[usize::from(session)] = ts,
            TxnTimestamp::Prepare | TxnTimestamp::Read => {}
        }
    }
}

/// What a call is about to do to what is committed.
pub(super) enum Pending {
    Nothing,
    /// A transaction begins.
    Begin {
        session: u8,
    },
    /// A transaction is given a timestamp.
    Stamp {
        session: u8,
        which: TxnTimestamp,
        ts: Timestamp,
    },
    /// These updates are committed.
    Commit(Vec<Update>),
    /// The record of a key is written outside a transaction.
    Write {
        table: u8,
        key: Key,
    },
    /// Records are removed outside a transaction: the committed ones of each table are these now.
    Truncate(Vec<Vec<(Key, Value)>>),
    /// The timestamps of the nodes move.
    Move {
        oldest: Option<Timestamp>,
        stable: Option<Timestamp>,
    },
    /// A table becomes empty.
    Recreate {
        table: u8,
    },
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// What `call` is about to do, if that has to be known.
    pub(super) fn about_to_commit(&mut self, who: Who, call: Call<'_>) -> Pending {
        let (Some(_), Some(model)) = (&self.log, &mut self.model) else {
            return Pending::Nothing;
        };
        let outside = !self.sessions.is_running(who.session);
        let session = who.session;
        match call {
            Call::Begin(_) => Pending::Begin { session },
            Call::TimestampTransaction(which, ts) => Pending::Stamp { session, which, ts },
            Call::Commit { ts, durable } => {
                let commit = ts.unwrap_or(self.stamps.commit[usize::from(session)]);
                let durable = durable.unwrap_or(self.stamps.durable[usize::from(session)]);
                Pending::Commit(match self.sessions.is_prepared(session) {
                    true => prepared_updates(model, session, commit, durable),
                    false => updates(model, session, commit),
                })
            }
            Call::Insert | Call::Update | Call::Remove if outside => {
                let table = self.sessions.config(who).table;
                let state = model.call(who, Call::State);
                state.key.get().cloned().map_or(Pending::Nothing, |key| Pending::Write { table, key })
            }
            Call::Truncate { .. } | Call::TruncateTable { .. } if outside => {
                Pending::Truncate(self.committed_records())
            }
            Call::SetTimestamp { oldest, stable, .. } => Pending::Move { oldest, stable },
            Call::Recreate { table } => Pending::Recreate { table },
            _ => Pending::Nothing,
        }
    }

    /// The call has answered `code`.
    pub(super) fn has_committed(&mut self, pending: Pending, code: Code) {
        if code != Code::Ok {
            return;
        }
        let updates = match pending {
            Pending::Nothing => return,
            Pending::Begin { session } => return self.stamps.begin(session),
            Pending::Stamp { session, which, ts } => return self.stamps.set(session, which, ts),
            Pending::Commit(updates) => updates,
            Pending::Write { table, key } => {
                let observer = self.program.config.sessions;
                let value = self.model.as_ref().and_then(|model| model.peek(observer, table, &key));
                vec![untimestamped(table, key, value)]
            }
            Pending::Truncate(before) => removed(before, self.committed_records()),
            Pending::Move { oldest, stable } => {
                if let Some(log) = &mut self.log {
                    log.moved(oldest, stable);
                }
                return;
            }
            Pending::Recreate { table } => {
                if let Some(log) = &mut self.log {
                    log.recreated(table);
                }
                return;
            }
        };
        if let Some(log) = &mut self.log {
            log.committed(updates);
        }
    }

    /// The committed records of every table.
    fn committed_records(&mut self) -> Vec<Vec<(Key, Value)>> {
        (0..self.program.config.tables).map(|table| self.committed(table, None)).collect()
    }

    /// The committed records of a table, as the model knows them; those at a timestamp, if there is one. Seen through the
    /// session that no program knows.
    pub(super) fn committed(&mut self, table: u8, read_ts: Option<Timestamp>) -> Vec<(Key, Value)> {
        let session = self.program.config.sessions;
        self.model.as_mut().map_or_else(Vec::new, |model| records(model, Who { session, cursor: 0 }, table, read_ts))
    }
}

/// The records of a table that `who`, which no program knows, reads in a transaction of its own.
pub(super) fn records(
    backend: &mut impl Backend,
    who: Who,
    table: u8,
    read_ts: Option<Timestamp>,
) -> Vec<(Key, Value)> {
    backend.tell(who, Call::Open(CursorConfig { table, ..CursorConfig::default() }));
    backend.tell(who, Call::Begin(Begin { read_ts, ignore_prepare: IgnorePrepare::ReadOnly, ..Begin::default() }));
    let mut records: Vec<(Key, Value)> = Vec::new();
    loop {
        let reply = backend.call(who, Call::Next);
        let (Code::Ok, Some(key), Some(value)) = (reply.code, reply.key.get(), reply.value.get()) else { break };
        if records.last().is_some_and(|(last, _)| last >= key) {
            break; // what does not ascend need not end
        }
        records.push((key.clone(), value.clone()));
    }
    backend.tell(who, Call::Rollback);
    backend.tell(who, Call::Close);
    records
}

/// What is in `before` and not in `after`, as removals.
fn removed(before: Vec<Vec<(Key, Value)>>, after: Vec<Vec<(Key, Value)>>) -> Vec<Update> {
    let mut updates = Vec::new();
    for (table, (before, after)) in (0..).zip(before.into_iter().zip(after)) {
        let gone = before.into_iter().filter(|(key, _)| after.binary_search_by(|(other, _)| other.cmp(key)).is_err());
        updates.extend(gone.map(|(key, _)| untimestamped(table, key, None)));
    }
    updates
}

fn untimestamped(table: u8, key: Key, value: Option<Value>) -> Update {
    Update { table, key, value, start: 0, durable: 0, stamped: false }
}

/// The updates of a session's transaction, if it commits at `commit` (0: without a timestamp).
fn updates(model: &Model, session: u8, commit: Timestamp) -> Vec<Update> {
    let updates = model.updates_of(session).into_iter();
    let logged = updates.map(|Written { table, key, value, stamp }| {
        let start = if stamp == 0 { commit } else { stamp };
        Update { table, key, value, start, durable: start, stamped: stamp != 0 }
    });
    logged.collect()
}

/// The same for a prepared transaction: all of it happens at one time, not before it was prepared.
fn prepared_updates(model: &mut Model, session: u8, commit: Timestamp, durable: Timestamp) -> Vec<Update> {
    let who = Who { session, cursor: 0 };
    let start = commit.max(model.call(who, Call::Query(TimestampQuery::Prepare)).timestamp);
    let updates = model.updates_of(session).into_iter();
    let logged =
        updates.map(|Written { table, key, value, .. }| Update { table, key, value, start, durable, stamped: false });
    logged.collect()
}
