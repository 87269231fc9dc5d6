//! The contract: the vocabulary that the engine and the oracles share, and the one trait that both speak.
//! Anything that implements [`Backend`] can stand on either side of a lockstep run.
//!
//! A backend is a set of *sessions*, each with a fixed number of *cursor slots*, on one or two tables. It is
//! driven one [`Call`] at a time and answers each with a [`Reply`].

use crate::bytes::ByteStr;
use std::fmt;

/// A key. Never empty: an empty raw key is refused by [`Call::SetKey`]. In a column store a [`record_number`].
pub type Key = ByteStr;
/// A value; any byte string, the empty one included. In a fixed-length table exactly one byte.
pub type Value = ByteStr;
/// A point in logical time. 0 means "none".
pub type Timestamp = u64;

/// How a table keeps its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// By key.
    #[default]
    Row,
    /// By record number, with values of any length: a variable-length column store.
    Variable,
    /// By record number, with values of one byte: a fixed-length column store. From 1 to the last one every record is
    /// there; what nobody wrote, or somebody removed, is 0.
    Fixed,
}

impl Format {
    /// Whether keys are record numbers.
    #[inline]
    pub const fn is_column(self) -> bool {
        !matches!(self, Format::Row)
    }
}

/// The value of a record of a fixed-length table that nobody wrote, or that somebody removed.
pub const FIXED_ZERO: &[u8] = &[0];

/// The key of a record of a column store: its number, so that the order of bytes is the order of numbers.
#[inline]
pub fn record_number(number: u64) -> Key {
    Key::new(&number.to_be_bytes())
}

/// The number that [`record_number`] has made a key of. `None` for what is no record number; 0 is none, either.
#[inline]
pub fn record_number_of(key: &[u8]) -> Option<u64> {
    let number = u64::from_be_bytes(key.try_into().ok()?);
    (number != 0).then_some(number)
}

/// What a call returned. The names are WiredTiger's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// 0.
    Ok,
    /// `WT_NOTFOUND`.
    NotFound,
    /// `WT_DUPLICATE_KEY`.
    DuplicateKey,
    /// `WT_ROLLBACK`: a write conflict; the transaction can only be rolled back.
    Rollback,
    /// `WT_PREPARE_CONFLICT`: a prepared update stands in the way of a read.
    PrepareConflict,
    /// `EINVAL`.
    Invalid,
    /// `ENOTSUP`.
    NotSupported,
    /// `EBUSY`.
    Busy,
    /// `ENOENT`.
    NoEntry,
}

impl Code {
    /// Every code, in the order of declaration.
    pub const ALL: [Code; 9] = [
        Code::Ok,
        Code::NotFound,
        Code::DuplicateKey,
        Code::Rollback,
        Code::PrepareConflict,
        Code::Invalid,
        Code::NotSupported,
        Code::Busy,
        Code::NoEntry,
    ];

    /// The name in `.ops` text.
    pub fn name(self) -> &'static str {
        match self {
            Code::Ok => "ok",
            Code::NotFound => "notfound",
            Code::DuplicateKey => "dupkey",
            Code::Rollback => "rollback",
            Code::PrepareConflict => "prepare_conflict",
            Code::Invalid => "einval",
            Code::NotSupported => "enotsup",
            Code::Busy => "ebusy",
            Code::NoEntry => "enoent",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state of a cursor's key or value.
///
/// `get_key` and `get_value` succeed for both set states and answer `EINVAL` for [`Field::Unset`].
#[derive(Clone, Debug, Default, Eq)]
pub enum Field {
    /// Not set.
    #[default]
    Unset,
    /// Owned by the cursor: set by the application, or copied out of the table.
    External(ByteStr),
    /// Refers to the record that the cursor stands on. A cursor whose *key* is internal is *positioned*.
    Internal(ByteStr),
}

/// As derived, but always inline: this is what a run does most.
impl PartialEq for Field {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Field::Unset, Field::Unset) => true,
            (Field::External(own), Field::External(other)) | (Field::Internal(own), Field::Internal(other)) => {
                own == other
            }
            _ => false,
        }
    }
}

impl Field {
    /// The bytes that `get_key` or `get_value` would return.
    pub fn get(&self) -> Option<&ByteStr> {
        match self {
            Field::Unset => None,
            Field::External(bytes) | Field::Internal(bytes) => Some(bytes),
        }
    }

