//! Scripts: what a run asked of the model and what the model answered, as data, for somebody else to answer later.
//!
//! A program is complete before it runs, but which calls its steps come to is only known once it has run. So a run is
//! watched by a [`Recorder`], and what it heard is a [`Script`]: a list of calls with the answers that are expected. An
//! executor that is far away, or that may die, gets a whole batch of scripts as text ([`Script::request`]), and its
//! answers are compared afterwards.
//!
//! - `recorder.rs` watches a run, and `detour.rs` has what it says in more words than the run did;
//! - `wire.rs` writes a call as a line, `answer.rs` reads the line that answers it;
//! - `withheld.rs` is the list of calls that real WiredTiger does not survive and that no script has.

mod answer;
mod detour;
mod recorder;
mod wire;
mod withheld;

pub use answer::{Answer, Answered, BadAnswer};
pub use recorder::Recorder;
pub use withheld::{Rule, WITHHELD};

use crate::backend::{Code, Reply, Timestamp};
use crate::program::Config;
use crate::run::Open;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The calls of a run, with the answers of the model.
#[derive(Clone, Debug)]
pub struct Script {
    /// The configuration of the program.
    config: Config,
    /// How many tables there are to be, those that are created later included.
    tables: u8,
    /// The calls, in the order in which they were made.
    pub entries: Vec<Entry>,
    /// How often each rule kept a call from the script.
    pub withheld: BTreeMap<&'static str, u64>,
    /// The largest timestamp that occurs.
    pub last_ts: Timestamp,
    /// Whether the answers depend on timestamps of the node that have never been set.
    pub needs_fresh: bool,
}

/// One call of a script.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The step that made it, from 0; as many as the program has steps: the final scans.
    pub step: usize,
    /// The call as a line, with every timestamp in braces.
    line: String,
    /// What the model says to it.
    pub expected: Expected,
}

/// What an answer has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This code; what state the cursor is left in is seen later.
    Code(Code),
    /// This reply.
    Reply(Reply),
    /// One of several, which the contract leaves open.
    Open(Open),
}

/// How the execution of a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end. One line per entry.
    Complete(Vec<String>),
    /// The executor died on the way.
    Died {
        /// What it answered until then.
        answers: Vec<String>,
        /// Its last words.
        reason: String,
        /// Whether it was killed because it did not come to an end.
        hung: bool,
    },
}

impl Expected {
    /// The code, where exactly one is right.
    pub fn code(&self) -> Option<Code> {
        match self {
            Expected::Code(code) => Some(*code),
            Expected::Reply(reply) => Some(reply.code),
            Expected::Open(_) => None,
        }
    }
}

impl Entry {
    /// The word that says which call it is.
    pub fn verb(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

impl Script {
    /// The text that asks an executor to run the script: on a connection of its own if `base` is `None`, else on one whose
    /// clock stands at `base`.
    pub fn request(&self, id: u64, base: Option<Timestamp>) -> String {
        let mut text = wire::head(id, base.is_none(), &self.config, self.tables);
        for entry in &self.entries {
            wire::with_base(&mut text, &entry.line, base.unwrap_or(0));
            text.push('\n');
        }
        text.push_str("end\n");
        text
    }

    /// The script up to an entry, that one included.
    pub fn up_to(&self, entry: usize) -> Script {
        let mut script = self.clone();
        script.entries.truncate(entry + 1);
        script
    }

    /// An entry's call as people read it: its timestamps are the program's.
    pub fn shown(&self, index: usize) -> String {
        let mut text = String::new();
        if let Some(entry) = self.entries.get(index) {
            wire::with_base(&mut text, &entry.line, 0);
        }
        text
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Bytes as an executor is told them.
fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
