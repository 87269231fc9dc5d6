//! `lockstep replay`: runs programs from files.

use super::guard::{self, Failure};
use super::output::Out;
use super::{Common, Files, Verdict, break_point, complain, input};
use anyhow::Result;
use clap::Args;
use lockstep::backend::Reply;
use lockstep::program::{Program, Step};
use lockstep::run::{Done, Observer, Outcome, Trace};
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
    #[arg(long = "break", value_name = "N")]
    break_at: Option<usize>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    files: Vec<FileReport>,
    agree: usize,
    mismatch: usize,
    bad_input: usize,
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
    let in_full = args.verbose || files.len() == 1;
    let mut report = Report { files: Vec::new(), agree: 0, mismatch: 0, bad_input: 0 };
    for file in &files {
        let entry = replay_file(file, args, in_full, out)?;
        match entry.result {
            "agree" => report.agree += 1,
            "bad input" => report.bad_input += 1,
            _ => report.mismatch += 1,
        }
        report.files.push(entry);
    }
    if args.common.json {
        out.json(&report)?;
    } else {
        let Report { agree, mismatch, bad_input, .. } = report;
        out.line(format_args!("{agree} agree, {mismatch} mismatch, {bad_input} bad input"))?;
    }
    Ok(match report {
        Report { mismatch: 1.., .. } => Verdict::Mismatch,
        Report { bad_input: 1.., .. } => Verdict::BadInput,
        _ => Verdict::Agree,
    })
}

fn replay_file(file: &Path, args: &ReplayArgs, in_full: bool, out: &mut Out) -> Result<FileReport> {
    let name = file.display().to_string();
    let program = match input::load(file) {
        Ok(program) => program,
        Err(error) => {
            complain(&error);
            let error = Some(error.to_string());
            return Ok(FileReport { file: name, steps: 0, result: "bad input", failure: None, error });
        }
    };
    let steps = program.steps.len();
    let result = run(&program, args, out);
    let (result, failure) = match result {
        Ok(_) => ("agree", None),
        Err(mut failure) => {
            failure.set_replay(format!("lockstep replay {name}"));
            (if matches!(failure, Failure::Panic(_)) { "panic" } else { "mismatch" }, Some(failure))
        }
    };
    if !args.common.json {
        match &failure {
            None => out.line(format_args!("agree     {name} ({steps} steps)"))?,
            Some(failure) => {
                out.line(format_args!("{result:<9} {name}: {}", failure.headline()))?;
                if in_full {
                    out.line(failure)?;
                }
            }
        }
    }
    Ok(FileReport { file: name, steps, result, failure, error: None })
}

fn run(program: &Program, args: &ReplayArgs, out: &mut Out) -> Result<Outcome, Failure> {
    let verbose = args.verbose && !args.common.json;
    let mut watcher = Watcher { program, trace: verbose.then(Trace::default), break_at: args.break_at, out };
    guard::run(program, args.common.oracle, &mut watcher)
}

/// Prints steps as they are executed, and stops before one of them.
struct Watcher<'a> {
    program: &'a Program,
    trace: Option<Trace>,
    break_at: Option<usize>,
    out: &'a mut Out,
}

impl Observer for Watcher<'_> {
    fn before(&mut self, index: usize, step: &Step) {
        if let Some(trace) = &mut self.trace {
            trace.before(index, step);
        }
        if self.break_at == Some(index) {
            let _ = self.out.flush();
            // Without a terminal to wait on there is only the break point.
            let _ = break_point::stop(index, step);
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
