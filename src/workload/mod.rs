//! Workloads of WiredTiger's test/model: a small language in which a regression test is a short text, with transactions,
//! checkpoints and crashes as ordinary operations.
//!
//! - `ops.rs` is the table of operations, `operand.rs` the kinds of their arguments; `parse.rs` reads a text;
//! - `check.rs` says what a workload needs, and finds what no run could make sense of;

mod operand;
mod ops;
mod parse;
#[cfg(test)]
mod tests;

pub use operand::Slot;
pub use ops::{CrashPhase, Operation};
pub use parse::WorkloadError;

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
