//! Workers on threads, several on each.
//!
//! A thread has a *crew* of workers with a session and a number each. It makes the next call of all of them together,
//! in a burst, so that their transactions run side by side and a lock is taken once for all.

use super::check::Difference;
use super::execute::{Extra, Violation};
use super::plan::{Draws, OpNumber, Plan, Purpose};
use super::request::Exchange;
use super::source::Source;
use super::store::Store;
use super::sync::{self, Condvar, Mutex, thread};
use super::worker::{Counts, Next, Worker};
use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use thiserror::Error;

/// Work besides that of workers, done now and then by one of them.
pub trait Upkeep {
    /// Whether there is something to do now that all numbers up to `done` are done.
    fn is_due(&self, done: OpNumber) -> bool;

    /// Does a little of it. Whether there is more.
    ///
    /// # Errors
    /// Where the store differs from the plan.
    fn turn(&mut self, done: OpNumber) -> Result<bool, Difference>;
}

/// Nothing.
impl Upkeep for () {
    fn is_due(&self, _done: OpNumber) -> bool {
        false
    }

    fn turn(&mut self, _done: OpNumber) -> Result<bool, Difference> {
        Ok(false)
    }
}

/// What ends a run before its time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// An answer was wrong.
    #[error("{0}")]
    Violation(#[from] Violation),
    /// A comparison went wrong.
    #[error("{0}")]
    Difference(#[from] Difference),
}

/// Threads that do not run smoothly: one round of calls in so many stalls, which lets all others go first some times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// The seed of the draws for it.
    pub seed: u64,
    /// One round in so many; 0: none.
    pub one_in: u64,
}

/// How often a round that stalls lets others go first, at most.
const STALL: u64 = 256;

/// Does all numbers that a source hands out, with a thread for each of `crews`, which are sessions. A thread that meets a
/// failure stops the others after the calls that they are making; what is not committed is rolled back.
///
/// # Errors
/// The first thing that a store did not do as the plan says.
///
/// # Panics
/// As the first thread that panicked did, once it has stopped the others.
pub fn run<Q, S>(
    plan: &Arc<Plan>,
    source: &mut Q,
    crews: Vec<Vec<S>>,
    extra: Extra,
    stalls: Stalls,
    upkeep: &mut (impl Upkeep + Send),
) -> Result<Counts, Failure>
where
    Q: Source + Send,
    Q::Ticket: Send,
    S: Store + Send,
{
    let state = State { source, upkeep: Some(upkeep), failure: None, panic: None };
    let shared = Shared { state: Mutex::new(state), released: Condvar::new() };
    let counts = thread::scope(|scope| {
        let shared = &shared;
        let workers: Vec<_> = (0..)
            .zip(crews)
            .map(|(number, sessions)| {
                let crew = Crew::new(plan, extra, sessions);
                let draws = Draws::new(stalls.seed, Purpose::Schedule, STALLS + number);
                scope.spawn(move || shared.drive(crew, Staller { draws, one_in: stalls.one_in, gave_way: 0 }))
            })
            .collect();
        let mut counts = Counts::default();
        for worker in workers {
            match worker.join() {
                Ok(own) => counts.add(&own),
                Err(panic) => panic::resume_unwind(panic),
            }
        }
        counts
    });
    let State { failure, panic, .. } = sync::into_inner(shared.state);
    if let Some(panic) = panic {
        panic::resume_unwind(panic);
    }
    failure.map_or(Ok(counts), Err)
}

/// Other schedules have draws below.
const STALLS: u64 = 1 << 33;

struct Staller {
    draws: Draws,
    one_in: u64,
    gave_way: u64,
}

impl Staller {
    /// Lets others go first before the calls that come, if these stall.
    fn give_way(&mut self) {
        if self.one_in > 0 && self.draws.below(self.one_in) == 0 {
            for _ in 0..self.draws.span(STALL) {
                thread::yield_now();
                self.gave_way += 1;
            }
        }
    }
}

/// Calls of a step, most often.
const CALLS: usize = 3;

/// The workers of a thread.
struct Crew<T, S> {
    workers: Vec<Worker<T>>,
    sessions: Vec<S>,
    /// The calls of a round; empty between two.
    calls: Vec<Exchange>,
    /// Who may ask first: after the one that asked last, so that everybody gets a turn.
    first: usize,
}

impl<T, S: Store> Crew<T, S> {
    fn new(plan: &Arc<Plan>, extra: Extra, sessions: Vec<S>) -> Self {
        let workers = sessions.iter().map(|_| Worker::new(Arc::clone(plan), extra)).collect();
        Crew { workers, sessions, calls: Vec::new(), first: 0 }
    }

    fn has_work(&self) -> bool {
        self.workers.iter().any(|worker| worker.next() == Next::Work)
    }

    fn has_quit(&self) -> bool {
        self.workers.iter().all(|worker| worker.next() == Next::Quit)
    }

