//! The shape of a program: a configuration and a list of steps.

use crate::backend::{
    Code, Delta, Direction, Field, Isolation, Key, Side, Timestamp, TimestampQuery, TxnTimestamp, Value, Who,
};

/// What a program needs before its first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Number of sessions, 1 to [`Config::MAX_SESSIONS`].
    pub sessions: u8,
    /// Cursor slots per session, 1 to [`Config::MAX_CURSORS`]; all are opened, in order, before the first step.
    pub cursors: u8,
    /// Size of the key pool, 2 to 4096: pool key i is the grid key `(i + 1) * 10`, printed with 4 digits or more.
    pub keys: u16,
    /// The isolation of each session outside explicit transactions.
    pub isolation: [Isolation; Config::MAX_SESSIONS as usize],
}

impl Config {
    /// The largest number of sessions.
    pub const MAX_SESSIONS: u8 = 4;
    /// The largest number of cursor slots per session.
    pub const MAX_CURSORS: u8 = 3;
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The configuration.
    pub config: Config,
    /// The steps, in order.
    pub steps: Vec<Step>,
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

/// What a step does.
///
/// A cursor operation with a key is `set_key` and then the operation; without one it is the operation alone, so
/// positional where the cursor is positioned. Values likewise.
///
/// `ts` of a write: if the session has no transaction running, the write is wrapped in `begin` and `commit` at
/// that timestamp (`rollback` if the write failed with `Rollback`, `Invalid` or `NotSupported`). 0: not wrapped.
/// Ignored in a running transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    // ---- cursor operations
    /// `set_key` alone.
    Key {
        key: Key,
    },
    /// `set_value` alone.
    Value {
        value: Value,
    },
    Search {
        key: Option<Key>,
    },
    SearchNear {
        key: Option<Key>,
    },
    Next,
    Prev,
    Insert {
        key: Option<Key>,
        value: Option<Value>,
        ts: Timestamp,
    },
    Update {
        key: Option<Key>,
        value: Option<Value>,
        ts: Timestamp,
    },
    Remove {
        key: Option<Key>,
        ts: Timestamp,
    },
    Modify {
        key: Option<Key>,
        deltas: Box<[Delta]>,
        ts: Timestamp,
    },
    Reserve {
        key: Option<Key>,
        ts: Timestamp,
    },
    LargestKey,
    Bound {
        side: Side,
        key: Option<Key>,
        inclusive: bool,
    },
    ClearBounds,
    Reset,
    /// Close and open again.
    Reopen {
        overwrite: bool,
        random: bool,
    },
    Reconfigure {
        overwrite: bool,
    },
    Duplicate {
        from: Who,
    },
    Compare {
        with: Who,
    },
    Equals {
        with: Who,
    },
    GetKey,
    GetValue,
    // ---- session operations (the cursor of `who` is 0)
    /// One `next` of a random cursor that is opened for it and closed after it.
    NextRandom,
    /// From one end to the other, with a cursor opened for it and closed after it.
    Scan {
        direction: Direction,
    },
    Begin {
        isolation: Option<Isolation>,
        read_ts: Option<Timestamp>,
        roundup: bool,
        no_timestamp: bool,
    },
    Commit {
        ts: Option<Timestamp>,
    },
    Rollback,
    TimestampTransaction {
        which: TxnTimestamp,
        ts: Timestamp,
    },
    ResetSnapshot,
    Query {
        what: TimestampQuery,
    },
    // ---- global operations (`who` is 0)
    SetTimestamp {
        oldest: Option<Timestamp>,
        stable: Option<Timestamp>,
    },
    // ---- injections: physical events, which change no reply
    /// The leader takes a checkpoint.
    Checkpoint,
    /// The follower picks up the newest checkpoint.
    Adopt,
    /// Ages the data: stable moves to `stable`, oldest to `oldest` (each only if larger than it is), then a
    /// checkpoint is taken and adopted.
    Advance {
        oldest: Timestamp,
        stable: Timestamp,
    },
    /// Evicts a share of the follower's ingest table, in percent of its keys.
    Evict {
        percent: u8,
    },
    /// Evicts all of ingest that may go and drops the checkpoints that nobody needs.
    Prune,
    // ---- injections: bursts of writes, through the cursor of `who`. If the session has no transaction running and
    // `ts` is not 0, the whole burst is one transaction, as a single write is.
    /// Inserts `count` pool keys from pool index `first` on (wrapping).
    BulkInsert {
        first: u16,
        count: u16,
        ts: Timestamp,
    },
    /// Removes `count` pool keys from pool index `first` on (wrapping); absent ones are passed over.
    BulkRemove {
        first: u16,
        count: u16,
        ts: Timestamp,
    },
    /// Removes every record that the cursor sees, by a walk: reset, then next, remove, next, ... to the end.
    RemoveAll {
        ts: Timestamp,
    },
    /// Inserts a key right beside the one that cursor `at` has, on its far side in direction `direction`. Does
    /// nothing if that cursor has no key.
    InsertBeside {
        at: Who,
        direction: Direction,
        value: Value,
        ts: Timestamp,
    },
}
