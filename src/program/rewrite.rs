//! The operands of an operation, open for rewriting: what the shrinker needs to know of an operation, whichever it is.

use super::operand::*;
use crate::backend::{Delta, Isolation, Key, Timestamp, Value, Who};

/// One operand of an operation.
#[derive(Debug)]
pub enum OperandMut<'a> {
    /// A key.
    Key(&'a mut Key),
    /// A key that may be left out.
    OptionalKey(&'a mut Option<Key>),
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
    /// A timestamp that something moves to if it is behind; 0: nothing moves.
    AtLeast(&'a mut Timestamp),
    /// A flag.
    Flag {
        /// Its setting.
        value: &'a mut bool,
        /// The setting that needs no word.
        usual: bool,
    },
    /// An isolation level that may be left out.
    Isolation(&'a mut Option<Isolation>),
    /// Another cursor.
    Cursor(&'a mut Who),
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
    Deltas: Box<[Delta]> => Deltas,
    Wrap: Timestamp => Wrap,
    CommitAt: Option<Timestamp> => OptionalTimestamp,
    ReadAt: Option<Timestamp> => OptionalTimestamp,
    Oldest: Option<Timestamp> => OptionalTimestamp,
    Stable: Option<Timestamp> => OptionalTimestamp,
    Oldest: Timestamp => AtLeast,
    Stable: Timestamp => AtLeast,
    Stamp: Timestamp => Timestamp,
    Choice: Option<Isolation> => Isolation,
    Cursor: Who => Cursor,
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
open_flags!(UsuallyTrue: true, UsuallyFalse: false, Switch: true);

impl<T> RewriteOperand<T> for OneOf {
    fn open(_: &mut T) -> OperandMut<'_> {
        OperandMut::Word
    }
}

impl<T> RewriteOperand<T> for Head {
    fn open(_: &mut T) -> OperandMut<'_> {
        OperandMut::Word
    }
}
