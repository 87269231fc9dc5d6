//! `lockstep emit`: a program in another language.

use super::output::{Out, check_output, tell, write_new};
use super::{Verdict, input};
use anyhow::Result;
use clap::{Args, ValueEnum};
use lockstep::workload::{self, Emitted};
use std::path::PathBuf;

#[derive(Args)]
pub struct EmitArgs {
    /// A crash artifact or an .ops file.
    file: PathBuf,
    /// The language.
    #[arg(long, value_name = "LANGUAGE")]
    to: Language,
    /// Where to write it [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
    /// Of row stores: make the tables layered, as they are in the program, and not plain.
    #[arg(long)]
    disaggregated: bool,
}

/// What a program can be written in.
#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// A .workload file of WiredTiger's test/model: see docs/workloads.md.
    Workload,
}

pub fn emit(args: &EmitArgs, out: &mut Out) -> Result<Verdict> {
    if let Some(output) = &args.output {
        check_output(&args.file, output)?;
    }
    let program = input::load(&args.file)?;
    let Emitted { text, left_out } = match args.to {
        Language::Workload => workload::emit(&program, args.disaggregated),
    };
    if left_out > 0 {
        let (steps, they) = if left_out == 1 { ("1 thing", "it has") } else { ("some things", "each has") };
        tell(format_args!("{}: {steps} cannot be said and {they} a comment in its place", args.file.display()));
    }
    match &args.output {
        Some(output) => write_new(output, text.as_bytes(), args.force)?,
        None => out.line(text.trim_end())?,
    }
    Ok(Verdict::Agree)
}
