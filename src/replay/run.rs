//! A run: a plan on the engine's nodes in stages, each with its stop and its number of workers, and with a keeper that
//! compares.

use super::change::{Change, Divergence, first_unplanned};
use super::check::Difference;
use super::cluster::Cluster;
use super::execute::Extra;
use super::keeper::{Keeper, Kept};
use super::lanes::Lanes;
use super::mistake::{Mistake, Mistaken};
use super::oracle::Oracle;
use super::plan::{AnotherPlan, Fingerprint, OpNumber, Plan};
use super::restore::restore;
use super::simulate::{Schedule, simulate};
use super::store::StoreError;
use super::threads::{self, Failure, Stalls};
use super::worker::Counts;
use std::sync::Arc;
use thiserror::Error;

/// The most operations of a run: its histories are kept in memory.
pub const MAX_OPS: u64 = 100_000_000;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The last number that it does.
    pub stop: OpNumber,
    /// How many workers it has.
    pub workers: usize,
    /// Whether all nodes die at the end, and go on from the last checkpoint. In virtual time they die in the middle of
    /// whatever is being done when so many numbers are done, threads end at the stop.
    pub crash: bool,
}

/// Operations that a thread has under way, unless it is said otherwise.
pub const BURST: usize = 32;

/// How a run goes. Nothing of this may make a difference to what it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Nodes: 1, a leader, or 2, a follower as well.
    pub nodes: usize,
    /// Workers are threads; or else they take turns on one, in virtual time.
    pub threads: bool,
    /// How many operations a thread has under way at a time, whose calls it makes in bursts. Fewer if there are not lanes
    /// enough. In virtual time all calls are made one by one.
    pub burst: usize,
    /// The seed of all that is up to chance.
    pub timing: u64,
    /// One step in so many stalls, or of threads one round of calls; 0: none.
    pub stalls: u64,
    /// So many in a thousand writes, prepares and commits meet a made-up conflict.
    pub conflicts: u64,
    /// Attempts that are rolled back on purpose, read timestamps.
    pub extra: Extra,
    /// Numbers between two rounds of comparisons.
    pub every: u64,
    /// How far numbers may run ahead of what is done; `None`: as far as they like.
    pub lead: Option<u64>,
    /// A mistake that is planted.
    pub mistake: Option<Mistake>,
}

impl Settings {
    /// With threads, and nothing that goes wrong.
    pub fn new(timing: u64) -> Self {
        let extra = Extra { seed: timing, ..Extra::default() };
        Settings {
            nodes: 2,
            threads: true,
            burst: BURST,
            timing,
            stalls: 0,
            conflicts: 0,
            extra,
            every: 1000,
            lead: None,
            mistake: None,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// All numbers up to this one were done.
    pub done: OpNumber,
    /// What the workers did.
    pub counts: Counts,
    /// What the keeper did.
    pub kept: Kept,
    /// All that happened to the leader's keys, in the order of numbers, tables and keys.
    pub changes: Vec<Change>,
    /// What every key ought to have had at every number.
    pub oracle: Oracle,
    /// What was not as the plan says.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// Of a run that failed: what is the first thing on the leader, up to the last number that was done, that is not as
    /// the plan says. `None`: what failed shows later or elsewhere.
    pub fn first_unplanned(&self, plan: &Arc<Plan>) -> Option<Divergence> {
        self.failure.as_ref().and_then(|_| first_unplanned(plan, &self.changes, self.done))
    }
}

/// Why a run cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ContinueError {
    /// It was made by another plan.
    #[error(transparent)]
    Plan(#[from] AnotherPlan),
    /// What it left is not what the plan leaves: it failed, or it was altered since.
    #[error("operation {t} does not leave that at table {table}, key {key}: run it again from the beginning")]
    NotAsPlanned {
        /// The first number of which it is not.
        t: OpNumber,
        /// The table.
        table: u16,
        /// The key.
        key: u64,
    },
    /// What it left cannot be loaded.
    #[error("cannot load what it left: {0}")]
    Load(#[from] StoreError),
}

/// What a run left: to be continued.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// Its plan's fingerprint.
    pub fingerprint: &'a Fingerprint,
    /// All numbers up to this one were done.
    pub done: OpNumber,
    /// All that happened, in the order of numbers.
    pub changes: &'a [Change],
}

/// Executes a plan from its first number on.
///
/// # Errors
/// If what the plan begins with cannot be loaded.
pub fn run(plan: &Arc<Plan>, stages: &[Stage], settings: &Settings) -> Result<Outcome, StoreError> {
    let cluster = Cluster::new(plan, settings.nodes)?;
    let source = Lanes::new(Arc::clone(plan), 0);
    Ok(Run::new(plan, cluster, source, 0, settings).go(stages))
}

/// Executes a plan from where another run of it ended.
///
/// # Errors
/// If that was another plan, or if it cannot be loaded.
pub fn continue_from(
    plan: &Arc<Plan>,
    left: Left<'_>,
    stages: &[Stage],
    settings: &Settings,
) -> Result<Outcome, ContinueError> {
    let source = Lanes::resume(Arc::clone(plan), left.fingerprint, left.done, left.done)?;
    check_left(plan, left)?;
    let cluster = restore(plan, settings.nodes, left.changes)?;
    let mut outcome = Run::new(plan, cluster, source, left.done, settings).go(stages);
    outcome.changes.splice(..0, left.changes.iter().cloned());
    Ok(outcome)
}

/// Only what the plan leaves can be continued: the end of any other run is as wrong as its beginning.
fn check_left(plan: &Arc<Plan>, left: Left<'_>) -> Result<(), ContinueError> {
    match first_unplanned(plan, left.changes, left.done) {
        None => Ok(()),
        Some(Divergence { t, table, key, .. }) => Err(ContinueError::NotAsPlanned { t, table, key }),
    }
}

/// How many workers a thread has: as many as it may, if that leaves a lane for each.
pub fn crew(threads: usize, lanes: u64, burst: usize) -> usize {
    let fair = usize::try_from(lanes).unwrap_or(usize::MAX) / threads.max(1);
    burst.min(fair).max(1)
}

struct Run<'a> {
    plan: &'a Arc<Plan>,
    keeper: Keeper,
    source: Lanes,
    done: OpNumber,
    counts: Counts,
    settings: &'a Settings,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Arc<Plan>, mut cluster: Cluster, source: Lanes, done: OpNumber, settings: &'a Settings) -> Self {
        cluster.make_up_conflicts(settings.timing, settings.conflicts);
        let keeper = Keeper::new(plan, cluster, done, settings.timing, settings.every);
        Run { plan, keeper, source, done, counts: Counts::default(), settings }
    }

