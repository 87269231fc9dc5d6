//! `lockstep predict run`: runs a plan, or goes on where another run of it ended, and writes down what it leaves.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::{Out, check_new, check_output, write_new};
use super::args::{MAX_THREADS, PlanArgs, TimingArgs, check_stops};
use super::compare::read;
use super::explain::explain;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lockstep::count::count;
use lockstep::replay::plan::Plan;
use lockstep::replay::result::RunResult;
use lockstep::replay::run::{Left, MAX_OPS, Stage, continue_from, run as execute};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// The last operation.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = number::<1, MAX_OPS>)]
    ops: u64,
    /// Threads; several numbers take turns at the stops.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "4",
          value_parser = number::<1, MAX_THREADS>)]
    threads: Vec<u64>,
    /// Operations at which the run stops and goes on with the next number of threads.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = number::<1, MAX_OPS>)]
    stop: Vec<u64>,
    /// Go on where another run ended. Its plan has to be the same; flags that are not given are as they were there.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// All workers on one thread, in virtual time: the same again is the same run.
    #[arg(long)]
    simulate: bool,
    #[command(flatten)]
    timing: TimingArgs,
    /// Where to write what is left.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &RunArgs, out: &mut Out) -> Result<Verdict> {
    check_stops(&args.stop, args.ops)?;
    if let Some(from) = &args.from {
        check_output(from, &args.output)?;
    }
    let settings = args.timing.settings(!args.simulate);
    let (plan, outcome) = match &args.from {
        None => {
            let plan = args.plan.plan(args.ops)?;
            check_new(&args.output, args.force, |there| may_be(&plan, args.ops, there))?;
            let outcome = execute(&plan, &stages(args), &settings).map_err(|error| anyhow!("cannot load: {error}"))?;
            (plan, outcome)
        }
        Some(from) => {
            let name = from.display();
            let before = read(from)?;
            let its = before.fingerprint.plan().with_context(|| name.to_string())?;
            let plan = Arc::new(Plan::new(args.plan.spec(Some(its.spec()), args.ops)?)?);
            let RunResult { fingerprint, done, failure, changes } = &before;
            if let Some(failure) = failure {
                bail!("{name}: that run failed, so there is nothing to go on from: {failure}");
            }
            if args.stop.first().unwrap_or(&args.ops) <= done {
                let has = count(*done, "operation");
                bail!("{name}: it has {has} already: --ops and --stop have to be more");
            }
            check_new(&args.output, args.force, |there| may_be(&plan, args.ops, there))?;
            let left = Left { fingerprint, done: *done, changes };
            (Arc::clone(&plan), continue_from(&plan, left, &stages(args), &settings).with_context(|| name.to_string())?)
        }
    };
    let explained = outcome.failure.as_ref().map(|failure| explain(&plan, &outcome, failure, args.ops));
    let failure = outcome.failure.as_ref().map(ToString::to_string);
    let result = RunResult { fingerprint: plan.fingerprint(), done: outcome.done, failure, changes: outcome.changes };
    let written = write_new(&args.output, result.to_string().as_bytes(), args.force);
    let (done, changes) = (count(result.done, "operation"), count(result.changes.len(), "change"));
    let how = if explained.is_some() { "NOT as planned" } else { "as planned" };
    out.line(format_args!("plan {}: {done}, {changes}, {how}: {}", result.fingerprint, args.output.display()))?;
    // What went wrong is not lost with a file that cannot be written.
    explained.iter().flatten().try_for_each(|line| out.line(line))?;
    written?;
    Ok(if explained.is_some() { Verdict::Mismatch } else { Verdict::Agree })
}

/// Whether a file may be what a run of the plan up to `ops` leaves.
fn may_be(plan: &Plan, ops: u64, there: &[u8]) -> bool {
    let result = std::str::from_utf8(there).ok().and_then(|text| RunResult::parse(text).ok());
    let is = |it: &RunResult| it.fingerprint == plan.fingerprint() && (it.done == ops || it.failure.is_some());
    result.is_some_and(|result| is(&result))
}

/// From stop to stop, each part with the next number of threads.
fn stages(args: &RunArgs) -> Vec<Stage> {
    let workers = args.threads.iter().cycle();
    let stops = args.stop.iter().chain([&args.ops]);
    stops.zip(workers).map(|(&stop, &workers)| Stage { stop, workers: workers as usize, crash: false }).collect()
}
