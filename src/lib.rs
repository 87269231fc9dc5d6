//! Lockstep: a coverage-guided stress tester for layered cursors.

pub mod backend;
pub mod bytes;
pub mod engine;
pub mod oracle;
pub mod program;
pub mod run;
