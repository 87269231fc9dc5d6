//! Runs a program and catches what a backend panics with, so that one bad program does not end the others.

use lockstep::ground::culprit;
use lockstep::program::{Program, Step};
use lockstep::run::{Aspect, Class, Done, Mismatch, Observer, Oracles, Outcome};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};

/// Why a program failed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// Backends differ.
    Mismatch(Box<Mismatch>),
    /// A backend panicked.
    Panic(Panic),
    /// A call or a walk did not come to an end: the engine counts what it does within a call and gives up.
    Hang(Panic),
}

/// How the message of a panic begins with which the engine ends a call that would not end.
const HANG: &str = "hang:";

/// A panic in a backend. Its class is its location, or for a hang the operation.
#[derive(Clone, Debug, Serialize)]
pub struct Panic {
    /// The step that was being executed, from 0.
    pub step: usize,
    /// The name of its operation, or `end` for the final scans.
    pub op: &'static str,
    /// The step as `.ops` text.
    pub line: String,
    /// Where in the source.
    pub location: String,
    /// The message.
    pub message: String,
    /// The command that runs the program again.
    pub replay: String,
}

/// What two failures must share to be taken for the same bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// The class of a mismatch.
    Mismatch(Class),
    /// The location of a panic.
    Panic(String),
    /// The operation that did not come to an end.
    Hang(&'static str),
    /// What the death of real WiredTiger is named after.
    Death(String),
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureClass::Mismatch(class) => class.fmt(f),
            FailureClass::Panic(location) => write!(f, "panic at {location}"),
            FailureClass::Hang(op) => write!(f, "hang in {op}"),
            FailureClass::Death(culprit) => write!(f, "death: {culprit}"),
        }
    }
}

impl Failure {
    /// How many steps of the program are needed to show the failure.
    pub fn steps_needed(&self) -> usize {
        match self {
            Failure::Mismatch(mismatch) => mismatch.step + 1,
            Failure::Panic(panic) | Failure::Hang(panic) => panic.step + 1,
        }
    }

    /// What this failure shares with others of the same bug.
    pub fn class(&self) -> FailureClass {
        match self {
            Failure::Mismatch(mismatch) if mismatch.field == Aspect::Hang => FailureClass::Hang(mismatch.op),
            Failure::Mismatch(mismatch) if mismatch.field == Aspect::Death => FailureClass::Death(culprit(mismatch)),
            Failure::Mismatch(mismatch) => FailureClass::Mismatch(mismatch.class()),
            Failure::Panic(panic) => FailureClass::Panic(panic.location.clone()),
            Failure::Hang(panic) => FailureClass::Hang(panic.op),
        }
    }

    /// Names the command that runs the program again.
    pub fn set_replay(&mut self, command: String) {
        match self {
            Failure::Mismatch(mismatch) => mismatch.replay = command,
            Failure::Panic(panic) | Failure::Hang(panic) => panic.replay = command,
        }
    }

    /// The failure in one line.
    pub fn headline(&self) -> String {
        match self {
            Failure::Mismatch(mismatch) => format!("step {}, {}", mismatch.step, self.class()),
            Failure::Panic(panic) => format!("step {}, panic at {}: {}", panic.step, panic.location, panic.message),
            Failure::Hang(panic) => format!("step {}, {}: {}", panic.step, self.class(), panic.message),
        }
    }

    /// The kind of failure in a word.
    pub fn kind(&self) -> &'static str {
        match self.class() {
            FailureClass::Mismatch(_) => "mismatch",
            FailureClass::Panic(_) => "panic",
            FailureClass::Hang(_) => "hang",
            FailureClass::Death(_) => "death",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Mismatch(mismatch) => mismatch.fmt(f),
            Failure::Panic(panic) | Failure::Hang(panic) => {
                let Panic { step, line, location, message, replay, .. } = panic;
                writeln!(f, "{} at step {step}, {line}", self.kind())?;
                writeln!(f, "{location}: {message}")?;
                write!(f, "replay with: {replay}")
            }
        }
    }
}

