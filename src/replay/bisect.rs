//! Makes a failing run small: fewer numbers, fewer tables, fewer operations.
//!
//! Runs are made in virtual time, so that one that fails fails again. What is left out of a plan is used up and not done,
//! so that what stays is what it was. A smaller run counts if its failure is of the same class.

use super::check::Difference;
use super::execute::Violation;
use super::lanes::Lanes;
use super::plan::{OpNumber, Plan, Spec};
use super::run::{Settings, Stage, run};
use super::source::{Source, Take};
use super::step::{Action, Step};
use super::threads::Failure;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

/// A run that fails.
#[derive(Clone, Debug)]
pub struct Failing {
    /// Its plan.
    pub spec: Spec,
    /// Its last number.
    pub stop: OpNumber,
    /// How many workers it has.
    pub workers: usize,
    /// How it goes.
    pub settings: Settings,
    /// How it fails.
    pub failure: Failure,
    /// Whether it was made as small as it can be, and not only as small as the budget went.
    pub is_smallest: bool,
}

/// What is looked for, and how long.
#[derive(Clone, Debug)]
pub struct Search {
    /// The plan.
    pub spec: Spec,
    /// The last number.
    pub stop: OpNumber,
    /// Numbers of workers to try.
    pub workers: Vec<usize>,
    /// How runs go; each schedule has another seed than the one before.
    pub settings: Settings,
    /// Schedules to try for each number of workers.
    pub tries: u64,
    /// Runs to be made at most.
    pub budget: u64,
}

/// What two failures have to have in common.
type Class = (Discriminant<Failure>, Option<Discriminant<Action>>);

fn class(failure: &Failure) -> Class {
    let action = match failure {
        Failure::Violation(Violation { step, .. }) => Some(discriminant(&step.action)),
        Failure::Difference(Difference { .. }) => None,
    };
    (discriminant(failure), action)
}

/// Looks for a failing run and makes it small. Tells `watch` about each smaller one. `None` if none fails.
pub fn bisect(search: &Search, watch: &mut dyn FnMut(&str, &Failing)) -> Option<Failing> {
    let found = find(search)?;
    watch("fails", &found);
    let class = class(&found.failure);
    let mut smaller = Smaller { best: found, class, left: search.budget, watch };
    smaller.halve();
    smaller.drop_tables();
    while smaller.drop_numbers() {}
    smaller.halve();
    let is_smallest = smaller.left > 0;
    smaller.say_it_shortly();
    Some(Failing { is_smallest, ..smaller.best })
}

fn find(search: &Search) -> Option<Failing> {
    for &workers in &search.workers {
        for seed in 0..search.tries {
            let settings = Settings { threads: false, timing: search.settings.timing + seed, ..search.settings };
            if let Some(failure) = failure_of(&search.spec, search.stop, workers, &settings) {
                return Some(Failing {
                    spec: search.spec.clone(),
                    stop: search.stop,
                    workers,
                    settings,
                    failure,
                    is_smallest: false,
                });
            }
        }
    }
    None
}

fn failure_of(spec: &Spec, stop: OpNumber, workers: usize, settings: &Settings) -> Option<Failure> {
    let plan = Arc::new(Plan::new(spec.clone()).ok()?);
    run(&plan, &[Stage { stop, workers, crash: false }], settings).ok()?.failure
}

struct Smaller<'a> {
    best: Failing,
    class: Class,
    left: u64,
    watch: &'a mut dyn FnMut(&str, &Failing),
}

