//! `lockstep shrink`: makes a failing program small.

use super::guard::{self, FailureClass};
use super::number::number;
use super::output::{Out, check_new, check_output, write_new};
use super::{Common, Verdict, input, progress};
use anyhow::{Result, bail};
use clap::Args;
use lockstep::program::Program;
use lockstep::run::Trace;
use lockstep::shrink::{Budget, Failing, PassLog, Shrunk, regression, shrink_failure};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct ShrinkArgs {
    /// A crash artifact, an .ops file or a .workload file.
    pub(super) file: PathBuf,
    /// Where to write the shrunk program as .ops text, or the shrunk workload.
    #[arg(short, long, value_name = "FILE.ops")]
    pub(super) output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    pub(super) force: bool,
    /// How many candidates to execute at most.
    #[arg(long, value_name = "EXECUTIONS", default_value_t = Budget::default().executions)]
    #[arg(value_parser = number::<1, { u64::MAX }>)]
    pub(super) budget: u64,
    #[command(flatten)]
    pub(super) common: Common,
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
    if args.file.extension().is_some_and(|end| end == input::WORKLOAD) {
        return super::shrink_workload::shrink(args, out);
    }
    let sut = args.common.sut.open()?;
    let mut runner = args.common.runner(&sut)?;
    let program = sut.masked(&args.file, input::load(&args.file)?)?;
    let mut died = false;
    shrink_by(args, &program, out, |candidate| {
        let mut failure = runner.run(candidate, &mut ())?.err();
        if failure.is_none() && died {
            // What dies need not die each time.
            failure = runner.run(candidate, &mut ())?.err();
        }
        died |= failure.as_ref().is_some_and(|failure| matches!(failure.class(), FailureClass::Death(_)));
        Ok(failure.map(|failure| Failing { class: failure.class(), steps: failure.steps_needed() }))
    })
}

/// Shrinks the file's program; `fails` runs one.
fn shrink_by(
    args: &ShrinkArgs,
    program: &Program,
    out: &mut Out,
    mut fails: impl FnMut(&Program) -> Result<Option<Failing<FailureClass>>>,
) -> Result<Verdict> {
    check_output(&args.file, &args.output)?;
    let (file, output) = (args.file.display(), args.output.display());
    check_new(&args.output, args.force, |_| false)?;
    let progress = progress::bar(Some(args.budget), "{elapsed} {pos} executions, {msg}");
    let budget = Budget { executions: args.budget, ..Budget::default() };
    let mut broken = None;
    let watched = |candidate: &Program| {
        progress.inc(1);
        if broken.is_some() {
            return None;
        }
        let failing = fails(candidate).unwrap_or_else(|error| {
            broken = Some(error);
            None
        })?;
        progress.set_message(format!("{} steps", failing.steps));
        Some(failing)
    };
    let found = shrink_failure(program, watched, budget);
    progress.finish_and_clear();
    if let Some(error) = broken {
        return Err(error);
    }
    let Some((class, shrunk)) = found else {
        bail!(
            "{file}: nothing to shrink: the backends agree, whatever replies the program expects; \
             'lockstep replay {file}' shows what it does"
        );
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
        out.line(format_args!("replay with: {}", args.common.command(&format!("lockstep replay {output}"))))?;
    }
    Ok(Verdict::Agree)
}

/// The program as a regression test, with what it should have answered.
fn text(shrunk: &Shrunk, class: &FailureClass) -> String {
    let mut answers = Trace::default();
    guard::run_by_the_model(&shrunk.program, &mut answers);
    regression(shrunk, class, &answers)
}

#[cfg(test)]
mod tests {
    use super::super::oracles::OracleList;
    use super::*;
    use lockstep::program::Op;

    /// Fails at the second search.
    fn fails(program: &Program) -> Result<Option<Failing<FailureClass>>> {
        let mut searches = program.steps.iter().enumerate().filter(|(_, step)| matches!(step.op, Op::Search { .. }));
        let second = searches.nth(1);
        Ok(second.map(|(index, _)| Failing { class: FailureClass::Panic("here".to_owned()), steps: index + 1 }))
    }

    #[test]
    fn the_shrunk_program_is_a_file_that_replays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (file, output) = (directory.path().join("long.ops"), directory.path().join("short.ops"));
        let search = "s0.c0 search 0030\ns0.c0 next\n".repeat(20);
        std::fs::write(&file, format!("# lockstep 1\n{search}")).expect("a temporary file");
        let common =
            super::super::Common { oracle: OracleList::default(), sut: Default::default(), twin: false, json: false };
        let args = ShrinkArgs { file, output, force: false, budget: 1000, common };
        let program = input::load(&args.file).expect("a program");
        assert_eq!(shrink_by(&args, &program, &mut Out::stdout(), fails).expect("it shrinks"), Verdict::Agree);
        let text = std::fs::read_to_string(&args.output).expect("it is written");
        let reply = "s0.c0 search 0010 => notfound E(0010) -\n";
        let expected = format!("config sessions=1 cursors=1 keys=2\n{reply}{reply}");
        assert!(text.starts_with("# lockstep 1\n# panic at here\n# Shrunk from 40 steps to 2 in "), "{text}");
        assert!(text.ends_with(&expected), "{text}");
        assert!(input::load(&args.output).is_ok());
        let refused = shrink_by(&args, &program, &mut Out::stdout(), fails).expect_err("it exists");
        assert!(refused.to_string().contains("--force"), "{refused}");
    }
}
