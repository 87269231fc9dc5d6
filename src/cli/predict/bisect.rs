//! `lockstep predict bisect`: makes a failing run small.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::Out;
use super::args::{PlanArgs, RunsArgs, TimingArgs, flags};
use super::explain::explain;
use anyhow::{Result, anyhow};
use clap::Args;
use lockstep::count::count;
use lockstep::replay::bisect::{Failing, Search, bisect as make_small, operations};
use lockstep::replay::plan::{Plan, spans};
use lockstep::replay::run::{Stage, run};
use lockstep::replay::step::Step;
use std::sync::Arc;

/// Operations that are printed.
const SHOWN: usize = 40;
/// Ranges of numbers that are printed of those that are not.
const SPANS: usize = 8;

#[derive(Args)]
pub struct BisectArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    runs: RunsArgs,
    /// Schedules to try with each, in virtual time, until one fails.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = number::<1, 1_000_000>)]
    tries: u64,
    /// Runs to be made at most once one fails.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = number::<1, 1_000_000>)]
    budget: u64,
    #[command(flatten)]
    timing: TimingArgs,
}

pub fn bisect(args: &BisectArgs, out: &mut Out) -> Result<Verdict> {
    let RunsArgs { ops, threads } = &args.runs;
    let search = Search {
        spec: args.plan.plan(*ops)?.spec().clone(),
        stop: *ops,
        workers: threads.iter().map(|&threads| threads as usize).collect(),
        settings: args.timing.settings(false),
        tries: args.tries,
        budget: args.budget,
    };
    let mut written = Ok(());
    let found = make_small(&search, &mut |what, failing| {
        let left = count(operations(&failing.spec, failing.stop).len(), "operation");
        let line = out.line(format_args!("{what}: {left} up to {}: {}", failing.stop, failing.failure));
        written = std::mem::replace(&mut written, Ok(())).and(line);
    });
    written?;
    let Some(Failing { spec, stop, workers, settings, failure, is_smallest }) = found else {
        let runs = count(args.tries * threads.len() as u64, "run");
        out.line(format_args!("no failure in {runs} of {}", count(*ops, "operation")))?;
        return Ok(Verdict::Agree);
    };
    print_steps(&operations(&spec, stop), out)?;
    if !is_smallest {
        out.line(format_args!("the budget of {} is used up: more may make it smaller", count(args.budget, "run")))?;
    }
    let plan = Arc::new(Plan::new(spec)?);
    // In virtual time it is the same run once more.
    let again = run(&plan, &[Stage { stop, workers, crash: false }], &settings);
    let outcome = again.map_err(|error| anyhow!("cannot load: {error}"))?;
    explain(&plan, &outcome, &failure, stop).iter().try_for_each(|line| out.line(line))?;
    let flags = flags(plan.spec(), &settings);
    out.line(format_args!(
        "the same again: lockstep predict check --simulate --ops {stop} --threads {workers} {flags}"
    ))?;
    Ok(Verdict::Mismatch)
}

/// What is left; of many only the first ones, and which numbers the others have.
fn print_steps(steps: &[Step], out: &mut Out) -> Result<()> {
    let are = if steps.len() == 1 { "is" } else { "are" };
    out.line(format_args!("\n{} {are} left:", count(steps.len(), "operation")))?;
    for Step { t, table, action, key, .. } in steps.iter().take(SHOWN) {
        out.line(format_args!("  {t}: table {table}, {action:?}, key {key}"))?;
    }
    let Some(others) = steps.get(SHOWN..).filter(|others| !others.is_empty()) else { return Ok(()) };
    let spans = spans(others.iter().map(|step| step.t));
    let numbers = spans.iter().take(SPANS).map(ToString::to_string).collect::<Vec<_>>().join(",");
    let more = if spans.len() > SPANS { ",..." } else { "" };
    out.line(format_args!("  and {} more: {numbers}{more}", others.len()))
}
