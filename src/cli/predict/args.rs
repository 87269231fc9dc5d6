//! What the commands share: the plan's flags and the run's.

use super::super::number::number;
use anyhow::{Result, bail};
use clap::Args;
use lockstep::replay::execute::Extra;
use lockstep::replay::mistake::Mistake;
use lockstep::replay::plan::{LeftOut, Percent, Plan, Spec, TableSpec, tables};
use lockstep::replay::run::{BURST, MAX_OPS, Settings};
use std::fmt::Write as _;
use std::sync::Arc;

pub const MAX_LANES: u64 = Spec::MAX_LANES as u64;
/// The most threads of a run.
pub const MAX_THREADS: u64 = 256;

/// Some of everything.
const TABLES: &str = "layered:base=1000:insert=20:update=35:remove=15:modify=15,\
                      var:base=1000:insert=53:update=20:remove=5:modify=12,\
                      fix:bits=4:base=1000:insert=20:update=30:remove=15:modify=15,\
                      row:base=1000:insert=20:update=30:remove=20:modify=10";

/// What a plan is made from.
#[derive(Args)]
pub struct PlanArgs {
    /// The seed of the plan [default: 1].
    #[arg(long, value_name = "N", value_parser = number::<0, { u64::MAX }>)]
    pub seed: Option<u64>,
    /// Tables, such as layered:base=1000:insert=53,4xfix:bits=4:insert=10:update=50 [default: one of each kind].
    #[arg(long, value_name = "SPEC", value_parser = parse_tables)]
    pub tables: Option<Tables>,
    /// Lanes [default: 1024].
    #[arg(long, value_name = "N", value_parser = number::<1, MAX_LANES>)]
    pub lanes: Option<u64>,
    /// How many percent of the writing transactions are prepared [default: 5].
    #[arg(long, value_name = "PERCENT")]
    pub prepared: Option<Percent>,
    /// What is not done, such as 'tables 1 numbers 3,7-12': as bisect prints it.
    #[arg(long, value_name = "LIST", value_parser = parse_left_out)]
    pub leave_out: Option<LeftOut>,
}

impl PlanArgs {
    /// What the flags say, and for those that are not there what `before` has, or the default. `ops`: the last operation.
    pub fn spec(&self, before: Option<&Spec>, ops: u64) -> Result<Spec> {
        let default = || -> Result<Spec> {
            let prepared = Percent::whole(5);
            Ok(Spec { prepared, ..Spec::new(1, tables(TABLES)?) })
        };
        let mut spec = before.map_or_else(default, |before| Ok(before.clone()))?;
        spec.seed = self.seed.unwrap_or(spec.seed);
        if let Some(Tables(tables)) = &self.tables {
            spec.tables.clone_from(tables);
        }
        if let Some(lanes) = self.lanes {
            spec.lanes = u32::try_from(lanes)?;
        }
        spec.prepared = self.prepared.unwrap_or(spec.prepared);
        if let Some(left_out) = &self.leave_out {
            if let Some(last) = left_out.numbers.last().filter(|&&last| last > ops) {
                bail!("--leave-out: there is no operation {last}: the last one is {ops}");
            }
            spec.left_out.clone_from(left_out);
        }
        Ok(spec)
    }

    /// The plan of a run whose last operation is `ops`.
    pub fn plan(&self, ops: u64) -> Result<Arc<Plan>> {
        Ok(Arc::new(Plan::new(self.spec(None, ops)?)?))
    }
}

fn parse_left_out(text: &str) -> Result<LeftOut, String> {
    let left_out: LeftOut = text.parse()?;
    if left_out.is_empty() {
        return Err("it names nothing: write tables or numbers, each with a list".to_owned());
    }
    Ok(left_out)
}

/// Runs of the same plan with several numbers of threads.
#[derive(Args)]
pub struct RunsArgs {
    /// The last operation.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = number::<1, MAX_OPS>)]
    pub ops: u64,
    /// Numbers of threads: a run for each.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4,8",
          value_parser = number::<1, MAX_THREADS>)]
    pub threads: Vec<u64>,
}

/// A list of tables is one value.
#[derive(Clone)]
pub struct Tables(pub Vec<TableSpec>);

