//! Prepared transactions: how they come about, how they end, and who meets them on the way.

use super::Generator;
use crate::backend::{Direction, IgnorePrepare, Point, Timestamp, TxnTimestamp, Who};
use crate::program::clock::Txn;
use crate::program::ops::{Op, OpKind};

/// How often a prepared record is sought out, in percent of the steps at which there is one.
const PERCENT: u32 = 15;

impl Generator {
    /// Whether a transaction that is about to commit is prepared first.
    pub(super) fn prepares_first(&mut self) -> bool {
        let own = self.plan.txn(self.who.session);
        let able = self.plan.clock.txn(self.who.session) == Txn::Snapshot && own.wrote && own.commit_ts.is_none();
        able && self.is_on(OpKind::Prepare) && self.dice.percent(25)
    }

    /// The preparation; now and then the transaction truncates something before it.
    pub(super) fn prepare(&mut self) -> Op {
        let set_before = self.plan.clock.prepare_ts(self.who.session) != 0;
        let without = self.dice.percent(if set_before { 95 } else { 2 });
        let prepare = Op::Prepare { ts: (!without).then(|| self.prepare_ts()) };
        let able = self.plan.clock.txn(self.who.session) == Txn::Snapshot && self.affordable(OpKind::TruncateRange);
        if !able || !self.is_on(OpKind::TruncateRange) || self.dice.percent(75) {
            return prepare;
        }
        let truncate = self.truncate_range_at(0);
        self.then(self.who, truncate);
        self.then(self.who, prepare);
        self.first_of_next()
    }

    /// A prepare timestamp: above stable, or not where that is rounded up; now and then one that is wrong.
    pub(super) fn prepare_ts(&mut self) -> Timestamp {
        let roundup = self.plan.txn(self.who.session).roundup_prepared;
        let clock = &self.plan.clock;
        let low = [clock.stable, clock.oldest.saturating_sub(1), clock.stable + 1];
        if self.dice.percent(if roundup { 50 } else { 3 }) {
            return low[self.dice.index(low.len())];
        }
        let reader = self.plan.newest_reader().filter(|&read| read > self.plan.clock.stable);
        if let Some(read) = reader.filter(|_| self.dice.percent(20)) {
            return read; // who reads there does not see it, but for a newer snapshot
        }
        let now = self.plan.clock.now;
        if now > self.plan.clock.stable && self.dice.percent(20) { now } else { now + 1 }
    }

    /// The commit timestamp of a prepared transaction: at its prepare timestamp, or later.
    fn commit_ts_of_prepared(&mut self, session: u8) -> Timestamp {
        let clock = &self.plan.clock;
        let (prepare, next) = (clock.prepare_ts(session), clock.next());
        let early = if self.plan.txn(session).roundup_prepared { 15 } else { 2 };
        match self.dice.weighted(&[50, 25, 23, early]) {
            0 => next,
            1 => prepare,
            2 => prepare + u64::from(self.dice.below(next.saturating_sub(prepare) as u32 + 1)),
            _ => prepare.saturating_sub(1),
        }
    }

    /// The durable timestamp of a commit: at the commit timestamp if that is not stable yet, or later.
    fn durable_ts(&mut self, commit: Timestamp, stable: Timestamp) -> Timestamp {
        let first = commit.max(stable + 1);
        match self.dice.weighted(&[62, 35, 2, 1]) {
            0 => first,
            1 => first + u64::from(self.dice.range(1, 8)),
            2 => stable,
            _ => commit.saturating_sub(1),
        }
    }

    /// The commit of a prepared transaction, with the timestamps that it has not been given yet, when stable is what it
    /// is then.
    pub(super) fn commit_prepared(&mut self, session: u8, stable: Timestamp) -> Op {
        let (commit, durable) = self.plan.clock.commit_ts(session);
        let ts = (commit == 0 || self.dice.percent(15)).then(|| self.commit_ts_of_prepared(session));
        let commit = ts.unwrap_or(commit);
        let keeps = if durable == 0 { 2 } else { 85 };
        let durable = (!self.dice.percent(keeps)).then(|| self.durable_ts(commit, stable));
        Op::Commit { ts, durable }
    }

