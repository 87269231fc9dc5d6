//! A worker: takes numbers from a source and does them, one store call at a time.
//!
//! Threads and the simulator drive the same worker: [`Worker::ask`] while they hold the source's lock, [`Worker::work`]
//! without it.

use super::execute::{Attempts, Execution, Extra, Violation};
use super::plan::{OpNumber, Plan};
use super::source::{Source, Take, Why};
use super::step::Step;
use super::store::Store;
use std::sync::Arc;

/// What a worker has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Work.
    Work,
    /// Ask again after the next release.
    Wait,
    /// Nothing: there are no more numbers.
    Quit,
}

/// What a call of [`Worker::work`] did.
#[derive(Debug)]
pub enum Did {
    /// A call of a step.
    Call,
    /// The last of one: the worker has to ask again.
    Step,
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
}

impl Counts {
    /// Adds another worker's.
    pub fn add(&mut self, other: &Counts) {
        self.done += other.done;
        self.attempts.conflicts += other.attempts.conflicts;
        self.attempts.rolled_back += other.attempts.rolled_back;
        self.attempts.prepared += other.attempts.prepared;
        self.waits.iter_mut().zip(other.waits).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How often it had to wait.
    pub fn waited(&self) -> u64 {
        self.waits.iter().sum()
    }
}

/// A worker with its session.
#[derive(Debug)]
pub struct Worker<T, S> {
    plan: Arc<Plan>,
    extra: Extra,
    session: S,
    ticket: Option<T>,
    execution: Option<Execution>,
    is_waiting: bool,
    counts: Counts,
}

impl<T, S: Store> Worker<T, S> {
    /// A worker that has nothing to do yet.
    pub fn new(plan: Arc<Plan>, extra: Extra, session: S) -> Self {
        let counts = Counts::default();
        Worker { plan, extra, session, ticket: None, execution: None, is_waiting: false, counts }
    }

    /// Gives back what is done and takes what comes next. Returns what to do, and whether others should ask again.
    pub fn ask<Q: Source<Ticket = T>>(&mut self, source: &mut Q) -> (Next, bool) {
        let mut released = false;
        if let Some((ticket, execution)) = self.ticket.take_if(|_| self.execution.is_some()).zip(self.execution.take())
        {
            source.committed(&ticket, execution.step(), execution.key());
            self.ticket = source.release(ticket);
            released = true;
        }
        if self.ticket.is_none() {
            match source.take() {
                Take::Ticket(ticket) => self.ticket = Some(ticket),
                Take::Wait(why) => return (self.wait(why), released),
                Take::Done => return (Next::Quit, released),
            }
        }
        match self.ticket.as_ref().and_then(|ticket| source.is_blocked(ticket)) {
            Some(why) => (self.wait(why), released),
            None => {
                self.is_waiting = false;
                (Next::Work, released)
            }
        }
    }

    /// Counts once what may be asked for several times.
    fn wait(&mut self, why: Why) -> Next {
        if !self.is_waiting {
            self.is_waiting = true;
            self.counts.waits[why as usize] += 1;
        }
        Next::Wait
    }

    /// Makes the next call of the present step.
    ///
    /// # Errors
    /// What the store did wrong; the worker could go on nevertheless.
    pub fn work<Q: Source<Ticket = T>>(&mut self) -> (Did, Result<(), Violation>) {
        let Some(ticket) = &mut self.ticket else { return (Did::Step, Ok(())) };
        let execution = self.execution.get_or_insert_with(|| {
            let step = Q::resolve(&self.plan, ticket);
            Execution::new(&self.plan, step, &self.extra)
        });
        let result = if execution.is_done() {
            Ok(())
        } else {
            execution.advance(&self.plan, &mut self.session, &mut self.counts.attempts)
        };
        if !execution.is_done() {
            return (Did::Call, result);
        }
        self.counts.done += 1;
        (Did::Step, result)
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
    pub fn abandon(mut self) -> Counts {
        if self.execution.is_some_and(|execution| !execution.is_done()) {
            // No transaction may be running, or a prepared one: the store knows.
            let _ = self.session.rollback(None);
        }
        self.counts
    }
}
