//! A run: does a program on a set of backends in lockstep and compares every reply.
//!
//! The entry is [`run`]. It executes a [`Program`](crate::program::Program) step by step on the layered table of
//! a follower and of a leader, on a plain table of the follower and on the model; each step is a handful of
//! primitive calls, and after each call all replies must be equal. The first difference ends the run with a
//! [`Mismatch`].
//!
//! - `entry.rs` is how a run begins, `oracles.rs` what it compares with, `lockstep.rs` holds the backends and makes one
//!   call on all of them, `finish.rs` is how it ends;
//! - `step.rs` turns a step into calls, `burst.rs` and `truncate.rs` the composite ones; `sessions.rs` is what is known of
//!   the sessions meanwhile;
//! - `nodes.rs` holds the nodes, `inject.rs` is what happens to them between calls, `hook.rs` within one; `twin.rs` what
//!   happens to another follower instead;
//! - `roles.rs` and `restart.rs` are the events that take committed data from a node; `log.rs` and `journal.rs` remember
//!   what was committed, `reapply.rs` gives it back;
//! - `compare.rs` is the one comparison, `rules.rs` the two calls whose answer the contract leaves open,
//!   `invariants.rs` what holds for a reply on its own, `expect.rs` the replies that a program itself asks for;
//! - `failure.rs` is what a difference is reported as, `clip.rs` shortens long values in it;
//! - `observer.rs` is how others watch a run: `stats.rs` counts, `summary.rs` shows what was counted, `trace.rs` records;
//!   `situation.rs` is what the sessions were up to when something happened.

mod burst;
mod clip;
mod compare;
mod entry;
mod expect;
mod failure;
mod finish;
mod hook;
mod inject;
mod invariants;
mod journal;
mod lockstep;
mod log;
mod nodes;
mod observer;
mod oracles;
mod reapply;
mod restart;
mod roles;
mod rules;
mod sessions;
mod situation;
mod stats;
mod step;
mod summary;
mod trace;
mod truncate;
mod twin;

pub(crate) use compare::Shown;
pub use compare::{Aspect, Replies};
pub(crate) use entry::tail_of;
pub use entry::{Outcome, run, run_by_the_model, run_with};
pub use failure::{Class, Mismatch};
pub use observer::{Done, Hint, Observer, Open, Physical};
pub use oracles::{Oracles, UnknownOracle};
pub use situation::{Cursors, Situation};
pub use stats::Stats;
pub use summary::{EventCounts, HookCounts, OperationCounts, Summary};
pub use trace::Trace;
