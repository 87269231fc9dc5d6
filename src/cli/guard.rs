//! Runs a program and catches what a backend panics with, so that one bad program does not end the others.

use lockstep::program::{Program, Step};
use lockstep::run::{Class, Done, Mismatch, Observer, Oracles, Outcome};
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
}

/// A panic in a backend. Its class is its location.
#[derive(Clone, Debug, Serialize)]
pub struct Panic {
    /// The step that was being executed, from 0.
    pub step: usize,
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
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureClass::Mismatch(class) => class.fmt(f),
            FailureClass::Panic(location) => write!(f, "panic at {location}"),
        }
    }
}

impl Failure {
    /// How many steps of the program are needed to show the failure.
    pub fn steps_needed(&self) -> usize {
        match self {
            Failure::Mismatch(mismatch) => mismatch.step + 1,
            Failure::Panic(panic) => panic.step + 1,
        }
    }

    /// What this failure shares with others of the same bug.
    pub fn class(&self) -> FailureClass {
        match self {
            Failure::Mismatch(mismatch) => FailureClass::Mismatch(mismatch.class()),
            Failure::Panic(panic) => FailureClass::Panic(panic.location.clone()),
        }
    }

    /// Names the command that runs the program again.
    pub fn set_replay(&mut self, command: String) {
        match self {
            Failure::Mismatch(mismatch) => mismatch.replay = command,
            Failure::Panic(panic) => panic.replay = command,
        }
    }

    /// The failure in one line.
    pub fn headline(&self) -> String {
        match self {
            Failure::Mismatch(mismatch) => format!("step {}, {}", mismatch.step, mismatch.class()),
            Failure::Panic(panic) => format!("step {}, panic at {}: {}", panic.step, panic.location, panic.message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Mismatch(mismatch) => mismatch.fmt(f),
            Failure::Panic(Panic { step, line, location, message, replay }) => {
                writeln!(f, "panic at step {step}, {line}")?;
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
        None => Err(Failure::Panic(panicked(program, position.0))),
    }
}

/// Runs a program by the model; a panic ends it.
pub fn run_by_the_model<O: Observer>(program: &Program, observer: &mut O) {
    // What the observer has seen until then is all that there is.
    let _ = catch(|| lockstep::run::run_by_the_model(program, observer));
}

/// Does `work`. `None`: it panicked.
fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.ok()
}

fn panicked(program: &Program, step: usize) -> Panic {
    let (location, message) = LAST.take();
    let line = program.steps.get(step).map_or_else(|| "the final scans".to_owned(), Step::to_string);
    Panic { step, line, location, message, replay: String::new() }
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
}
