//! `lockstep predict bisect`: makes a failing run small.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::Out;
use super::args::{MAX_OPS, MAX_THREADS, PlanArgs, TimingArgs, explain, flags};
use anyhow::Result;
use clap::Args;
use lockstep::replay::bisect::{Failing, Search, bisect as make_small, operations};
use lockstep::replay::oracle::Oracle;
use lockstep::replay::plan::Plan;
use lockstep::replay::step::Step;
use std::sync::Arc;

/// Operations that are printed.
const SHOWN: usize = 40;

#[derive(Args)]
pub struct BisectArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// The last operation.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = number::<1, MAX_OPS>)]
    ops: u64,
    /// Numbers of workers to try.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4,8",
          value_parser = number::<1, MAX_THREADS>)]
    threads: Vec<u64>,
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
    let search = Search {
        spec: args.plan.plan()?.spec().clone(),
        stop: args.ops,
        workers: args.threads.iter().map(|&threads| threads as usize).collect(),
        settings: args.timing.settings(false),
        tries: args.tries,
        budget: args.budget,
    };
    let mut written = Ok(());
    let found = make_small(&search, &mut |what, failing| {
        let count = operations(&failing.spec, failing.stop).len();
        let line = out.line(format_args!("{what}: {count} operations up to {}: {}", failing.stop, failing.failure));
        written = std::mem::replace(&mut written, Ok(())).and(line);
    });
    written?;
    let Some(Failing { spec, stop, workers, settings, failure }) = found else {
        let tried = args.tries * args.threads.len() as u64;
        out.line(format_args!("no failure in {tried} runs of {} operations", args.ops))?;
        return Ok(Verdict::Agree);
    };
    let steps = operations(&spec, stop);
    out.line(format_args!("\n{} operations are left:", steps.len()))?;
    for Step { t, table, action, key, .. } in steps.iter().take(SHOWN) {
        out.line(format_args!("  {t}: table {table}, {action:?}, key {key}"))?;
    }
    let plan = Arc::new(Plan::new(spec)?);
    let oracle = Oracle::at(Arc::clone(&plan), stop);
    explain(&plan, &oracle, &failure).iter().try_for_each(|line| out.line(line))?;
    let flags = flags(plan.spec(), &settings);
    out.line(format_args!(
        "the same again: lockstep predict check --simulate --ops {stop} --threads {workers} {flags}"
    ))?;
    Ok(Verdict::Mismatch)
}
