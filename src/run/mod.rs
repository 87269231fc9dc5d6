//! A run: does a program on a set of backends in lockstep and compares every reply.
//!
//! The entry is [`run`]. It executes a [`Program`](crate::program::Program) step by step on the layered table of
//! a follower and of a leader, on a plain table of the follower and on the model; each step is a handful of
//! primitive calls, and after each call all replies must be equal. The first difference ends the run with a
//! [`Mismatch`].
//!
//! - `lockstep.rs` holds the backends and makes one call on all of them; `step.rs` turns a step into calls,
//!   `burst.rs` and `truncate.rs` the composite ones, `inject.rs` the physical events;
//! - `compare.rs` is the one comparison, `rules.rs` the two calls whose answer the contract leaves open,
//!   `invariants.rs` what holds for a reply on its own, `expect.rs` the replies that a program itself asks for;
//! - `failure.rs` is what a difference is reported as,
//!   `clip.rs` shortens long values in it;
//! - `observer.rs` is how others watch a run: `stats.rs` counts, `trace.rs` records.

mod burst;
mod clip;
mod compare;
mod expect;
mod failure;
mod inject;
mod invariants;
mod lockstep;
mod observer;
mod rules;
mod stats;
mod step;
mod trace;
mod truncate;

pub use compare::{Aspect, Replies};
pub use failure::{Class, Mismatch};
pub use lockstep::{Oracles, Outcome, run, run_by_the_model, run_with};
pub use observer::{Done, Observer};
pub use stats::{OperationCounts, Stats, Summary};
pub use trace::Trace;
