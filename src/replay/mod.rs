//! Predictable replay: many threads, any timing, one outcome.
//!
//! A run is a sequence of numbered operations, and the number decides everything: table, kind, key, value, commit
//! timestamp. What many threads leave behind is then the same in every run and known beforehand. See
//! `docs/predictable-replay.md` for the problem and the choice that was made.
//!
//! - [`plan`] says what each number does, as far as that follows from the number alone;
//! - [`lanes`] hands the numbers out so that nobody waits and every key is touched in the order of numbers;
//! - [`worker`] does them, [`execute`] one of them, against a [`store`];
//! - [`oracle`] knows what every key had at every number; [`check`] compares a store with it, [`change`] two accounts of
//!   what happened;
//! - [`simulate`] runs many workers on one thread, from a seed; [`threads`] as many on threads;
//! - [`cluster`] is the engine as a store: a leader and a follower that do the same; [`toy`] is one for tests and studies;
//! - [`keeper`] moves timestamps, takes checkpoints and has them adopted while all this goes on, and compares;
//! - [`result`] is what a run left, as a file; [`bisect`] makes a failing run small;
//! - [`case`] is a run as an input of the fuzz target says it;
//! - [`mistake`]s can be planted, to see that they are caught;
//! - [`run`] puts these together: a plan, stages with their stops and numbers of workers, and what came of it.

pub mod bisect;
pub mod case;
pub mod change;
pub mod check;
pub mod cluster;
pub mod execute;
pub mod keeper;
pub mod lanes;
pub mod mistake;
pub mod oracle;
pub mod plan;
pub mod request;
pub mod restore;
pub mod result;
pub mod run;
pub mod simulate;
pub mod source;
pub mod step;
pub mod store;
pub mod strategies;
pub mod study;
mod sync;
pub mod threads;
pub mod toy;
pub mod worker;

#[cfg(test)]
mod tests;
