//! What happens to nodes and to whole tables: role changes, restarts, rollbacks to stable, tables made anew. Most of it
//! needs quiet; now and then there is none, and it is refused.

use super::Generator;
use crate::backend::{Isolation, Who};
use crate::program::clock::Txn;
use crate::program::event::CrashPoint;
use crate::program::ops::{Op, OpKind};

/// How often quiet is made where it is needed, in percent.
const QUIET: u32 = 78;

impl Generator {
    fn make_quiet(&mut self) {
        if self.dice.percent(QUIET) {
            self.then(Who::default(), Op::Quiesce);
        }
    }

    /// One of the physical events that are on.
    pub(super) fn physical_event(&mut self) -> Option<Op> {
        use OpKind::{Adopt, Advance, Checkpoint, Evict, Prune};
        let weight = |kind, weight: u32| if self.is_on(kind) { weight } else { 0 };
        let weights =
            [weight(Advance, 40), weight(Prune, 20), weight(Evict, 15), weight(Adopt, 15), weight(Checkpoint, 10)];
        if weights.iter().all(|&weight| weight == 0) {
            return None;
        }
        Some(match self.dice.weighted(&weights) {
            0 => self.advance(),
            1 => Op::Prune,
            2 => Op::Evict { percent: [50, 100][self.dice.index(2)] },
            3 => Op::Adopt,
            _ => Op::Checkpoint,
        })
    }

    /// One of the upheavals that are on, whoever is in its way.
    pub(super) fn unquiet_upheaval(&mut self) -> Option<Op> {
        use OpKind::{Quiesce, Recreate, Restart, RollbackToStable, StepDown, StepUp};
        let kinds = [Quiesce, Recreate, Restart, RollbackToStable, StepDown, StepUp];
        let kinds: Vec<OpKind> = kinds.into_iter().filter(|&kind| self.is_on(kind) && self.affordable(kind)).collect();
        let kind = (!kinds.is_empty()).then(|| kinds[self.dice.index(kinds.len())])?;
        Some(match kind {
            Recreate => Op::Recreate { table: self.table(50) },
            Restart => Op::Restart { node: u8::from(self.dice.percent(45)), at: CrashPoint::Rest },
            RollbackToStable => Op::RollbackToStable,
            StepDown => Op::StepDown,
            StepUp => Op::StepUp { node: u8::from(self.dice.percent(45)) },
            _ => Op::Quiesce,
        })
    }

    /// The leader steps down; most of what it had is in a checkpoint, often.
    pub(super) fn step_down(&mut self) -> Op {
        self.make_quiet();
        if self.dice.percent(45) {
            let advance = self.advance();
            self.then(Who::default(), advance);
        }
        self.truncate_beyond_the_checkpoint();
        self.then(Who::default(), Op::StepDown);
        match self.dice.weighted(&[60, 25, 15]) {
            0 => {}
            1 => self.prepare_something(),
            _ => self.queue_step_up(),
        }
        self.first_of_next()
    }

    /// Truncates that the newest checkpoint does not have: a follower that steps up has to carry them out. Perhaps they
    /// overlap.
    fn truncate_beyond_the_checkpoint(&mut self) {
        let may_write = self.config.isolation_of(self.who.session) == Isolation::Snapshot;
        if !may_write || !self.is_on(OpKind::TruncateRange) || !self.affordable(OpKind::TruncateRange) {
            return;
        }
        for behind in 0..self.dice.below(3).into() {
            let truncate = self.truncate_range_at(self.plan.clock.next() + behind);
            self.then(self.who, truncate);
        }
    }

    /// The beginning of an ordinary transaction that may write.
    pub(super) fn begin_to_write(&self, session: u8) -> Op {
        self.begin_rounding(session, false)
    }

    /// The same of one whose prepare may round timestamps up, if `roundup_prepared`.
    fn begin_rounding(&self, session: u8, roundup_prepared: bool) -> Op {
        let usual = self.config.isolation_of(session);
        Op::Begin {
            isolation: (usual != Isolation::Snapshot).then_some(Isolation::Snapshot),
            read_ts: None,
            roundup: false,
            no_timestamp: false,
            ignore_prepare: Default::default(),
            roundup_prepared,
        }
    }

