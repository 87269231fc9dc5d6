//! Steps of one session at the moment at which they matter to another: drawn by weight alone, these meet too seldom.

use super::Generator;
use crate::backend::{Isolation, Who};
use crate::program::clock::Txn;
use crate::program::ops::{Op, OpKind};

/// How often the moment is used, in percent of the steps at which there is one.
const PERCENT: u32 = 3;

impl Generator {
    /// An operation that the cursor of the last step, or somebody beside it, is likely to trip over.
    pub(super) fn interplay(&mut self) -> Option<Op> {
        if self.mix.orderly {
            return None;
        }
        if let Some(op) = self.meet_what_is_prepared().or_else(|| self.meet_what_is_truncated()) {
            return Some(op);
        }
        if !self.dice.percent(PERCENT) {
            return None;
        }
        let moments = [
            Self::undo_what_is_read,
            Self::widen_a_walk,
            Self::age_under_a_stamped_transaction,
            Self::age_under_a_reader_in_the_past,
            Self::change_one_table,
        ];
        let first = self.dice.index(moments.len());
        // It is seldom that there is more than one; the first that there is will do.
        (0..moments.len()).find_map(|turn| moments[(first + turn) % moments.len()](self))
    }

    /// A rollback while a cursor walks at read-uncommitted; the walk goes on.
    fn undo_what_is_read(&mut self) -> Option<Op> {
        let reader = self.who;
        let own = self.plan.txn(reader.session);
        let uncommitted = match self.plan.clock.txn(reader.session) {
            Txn::Idle => self.config.isolation_of(reader.session) == Isolation::ReadUncommitted,
            Txn::Lower | Txn::Snapshot | Txn::Prepared => own.uncommitted,
        };
        if !self.is_on(OpKind::Rollback) || !uncommitted || self.plan.place(reader).at.is_none() {
            return None;
        }
        self.who.session = self.plan.writer_beside(reader.session)?;
        let step = self.one_step();
        self.then(reader, step);
        Some(Op::Rollback)
    }

    /// `bound clear` under a cursor that bounds have led to where it is; the walk goes on.
    fn widen_a_walk(&mut self) -> Option<Op> {
        let place = self.plan.place(self.who);
        if !place.bounded || place.at.is_none() {
            return None;
        }
        let step = self.one_step();
        self.then(self.who, step);
        Some(Op::ClearBounds)
    }

    /// Stable catches up to just below the commit timestamp that a running transaction has set.
    fn age_under_a_stamped_transaction(&mut self) -> Option<Op> {
        let stamped = (0..self.config.sessions).filter_map(|session| self.plan.txn(session).commit_ts);
        let stable = stamped.min()? - 1;
        if !self.is_on(OpKind::Advance) || stable <= self.plan.clock.stable {
            return None;
        }
        Some(Op::Advance { oldest: self.oldest().min(stable), stable })
    }

    /// A write to one of two tables between two checkpoints.
    fn change_one_table(&mut self) -> Option<Op> {
        let idle = self.plan.clock.txn(self.who.session) == Txn::Idle;
        if self.config.tables == 1 || !idle || !self.is_on(OpKind::Advance) || !self.may_write(Txn::Idle) {
            return None;
        }
        let insert = self.insert();
        self.then(self.who, insert);
        let ts = self.plan.clock.next();
        let oldest = self.oldest();
        self.then(Who::default(), Op::Advance { oldest, stable: ts });
        Some(self.advance())
    }

    /// A checkpoint, or a newer one picked up, while somebody reads in the past; its walk goes on.
    fn age_under_a_reader_in_the_past(&mut self) -> Option<Op> {
        let session = (0..self.config.sessions).find(|&session| self.plan.txn(session).read_ts.is_some())?;
        let useful = [
            (OpKind::Advance, self.plan.clock.now > self.plan.clock.stable),
            (OpKind::Adopt, self.plan.has_checkpoint),
            (OpKind::Checkpoint, self.plan.clock.stable > 0),
        ];
        let (kind, useful) = useful[self.dice.weighted(&[50, 30, 20])];
        if !useful || !self.is_on(kind) {
            return None;
        }
        let cursor = self.dice.below(self.config.cursors.into()) as u8;
        let step = self.one_step();
        self.then(Who { session, cursor }, step);
        self.operands(kind)
    }

    pub(super) fn is_on(&self, kind: OpKind) -> bool {
        self.mix.ops[kind as usize] > 0
    }

    pub(super) fn one_step(&mut self) -> Op {
        if self.dice.percent(50) { Op::Next } else { Op::Prev }
    }
}