    /// Those who are done with what they did ask for more, until as many begin as should in a round: as a step takes
    /// three calls, a third. So some begin, some write and some commit in each round, all rounds take about as long, and
    /// threads that take turns fall into step. Whether something was given back.
    fn ask<Q: Source<Ticket = T>>(&mut self, source: &mut Q) -> bool {
        let mut released = false;
        let mut left = self.workers.len().div_ceil(CALLS);
        for turn in 0..self.workers.len() {
            let index = (self.first + turn) % self.workers.len();
            let worker = &mut self.workers[index];
            if worker.next() == Next::Work {
                continue;
            }
            released |= worker.ask(source);
            left -= usize::from(worker.next() == Next::Work);
            if left == 0 {
                self.first = index + 1;
                break;
            }
        }
        released
    }

    /// Nobody has work, and somebody will: that is counted once, as a thread waits.
    fn count_wait(&mut self) {
        for worker in &mut self.workers {
            if let Next::Wait(why) = worker.next() {
                return worker.waits(why);
            }
        }
    }

    /// Makes the next call of everybody.
    fn work<Q: Source<Ticket = T>>(&mut self) -> Result<(), Violation> {
        for (session, worker) in self.workers.iter_mut().enumerate() {
            self.calls.extend(worker.request::<Q>().map(|request| Exchange::new(session, request)));
        }
        if !self.calls.is_empty() {
            S::burst(&mut self.sessions, &mut self.calls);
        }
        let mut result = Ok(());
        for Exchange { session, answer, .. } in self.calls.drain(..) {
            result = result.and(self.workers[session].take(answer));
        }
        result
    }

    fn abandon(self) -> Counts {
        let mut counts = Counts::default();
        for (worker, mut session) in self.workers.into_iter().zip(self.sessions) {
            counts.add(&worker.abandon(&mut session));
        }
        counts
    }
}

struct State<'a, Q, K> {
    source: &'a mut Q,
    /// `None` while somebody is at it.
    upkeep: Option<&'a mut K>,
    failure: Option<Failure>,
    /// What a thread panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl<Q, K> State<'_, Q, K> {
    /// Whether something has ended the run before its time.
    fn is_over(&self) -> bool {
        self.failure.is_some() || self.panic.is_some()
    }
}

struct Shared<'a, Q, K> {
    state: Mutex<State<'a, Q, K>>,
    released: Condvar,
}

impl<Q: Source, K: Upkeep> Shared<'_, Q, K> {
    /// A thread's work, from the first number to the last. Others would wait for ever for what it had when it panicked.
    fn drive<S: Store>(&self, mut crew: Crew<Q::Ticket, S>, mut staller: Staller) -> Counts {
        let rounds = AssertUnwindSafe(|| self.go_round(&mut crew, &mut staller));
        if let Err(panic) = panic::catch_unwind(rounds) {
            sync::lock(&self.state).panic.get_or_insert(panic);
            self.released.notify_all();
            return Counts::default();
        }
        Counts { gave_way: staller.gave_way, ..crew.abandon() }
    }

    fn go_round<S: Store>(&self, crew: &mut Crew<Q::Ticket, S>, staller: &mut Staller) {
        while self.next(crew) {
            staller.give_way();
            if let Err(violation) = crew.work::<Q>() {
                self.fail(violation.into());
                break;
            }
        }
        // What is done is done, even if another failed meanwhile.
        let mut state = sync::lock(&self.state);
        for worker in &mut crew.workers {
            worker.give_back(state.source);
        }
    }

    fn fail(&self, failure: Failure) {
        sync::lock(&self.state).failure.get_or_insert(failure);
        self.released.notify_all();
    }

    /// Whether the crew has something to do; waits until that is known. Who finds that upkeep is due does that first.
    fn next<S: Store>(&self, crew: &mut Crew<Q::Ticket, S>) -> bool {
        let mut state = sync::lock(&self.state);
        let mut has_waited = false;
        loop {
            if state.is_over() {
                return false;
            }
            // One may wait for what another of the crew gives back after that.
            let mut is_news = crew.ask(state.source);
            if is_news {
                self.released.notify_all();
            }
            let done = state.source.all_done();
            if let Some(upkeep) = state.upkeep.take_if(|upkeep| upkeep.is_due(done)) {
                drop(state);
                let ended = keep_up(upkeep, done);
                state = sync::lock(&self.state);
                state.upkeep = Some(upkeep);
                if let Err(difference) = ended {
                    state.failure.get_or_insert(difference.into());
                    self.released.notify_all();
                    return false;
                }
                // What somebody waits for may have come meanwhile.
                is_news = true;
            }
            if crew.has_work() {
                return true;
            }
            if crew.has_quit() {
                return false;
            }
            if is_news {
                continue;
            }
            if !std::mem::replace(&mut has_waited, true) {
                crew.count_wait();
            }
            state = sync::wait(&self.released, state);
        }
    }
}

/// Does what is due, to the end.
fn keep_up(upkeep: &mut impl Upkeep, done: OpNumber) -> Result<(), Difference> {
    while upkeep.turn(done)? {}
    Ok(())
}
