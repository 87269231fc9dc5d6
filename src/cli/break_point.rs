//! A place to stop at in a debugger, right before a step of interest.

use anyhow::Result;
use lockstep::backend::Format;
use lockstep::program::Step;
use std::io::{IsTerminal, stdin};

/// Called before the step that `--break` names: a function to set a debugger's break point at.
#[inline(never)]
fn lockstep_break(step: usize) -> usize {
    std::hint::black_box(step)
}

/// The line that does something in it. Debug and release builds give the function different names, but the same line.
const LINE: u32 = line!() - 4;

/// Stops before a step: lets a debugger break, and waits for Enter if someone is there to press it.
pub fn stop(index: usize, step: &Step, format: Format) -> Result<()> {
    super::output::tell(format_args!("before step {index}: {}", step.in_format(format)));
    if stdin().is_terminal() {
        let id = std::process::id();
        super::output::tell(format_args!(
            "process {id}; for a debugger: 'gdb -p {id}', '{}', 'continue'. Enter goes on",
            command()
        ));
        stdin().read_line(&mut String::new())?;
    }
    lockstep_break(index);
    Ok(())
}

/// What sets the break point in a debugger.
fn command() -> String {
    format!("break break_point.rs:{LINE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_the_one_in_the_readme() {
        let source = include_str!("break_point.rs").lines().nth(LINE as usize - 1);
        assert_eq!(source, Some("    std::hint::black_box(step)"));
        assert!(include_str!("../../README.md").contains(&format!("`{}`", command())), "{}", command());
    }
}
