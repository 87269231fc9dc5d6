//! Shrinking workloads: whole transactions go, then tables, then single operations, then numbers become small, until
//! nothing can be dropped or made simpler without losing the failure.
//!
//! It does what `crate::shrink` does to programs, by the same rules: a candidate counts only if it fails with the same class
//! and is strictly simpler (`cost.rs`), so shrinking never drifts to another bug, ends, and has one result. `passes.rs`
//! proposes candidates. One that cannot be run does not fail.

mod cost;
mod passes;

use super::{Operation, Workload};
use crate::shrink::{Budget, Failing, PassLog};
use cost::cost;
use passes::PASSES;

/// The result of a shrink.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The workload.
    pub workload: Workload,
    /// How many operations the input had.
    pub from: usize,
    /// What each pass did, in the order of the passes. Steps are operations.
    pub log: Vec<PassLog>,
    /// Candidates executed, the input included.
    pub executions: u64,
    /// Whether no pass finds anything any more. If not, the budget was used up.
    pub complete: bool,
}

/// Shrinks `workload` and keeps the class of its failure. `fails` runs a workload; the number of steps that it answers with
/// is that of the operations that are needed. `None`: `workload` does not fail.
pub fn shrink<C: PartialEq>(
    workload: &Workload,
    mut fails: impl FnMut(&Workload) -> Option<Failing<C>>,
    budget: Budget,
) -> Option<(C, Shrunk)> {
    let operations: Vec<Operation> = workload.operations().cloned().collect();
    let Failing { class, steps } = fails(&Workload::new(operations.clone()))?;
    let mut judge = |candidate: &[Operation]| {
        let failing = fails(&Workload::new(candidate.iter().cloned()))?;
        (failing.class == class).then_some(failing.steps)
    };
    let from = operations.len();
    let mut current = operations;
    current.truncate(steps);
    let shrinker = Shrinker { current, judge: &mut judge, budget, executions: 1, operations: from as u64, kept: 0 };
    let shrunk = shrinker.shrink(from);
    Some((class, shrunk))
}

/// Says whether a workload fails in the same way, and how many of its operations that takes.
type Judge<'a> = dyn FnMut(&[Operation]) -> Option<usize> + 'a;

/// A shrink in progress.
struct Shrinker<'a> {
    /// The simplest workload so far that fails.
    current: Vec<Operation>,
    judge: &'a mut Judge<'a>,
    budget: Budget,
    executions: u64,
    /// Operations of executed candidates.
    operations: u64,
    /// Candidates kept so far.
    kept: u64,
}

impl Shrinker<'_> {
    /// Runs the passes in turn until a whole turn finds nothing.
    fn shrink(mut self, from: usize) -> Shrunk {
        let idle = |pass| PassLog { pass, rounds: 0, tried: 0, kept: 0, removed_steps: 0 };
        let mut log: Vec<PassLog> = PASSES.iter().map(|(name, _)| idle(*name)).collect();
        let mut fruitless = 0;
        let mut turn = 0;
        while fruitless < PASSES.len() && !self.is_exhausted() {
            let (executions, kept, length) = (self.executions, self.kept, self.current.len());
            (PASSES[turn].1)(&mut self);
            log[turn].rounds += 1;
            log[turn].tried += self.executions - executions;
            log[turn].kept += self.kept - kept;
            log[turn].removed_steps += length.saturating_sub(self.current.len());
            fruitless = if self.kept > kept { 0 } else { fruitless + 1 };
            turn = (turn + 1) % PASSES.len();
        }
        let complete = fruitless == PASSES.len();
        let workload = Workload::new(self.current);
        Shrunk { workload, from, log, executions: self.executions, complete }
    }

    fn is_exhausted(&self) -> bool {
        self.executions >= self.budget.executions || self.operations >= self.budget.steps
    }

    /// Keeps `candidate` if it is simpler and fails in the same way. What comes after the failing operation is cut off.
    fn attempt(&mut self, mut candidate: Vec<Operation>) -> bool {
        if self.is_exhausted() || cost(&candidate) >= cost(&self.current) {
            return false;
        }
        self.executions += 1;
        self.operations += candidate.len() as u64;
        let Some(needed) = (self.judge)(&candidate) else {
            return false;
        };
        candidate.truncate(needed);
        self.current = candidate;
        self.kept += 1;
        true
    }

    /// Attempts without the operations for which `is_doomed` says so.
    fn attempt_without(&mut self, mut is_doomed: impl FnMut(usize) -> bool) -> bool {
        let rest: Vec<Operation> = (0..self.current.len())
            .filter(|&index| !is_doomed(index))
            .map(|index| self.current[index].clone())
            .collect();
        rest.len() < self.current.len() && self.attempt(rest)
    }

    /// Drops groups of operations: first half of the groups at a time, then a quarter, down to single ones; the last ones
    /// first. `groups` says which group an operation belongs to (`None`: it stays).
    fn drop_groups(&mut self, groups: impl Fn(&[Operation]) -> Vec<Option<usize>>) {
        let count = |of: &[Option<usize>]| of.iter().flatten().max().map_or(0, |last| last + 1);
        let mut of = groups(&self.current);
        let mut size = count(&of).div_ceil(2);
        while size > 0 && !self.is_exhausted() {
            let mut end = count(&of);
            while end > 0 {
                let doomed = end.saturating_sub(size)..end;
                end = doomed.start;
                if self.attempt_without(|index| of[index].is_some_and(|group| doomed.contains(&group))) {
                    of = groups(&self.current);
                    end = end.min(count(&of));
                }
            }
            size /= 2;
        }
    }
}
