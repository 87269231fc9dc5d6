//! `lockstep stats`: what a set of programs reaches.

use super::output::{Out, tell};
use super::{Common, Files, Verdict, complain, input, progress};
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
    let files = input::files(&args.files.files)?;
    let mut runner = args.common.runner(&args.common.sut.open()?)?;
    let progress = progress::files(files.len());
    for file in files {
        progress.inc(1);
        let program = match input::load(&file) {
            Ok(program) => program,
            Err(error) => {
                progress.suspend(|| complain(&error));
                verdict = verdict.max(Verdict::BadInput);
                continue;
            }
        };
        let result = runner.run(&program, &mut stats)?;
        stats.finish(result.as_ref().ok());
        if let Err(failure) = result {
            progress.suspend(|| tell(format_args!("{}: {}", file.display(), failure.headline())));
            verdict = Verdict::Mismatch;
        }
    }
    progress.finish_and_clear();
    if args.common.json {
        out.json(&stats.summary())?;
    } else {
        out.line(stats.summary())?;
    }
    Ok(verdict)
}
