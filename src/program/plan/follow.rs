//! How the beliefs follow a step.

use super::{Place, Plan, SESSIONS, Truncated, TxnPlan};
use crate::backend::{Direction, Isolation, Key, TxnTimestamp, Value, Who};
use crate::program::clock::Txn;
use crate::program::event::HookAction;
use crate::program::limits;
use crate::program::ops::Op;
use crate::program::step::{Config, Step};

impl Plan {
    /// Follows a step. `index` is the pool index of the record that it is about, if it has one.
    pub fn observe(&mut self, step: &Step, index: Option<u16>, config: &Config) {
        let who = step.who;
        let running = self.clock.txn(who.session);
        self.clock.observe(step, config);
        self.index += 1;
        self.has_checkpoint |= matches!(step.op, Op::Checkpoint | Op::Advance { .. }) && self.clock.stable > 0;
        if matches!(step.op, Op::Advance { .. } | Op::SetTimestamp { .. }) && self.clock.stable == self.clock.now {
            self.stable.clone_from(&self.present);
        }
        self.follow_txn(step, running, config);
        self.follow_cursor(step, index);
        self.follow_stretch(step, config);
        self.follow_node(step, config);
    }

    fn follow_txn(&mut self, step: &Step, running: Txn, config: &Config) {
        let session = usize::from(step.who.session);
        let now = self.clock.txn(step.who.session);
        if now == Txn::Prepared && running != Txn::Prepared {
            // It lives on for as long as others do.
            (self.txns[session].prepared, self.txns[session].began) = (self.index, self.index);
        }
        match &step.op {
            Op::Begin { isolation, read_ts, ignore_prepare, roundup_prepared, .. } if running == Txn::Idle => {
                let isolation = isolation.unwrap_or(config.isolation_of(step.who.session));
                self.txns[session] = TxnPlan {
                    began: self.index,
                    read_ts: *read_ts,
                    uncommitted: isolation == Isolation::ReadUncommitted && read_ts.is_none(),
                    ignore_prepare: *ignore_prepare,
                    roundup_prepared: *roundup_prepared,
                    ..TxnPlan::default()
                };
                self.written[session].clear();
            }
            Op::TimestampTransaction { which: TxnTimestamp::Read, ts } => self.txns[session].read_ts = Some(*ts),
            Op::TimestampTransaction { which: TxnTimestamp::Commit, ts } if running == Txn::Snapshot => {
                self.txns[session].commit_ts = Some(*ts);
            }
            Op::Commit { .. } | Op::Hook { action: HookAction::Commit, .. } if now == Txn::Idle => self.end(session),
            Op::Rollback => {
                self.end(session);
                self.reset_session(session);
            }
            Op::Quiesce | Op::Restart { .. } => {
                for session in 0..SESSIONS {
                    self.end(session);
                    self.reset_session(session);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, session: usize) {
        self.txns[session] = TxnPlan::default();
        self.written[session].clear();
    }

    fn reset_session(&mut self, session: usize) {
        for place in &mut self.cursors[session] {
            *place = Place { at: None, key: None, has_key: false, stalled: false, ..*place };
        }
    }

    fn follow_cursor(&mut self, step: &Step, index: Option<u16>) {
        let who = step.who;
        let place = self.place(who);
        match &step.op {
            Op::Next => self.walk(who, Direction::Next),
            Op::Prev => self.walk(who, Direction::Prev),
            Op::Search { .. } => self.stand(who, index.filter(|&index| self.present(place.table).has(index))),
            Op::SearchNear { .. } => {
                let present = self.present(place.table);
                let near = index.and_then(|index| present.from(index).or_else(|| present.to(index)));
                self.stand(who, near);
            }
            Op::Insert { value, .. } => {
                self.wrote(who, index, value.as_ref());
                self.put(place.table, index);
                self.stand(who, None);
            }
            Op::Update { value, .. } => {
                self.wrote(who, index, value.as_ref());
                self.put(place.table, index);
                self.stand(who, index);
            }
            Op::Remove { key, .. } => {
                self.wrote(who, index, None);
                index.into_iter().for_each(|at| self.present_mut(place.table).clear(at));
                self.stand(who, index.filter(|_| key.is_none()));
            }
            Op::Modify { .. } => self.wrote(who, index, None),
            Op::Key { .. } => {
                let place = self.place_mut(who);
                (place.has_key, place.key) = (true, index);
            }
            Op::Value { value } => self.last_value = value.clone(),
            Op::Reset => *self.place_mut(who) = Place { random: place.random, table: place.table, ..Place::default() },
            Op::Reopen { random, table, .. } => {
                *self.place_mut(who) = Place { random: *random, table: *table, ..Place::default() };
            }
            Op::LargestKey | Op::Reconfigure { .. } => self.stand(who, None),
            Op::Bound { .. } => self.place_mut(who).bounded = true,
            Op::ClearBounds => self.place_mut(who).bounded = false,
            Op::Duplicate { from } => {
                let Place { at, table, .. } = self.place(*from);
                self.stand(who, at);
                self.place_mut(who).table = table;
            }
            Op::InsertBeside { value, .. } => {
                self.wrote(who, None, Some(value));
                self.stand(who, None);
            }
            _ => {}
        }
    }

    /// Follows what is done to a stretch of a table.
    fn follow_stretch(&mut self, step: &Step, config: &Config) {
        let who = step.who;
        let table = self.place(who).table;
        match &step.op {
            Op::BulkInsert { first, count, .. } | Op::PrepareFlood { first, count, .. } => {
                self.fill(who, *first, *count, true);
            }
            Op::BulkRemove { first, count, .. } => self.fill(who, *first, *count, false),
            Op::RemoveAll { .. } => self.fill(who, 0, config.keys, false),
            Op::TruncateAll { .. } => {
                self.truncate(who, table, 0, config.keys - 1);
                self.stand(who, None);
            }
            Op::TruncateRange { first, last, table, .. } => {
                let first = first.as_ref().map_or(Some(0), |key| first_index(key, config));
                let last = last.as_ref().map_or(Some(config.keys - 1), |key| last_index(key, config));
                if let (Some(first), Some(last)) = (first, last) {
                    self.truncate(who, *table, first, last);
                }
            }
            Op::Truncate { start, stop, .. } => {
                let ends = [*start, *stop].map(|end| end.map(|cursor| Who { cursor, ..who }));
                let index = |end: Option<Who>, open| match end {
                    Some(end) => self.place(end).key.or(self.place(end).at),
                    None => Some(open),
                };
                if let (Some(first), Some(last), Some(end)) =
                    (index(ends[0], 0), index(ends[1], config.keys - 1), ends[0].or(ends[1]))
                {
                    self.truncate(who, self.place(end).table, first, last);
                }
                ends.into_iter().flatten().for_each(|end| self.stand(end, None));
            }
            _ => {}
        }
    }

    /// Follows what is done to the nodes and to whole tables, unless somebody is in the way.
    fn follow_node(&mut self, step: &Step, config: &Config) {
        let leader = self.leader.0;
        let running = || (0..config.sessions).any(|session| self.clock.txn(session) != Txn::Idle);
        let placed = || self.cursors.iter().flatten().any(|place| place.at.is_some());
        match step.op {
            Op::RollbackToStable | Op::StepDown if running() || placed() => {}
            Op::Recreate { .. } if running() => {}
            Op::StepDown if leader.is_some() => self.leader = (None, self.index),
            Op::StepUp { node } if leader.is_none() && !placed() => self.leader = (Some(node), self.index),
            Op::RollbackToStable => self.present.clone_from(&self.stable),
            Op::Recreate { table } => {
                for tables in [&mut self.present, &mut self.stable] {
                    tables[usize::from(table)].fill(0, config.keys, false);
                }
                for place in self.cursors.iter_mut().flatten().filter(|place| place.table == table) {
                    *place = Place { table, ..Place::default() };
                }
            }
            Op::Restart { .. } => {}
            _ => return,
        }
        self.upheavals += usize::from(!matches!(step.op, Op::StepUp { .. }));
    }

    /// One step of a walk, which a prepared record may stop.
    fn walk(&mut self, who: Who, direction: Direction) {
        let Place { at, stalled, table, .. } = self.place(who);
        // A stalled walk looks at the same record again.
        let start = match direction {
            Direction::Next => at.map_or(0, |at| at + u16::from(!stalled)),
            Direction::Prev => at.map_or(limits::MAX_KEYS, |at| at + u16::from(stalled)),
        };
        let (record, before) = match direction {
            Direction::Next => (self.present(table).from(start), u16::lt as fn(&u16, &u16) -> bool),
            Direction::Prev => (self.present(table).to(start), u16::gt as fn(&u16, &u16) -> bool),
        };
        let stop = self.prepared_from(who.session, table, start, direction);
        match stop.filter(|stop| record.is_none_or(|record| !before(&record, stop))) {
            Some(stop) => {
                self.stand(who, Some(stop));
                let place = self.place_mut(who);
                (place.has_key, place.stalled) = (false, true);
            }
            None => self.stand(who, record),
        }
    }

    fn stand(&mut self, who: Who, at: Option<u16>) {
        let place = self.place_mut(who);
        place.at = at;
        place.key = None;
        place.has_key = at.is_some();
        place.stalled = false;
    }

    fn put(&mut self, table: u8, at: Option<u16>) {
        if let Some(at) = at {
            self.present_mut(table).set(at);
        }
    }

    fn fill(&mut self, who: Who, first: u16, count: u16, present: bool) {
        let table = self.place(who).table;
        self.wrote(who, None, None);
        if self.clock.txn(who.session) != Txn::Idle {
            let keys = self.present(table).keys();
            let indices = (0..count.min(keys)).map(|offset| (table, (first + offset) % keys));
            self.written[usize::from(who.session)].extend(indices);
        }
        self.present_mut(table).fill(first, count, present);
        self.stand(who, None);
    }

    fn truncate(&mut self, who: Who, table: u8, first: u16, last: u16) {
        self.wrote(who, None, None);
        self.truncated = Some(Truncated { table, first, last, step: self.index });
        while let Some(at) = self.present(table).from(first).filter(|&at| at <= last) {
            self.present_mut(table).clear(at);
            if self.clock.txn(who.session) != Txn::Idle {
                self.written[usize::from(who.session)].push((table, at));
            }
        }
    }

    /// A session has written the record of a pool key, if it is one.
    fn wrote(&mut self, who: Who, at: Option<u16>, value: Option<&Value>) {
        let session = usize::from(who.session);
        self.txns[session].wrote = true;
        if let Some(at) = at
            && self.clock.txn(who.session) != Txn::Idle
        {
            self.written[session].push((self.place(who).table, at));
        }
        if let Some(value) = value {
            self.last_value = value.clone();
        }
    }
}

/// The index of the first pool key that is not smaller, as far as that can be told easily.
fn first_index(key: &Key, config: &Config) -> Option<u16> {
    config.pool_index(key).or_else(|| config.gap_index(key).map(|index| index + 1))
}

/// The index of the last pool key that is not larger.
fn last_index(key: &Key, config: &Config) -> Option<u16> {
    config.pool_index(key).or_else(|| config.gap_index(key))
}
