//! `lockstep predict run`: runs a plan, or goes on where another run of it ended, and writes down what it leaves.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::{Out, check_output, write_new};
use super::args::{MAX_OPS, MAX_THREADS, PlanArgs, TimingArgs, check_stops, explain, read};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lockstep::replay::plan::Plan;
use lockstep::replay::result::RunResult;
use lockstep::replay::run::{Left, Stage, continue_from, run as execute};
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
    let settings = args.timing.settings(!args.simulate);
    let (plan, outcome) = match &args.from {
        None => {
            let plan = args.plan.plan()?;
            let outcome = execute(&plan, &stages(args), &settings).map_err(|error| anyhow!("cannot load: {error}"))?;
            (plan, outcome)
        }
        Some(from) => {
            let name = from.display();
            check_output(from, &args.output)?;
            let before = read(from)?;
            let its = before.fingerprint.plan().map_err(|what| anyhow!("{name}: {what}"))?;
            let plan = Arc::new(Plan::new(args.plan.spec(Some(its.spec()))?)?);
            let RunResult { fingerprint, done, changes } = &before;
            if args.stop.first().unwrap_or(&args.ops) <= done {
                bail!("{name}: it has {done} operations already: --ops and --stop have to be more");
            }
            let left = Left { fingerprint, done: *done, changes };
            (Arc::clone(&plan), continue_from(&plan, left, &stages(args), &settings).with_context(|| name.to_string())?)
        }
    };
    let (changes, done) = (outcome.changes, outcome.done);
    let result = RunResult { fingerprint: plan.fingerprint(), done, changes };
    write_new(&args.output, result.to_string().as_bytes(), args.force)?;
    let (fingerprint, count) = (&result.fingerprint, result.changes.len());
    out.line(format_args!("plan {fingerprint}: {done} operations, {count} changes: {}", args.output.display()))?;
    let Some(failure) = &outcome.failure else { return Ok(Verdict::Agree) };
    explain(&plan, &outcome.oracle, failure).iter().try_for_each(|line| out.line(line))?;
    Ok(Verdict::Mismatch)
}

/// From stop to stop, each part with the next number of threads.
fn stages(args: &RunArgs) -> Vec<Stage> {
    let workers = args.threads.iter().cycle();
    let stops = args.stop.iter().chain([&args.ops]);
    stops.zip(workers).map(|(&stop, &workers)| Stage { stop, workers: workers as usize, crash: false }).collect()
}
