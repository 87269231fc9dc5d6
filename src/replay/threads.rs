//! Workers on threads of their own.

use super::execute::{Extra, Violation};
use super::plan::Plan;
use super::source::Source;
use super::store::Store;
use super::worker::{Counts, Did, Next, Worker};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// Does all numbers that a source hands out, with one thread per session. A thread that meets a violation stops the
/// others after what they are doing.
///
/// # Errors
/// The first thing that a store did not do as the plan says.
pub fn run<Q, S>(plan: &Arc<Plan>, source: &mut Q, sessions: Vec<S>, extra: Extra) -> Result<Counts, Violation>
where
    Q: Source + Send,
    Q::Ticket: Send,
    S: Store + Send,
{
    let shared = Shared { state: Mutex::new(State { source, failure: None }), released: Condvar::new() };
    let counts = thread::scope(|scope| {
        let workers: Vec<_> = sessions
            .into_iter()
            .map(|session| {
                let worker = Worker::new(Arc::clone(plan), extra, session);
                scope.spawn(|| shared.drive(worker))
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
    let state = shared.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state.failure.map_or(Ok(counts), Err)
}

struct State<'a, Q> {
    source: &'a mut Q,
    failure: Option<Violation>,
}

struct Shared<'a, Q> {
    state: Mutex<State<'a, Q>>,
    released: Condvar,
}

impl<Q: Source> Shared<'_, Q> {
    /// A thread's work, from the first number to the last.
    fn drive<S: Store>(&self, mut worker: Worker<Q::Ticket, S>) -> Counts {
        while self.next(&mut worker) {
            loop {
                let (did, result) = worker.work::<Q>();
                if let Err(violation) = result {
                    let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                    state.failure.get_or_insert(violation);
                    self.released.notify_all();
                    break;
                }
                if matches!(did, Did::Step) {
                    break;
                }
            }
        }
        worker.abandon()
    }

    /// Whether the worker has something to do; waits until that is known.
    fn next<S: Store>(&self, worker: &mut Worker<Q::Ticket, S>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.failure.is_some() {
                return false;
            }
            let (next, released) = worker.ask(state.source);
            if released {
                self.released.notify_all();
            }
            match next {
                Next::Work => return true,
                Next::Quit => return false,
                Next::Wait => state = self.released.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
