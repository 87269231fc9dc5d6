//! `lockstep workload --seeds`: workloads from seeds, until one shows a difference.

use super::super::input::WORKLOAD;
use super::super::number::number;
use super::super::output::{Out, check_directory, keep, tell};
use super::super::{Verdict, progress};
use anyhow::{Result, anyhow};
use clap::Args;
use lockstep::count::count;
use lockstep::workload::{Difference, Knobs, Outcome, Workload, generate};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct GeneratedArgs {
    /// Run that many generated workloads instead of files.
    #[arg(long, value_name = "K", value_parser = number::<1, { u64::MAX }>)]
    seeds: Option<u64>,
    /// The seed of the first one.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number::<0, { u64::MAX }>)]
    seed: u64,
    /// The most transactions and other operations of a workload.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = number::<1, 100_000>)]
    sequences: u64,
    /// The most tables of a workload.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = number::<1, 200>)]
    tables: u64,
    /// Whether tables are layered [default: in a quarter of the workloads].
    #[arg(long, value_name = "BOOL")]
    disaggregated: Option<bool>,
    /// Print the workload of --seed instead of running it.
    #[arg(long, conflicts_with = "seeds")]
    print: bool,
    /// Where a workload that shows a difference is written to.
    #[arg(long, value_name = "DIR", default_value = "artifacts/workload")]
    artifacts: PathBuf,
}

#[derive(Default, Serialize)]
struct Report {
    workloads: u64,
    operations: u64,
    errors: u64,
    tables: u64,
    records: u64,
    deaths: u64,
    failure: Option<Found>,
}

/// The first workload that showed a difference.
#[derive(Serialize)]
struct Found {
    seed: u64,
    /// Where its workload is kept; `None`: it could not be.
    file: Option<String>,
    difference: Box<Difference>,
}

pub fn run(args: &GeneratedArgs, json: bool, out: &mut Out) -> Result<Verdict> {
    let (sequences, tables) = (args.sequences as u32, args.tables as u32);
    let knobs = Knobs { sequences, tables, disaggregated: args.disaggregated };
    if args.print {
        out.line(generate(args.seed, &knobs).to_string().trim_end())?;
        return Ok(Verdict::Agree);
    }
    check_directory(&args.artifacts)?;
    let seeds = args.seeds.unwrap_or(1);
    let progress = progress::bar(Some(seeds), "{elapsed} {wide_bar} {pos}/{len} workloads");
    let mut report = Report::default();
    for seed in (0..seeds).map(|index| args.seed.wrapping_add(index)) {
        let workload = generate(seed, &knobs);
        let result = super::run(&workload, &mut ()).map_err(|error| anyhow!("the workload of seed {seed}:{error}"))?;
        progress.inc(1);
        match result {
            Ok(outcome) => report.add(&outcome),
            Err(difference) => {
                let file = kept(args, seed, &workload);
                report.failure = Some(Found { seed, file, difference });
                break;
            }
        }
    }
    progress.finish_and_clear();
    if json {
        out.json(&report)?;
    } else {
        report.print(out)?;
    }
    Ok(if report.failure.is_some() { Verdict::Mismatch } else { Verdict::Agree })
}

/// Writes a workload where it can be found again. `None`: it could not be written, which is said.
fn kept(args: &GeneratedArgs, seed: u64, workload: &Workload) -> Option<String> {
    let text = format!("# Of seed {seed}.\n{workload}");
    match keep(&args.artifacts, &seed.to_string(), WORKLOAD, text.as_bytes()) {
        Ok(file) => Some(file.display().to_string()),
        Err(error) => {
            tell(format_args!("lockstep: the workload of seed {seed} could not be kept: {error:#}"));
            None
        }
    }
}

impl Report {
    fn add(&mut self, outcome: &Outcome) {
        let Outcome { operations, errors, tables, records, deaths } = outcome;
        self.workloads += 1;
        self.operations += operations;
        self.errors += errors;
        self.tables += tables;
        self.records += records;
        self.deaths += deaths;
    }

    fn print(&self, out: &mut Out) -> Result<()> {
        let Report { workloads, operations, errors, tables, records, deaths, failure } = self;
        if let Some(Found { seed, file, difference }) = failure {
            out.line(format_args!("mismatch  seed {seed}: {}", difference.headline()))?;
            out.line(difference)?;
            if let Some(file) = file {
                out.line(format_args!("run it again with: lockstep workload {file}"))?;
                out.line(format_args!("make it small with: lockstep shrink {file} -o small.workload"))?;
            }
        }
        let agree = if *workloads == 1 { "agrees" } else { "agree" };
        out.line(format_args!(
            "{} {agree}: {}, {errors} with an error; {}; {} with {} compared",
            count(*workloads, "workload"),
            count(*operations, "operation"),
            count(*deaths, "process end"),
            count(*tables, "table"),
            count(*records, "record")
        ))
    }
}
