//! Grounding: compares what a far executor answered to a script with what the model said, and makes of the first
//! difference that nothing allows a failure like any other.
//!
//! `compare.rs` is the comparison, `allowed.rs` the one table of differences that are not bugs; `checker.rs` does it for
//! many programs, and `grounding.rs` counts.

mod allowed;
#[cfg(feature = "wiredtiger")]
mod checker;
mod compare;
mod grounding;
#[cfg(test)]
mod tests;

pub use allowed::{ALLOWED, Allowed};
#[cfg(feature = "wiredtiger")]
pub use checker::Checker;
pub use compare::{Comparison, compare};
pub use grounding::Grounding;
