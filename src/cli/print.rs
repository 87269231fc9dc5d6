//! `lockstep print` and `lockstep encode`: between bytes and text.

use super::output::{Out, check_output, tell, write_new};
use super::{Verdict, guard, input};
use anyhow::{Result, anyhow};
use clap::Args;
use lockstep::run::{Oracles, Trace};
use std::path::PathBuf;

#[derive(Args)]
pub struct PrintArgs {
    /// A crash artifact, a corpus file or an .ops file.
    file: PathBuf,
    /// Run the program and fill in what each step answered.
    #[arg(long)]
    replies: bool,
    /// With --replies: what the layered tables are compared with.
    #[arg(long, value_name = "LIST", default_value_t = Oracles::default())]
    oracle: Oracles,
}

pub fn print(args: &PrintArgs, out: &mut Out) -> Result<Verdict> {
    let mut program = input::load(&args.file)?;
    if !args.replies {
        out.line(program.to_string().trim_end())?;
        return Ok(Verdict::Agree);
    }
    // What the steps answer is asked for, not whether they answer what was expected before.
    for step in &mut program.steps {
        step.expect = None;
    }
    let mut trace = Trace::default();
    let result = guard::run(&program, args.oracle, &mut trace);
    out.line(trace.fill(&program).to_string().trim_end())?;
    match result {
        Ok(_) => Ok(Verdict::Agree),
        Err(mut failure) => {
            failure.set_replay(format!("lockstep replay {}", args.file.display()));
            tell(format_args!("{failure}"));
            Ok(Verdict::Mismatch)
        }
    }
}

#[derive(Args)]
pub struct EncodeArgs {
    /// An .ops file.
    file: PathBuf,
    /// Where to write the bytes.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
}

pub fn encode(args: &EncodeArgs) -> Result<Verdict> {
    check_output(&args.file, &args.output)?;
    let program = input::load_text(&args.file)?;
    let bytes = program.encode().map_err(|error| anyhow!("{}: {error}", args.file.display()))?;
    write_new(&args.output, &bytes, args.force)?;
    Ok(Verdict::Agree)
}