    /// Whether the field refers to the record that the cursor stands on.
    pub fn is_internal(&self) -> bool {
        matches!(self, Field::Internal(_))
    }
}

/// The answer to a [`Call`], with the state that the calling cursor is left in.
///
/// Session and node calls leave everything but `code` (and `timestamp`) at its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The return code.
    pub code: Code,
    /// The sign of `search_near`'s exact, the result of `compare` (-1, 0, 1) or of `equals` (0, 1). 0 otherwise.
    pub exact: i8,
    /// What the cursor's key is now.
    pub key: Field,
    /// What the cursor's value is now.
    pub value: Field,
    /// Whether the cursor holds a place in the table (and with it its session's snapshot). A positioned cursor
    /// does; one whose key was set anew while it stood somewhere still does.
    pub placed: bool,
    /// The answer to [`Call::Query`]; 0 means "none".
    pub timestamp: Timestamp,
}

impl Reply {
    /// A reply without cursor state.
    pub fn code(code: Code) -> Self {
        Reply { code, exact: 0, key: Field::Unset, value: Field::Unset, placed: false, timestamp: 0 }
    }

    /// Whether it carries no cursor's state.
    pub fn is_without_state(&self) -> bool {
        self.key == Field::Unset && self.value == Field::Unset && !self.placed
    }
}

/// How far a transaction sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// One snapshot from begin to end. The only level that may write.
    #[default]
    Snapshot,
    /// A new snapshot whenever no cursor of the session holds a place.
    ReadCommitted,
    /// No snapshot: everything that is not rolled back.
    ReadUncommitted,
}

/// Which way an iteration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Ascending keys.
    Next,
    /// Descending keys.
    Prev,
}

/// One end of a cursor's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The smallest key that the cursor shows.
    Lower,
    /// The largest key that the cursor shows.
    Upper,
}

/// `ignore_prepare`: what a transaction does about prepared updates of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IgnorePrepare {
    /// A read that meets one is `PrepareConflict`.
    #[default]
    No,
    /// `true`: reads pass over them to what was there before, and the transaction may not write (`NotSupported`).
    ReadOnly,
    /// `force`: reads pass over them, and the transaction may write (but not over a prepared update: `Rollback`).
    Force,
}

/// The configuration of `begin_transaction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// `None`: the session's own.
    pub isolation: Option<Isolation>,
    /// `read_timestamp`; `Some(0)` is the invalid timestamp 0.
    pub read_ts: Option<Timestamp>,
    /// `roundup_timestamps=(read=true)`: raise a read timestamp below oldest to oldest.
    pub roundup_read: bool,
    /// `no_timestamp=true`: the transaction may overwrite timestamped data without a timestamp.
    pub no_timestamp: bool,
    /// `ignore_prepare`.
    pub ignore_prepare: IgnorePrepare,
    /// `roundup_timestamps=(prepared=true)`: a prepare timestamp may be at or below stable, and is raised to oldest if
    /// below that; a commit timestamp below the prepare timestamp is raised to it.
    pub roundup_prepared: bool,
}

/// The configuration of `open_cursor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorConfig {
    /// Which table, from 0.
    pub table: u8,
    /// `overwrite`: inserts replace, updates create. The default.
    pub overwrite: bool,
    /// `next_random=true`: only `next`, `reset`, `largest_key`, `reconfigure` and `close` work, and `next` returns some record.
    pub random: bool,
    /// `append=true`: `insert` writes to the record after the last one that was ever there, and leaves its number as the
    /// key. Means nothing on a table that is no column store.
    pub append: bool,
}

impl Default for CursorConfig {
    fn default() -> Self {
        CursorConfig { table: 0, overwrite: true, random: false, append: false }
    }
}

/// One entry of a `modify` call: replace `size` bytes at `offset` of the value by `data`.
///
/// A gap between the end of the value and `offset` is filled with zero bytes; a range that reaches past the end
/// is clipped. Entries apply in order, each to the result of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The replacement.
    pub data: ByteStr,
    /// Where to replace, in bytes from the start of the value.
    pub offset: u32,
    /// How many bytes to replace.
    pub size: u32,
}

