//! The command line tool: `lockstep run | replay | print | encode | shrink | stats | faults | predict`. See `cli` for the commands.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
