//! The ways to run a program.

use super::failure::{Mismatch, TAIL_STEPS};
use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use super::oracles::Oracles;
use super::trace::Trace;
use crate::backend::Backend;
use crate::engine::{Counters, EngineBackend};
use crate::program::Program;

/// What a run without a mismatch has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps executed.
    pub steps: u64,
    /// Primitive calls made on every backend, those of the final scans included.
    pub calls: u64,
    /// Checkpoints that the follower picked up.
    pub adoptions: u64,
    /// Those of them made while a cursor held a place.
    pub adoptions_while_placed: u64,
    /// What the node that is tested counted.
    pub counters: Counters,
}

/// Runs `program` on both nodes and on `oracles`; `observer` watches.
///
/// The run is a function of its arguments: no clock, no randomness, no address enters it.
///
/// # Errors
/// The first difference between the backends, or from a reply that the program expects.
pub fn run<O: Observer>(program: &Program, oracles: Oracles, observer: &mut O) -> Result<Outcome, Box<Mismatch>> {
    run_with(program, oracles, observer, |follower| follower)
}

/// Like [`run`], with something else in the place of each backend of the engine: what `wrap` makes of it. A backend
/// that passes calls on and falsifies an answer shows what a run would notice.
///
/// # Errors
/// As for [`run`].
pub fn run_with<O: Observer, B: Backend>(
    program: &Program,
    oracles: Oracles,
    observer: &mut O,
    wrap: impl Fn(EngineBackend) -> B,
) -> Result<Outcome, Box<Mismatch>> {
    execute(program, oracles, observer, &wrap).map_err(|mut mismatch| {
        mismatch.tail = tail(program, oracles, mismatch.step, &wrap);
        mismatch
    })
}

/// Runs `program` with the model's word for every reply, whatever the engine says: `observer` sees what each step
/// should answer. Ends early where a backend breaks a rule that no other backend's reply can stand in for.
pub fn run_by_the_model<O: Observer>(program: &Program, observer: &mut O) {
    let oracles = Oracles { plain: false, model: true, twin: false };
    let Ok(mut lockstep) = Lockstep::new(program, oracles, observer, &|follower| follower) else { return };
    lockstep.by_the_model = true;
    // An error is the end of what can be told.
    let _ = (0..program.steps.len()).try_for_each(|index| lockstep.execute(index));
}

fn execute<O: Observer, B: Backend>(
    program: &Program,
    oracles: Oracles,
    observer: &mut O,
    wrap: &impl Fn(EngineBackend) -> B,
) -> Checked<Outcome> {
    let mut lockstep = Lockstep::new(program, oracles, observer, wrap)?;
    for index in 0..program.steps.len() {
        lockstep.execute(index)?;
    }
    lockstep.finish()
}

/// The last steps of a program up to `failing`, with the replies of the engine's and the model's.
pub(crate) fn tail_of(program: &Program, failing: usize) -> Vec<String> {
    tail(program, Oracles::default(), failing, &|follower| follower)
}

/// The last steps up to `failing` with their replies. A run is deterministic, so a second one has the replies that
/// the first did not spend time on.
fn tail<B: Backend>(
    program: &Program,
    oracles: Oracles,
    failing: usize,
    wrap: &impl Fn(EngineBackend) -> B,
) -> Vec<String> {
    let mut trace = Trace::default();
    // It ends in the mismatch that is being reported.
    let _ = execute(program, oracles, &mut trace, wrap);
    let end = program.steps.len().min(failing + 1);
    let start = end.saturating_sub(TAIL_STEPS);
    let steps = (start..end).map(|index| format!("{index:>6} {}", trace.line(program, index)));
    std::iter::once(program.config.to_string()).chain(steps).collect()
}
