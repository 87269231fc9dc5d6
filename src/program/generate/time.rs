//! Transactions, timestamps, and the events that age data.

use super::Generator;
use crate::backend::{IgnorePrepare, Isolation, Timestamp, TimestampQuery, TxnTimestamp};
use crate::program::clock::Txn;
use crate::program::ops::{Op, OpKind};

impl Generator {
    pub(super) fn begin(&mut self) -> Op {
        let flavour = self.begin_flavour();
        let isolation = match flavour {
            1 => Isolation::ReadCommitted,
            2 => Isolation::ReadUncommitted,
            _ => Isolation::Snapshot,
        };
        let usual = self.config.isolation_of(self.who.session);
        let isolation = (self.mix.orderly || isolation != usual || self.dice.percent(50)).then_some(isolation);
        let read_ts = if flavour == 3 { self.read_ts() } else { None };
        let (roundup, no_timestamp) = if self.mix.orderly {
            (false, false)
        } else {
            (self.dice.percent(if read_ts.is_some() { 15 } else { 2 }), self.dice.percent(3))
        };
        let (ignore_prepare, roundup_prepared) = self.about_prepare();
        Op::Begin { isolation, read_ts, roundup, no_timestamp, ignore_prepare, roundup_prepared }
    }

    /// What a transaction does about prepared records, and whether its own prepare may round timestamps up.
    fn about_prepare(&mut self) -> (IgnorePrepare, bool) {
        if self.mix.orderly {
            return (IgnorePrepare::No, false);
        }
        let ignores = if self.plan.prepared().next().is_some() { 15 } else { 3 };
        let ignore = match self.dice.percent(ignores) {
            false => IgnorePrepare::No,
            true if self.dice.percent(50) => IgnorePrepare::ReadOnly,
            true => IgnorePrepare::Force,
        };
        (ignore, self.dice.percent(if self.is_on(OpKind::Prepare) { 8 } else { 1 }))
    }

    /// The index into the weights of what begins.
    fn begin_flavour(&mut self) -> usize {
        let unfinished = self.plan.writer_beside(self.who.session).is_some();
        // There is more to see at read-uncommitted while another session has not committed yet.
        if !self.mix.orderly && unfinished && self.dice.percent(8) {
            return 2;
        }
        self.dice.weighted(&self.mix.begin)
    }

    /// The timestamp of a commit: after all so far, or now and then at a timestamp that somebody reads at, or just
    /// below. That is allowed above stable; what the reader sees must not change.
    pub(super) fn commit_ts(&mut self) -> Timestamp {
        let clock = &self.plan.clock;
        let next = clock.next();
        if self.mix.orderly {
            return next;
        }
        let Some(read) = self.plan.newest_reader().filter(|&read| read > clock.stable && read <= next) else {
            return next;
        };
        // Further back the key is likely to have a newer version, which forbids it.
        let percent = if read >= clock.now { 25 } else { 4 };
        if !self.dice.percent(percent) {
            return next;
        }
        let just_below = read - 1 > self.plan.clock.stable && self.dice.percent(20);
        read - u64::from(just_below)
    }

    /// A timestamp that may be read, if there is any; now and then one that may not.
    pub(super) fn read_ts(&mut self) -> Option<Timestamp> {
        let clock = &self.plan.clock;
        if !self.mix.orderly && self.dice.percent(5) {
            let odd = [clock.oldest.saturating_sub(1), clock.oldest, clock.stable, clock.now + 10, 0];
            return Some(odd[self.dice.index(odd.len())]);
        }
        // Just in the future: what is committed next has the timestamp that is read.
        if !self.mix.orderly && clock.now > 0 && self.dice.percent(4) {
            return Some(clock.next());
        }
        // WiredTiger's test reads in the past only once there is an oldest timestamp.
        let none = if self.mix.orderly { clock.oldest == 0 } else { clock.now == 0 };
        let back = self.dice.bits();
        (!none).then(|| clock.readable(back.into())).filter(|&ts| ts != 0)
    }

