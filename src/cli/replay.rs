//! `lockstep replay`: runs programs from files.

use super::guard::Failure;
use super::number::number;
use super::output::{Out, tell};
use super::report::Report;
use super::runner::{Ran, Runner};
use super::sut::Sut;
use super::{Common, Files, Verdict, break_point, complain, input, progress};
use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;
use lockstep::backend::Reply;
use lockstep::program::{Program, Step};
use lockstep::run::{Done, Observer, Trace};
use serde::Serialize;
use std::path::Path;

#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    files: Files,
    /// Print every step with its reply, and failures in full.
    #[arg(short, long)]
    verbose: bool,
    /// Stop before step N (from 0) for a debugger; one file only.
    #[arg(long = "break", value_name = "N", value_parser = number::<0, { u64::MAX }>)]
    break_at: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct FileReport {
    file: String,
    steps: usize,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub fn replay(args: &ReplayArgs, out: &mut Out) -> Result<Verdict> {
    let files = input::files(&args.files.files)?;
    if args.break_at.is_some() && files.len() != 1 {
        anyhow::bail!("--break stops in one program, but {} files are named", files.len());
    }
    let sut = args.common.sut.open()?;
    let mut runner = args.common.runner(&sut)?;
    let in_full = args.verbose || files.len() == 1;
    let mut report = Report::new();
    // Where steps are printed these are the progress.
    let progress = if args.verbose { ProgressBar::hidden() } else { progress::files(files.len()) };
    for file in &files {
        let entry = replay_file(file, args, (&sut, &mut runner), in_full, &progress, out)?;
        progress.inc(1);
        report.add(entry.result, entry);
    }
    progress.finish_and_clear();
    report.end(args.common.json, out)
}

fn replay_file(
    file: &Path,
    args: &ReplayArgs,
    (sut, runner): (&Sut, &mut Runner),
    in_full: bool,
    progress: &ProgressBar,
    out: &mut Out,
) -> Result<FileReport> {
    let name = file.display().to_string();
    let program = match input::load(file).and_then(|program| sut.masked(file, program)) {
        Ok(program) => program,
        Err(error) => {
            progress.suspend(|| complain(&error));
            let error = Some(error.to_string());
            return Ok(FileReport { file: name, steps: 0, result: "bad input", failure: None, error });
        }
    };
    let steps = program.steps.len();
    let result = run(&program, args, runner, out)?;
    let (result, failure) = match result {
        Ok(_) => ("agree", None),
        Err(mut failure) => {
            failure.set_replay(args.common.command(&format!("lockstep replay {name}")));
            (failure.kind(), Some(failure))
        }
    };
    if !args.common.json {
        progress.suspend(|| match &failure {
            None => out.line(format_args!("agree     {name} ({steps} steps)")),
            Some(failure) => {
                out.line(format_args!("{result:<9} {name}: {}", failure.headline()))?;
                if in_full { out.line(failure) } else { Ok(()) }
            }
        })?;
    }
    Ok(FileReport { file: name, steps, result, failure, error: None })
}

fn run(program: &Program, args: &ReplayArgs, runner: &mut Runner, out: &mut Out) -> Result<Ran> {
    let verbose = args.verbose && !args.common.json;
    let trace = verbose.then(Trace::default);
    let mut watcher = Watcher { program, trace, break_at: args.break_at, executed: 0, out };
    let result = runner.run(program, &mut watcher)?;
    let executed = watcher.executed;
    if let Some(step) = args.break_at.filter(|&step| step >= executed) {
        let steps = program.steps.len();
        tell(format_args!(
            "lockstep: --break {step}: never stopped there: the run came to step {}, the last of the program is {}",
            executed.saturating_sub(1),
            steps.saturating_sub(1)
        ));
    }
    Ok(result)
}

/// Prints steps as they are executed, and stops before one of them.
struct Watcher<'a> {
    program: &'a Program,
    trace: Option<Trace>,
    break_at: Option<u64>,
    /// How many steps have begun.
    executed: u64,
    out: &'a mut Out,
}

impl Observer for Watcher<'_> {
    fn before(&mut self, index: usize, step: &Step) {
        if let Some(trace) = &mut self.trace {
            trace.before(index, step);
        }
        self.executed = index as u64 + 1;
        if self.break_at == Some(index as u64) {
            let _ = self.out.flush();
            // Without a terminal to wait on there is only the break point.
            let _ = break_point::stop(index, step, self.program.config.format);
        }
    }

    fn row(&mut self, reply: &Reply) {
        if let Some(trace) = &mut self.trace {
            trace.row(reply);
        }
    }

    fn after(&mut self, index: usize, step: &Step, done: &Done<'_>) {
        if let Some(trace) = &mut self.trace {
            trace.after(index, step, done);
            // A reader that is gone is no reason to stop: see `Out`.
            let _ = self.out.line(format_args!("{index:>6} {}", trace.line(self.program, index)));
        }
    }
}
