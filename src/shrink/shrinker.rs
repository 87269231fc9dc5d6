//! A shrink in progress: tries candidates and keeps those that are simpler and still fail.

use super::cost::is_simpler;
use super::passes::{PASSES, Pass};
use super::{Budget, PassLog, Shrunk};
use crate::program::{Config, Program, Step};

/// Says whether a program fails in the same way, and how many of its steps that takes.
pub(super) type Judge<'a> = dyn FnMut(&Program) -> Option<usize> + 'a;

/// A shrink in progress.
pub(super) struct Shrinker<'a> {
    /// The simplest program so far that fails.
    current: Program,
    judge: &'a mut Judge<'a>,
    budget: Budget,
    from_steps: usize,
    executions: u64,
    steps: u64,
    /// Candidates kept so far.
    kept: u64,
}

impl<'a> Shrinker<'a> {
    /// Begins with `program`, if it fails when it expects no replies.
    pub fn new(program: &Program, judge: &'a mut Judge<'a>, budget: Budget) -> Option<Self> {
        let mut current = program.clone();
        current.steps.iter_mut().for_each(|step| step.expect = None);
        let from_steps = current.steps.len();
        let needed = judge(&current)?;
        current.steps.truncate(needed);
        Some(Shrinker { current, judge, budget, from_steps, executions: 1, steps: from_steps as u64, kept: 0 })
    }

    /// Runs the passes in turn until a whole turn finds nothing.
    pub fn shrink(mut self) -> Shrunk {
        let mut log: Vec<PassLog> = PASSES.iter().map(|pass| self.idle(pass)).collect();
        let mut fruitless = 0;
        let mut turn = 0;
        while fruitless < PASSES.len() && !self.is_exhausted() {
            let found = self.run(&PASSES[turn], &mut log[turn]);
            fruitless = if found { 0 } else { fruitless + 1 };
            turn = (turn + 1) % PASSES.len();
        }
        Shrunk {
            from_steps: self.from_steps,
            log,
            executions: self.executions,
            steps: self.steps,
            complete: fruitless == PASSES.len(),
            program: self.current,
        }
    }

    fn idle(&self, pass: &Pass) -> PassLog {
        PassLog { pass: pass.name, rounds: 0, tried: 0, kept: 0, removed_steps: 0 }
    }

    /// Runs a pass. Whether it found anything.
    fn run(&mut self, pass: &Pass, log: &mut PassLog) -> bool {
        let (tried, kept, steps) = (self.executions, self.kept, self.current.steps.len());
        (pass.run)(self);
        log.rounds += 1;
        log.tried += self.executions - tried;
        log.kept += self.kept - kept;
        log.removed_steps += steps.saturating_sub(self.current.steps.len());
        self.kept > kept
    }

    /// Whether the budget is used up.
    pub fn is_exhausted(&self) -> bool {
        self.executions >= self.budget.executions || self.steps >= self.budget.steps
    }

    /// The simplest program so far that fails.
    pub fn program(&self) -> &Program {
        &self.current
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.current.steps
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.current.config
    }

    /// Keeps `candidate` if it is simpler than the current program and fails in the same way. What comes after the
    /// failing step is cut off.
    pub fn attempt(&mut self, mut candidate: Program) -> bool {
        if self.is_exhausted() || !is_simpler(&candidate, &self.current) {
            return false;
        }
        self.executions += 1;
        self.steps += candidate.steps.len() as u64;
        let Some(needed) = (self.judge)(&candidate) else {
            return false;
        };
        candidate.steps.truncate(needed);
        self.current = candidate;
        self.kept += 1;
        true
    }

    /// Attempts the current program without the steps for which `is_doomed` says so.
    pub fn attempt_without(&mut self, mut is_doomed: impl FnMut(usize, &Step) -> bool) -> bool {
        let steps = self.current.steps.iter().enumerate();
        let steps: Vec<Step> =
            steps.filter(|(index, step)| !is_doomed(*index, step)).map(|(_, step)| step.clone()).collect();
        if steps.len() == self.current.steps.len() {
            return false;
        }
        self.attempt(Program { config: self.current.config.clone(), steps })
    }

    /// Attempts the current program after `change`.
    pub fn attempt_change(&mut self, change: impl FnOnce(&mut Program)) -> bool {
        let mut candidate = self.current.clone();
        change(&mut candidate);
        self.attempt(candidate)
    }

    /// Does `work` for every step from the last to the first; `work` may change the program.
    pub fn each_step_backwards(&mut self, mut work: impl FnMut(&mut Self, usize)) {
        for index in (0..self.current.steps.len()).rev() {
            if index < self.current.steps.len() && !self.is_exhausted() {
                work(self, index);
            }
        }
    }
}
