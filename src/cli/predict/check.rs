//! `lockstep predict check`: a plan with several numbers of threads, each compared with the plan itself.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::Out;
use super::args::{PlanArgs, RunsArgs, TimingArgs, check_stops, flags};
use super::explain::explain;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use lockstep::count::count;
use lockstep::replay::run::{MAX_OPS, Outcome, Stage, run};
use serde::Serialize;

#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    runs: RunsArgs,
    /// Operations at which a run stops and goes on with the next number of threads.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = number::<1, MAX_OPS>)]
    stop: Vec<u64>,
    /// At each stop all nodes die, and go on from the last checkpoint.
    #[arg(long)]
    crash: bool,
    /// All workers on one thread, in virtual time: the same again is the same run.
    #[arg(long)]
    simulate: bool,
    #[command(flatten)]
    timing: TimingArgs,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
}

/// What came of a run.
#[derive(Serialize)]
struct Line {
    threads: u64,
    operations: u64,
    waits: u64,
    conflicts: u64,
    rolled_back: u64,
    prepared: u64,
    rounds: u64,
    checkpoints: u64,
    adopted: u64,
    states_compared: u64,
    changes_compared: u64,
    failure: Option<Vec<String>>,
}

pub fn check(args: &CheckArgs, out: &mut Out) -> Result<Verdict> {
    let RunsArgs { ops, threads } = &args.runs;
    check_stops(&args.stop, *ops)?;
    if args.crash && args.stop.is_empty() {
        bail!("--crash: nodes die at stops: say where with --stop");
    }
    let plan = args.plan.plan(*ops)?;
    let settings = args.timing.settings(!args.simulate);
    let (mut lines, mut first): (Vec<Line>, Option<Outcome>) = (Vec::new(), None);
    for (index, &workers) in threads.iter().enumerate() {
        let outcome = run(&plan, &stages(args, index), &settings).map_err(|error| anyhow!("cannot load: {error}"))?;
        let explained = outcome.failure.as_ref().map(|failure| explain(&plan, &outcome, failure, *ops));
        // Each of them agrees with the plan, so all agree: that they do is seen nevertheless.
        let same = first.as_ref().is_none_or(|first| first.changes == outcome.changes);
        let others = || vec!["what is left is not what the run before has left".to_owned()];
        let line = Line::new(workers, &outcome, explained.or_else(|| (!same).then(others)));
        if !args.json {
            line.print(out)?;
            out.flush()?;
        }
        lines.push(line);
        first.get_or_insert(outcome);
    }
    let verdict = if lines.iter().any(|line| line.failure.is_some()) { Verdict::Mismatch } else { Verdict::Agree };
    if args.json {
        out.json(&lines)?;
    } else if verdict == Verdict::Agree {
        out.line(format_args!("all agree with plan {}", plan.fingerprint()))?;
    } else {
        let flags = flags(plan.spec(), &settings);
        let threads = threads.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        out.line(format_args!("make it small: lockstep predict bisect --ops {ops} --threads {threads} {flags}"))?;
    }
    Ok(verdict)
}

/// From stop to stop, each part with the next number of threads.
fn stages(args: &CheckArgs, index: usize) -> Vec<Stage> {
    let RunsArgs { ops, threads } = &args.runs;
    let stops = args.stop.iter().chain([ops]);
    let stage = |(part, &stop): (usize, &u64)| Stage {
        stop,
        workers: threads[(index + part) % threads.len()] as usize,
        crash: args.crash && stop != *ops,
    };
    stops.enumerate().map(stage).collect()
}

impl Line {
    fn new(threads: u64, outcome: &Outcome, failure: Option<Vec<String>>) -> Self {
        let (counts, kept) = (&outcome.counts, &outcome.kept);
        Line {
            threads,
            operations: outcome.done,
            waits: counts.waited(),
            conflicts: counts.attempts.conflicts,
            rolled_back: counts.attempts.rolled_back,
            prepared: counts.attempts.prepared,
            rounds: kept.rounds,
            checkpoints: kept.checkpoints,
            adopted: kept.adopted,
            states_compared: kept.states,
            changes_compared: kept.changes,
            failure,
        }
    }

    fn print(&self, out: &mut Out) -> Result<()> {
        out.line(format_args!(
            "threads {}: {}, {}, {}, {} rolled back, {} prepared; {}, {} adopted; compared {} and {}: {}",
            self.threads,
            count(self.operations, "operation"),
            count(self.waits, "wait"),
            count(self.conflicts, "conflict"),
            self.rolled_back,
            self.prepared,
            count(self.checkpoints, "checkpoint"),
            self.adopted,
            count(self.states_compared, "state"),
            count(self.changes_compared, "change"),
            if self.failure.is_none() { "as planned" } else { "NOT as planned" }
        ))?;
        self.failure.iter().flatten().try_for_each(|line| out.line(line))
    }
}
