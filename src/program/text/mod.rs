//! The `.ops` text form of programs: durable, readable, and complete: what is printed parses to the same program.
//!
//! ```text
//! # lockstep 1
//! config sessions=2 cursors=1 keys=55
//! s0 begin isolation=snapshot
//! s0.c0 search 0120               => ok 0120 "v1"
//! s1.c0 remove 0120 ts=7          => rollback - -
//! inject evict 100
//! s0 commit ts=12                 => ok
//! ```

mod expect;
mod operands;
mod program;
mod scan;
mod step;

pub(super) use operands::Operands;
pub(super) use scan::Fault;

/// Why a text is no program, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}
