//! `lockstep seeds`: the seed corpus of the fuzz target.

use super::Verdict;
use super::number::number;
use super::output::{Out, write_new};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use lockstep::program::{Profile, generate, swarm_length};
use std::path::PathBuf;

#[derive(Args)]
pub struct SeedsArgs {
    /// The directory to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many programs.
    #[arg(long, default_value_t = 160, value_parser = number::<1, 10_000>)]
    count: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0, value_parser = number::<0, { u32::MAX as u64 }>)]
    seed: u64,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
}

pub fn seeds(args: &SeedsArgs, out: &mut Out) -> Result<Verdict> {
    std::fs::create_dir_all(&args.out).with_context(|| format!("{}: cannot create", args.out.display()))?;
    let mut total = 0;
    for seed in args.seed..args.seed + args.count {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        let bytes = program.encode().map_err(|error| anyhow!("swarm program of seed {seed}: {error}"))?;
        write_new(&args.out.join(format!("swarm-{seed:04}")), &bytes, args.force)?;
        total += bytes.len();
    }
    out.line(format_args!("{} programs, {total} bytes in {}", args.count, args.out.display()))?;
    Ok(Verdict::Agree)
}
