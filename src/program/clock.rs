//! The running clock of a program: what its timestamps are relative to, as far as it can be told from the steps alone.
//! Decoding, encoding and generating follow the same clock, so that their timestamps mean the same.

use super::event::HookAction;
use super::limits;
use super::ops::Op;
use super::step::{Config, Step};
use crate::backend::{Isolation, Timestamp, TxnTimestamp};

/// The clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// The largest timestamp so far.
    pub now: Timestamp,
    /// The oldest timestamp.
    pub oldest: Timestamp,
    /// The stable timestamp.
    pub stable: Timestamp,
    /// The transaction of each session.
    txns: [Running; Config::MAX_SESSIONS as usize],
}

/// A session's transaction, as far as timestamps go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Txn {
    /// None is running.
    Idle,
    /// Snapshot isolation: it may write and take a commit timestamp.
    Snapshot,
    /// A lower isolation: it may do neither.
    Lower,
    /// Prepared: it may do nothing but end.
    Prepared,
}

/// A running transaction and the timestamps that it has, 0 for none.
#[derive(Clone, Copy, Debug)]
struct Running {
    txn: Txn,
    prepare: Timestamp,
    commit: Timestamp,
    durable: Timestamp,
}

const IDLE: Running = Running { txn: Txn::Idle, prepare: 0, commit: 0, durable: 0 };

impl Clock {
    pub fn new() -> Self {
        Clock { now: 0, oldest: 0, stable: 0, txns: [IDLE; Config::MAX_SESSIONS as usize] }
    }

    /// The transaction of a session.
    #[inline]
    pub fn txn(&self, session: u8) -> Txn {
        self.running(session).txn
    }

    /// The prepare timestamp of a session's transaction, 0 if it has none.
    pub fn prepare_ts(&self, session: u8) -> Timestamp {
        self.running(session).prepare
    }

    /// The commit and the durable timestamp that a session's transaction has been given, 0 for none.
    pub fn commit_ts(&self, session: u8) -> (Timestamp, Timestamp) {
        (self.running(session).commit, self.running(session).durable)
    }

    #[inline]
    fn running(&self, session: u8) -> &Running {
        &self.txns[usize::from(session % Config::MAX_SESSIONS)]
    }

    /// A timestamp that is larger than all so far.
    #[inline]
    pub fn next(&self) -> Timestamp {
        self.now + 1
    }

    /// A timestamp that may be read, `back` before now at most; 0 if there is none yet.
    #[inline]
    pub fn readable(&self, back: u64) -> Timestamp {
        self.now - back % (self.now.saturating_sub(self.oldest) + 1)
    }

    /// The oldest timestamp to set along with a new stable one: the stable one so far, so that it lags a step behind.
    #[inline]
    pub fn lagging_oldest(&self) -> Timestamp {
        self.stable.max(1).min(self.now)
    }

    /// Follows a step.
    #[inline]
    pub fn observe(&mut self, step: &Step, config: &Config) {
        let session = usize::from(step.who.session % Config::MAX_SESSIONS);
        match &step.op {
            Op::Begin { isolation, read_ts, .. } => {
                if self.txns[session].txn == Txn::Idle {
                    let isolation = isolation.unwrap_or(config.isolation_of(step.who.session));
                    let snapshot = isolation == Isolation::Snapshot || read_ts.is_some();
                    self.txns[session].txn = if snapshot { Txn::Snapshot } else { Txn::Lower };
                }
            }
            Op::Prepare { ts } => self.prepare(session, ts.unwrap_or(0)),
            Op::PrepareFlood { ts, .. } => {
                if self.txns[session].txn == Txn::Idle {
                    self.txns[session].txn = Txn::Snapshot;
                }
                self.prepare(session, *ts);
            }
            Op::Commit { ts, durable } => self.commit(session, ts.unwrap_or(0), durable.unwrap_or(0)),
            Op::Hook { action: HookAction::Commit, ts, .. } => {
                if self.txns[session].txn != Txn::Prepared {
                    self.commit(session, *ts, 0);
                }
            }
            Op::Rollback => self.txns[session] = IDLE,
            Op::Quiesce | Op::Restart { .. } => self.txns = [IDLE; Config::MAX_SESSIONS as usize],
            Op::TimestampTransaction { which, ts } => self.stamp(session, *which, *ts),
            Op::SetTimestamp { oldest, stable, .. } => self.age(oldest.unwrap_or(0), stable.unwrap_or(0)),
            Op::Advance { oldest, stable } => self.age(*oldest, *stable),
            op => self.advance(op.write_ts()),
        }
    }

    fn stamp(&mut self, session: usize, which: TxnTimestamp, ts: Timestamp) {
        let running = &mut self.txns[session];
        let is_running = running.txn != Txn::Idle;
        match which {
            TxnTimestamp::Commit if is_running => running.commit = ts,
            TxnTimestamp::Durable if running.txn == Txn::Prepared => running.durable = ts,
            TxnTimestamp::Prepare if is_running => running.prepare = ts,
            _ => {}
        }
        if which != TxnTimestamp::Read {
            self.advance(ts);
        }
    }

    fn prepare(&mut self, session: usize, ts: Timestamp) {
        let running = &mut self.txns[session];
        let ts = if ts == 0 { running.prepare } else { ts };
        if running.txn == Txn::Snapshot && running.commit == 0 && ts != 0 {
            running.txn = Txn::Prepared;
            running.prepare = ts;
        }
        self.advance(ts);
    }

    /// Ends a transaction, unless it is prepared and stays so because something is wrong with its timestamps.
    fn commit(&mut self, session: usize, ts: Timestamp, durable: Timestamp) {
        let running = self.txns[session];
        let commit = if ts == 0 { running.commit } else { ts };
        let durable = if durable == 0 { running.durable } else { durable };
        let fits = commit >= running.prepare && commit != 0 && durable >= commit && durable > self.stable;
        if running.txn != Txn::Prepared || fits {
            self.txns[session] = IDLE;
        }
        self.advance(ts.max(durable));
    }

    fn advance(&mut self, ts: Timestamp) {
        if ts < limits::MAX_CLOCK {
            self.now = self.now.max(ts);
        }
    }

    fn age(&mut self, oldest: Timestamp, stable: Timestamp) {
        if oldest < limits::MAX_CLOCK && stable < limits::MAX_CLOCK {
            self.oldest = self.oldest.max(oldest);
            self.stable = self.stable.max(stable);
            self.now = self.now.max(self.oldest).max(self.stable);
        }
    }
}
