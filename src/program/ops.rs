//! The table of operations: each is declared once, in the `operations!` block below. From a row come the variant of
//! [`Op`], its name and index, its text form, its record in a fuzz input, its weight and its row in the statistics.
//! A new operation is a row here, an arm in the generator and one in each `match` that executes operations.

use super::event::{CrashPoint, HookAction};
use super::limits;
use super::operand::*;
use super::record::{Part, Reader, Writer};
use super::rewrite::{OperandMut, RewriteOperand};
use super::step::Config;
use super::text::{Fault, Operands};
use crate::backend::{
    Delta, Direction, IgnorePrepare, Isolation, Key, Point, Side, Timestamp, TimestampQuery, TxnTimestamp, Value, Who,
};
use std::fmt;

/// Who makes the call of an operation, and so what stands before it in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A cursor: `s0.c0`.
    Cursor,
    /// A session: `s0`. The cursor of the step is 0.
    Session,
    /// The node: nothing. Session and cursor of the step are 0.
    Global,
    /// The harness: `inject`. Session and cursor of the step are 0.
    Injection,
    /// The harness, through a cursor: `inject s0.c0`.
    Burst,
}

/// How often an operation is wanted where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Keeps the position: the bulk of a program.
    Walk,
    /// Looks a key up.
    Lookup,
    /// Changes a record.
    Write,
    /// Starts or ends a transaction.
    Transaction,
    /// Moves data between the layers.
    Physical,
    /// Everything that is worth a try now and then.
    Rare,
    /// Costs many calls, or undoes what many calls did.
    Heavy,
    /// Turns a node or a table over: once or twice in a program, if at all.
    Upheaval,
}

impl Weight {
    /// The weight as a number; only the ratios matter.
    pub const fn base(self) -> u32 {
        match self {
            Weight::Walk => 100,
            Weight::Lookup => 40,
            Weight::Write => 30,
            Weight::Transaction => 24,
            Weight::Physical => 5,
            Weight::Rare => 5,
            Weight::Heavy => 2,
            Weight::Upheaval => 4,
        }
    }
}

/// Where an operation makes sense. It may be tried anywhere: what is out of place has an error to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legal {
    /// Anywhere.
    Always,
    /// In a running transaction.
    Inside,
    /// Without a running transaction.
    Outside,
}

/// One row of the table of operations.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name, as in statistics.
    pub name: &'static str,
    /// What the operation is called in text; several where its first operand is part of the name.
    pub spellings: &'static [&'static str],
    /// Who makes the call.
    pub class: Class,
    /// How often it is wanted.
    pub weight: Weight,
    /// Where it makes sense.
    pub legal: Legal,
    /// What it does, in a line.
    pub doc: &'static str,
}

