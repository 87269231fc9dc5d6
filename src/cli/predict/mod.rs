//! `lockstep predict`: predictable replay.

mod args;
mod bisect;
mod check;
mod compare;
mod explain;
mod plot;
mod replay;
mod run;
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
    /// Runs a plan with several numbers of threads: do they all leave what is planned, at every moment?
    Check(check::CheckArgs),
    /// Runs a plan, or goes on where another run of it ended, and writes down what it leaves.
    Run(run::RunArgs),
    /// Compares what two runs of a plan left: which operation was the first to differ?
    Compare(compare::CompareArgs),
    /// Makes a failing run small: an earlier stop, fewer tables, fewer operations.
    Bisect(bisect::BisectArgs),
    /// Runs inputs of the fuzz target predictable_replay.
    Replay(replay::ReplayArgs),
    /// Compares planners: shares, timestamps used, gaps between inserts, lanes' load, waiting.
    Study(study::StudyArgs),
}

pub fn predict(args: &PredictArgs, out: &mut Out) -> Result<Verdict> {
    match &args.command {
        PredictCommand::Check(args) => check::check(args, out),
        PredictCommand::Run(args) => run::run(args, out),
        PredictCommand::Compare(args) => compare::compare(args, out),
        PredictCommand::Bisect(args) => bisect::bisect(args, out),
        PredictCommand::Replay(args) => replay::replay(args, out),
        PredictCommand::Study(args) => study::study(args, out),
    }
}
