//! Everything in a record that has only a few values: flags, words, cursors, numbers.

use super::{Part, Reader, Slot, Writer, who, who_code};
use crate::backend::{IgnorePrepare, Isolation, Point, TxnTimestamp, Who};
use crate::program::event::{CrashPoint, HookAction};
use crate::program::operand::*;

// ---- flags: a set one is the unusual setting

/// Flags, and the setting that a clear one means.
macro_rules! flags {
    ($($kind:ident: $usual:literal),+) => {$(
        impl RecordOperand<bool> for $kind {
            const PART: Part = Part::Flags;
            #[inline]
            fn decode(from: &mut Reader<'_>) -> bool {
                (from.flags(1) == 1) != $usual
            }
            fn encode(value: &bool, to: &mut Writer<'_, '_>) {
                to.push_flags((*value != $usual).into(), 1);
            }
        }
    )+};
}

flags!(UsuallyTrue: true, UsuallyFalse: false, Switch: true);

/// Row stores have no such cursors.
impl RecordOperand<bool> for Appending {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> bool {
        from.flags(1) == 1 && from.context.config.format.is_column()
    }
    fn encode(value: &bool, to: &mut Writer<'_, '_>) {
        to.push_flags((*value).into(), 1);
    }
}

/// The number of flags that hold one of so many words.
const fn word_bits(words: usize) -> u32 {
    words.next_power_of_two().trailing_zeros()
}

fn read_word<T: Word>(from: &mut Reader<'_>) -> T {
    T::WORDS[usize::from(from.flags(word_bits(T::WORDS.len()))) % T::WORDS.len()].1
}

fn write_word<T: Word>(value: T, to: &mut Writer<'_, '_>) {
    let index = T::WORDS.iter().position(|(_, word)| *word == value).unwrap_or(0);
    to.push_flags(index as u8, word_bits(T::WORDS.len()));
}

impl<T: Word> RecordOperand<T> for OneOf {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> T {
        read_word(from)
    }
    fn encode(value: &T, to: &mut Writer<'_, '_>) {
        write_word(*value, to);
    }
}

impl RecordOperand<TxnTimestamp> for Head {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> TxnTimestamp {
        from.told.which = read_word(from);
        from.told.which
    }
    fn encode(value: &TxnTimestamp, to: &mut Writer<'_, '_>) {
        to.told.which = *value;
        write_word(*value, to);
    }
}

/// An isolation level as 2 bits.
pub(super) fn isolation_code(level: Isolation) -> u8 {
    match level {
        Isolation::Snapshot => 0,
        Isolation::ReadCommitted => 1,
        Isolation::ReadUncommitted => 2,
    }
}

/// 0 is the session's own level.
impl RecordOperand<Option<Isolation>> for Choice {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> Option<Isolation> {
        match from.flags(2) {
            0 => None,
            1 => Some(Isolation::Snapshot),
            2 => Some(Isolation::ReadCommitted),
            _ => Some(Isolation::ReadUncommitted),
        }
    }
    fn encode(value: &Option<Isolation>, to: &mut Writer<'_, '_>) {
        to.push_flags(value.map_or(0, |level| isolation_code(level) + 1), 2);
    }
}

impl RecordOperand<CrashPoint> for AtCrash {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> CrashPoint {
        read_word(from)
    }
    fn encode(value: &CrashPoint, to: &mut Writer<'_, '_>) {
        write_word(*value, to);
    }
}

impl RecordOperand<HookAction> for Doing {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> HookAction {
        let action = read_word(from);
        from.told.commits = action == HookAction::Commit;
        action
    }
    fn encode(value: &HookAction, to: &mut Writer<'_, '_>) {
        to.told.commits = *value == HookAction::Commit;
        write_word(*value, to);
    }
}

// ---- what found no room among the flags

impl RecordOperand<Point> for AtPoint {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Point {
        Point::ALL[usize::from(from.slot(Part::A).argument()) % Point::ALL.len()]
    }
    fn encode(value: &Point, to: &mut Writer<'_, '_>) {
        let index = Point::ALL.iter().position(|point| point == value).unwrap_or(0);
        to.set(Part::A, Slot::new(0, index as u16));
    }
}