/// The text forms of a row: its name, unless others are given.
macro_rules! spellings {
    ($name:literal) => {
        &[$name]
    };
    ($name:literal $($spelling:literal)+) => {
        &[$($spelling),+]
    };
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal $(as $($spelling:literal)|+)?, $class:ident, $weight:ident, $legal:ident:
        $variant:ident $({ $($field:ident: $type:ty = $kind:ident),+ $(,)? })?;
    )+) => {
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
            $(
                $(#[doc = $doc])+
                $variant $({ $(
                    #[doc = concat!("See [`", stringify!($kind), "`](super::operand::", stringify!($kind), ").")]
                    $field: $type
                ),+ })?,
            )+
        }

        /// The operations without their operands: an index into tables of weights and of statistics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum OpKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl OpKind {
            /// Every operation, in the order of the table.
            pub const ALL: [OpKind; Op::COUNT] = [$(OpKind::$variant),+];
        }

        impl Op {
            /// The number of operations.
            pub const COUNT: usize = [$($name),+].len();

            /// The table of operations.
            pub const TABLE: [Row; Op::COUNT] = [$(
                Row {
                    name: $name,
                    spellings: spellings!($name $($($spelling)+)?),
                    class: Class::$class,
                    weight: Weight::$weight,
                    legal: Legal::$legal,
                    doc: concat!($($doc),+).trim_ascii(),
                }
            ),+];

            /// Which operation this is.
            #[inline]
            pub fn kind(&self) -> OpKind {
                match self {
                    $(Op::$variant { .. } => OpKind::$variant,)+
                }
            }

            /// The operands, open for rewriting.
            pub fn operands_mut(&mut self) -> Vec<OperandMut<'_>> {
                match self {
                    $(Op::$variant $({ $($field),+ })? => {
                        vec![$($(<$kind as RewriteOperand<$type>>::open($field)),+)?]
                    })+
                }
            }

            /// Prints the operands, each with a blank before it.
            pub(super) fn print_operands(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Op::$variant $({ $($field),+ })? => {
                        $($(<$kind as TextOperand<$type>>::print(stringify!($field), $field, out)?;)+)?
                        let _ = out;
                    })+
                }
                Ok(())
            }

            /// Parses the operands of `kind`.
            pub(super) fn parse_operands(kind: OpKind, from: &mut Operands<'_>) -> Result<Op, Fault> {
                let _ = &from;
                Ok(match kind {
                    $(OpKind::$variant => Op::$variant $({
                        $($field: <$kind as TextOperand<$type>>::parse(stringify!($field), from)?),+
                    })?,)+
                })
            }

            /// How the operands of `kind` look, for error messages.
            pub(super) fn usage(kind: OpKind) -> String {
                let mut usage = String::new();
                match kind {
                    $(OpKind::$variant => {
                        $($(usage.push_str(&<$kind as TextOperand<$type>>::usage(stringify!($field)));)+)?
                    })+
                }
                usage
            }

            /// The parts of a record that the operands of `kind` are in.
            pub(super) fn parts(kind: OpKind) -> &'static [Part] {
                match kind {
                    $(OpKind::$variant => &[$($(<$kind as RecordOperand<$type>>::PART),+)?],)+
                }
            }

            /// Reads the operands of `kind` from a record.
            #[inline]
            pub(super) fn decode_operands(kind: OpKind, from: &mut Reader<'_>) -> Op {
                let _ = &from;
                match kind {
                    $(OpKind::$variant => Op::$variant $({
                        $($field: <$kind as RecordOperand<$type>>::decode(from)),+
                    })?,)+
                }
            }

            /// Writes the operands into a record.
            pub(super) fn encode_operands(&self, to: &mut Writer<'_, '_>) {
                match self {
                    $(Op::$variant $({ $($field),+ })? => {
                        $($(<$kind as RecordOperand<$type>>::encode($field, to);)+)?
                        let _ = to;
                    })+
                }
            }
        }
    };
}