    /// A transaction that is prepared while there is no leader.
    fn prepare_something(&mut self) {
        if !self.is_on(OpKind::Prepare) {
            return;
        }
        let roundup = self.dice.percent(25);
        self.then(self.who, self.begin_rounding(self.who.session, roundup));
        let truncate = 25 * u32::from(self.is_on(OpKind::TruncateRange) && self.affordable(OpKind::TruncateRange));
        for _ in 0..self.dice.range(1, 3) {
            let index = self.write_index();
            let key = self.config.pool_key(index);
            let op = match self.dice.weighted(&[55, 20, truncate]) {
                0 => Op::Update { value: Some(self.value(&key)), key: Some(key), ts: 0 },
                1 => Op::Remove { key: Some(key), ts: 0 },
                _ => self.truncate_range_at(0),
            };
            self.then(self.who, op);
        }
        // What is rounded up may lie below the checkpoint that is going to be stepped up from.
        let clock = &self.plan.clock;
        let ts = if roundup { clock.stable.min(clock.oldest + 1).max(1) } else { clock.next() };
        self.then(self.who, Op::Prepare { ts: Some(ts) });
    }

    /// A follower steps up.
    pub(super) fn step_up(&mut self) -> Op {
        self.queue_step_up();
        self.first_of_next()
    }

    fn queue_step_up(&mut self) {
        if self.plan.prepared().next().is_some() && self.dice.percent(75) {
            self.end_all_but_prepared();
        } else {
            self.make_quiet();
        }
        let node = u8::from(self.dice.percent(45));
        self.then(Who::default(), Op::StepUp { node });
    }

    /// Ends what is running and gives up every place, but lets prepared transactions be.
    fn end_all_but_prepared(&mut self) {
        for session in 0..self.config.sessions {
            if !matches!(self.plan.clock.txn(session), Txn::Idle | Txn::Prepared) {
                self.then(Who { session, cursor: 0 }, Op::Rollback);
            }
            for cursor in 0..self.config.cursors {
                let who = Who { session, cursor };
                let place = self.plan.place(who);
                if place.at.is_some() || place.has_key || self.dice.percent(70) {
                    self.then(who, Op::Reset);
                }
            }
        }
    }

    /// Nodes do not stay without a leader for long, nor, mostly, with the one that did not lead at first.
    pub(super) fn lead_again(&mut self) -> Option<Op> {
        let (leader, since) = self.plan.leader;
        let steps = self.plan.index - since;
        match leader {
            None if steps > 2 && self.dice.percent(12) => Some(self.step_up()),
            Some(0) if steps > 40 && self.is_on(OpKind::StepDown) && self.dice.percent(1) => {
                self.affordable(OpKind::StepDown).then(|| self.step_down())
            }
            _ => None,
        }
    }

    pub(super) fn restart(&mut self) -> Op {
        if self.dice.percent(30) {
            let event = if self.dice.percent(50) { self.advance() } else { Op::Checkpoint };
            self.then(Who::default(), event);
        }
        let node = u8::from(self.dice.percent(45));
        let at = [CrashPoint::Rest, CrashPoint::Checkpoint, CrashPoint::Adopt][self.dice.weighted(&[50, 25, 25])];
        self.then(Who::default(), Op::Restart { node, at });
        self.first_of_next()
    }

    pub(super) fn rollback_to_stable(&mut self) -> Op {
        self.make_quiet();
        self.then(Who::default(), Op::RollbackToStable);
        self.first_of_next()
    }

    /// A table is made anew; often there is a checkpoint of the old one that is picked up only then.
    pub(super) fn recreate(&mut self) -> Op {
        let table = self.table(50);
        if self.is_on(OpKind::Checkpoint) && self.dice.percent(30) {
            self.then(Who::default(), Op::Checkpoint);
        }
        self.make_quiet();
        self.then(Who::default(), Op::Recreate { table });
        if self.dice.percent(30) {
            self.then(Who::default(), Op::Adopt);
        }
        if self.is_on(OpKind::BulkInsert) && self.dice.percent(50) {
            let (first, count) = (self.any_index(), self.share_of_pool(20));
            let ts = self.plan.clock.next();
            self.then(self.who, Op::BulkInsert { first, count, ts });
        }
        self.first_of_next()
    }
}
