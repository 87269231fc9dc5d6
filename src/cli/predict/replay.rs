//! `lockstep predict replay`: runs inputs of the fuzz target.

use super::super::output::Out;
use super::super::report::Report;
use super::super::{Verdict, complain, guard, input};
use super::explain::explain;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use lockstep::count::count;
use lockstep::replay::case::Case;
use lockstep::replay::plan::{OpNumber, Plan};
use lockstep::replay::run::run as execute;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct ReplayArgs {
    /// Crash artifacts, corpus files, or directories of them.
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
}

pub fn replay(args: &ReplayArgs, out: &mut Out) -> Result<Verdict> {
    let mut report = Report::new();
    for path in input::inputs(&args.files)? {
        let name = path.display();
        let bytes = match input::load_input(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                complain(&error);
                report.add("bad input", ());
                continue;
            }
        };
        let case = Case::decode(&bytes);
        let ran = guard::guarded(|| run(&case));
        let ran = ran.unwrap_or_else(|(location, message)| Err(anyhow!("panic at {location}: {message}")));
        match ran {
            Ok(done) => {
                out.line(format_args!("agree     {name}: {} as planned", count(done, "operation")))?;
                report.add("agree", ());
            }
            Err(what) => {
                out.line(format_args!("mismatch  {name}: {what}\n{case}"))?;
                report.add("mismatch", ());
            }
        }
    }
    report.end(false, out)
}

/// Runs a case. Answers with how many operations it did.
///
/// # Errors
/// What was not as planned, in lines.
fn run(case: &Case) -> Result<OpNumber> {
    let plan = Arc::new(Plan::new(case.spec.clone())?);
    let outcome = execute(&plan, &case.stages, &case.settings)?;
    let stop = case.stages.last().map_or(0, |stage| stage.stop);
    match &outcome.failure {
        None => Ok(outcome.done),
        Some(failure) => bail!(explain(&plan, &outcome, failure, stop).join("\n")),
    }
}
