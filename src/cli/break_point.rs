//! A place to stop at in a debugger, right before a step of interest.

use anyhow::Result;
use lockstep::program::Step;
use std::io::{IsTerminal, stdin};

/// Called before the step that `--break` names: a function to set a debugger's break point at.
#[inline(never)]
fn lockstep_break(step: usize) -> usize {
    std::hint::black_box(step)
}

/// For a debugger: release builds keep the function, but not the path to it.
const BREAK: &str = "rbreak lockstep_break";

/// Stops before a step: lets a debugger break, and waits for Enter if someone is there to press it.
pub fn stop(index: usize, step: &Step) -> Result<()> {
    eprintln!("before step {index}: {step}");
    if stdin().is_terminal() {
        let id = std::process::id();
        eprintln!("process {id}; for a debugger: 'gdb -p {id}', '{BREAK}', 'continue'. Enter goes on");
        stdin().read_line(&mut String::new())?;
    }
    lockstep_break(index);
    Ok(())
}
