//! The commands and what they share: flags, exit codes, error reports.
//!
//! Exit codes: 0 everything agrees, 1 a mismatch was found, 2 bad input or usage. An error is one line on stderr
//! that names the file, the place and the mend.

// Printing panics where nobody can read: `output` does not.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod book;
mod break_point;
mod emit;
mod faults;
mod guard;
mod input;
mod ledger;
mod number;
mod oracles;
mod output;
mod predict;
mod print;
mod progress;
mod replay;
mod report;
mod run;
mod runner;
mod seeds;
mod shrink;
mod shrink_workload;
mod stats;
mod sut;
#[cfg(wiredtiger_linked)]
mod wiredtiger_child;
mod workload;

use anyhow::Result;
use clap::error::{ContextKind, ErrorKind};
use clap::{Args, Parser, Subcommand};
use lockstep::run::Oracles;
use oracles::OracleList;
use output::{Out, tell};
use runner::Runner;
use std::path::PathBuf;
use std::process::ExitCode;
use sut::{Sut, SutArgs};

/// Stress tests layered cursors: runs programs on a layered table and on oracles in lockstep and compares every
/// reply.
#[derive(Parser)]
#[command(name = "lockstep", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs generated programs until one shows a mismatch.
    Run(run::RunArgs),
    /// Runs crash artifacts, corpora and .ops files; checks the replies that .ops files expect.
    Replay(replay::ReplayArgs),
    /// Prints a program as .ops text.
    Print(print::PrintArgs),
    /// Encodes .ops text as an input of the fuzz target.
    Encode(print::EncodeArgs),
    /// Makes a failing program or workload small without losing the class of its failure.
    Shrink(shrink::ShrinkArgs),
    /// Writes a program in another language.
    Emit(emit::EmitArgs),
    /// Runs files and counts: operation by outcome.
    Stats(stats::StatsArgs),
    /// Lists the bugs that can be planted to see whether they are found.
    Faults(faults::FaultsArgs),
    /// Predictable replay: many threads, any timing, one outcome.
    Predict(predict::PredictArgs),
    /// Runs WiredTiger test/model .workload files on the engine and the model.
    Workload(workload::WorkloadArgs),
    /// Writes the seed corpus of the fuzz target.
    #[command(hide = true)]
    Seeds(seeds::SeedsArgs),
    /// Executes requests on the linked WiredTiger, for a parent that survives it.
    #[cfg(wiredtiger_linked)]
    #[command(hide = true)]
    WiredtigerChild(wiredtiger_child::ChildArgs),
}

/// What all commands that run programs share.
#[derive(Args)]
struct Common {
    /// What the layered tables are compared with: any of plain, model, twin, and wiredtiger where that is built in.
    #[arg(long, value_name = "LIST", default_value_t = OracleList::default())]
    oracle: OracleList,
    #[command(flatten)]
    sut: SutArgs,
    /// Compare with one more follower, to which checkpoints, evictions and the like happen at other moments.
    #[arg(long)]
    twin: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Common {
    /// What the layered tables are compared with.
    fn oracles(&self) -> OracleList {
        if self.sut.is_real() {
            // What the nodes are asked is what the model was asked.
            return OracleList { own: Oracles { plain: false, model: true, twin: false }, wiredtiger: false };
        }
        let own = self.oracle.own;
        OracleList { own: Oracles { twin: self.twin || own.twin, ..own }, ..self.oracle }
    }

    /// What runs programs as the flags say.
    fn runner(&self, sut: &Sut) -> Result<Runner> {
        Runner::new(self.oracles(), sut, true)
    }

    /// `command` with the flags without which it may not find what these found.
    fn command(&self, command: &str) -> String {
        let oracles = self.oracles();
        let twin = if oracles.own.twin { " --twin" } else { "" };
        let oracle = if oracles.wiredtiger { " --oracle plain,model,wiredtiger" } else { "" };
        format!("{command}{twin}{oracle}{}", self.sut)
    }
}

/// Files and directories of programs.
#[derive(Args)]
struct Files {
    /// Crash artifacts, corpus files, .ops files, or directories of them.
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
}

/// How a command ended. The order is that of precedence: a mismatch counts more than a file that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Agree,
    BadInput,
    Mismatch,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        ExitCode::from(match verdict {
            Verdict::Agree => 0,
            Verdict::Mismatch => 1,
            Verdict::BadInput => 2,
        })
    }
}

/// Parses the command line, does what it says and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error),
    };
    if !matches!(cli.command, Command::Faults(_)) && !faults::environment_is_good() {
        return Verdict::BadInput.into();
    }
    guard::install_panic_hook();
    let mut out = Out::stdout();
    let result = match cli.command {
        Command::Run(args) => run::run(&args, &mut out),
        Command::Replay(args) => replay::replay(&args, &mut out),
        Command::Print(args) => print::print(&args, &mut out),
        Command::Encode(args) => print::encode(&args),
        Command::Shrink(args) => shrink::shrink(&args, &mut out),
        Command::Emit(args) => emit::emit(&args, &mut out),
        Command::Stats(args) => stats::stats(&args, &mut out),
        Command::Faults(args) => faults::faults(&args, &mut out),
        Command::Predict(args) => predict::predict(&args, &mut out),
        Command::Workload(args) => workload::workload(&args, &mut out),
        Command::Seeds(args) => seeds::seeds(&args, &mut out),
        #[cfg(wiredtiger_linked)]
        Command::WiredtigerChild(args) => wiredtiger_child::serve(&args),
    };
    match result.and_then(|verdict| out.flush().map(|()| verdict)) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            complain(&error);
            Verdict::BadInput.into()
        }
    }
}

/// One line on stderr.
fn complain(error: &anyhow::Error) {
    tell(format_args!("lockstep: {}", one_line(&format!("{error:#}"))));
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Help and version are no errors; of a real one only the sentence that says what is wrong is printed.
fn usage_error(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help that nobody reads to the end is no error.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        tell(format_args!(
            "lockstep: which command? run, replay, print, encode, shrink, emit, stats, faults, predict or workload; 'lockstep --help' tells more"
        ));
        return Verdict::BadInput.into();
    }
    let text = error.to_string();
    let sentence = text.split("\n\nUsage:").next().unwrap_or(&text);
    let sentence = one_line(sentence.trim_start_matches("error: "));
    let sentence = sentence.split(" For more information").next().unwrap_or_default();
    let known = error.get(ContextKind::Usage).is_some();
    let help = if known { "; --help tells more" } else { "" };
    tell(format_args!("lockstep: {sentence}{help}"));
    Verdict::BadInput.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_oracle() {
        let mut run = Cli::command().find_subcommand("run").expect("a command").clone();
        let help = run.render_help().to_string();
        let of_oracle = help.split("--oracle").nth(1).and_then(|rest| rest.split("--twin").next()).expect("a flag");
        let every = Oracles { plain: true, model: true, twin: true };
        assert!(every.to_string().split(',').all(|name| of_oracle.contains(name)), "{of_oracle}");
    }

    #[test]
    fn a_mismatch_counts_more_than_bad_input() {
        assert_eq!([Verdict::Mismatch, Verdict::BadInput, Verdict::Agree].into_iter().max(), Some(Verdict::Mismatch));
    }
}