    fn go(mut self, stages: &[Stage]) -> Outcome {
        let mut failure = None;
        for (number, stage) in (0..).zip(stages) {
            if let Err(wrong) = self.stage(stage, number) {
                failure = Some(wrong);
                break;
            }
        }
        if failure.is_none() {
            failure = self.keeper.finish(self.done).err().map(Failure::from);
        }
        if failure.is_some() {
            self.keeper.finish_anyhow(self.done);
        }
        let mut changes = self.keeper.changes().to_vec();
        changes.sort_unstable();
        let (kept, oracle) = (*self.keeper.kept(), self.keeper.oracle().clone());
        Outcome { done: self.done, counts: self.counts, kept, changes, oracle, failure }
    }

    fn stage(&mut self, stage: &Stage, number: u64) -> Result<(), Failure> {
        let Settings { threads, lead, mistake, .. } = *self.settings;
        self.source.limit_lead(lead);
        self.source.stop_at(stage.stop);
        let lanes = std::mem::replace(&mut self.source, Lanes::new(Arc::clone(self.plan), 0));
        let mut source = Mistaken::new(lanes, mistake);
        let failure = if threads {
            self.on_threads(&mut source, stage, number)
        } else {
            self.simulated(&mut source, stage, number)
        };
        self.source = source.into_inner();
        self.done = super::source::Source::all_done(&self.source);
        failure?;
        if stage.crash {
            let came_back = self.keeper.crash();
            // Nothing is left of what came later, be it as planned or not.
            self.done = self.keeper.now();
            came_back?;
            let fingerprint = self.plan.fingerprint();
            let resumed = Lanes::resume(Arc::clone(self.plan), &fingerprint, self.done, self.done);
            self.source =
                resumed.map_err(|error| Difference { t: self.done, table: 0, key: None, what: error.to_string() })?;
        }
        Ok(())
    }

    fn on_threads(&mut self, source: &mut Mistaken<Lanes>, stage: &Stage, number: u64) -> Result<(), Failure> {
        let Settings { extra, timing, stalls, .. } = *self.settings;
        let crew = crew(stage.workers, self.plan.lanes(), self.settings.burst);
        let mut sessions = (1..).map(|number| self.keeper.cluster().session(number));
        let crews = (0..stage.workers).map(|_| sessions.by_ref().take(crew).collect()).collect();
        drop(sessions);
        let stalls = Stalls { seed: timing.wrapping_add(number << 40), one_in: stalls };
        let counts = threads::run(self.plan, source, crews, extra, stalls, &mut self.keeper)?;
        self.counts.add(&counts);
        Ok(())
    }

    fn simulated(&mut self, source: &mut Mistaken<Lanes>, stage: &Stage, number: u64) -> Result<(), Failure> {
        let Settings { extra, timing, stalls, .. } = *self.settings;
        let mut sessions: Vec<_> = (0..stage.workers).map(|worker| self.keeper.cluster().session(1 + worker)).collect();
        let cut = if stage.crash { stage.stop.saturating_sub(self.done).div_ceil(2) } else { 0 };
        let schedule = Schedule { seed: timing.wrapping_add(number << 40), workers: stage.workers, stalls, cut };
        let take = || sessions.pop().unwrap_or_else(|| unreachable!("one for each worker"));
        let ran = simulate(self.plan, source, take, &schedule, extra, &mut self.keeper);
        self.counts.add(&ran.counts);
        match (ran.first, self.keeper.difference()) {
            (Some(violation), _) => Err(violation.into()),
            (None, Some(difference)) => Err(difference.clone().into()),
            (None, None) => Ok(()),
        }
    }
}
