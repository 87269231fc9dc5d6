//! A worker: takes numbers from a source and does them, one call at a time.
//!
//! Threads and the simulator drive the same worker: [`Worker::ask`] while they hold the source's lock, [`Worker::request`]
//! and [`Worker::take`] without it. It makes no calls itself.

use super::execute::{Attempts, Execution, Extra, Violation};
use super::plan::{OpNumber, Plan};
use super::request::{Answer, Request};
use super::source::{Source, Take, Why};
use super::step::Step;
use super::store::{Store, StoreError};
use std::sync::Arc;

/// What a worker has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask the source.
    Ask,
    /// Make calls.
    Work,
    /// Ask again after the next release.
    Wait(Why),
    /// Nothing: there are no more numbers.
    Quit,
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Numbers that were done.
    pub done: u64,
    /// What they took.
    pub attempts: Attempts,
    /// How often it had to wait, by [`Why`].
    pub waits: [u64; Why::ALL.len()],
    /// How often a thread that stalled let others go first.
    pub gave_way: u64,
}

impl Counts {
    /// Adds another worker's.
    pub fn add(&mut self, other: &Counts) {
        self.done += other.done;
        self.attempts.conflicts += other.attempts.conflicts;
        self.attempts.rolled_back += other.attempts.rolled_back;
        self.attempts.prepared += other.attempts.prepared;
        self.gave_way += other.gave_way;
        self.waits.iter_mut().zip(other.waits).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How often it had to wait.
    pub fn waited(&self) -> u64 {
        self.waits.iter().sum()
    }
}

/// A worker.
#[derive(Debug)]
pub struct Worker<T> {
    plan: Arc<Plan>,
    extra: Extra,
    ticket: Option<T>,
    execution: Option<Execution>,
    next: Next,
    counts: Counts,
}

impl<T> Worker<T> {
    /// A worker that has nothing to do yet.
    pub fn new(plan: Arc<Plan>, extra: Extra) -> Self {
        Worker { plan, extra, ticket: None, execution: None, next: Next::Ask, counts: Counts::default() }
    }

    /// What it has to do next. Who waits has to ask again, too.
    pub fn next(&self) -> Next {
        self.next
    }

    /// Gives back what is done, if something is. Returns whether others should ask again.
    pub fn give_back<Q: Source<Ticket = T>>(&mut self, source: &mut Q) -> bool {
        let Some(execution) = self.execution.take_if(|execution| execution.is_done()) else { return false };
        let Some(ticket) = self.ticket.take() else { return false };
        source.committed(&ticket, execution.step(), execution.key());
        self.ticket = source.release(ticket);
        true
    }

    /// Gives back what is done and takes what comes next. Returns whether others should ask again.
    pub fn ask<Q: Source<Ticket = T>>(&mut self, source: &mut Q) -> bool {
        let released = self.give_back(source);
        if self.ticket.is_none() {
            match source.take() {
                Take::Ticket(ticket) => self.ticket = Some(ticket),
                Take::Wait(why) => self.next = Next::Wait(why),
                Take::Done => self.next = Next::Quit,
            }
        }
        if let Some(ticket) = &self.ticket {
            self.next = source.is_blocked(ticket).map_or(Next::Work, Next::Wait);
        }
        released
    }

    /// The next call of the present step. `None` if it is done, or if there is none: the worker has to ask.
    pub fn request<Q: Source<Ticket = T>>(&mut self) -> Option<Request> {
        let ticket = self.ticket.as_mut().filter(|_| self.next == Next::Work)?;
        let execution = self.execution.get_or_insert_with(|| {
            let step = Q::resolve(&self.plan, ticket);
            Execution::new(&self.plan, step, &self.extra)
        });
        let request = execution.request(&self.plan);
        if request.is_none() {
            self.end_step();
        }
        request
    }

    /// Takes the answer to a call.
    ///
    /// # Errors
    /// What the store did wrong; the worker could go on nevertheless.
    pub fn take(&mut self, answer: Result<Answer, StoreError>) -> Result<(), Violation> {
        let Some(execution) = &mut self.execution else { return Ok(()) };
        let result = execution.take(&self.plan, answer, &mut self.counts.attempts);
        if execution.is_done() {
            self.end_step();
        }
        result
    }

    fn end_step(&mut self) {
        self.counts.done += 1;
        self.next = Next::Ask;
    }

    /// Counts that it waits for something.
    pub fn waits(&mut self, why: Why) {
        self.counts.waits[why as usize] += 1;
    }

    /// The number that the worker has.
    pub fn number<Q: Source<Ticket = T>>(&self) -> Option<OpNumber> {
        self.ticket.as_ref().map(Q::number)
    }

    /// The step that the worker is doing or has just done.
    pub fn step(&self) -> Option<&Step> {
        self.execution.as_ref().map(Execution::step)
    }

    /// What it did so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Stops in the middle of what it is doing, as a crash would: what is not committed is rolled back.
    pub fn abandon(self, session: &mut impl Store) -> Counts {
        if self.execution.is_some_and(|execution| !execution.is_done()) {
            // No transaction may be running, or a prepared one: the store knows.
            let _ = session.serve(&Request::Rollback { at: None });
        }
        self.counts
    }
}
