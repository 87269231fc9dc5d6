//! `lockstep predict compare`: where what two runs left differs first.

use super::super::Verdict;
use super::super::output::Out;
use super::explain::{place, show};
use anyhow::{Context, Result};
use clap::Args;
use lockstep::replay::change::{Divergence, first_unplanned};
use lockstep::replay::result::RunResult;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub struct CompareArgs {
    /// What 'lockstep predict run' wrote.
    #[arg(value_name = "A")]
    one: PathBuf,
    /// What another run of the same plan left.
    #[arg(value_name = "B")]
    other: PathBuf,
}

pub fn compare(args: &CompareArgs, out: &mut Out) -> Result<Verdict> {
    let names = [args.one.display(), args.other.display()];
    let results = [read(&args.one)?, read(&args.other)?];
    let [one, other] = &results;
    let divergence = one.divergence(other).with_context(|| format!("{} and {}", names[0], names[1]))?;
    let plan = Arc::new(one.fingerprint.plan().with_context(|| names[0].to_string())?);
    let failures = results.iter().zip(&names).filter_map(|(result, name)| Some((name, result.failure.as_ref()?)));
    let failures: Vec<_> = failures.map(|(name, failure)| format!("the run of {name} failed: {failure}")).collect();
    let common = one.done.min(other.done);
    if let Some(Divergence { t, table, key, one, other }) = divergence {
        out.line(format_args!("they differ first at operation {t}"))?;
        for (name, value) in names.iter().zip([one, other]) {
            out.line(format_args!("  {name}: {}", show(value.as_ref())))?;
        }
        place(&plan, t, table, key, common).iter().try_for_each(|line| out.line(line))?;
        failures.iter().try_for_each(|line| out.line(line))?;
        return Ok(Verdict::Mismatch);
    }
    let shorter = usize::from(other.done < one.done);
    let end = if one.done == other.done { String::new() } else { format!(", where {} ends", names[shorter]) };
    out.line(format_args!("the same up to operation {common}{end}: plan {}", one.fingerprint))?;
    failures.iter().try_for_each(|line| out.line(line))?;
    // What is the same may be wrong in both.
    let longer = &results[1 - shorter];
    let unplanned = first_unplanned(&plan, &longer.changes, longer.done);
    if let Some(Divergence { t, table, key, one, other }) = &unplanned {
        let which = if *t <= common { "both" } else { &names[1 - shorter].to_string() };
        out.line(format_args!("the first operation that is not as planned is {t}, of {which}:"))?;
        out.line(format_args!("  found:    {}", show(one.as_ref())))?;
        out.line(format_args!("  expected: {}", show(other.as_ref())))?;
        place(&plan, *t, *table, *key, longer.done).iter().try_for_each(|line| out.line(line))?;
    }
    Ok(if failures.is_empty() && unplanned.is_none() { Verdict::Agree } else { Verdict::Mismatch })
}

/// What a run left.
pub fn read(path: &Path) -> Result<RunResult> {
    let name = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{name}: cannot read it"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&it| it == b'\n').count();
        anyhow::anyhow!("{name}: line {line}: not text, so no result of 'lockstep predict run'")
    })?;
    RunResult::parse(&text).with_context(|| name.to_string())
}
