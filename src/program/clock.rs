//! The running clock of a program: what its timestamps are relative to, as far as it can be told from the steps alone.
//! Decoding, encoding and generating follow the same clock, so that their timestamps mean the same.

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
    txns: [Txn; Config::MAX_SESSIONS as usize],
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
}

impl Clock {
    pub fn new() -> Self {
        Clock { now: 0, oldest: 0, stable: 0, txns: [Txn::Idle; Config::MAX_SESSIONS as usize] }
    }

    /// The transaction of a session.
    #[inline]
    pub fn txn(&self, session: u8) -> Txn {
        self.txns[usize::from(session % Config::MAX_SESSIONS)]
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
                if self.txns[session] == Txn::Idle {
                    let isolation = isolation.unwrap_or(config.isolation_of(step.who.session));
                    let snapshot = isolation == Isolation::Snapshot || read_ts.is_some();
                    self.txns[session] = if snapshot { Txn::Snapshot } else { Txn::Lower };
                }
            }
            Op::Commit { ts } => {
                self.txns[session] = Txn::Idle;
                self.advance(ts.unwrap_or(0));
            }
            Op::Rollback => self.txns[session] = Txn::Idle,
            Op::TimestampTransaction { which: TxnTimestamp::Commit, ts } => self.advance(*ts),
            Op::SetTimestamp { oldest, stable } => self.age(oldest.unwrap_or(0), stable.unwrap_or(0)),
            Op::Advance { oldest, stable } => self.age(*oldest, *stable),
            op => self.advance(op.write_ts()),
        }
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