// name [as text], who, how often, where: variant { field: type = kind of operand }
operations! {
    /// `set_key` alone.
    "key", Cursor, Rare, Always: Key { key: Key = Given };
    /// `set_value` alone.
    "value", Cursor, Rare, Always: Value { value: Value = GivenValue };
    /// Finds the record of a key.
    "search", Cursor, Lookup, Always: Search { key: Option<Key> = Optional };
    /// Finds the record of a key or a neighbour.
    "search_near", Cursor, Lookup, Always: SearchNear { key: Option<Key> = Optional };
    /// Moves to the next record.
    "next", Cursor, Walk, Always: Next;
    /// Moves to the previous record.
    "prev", Cursor, Walk, Always: Prev;
    /// Writes a record and gives up the position.
    "insert", Cursor, Write, Always:
        Insert { key: Option<Key> = Optional, value: Option<Value> = OptionalValue, ts: Timestamp = Wrap };
    /// Writes a record and stands on it.
    "update", Cursor, Write, Always:
        Update { key: Option<Key> = Optional, value: Option<Value> = OptionalValue, ts: Timestamp = Wrap };
    /// Removes a record.
    "remove", Cursor, Write, Always: Remove { key: Option<Key> = Optional, ts: Timestamp = Wrap };
    /// Changes parts of a value.
    "modify", Cursor, Write, Always:
        Modify { key: Option<Key> = Optional, deltas: Box<[Delta]> = Deltas, ts: Timestamp = Wrap };
    /// Locks a record until the transaction ends.
    "reserve", Cursor, Write, Inside: Reserve { key: Option<Key> = Optional, ts: Timestamp = Wrap };
    /// Asks for the largest key of the table.
    "largest_key", Cursor, Rare, Always: LargestKey;
    /// Sets one end of the cursor's bounds.
    "bound", Cursor, Rare, Always:
        Bound { side: Side = OneOf, key: Option<Key> = Optional, inclusive: bool = UsuallyTrue };
    /// Removes both bounds.
    "clear_bounds" as "bound clear", Cursor, Rare, Always: ClearBounds;
    /// Gives up position, key, value and bounds.
    "reset", Cursor, Rare, Always: Reset;
    /// Closes the cursor and opens it again.
    "reopen", Cursor, Rare, Always:
        Reopen {
            overwrite: bool = UsuallyTrue,
            random: bool = UsuallyFalse,
            table: u8 = TableIndex,
            append: bool = Appending,
        };
    /// Changes the overwrite setting.
    "reconfigure", Cursor, Rare, Always: Reconfigure { overwrite: bool = Switch };
    /// Replaces the cursor by one that stands where another has its key.
    "duplicate", Cursor, Rare, Always: Duplicate { from: Who = Cursor };
    /// Compares the keys of two cursors.
    "compare", Cursor, Rare, Always: Compare { with: Who = Cursor };
    /// Asks whether the keys of two cursors are equal.
    "equals", Cursor, Rare, Always: Equals { with: Who = Cursor };
    /// `get_key` alone.
    "get_key", Cursor, Rare, Always: GetKey;
    /// The state of the cursor.
    "state", Cursor, Rare, Always: State;
    /// `get_value` alone.
    "get_value", Cursor, Rare, Always: GetValue;

    /// One `next` of a random cursor that is opened for it and closed after it.
    "next_random", Session, Rare, Always: NextRandom { table: u8 = TableIndex };
    /// From one end to the other, with a cursor opened for it and closed after it.
    "scan", Session, Heavy, Always: Scan { direction: Direction = OneOf, table: u8 = TableIndex };
    /// Starts a transaction.
    "begin", Session, Transaction, Outside: Begin {
        isolation: Option<Isolation> = Choice,
        read_ts: Option<Timestamp> = ReadAt,
        roundup: bool = UsuallyFalse,
        no_timestamp: bool = UsuallyFalse,
        ignore_prepare: IgnorePrepare = Setting,
        roundup_prepared: bool = Unusual,
    };
    /// Prepares the transaction: nothing but its end can follow.
    "prepare", Session, Transaction, Inside: Prepare { ts: Option<Timestamp> = PrepareAt };
    /// Commits the transaction. A prepared one needs both timestamps, here or from before.
    "commit", Session, Transaction, Inside:
        Commit { ts: Option<Timestamp> = CommitAt, durable: Option<Timestamp> = DurableAt };
    /// Rolls the transaction back.
    "rollback", Session, Rare, Inside: Rollback;
    /// Sets one of the timestamps of the transaction.
    "timestamp_transaction" as "set_commit_ts" | "set_durable_ts" | "set_prepare_ts" | "set_read_ts", Session, Rare,
        Inside: TimestampTransaction { which: TxnTimestamp = Head, ts: Timestamp = Stamp };
    /// Takes a new snapshot in the running transaction.
    "reset_snapshot", Session, Rare, Inside: ResetSnapshot;
    /// Asks for a timestamp of the transaction or of the node.
    "query", Session, Rare, Always: Query { what: TimestampQuery = OneOf };
    /// Removes every record from the key of one cursor of the session to that of another.
    "truncate", Session, Rare, Always: Truncate {
        start: Option<u8> = StartCursor,
        stop: Option<u8> = StopCursor,
        ts: Timestamp = Wrap,
    };
    /// Removes every record from one key to another, through two cursors that are opened for it and closed after it.
    "truncate_range", Session, Rare, Always: TruncateRange {
        first: Option<Key> = First,
        last: Option<Key> = Last,
        table: u8 = TableIndex,
        ts: Timestamp = Wrap,
    };

    /// Moves the timestamps of the node.
    "set_timestamp", Global, Rare, Always:
        SetTimestamp {
            oldest: Option<Timestamp> = Oldest,
            stable: Option<Timestamp> = Stable,
            durable: Option<Timestamp> = Durable,
        };
    /// Undoes what is not stable.
    "rollback_to_stable", Global, Upheaval, Outside: RollbackToStable;
    /// Drops a table and creates it again, with new cursors; the call alone if a transaction is running.
    "recreate", Global, Upheaval, Outside: Recreate { table: u8 = TableIndex };

    /// The leader takes a checkpoint.
    "checkpoint", Injection, Physical, Always: Checkpoint;
    /// The follower picks up the newest checkpoint.
    "adopt", Injection, Physical, Always: Adopt;
    /// Ages the data: stable moves to `stable`, oldest to `oldest` (each only if larger than it is), then a checkpoint is taken and adopted.
    "advance", Injection, Physical, Always: Advance { oldest: Timestamp = Oldest, stable: Timestamp = Stable };
    /// Evicts a share of the follower's ingest table, in percent of its keys.
    "evict", Injection, Physical, Always: Evict { percent: u8 = Percent };
    /// Evicts all of ingest that may go and drops the checkpoints that nobody needs.
    "prune", Injection, Physical, Always: Prune;
    /// Rolls back every transaction and resets every cursor.
    "quiesce", Injection, Upheaval, Always: Quiesce;
    /// The leader becomes a follower.
    "step_down", Injection, Upheaval, Outside: StepDown;
    /// A follower becomes the leader, if there is none.
    "step_up", Injection, Upheaval, Always: StepUp { node: u8 = NodeIndex };
    /// A node dies, between two steps or in the middle of its work, and comes back with what it had made durable.
    "restart", Injection, Upheaval, Always: Restart { node: u8 = NodeIndex, at: CrashPoint = AtCrash };

    /// Inserts `count` pool keys from pool index `first` on (wrapping), as one transaction if `ts` says so.
    "bulk_insert", Burst, Heavy, Always:
        BulkInsert { first: u16 = PoolIndex, count: u16 = PoolCount, ts: Timestamp = Wrap };
    /// Removes `count` pool keys from pool index `first` on (wrapping); absent ones are passed over.
    "bulk_remove", Burst, Heavy, Always:
        BulkRemove { first: u16 = PoolIndex, count: u16 = PoolCount, ts: Timestamp = Wrap };
    /// Removes every record that the cursor sees, by a walk: reset, then next, remove, next, ... to the end.
    "remove_all", Burst, Heavy, Always: RemoveAll { ts: Timestamp = Wrap };
    /// Inserts a key right beside the one that cursor `at` has, on its far side in direction `direction`. Does nothing if that cursor has no key.
    "insert_beside", Burst, Rare, Always: InsertBeside {
        at: Who = Cursor,
        direction: Direction = OneOf,
        value: Value = GivenValue,
        ts: Timestamp = Wrap,
    };
    /// Removes every record of the table that the cursor is on.
    "truncate_all", Burst, Heavy, Always: TruncateAll { ts: Timestamp = Wrap };
    /// Inserts `count` pool keys from pool index `first` on (wrapping) in a transaction, and prepares it.
    "prepare_flood", Burst, Heavy, Always:
        PrepareFlood { first: u16 = PoolIndex, count: u16 = PoolCount, ts: Timestamp = PrepareAt };
    /// Something happens inside the next step, when node 0 passes a point; right after it if it passes none, and at once if no step comes after this one.
    "hook", Burst, Rare, Always:
        Hook { at: Point = AtPoint, action: HookAction = Doing, ts: Timestamp = HookAt };
}

