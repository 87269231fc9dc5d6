//! Lanes: who does which number when.
//!
//! [`Lanes`] hands out numbers in order. A number whose lane is taken is left to whoever has the lane, who does it
//! after what it is doing: so nobody waits for a lane, and no number is lost. A lane goes with its number, as a
//! [`Ticket`]: what a lane knows needs no lock, because only one can have it.
//!
//! This is a state machine that knows nothing of threads. Who shares it among threads holds a lock around each call,
//! and asks again after somebody's [`Lanes::release`] if the answer was [`Take::Wait`].
//!
//! A truncation is a *barrier*: it is handed out when all numbers before it are done, and nothing after it is handed
//! out until it is done.

mod choose;
mod lane;

pub use choose::{ANY_KEY, After, Known, TRIES, step_on_a_key};
pub use lane::Lane;

use super::plan::{AnotherPlan, Fingerprint, OpKind, OpNumber, Plan, Window, Windows};
use super::source::{Source, Take, Why};
use super::step::Step;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A number to be done, and its lane.
#[derive(Debug)]
pub struct Ticket {
    t: OpNumber,
    lane: Lane,
    window: Arc<Window>,
}

/// Hands out the numbers of a plan.
#[derive(Debug)]
pub struct Lanes {
    plan: Arc<Plan>,
    windows: Windows,
    /// The lanes that nobody has.
    idle: Vec<Option<Lane>>,
    /// The numbers that are being done, each in another lane.
    busy: BTreeSet<OpNumber>,
    /// The next number that nobody was asked to do.
    next: OpNumber,
    /// The last number to be done.
    stop: OpNumber,
    /// How far numbers may run ahead of what is done; `None` if as far as they like.
    lead: Option<u64>,
    /// The truncation that is being done.
    barrier: Option<OpNumber>,
}

impl Lanes {
    /// Hands out the numbers 1 to `stop`.
    pub fn new(plan: Arc<Plan>, stop: OpNumber) -> Self {
        let tables = plan.tables().len();
        let idle = (0..plan.lanes()).map(|number| Some(Lane::new(number, tables))).collect();
        let windows = Windows::new(Arc::clone(&plan));
        Lanes { plan, windows, idle, busy: BTreeSet::new(), next: 1, stop, lead: None, barrier: None }
    }

    /// Hands out the numbers after `done` up to `stop`, as if 1 to `done` had been done, which the plan with the fingerprint
    /// `before` was for. About half a second per million numbers, as the lanes have to learn what those did.
    ///
    /// # Errors
    /// If that was another plan.
    pub fn resume(plan: Arc<Plan>, before: &Fingerprint, done: OpNumber, stop: OpNumber) -> Result<Self, AnotherPlan> {
        plan.fingerprint().continues(before)?;
        let mut lanes = Lanes::new(plan, stop);
        for t in 1..=done {
            let window = lanes.windows.of(t);
            if let Some(lane) = &mut lanes.idle[lanes.plan.lane(t)] {
                lane.resolve(&lanes.plan, &window, t);
            }
            lanes.windows.forget_before(t);
        }
        lanes.next = done + 1;
        Ok(lanes)
    }

    /// Makes whoever would run further ahead of the last number that is done with all before it wait. `None`: nobody
    /// does.
    pub fn limit_lead(&mut self, lead: Option<u64>) {
        self.lead = lead.map(|lead| lead.max(1));
    }

    /// Nothing beyond number `at` is handed out; but what was already is done. Returns the number that will be the
    /// last.
    pub fn stop_at(&mut self, at: OpNumber) -> OpNumber {
        self.stop = at.max(self.next - 1);
        self.stop
    }

    /// Nothing more is handed out. Returns the number that will be the last.
    pub fn stop_now(&mut self) -> OpNumber {
        self.stop_at(0)
    }

    /// How many record numbers a table has after number `t`.
    pub fn rows(&mut self, t: OpNumber, table: u16) -> u64 {
        self.windows.rows(t, table)
    }

    /// Takes number `t`, which has to be next or owed.
    fn ticket(&mut self, t: OpNumber, lane: Lane) -> Ticket {
        self.busy.insert(t);
        Ticket { t, lane, window: self.windows.of(t) }
    }

    /// Why the next number cannot be handed out now, apart from its own lane.
    fn obstacle(&mut self) -> Option<Why> {
        if self.barrier.is_some() {
            return Some(Why::Barrier);
        }
        if self.busy.len() == self.idle.len() {
            return Some(Why::Lanes);
        }
        if self.lead.is_some_and(|lead| self.next - 1 - self.all_done() >= lead) {
            return Some(Why::Lead);
        }
        let is_barrier = self.windows.of(self.next).head(self.next).kind == OpKind::Truncate;
        (is_barrier && !self.busy.is_empty()).then_some(Why::Barrier)
    }
}

impl Source for Lanes {
    type Ticket = Ticket;

    fn take(&mut self) -> Take<Ticket> {
        while self.next <= self.stop {
            if let Some(why) = self.obstacle() {
                return Take::Wait(why);
            }
            let t = self.next;
            self.next += 1;
            let Some(lane) = self.idle[self.plan.lane(t)].take() else {
                // Its lane is taken: whoever has it will come to this number.
                continue;
            };
            let ticket = self.ticket(t, lane);
            if ticket.window.head(t).kind == OpKind::Truncate {
                self.barrier = Some(t);
            }
            return Take::Ticket(ticket);
        }
        Take::Done
    }

    fn release(&mut self, ticket: Ticket) -> Option<Ticket> {
        let Ticket { t, lane, .. } = ticket;
        self.busy.remove(&t);
        if self.barrier == Some(t) {
            self.barrier = None;
        }
        let owed = t + self.plan.lanes();
        let more = if owed < self.next {
            Some(self.ticket(owed, lane))
        } else {
            self.idle[self.plan.lane(t)] = Some(lane);
            None
        };
        self.windows.forget_before(self.all_done());
        more
    }

    /// What is owed is larger than what its lane is doing, so the smallest that is being done is the smallest that is
    /// not done.
    fn all_done(&self) -> OpNumber {
        self.busy.first().copied().unwrap_or(self.next) - 1
    }

    fn resolve(plan: &Plan, ticket: &mut Ticket) -> Step {
        ticket.lane.resolve(plan, &ticket.window, ticket.t)
    }

    fn number(ticket: &Ticket) -> OpNumber {
        ticket.t
    }
}
