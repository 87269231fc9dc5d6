//! The command line tool: `lockstep run | replay | print | encode | shrink | stats | faults | predict`. See `cli` for the commands.

mod cli;

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Threads that free what others allocated wait for each other in the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
