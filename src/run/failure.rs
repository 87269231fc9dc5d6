//! What a difference between backends is reported as.

use super::clip::clip;
use super::compare::Aspect;
use serde::Serialize;
use std::fmt;

/// How many steps up to the failing one a report shows.
pub(super) const TAIL_STEPS: usize = 12;

/// The first difference of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Mismatch {
    /// The step, from 0. As many as the program has steps: the final scans.
    pub step: usize,
    /// The name of the operation, or `end` for the final scans.
    pub op: &'static str,
    /// What differs.
    pub field: Aspect,
    /// The backend that differs, and what it differs from: another backend, `rule` or `expected`.
    pub backends: (&'static str, &'static str),
    /// What is wrong, in words.
    pub reason: String,
    /// The primitive call that showed it.
    pub call: String,
    /// What every backend answered to that call.
    pub replies: Vec<(&'static str, String)>,
    /// The program's configuration and last steps as numbered `.ops` lines, the failing step last.
    pub tail: Vec<String>,
    /// The command that runs the program again.
    pub replay: String,
}

/// What two failures must share to be taken for the same bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Class {
    /// The name of the operation.
    pub op: &'static str,
    /// What differs.
    pub field: Aspect,
    /// Between whom.
    pub backends: (&'static str, &'static str),
}

impl Mismatch {
    /// The class of the failure.
    pub fn class(&self) -> Class {
        Class { op: self.op, field: self.field, backends: self.backends }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} against {}", self.op, self.field, self.backends.0, self.backends.1)
    }
}

/// The report for people: long values are clipped.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "mismatch at step {}, {}", self.step, self.class())?;
        writeln!(f, "{}", clip(&self.reason))?;
        for line in &self.tail {
            writeln!(f, "    {}", clip(line))?;
        }
        writeln!(f, "in the call {}:", clip(&self.call))?;
        for (name, reply) in &self.replies {
            writeln!(f, "    {name:<16}  {}", clip(reply))?;
        }
        write!(f, "replay with: {}", self.replay)
    }
}

impl std::error::Error for Mismatch {}
