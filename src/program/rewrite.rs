//! The operands of an operation, open for rewriting: what the shrinker needs to know of an operation, whichever it is.

use super::event::{CrashPoint, HookAction};
use super::operand::*;
use crate::backend::{
    Delta, Direction, IgnorePrepare, Isolation, Key, Point, Side, Timestamp, TimestampQuery, TxnTimestamp, Value, Who,
};

/// One operand of an operation.
#[derive(Debug)]
pub enum OperandMut<'a> {
    /// A key.
    Key(&'a mut Key),
    /// A key that may be left out.
    OptionalKey(&'a mut Option<Key>),
    /// One end of a range; none: it is open.
    RangeEnd(&'a mut Option<Key>),
    /// A value.
    Value(&'a mut Value),
    /// A value that may be left out.
    OptionalValue(&'a mut Option<Value>),
    /// The entries of a `modify`.
    Deltas(&'a mut Box<[Delta]>),
    /// The timestamp of a write's own transaction; 0: none.
    Wrap(&'a mut Timestamp),
    /// A timestamp.
    Timestamp(&'a mut Timestamp),
    /// A timestamp that may be left out.
    OptionalTimestamp(&'a mut Option<Timestamp>),
    /// A timestamp; 0: there is none.
    TimestampOrZero(&'a mut Timestamp),
    /// A flag.
    Flag {
        /// Its setting.
        value: &'a mut bool,
        /// The setting that needs no word.
        usual: bool,
    },
    /// An isolation level that may be left out.
    Isolation(&'a mut Option<Isolation>),
    /// What to do about prepared updates.
    IgnorePrepare(&'a mut IgnorePrepare),
    /// Another cursor.
    Cursor(&'a mut Who),
    /// A cursor of the session, which may be left out.
    OwnCursor(&'a mut Option<u8>),
    /// A table.
    Table(&'a mut u8),
    /// A node.
    Node(&'a mut u8),
    /// An index into the key pool.
    PoolIndex(&'a mut u16),
    /// A number of pool keys.
    PoolCount(&'a mut u16),
    /// A share, in percent.
    Percent(&'a mut u8),
    /// One of a few words that belong to the operation itself.
    Word,
}

/// A kind of operand of type `T` to those who rewrite programs.
pub(super) trait RewriteOperand<T> {
    /// Opens the operand.
    fn open(value: &mut T) -> OperandMut<'_>;
}

/// One line for each kind and type.
macro_rules! open {
    ($($kind:ident: $type:ty => $variant:ident),+ $(,)?) => {$(
        impl RewriteOperand<$type> for $kind {
            fn open(value: &mut $type) -> OperandMut<'_> {
                OperandMut::$variant(value)
            }
        }
    )+};
}

open! {
    Given: Key => Key,
    GivenValue: Value => Value,
    Optional: Option<Key> => OptionalKey,
    OptionalValue: Option<Value> => OptionalValue,
    First: Option<Key> => RangeEnd,
    Last: Option<Key> => RangeEnd,
    Deltas: Box<[Delta]> => Deltas,
    Wrap: Timestamp => Wrap,
    CommitAt: Option<Timestamp> => OptionalTimestamp,
    DurableAt: Option<Timestamp> => OptionalTimestamp,
    PrepareAt: Option<Timestamp> => OptionalTimestamp,
    PrepareAt: Timestamp => Timestamp,
    HookAt: Timestamp => TimestampOrZero,
    ReadAt: Option<Timestamp> => OptionalTimestamp,
    Oldest: Option<Timestamp> => OptionalTimestamp,
    Stable: Option<Timestamp> => OptionalTimestamp,
    Durable: Option<Timestamp> => OptionalTimestamp,
    Oldest: Timestamp => TimestampOrZero,
    Stable: Timestamp => TimestampOrZero,
    Stamp: Timestamp => Timestamp,
    Choice: Option<Isolation> => Isolation,
    Setting: IgnorePrepare => IgnorePrepare,
    Cursor: Who => Cursor,
    StartCursor: Option<u8> => OwnCursor,
    StopCursor: Option<u8> => OwnCursor,
    TableIndex: u8 => Table,
    NodeIndex: u8 => Node,
    PoolIndex: u16 => PoolIndex,
    PoolCount: u16 => PoolCount,
    Percent: u8 => Percent,
}

/// One line for each kind of flag: what it usually is.
macro_rules! open_flags {
    ($($kind:ident: $usual:literal),+ $(,)?) => {$(
        impl RewriteOperand<bool> for $kind {
            fn open(value: &mut bool) -> OperandMut<'_> {
                OperandMut::Flag { value, usual: $usual }
            }
        }
    )+};
}

// A switch is always written; true is how cursors are opened.
open_flags!(UsuallyTrue: true, UsuallyFalse: false, Appending: false, Unusual: false, Switch: true);

/// One line for each kind and type that belongs to the operation itself.
macro_rules! open_words {
    ($($kind:ident: $type:ty),+ $(,)?) => {$(
        impl RewriteOperand<$type> for $kind {
            fn open(_: &mut $type) -> OperandMut<'_> {
                OperandMut::Word
            }
        }
    )+};
}

open_words! {
    OneOf: Side,
    OneOf: Direction,
    OneOf: TimestampQuery,
    Head: TxnTimestamp,
    AtPoint: Point,
    Doing: HookAction,
    AtCrash: CrashPoint,
}
