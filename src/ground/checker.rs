//! Holds an executor over many programs: decides which connection a script may run on, keeps the clock of the connection
//! rising, and confirms a failure on a connection that nothing has used before.

use super::compare::{Comparison, compare};
use super::four::compare_four;
use super::grounding::Grounding;
use crate::backend::Timestamp;
use crate::oracle::wiredtiger::{Executor, ExecutorError};
use crate::program::Program;
use crate::run::{Aspect, Mismatch};
use crate::script::{Ending, Script};

/// Programs for which one connection is used: long enough that opening it does not show, short enough that what programs
/// leave behind does not either.
const PROGRAMS_PER_CONNECTION: u32 = 64;

/// How often a difference has to show again.
const CONFIRMATIONS: u32 = 3;

/// Compares scripts with what an executor answers.
pub struct Checker<E> {
    executor: E,
    name: &'static str,
    compare: fn(&Program, &Script, Timestamp, &Ending, &'static str) -> Comparison,
    /// What the clock of the present connection shows; `None`: it may show anything.
    clock: Option<Timestamp>,
    /// Programs that the present connection has run.
    used: u32,
    next_id: u64,
    seen: Grounding,
}

impl<E: Executor> Checker<E> {
    /// A checker; `name` is what reports call the executor.
    pub fn new(executor: E, name: &'static str) -> Self {
        Checker { executor, name, compare, clock: None, used: 0, next_id: 0, seen: Grounding::default() }
    }

    /// A checker of an executor on layered tables, which gives four answers to each entry.
    pub fn layered(executor: E) -> Self {
        Checker { compare: compare_four, ..Checker::new(executor, super::four::NAME) }
    }

    /// What the comparisons have seen since this was asked last.
    pub fn take_seen(&mut self) -> Grounding {
        std::mem::take(&mut self.seen)
    }

    /// Has the script of a run of `program` answered and compares the answers.
    ///
    /// # Errors
    /// The executor cannot be had.
    pub fn check(&mut self, program: &Program, script: &Script) -> Result<Option<Box<Mismatch>>, ExecutorError> {
        let base = self.clock.filter(|_| !script.needs_fresh && self.used < PROGRAMS_PER_CONNECTION);
        self.seen.programs += 1;
        self.seen.fresh += u64::from(base.is_none());
        for (name, count) in &script.withheld {
            *self.seen.withheld.entry(name).or_default() += count;
        }
        let first = self.execute(program, script, base)?;
        self.seen.answers += first.compared;
        for (name, count) in &first.allowed {
            *self.seen.allowed.entry(name).or_default() += count;
        }
        let Some(found) = first.mismatch else { return Ok(None) };
        self.clock = None;
        let confirmed = self.confirm(program, script, found)?;
        self.seen.unconfirmed += u64::from(confirmed.is_none());
        Ok(confirmed)
    }

    /// The difference as it shows on a connection that nothing has used before. `None`: it does not show again. A program
    /// runs in one thread, but WiredTiger has others, which now and then mark a page for eviction.
    fn confirm(
        &mut self,
        program: &Program,
        script: &Script,
        mut found: Box<Mismatch>,
    ) -> Result<Option<Box<Mismatch>>, ExecutorError> {
        // To see whether it hangs takes long.
        let times = if found.field == Aspect::Hang { 1 } else { CONFIRMATIONS };
        for _ in 0..times {
            match self.execute(program, script, None)?.mismatch {
                Some(again) if (again.step, again.class()) == (found.step, found.class()) => found = again,
                _ => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    fn execute(
        &mut self,
        program: &Program,
        script: &Script,
        base: Option<Timestamp>,
    ) -> Result<Comparison, ExecutorError> {
        self.next_id += 1;
        let request = script.request(self.next_id, base);
        let mut endings = self.executor.execute(&[request])?;
        let ending = endings.pop().unwrap_or(Ending::Complete(Vec::new()));
        let comparison = (self.compare)(program, script, base.unwrap_or(0), &ending, self.name);
        self.used = if base.is_some() { self.used + 1 } else { 1 };
        // Behind everything that the program used, so that nothing of it can be seen again.
        self.clock = match ending {
            Ending::Complete(_) => Some(base.unwrap_or(0) + script.last_ts + 1),
            Ending::Died { .. } => None,
        };
        Ok(comparison)
    }
}
