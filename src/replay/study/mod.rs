//! Compares planners: how good are their plans, and how well can many workers execute them?

mod execution;
mod quality;
mod scenarios;
mod scheme;

pub use execution::{Execution, SCHEDULES, SETTINGS};
pub use quality::{Gaps, Quality, Share, coin};
pub use scenarios::Scenario;
pub use scheme::{Scheme, Visitor};

use super::plan::{Plan, Spec, SpecError};
use serde::Serialize;
use std::sync::Arc;

/// All that was found for a workload.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// Its name.
    pub scenario: String,
    /// What it is.
    pub what: String,
    /// The seed of the plans.
    pub seed: u64,
    /// The number of lanes.
    pub lanes: u32,
    /// The plans, in the order of [`Scheme::ALL`].
    pub plans: Vec<Quality>,
    /// Their executions, by scheme and setting.
    pub executions: Vec<Execution>,
}

/// Studies a workload: `operations` are planned, `executed` of them executed.
///
/// # Errors
/// If there is no plan for its tables.
pub fn study(scenario: Scenario, seed: u64, lanes: u32, operations: u64, executed: u64) -> Result<Study, SpecError> {
    let spec = Spec { lanes, ..Spec::new(seed, scenario.tables) };
    let plan = Arc::new(Plan::new(spec)?);
    let planners = Scheme::ALL.into_iter().filter(|scheme| scheme.plans_as() == *scheme);
    let plans = planners.map(|scheme| Quality::of(scheme, &plan, operations)).collect();
    let settings = |scheme| SETTINGS.map(|(workers, stalls)| Execution::of(scheme, &plan, executed, workers, stalls));
    let executions = Scheme::ALL.into_iter().flat_map(settings).collect();
    Ok(Study { scenario: scenario.name, what: scenario.what, seed, lanes, plans, executions })
}
