//! The kinds of operands. The table of operations gives each field one of them; a kind knows how the field is
//! written and read as text (`TextOperand`, implemented in `text/operands.rs`), in a record of a fuzz
//! input (`RecordOperand`, implemented in `record/`), and what it is to those who rewrite programs (`rewrite.rs`).

use super::record::{Part, Reader, Writer};
use super::text::{Fault, Operands};
use crate::backend::{Direction, Isolation, Side, TimestampQuery, TxnTimestamp};
use std::fmt;

/// A kind of operand of type `T` as text. `name` is the name of the field.
pub(super) trait TextOperand<T> {
    /// How the operand looks, for error messages: ` [KEY]`, with a blank before it.
    fn usage(name: &str) -> String;
    /// Prints the operand with a blank before it, or nothing if it can be left out.
    fn print(name: &str, value: &T, out: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Takes the operand out of those of the line.
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<T, Fault>;
}

/// A kind of operand of type `T` in a record.
pub(super) trait RecordOperand<T> {
    /// The part of the record that it is in.
    const PART: Part;
    /// Reads it; total.
    fn decode(from: &mut Reader<'_>) -> T;
    /// Writes what `decode` would read as `value`.
    fn encode(value: &T, to: &mut Writer<'_, '_>);
}

/// A key that has to be there.
pub struct Given;
/// A value that has to be there.
pub struct GivenValue;
/// A key that may be left out: the call then uses the cursor's.
pub struct Optional;
/// A value that may be left out: the call then uses the cursor's.
pub struct OptionalValue;
/// The entries of a `modify`, applied in order.
pub struct Deltas;
/// The timestamp of a write's own transaction, `ts=`; 0: none, and not written.
pub struct Wrap;
/// The commit timestamp, if any: `ts=`.
pub struct CommitAt;
/// The read timestamp, if any: `read_ts=`.
pub struct ReadAt;
/// A timestamp of the running transaction.
pub struct Stamp;
/// A new oldest timestamp: `oldest=`.
pub struct Oldest;
/// A new stable timestamp: `stable=`.
pub struct Stable;
/// A flag that is usually true and written only if false.
pub struct UsuallyTrue;
/// A flag that is usually false and written only if true.
pub struct UsuallyFalse;
/// A flag that is always written.
pub struct Switch;
/// One of a few words.
pub struct OneOf;
/// One of a few words that takes the place of the operation's name.
pub struct Head;
/// One of a few words after the field's name, or nothing.
pub struct Choice;
/// Another cursor, or the same.
pub struct Cursor;
/// An index into the key pool.
pub struct PoolIndex;
/// A number of pool keys.
pub struct PoolCount;
/// A share, in percent.
pub struct Percent;

/// A type with a few values that have names in `.ops` text.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// The names and what they mean.
    const WORDS: &'static [(&'static str, Self)];

    /// The name of this value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("?", |(word, _)| word)
    }

    /// The value of that name.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|&(_, value)| value)
    }

    /// All names: `a|b|c`.
    fn usage() -> String {
        Self::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("|")
    }
}

impl Word for Side {
    const WORDS: &'static [(&'static str, Self)] = &[("lower", Side::Lower), ("upper", Side::Upper)];
}

impl Word for Direction {
    const WORDS: &'static [(&'static str, Self)] = &[("next", Direction::Next), ("prev", Direction::Prev)];
}

impl Word for Isolation {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("snapshot", Isolation::Snapshot),
        ("read-committed", Isolation::ReadCommitted),
        ("read-uncommitted", Isolation::ReadUncommitted),
    ];
}

impl Word for TxnTimestamp {
    const WORDS: &'static [(&'static str, Self)] =
        &[("set_commit_ts", TxnTimestamp::Commit), ("set_read_ts", TxnTimestamp::Read)];
}

impl Word for TimestampQuery {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("all_durable", TimestampQuery::AllDurable),
        ("oldest", TimestampQuery::Oldest),
        ("oldest_reader", TimestampQuery::OldestReader),
        ("pinned", TimestampQuery::Pinned),
        ("stable", TimestampQuery::Stable),
        ("read", TimestampQuery::Read),
    ];
}
