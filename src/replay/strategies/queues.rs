//! Lanes with queues: hands out what a strategy plans.
//!
//! A lane's numbers are not known beforehand, as with [`crate::replay::lanes`], so what comes for a lane that is taken
//! is queued there.

use super::{Planned, Strategy};
use crate::replay::plan::{OpNumber, Plan};
use crate::replay::source::{Source, Take, Why};
use crate::replay::step::Step;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// An operation to be done.
#[derive(Debug)]
pub struct Queued(Planned);

/// A strategy's operations, lane by lane.
#[derive(Debug)]
pub struct Queues<S> {
    plan: Arc<Plan>,
    strategy: S,
    /// Per lane what has to be done after what is being done; `None`: nobody has the lane.
    lanes: Vec<Option<VecDeque<Planned>>>,
    taken: usize,
    /// The numbers of what is planned and not done.
    pending: BTreeSet<OpNumber>,
    last: OpNumber,
    left: u64,
}

impl<S: Strategy> Queues<S> {
    /// Hands out `operations` operations.
    pub fn new(plan: Arc<Plan>, strategy: S, operations: u64) -> Self {
        let lanes = (0..plan.lanes()).map(|_| None).collect();
        Queues { plan, strategy, lanes, taken: 0, pending: BTreeSet::new(), last: 0, left: operations }
    }

    /// The last number that was used.
    pub fn last(&self) -> OpNumber {
        self.last
    }
}

impl<S: Strategy> Source for Queues<S> {
    type Ticket = Queued;

    fn take(&mut self) -> Take<Queued> {
        while self.left > 0 {
            if self.taken == self.lanes.len() {
                return Take::Wait(Why::Lanes);
            }
            let planned = self.strategy.plan(self.last);
            self.left -= 1;
            self.last = planned.step.t;
            self.pending.insert(self.last);
            match &mut self.lanes[self.plan.lane(self.last)] {
                Some(queue) => queue.push_back(planned),
                lane => {
                    *lane = Some(VecDeque::new());
                    self.taken += 1;
                    return Take::Ticket(Queued(planned));
                }
            }
        }
        Take::Done
    }

    fn release(&mut self, ticket: Queued) -> Option<Queued> {
        let t = ticket.0.step.t;
        self.pending.remove(&t);
        let lane = &mut self.lanes[self.plan.lane(t)];
        let next = lane.as_mut().and_then(VecDeque::pop_front);
        if next.is_none() {
            *lane = None;
            self.taken -= 1;
        }
        next.map(Queued)
    }

    fn is_blocked(&self, ticket: &Queued) -> Option<Why> {
        self.pending.contains(&ticket.0.after).then_some(Why::Creator)
    }

    fn all_done(&self) -> OpNumber {
        self.pending.first().map_or(self.last, |first| first - 1)
    }

    fn resolve(_plan: &Plan, ticket: &mut Queued) -> Step {
        ticket.0.step.clone()
    }

    fn number(ticket: &Queued) -> OpNumber {
        ticket.0.step.t
    }

    fn committed(&mut self, _ticket: &Queued, step: &Step, key: u64) {
        self.strategy.committed(step, key);
    }
}
