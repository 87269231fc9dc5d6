//! Truncates, and what comes after them: writes into the gap, walks over it, searches beside it.

use super::Generator;
use crate::backend::{Key, Point, Timestamp, TxnTimestamp, Who};
use crate::program::clock::Txn;
use crate::program::ops::{Op, OpKind};
use crate::program::plan::Truncated;

/// How often the stretch that was truncated last is looked at, in percent of the steps soon after.
const PERCENT: u32 = 8;
/// How many steps are soon.
const SOON: usize = 16;

impl Generator {
    /// From key to key; in a transaction now and then at a commit timestamp that is set before, and another truncate at a
    /// later one.
    pub(super) fn truncate_range(&mut self) -> Op {
        let own = self.plan.txn(self.who.session);
        let able = self.plan.clock.txn(self.who.session) == Txn::Snapshot && own.commit_ts.is_none();
        if !able || self.mix.orderly || !self.is_on(OpKind::TimestampTransaction) || !self.dice.percent(15) {
            let ts = self.truncate_ts();
            return self.truncate_range_at(ts);
        }
        let first = self.commit_ts();
        for ts in [first, first + u64::from(self.dice.range(1, 3))] {
            self.then(self.who, Op::TimestampTransaction { which: TxnTimestamp::Commit, ts });
            let truncate = self.truncate_range_at(0);
            self.then(self.who, truncate);
        }
        self.first_of_next()
    }

    /// The timestamp of a truncate: as that of any write, or before one that may have taken records of the range away.
    fn truncate_ts(&mut self) -> Timestamp {
        let ts = self.write_ts();
        let room = ts.saturating_sub(self.plan.clock.stable + 1);
        if room == 0 || self.mix.orderly || !self.dice.percent(15) {
            return ts;
        }
        ts - u64::from(self.dice.below(room as u32 + 1))
    }

    pub(super) fn truncate_range_at(&mut self, ts: Timestamp) -> Op {
        let table = self.table(85);
        let (first, last) = self.stretch(table);
        let mut ends = [self.end_key(first), self.end_key(last)];
        if self.dice.percent(4) {
            ends.reverse();
        }
        let open = self.dice.weighted(&[80, 9, 10, 1]);
        let [first, last] = [(0, 1), (1, 2)].map(|(end, bit)| (open & bit == 0).then(|| ends[end].clone()));
        Op::TruncateRange { first, last, table, ts }
    }

    /// From cursor to cursor. Those that have no key get one first.
    pub(super) fn truncate(&mut self) -> Op {
        let table = self.plan.place(self.who).table;
        let other = Who { cursor: self.dice.below(self.config.cursors.into()) as u8, ..self.who };
        let suits = other != self.who && (self.plan.place(other).table == table || self.dice.percent(10));
        let both = suits && self.dice.percent(60);
        let (first, last) = self.stretch(table);
        let mut ends = [None, None];
        if both {
            ends = [Some((self.who, first)), Some((other, last))];
        } else if self.dice.percent(50) {
            ends[0] = Some((self.who, last));
        } else {
            ends[1] = Some((self.who, first));
        }
        for (who, index) in ends.into_iter().flatten() {
            let has_key = self.plan.place(who).has_key;
            if !has_key || self.dice.percent(50) {
                let key = self.end_key(index);
                let op = match self.dice.weighted(&[55, 30, 15]) {
                    0 => Op::Key { key },
                    1 => Op::Search { key: Some(key) },
                    _ => Op::SearchNear { key: Some(key) },
                };
                self.then(who, op);
            }
        }
        let [start, stop] = ends.map(|end| end.map(|(who, _)| who.cursor));
        let ts = self.write_ts();
        self.then(self.who, Op::Truncate { start, stop, ts });
        self.first_of_next()
    }

    /// The first and the last pool index of a stretch; mostly there is something in it.
    fn stretch(&mut self, table: u8) -> (u16, u16) {
        let keys = self.config.keys;
        let start = self.any_index();
        let present = self.plan.present(table);
        let found = if self.dice.percent(80) { present.from(start) } else { present.gap_from(start) };
        let first = found.unwrap_or(start);
        let more = if self.dice.percent(25) { 0 } else { self.dice.log_uniform(1, u32::from(keys / 3).max(1)) as u16 };
        (first, first.saturating_add(more).min(keys - 1))
    }

    /// A pool key, the gap after it, or something odd.
    fn end_key(&mut self, index: u16) -> Key {
        match self.dice.weighted(&[75, 20, 5]) {
            0 => self.config.pool_key(index),
            1 => self.config.gap_key(index),
            _ => self.stray_key(),
        }
    }

    /// Somebody does something in the stretch that was truncated last, or beside it.
    pub(super) fn meet_what_is_truncated(&mut self) -> Option<Op> {
        let truncated = self.plan.truncated.filter(|last| self.plan.index <= last.step + SOON)?;
        let suits = self.plan.place(self.who).table == truncated.table && !self.is_prepared(self.who.session);
        if !suits || !self.dice.percent(PERCENT) {
            return None;
        }
        let Truncated { first, last, .. } = truncated;
        let inside = first + self.dice.below(u32::from(last.saturating_sub(first)) + 1) as u16;
        let may_write = self.may_write(self.plan.clock.txn(self.who.session));
        match self.dice.weighted(&[30 * u32::from(may_write), 20, 30, 10, 10 * u32::from(may_write)]) {
            0 => Some(self.fill_gap(inside)),
            1 => {
                let key = self.end_key(inside);
                Some(if self.dice.percent(50) {
                    Op::Search { key: Some(key) }
                } else {
                    Op::SearchNear { key: Some(key) }
                })
            }
            2 => Some(self.walk_over(first, last)),
            3 => self.physical_event(),
            _ => {
                let is_on = self.is_on(OpKind::TruncateRange) && self.affordable(OpKind::TruncateRange);
                let ts = self.write_ts();
                let [from, to] =
                    [inside, last.saturating_add(2).min(self.config.keys - 1)].map(|index| self.config.pool_key(index));
                is_on.then_some(Op::TruncateRange { first: Some(from), last: Some(to), table: truncated.table, ts })
            }
        }
    }

    /// A record where there was one.
    fn fill_gap(&mut self, index: u16) -> Op {
        let key = self.pool_key(index);
        let value = Some(self.value(&key));
        let ts: Timestamp = self.write_ts();
        if self.dice.percent(70) {
            Op::Insert { key: Some(key), value, ts }
        } else {
            Op::Update { key: Some(key), value, ts }
        }
    }

    /// From one side of the stretch to the other and perhaps back.
    fn walk_over(&mut self, first: u16, last: u16) -> Op {
        let present = self.present();
        let (below, above) = (present.to(first), present.from(last.saturating_add(1)));
        let (start, there, back) = match (below, above) {
            (Some(below), _) => (Some(below), Op::Next, Op::Prev),
            (None, Some(above)) => (Some(above), Op::Prev, Op::Next),
            (None, None) => (None, Op::Next, Op::Prev),
        };
        let start = match start {
            Some(index) => Op::Search { key: Some(self.config.pool_key(index)) },
            None => Op::Reset,
        };
        self.then(self.who, start);
        if self.is_on(OpKind::Hook) && self.dice.percent(30) {
            self.then_hook(Point::SideMoved, self.who);
        }
        self.then(self.who, there);
        if self.dice.percent(50) {
            self.then(self.who, back);
        }
        self.first_of_next()
    }
}