/// Which timestamp of a transaction [`Call::TimestampTransaction`] sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TxnTimestamp {
    /// The commit timestamp of the updates that follow; of a prepared transaction that of all its updates.
    Commit,
    /// The durable timestamp of a prepared transaction; needs a commit timestamp first.
    Durable,
    /// The prepare timestamp that `prepare_transaction` is to use.
    Prepare,
    /// The read timestamp.
    Read,
}

/// What [`Call::Query`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampQuery {
    /// Of the node: everything at or below is durable and complete.
    AllDurable,
    /// Of the node: the oldest timestamp that may be read.
    Oldest,
    /// Of the node: the oldest active read timestamp.
    OldestReader,
    /// Of the node: the smaller of oldest and the oldest active read timestamp.
    Pinned,
    /// Of the node: the stable timestamp.
    Stable,
    /// Of the session's transaction: its read timestamp.
    Read,
    /// Of the session's transaction: its prepare timestamp; 0 until it has one.
    Prepare,
}

/// Which session, and which of its cursor slots (0 for calls that need none).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    /// The session, from 0.
    pub session: u8,
    /// The cursor slot, from 0.
    pub cursor: u8,
}

/// One call of the API.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    // ---- the slot
    /// Opens a cursor in the slot, closing the one that is there. The newest cursor of the session.
    Open(CursorConfig),
    /// Closes the cursor in the slot. The slot is empty until it is opened again.
    Close,
    /// Opens a cursor in the slot, positioned where `from` (any session's, any slot) has its key, by an exact search.
    /// Replaces the slot's cursor on success (the old one is closed after the search); leaves it alone on failure.
    /// `Invalid` if `from` has no key, `NoEntry` if the key is not visible.
    Duplicate {
        /// The cursor to take the key from.
        from: Who,
    },
    // ---- cursor state
    /// `set_key`. An empty key is `Invalid` and changes nothing; in a column store everything but a record number is.
    SetKey(&'a Key),
    /// `set_value`. In a fixed-length table everything but one byte is `Invalid` and changes nothing.
    SetValue(&'a Value),
    /// `bound(action=set)`, with the cursor's key.
    Bound {
        /// Which end.
        side: Side,
        /// Whether the key itself is within.
        inclusive: bool,
    },
    /// `bound(action=clear)`.
    ClearBounds,
    /// `reset`.
    Reset,
    /// `reconfigure(overwrite=)`.
    Reconfigure {
        /// The new setting.
        overwrite: bool,
    },
    /// No call at all: asks for the state of the cursor and changes nothing.
    State,
    /// `get_key`: its failure marks a running transaction failed.
    GetKey,
    /// `get_value`: its failure marks a running transaction failed.
    GetValue,
    // ---- reads
    /// `search`.
    Search,
    /// `search_near`: the record of the key, else the next larger one, else the next smaller one.
    SearchNear,
    /// `next`.
    Next,
    /// `prev`.
    Prev,
    /// `largest_key`. Ignores visibility; see [`crate::backend`] users for how it is compared.
    LargestKey,
    /// `compare` with another cursor.
    Compare {
        /// The other cursor.
        with: Who,
    },
    /// `equals` with another cursor.
    Equals {
        /// The other cursor.
        with: Who,
    },
    // ---- writes
    /// `insert`.
    Insert,
    /// `update`.
    Update,
    /// `remove`.
    Remove,
    /// `modify`.
    Modify(&'a [Delta]),
    /// `reserve`.
    Reserve,
    // ---- the session
    /// `begin_transaction`.
    Begin(Begin),
    /// `commit_transaction`. A prepared transaction needs both timestamps (set here or before), any other has no
    /// durable timestamp of its own. An error rolls the transaction back, unless it is prepared: then nothing changes.
    Commit {
        /// `commit_timestamp`.
        ts: Option<Timestamp>,
        /// `durable_timestamp`.
        durable: Option<Timestamp>,
    },
    /// `prepare_transaction(prepare_timestamp=)`; `None`: the one that was set before.
    Prepare(Option<Timestamp>),
    /// `rollback_transaction`.
    Rollback,
    /// `timestamp_transaction`.
    TimestampTransaction(TxnTimestamp, Timestamp),
    /// `reset_snapshot`.
    ResetSnapshot,
    /// `query_timestamp`. `Invalid` for those of a transaction if none is running.
    Query(TimestampQuery),
    /// `truncate(start, stop)`: removes every record that the transaction sees from the key of one cursor of the session
    /// to that of another, both included. `None` is an open end, `Invalid` for both. Both cursors are reset afterwards.
    Truncate {
        /// The slot of the start cursor.
        start: Option<u8>,
        /// The slot of the stop cursor.
        stop: Option<u8>,
    },
    /// `truncate(uri)`: removes every record of the table that the transaction sees.
    TruncateTable {
        /// Which table.
        table: u8,
    },
    // ---- the node
    /// `set_timestamp`: all or nothing. `Some(0)` is the invalid timestamp 0.
    SetTimestamp {
        /// `oldest_timestamp`.
        oldest: Option<Timestamp>,
        /// `stable_timestamp`.
        stable: Option<Timestamp>,
        /// `durable_timestamp`: may move freely.
        durable: Option<Timestamp>,
    },
    /// `rollback_to_stable`: removes every update with a durable timestamp above stable; those without a timestamp stay.
    /// `Busy`, and no change, while a transaction is running or a cursor holds a place.
    RollbackToStable,
    /// Drops a table and creates an empty one under its name. `Busy`, and no change, while a cursor on it is open or a
    /// transaction is running.
    Recreate {
        /// Which table.
        table: u8,
    },
}

/// A place inside a call at which something else may happen, for those who want to step in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// A point read has asked ingest in vain and is about to ask stable.
    IngestProbed,
    /// A search has found nothing under the snapshot that its place held, and is about to look again under a new one.
    SearchMissed,
    /// One constituent of a walk has been moved, the other is about to be.
    SideMoved,
    /// A walk has met a prepared update and is about to say so.
    Stalled,
    /// A write has looked up what it needs to know and is about to write.
    LookedUp,
    /// One of several tables has been switched to the checkpoint that is being adopted.
    TableAdopted,
}

impl Point {
    /// Every point, in the order of declaration.
    pub const ALL: [Point; 6] = [
        Point::IngestProbed,
        Point::SearchMissed,
        Point::SideMoved,
        Point::Stalled,
        Point::LookedUp,
        Point::TableAdopted,
    ];

    /// The name in `.ops` text.
    pub const fn name(self) -> &'static str {
        match self {
            Point::IngestProbed => "ingest_probed",
            Point::SearchMissed => "search_missed",
            Point::SideMoved => "side_moved",
            Point::Stalled => "stalled",
            Point::LookedUp => "looked_up",
            Point::TableAdopted => "table_adopted",
        }
    }
}

