//! What each kind of operand makes of the slots and flags of a record. Slots are made so that most of their values
//! mean something plausible: random bytes are good steps.

use super::{Part, Reader, Slot, Writer, who, who_code};
use crate::backend::{Delta, Isolation, Key, Timestamp, TxnTimestamp, Value, Who};
use crate::bytes::ByteStr;
use crate::program::clock::Txn;
use crate::program::keys::ODD_KEYS;
use crate::program::limits;
use crate::program::operand::*;
use crate::program::step::Config;
use crate::program::values::{self, LONG_MAX, LONG_MIN, ODD_VALUES};

// ---- keys: modes 0-6 a pool key, 7 one from a gap, 8 an odd one, 9-13 none, 14-15 a literal

const GAP_KEY: u16 = 7;
const ODD_KEY: u16 = 8;
const NO_KEY: u16 = 9;

#[inline]
fn read_key(from: &Reader<'_>) -> Option<Key> {
    let slot = from.slot(Part::A);
    if let Some(literal) = from.pool.get(slot) {
        return Some(Key::new(&literal[..literal.len().min(limits::MAX_KEY_BYTES)]));
    }
    let index = slot.argument() % from.context.config.keys;
    match slot.mode() {
        GAP_KEY => Some(Config::gap_key(index)),
        ODD_KEY => Some(Key::new(ODD_KEYS[usize::from(slot.argument()) % ODD_KEYS.len()])),
        NO_KEY..Slot::LITERAL => None,
        _ => Some(Config::pool_key(index)),
    }
}

fn write_key(key: &Key, to: &mut Writer<'_, '_>) {
    let config = to.context.config;
    let slot = if let Some(index) = config.pool_index(key) {
        Slot::new(0, index)
    } else if let Some(index) = config.gap_index(key) {
        Slot::new(GAP_KEY, index)
    } else if let Some(index) = ODD_KEYS.iter().position(|&odd| *odd == **key) {
        Slot::new(ODD_KEY, index as u16)
    } else {
        to.pool.literal(key)
    };
    to.set(Part::A, slot);
    to.key = key.clone();
}

impl RecordOperand<Key> for Given {
    const PART: Part = Part::A;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Key {
        let slot = from.slot(Part::A);
        read_key(from).unwrap_or_else(|| Config::pool_key(slot.argument() % from.context.config.keys))
    }
    fn encode(value: &Key, to: &mut Writer<'_, '_>) {
        write_key(value, to);
    }
}

impl RecordOperand<Option<Key>> for Optional {
    const PART: Part = Part::A;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Key> {
        let key = read_key(from);
        if let Some(key) = &key {
            from.key = key.clone();
        }
        key
    }
    fn encode(value: &Option<Key>, to: &mut Writer<'_, '_>) {
        match value {
            Some(key) => write_key(key, to),
            None => to.set(Part::A, Slot::new(NO_KEY, 0)),
        }
    }
}

// ---- values: modes 0-8 a unique one, 9 an odd one, 10 a long one, 11 the last one again, 12-13 none, 14-15 a literal

const ODD_VALUE: u16 = 9;
const LONG_VALUE: u16 = 10;
const LAST_VALUE: u16 = 11;
const NO_VALUE: u16 = 12;

#[inline]
fn read_value(from: &Reader<'_>) -> Option<Value> {
    let slot = from.slot(Part::B);
    if let Some(literal) = from.pool.get(slot) {
        return Some(Value::new(&literal[..literal.len().min(limits::MAX_VALUE_BYTES)]));
    }
    let argument = usize::from(slot.argument());
    match slot.mode() {
        ODD_VALUE => Some(Value::new(ODD_VALUES[argument % ODD_VALUES.len()])),
        LONG_VALUE => Some(values::long(&from.key, from.context.index, LONG_MIN + argument)),
        LAST_VALUE => Some(from.context.last_value.clone()),
        NO_VALUE..Slot::LITERAL => None,
        _ => Some(values::unique(&from.key, from.context.index)),
    }
}

fn write_value(value: &Value, to: &mut Writer<'_, '_>) {
    let context = to.context;
    let is_long =
        || (LONG_MIN..=LONG_MAX).contains(&value.len()) && values::long(&to.key, context.index, value.len()) == *value;
    let slot = if *value == values::unique(&to.key, context.index) {
        Slot::new(0, 0)
    } else if let Some(index) = ODD_VALUES.iter().position(|&odd| *odd == **value) {
        Slot::new(ODD_VALUE, index as u16)
    } else if is_long() {
        Slot::new(LONG_VALUE, (value.len() - LONG_MIN) as u16)
    } else if *value == context.last_value {
        Slot::new(LAST_VALUE, 0)
    } else {
        to.pool.literal(value)
    };
    to.set(Part::B, slot);
}

