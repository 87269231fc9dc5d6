//! Holds an executor over many programs: decides which connection a script may run on, keeps the clock of the connection
//! rising, and confirms a failure on a connection that nothing has used before.

use super::compare::{Comparison, compare};
use super::four::{compare_four, culprit};
use super::grounding::Grounding;
use super::known::KnownFailures;
use crate::backend::Timestamp;
use crate::oracle::wiredtiger::{Executor, ExecutorError};
use crate::program::Program;
use crate::run::{Aspect, Class, Mismatch};
use crate::script::{Ending, Script};
use std::collections::BTreeSet;

/// Programs for which one connection is used: long enough that opening it does not show, short enough that what programs
/// leave behind does not either.
const PROGRAMS_PER_CONNECTION: u32 = 64;

/// Where the clock of a connection may stand at most, so that no timestamp of a program is too large on it.
const LATEST: Timestamp = Timestamp::MAX / 2;

/// How often a difference has to show again.
const CONFIRMATIONS: u32 = 3;

/// One of the comparisons.
type Compare = fn(&Program, &Script, Timestamp, &Ending, &'static str, &KnownFailures) -> Comparison;

/// Compares scripts with what an executor answers.
pub struct Checker<E> {
    executor: E,
    name: &'static str,
    compare: Compare,
    /// Whether a connection is used for several programs.
    shares: bool,
    /// What need not show again to be believed.
    known: KnownFailures,
    /// Classes of differences that did show again. Another one of such a class is believed, if there are new nodes for each
    /// program, so that no other program can be behind it.
    believed: BTreeSet<Class>,
    /// Differences that did not show again.
    once: Vec<Mismatch>,
    /// Known differences besides those that were answered with.
    besides: Vec<Mismatch>,
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
        Checker {
            executor,
            name,
            compare: |program, script, base, ending, name, _| compare(program, script, base, ending, name),
            shares: true,
            known: KnownFailures::default(),
            believed: BTreeSet::new(),
            once: Vec::new(),
            besides: Vec::new(),
            clock: None,
            used: 0,
            next_id: 0,
            seen: Grounding::default(),
        }
    }

    /// A checker of an executor on layered tables, which gives four answers to each entry and has new nodes for each
    /// program. What is `known` is believed at once.
    pub fn layered(executor: E, known: KnownFailures) -> Self {
        Checker { compare: compare_four, shares: false, known, ..Checker::new(executor, super::four::NAME) }
    }

    /// The differences that did not show again, since this was asked last.
    pub fn take_once(&mut self) -> Vec<Mismatch> {
        std::mem::take(&mut self.once)
    }

    /// The known differences besides those that were answered with, since this was asked last.
    pub fn take_besides(&mut self) -> Vec<Mismatch> {
        std::mem::take(&mut self.besides)
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
        let base = self.clock.filter(|&clock| {
            let is_free = self.shares && !script.needs_fresh && self.used < PROGRAMS_PER_CONNECTION;
            is_free && after(clock, script).is_some()
        });
        self.seen.programs += 1;
        self.seen.fresh += u64::from(base.is_none());
        for (name, count) in &script.withheld {
            *self.seen.withheld.entry(name).or_default() += count;
        }
        let first = self.execute(program, script, base)?;
        self.seen.answers += first.compared;
        self.seen.operations += first.operations;
        self.besides.extend(first.besides);
        for (name, count) in &first.allowed {
            *self.seen.allowed.entry(name).or_default() += count;
        }
        let Some(found) = first.mismatch else { return Ok(None) };
        let is_believed = !self.shares && !is_end(&found) && self.believed.contains(&found.class());
        if is_believed || self.known.find(&found).is_some() {
            return Ok(Some(found));
        }
        self.clock = None;
        let once = found.clone();
        let confirmed = match first.at {
            Some(at) if !is_end(&found) => self.confirm(program, &script.up_to(at), found)?,
            _ => self.confirm_end(program, script, found)?,
        };
        match &confirmed {
            Some(found) => {
                self.believed.insert(found.class());
            }
            None => {
                self.seen.unconfirmed += 1;
                self.once.push(*once);
            }
        }
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
        for _ in 0..CONFIRMATIONS {
            match self.execute(program, script, None)?.mismatch {
                Some(again) if (again.step, again.class()) == (found.step, found.class()) => found = again,
                _ => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// The same for the end of a process: a death that shows twice is no accident, though it may not show each time. To
    /// see whether it hangs takes long, so that is asked once.
    fn confirm_end(
        &mut self,
        program: &Program,
        script: &Script,
        found: Box<Mismatch>,
    ) -> Result<Option<Box<Mismatch>>, ExecutorError> {
        let times = if found.field == Aspect::Hang { 1 } else { CONFIRMATIONS };
        for _ in 0..times {
            match self.execute(program, script, None)?.mismatch {
                Some(again) if again.field == found.field && culprit(&again) == culprit(&found) => {
                    return Ok(Some(again));
                }
                _ => {}
            }
        }
        Ok(None)
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
        let comparison = (self.compare)(program, script, base.unwrap_or(0), &ending, self.name, &self.known);
        self.used = if base.is_some() { self.used + 1 } else { 1 };
        // Behind everything that the program used, so that nothing of it can be seen again.
        self.clock = match ending {
            Ending::Complete(_) => after(base.unwrap_or(0), script),
            Ending::Died { .. } => None,
        };
        Ok(comparison)
    }
}

/// What the clock of a connection shows after a script; `None`: too much for another one.
fn after(clock: Timestamp, script: &Script) -> Option<Timestamp> {
    clock.checked_add(script.last_ts).filter(|&last| last < LATEST).map(|last| last + 1)
}

/// Whether nothing came after it.
fn is_end(found: &Mismatch) -> bool {
    matches!(found.field, Aspect::Death | Aspect::Hang)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Oracles, run};
    use crate::script::Recorder;

    /// Answers `right` or `wrong` to each call of the four, as it is told for each execution in turn; then for ever as the
    /// last time.
    struct Fake {
        right: Vec<bool>,
        executed: usize,
        dies: bool,
    }

    impl Executor for Fake {
        fn version(&self) -> &str {
            "0"
        }

        fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError> {
            let is_right = *self.right.get(self.executed).or(self.right.last()).unwrap_or(&true);
            self.executed += 1;
            let calls = requests[0].lines().count() - 2;
            let code = if is_right { "-31803 0 e30303130 - 0" } else { "22 0 - - 0" };
            let mut answers = vec![["0 0 - - 0"; 4].join("\t"), ["0 0 e30303130 - 0"; 4].join("\t")];
            answers.push([code; 4].join("\t"));
            answers.extend(vec![["-31803 0 - - 0"; 4].join("\t"); calls.saturating_sub(3)]);
            answers.truncate(calls);
            if self.dies && !is_right {
                answers.truncate(2);
                return Ok(vec![Ending::Died { answers, reason: "signal: 6 in __walk, 1: x".to_owned(), hung: false }]);
            }
            Ok(vec![Ending::Complete(answers)])
        }
    }

    /// How often a search that is answered so is executed, whether it is a failure, and how many were seen once.
    fn checked(programs: usize, right: &[bool], dies: bool) -> (usize, bool, usize) {
        let text = "# lockstep 1\nconfig sessions=1 cursors=1 keys=9\ns0.c0 search 0010\n";
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let mut recorder = Recorder::with_events(&program);
        run(&program, Oracles::default(), &mut recorder).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        let mut script = recorder.into_script();
        script.entries.truncate(3);
        let fake = Fake { right: right.to_vec(), executed: 0, dies };
        let mut checker = Checker::layered(fake, KnownFailures::default());
        let mut failed = false;
        for _ in 0..programs {
            failed = checker.check(&program, &script).unwrap_or_else(|error| panic!("{error}")).is_some();
        }
        (checker.executor.executed, failed, checker.take_once().len())
    }

    #[test]
    fn a_difference_has_to_show_again_once_for_each_class() {
        assert_eq!(checked(1, &[true], false), (1, false, 0));
        assert_eq!(checked(1, &[false], false), (4, true, 0));
        assert_eq!(checked(3, &[false], false), (6, true, 0), "what showed again is believed");
        assert_eq!(checked(1, &[false, false, true], false), (3, false, 1));
    }

    #[test]
    fn a_death_has_to_show_twice() {
        assert_eq!(checked(1, &[false, true, false], true), (3, true, 0));
        assert_eq!(checked(1, &[false, true], true), (4, false, 1));
    }
}
