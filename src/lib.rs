//! Lockstep: a coverage-guided stress tester for layered cursors.
//!
//! Bytes become a [`program::Program`]; [`run::run`] executes it step by step on the engine under test and on oracles
//! and compares every reply; the first difference is a [`run::Mismatch`].
//!
//! - [`backend`] is the contract: the calls, the replies, the trait that engine and oracles share;
//! - [`program`] is what to do: operations, fuzz inputs, `.ops` text, generator, mutator;
//! - [`engine`] is what is tested: nodes with layered and plain tables. It knows neither programs nor oracles;
//! - [`oracle`] is what is right: the model. It knows nothing of the engine;
//! - [`run`] does a program on all of them in lockstep;
//! - [`script`] is what a run asked and was answered, for somebody else to answer later;
//! - [`ground`] compares the answers of others, such as real WiredTiger, with a script;
//! - [`shrink`] makes a program that fails small;
//! - [`workload`] is the language of WiredTiger's test/model, and what runs it on engine and model;
//! - [`replay`] has many threads do what is planned, so that any timing has one outcome.
//!
//! ```
//! use lockstep::program::{Profile, generate};
//! use lockstep::run::{Oracles, run};
//!
//! let program = generate(Profile::Mixed, 7, 500);
//! let outcome = run(&program, Oracles::default(), &mut ()).unwrap_or_else(|mismatch| panic!("{mismatch}"));
//! assert_eq!(outcome.steps, 500);
//! ```

// Unsafe code is for calling a linked WiredTiger only: src/oracle/wiredtiger/linked/ allows it file by file.
#![cfg_attr(not(feature = "wiredtiger"), forbid(unsafe_code))]

pub mod backend;
pub mod bytes;
pub mod count;
pub mod engine;
pub mod ground;
pub mod oracle;
mod patience;
pub mod program;
pub mod replay;
pub mod run;
pub mod script;
pub mod shrink;
pub mod workload;
