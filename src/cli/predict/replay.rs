//! `lockstep predict replay`: runs inputs of the fuzz target.

use super::super::output::Out;
use super::super::report::Report;
use super::super::{Verdict, complain, guard, input};
use anyhow::Result;
use clap::Args;
use lockstep::count::count;
use lockstep::replay::case::Case;
use std::path::PathBuf;

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
        let ran = guard::guarded(|| case.run());
        let ran = ran.unwrap_or_else(|(location, message)| Err(format!("panic at {location}: {message}")));
        match ran {
            Ok(outcome) => {
                out.line(format_args!("agree     {name}: {} as planned", count(outcome.done, "operation")))?;
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
