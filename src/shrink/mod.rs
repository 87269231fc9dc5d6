//! Shrinking: makes a program that fails smaller, until nothing can be dropped or made simpler without losing the
//! failure.
//!
//! - [`shrink`] works with any predicate; [`shrink_failure`] keeps the *class* of a failure, so that it never drifts
//!   from one bug to another; [`shrink_mismatch`] takes the class from a lockstep run;
//! - `passes/` has one file per pass: a pass proposes candidates. `shrinker.rs` tries them, keeps those that still
//!   fail, and repeats all passes until none of them finds anything;
//! - `cost.rs` says what simpler means. Only what is strictly simpler is tried, so shrinking ends, and shrinking a
//!   result again changes nothing;
//! - `regression.rs` writes the result as an `.ops` program that says what it should have answered.
//!
//! Everything is a function of the program, the predicate and the budget, which counts executions and not time.

mod cost;
mod passes;
mod regression;
mod shrinker;

use crate::program::Program;
use crate::run::{Class, Oracles, run};
pub use regression::regression;
use shrinker::Shrinker;
use std::fmt;

/// What a shrink may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Candidates executed.
    pub executions: u64,
    /// Steps of executed candidates.
    pub steps: u64,
}

/// Enough for a failure of many thousand steps.
impl Default for Budget {
    fn default() -> Self {
        Budget { executions: 100_000, steps: 50_000_000 }
    }
}

/// The result of a shrink.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The program. It expects no replies.
    pub program: Program,
    /// How many steps the input had.
    pub from_steps: usize,
    /// What each pass did, in the order of the passes.
    pub log: Vec<PassLog>,
    /// Candidates executed, the input included.
    pub executions: u64,
    /// Steps of executed candidates.
    pub steps: u64,
    /// Whether no pass finds anything any more. If not, the budget was used up.
    pub complete: bool,
}

/// What a pass did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PassLog {
    /// The name of the pass.
    pub pass: &'static str,
    /// How often it ran.
    pub rounds: u64,
    /// Candidates executed.
    pub tried: u64,
    /// Candidates that still failed and were kept.
    pub kept: u64,
    /// Steps that the program lost by it.
    pub removed_steps: usize,
}

/// One line for each pass that tried something.
impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table_of(&self.log))
    }
}

/// What passes did, as a table with a line for each that tried something.
pub fn table_of(log: &[PassLog]) -> String {
    let mut table = format!("{:<14}{:>7}{:>8}{:>8}{:>15}", "pass", "rounds", "tried", "kept", "removed steps");
    for PassLog { pass, rounds, tried, kept, removed_steps } in log.iter().filter(|log| log.tried > 0) {
        table.push_str(&format!("\n{pass:<14}{rounds:>7}{tried:>8}{kept:>8}{removed_steps:>15}"));
    }
    table
}

/// How a program fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing<C> {
    /// What two failures must share to be taken for the same bug.
    pub class: C,
    /// How many steps are needed to show it: the failing one is the last of them.
    pub steps: usize,
}

/// Shrinks `program` as long as `is_same_failure` says yes. The predicate has to be a function of the program alone;
/// it is asked about programs that expect no replies. `None`: it says no to `program` itself.
pub fn shrink(program: &Program, mut is_same_failure: impl FnMut(&Program) -> bool, budget: Budget) -> Option<Shrunk> {
    let mut judge = |candidate: &Program| is_same_failure(candidate).then_some(candidate.steps.len());
    Some(Shrinker::new(program, &mut judge, budget)?.shrink())
}

/// Shrinks `program` and keeps the class of its failure. `fails` runs a program. `None`: `program` does not fail
/// when it expects no replies.
pub fn shrink_failure<C: PartialEq>(
    program: &Program,
    mut fails: impl FnMut(&Program) -> Option<Failing<C>>,
    budget: Budget,
) -> Option<(C, Shrunk)> {
    let mut class = None;
    let mut judge = |candidate: &Program| {
        let Failing { class: found, steps } = fails(candidate)?;
        let is_same = class.as_ref().is_none_or(|class| *class == found);
        class.get_or_insert(found);
        is_same.then_some(steps)
    };
    let shrunk = Shrinker::new(program, &mut judge, budget)?.shrink();
    Some((class?, shrunk))
}

/// Shrinks a program on which backends differ; keeps the class of the mismatch. `None`: they agree.
pub fn shrink_mismatch(program: &Program, oracles: Oracles, budget: Budget) -> Option<(Class, Shrunk)> {
    let fails = |candidate: &Program| {
        let mismatch = run(candidate, oracles, &mut ()).err()?;
        Some(Failing { class: mismatch.class(), steps: mismatch.step + 1 })
    };
    shrink_failure(program, fails, budget)
}
