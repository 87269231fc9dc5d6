//! `lockstep predict replay`: runs inputs of the fuzz target.

use super::super::output::Out;
use super::super::{Files, Verdict};
use anyhow::{Context, Result};
use clap::Args;
use lockstep::replay::case::Case;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    files: Files,
}

pub fn replay(args: &ReplayArgs, out: &mut Out) -> Result<Verdict> {
    let (mut runs, mut failures) = (0_u64, 0_u64);
    for path in args.files.files.iter().map(|path| all(path)).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        let bytes = std::fs::read(&path).with_context(|| format!("{}: cannot read it", path.display()))?;
        let case = Case::decode(&bytes);
        runs += 1;
        match case.run() {
            Ok(outcome) => out.line(format_args!("{}: {} operations as planned", path.display(), outcome.done))?,
            Err(what) => {
                failures += 1;
                out.line(format_args!("{}: {what}\n{case}", path.display()))?;
            }
        }
    }
    out.line(format_args!("{runs} runs, {failures} not as planned"))?;
    Ok(if failures == 0 { Verdict::Agree } else { Verdict::Mismatch })
}

/// A file, or the files of a directory in order.
fn all(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("{}: cannot list it", path.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}
