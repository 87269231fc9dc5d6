//! Workloads of WiredTiger's test/model: a small language in which a regression test is a short text, with transactions,
//! checkpoints and crashes as ordinary operations.
//!
//! - `ops.rs` is the table of operations, `operand.rs` the kinds of their arguments; `parse.rs` reads a text;
//! - `check.rs` says what a workload needs, and finds what no run could make sense of; `format.rs` makes keys and values of
//!   numbers;
//! - `database.rs` is what a workload runs on, `engine.rs` and `model.rs` are what there is of it;
//! - `run.rs` does each operation (`perform.rs`) on all of them and compares; `difference.rs` says what it found;
//! - `shrink/` makes a workload that fails small, `generate/` makes workloads of seeds, `emit/`
//!   of programs.

mod check;
mod database;
mod difference;
mod emit;
mod engine;
mod format;
mod generate;
mod model;
pub mod operand;
mod ops;
mod parse;
mod perform;
mod run;
pub mod shrink;
#[cfg(test)]
mod tests;

pub use check::{MAX_TABLES, MAX_TRANSACTIONS, Needs, check};
pub use database::{Database, Death};
pub use difference::{Aspect, Class, Difference, Moment};
pub use emit::{Emitted, emit};
pub use format::TableFormat;
pub use generate::{Knobs, generate};
pub use operand::Slot;
pub use ops::{CrashPhase, Operation};
pub use parse::WorkloadError;
pub use perform::{Answer, Content};
pub use run::{Listener, Outcome, databases, run, run_on};

use std::fmt;

/// Where an operation stands in its text. Lines and columns (in characters) count from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// Where the name begins.
    pub column: usize,
    /// Where each argument begins.
    pub arguments: Vec<usize>,
}

/// An operation and where it stands.
#[derive(Clone, Debug)]
pub struct Line {
    /// The operation.
    pub op: Operation,
    /// Where it stands.
    pub place: Place,
}

/// A workload. Complete before anything runs.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// The operations.
    pub lines: Vec<Line>,
}

impl Workload {
    /// A workload that came from no text: its lines are numbered as if it were printed.
    pub fn new(operations: impl IntoIterator<Item = Operation>) -> Self {
        let line = |(index, op)| Line { op, place: Place { line: index + 1, column: 1, arguments: Vec::new() } };
        Workload { lines: operations.into_iter().enumerate().map(line).collect() }
    }

    /// The operations.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.lines.iter().map(|line| &line.op)
    }
}

/// Where an operation stands is not part of what it is.
impl PartialEq for Workload {
    fn eq(&self, other: &Self) -> bool {
        self.operations().eq(other.operations())
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operations().try_for_each(|op| writeln!(f, "{op}"))
    }
}
