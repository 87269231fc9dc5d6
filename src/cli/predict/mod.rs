//! `lockstep predict`: predictable replay.

mod plot;
mod study;

use super::Verdict;
use super::output::Out;
use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub struct PredictArgs {
    #[command(subcommand)]
    command: PredictCommand,
}

#[derive(Subcommand)]
enum PredictCommand {
    /// Compares planners: shares, timestamps used, gaps between inserts, lanes' load, waiting.
    Study(study::StudyArgs),
}

pub fn predict(args: &PredictArgs, out: &mut Out) -> Result<Verdict> {
    match &args.command {
        PredictCommand::Study(args) => study::study(args, out),
    }
}