/// Modes 10-11 `ReadOnly`, 12-13 `Force`, all others `No`.
impl RecordOperand<IgnorePrepare> for Setting {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> IgnorePrepare {
        match from.slot(Part::A).mode() {
            10 | 11 => IgnorePrepare::ReadOnly,
            12 | 13 => IgnorePrepare::Force,
            _ => IgnorePrepare::No,
        }
    }
    fn encode(value: &IgnorePrepare, to: &mut Writer<'_, '_>) {
        let mode = match value {
            IgnorePrepare::No => 0,
            IgnorePrepare::ReadOnly => 10,
            IgnorePrepare::Force => 12,
        };
        to.set(Part::A, Slot::new(mode, 0));
    }
}

/// Mode 13 true, all others false.
impl RecordOperand<bool> for Unusual {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> bool {
        from.slot(Part::B).mode() == 13
    }
    fn encode(value: &bool, to: &mut Writer<'_, '_>) {
        to.set(Part::B, Slot::new(if *value { 13 } else { 0 }, 0));
    }
}

/// Cursors of the session: modes 0-11 one of them, all others none.
macro_rules! own_cursors {
    ($($kind:ident: $part:ident),+) => {$(
        impl RecordOperand<Option<u8>> for $kind {
            const PART: Part = Part::$part;
            fn decode(from: &mut Reader<'_>) -> Option<u8> {
                let slot = from.slot(Part::$part);
                let cursor = slot.argument() % u16::from(from.context.config.cursors);
                (slot.mode() < NO_CURSOR).then_some(cursor as u8)
            }
            fn encode(value: &Option<u8>, to: &mut Writer<'_, '_>) {
                to.set(Part::$part, value.map_or(Slot::new(NO_CURSOR, 0), |cursor| Slot::new(0, cursor.into())));
            }
        }
    )+};
}

const NO_CURSOR: u16 = 12;

own_cursors!(StartCursor: A, StopCursor: B);

// ---- numbers

impl RecordOperand<u8> for TableIndex {
    const PART: Part = Part::Flags;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> u8 {
        from.flags(1) % from.context.config.tables
    }
    fn encode(value: &u8, to: &mut Writer<'_, '_>) {
        to.push_flags(*value & 1, 1);
    }
}

impl RecordOperand<u8> for NodeIndex {
    const PART: Part = Part::Flags;
    fn decode(from: &mut Reader<'_>) -> u8 {
        from.flags(1)
    }
    fn encode(value: &u8, to: &mut Writer<'_, '_>) {
        to.push_flags(*value & 1, 1);
    }
}

impl RecordOperand<Who> for Cursor {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Who {
        who(from.slot(Part::A).0 as u8, from.context.config)
    }
    fn encode(value: &Who, to: &mut Writer<'_, '_>) {
        to.set(Part::A, Slot(who_code(*value).into()));
    }
}

impl RecordOperand<u16> for PoolIndex {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> u16 {
        from.slot(Part::A).0 % from.context.config.keys
    }
    fn encode(value: &u16, to: &mut Writer<'_, '_>) {
        to.set(Part::A, Slot(*value));
    }
}

impl RecordOperand<u16> for PoolCount {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> u16 {
        from.slot(Part::B).0 % (from.context.config.keys + 1)
    }
    fn encode(value: &u16, to: &mut Writer<'_, '_>) {
        to.set(Part::B, Slot(*value));
    }
}

/// Mode 0 the argument, all others one of a few shares.
impl RecordOperand<u8> for Percent {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> u8 {
        let slot = from.slot(Part::A);
        match slot.mode() {
            0 => (slot.argument() % 101) as u8,
            mode => [20, 40, 60, 80, 100][usize::from(mode) % 5],
        }
    }
    fn encode(value: &u8, to: &mut Writer<'_, '_>) {
        to.set(Part::A, Slot::new(0, (*value).into()));
    }
}
