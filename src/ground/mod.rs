//! Grounding: compares what a far executor answered to a script with what the model said, and makes of the first
//! difference that nothing allows a failure like any other.
//!
//! `compare.rs` is the comparison, `allowed.rs` the one table of differences that are not bugs; `checker.rs` does it for
//! many programs, and `grounding.rs` counts. `four.rs` compares the four answers of nodes with layered tables, and
//! `known.rs` is the list of what is known to go wrong there: `trigger.rs` says which steps lead to it. `limits.rs` is what
//! cannot be done there.

mod allowed;
#[cfg(feature = "wiredtiger")]
mod checker;
mod compare;
mod four;
mod grounding;
mod known;
mod limits;
#[cfg(test)]
mod tests;
mod trigger;

pub use allowed::{ALLOWED, Allowed};
#[cfg(feature = "wiredtiger")]
pub use checker::Checker;
pub use compare::{Comparison, compare};
pub use four::{compare_four, culprit};
pub use grounding::Grounding;
pub use known::{BadKnown, Known, KnownFailures, Masked};
pub use limits::{LIMITS, Limit};
pub use trigger::Trigger;
