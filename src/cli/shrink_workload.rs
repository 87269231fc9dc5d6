//! `lockstep shrink` of a `.workload` file.

use super::output::{Out, check_new, check_output, write_new};
use super::shrink::ShrinkArgs;
use super::{Verdict, input, progress, workload};
use anyhow::{Result, anyhow, bail};
use lockstep::count::count;
use lockstep::shrink::{Budget, Failing, PassLog, table_of};
use lockstep::workload::shrink::{Shrunk, shrink as shrink_workload};
use lockstep::workload::{Class, Workload};
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    file: String,
    output: String,
    class: &'a Class,
    from_operations: usize,
    operations: usize,
    executions: u64,
    complete: bool,
    passes: &'a [PassLog],
}

pub fn shrink(args: &ShrinkArgs, out: &mut Out) -> Result<Verdict> {
    check_output(&args.file, &args.output)?;
    let (file, output) = (args.file.display(), args.output.display());
    check_new(&args.output, args.force, |_| false)?;
    let whole = input::load_workload(&args.file)?;
    lockstep::workload::check(&whole).map_err(|error| anyhow!("{file}:{error}"))?;
    let progress = progress::bar(Some(args.budget), "{elapsed} {pos} executions, {msg}");
    let fails = |candidate: &Workload| {
        progress.inc(1);
        // What cannot be run does not fail.
        let difference = workload::run(candidate, &mut ()).ok()?.err()?;
        progress.set_message(count(difference.operations, "operation"));
        Some(Failing { class: difference.class.clone(), steps: difference.operations })
    };
    let budget = Budget { executions: args.budget, ..Budget::default() };
    let found = shrink_workload(&whole, fails, budget);
    progress.finish_and_clear();
    let Some((class, shrunk)) = found else {
        bail!(
            "{file}: nothing to shrink: engine and model agree; 'lockstep workload -v {file}' shows what they answer"
        );
    };
    write_new(&args.output, text(&shrunk, &class).as_bytes(), args.force)?;
    let Shrunk { from, executions, complete, .. } = shrunk;
    let operations = shrunk.workload.lines.len();
    if args.common.json {
        let (file, output, passes) = (file.to_string(), output.to_string(), &shrunk.log);
        let class = &class;
        out.json(&Report { file, output, class, from_operations: from, operations, executions, complete, passes })?;
        return Ok(Verdict::Agree);
    }
    out.line(table_of(&shrunk.log))?;
    out.line(format_args!("{class}"))?;
    out.line(format_args!("{} to {operations} in {}", count(from, "operation"), count(executions, "execution")))?;
    if !complete {
        out.line("the budget was used up: more of it may make the workload smaller")?;
    }
    out.line(format_args!("run it with: lockstep workload {output}"))?;
    Ok(Verdict::Agree)
}

/// The workload, with what it shows.
fn text(shrunk: &Shrunk, class: &Class) -> String {
    let Shrunk { workload, from, executions, .. } = shrunk;
    let operations = workload.lines.len();
    let (from, executions) = (count(*from, "operation"), count(*executions, "execution"));
    format!("# {class}\n# Shrunk from {from} to {operations} in {executions}.\n{workload}")
}