impl OpKind {
    /// The row of the table.
    #[inline]
    pub fn row(self) -> &'static Row {
        const { &Op::TABLE }.get(self as usize).expect("a row for each operation")
    }

    /// Whether it needs a session that may write.
    pub fn writes(self) -> bool {
        let is_truncate = matches!(self, OpKind::Truncate | OpKind::TruncateRange);
        let row = self.row();
        is_truncate || row.weight == Weight::Write || row.class == Class::Burst && self != OpKind::Hook
    }

    /// Whether a session whose transaction is prepared may do it.
    pub fn suits_prepared(self) -> bool {
        use OpKind::*;
        let works = matches!(self, Commit | Rollback | TimestampTransaction | Query | Reset | State | Hook);
        works || matches!(self.row().class, Class::Global | Class::Injection)
    }
}

impl Op {
    /// The names of the operations, in the order of the table.
    pub const NAMES: [&'static str; Op::COUNT] = {
        let mut names = [""; Op::COUNT];
        let mut index = 0;
        while index < Op::COUNT {
            names[index] = Op::TABLE[index].name;
            index += 1;
        }
        names
    };

    /// The name of the operation, as in statistics.
    pub fn name(&self) -> &'static str {
        Op::NAMES[self.index()]
    }

    /// The row of the operation in [`Op::TABLE`], [`Op::NAMES`] and tables of statistics.
    #[inline]
    pub fn index(&self) -> usize {
        self.kind() as usize
    }

    /// Who makes the call. As in the table, but for queries: it depends on the timestamp.
    pub fn class(&self) -> Class {
        let by_word = if let Op::Query { what } = self { what.class() } else { None };
        by_word.unwrap_or(self.kind().row().class)
    }

    /// About how many calls the operation costs, in a table of as many records as there are pool keys.
    pub fn work(&self, config: &Config) -> usize {
        let records = config.most_records();
        match self {
            Op::Scan { .. } | Op::TruncateAll { .. } => records,
            Op::RemoveAll { .. } => 2 * records,
            Op::BulkInsert { count, .. } | Op::BulkRemove { count, .. } | Op::PrepareFlood { count, .. } => {
                usize::from(*count).max(1)
            }
            // One call, but one that does the work of many.
            Op::Truncate { .. } => 1 + usize::from(config.keys / 8),
            Op::TruncateRange { first, last, .. } => 1 + keys_between(first.as_ref(), last.as_ref(), config),
            // A node that lost what it had gets it back, write by write.
            Op::RollbackToStable | Op::StepDown | Op::Restart { .. } => 2 * usize::from(config.keys),
            Op::Quiesce | Op::Recreate { .. } => usize::from(config.sessions * config.cursors),
            _ => 1,
        }
    }

    /// What the operation counts for against [`limits::MAX_WORK`]: its calls, and the passes over all rows that
    /// physical events make. A row takes far less than a call.
    pub fn cost(&self, config: &Config) -> usize {
        match self {
            Op::Checkpoint
            | Op::Advance { .. }
            | Op::Evict { .. }
            | Op::Prune
            | Op::Hook { .. }
            | Op::StepUp { .. } => self.work(config) + usize::from(config.keys / 8),
            _ => self.work(config),
        }
    }

    /// The timestamp of the write's own transaction; 0 if it has none or is no write.
    pub fn write_ts(&self) -> Timestamp {
        match self {
            Op::Insert { ts, .. }
            | Op::Update { ts, .. }
            | Op::Remove { ts, .. }
            | Op::Modify { ts, .. }
            | Op::Reserve { ts, .. }
            | Op::BulkInsert { ts, .. }
            | Op::BulkRemove { ts, .. }
            | Op::RemoveAll { ts }
            | Op::Truncate { ts, .. }
            | Op::TruncateRange { ts, .. }
            | Op::TruncateAll { ts }
            | Op::InsertBeside { ts, .. } => *ts,
            _ => 0,
        }
    }
}

/// About how many pool keys lie in a range.
fn keys_between(first: Option<&Key>, last: Option<&Key>, config: &Config) -> usize {
    let index = |key: &Key| config.pool_index(key).or_else(|| config.gap_index(key));
    let from = first.and_then(index).unwrap_or(0);
    let to = last.and_then(index).unwrap_or(config.keys);
    to.saturating_sub(from).into()
}

// The records of fuzz inputs name operations by one byte, and swarm sets are 64 bits.
const _: () = assert!(Op::COUNT <= 64 && limits::MAX_STEPS <= 4096);