impl Smaller<'_> {
    /// Whether another plan or stop fails, too; then it is the best.
    fn attempt(&mut self, what: &str, spec: Spec, stop: OpNumber) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let Failing { workers, settings, .. } = self.best;
        let failure = failure_of(&spec, stop, workers, &settings).filter(|failure| class(failure) == self.class);
        let Some(failure) = failure else { return false };
        self.best = Failing { spec, stop, workers, settings, failure, is_smallest: false };
        (self.watch)(what, &self.best);
        true
    }

    /// Finds an early stop.
    fn halve(&mut self) {
        let mut good = 0;
        while self.best.stop - good > 1 {
            let middle = good + (self.best.stop - good) / 2;
            let mut spec = self.best.spec.clone();
            // What is not reached need not be left out.
            spec.left_out.numbers.split_off(&(middle + 1));
            if !self.attempt("stops earlier", spec, middle) {
                good = middle;
            }
        }
    }

    /// Leaves out the tables that it does not take.
    fn drop_tables(&mut self) {
        for table in 0..self.best.spec.tables.len() as u16 {
            let mut spec = self.best.spec.clone();
            spec.left_out.tables.insert(table);
            self.attempt("without a table", spec, self.best.stop);
        }
    }

    /// Leaves out numbers, many at first, then fewer at a time. Whether any could be.
    fn drop_numbers(&mut self) -> bool {
        let before = self.best.spec.left_out.numbers.len();
        let mut size = self.operations().len().div_ceil(2);
        while size > 0 {
            let numbers: Vec<_> = self.operations().iter().map(|step| step.t).collect();
            for chunk in numbers.chunks(size).rev() {
                let mut spec = self.best.spec.clone();
                spec.left_out.numbers.extend(chunk);
                self.attempt("without operations", spec, self.best.stop);
            }
            size /= 2;
        }
        self.left > 0 && self.best.spec.left_out.numbers.len() > before
    }

    /// Between two operations that stay, leaves out everything or nothing: what does nothing does no harm. Then all that
    /// is left out are a few ranges.
    fn say_it_shortly(&mut self) {
        if self.best.spec.left_out.numbers.is_empty() {
            return;
        }
        let mut spec = self.best.spec.clone();
        let left_out = std::mem::take(&mut spec.left_out.numbers);
        let ends = self.operations().into_iter().map(|step| step.t).chain([self.best.stop + 1]);
        let mut first = 1;
        for end in ends {
            if left_out.range(first..end).next().is_some() {
                spec.left_out.numbers.extend(first..end);
            }
            first = end + 1;
        }
        self.left = self.left.max(1);
        self.attempt("the same", spec, self.best.stop);
    }

    fn operations(&self) -> Vec<Step> {
        operations(&self.best.spec, self.best.stop)
    }
}

/// What the numbers up to `stop` do, without those that do nothing.
pub fn operations(spec: &Spec, stop: OpNumber) -> Vec<Step> {
    let Ok(plan) = Plan::new(spec.clone()) else { return Vec::new() };
    let plan = Arc::new(plan);
    let mut lanes = Lanes::new(Arc::clone(&plan), stop);
    let mut steps = Vec::new();
    while let Take::Ticket(mut ticket) = lanes.take() {
        steps.push(Lanes::resolve(&plan, &mut ticket));
        // One worker on its own never owes anything.
        lanes.release(ticket);
    }
    steps.retain(|step| step.action != Action::Nothing);
    steps
}

#[cfg(test)]
mod tests {
    use super::super::mistake::Mistake;
    use super::super::plan::tables;
    use super::*;

    #[test]
    fn a_failure_becomes_small() {
        let text = "var:base=100:insert=20:update=50,layered:base=100:insert=30:update=50,row:base=5:update=90";
        let spec = Spec { lanes: 16, ..Spec::new(2, tables(text).expect("tables")) };
        let settings = Settings { mistake: Some(Mistake::Lost), every: 100, ..Settings::new(1) };
        let search = Search { spec, stop: 1000, workers: vec![1, 4], settings, tries: 2, budget: 300 };
        let mut steps = 0;
        let found = bisect(&search, &mut |_, _| steps += 1).expect("it fails");
        assert!(steps > 3 && found.stop < 1000, "{found:?}");
        // The update that is lost, and whoever misses it.
        assert!(found.is_smallest && found.spec.left_out.numbers.iter().all(|&t| t <= found.stop));
        let left = operations(&found.spec, found.stop);
        assert!(left.len() <= 2, "{left:?}");
        assert_eq!((left[0].action, left[0].t % 20), (Action::Update, 0));
    }

    #[test]
    fn what_does_not_fail_is_not_made_small() {
        let spec = Spec::new(2, tables("layered:base=10:insert=20:update=50").expect("tables"));
        let search = Search { spec, stop: 300, workers: vec![3], settings: Settings::new(1), tries: 2, budget: 9 };
        assert!(bisect(&search, &mut |_, _| {}).is_none());
    }
}
