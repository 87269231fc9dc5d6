//! Real WiredTiger as an oracle (to be replaced by the merge).

#[cfg(wiredtiger_linked)]
pub mod linked;

/// Something that executes requests on real WiredTiger.
pub trait Executor {
    /// The version of WiredTiger, such as `11.3.1`.
    fn version(&self) -> &str;

    /// Executes the requests in order, each on tables of its own, and answers with one ending per request. Errors if
    /// WiredTiger cannot be reached at all; what kills it is an ending, and the next request goes on in a new process.
    fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError>;
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// One answer line per entry.
    Complete(Vec<String>),
    /// WiredTiger or the executor gave up: an abort, a hang, a panic, an entry that cannot be executed.
    Died {
        /// The answers up to then. The entry after them is the one that it died in; after a panic, the last of them.
        answers: Vec<String>,
        /// What happened, in one line, with what WiredTiger said last.
        reason: String,
    },
}

/// Why there is no WiredTiger to execute anything.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The linked WiredTiger does not do what every program needs.
    #[error("no WiredTiger to compare with: {0}")]
    Linked(String),
}
