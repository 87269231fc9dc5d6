//! Counts what runs did: operation by outcome, and whether they reached what makes a layered cursor hard.

use super::entry::Outcome;
use super::observer::{Done, Observer};
use super::situation::{Cursors, Situation};
use super::summary::{EventCounts, HookCounts, OperationCounts, Summary};
use crate::backend::{Code, Point};
use crate::program::ops::Class;
use crate::program::{Config, Op, Step};
use std::collections::BTreeMap;

/// One column per code, and one for writes that were done but whose commit failed.
const COLUMNS: usize = Code::ALL.len() + 1;
const COMMIT_FAILED: usize = COLUMNS - 1;

/// Counters over any number of runs. Call [`Stats::finish`] after each run.
#[derive(Clone, Debug)]
pub struct Stats {
    outcomes: [[u64; COLUMNS]; Op::COUNT],
    programs: u64,
    total: Outcome,
    /// Events by name, and in which situations they happened.
    events: BTreeMap<&'static str, EventCounts>,
    /// Hooks by point and action: how often the point was passed in the step, and how often not.
    hooks: BTreeMap<(Point, &'static str), [u64; 2]>,
    /// The cursors whose last step was one of a walk.
    walking: Cursors,
    /// Length of the present run of steps that leave each cursor placed.
    streaks: [[u64; Config::MAX_CURSORS as usize]; Config::MAX_SESSIONS as usize],
    streak_count: u64,
    streak_steps: u64,
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            outcomes: [[0; COLUMNS]; Op::COUNT],
            programs: 0,
            total: Outcome::default(),
            events: BTreeMap::new(),
            hooks: BTreeMap::new(),
            walking: Cursors::default(),
            streaks: Default::default(),
            streak_count: 0,
            streak_steps: 0,
        }
    }
}

impl Stats {
    /// Ends the run that was observed. `None`: it ended in a mismatch, and only its steps count.
    pub fn finish(&mut self, outcome: Option<&Outcome>) {
        for cursors in &mut self.streaks {
            for streak in cursors {
                end_streak(streak, &mut self.streak_count, &mut self.streak_steps);
            }
        }
        self.walking = Cursors::default();
        self.programs += 1;
        if let Some(outcome) = outcome {
            add(&mut self.total, outcome);
        }
    }

    /// Adds the counters of `other`, which is between runs.
    pub fn merge(&mut self, other: &Stats) {
        for (mine, theirs) in self.outcomes.iter_mut().flatten().zip(other.outcomes.iter().flatten()) {
            *mine += theirs;
        }
        self.programs += other.programs;
        self.streak_count += other.streak_count;
        self.streak_steps += other.streak_steps;
        for (name, counts) in &other.events {
            self.events.entry(name).or_default().add(counts);
        }
        for (hook, [passed, not]) in &other.hooks {
            let mine = self.hooks.entry(*hook).or_default();
            mine[0] += passed;
            mine[1] += not;
        }
        add(&mut self.total, &other.total);
    }

    /// The counters in the form that is printed.
    pub fn summary(&self) -> Summary {
        let counters = &self.total.counters;
        let reads = counters.served_by_ingest + counters.served_by_stable;
        Summary {
            programs: self.programs,
            steps: self.outcomes.iter().flatten().sum(),
            calls: self.total.calls,
            stable_share: ratio(counters.served_by_stable, reads),
            both_on_one_key: counters.both_on_one_key,
            adoptions: self.total.adoptions,
            adoptions_while_placed: self.total.adoptions_while_placed,
            cursor_rebinds: counters.cursor_rebinds,
            rebinds_while_placed: counters.rebinds_positioned,
            pruned_keys: counters.pruned_keys,
            drained_versions: counters.drained_versions,
            mean_placed_run: ratio(self.streak_steps, self.streak_count),
            events: self.events.clone(),
            hooks: self.hooks.iter().map(hook_counts).collect(),
            operations: Op::NAMES.iter().zip(&self.outcomes).map(|(op, row)| operation(op, row)).collect(),
        }
    }
}

impl Observer for Stats {
    fn event(&mut self, event: &'static str, situation: &Situation) {
        self.events.entry(event).or_default().count(situation, self.walking);
    }

    fn hooked(&mut self, at: Point, action: &'static str, passed: bool) {
        self.hooks.entry((at, action)).or_default()[usize::from(!passed)] += 1;
    }

    #[inline]
    fn after(&mut self, _index: usize, step: &Step, done: &Done<'_>) {
        let column = if done.commit.is_some() { COMMIT_FAILED } else { done.code as usize };
        self.outcomes[step.op.index()][column] += 1;
        if step.op.class() == Class::Cursor {
            self.walking.set(step.who, matches!(step.op, Op::Next | Op::Prev));
        }
        if done.on_cursor && !matches!(step.op, Op::NextRandom { .. }) {
            let streak = &mut self.streaks[usize::from(step.who.session)][usize::from(step.who.cursor)];
            if done.replies.follower().placed {
                *streak += 1;
            } else {
                end_streak(streak, &mut self.streak_count, &mut self.streak_steps);
            }
        }
    }
}