impl RecordOperand<Value> for GivenValue {
    const PART: Part = Part::B;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Value {
        read_value(from).unwrap_or_else(|| values::unique(&from.key, from.context.index))
    }
    fn encode(value: &Value, to: &mut Writer<'_, '_>) {
        write_value(value, to);
    }
}

impl RecordOperand<Option<Value>> for OptionalValue {
    const PART: Part = Part::B;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Value> {
        read_value(from)
    }
    fn encode(value: &Option<Value>, to: &mut Writer<'_, '_>) {
        match value {
            Some(value) => write_value(value, to),
            None => to.set(Part::B, Slot::new(NO_VALUE, 0)),
        }
    }
}

// ---- deltas: modes 0-12 one to three entries, 4 bits of the argument each, 13 none, 14-15 a literal

const NO_DELTAS: u16 = 13;
/// Entries that fit into a slot.
const SLOT_DELTAS: usize = 3;

impl RecordOperand<Box<[Delta]>> for Deltas {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> Box<[Delta]> {
        let slot = from.slot(Part::B);
        if let Some(literal) = from.pool.get(slot) {
            return unpack_deltas(literal);
        }
        if slot.mode() == NO_DELTAS {
            return Box::default();
        }
        let count = 1 + usize::from(slot.mode()) % SLOT_DELTAS;
        (0..count).map(|entry| values::delta(usize::from(slot.argument() >> (4 * entry) & 15))).collect()
    }

    fn encode(value: &Box<[Delta]>, to: &mut Writer<'_, '_>) {
        let mut argument = 0;
        let fits = value.len() <= SLOT_DELTAS
            && value.iter().enumerate().all(|(entry, delta)| {
                let index = values::delta_index(delta);
                argument |= index.unwrap_or(0) << (4 * entry);
                index.is_some()
            });
        let slot = match value.len() {
            0 => Slot::new(NO_DELTAS, 0),
            count if fits => Slot::new(count as u16 - 1, argument as u16),
            _ => to.pool.literal(&pack_deltas(value)),
        };
        to.set(Part::B, slot);
    }
}

/// Deltas as a literal: offset, size (4 bytes each), length of the data (2 bytes), data; and so on.
fn pack_deltas(deltas: &[Delta]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Delta { data, offset, size } in deltas {
        bytes.extend(offset.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend((data.len() as u16).to_le_bytes());
        bytes.extend_from_slice(data);
    }
    bytes
}

/// The deltas of any literal.
fn unpack_deltas(mut bytes: &[u8]) -> Box<[Delta]> {
    let mut deltas = Vec::new();
    while let (Some((head, rest)), true) = (bytes.split_first_chunk::<10>(), deltas.len() < limits::MAX_DELTAS) {
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let len = usize::from(u16::from_le_bytes([head[8], head[9]]));
        let (data, rest) = rest.split_at(len.min(limits::MAX_VALUE_BYTES).min(rest.len()));
        deltas.push(Delta { data: ByteStr::new(data), offset: word(0) % (limits::MAX_OFFSET + 1), size: word(4) });
        bytes = rest;
    }
    deltas.into()
}

// ---- timestamps: modes 0-12 see below, 13 an odd one, 14-15 a literal

/// The same timestamp as the last one.
const AGAIN: u16 = 12;
/// One that is out of the ordinary.
const ODD_TS: u16 = 13;

#[inline]
fn literal_ts(from: &Reader<'_>, place: Part) -> Option<Timestamp> {
    let literal = from.pool.get(from.slot(place))?;
    let mut bytes = [0; 8];
    let len = literal.len().min(8);
    bytes[..len].copy_from_slice(&literal[..len]);
    Some(Timestamp::from_le_bytes(bytes))
}

/// Timestamps at and beyond the edges of what is allowed.
fn odd_ts(from: &Reader<'_>, place: Part) -> Timestamp {
    let clock = &from.context.clock;
    match from.slot(place).argument() % 8 {
        0 => clock.oldest.saturating_sub(1),
        1 => clock.oldest,
        2 => clock.stable,
        3 => clock.stable + 1,
        4 => clock.now,
        5 => clock.now + 10,
        6 => clock.now / 2,
        _ => 0,
    }
}

/// Finds the slot that is read as `wanted`: a relative one if there is any, else a literal.
fn write_ts<T: PartialEq>(
    to: &mut Writer<'_, '_>,
    place: Part,
    wanted: &T,
    exact: Option<Timestamp>,
    read: impl Fn(&Reader<'_>) -> T,
) {
    let none = super::Pool::new(&[]);
    let mut reader = Reader::new(&[0; super::BLOCK], to.context, &none);
    reader.who = to.who;
    reader.which = to.which;
    let now = to.context.clock.now;
    let back = exact.and_then(|ts| now.checked_sub(ts)).filter(|&back| back < 4096).unwrap_or(0) as u16;
    for mode in 0..Slot::LITERAL {
        for argument in [back, 0, 1, 2, 3, 4, 5, 6, 7] {
            reader.slots[place as usize] = Slot::new(mode, argument);
            if read(&reader) == *wanted {
                to.set(place, Slot::new(mode, argument));
                return;
            }
        }
    }
    let slot = to.pool.literal(&exact.unwrap_or(0).to_le_bytes());
    to.set(place, slot);
}

/// A write's own transaction: modes 0-10 the next timestamp unless a transaction is running, 11 none, 12 the last one again.
#[inline]
fn read_wrap(from: &Reader<'_>) -> Timestamp {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        11 => 0,
        AGAIN => clock.now,
        ODD_TS => odd_ts(from, Part::C),
        _ => literal_ts(from, Part::C).unwrap_or_else(|| match clock.txn(from.who.session) {
            Txn::Idle => clock.next(),
            Txn::Snapshot | Txn::Lower => 0,
        }),
    }
}

impl RecordOperand<Timestamp> for Wrap {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_wrap(from)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), read_wrap);
    }
}

