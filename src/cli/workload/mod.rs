//! `lockstep workload`: runs `.workload` files, and workloads from seeds, on the engine and on the model.

mod generated;

use super::output::Out;
use super::report::Report;
use super::{Verdict, complain, guard, input, progress};
use anyhow::{Result, anyhow};
use clap::Args;
use indicatif::ProgressBar;
use lockstep::count::count;
use lockstep::workload::{self, Answer, Difference, Line, Listener, Outcome, Workload, WorkloadError};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct WorkloadArgs {
    /// Files of WiredTiger's test/model, or directories with .workload files.
    #[arg(required_unless_present_any = ["seeds", "print"])]
    #[arg(conflicts_with_all = ["seeds", "print", "seed", "sequences", "tables", "disaggregated", "artifacts"])]
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    generated: generated::GeneratedArgs,
    /// Print every operation of the files with its answer.
    #[arg(short, long, conflicts_with_all = ["seeds", "print"])]
    verbose: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct FileReport {
    file: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Box<Difference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub fn workload(args: &WorkloadArgs, out: &mut Out) -> Result<Verdict> {
    if args.files.is_empty() {
        return generated::run(&args.generated, args.json, out);
    }
    let files = input::workloads(&args.files)?;
    let mut report = Report::new();
    let progress = if args.verbose { ProgressBar::hidden() } else { progress::files(files.len()) };
    for file in &files {
        let entry = file_report(file, args, &progress, out)?;
        progress.inc(1);
        report.add(entry.result, entry);
    }
    progress.finish_and_clear();
    report.end(args.json, out)
}

fn file_report(file: &Path, args: &WorkloadArgs, progress: &ProgressBar, out: &mut Out) -> Result<FileReport> {
    let name = file.display().to_string();
    let empty = FileReport { file: name.clone(), result: "agree", outcome: None, difference: None, error: None };
    let verbose = args.verbose && !args.json;
    let ran = input::load_workload(file).and_then(|workload| {
        let mut printer = Printer(verbose.then_some(&mut *out));
        run(&workload, &mut printer).map_err(|error| anyhow!("{name}:{error}"))
    });
    let entry = match ran {
        Err(error) => {
            progress.suspend(|| complain(&error));
            FileReport { result: "bad input", error: Some(error.to_string()), ..empty }
        }
        Ok(Ok(outcome)) => FileReport { outcome: Some(outcome), ..empty },
        Ok(Err(difference)) => FileReport { result: "mismatch", difference: Some(difference), ..empty },
    };
    if !args.json {
        progress.suspend(|| print(&entry, out))?;
    }
    Ok(entry)
}

fn print(entry: &FileReport, out: &mut Out) -> Result<()> {
    let FileReport { file, outcome, difference, .. } = entry;
    if let Some(Outcome { operations, tables, records, .. }) = outcome {
        out.line(format_args!(
            "agree     {file} ({}; {} with {} compared)",
            count(*operations, "operation"),
            count(*tables, "table"),
            count(*records, "record")
        ))?;
    }
    if let Some(difference) = difference {
        out.line(format_args!("mismatch  {file}: {}", difference.headline()))?;
        out.line(difference)?;
        out.line(format_args!("run it again with: lockstep workload {file}"))?;
    }
    Ok(())
}

/// Runs a workload. A panic is a difference.
pub fn run(
    workload: &Workload,
    listener: &mut dyn Listener,
) -> Result<Result<Outcome, Box<Difference>>, WorkloadError> {
    let mut counter = Counter { answered: 0, listener };
    match guard::guarded(|| workload::run(workload, &mut counter)) {
        Ok(result) => result,
        Err((location, message)) => {
            Ok(Err(Box::new(Difference::panicked(workload, counter.answered, location, message))))
        }
    }
}

/// Knows how far a run has come.
struct Counter<'a> {
    answered: usize,
    listener: &'a mut dyn Listener,
}

impl Listener for Counter<'_> {
    fn answered(&mut self, line: &Line, answer: &Answer) {
        self.answered += 1;
        self.listener.answered(line, answer);
    }
}

/// Prints what is answered.
struct Printer<'a>(Option<&'a mut Out>);

impl Listener for Printer<'_> {
    fn answered(&mut self, line: &Line, answer: &Answer) {
        if let Some(out) = &mut self.0 {
            // A reader that is gone is no reason to stop: see `Out`.
            let _ = out.line(format_args!("{:>6} {} => {answer}", line.place.line, line.op));
        }
    }
}