pub fn parse_tables(text: &str) -> Result<Tables, String> {
    tables(text).map(Tables).map_err(|error| error.to_string())
}

/// How a run goes. Nothing of this may make a difference to what it leaves.
#[derive(Args)]
pub struct TimingArgs {
    /// The seed of all that is up to chance in a run, other than the operating system's scheduler.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, { u64::MAX / 2 }>)]
    pub timing: u64,
    /// One step in so many stalls, or of threads one round of calls; 0: none.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = number::<0, { u64::MAX }>)]
    pub stalls: u64,
    /// So many in a thousand writes and commits meet a conflict that is made up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = number::<0, 900>)]
    pub conflicts: u64,
    /// How many percent of the writing steps are rolled back on purpose, once, before they are done.
    #[arg(long, value_name = "PERCENT", default_value_t = Percent::whole(5))]
    pub rolled_back: Percent,
    /// How many percent of the steps read at the timestamp right before their own.
    #[arg(long, value_name = "PERCENT", default_value_t = Percent::whole(20))]
    pub read_before: Percent,
    /// How many operations each thread has under way at a time: it makes their calls in bursts [not with --simulate].
    #[arg(long, value_name = "N", default_value_t = BURST as u64, value_parser = number::<1, 64>)]
    pub burst: u64,
    /// 1: a leader; 2: a follower as well, on which the same is done and which adopts the leader's checkpoints.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = number::<1, 2>)]
    pub nodes: u64,
    /// Operations between two rounds of checkpoints and comparisons.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = number::<1, MAX_OPS>)]
    pub every: u64,
    /// How far operations may run ahead of what is done [default: as far as they like].
    #[arg(long, value_name = "N", value_parser = number::<1, MAX_OPS>)]
    pub lead: Option<u64>,
    /// A mistake to be planted, to see it caught: append, rank, lost or lane.
    #[arg(long, value_name = "NAME", value_parser = parse_mistake)]
    pub mistake: Option<Mistake>,
}

fn parse_mistake(text: &str) -> Result<Mistake, String> {
    let found = Mistake::ALL.into_iter().find(|mistake| mistake.name() == text);
    found.ok_or_else(|| format!("'{text}' is none of {}", Mistake::ALL.map(Mistake::name).join(", ")))
}

impl TimingArgs {
    /// As a run wants it.
    pub fn settings(&self, threads: bool) -> Settings {
        Settings {
            nodes: self.nodes as usize,
            threads,
            burst: self.burst as usize,
            timing: self.timing,
            stalls: self.stalls,
            conflicts: self.conflicts,
            extra: Extra { seed: self.timing, rolled_back: self.rolled_back, read_before: self.read_before },
            every: self.every,
            lead: self.lead,
            mistake: self.mistake,
        }
    }
}

/// A plan and a run as flags, for others to repeat.
pub fn flags(spec: &Spec, settings: &Settings) -> String {
    let tables = spec.tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let Settings { nodes, burst, timing, stalls, conflicts, extra, every, lead, mistake, .. } = settings;
    let mut text =
        format!("--seed {} --tables {tables} --lanes {} --prepared {}", spec.seed, spec.lanes, spec.prepared);
    let mut add = |flag: std::fmt::Arguments<'_>| {
        // Writing to text cannot fail.
        let _ = write!(text, " {flag}");
    };
    if !spec.left_out.is_empty() {
        add(format_args!("--leave-out '{}'", spec.left_out));
    }
    add(format_args!("--timing {timing} --stalls {stalls} --conflicts {conflicts}"));
    add(format_args!("--rolled-back {} --read-before {}", extra.rolled_back, extra.read_before));
    add(format_args!("--burst {burst} --nodes {nodes} --every {every}"));
    if let Some(lead) = lead {
        add(format_args!("--lead {lead}"));
    }
    if let Some(mistake) = mistake {
        add(format_args!("--mistake {}", mistake.name()));
    }
    text
}

/// Numbers at which a run stops: ascending, before its end.
pub fn check_stops(stops: &[u64], ops: u64) -> Result<()> {
    if !stops.is_sorted_by(|a, b| a < b) || stops.last().is_some_and(|&last| last >= ops) {
        bail!("--stop: write ascending numbers below {ops}, the last one");
    }
    Ok(())
}
