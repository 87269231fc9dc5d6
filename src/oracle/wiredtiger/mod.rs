//! Real WiredTiger as an oracle: recorded programs are handed to an [`Executor`], which makes the calls on plain tables
//! and answers with what they returned. Only with `--features wiredtiger`.
//!
//! - `child.rs` is the executor that works everywhere: a child process, into which batches of programs go and from which
//!   their answers come; deaths are survived. `process.rs` is one such process: started, fed, listened to with a time
//!   limit, killed. `settings.rs` says which: there are two kinds of them;
//! - `runner.py` is what runs in the one: Python and PyPI's `wiredtiger`, found by `environment.rs` (`make wiredtiger`
//!   puts it there);
//! - `linked/` is what runs in the other, which is this program once more, and an executor in this process as well: a
//!   WiredTiger that was linked. Only with `WIREDTIGER_DIR` at build time.
//!
//! A *request* is a program as text, one entry per line, the tokens separated by single spaces. Bytes are hexadecimal,
//! `-` is an empty byte string, an empty configuration or none:
//!
//! ```text
//! program <id> fresh|reuse <sessions> <slots> <tables> <isolation of session 0>,<of session 1>,... [var|fix]
//! <verb> <session> <slot> [operand...]
//! end
//! ```
//!
//! With `fresh` it runs on a connection that no program had before; with `reuse` the connection may have been used, its
//! global timestamps with it, but the tables are always new ones. A session and its slots are named by number from 0, a
//! session call has the slot 0, a node call the session and slot 0. With `var` or `fix` the tables are column stores with values
//! of variable length or of one byte; keys are record numbers then, as bytes: 8, the highest first.
//!
//! | entry | call |
//! |---|---|
//! | `open s c <table> <overwrite 0/1> <random 0/1> [append]` | `open_cursor`; the cursor that is in the slot is closed after it |
//! | `close s c` | `close`: the slot is empty |
//! | `duplicate s c <session> <slot>` | `open_cursor(to_dup)`; as `open` |
//! | `key s c BYTES`, `value s c BYTES` | `set_key`, `set_value` |
//! | `bound s c lower\|upper <inclusive 0/1>`, `clear s c` | `bound(action=set)`, `bound(action=clear)` |
//! | `reset`, `search`, `next`, `prev`, `insert`, `update`, `remove`, `reserve`, `largest` `s c` | the method |
//! | `reconfigure s c <overwrite 0/1>` | `reconfigure` |
//! | `near s c <expected key>` | `search_near`; if it stands on the other neighbour, one step to the expected one: see below |
//! | `state s c` | none |
//! | `getkey s c`, `getvalue s c` | `get_key`, `get_value` |
//! | `compare s c <session> <slot>`, `equals s c <session> <slot>` | `compare`, `equals` |
//! | `modify s c DATA:offset:size,...` | `modify`; `.` for no entries |
//! | `begin`, `commit`, `prepare`, `timestamp` `s 0 CONFIG`, `rollback s 0` | the method of the session |
//! | `snapshot s 0` | `reset_snapshot` |
//! | `query s 0 session\|node CONFIG` | `query_timestamp` of the session or of the connection |
//! | `truncate s 0 <start slot> <stop slot>`, `truncatetable s 0 <table>` | `truncate` |
//! | `settimestamp 0 0 CONFIG`, `rts 0 0` | `set_timestamp`, `rollback_to_stable` |
//! | `recreate 0 0 <table>` | `drop` and `create`; `EBUSY` at once while a cursor on it is open, or any cursor placed, or a transaction running |
//!
//! The *answer* to an entry is one line, `<code> <exact> <key> <value> <timestamp>`: the number that the C call returned;
//! the sign of `search_near`'s exact, the result of `compare` or `equals`; then the state of the cursor in the slot, read
//! from its structure without a call: `-` unset, `e<hex>` external, `i<hex>` internal; the answer of a query in decimal.
//! Entries without a cursor have `0 - -` there. `set_key` and `set_value` return nothing: 0.
//!
//! What is peculiar to WiredTiger 11.3.1: a write outside a transaction that is in conflict with a transaction that is still
//! running is repeated until that one ends. On one thread it never does, so that is a hang. A debug build aborts where a
//! commit breaks the rules of timestamps, and where a release build panics.
//!
//! Where a key is not there, `search_near` may stand on either neighbour. If it is not the expected key on which it
//! stands with an exact other than 0, the executor calls `next` or `prev`, whichever leads there, and adds ` | ` and
//! the answer to that.

mod child;
mod environment;
#[cfg(wiredtiger_linked)]
pub mod linked;
mod process;
mod settings;

pub use crate::script::Ending;
pub use child::ChildProcess;
pub use environment::{PYTHON_VARIABLE, python};
pub use settings::Settings;

use std::path::PathBuf;
use std::time::Duration;

/// Something that executes requests on real WiredTiger.
pub trait Executor {
    /// The version of WiredTiger, such as `11.3.1`.
    fn version(&self) -> &str;

    /// Executes the requests in order, each on tables of its own, and answers with one ending per request. Errors if
    /// WiredTiger cannot be reached at all; what kills it is an ending, and the next request goes on in a new process.
    fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError>;
}

/// Why there is no WiredTiger to execute anything.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// No Python was found where one is looked for.
    #[error("no WiredTiger to compare with: there is no {0}: run 'make wiredtiger'")]
    Missing(PathBuf),
    /// The environment variable names something else than a file.
    #[error("no WiredTiger to compare with: {PYTHON_VARIABLE}={} is no file: run 'make wiredtiger' and unset it", .0.display())]
    NoFile(PathBuf),
    /// The process could not be started.
    #[error("no WiredTiger to compare with: {} cannot be started ({error}): {mend}", program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// Why it was not.
        error: std::io::Error,
        /// What to do about it.
        mend: &'static str,
    },
    /// The process started but has no WiredTiger, or one that is not known.
    #[error("no WiredTiger to compare with: {what}: {mend}")]
    Refused {
        /// What it said.
        what: String,
        /// What to do about it.
        mend: &'static str,
    },
    /// The process did not say in time that it was there.
    #[error("no WiredTiger to compare with: {} did not answer for {} s: {mend}", program.display(), limit.as_secs_f32())]
    Silent {
        /// What was started.
        program: PathBuf,
        /// How long it was waited for.
        limit: Duration,
        /// What to do about it.
        mend: &'static str,
    },
    /// The linked WiredTiger refuses what every program needs.
    #[error("no WiredTiger to compare with: {0}")]
    Linked(String),
}
