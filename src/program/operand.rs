//! The kinds of operands. The table of operations gives each field one of them; a kind knows how the field is
//! written and read as text (`TextOperand`, implemented in `text/operands.rs`), in a record of a fuzz
//! input (`RecordOperand`, implemented in `record/`), and what it is to those who rewrite programs (`rewrite.rs`).

use super::event::{CrashPoint, HookAction};
use super::ops::Class;
use super::record::{Part, Reader, Writer};
use super::text::{Fault, Operands};
use crate::backend::{Direction, Format, IgnorePrepare, Isolation, Point, Side, TimestampQuery, TxnTimestamp};
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
/// The smallest key of a range, `first=`; without it the range has no beginning.
pub struct First;
/// The largest key of a range, `last=`; without it the range has no end.
pub struct Last;
/// The entries of a `modify`, applied in order.
pub struct Deltas;
/// The timestamp of a write's own transaction, `ts=`; 0: none, and not written.
pub struct Wrap;
/// The commit timestamp, if any: `ts=`.
pub struct CommitAt;
/// The durable timestamp of a commit, if any: `durable=`.
pub struct DurableAt;
/// The prepare timestamp: `ts=`.
pub struct PrepareAt;
/// The commit timestamp of a hook that commits, `ts=`; 0: none, and not written.
pub struct HookAt;
/// The read timestamp, if any: `read_ts=`.
pub struct ReadAt;
/// A timestamp of the running transaction.
pub struct Stamp;
/// A new oldest timestamp: `oldest=`.
pub struct Oldest;
/// A new stable timestamp: `stable=`.
pub struct Stable;
/// A new durable timestamp: `durable=`.
pub struct Durable;
/// A flag that is usually true and written only if false.
pub struct UsuallyTrue;
/// A flag that is usually false and written only if true.
pub struct UsuallyFalse;
/// Whether a cursor appends: true in column stores only, and written only then.
pub struct Appending;
/// A flag that is nearly never true and written only then.
pub struct Unusual;
/// A flag that is always written.
pub struct Switch;
/// One of a few words.
pub struct OneOf;
/// One of a few words that takes the place of the operation's name.
pub struct Head;
/// One of a few words after the field's name, or nothing.
pub struct Choice;
/// One of a few words after the field's name, unless it is the usual one.
pub struct Setting;
/// The point that a hook waits for: `at=`.
pub struct AtPoint;
/// What a hook does: `do=`.
pub struct Doing;
/// Where a crash strikes: `at=`.
pub struct AtCrash;
/// Another cursor, or the same.
pub struct Cursor;
/// A cursor of the session at which a range begins, if any: `start=cN`.
pub struct StartCursor;
/// A cursor of the session at which a range ends, if any: `stop=cN`.
pub struct StopCursor;
/// A table, `table=`; 0 is not written.
pub struct TableIndex;
/// A node: `node=`.
pub struct NodeIndex;
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

    /// Who makes the call of an operation with this value, if that depends on the value.
    fn class(self) -> Option<Class> {
        None
    }

    /// All names: `a|b|c`.
    fn usage() -> String {
        Self::usage_after(None)
    }

    /// The names for an operation of `class`, or all if it has none.
    fn usage_after(class: Option<Class>) -> String {
        let all = || Self::WORDS.iter();
        let own: Vec<_> = all().filter(|(_, value)| value.class().is_none_or(|own| Some(own) == class)).collect();
        let names = if own.is_empty() { all().collect() } else { own };
        names.into_iter().map(|(word, _)| *word).collect::<Vec<_>>().join("|")
    }
}

impl Word for Side {
    const WORDS: &'static [(&'static str, Self)] = &[("lower", Side::Lower), ("upper", Side::Upper)];
}

impl Word for Direction {
    const WORDS: &'static [(&'static str, Self)] = &[("next", Direction::Next), ("prev", Direction::Prev)];
}

impl Word for Format {
    const WORDS: &'static [(&'static str, Self)] =
        &[("row", Format::Row), ("var", Format::Variable), ("fix", Format::Fixed)];
}

impl Word for Isolation {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("snapshot", Isolation::Snapshot),
        ("read-committed", Isolation::ReadCommitted),
        ("read-uncommitted", Isolation::ReadUncommitted),
    ];
}

impl Word for TxnTimestamp {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("set_commit_ts", TxnTimestamp::Commit),
        ("set_durable_ts", TxnTimestamp::Durable),
        ("set_prepare_ts", TxnTimestamp::Prepare),
        ("set_read_ts", TxnTimestamp::Read),
    ];
}

impl Word for TimestampQuery {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("all_durable", TimestampQuery::AllDurable),
        ("oldest", TimestampQuery::Oldest),
        ("oldest_reader", TimestampQuery::OldestReader),
        ("pinned", TimestampQuery::Pinned),
        ("stable", TimestampQuery::Stable),
        ("read", TimestampQuery::Read),
        ("prepare", TimestampQuery::Prepare),
    ];

    /// Some timestamps are a session's, all others the node's.
    fn class(self) -> Option<Class> {
        match self {
            TimestampQuery::Read | TimestampQuery::Prepare => Some(Class::Session),
            _ => Some(Class::Global),
        }
    }
}

impl Word for IgnorePrepare {
    const WORDS: &'static [(&'static str, Self)] =
        &[("false", IgnorePrepare::No), ("true", IgnorePrepare::ReadOnly), ("force", IgnorePrepare::Force)];
}

impl Word for Point {
    const WORDS: &'static [(&'static str, Self)] = &{
        let mut words = [("", Point::IngestProbed); Point::ALL.len()];
        let mut index = 0;
        while index < words.len() {
            words[index] = (Point::ALL[index].name(), Point::ALL[index]);
            index += 1;
        }
        words
    };
}

impl Word for HookAction {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("prune", HookAction::Prune),
        ("evict", HookAction::Evict),
        ("adopt", HookAction::Adopt),
        ("checkpoint", HookAction::Checkpoint),
        ("commit", HookAction::Commit),
    ];
}

impl Word for CrashPoint {
    const WORDS: &'static [(&'static str, Self)] =
        &[("rest", CrashPoint::Rest), ("checkpoint", CrashPoint::Checkpoint), ("adopt", CrashPoint::Adopt)];
}
