//! The shape of a program: a configuration and a list of steps.

use super::limits;
use super::ops::Op;
use crate::backend::{Code, Field, Format, Isolation, Key, Timestamp, Value, Who};

/// What a program needs before its first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Number of sessions, 1 to [`Config::MAX_SESSIONS`].
    pub sessions: u8,
    /// Cursor slots per session, 1 to [`Config::MAX_CURSORS`]; all are opened, in order, before the first step.
    pub cursors: u8,
    /// Number of tables, 1 to [`Config::MAX_TABLES`]: see [`Config::table_of`].
    pub tables: u8,
    /// Size of the key pool, 2 to 4096: pool key i is the grid key `(i + 1) * 10`, printed with 4 digits or more; in a
    /// column store record `(i + 1) * 2`.
    pub keys: u16,
    /// How the tables keep their records. Column stores are plain tables on all nodes.
    pub format: Format,
    /// The isolation of each session outside explicit transactions.
    pub isolation: [Isolation; Config::MAX_SESSIONS as usize],
}

impl Config {
    /// The largest number of sessions.
    pub const MAX_SESSIONS: u8 = 4;
    /// The largest number of cursor slots per session.
    pub const MAX_CURSORS: u8 = 3;
    /// The largest number of tables.
    pub const MAX_TABLES: u8 = 2;

    /// The isolation that a session has outside explicit transactions; snapshot for sessions that do not exist.
    pub fn isolation_of(&self, session: u8) -> Isolation {
        self.isolation.get(usize::from(session)).copied().unwrap_or_default()
    }

    /// The table on which a cursor slot is opened before the first step: they take turns.
    pub fn table_of(&self, who: Who) -> u8 {
        (who.session + who.cursor) % self.tables.max(1)
    }

    /// Whether the session and the cursor slot exist.
    pub fn has(&self, who: Who) -> bool {
        who.session < self.sessions && who.cursor < self.cursors
    }

    /// The same with the largest key pool.
    pub fn with_all_keys(&self) -> Config {
        Config { keys: limits::MAX_KEYS, ..self.clone() }
    }

    /// Whether all sizes are within their limits.
    pub fn is_valid(&self) -> bool {
        (1..=Config::MAX_SESSIONS).contains(&self.sessions)
            && (1..=Config::MAX_CURSORS).contains(&self.cursors)
            && (1..=Config::MAX_TABLES).contains(&self.tables)
            && (limits::MIN_KEYS..=limits::MAX_KEYS).contains(&self.keys)
    }
}

/// One session with one cursor on one table at snapshot isolation and WiredTiger's 55 keys.
impl Default for Config {
    fn default() -> Self {
        Config {
            sessions: 1,
            cursors: 1,
            tables: 1,
            keys: 55,
            format: Format::Row,
            isolation: [Isolation::Snapshot; Config::MAX_SESSIONS as usize],
        }
    }
}

/// A program.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// The configuration.
    pub config: Config,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Program {
    /// Whether a step changes what a node is or takes committed data from one: its role, its life, a table. A run then
    /// has to know what was committed, to give it back.
    pub fn changes_nodes(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step.op,
                Op::StepDown | Op::StepUp { .. } | Op::Restart { .. } | Op::RollbackToStable | Op::Recreate { .. }
            )
        })
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who makes the call.
    pub who: Who,
    /// What is done.
    pub op: Op,
    /// What the reply has to be; checked by replay, ignored by everything else.
    pub expect: Option<Box<Expect>>,
}

/// An expected reply (`=> ...`). What is `None` is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The return code.
    pub code: Code,
    /// The code of the commit that a write with a timestamp of its own ended with, if not `Ok`.
    pub commit: Option<Code>,
    /// The sign of exact, or the result of a comparison.
    pub exact: Option<i8>,
    /// The state of the key.
    pub key: Option<Field>,
    /// The state of the value.
    pub value: Option<Field>,
    /// A queried timestamp.
    pub timestamp: Option<Timestamp>,
    /// The records of a scan.
    pub rows: Option<Vec<(Key, Value)>>,
}