    /// A commit: with a timestamp if there is something to commit.
    pub(super) fn commit(&mut self) -> Op {
        if self.is_prepared(self.who.session) {
            let commit = self.commit_prepared(self.who.session, self.plan.clock.stable);
            self.age_below(&commit);
            return commit;
        }
        if self.prepares_first() {
            return self.prepare();
        }
        let stamp = match self.plan.clock.txn(self.who.session) {
            Txn::Idle | Txn::Prepared => 50,
            Txn::Lower => 2 * u32::from(!self.mix.orderly),
            Txn::Snapshot if self.plan.txn(self.who.session).wrote => 100 - 2 * u32::from(!self.mix.orderly),
            Txn::Snapshot => 30 * u32::from(!self.mix.orderly),
        };
        let stamped = self.dice.percent(stamp);
        Op::Commit { ts: stamped.then(|| self.commit_ts()), durable: None }
    }

    pub(super) fn stamp(&mut self) -> Op {
        let own = self.plan.txn(self.who.session);
        if self.is_prepared(self.who.session) {
            return self.stamp_prepared();
        }
        if own.commit_ts.is_none() && self.is_on(OpKind::Prepare) && self.dice.percent(20) {
            return Op::TimestampTransaction { which: TxnTimestamp::Prepare, ts: self.prepare_ts() };
        }
        if self.dice.percent(1) {
            return Op::TimestampTransaction { which: TxnTimestamp::Durable, ts: self.plan.clock.next() };
        }
        let reads = own.read_ts.is_some();
        if self.dice.percent(if reads { 95 } else { 60 }) {
            return Op::TimestampTransaction { which: TxnTimestamp::Commit, ts: self.commit_ts() };
        }
        let ts = self.read_ts().unwrap_or(self.plan.clock.now);
        Op::TimestampTransaction { which: TxnTimestamp::Read, ts }
    }

    pub(super) fn query(&mut self) -> TimestampQuery {
        use TimestampQuery::*;
        if self.plan.clock.txn(self.who.session) != Txn::Idle && self.dice.percent(40) {
            return if self.dice.percent(25) { Prepare } else { Read };
        }
        [AllDurable, Oldest, OldestReader, Pinned, Stable, Read, Prepare]
            [self.dice.weighted(&[20, 10, 10, 10, 10, 2, 1])]
    }

    /// A stable timestamp: now, or some way back to the one so far.
    pub(super) fn stable(&mut self, lagging: u32) -> Timestamp {
        let clock = &self.plan.clock;
        let room = clock.now.saturating_sub(clock.stable);
        if self.dice.percent(lagging) { clock.now - u64::from(self.dice.below(room as u32 + 1)) } else { clock.now }
    }

    /// An oldest timestamp one advance behind; nearly always low enough for those who read in the past.
    pub(super) fn oldest(&mut self) -> Timestamp {
        let oldest = self.plan.clock.lagging_oldest();
        match self.plan.oldest_reader() {
            Some(reader) if !self.dice.percent(8) => oldest.min(reader).max(self.plan.clock.oldest),
            _ => oldest,
        }
    }

    pub(super) fn set_timestamp(&mut self) -> Op {
        let (oldest, stable) = match self.dice.weighted(&[50, 15, 30, 5]) {
            0 => (None, Some(self.stable(60))),
            1 => (Some(self.oldest()), None),
            2 => (Some(self.oldest()), Some(self.stable(60))),
            _ => (Some(u64::from(self.dice.below(self.plan.clock.now as u32 + 3))), None),
        };
        let durable = self.dice.percent(4).then(|| self.plan.clock.now.max(1));
        Op::SetTimestamp { oldest, stable, durable }
    }

    pub(super) fn advance(&mut self) -> Op {
        let lagging = if self.mix.orderly { 0 } else { 25 };
        Op::Advance { oldest: self.oldest(), stable: self.stable(lagging) }
    }

    pub(super) fn evict(&mut self) -> Op {
        let percent = if self.mix.orderly { 100 } else { [20, 40, 60, 80, 100][self.dice.index(5)] };
        let evict = Op::Evict { percent };
        if !self.mix.evict_advances {
            return evict;
        }
        self.then(self.who, evict);
        self.advance()
    }
}
