//! Grounding: compares what a far executor answered to a script with what the model said, and makes of the first
//! difference that nothing allows a failure like any other.
//!
//! `compare.rs` is the comparison, `allowed.rs` the one table of differences that are not bugs.

mod allowed;
mod compare;

pub use allowed::{ALLOWED, Allowed};
pub use compare::{Comparison, compare};