thread_local! {
    /// Whether a panic of this thread will be caught and reported.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Location and message of the last guarded panic.
    static LAST: RefCell<(String, String)> = const { RefCell::new((String::new(), String::new())) };
}

/// Keeps guarded panics off stderr, where they would stand between the lines of the report.
pub fn install_panic_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !GUARDED.get() {
            return default(info);
        }
        let location = info.location().map_or_else(String::new, ToString::to_string);
        let payload = info.payload();
        let message = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
        LAST.set((location, message.unwrap_or_else(|| "a panic without a message".to_owned())));
    }));
}

/// Runs a program.
pub fn run<O: Observer>(program: &Program, oracles: Oracles, observer: &mut O) -> Result<Outcome, Failure> {
    let mut position = Position(0);
    match catch(|| lockstep::run::run(program, oracles, &mut (&mut position, &mut *observer))) {
        Some(result) => result.map_err(Failure::Mismatch),
        None => Err(panicked(program, position.0)),
    }
}

/// Runs a program by the model; a panic ends it.
pub fn run_by_the_model<O: Observer>(program: &Program, observer: &mut O) {
    // What the observer has seen until then is all that there is.
    let _ = catch(|| lockstep::run::run_by_the_model(program, observer));
}

/// Does `work`.
///
/// # Errors
/// Where it panicked, and with which message.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, (String, String)> {
    catch(work).ok_or_else(|| LAST.take())
}

/// Does `work`. `None`: it panicked.
fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.ok()
}

fn panicked(program: &Program, step: usize) -> Failure {
    let (location, message) = LAST.take();
    let at = program.steps.get(step);
    let line = at.map_or_else(|| "the final scans".to_owned(), |step| step.in_format(program.config.format));
    let op = at.map_or("end", |step| step.op.name());
    let hangs = message.starts_with(HANG);
    let panic = Panic { step, op, line, location, message, replay: String::new() };
    if hangs { Failure::Hang(panic) } else { Failure::Panic(panic) }
}

/// The step being executed.
struct Position(usize);

impl Observer for Position {
    #[inline]
    fn before(&mut self, index: usize, _step: &Step) {
        self.0 = index;
    }

    #[inline]
    fn after(&mut self, index: usize, _step: &Step, _done: &Done<'_>) {
        self.0 = index + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics before a certain step, as a backend might in the middle of it.
    struct Bomb;

    impl Observer for Bomb {
        fn before(&mut self, index: usize, _step: &Step) {
            assert!(index < 1, "tick {index}");
        }
    }

    #[test]
    fn a_panic_is_a_failure_with_its_place() {
        install_panic_hook();
        let program: Program = "# lockstep 1\nconfig\ns0.c0 next\ns0.c0 prev\n".parse().unwrap();
        let Err(failure) = run(&program, Oracles::default(), &mut Bomb) else { panic!("it should have panicked") };
        assert_eq!(failure.steps_needed(), 2);
        let Failure::Panic(panic) = &failure else { panic!("{failure}") };
        assert_eq!((panic.step, panic.line.as_str(), panic.message.as_str()), (1, "s0.c0 prev", "tick 1"));
        assert!(panic.location.starts_with("src/cli/guard.rs:"), "{}", panic.location);
    }

    /// Gives up at the first step, as the engine does with a call that would not end.
    struct Endless;

    impl Observer for Endless {
        fn before(&mut self, _index: usize, _step: &Step) {
            panic!("{HANG} a call took more than 5 moves");
        }
    }

    #[test]
    fn a_call_that_does_not_end_is_a_class_of_its_own() {
        install_panic_hook();
        let program: Program = "# lockstep 1\nconfig\ns0.c0 next\n".parse().unwrap();
        let Err(failure) = run(&program, Oracles::default(), &mut Endless) else { panic!("it should have hung") };
        assert_eq!(failure.class(), FailureClass::Hang("next"));
        assert_eq!(failure.headline(), "step 0, hang in next: hang: a call took more than 5 moves");
        assert!(failure.to_string().starts_with("hang at step 0, s0.c0 next\n"), "{failure}");
    }
}
