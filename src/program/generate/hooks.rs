//! Hooks: something happens inside a step. Which step that is, and that it passes the point, is made sure of here.

use super::Generator;
use crate::backend::{Point, Timestamp, Who};
use crate::program::clock::Txn;
use crate::program::event::HookAction;
use crate::program::ops::{Op, OpKind};

impl Generator {
    /// A hook, and the step that it is for.
    pub(super) fn hook(&mut self) -> Option<Op> {
        if self.is_prepared(self.who.session) {
            return None;
        }
        let stalled = if self.plan.prepared().next().is_some() { 60 } else { 0 };
        let adopted = if self.config.tables > 1 { 20 } else { 0 };
        let at = Point::ALL[self.dice.weighted(&[20, 14, 26, stalled, 20, adopted])];
        let step = self.step_through(at)?;
        let who = self.who;
        self.then_hook(at, who);
        self.then(who, step);
        Some(self.first_of_next())
    }

    /// A hook for the step that comes after it, which is `who`'s.
    pub(super) fn then_hook(&mut self, at: Point, who: Who) {
        let (action, session, ts) = self.hook_action(who.session);
        self.then(Who { session: session.unwrap_or(who.session), cursor: 0 }, Op::Hook { at, action, ts });
    }

    /// A step that passes a point, if there is one at hand. What has to come before it is made to.
    fn step_through(&mut self, at: Point) -> Option<Op> {
        let place = self.plan.place(self.who);
        let txn = self.plan.clock.txn(self.who.session);
        let truncates = self.is_on(OpKind::TruncateRange) && self.affordable(OpKind::TruncateRange);
        match at {
            Point::IngestProbed => Some(Op::Search { key: Some(self.search_key()) }),
            Point::SearchMissed => {
                let placed = place.at.is_some() && matches!(txn, Txn::Idle | Txn::Lower);
                placed.then(|| Op::Search { key: Some(self.key(20, Self::any_index)) })
            }
            Point::SideMoved => (!place.random).then(|| self.one_step()),
            Point::Stalled => {
                let (session, index, reader) = self.prepared_record()?;
                if !self.plan.stops_at(reader.session, session) {
                    return None;
                }
                self.who = reader;
                let neighbour = self.present().to(index).map(|index| self.config.pool_key(index));
                let start = neighbour.map_or(Op::Reset, |key| Op::Search { key: Some(key) });
                self.then(reader, start);
                Some(Op::Next)
            }
            Point::LookedUp if !self.may_write(txn) => None,
            Point::LookedUp => match self.dice.weighted(&[32, 23, 18, 12 * u32::from(truncates), 15]) {
                0 => self.update(),
                1 => self.remove(),
                2 => Some(self.insert()),
                3 => {
                    let ts = self.write_ts();
                    Some(self.truncate_range_at(ts))
                }
                _ if txn != Txn::Idle => Some(Op::Modify { key: self.update_key()?, deltas: self.deltas(), ts: 0 }),
                _ => self.update(),
            },
            Point::TableAdopted => {
                let wanted = self.config.tables > 1 && self.plan.clock.now > 0 && self.is_on(OpKind::Advance);
                wanted.then(|| self.advance())
            }
        }
    }

    /// What a hook does, and the session whose transaction it commits at which timestamp if it does that.
    fn hook_action(&mut self, session: u8) -> (HookAction, Option<u8>, Timestamp) {
        let writer = self.plan.writer_beside(session);
        let commits = if writer.is_some() { 40 } else { 12 };
        let adopts = if self.plan.has_checkpoint { 25 } else { 2 };
        match self.dice.weighted(&[25, 20, adopts, 10, commits]) {
            0 => (HookAction::Prune, None, 0),
            1 => (HookAction::Evict, None, 0),
            2 => (HookAction::Adopt, None, 0),
            3 => (HookAction::Checkpoint, None, 0),
            _ => (HookAction::Commit, writer.or_else(|| self.new_writer_beside(session)), self.commit_ts()),
        }
    }

    /// Has another session begin a transaction and write where the cursor of the step stands.
    fn new_writer_beside(&mut self, session: u8) -> Option<u8> {
        let idle = |&other: &u8| other != session && self.plan.clock.txn(other) == Txn::Idle;
        let other = (0..self.config.sessions).find(idle).filter(|_| self.is_on(OpKind::Begin))?;
        let index = self.plan.place(self.who).at.unwrap_or_else(|| self.any_index());
        let key = self.config.pool_key(index);
        let writer = Who { session: other, cursor: self.who.cursor };
        self.then(writer, self.begin_to_write(other));
        let value = Some(self.value(&key));
        self.then(writer, Op::Update { key: Some(key), value, ts: 0 });
        Some(other)
    }
}
