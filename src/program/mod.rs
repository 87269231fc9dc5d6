//! Programs: what to do. Plain data, complete before anything runs.

pub mod step;

pub use step::{Config, Op, Program, Step};