fn end_streak(streak: &mut u64, count: &mut u64, steps: &mut u64) {
    if *streak > 0 {
        *count += 1;
        *steps += *streak;
        *streak = 0;
    }
}

fn add(total: &mut Outcome, outcome: &Outcome) {
    total.steps += outcome.steps;
    total.calls += outcome.calls;
    total.adoptions += outcome.adoptions;
    total.adoptions_while_placed += outcome.adoptions_while_placed;
    let (sum, part) = (&mut total.counters, &outcome.counters);
    sum.served_by_ingest += part.served_by_ingest;
    sum.served_by_stable += part.served_by_stable;
    sum.both_on_one_key += part.both_on_one_key;
    sum.cursor_rebinds += part.cursor_rebinds;
    sum.rebinds_positioned += part.rebinds_positioned;
    sum.pruned_keys += part.pruned_keys;
    sum.drained_versions += part.drained_versions;
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl EventCounts {
    fn count(&mut self, situation: &Situation, walking: Cursors) {
        self.total += 1;
        self.positioned += u64::from(situation.positioned);
        self.walking += u64::from(walking.meets(situation.placed));
        self.in_transaction += u64::from(situation.in_transaction);
        self.stalled += u64::from(situation.stalled);
    }

    fn add(&mut self, other: &EventCounts) {
        self.total += other.total;
        self.positioned += other.positioned;
        self.walking += other.walking;
        self.in_transaction += other.in_transaction;
        self.stalled += other.stalled;
    }
}

fn hook_counts((&(at, action), &[passed, not_passed]): (&(Point, &'static str), &[u64; 2])) -> HookCounts {
    HookCounts { at: at.name(), action, passed, not_passed }
}

fn operation(op: &'static str, row: &[u64; COLUMNS]) -> OperationCounts {
    let names = Code::ALL.iter().map(|code| code.name()).chain(["commit_failed"]);
    let outcomes = names.zip(row).filter(|(_, count)| **count > 0).map(|(name, &count)| (name, count)).collect();
    OperationCounts { op, total: row.iter().sum(), outcomes }
}

#[cfg(test)]
mod tests {
    use super::super::{Oracles, run};
    use super::*;
    use crate::program::Program;

    fn stats_of(programs: &[&str]) -> Stats {
        let mut stats = Stats::default();
        for text in programs {
            let program: Program = text.parse().expect("a program");
            let outcome = run(&program, Oracles::default(), &mut stats).unwrap_or_else(|mismatch| panic!("{mismatch}"));
            stats.finish(Some(&outcome));
        }
        stats
    }

    fn row(summary: &Summary, op: &str) -> OperationCounts {
        summary.operations.iter().find(|row| row.op == op).expect("an operation").clone()
    }

    #[test]
    fn outcomes_are_counted_by_code_and_a_write_that_did_not_commit_is_not_ok() {
        let stats = stats_of(&["# lockstep 1
config sessions=1 cursors=1
s0.c0 insert 10 \"a\" ts=10           => ok - -
s0.c0 insert 20 \"a\" ts=10           => ok - -
s0.c0 insert 10 \"b\" ts=5            => ok commit=einval - -
s0.c0 search 10                       => ok 10 \"a\"
s0.c0 search 15                       => notfound E(15) -
s0.c0 remove 20 ts=5                  => ok commit=einval - -
s0 commit                             => einval
"]);
        let summary = stats.summary();
        let outcomes = |op| row(&summary, op).outcomes;
        assert_eq!(outcomes("insert"), BTreeMap::from([("ok", 2), ("commit_failed", 1)]));
        assert_eq!(outcomes("remove"), BTreeMap::from([("commit_failed", 1)]));
        assert_eq!(outcomes("search"), BTreeMap::from([("ok", 1), ("notfound", 1)]));
        assert_eq!(outcomes("commit"), BTreeMap::from([("einval", 1)]));
        assert_eq!((summary.programs, summary.steps), (1, 7));
        assert_eq!(row(&summary, "insert").total, 3);
    }

    /// The first checkpoint is adopted under no cursor, the second under one; the third is none, as nothing is newer.
    const ADOPTIONS: &str = "# lockstep 1
config sessions=1 cursors=1
s0.c0 insert 10 \"a\" ts=10           => ok - -
inject advance oldest=5 stable=10     => ok
s0.c0 search 10                       => ok 10 \"a\"
inject advance oldest=5 stable=20     => ok
inject adopt                          => ok
";

    #[test]
    fn adoptions_are_counted_with_and_without_placed_cursors() {
        let summary = stats_of(&[ADOPTIONS]).summary();
        assert_eq!((summary.adoptions, summary.adoptions_while_placed), (2, 1));
        assert_eq!(row(&summary, "advance").outcomes, BTreeMap::from([("ok", 2)]));
        assert_eq!(row(&summary, "adopt").total, 1);
    }

    #[test]
    fn merged_counters_are_those_of_one_run_after_the_other() {
        let mut merged = stats_of(&[ADOPTIONS]);
        merged.merge(&stats_of(&[ADOPTIONS, ADOPTIONS]));
        assert_eq!(merged.summary(), stats_of(&[ADOPTIONS; 3]).summary());
        assert_eq!((merged.summary().adoptions, merged.summary().programs), (6, 3));
    }
}
