//! `lockstep shrink`: makes a failing program small.

use super::guard::{self, FailureClass};
use super::output::{Out, write_new};
use super::{Common, Verdict, input};
use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lockstep::program::Program;
use lockstep::run::{Oracles, Trace};
use lockstep::shrink::{Budget, Failing, PassLog, Shrunk, regression, shrink_failure};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct ShrinkArgs {
    /// A crash artifact or an .ops file.
    file: PathBuf,
    /// Where to write the shrunk program as .ops text.
    #[arg(short, long, value_name = "FILE.ops")]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
    /// How many candidates to execute at most.
    #[arg(long, value_name = "EXECUTIONS", default_value_t = Budget::default().executions)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    budget: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    file: String,
    output: String,
    class: &'a FailureClass,
    from_steps: usize,
    steps: usize,
    executions: u64,
    executed_steps: u64,
    complete: bool,
    passes: &'a [PassLog],
}

pub fn shrink(args: &ShrinkArgs, out: &mut Out) -> Result<Verdict> {
    let program = input::load(&args.file)?;
    let (file, output) = (args.file.display(), args.output.display());
    if args.output.exists() && !args.force {
        bail!("{output}: exists; --force replaces it");
    }
    let progress = progress(args.budget);
    let budget = Budget { executions: args.budget, ..Budget::default() };
    let oracles = args.common.oracle;
    let found = shrink_failure(&program, |candidate| watched(candidate, oracles, &progress), budget);
    progress.finish_and_clear();
    let Some((class, shrunk)) = found else {
        bail!("{file}: the program does not fail; see what it does with 'lockstep replay {file}'");
    };
    write_new(&args.output, text(&shrunk, &class).as_bytes(), args.force)?;
    if args.common.json {
        out.json(&Report {
            file: file.to_string(),
            output: output.to_string(),
            class: &class,
            from_steps: shrunk.from_steps,
            steps: shrunk.program.steps.len(),
            executions: shrunk.executions,
            executed_steps: shrunk.steps,
            complete: shrunk.complete,
            passes: &shrunk.log,
        })?;
    } else {
        out.line(&shrunk)?;
        let (from, to, executions) = (shrunk.from_steps, shrunk.program.steps.len(), shrunk.executions);
        out.line(format_args!("{class}"))?;
        out.line(format_args!("{from} steps to {to} in {executions} executions"))?;
        if !shrunk.complete {
            out.line("the budget was used up: more of it may make the program smaller")?;
        }
        out.line(format_args!("replay with: lockstep replay {output}"))?;
    }
    Ok(Verdict::Agree)
}

/// Runs a candidate.
fn watched(candidate: &Program, oracles: Oracles, progress: &ProgressBar) -> Option<Failing<FailureClass>> {
    progress.inc(1);
    let failure = guard::run(candidate, oracles, &mut ()).err()?;
    let failing = Failing { class: failure.class(), steps: failure.steps_needed() };
    progress.set_message(format!("{} steps", candidate.steps.len()));
    Some(failing)
}

/// The program as a regression test, with what it should have answered.
fn text(shrunk: &Shrunk, class: &FailureClass) -> String {
    let mut answers = Trace::default();
    guard::run_by_the_model(&shrunk.program, &mut answers);
    regression(shrunk, class, &answers)
}

fn progress(budget: u64) -> ProgressBar {
    // Shown on a terminal only.
    let bar = ProgressBar::new(budget);
    let style = ProgressStyle::with_template("{elapsed} {pos} executions, {msg}").ok();
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