    /// Now and then stable catches up to what comes just before a prepared transaction is durable that has committed.
    pub(super) fn age_below(&mut self, commit: &Op) {
        let Op::Commit { durable: Some(durable), .. } = *commit else { return };
        let stable = durable.saturating_sub(1);
        if stable <= self.plan.clock.stable || !self.is_on(OpKind::Advance) || !self.dice.percent(20) {
            return;
        }
        let oldest = self.oldest().min(stable);
        self.then(Who::default(), Op::Advance { oldest, stable });
        if self.is_on(OpKind::Prune) {
            self.then(Who::default(), Op::Prune);
        }
    }

    /// A timestamp for a prepared transaction: the commit timestamp, then the durable one.
    pub(super) fn stamp_prepared(&mut self) -> Op {
        let session = self.who.session;
        let (commit, _) = self.plan.clock.commit_ts(session);
        let durable = (commit != 0) != self.dice.percent(8);
        if durable {
            let ts = self.durable_ts(commit.max(self.plan.clock.prepare_ts(session)), self.plan.clock.stable);
            return Op::TimestampTransaction { which: TxnTimestamp::Durable, ts };
        }
        Op::TimestampTransaction { which: TxnTimestamp::Commit, ts: self.commit_ts_of_prepared(session) }
    }

    pub(super) fn prepare_flood(&mut self) -> Op {
        let percent = self.dice.range(3, 40);
        let (first, count) = (self.write_index(), self.share_of_pool(percent));
        Op::PrepareFlood { first, count, ts: self.prepare_ts() }
    }

    /// The end of a prepared transaction, when stable is what it is then.
    fn resolve(&mut self, session: u8, stable: Timestamp) -> (Who, Op) {
        let rolls_back = self.dice.percent(if self.is_on(OpKind::Rollback) { 35 } else { 10 });
        let op = if rolls_back { Op::Rollback } else { self.commit_prepared(session, stable) };
        (Who { session, cursor: 0 }, op)
    }

    /// What a prepared transaction has written, and a cursor of another session that is on that table.
    pub(super) fn prepared_record(&mut self) -> Option<(u8, u16, Who)> {
        let reader = self.who.session;
        let prepared: Vec<u8> = self.plan.prepared().filter(|&other| other != reader).collect();
        if self.is_prepared(reader) || prepared.is_empty() {
            return None;
        }
        let session = prepared[self.dice.index(prepared.len())];
        let written = self.plan.written(session).len();
        let &(table, index) = self.plan.written(session).get(self.dice.index(written))?;
        let start = self.dice.below(self.config.cursors.into()) as u8;
        let mut cursors = (0..self.config.cursors).map(|turn| (start + turn) % self.config.cursors);
        let cursor = cursors.find(|&cursor| {
            let place = self.plan.place(Who { session: reader, cursor });
            place.table == table && !place.random
        })?;
        Some((session, index, Who { session: reader, cursor }))
    }

    /// The cursor of the last step, or one beside it, comes upon a prepared record.
    pub(super) fn meet_what_is_prepared(&mut self) -> Option<Op> {
        if self.plan.prepared().next().is_none() || !self.dice.percent(PERCENT) {
            return None;
        }
        let (session, index, reader) = self.prepared_record()?;
        self.who = reader;
        let idle = self.plan.clock.txn(reader.session) == Txn::Idle;
        if idle && self.is_on(OpKind::Begin) && self.dice.percent(12) {
            let ignore_prepare = if self.dice.percent(50) { IgnorePrepare::ReadOnly } else { IgnorePrepare::Force };
            let begin = self.begin();
            self.walk_to(session, index, reader, false);
            return Some(match begin {
                Op::Begin { isolation, read_ts, roundup, no_timestamp, roundup_prepared, .. } => {
                    Op::Begin { isolation, read_ts, roundup, no_timestamp, ignore_prepare, roundup_prepared }
                }
                other => other,
            });
        }
        match self.dice.weighted(&[45, 25, 22, 8]) {
            0 => self.walk_to(session, index, reader, self.plan.stops_at(reader.session, session)),
            1 => self.look_up(session, index, reader),
            2 => return Some(self.write_to(index)),
            _ => return self.draw_if_on(OpKind::Scan).or_else(|| self.draw_if_on(OpKind::NextRandom)),
        }
        Some(self.first_of_next())
    }

