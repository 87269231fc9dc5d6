//! `lockstep stats`: what a set of programs reaches.

use super::output::Out;
use super::{Common, Files, Verdict, complain, guard, input};
use anyhow::Result;
use clap::Args;
use lockstep::run::Stats;

#[derive(Args)]
pub struct StatsArgs {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
}

pub fn stats(args: &StatsArgs, out: &mut Out) -> Result<Verdict> {
    let mut stats = Stats::default();
    let mut verdict = Verdict::Agree;
    for file in input::files(&args.files.files)? {
        let program = match input::load(&file) {
            Ok(program) => program,
            Err(error) => {
                complain(&error);
                verdict = verdict.max(Verdict::BadInput);
                continue;
            }
        };
        let result = guard::run(&program, args.common.oracle, &mut stats);
        stats.finish(result.as_ref().ok());
        if let Err(failure) = result {
            eprintln!("{}: {}", file.display(), failure.headline());
            verdict = Verdict::Mismatch;
        }
    }
    if args.common.json {
        out.json(&stats.summary())?;
    } else {
        out.line(stats.summary())?;
    }
    Ok(verdict)
}