impl Call<'_> {
    /// Whether the reply to the call shows the state of the calling cursor.
    #[inline]
    pub fn is_on_cursor(&self) -> bool {
        !matches!(
            self,
            Call::Close
                | Call::Begin(_)
                | Call::Commit { .. }
                | Call::Prepare(_)
                | Call::Rollback
                | Call::TimestampTransaction(..)
                | Call::ResetSnapshot
                | Call::Query(_)
                | Call::Truncate { .. }
                | Call::TruncateTable { .. }
                | Call::SetTimestamp { .. }
                | Call::RollbackToStable
                | Call::Recreate { .. }
        )
    }
}

/// Something that answers calls: an engine, or an oracle.
pub trait Backend {
    /// The name in reports, such as `follower-layered` or `model`.
    fn name(&self) -> &'static str;

    /// Makes one call on behalf of `who` and answers with the state that it leaves.
    ///
    /// A call on an empty slot (other than opening it) is a mistake of the caller and may panic.
    fn call(&mut self, who: Who, call: Call<'_>) -> Reply;

    /// Makes one call and answers with the reply if that is not `expected`. The same as [`Backend::call`], for less.
    fn unlike(&mut self, who: Who, call: Call<'_>, expected: &Reply) -> Option<Reply> {
        let reply = self.call(who, call);
        (reply != *expected).then_some(reply)
    }

    /// Makes one call of which only the code matters. The same as [`Backend::call`], for less.
    fn tell(&mut self, who: Who, call: Call<'_>) -> Code {
        self.call(who, call).code
    }
}
