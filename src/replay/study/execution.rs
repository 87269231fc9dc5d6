//! How well a plan is executed by many workers: virtual time, the toy store, several schedules.

use super::scheme::{Scheme, Visitor};
use crate::replay::execute::Extra;
use crate::replay::plan::Plan;
use crate::replay::simulate::{Ran, Schedule, simulate};
use crate::replay::source::{Source, Why};
use crate::replay::toy::ToyStore;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Workers and stalls that executions are made with: 4 and 16, with and without one in 2000 steps taking 500 times as
/// long.
pub const SETTINGS: [(usize, u64); 4] = [(4, 0), (16, 0), (4, 2000), (16, 2000)];
/// Schedules per setting.
pub const SCHEDULES: u64 = 4;

/// What came of a plan's executions in one setting.
#[derive(Clone, Debug, Serialize)]
pub struct Execution {
    /// Whose plan.
    pub scheme: &'static str,
    /// Operations of each execution.
    pub operations: u64,
    /// Workers.
    pub workers: usize,
    /// One step in so many stalls; 0: none does.
    pub stalls: u64,
    /// The share of their time that workers were at work: mean of all schedules.
    pub efficiency: f64,
    /// How many of a thousand operations somebody waited for.
    pub waits_per_mille: f64,
    /// Why.
    pub waited_for: Vec<&'static str>,
    /// The furthest that a number was ahead of what was done.
    pub max_lead: u64,
    /// Different databases that the schedules led to, all histories included.
    pub results: usize,
    /// Answers of the store that the plan did not expect.
    pub violations: u64,
}

impl Execution {
    /// Executes a scheme's plan several times.
    pub fn of(scheme: Scheme, plan: &Arc<Plan>, operations: u64, workers: usize, stalls: u64) -> Self {
        let (mut efficiency, mut waits, mut max_lead, mut violations) = (0.0, [0; Why::ALL.len()], 0, 0);
        let mut digests = BTreeSet::new();
        for seed in 1..=SCHEDULES {
            let store = ToyStore::loaded(plan);
            let schedule = Schedule { seed, workers, stalls, cut: 0 };
            let ran = scheme.visit(plan, operations, Execute { plan, store: &store, schedule });
            efficiency += ran.efficiency(workers) / SCHEDULES as f64;
            waits.iter_mut().zip(ran.counts.waits).for_each(|(sum, waits)| *sum += waits);
            max_lead = max_lead.max(ran.max_lead);
            violations += ran.violations;
            digests.insert(store.digest());
        }
        let waited_for = Why::ALL.into_iter().zip(waits).filter(|(_, count)| *count > 0).map(|(why, _)| why.name());
        Execution {
            scheme: scheme.name(),
            operations,
            workers,
            stalls,
            efficiency,
            waits_per_mille: 1000.0 * waits.iter().sum::<u64>() as f64 / (SCHEDULES * operations).max(1) as f64,
            waited_for: waited_for.collect(),
            max_lead,
            results: digests.len(),
            violations,
        }
    }
}

struct Execute<'a> {
    plan: &'a Arc<Plan>,
    store: &'a ToyStore,
    schedule: Schedule,
}

impl Visitor for Execute<'_> {
    type Result = Ran;

    fn visit<Q: Source>(self, mut source: Q) -> Ran {
        let sessions = || self.store.session();
        simulate(self.plan, &mut source, sessions, &self.schedule, Extra::default(), &mut ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;
    use crate::replay::plan::Spec;

    fn execution(scheme: Scheme) -> Execution {
        let spec = Spec::new(1, Scenario::all().swap_remove(0).tables);
        Execution::of(scheme, &Arc::new(Plan::new(spec).expect("a plan")), 3000, 16, 300)
    }

    #[test]
    fn birth_lanes_never_wait_and_lead_to_one_result() {
        let birth = execution(Scheme::Birth);
        assert_eq!((birth.waits_per_mille, birth.results, birth.violations), (0.0, 1, 0));
        assert!(birth.waited_for.is_empty());
    }

    #[test]
    fn a_delayed_append_waits_and_an_append_leads_anywhere() {
        let delayed = execution(Scheme::DelayedAppend);
        assert_eq!((delayed.results, delayed.violations), (1, 0));
        assert_eq!(delayed.waited_for, ["creator"]);
        assert!(delayed.efficiency < execution(Scheme::Birth).efficiency);
        assert_eq!(execution(Scheme::Append).results as u64, SCHEDULES);
    }
}
