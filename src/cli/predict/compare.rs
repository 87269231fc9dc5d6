//! `lockstep predict compare`: where what two runs left differs first.

use super::super::Verdict;
use super::super::output::Out;
use super::args::{place, read};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use lockstep::bytes::ByteStr;
use lockstep::replay::oracle::Oracle;
use lockstep::replay::result::Divergence;
use std::path::PathBuf;
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
    let (one, other) = (read(&args.one)?, read(&args.other)?);
    let divergence = one.divergence(&other).with_context(|| format!("{} and {}", names[0], names[1]))?;
    let common = one.done.min(other.done);
    let Some(Divergence { t, table, key, one: of_one, other: of_other }) = divergence else {
        let shorter = names[usize::from(other.done < one.done)].to_string();
        let end = if one.done == other.done { String::new() } else { format!(", where {shorter} ends") };
        out.line(format_args!("the same up to operation {common}{end}: plan {}", one.fingerprint))?;
        return Ok(Verdict::Agree);
    };
    let plan = Arc::new(one.fingerprint.plan().map_err(|what| anyhow!("{}: {what}", names[0]))?);
    let oracle = Oracle::at(Arc::clone(&plan), common);
    out.line(format_args!("they differ first at operation {t}"))?;
    for (name, value) in names.iter().zip([of_one, of_other]) {
        out.line(format_args!("  {name}: {}", show(value.as_ref())))?;
    }
    place(&plan, &oracle, t, table, key).iter().try_for_each(|line| out.line(line))?;
    Ok(Verdict::Mismatch)
}

fn show(change: Option<&Option<ByteStr>>) -> String {
    match change {
        None => "no change".to_owned(),
        Some(None) => "no value".to_owned(),
        Some(Some(value)) => format!("\"{}\"", value.as_bytes().escape_ascii()),
    }
}
