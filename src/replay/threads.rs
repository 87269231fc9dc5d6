//! Workers on threads of their own.

use super::check::Difference;
use super::execute::{Extra, Violation};
use super::plan::{Draws, OpNumber, Plan, Purpose};
use super::source::Source;
use super::store::Store;
use super::worker::{Counts, Did, Next, Worker};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread;
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

/// Threads that do not run smoothly: one step in so many stalls, which lets all others go first some times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// The seed of the draws for it.
    pub seed: u64,
    /// One step in so many; 0: none.
    pub one_in: u64,
}

/// How often a step that stalls lets others go first, at most.
const STALL: u64 = 256;

/// Does all numbers that a source hands out, with one thread per session. A thread that meets a failure stops the
/// others after what they are doing.
///
/// # Errors
/// The first thing that a store did not do as the plan says.
pub fn run<Q, S>(
    plan: &Arc<Plan>,
    source: &mut Q,
    sessions: Vec<S>,
    extra: Extra,
    stalls: Stalls,
    upkeep: &mut (impl Upkeep + Send),
) -> Result<Counts, Failure>
where
    Q: Source + Send,
    Q::Ticket: Send,
    S: Store + Send,
{
    let state = State { source, upkeep: Some(upkeep), failure: None };
    let shared = Shared { state: Mutex::new(state), released: Condvar::new() };
    let counts = thread::scope(|scope| {
        let shared = &shared;
        let workers: Vec<_> = (0..)
            .zip(sessions)
            .map(|(number, session)| {
                let worker = Worker::new(Arc::clone(plan), extra, session);
                let draws = Draws::new(stalls.seed, Purpose::Schedule, STALLS + number);
                scope.spawn(move || shared.drive(worker, Staller { draws, one_in: stalls.one_in }))
            })
            .collect();
        let mut counts = Counts::default();
        for worker in workers {
            match worker.join() {
                Ok(own) => counts.add(&own),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        counts
    });
    shared.state.into_inner().failure.map_or(Ok(counts), Err)
}

/// Other schedules have draws below.
const STALLS: u64 = 1 << 33;

struct Staller {
    draws: Draws,
    one_in: u64,
}

impl Staller {
    /// How often to let others go first between two calls of the step that comes.
    fn next(&mut self) -> u64 {
        let stalls = self.one_in > 0 && self.draws.below(self.one_in) == 0;
        if stalls { self.draws.span(STALL) } else { 0 }
    }
}

struct State<'a, Q, K> {
    source: &'a mut Q,
    /// `None` while somebody is at it.
    upkeep: Option<&'a mut K>,
    failure: Option<Failure>,
}

struct Shared<'a, Q, K> {
    state: Mutex<State<'a, Q, K>>,
    released: Condvar,
}

impl<Q: Source, K: Upkeep> Shared<'_, Q, K> {
    /// A thread's work, from the first number to the last.
    fn drive<S: Store>(&self, mut worker: Worker<Q::Ticket, S>, mut staller: Staller) -> Counts {
        while self.next(&mut worker) {
            let stall = staller.next();
            loop {
                (0..stall).for_each(|_| thread::yield_now());
                let (did, result) = worker.work::<Q>();
                if let Err(violation) = result {
                    self.fail(violation.into());
                    break;
                }
                if matches!(did, Did::Step) {
                    break;
                }
            }
        }
        worker.abandon()
    }

    fn fail(&self, failure: Failure) {
        self.state.lock().failure.get_or_insert(failure);
        self.released.notify_all();
    }

    /// Whether the worker has something to do; waits until that is known. Who finds that upkeep is due does that first.
    fn next<S: Store>(&self, worker: &mut Worker<Q::Ticket, S>) -> bool {
        let mut state = self.state.lock();
        loop {
            if state.failure.is_some() {
                return false;
            }
            let (next, released) = worker.ask(state.source);
            if released {
                self.released.notify_all();
            }
            let done = state.source.all_done();
            if let Some(upkeep) = state.upkeep.take_if(|upkeep| upkeep.is_due(done)) {
                drop(state);
                let ended = keep_up(upkeep, done);
                state = self.state.lock();
                state.upkeep = Some(upkeep);
                if let Err(difference) = ended {
                    state.failure.get_or_insert(difference.into());
                    self.released.notify_all();
                    return false;
                }
                if next == Next::Wait {
                    // What it waits for may have come meanwhile.
                    continue;
                }
            }
            match next {
                Next::Work => return true,
                Next::Quit => return false,
                Next::Wait => self.released.wait(&mut state),
            }
        }
    }
}

/// Does what is due, to the end.
fn keep_up(upkeep: &mut impl Upkeep, done: OpNumber) -> Result<(), Difference> {
    while upkeep.turn(done)? {}
    Ok(())
}