    /// Stands beside a prepared record, walks into it, and goes on after something has happened. Where it `stops` the
    /// walk, something may happen at that very moment.
    fn walk_to(&mut self, session: u8, index: u16, reader: Who, stops: bool) {
        let direction = self.direction();
        let present = self.plan.present(self.plan.place(reader).table);
        let neighbour = match direction {
            Direction::Next => present.to(index),
            Direction::Prev => present.from(index + 1),
        };
        let start = match neighbour {
            Some(index) => Op::Search { key: Some(self.config.pool_key(index)) },
            None => Op::Reset,
        };
        let (ahead, back) = match direction {
            Direction::Next => (Op::Next, Op::Prev),
            Direction::Prev => (Op::Prev, Op::Next),
        };
        self.then(reader, start);
        if stops && self.is_on(OpKind::Hook) && self.dice.percent(35) {
            self.then_hook(Point::Stalled, reader);
        }
        self.then(reader, ahead.clone());
        self.something_happens(session);
        let again = if self.dice.percent(60) { ahead.clone() } else { back.clone() };
        self.then(reader, again);
        if self.dice.percent(50) {
            let more = if self.dice.percent(60) { ahead } else { back };
            self.then(reader, more);
        }
    }

    /// The prepared transaction ends, data ages, a node is turned over, or nothing happens.
    fn something_happens(&mut self, session: u8) {
        let mut stable = self.plan.clock.stable;
        if self.dice.percent(30)
            && let Some(event) = self.physical_event()
        {
            if let Op::Advance { stable: to, .. } = event {
                stable = stable.max(to);
            }
            self.then(Who::default(), event);
        }
        if self.dice.percent(25)
            && let Some(event) = self.unquiet_upheaval()
        {
            self.then(Who::default(), event);
        }
        if self.dice.percent(55) {
            let (who, op) = self.resolve(session, stable);
            self.then(who, op);
        }
    }

    /// Searches for a prepared record, or beside it; perhaps once more when it is settled.
    fn look_up(&mut self, session: u8, index: u16, reader: Who) {
        let key = self.config.pool_key(index);
        let near = if self.dice.percent(50) { key.clone() } else { self.config.gap_key(index.saturating_sub(1)) };
        let op = if self.dice.percent(50) { Op::Search { key: Some(key) } } else { Op::SearchNear { key: Some(near) } };
        self.then(reader, op.clone());
        if self.dice.percent(40) {
            self.something_happens(session);
            self.then(reader, op);
        }
    }

    /// Writes to a record that somebody has prepared.
    fn write_to(&mut self, index: u16) -> Op {
        let key = self.pool_key(index);
        let ts = self.write_ts();
        match self.dice.weighted(&[40, 25, 25, 10]) {
            0 => Op::Update { value: Some(self.value(&key)), key: Some(key), ts },
            1 => Op::Insert { value: Some(self.value(&key)), key: Some(key), ts },
            2 => Op::Remove { key: Some(key), ts },
            _ => Op::Modify { key: Some(key), deltas: self.deltas(), ts },
        }
    }

    /// An operation that needs nothing, if it is on.
    fn draw_if_on(&mut self, kind: OpKind) -> Option<Op> {
        (self.is_on(kind) && self.affordable(kind)).then(|| self.operands(kind)).flatten()
    }
}