/// Modes 0-9 the next timestamp if the transaction may have one, 10-11 none, 12 the last one again.
#[inline]
fn read_commit(from: &Reader<'_>) -> Option<Timestamp> {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        10 | 11 => None,
        AGAIN => Some(clock.now),
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => match (literal_ts(from, Part::C), clock.txn(from.who.session)) {
            (Some(ts), _) => Some(ts),
            (None, Txn::Lower) => None,
            (None, Txn::Idle | Txn::Snapshot) => Some(clock.next()),
        },
    }
}

impl RecordOperand<Option<Timestamp>> for CommitAt {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_commit(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, *value, read_commit);
    }
}

/// Modes 0-8 none, 9-12 one that may be read, at or back from now.
#[inline]
fn read_read(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::C);
    match slot.mode() {
        0..=8 => None,
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => literal_ts(from, Part::C)
            .or_else(|| Some(from.context.clock.readable(slot.argument().into())).filter(|&ts| ts != 0)),
    }
}

impl RecordOperand<Option<Timestamp>> for ReadAt {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_read(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, *value, read_read);
    }
}

/// Modes 0-12 the next timestamp to commit at, or one that may be read.
fn read_stamp(from: &Reader<'_>) -> Timestamp {
    let slot = from.slot(Part::C);
    let clock = &from.context.clock;
    match (slot.mode(), from.which) {
        (ODD_TS, _) => odd_ts(from, Part::C),
        (_, TxnTimestamp::Commit) => literal_ts(from, Part::C).unwrap_or(clock.next()),
        (_, TxnTimestamp::Read) => literal_ts(from, Part::C).unwrap_or(clock.readable(slot.argument().into())),
    }
}

impl RecordOperand<Timestamp> for Stamp {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_stamp(from)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), read_stamp);
    }
}

/// Modes 0-9 the stable timestamp so far, 10 now, 11 the one that it is (none, where that can be said), 12 one in between.
fn read_oldest(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::A);
    let clock = &from.context.clock;
    match slot.mode() {
        10 => Some(clock.now),
        11 => None,
        AGAIN => Some(clock.readable(slot.argument().into())),
        ODD_TS => Some(odd_ts(from, Part::A)),
        _ => literal_ts(from, Part::A).or(Some(clock.lagging_oldest())),
    }
}

/// Modes 0-7 now, 8-10 a little back from now, 11 the one that it is (none, where that can be said), 12 the one that it is.
fn read_stable(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::B);
    let clock = &from.context.clock;
    match slot.mode() {
        8..=10 => {
            let room = clock.now.saturating_sub(clock.stable) + 1;
            Some(clock.now - u64::from(slot.argument()) % room)
        }
        11 => None,
        AGAIN => Some(clock.stable),
        ODD_TS => Some(odd_ts(from, Part::B)),
        _ => literal_ts(from, Part::B).or(Some(clock.now)),
    }
}

impl RecordOperand<Option<Timestamp>> for Oldest {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_oldest(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::A, value, *value, read_oldest);
    }
}

impl RecordOperand<Option<Timestamp>> for Stable {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_stable(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::B, value, *value, read_stable);
    }
}

impl RecordOperand<Timestamp> for Oldest {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_oldest(from).unwrap_or(from.context.clock.oldest)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::A, value, Some(*value), |from| read_oldest(from).unwrap_or(from.context.clock.oldest));
    }
}

impl RecordOperand<Timestamp> for Stable {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_stable(from).unwrap_or(from.context.clock.stable)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::B, value, Some(*value), |from| read_stable(from).unwrap_or(from.context.clock.stable));
    }
}

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
        from.which = read_word(from);
        from.which
    }
    fn encode(value: &TxnTimestamp, to: &mut Writer<'_, '_>) {
        to.which = *value;
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

// ---- numbers

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
