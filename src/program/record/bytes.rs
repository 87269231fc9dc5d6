//! Keys, values and deltas in a record. Slots are made so that most of what they can hold means something plausible:
//! random bytes are good steps.

use super::{Part, Reader, Slot, Writer};
use crate::backend::{Delta, Key, Value};
use crate::bytes::ByteStr;
use crate::program::limits;
use crate::program::operand::*;
use crate::program::values::{self, LONG_MAX, LONG_MIN};

// ---- keys: modes 0-6 a pool key, 7 one from a gap, 8 an odd one, 9-13 none, 14-15 a literal

const GAP_KEY: u16 = 7;
const ODD_KEY: u16 = 8;
const NO_KEY: u16 = 9;

#[inline]
fn read_key(from: &Reader<'_>, place: Part) -> Option<Key> {
    let slot = from.slot(place);
    let config = from.context.config;
    if let Some(literal) = from.pool.get(slot) {
        return Some(config.literal_key(&literal[..literal.len().min(limits::MAX_KEY_BYTES)]));
    }
    let index = slot.argument() % config.keys;
    match slot.mode() {
        GAP_KEY => Some(config.gap_key(index)),
        ODD_KEY => Some(config.odd_key(slot.argument())),
        NO_KEY..Slot::LITERAL => None,
        _ => Some(config.pool_key(index)),
    }
}

fn write_key(key: &Key, place: Part, to: &mut Writer<'_, '_>) {
    let config = to.context.config;
    let slot = if let Some(index) = config.pool_index(key) {
        Slot::new(0, index)
    } else if let Some(index) = config.gap_index(key) {
        Slot::new(GAP_KEY, index)
    } else if let Some(index) = config.odd_index(key) {
        Slot::new(ODD_KEY, index)
    } else {
        to.pool.literal(key)
    };
    to.set(place, slot);
    to.key = key.clone();
}

fn write_optional_key(key: Option<&Key>, place: Part, to: &mut Writer<'_, '_>) {
    match key {
        Some(key) => write_key(key, place, to),
        None => to.set(place, Slot::new(NO_KEY, 0)),
    }
}

impl RecordOperand<Key> for Given {
    const PART: Part = Part::A;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Key {
        let slot = from.slot(Part::A);
        read_key(from, Part::A)
            .unwrap_or_else(|| from.context.config.pool_key(slot.argument() % from.context.config.keys))
    }
    fn encode(value: &Key, to: &mut Writer<'_, '_>) {
        write_key(value, Part::A, to);
    }
}

impl RecordOperand<Option<Key>> for Optional {
    const PART: Part = Part::A;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Key> {
        let key = read_key(from, Part::A);
        if let Some(key) = &key {
            from.key = key.clone();
        }
        key
    }
    fn encode(value: &Option<Key>, to: &mut Writer<'_, '_>) {
        write_optional_key(value.as_ref(), Part::A, to);
    }
}

/// The ends of a range.
macro_rules! ends {
    ($($kind:ident: $part:ident),+) => {$(
        impl RecordOperand<Option<Key>> for $kind {
            const PART: Part = Part::$part;
            fn decode(from: &mut Reader<'_>) -> Option<Key> {
                read_key(from, Part::$part)
            }
            fn encode(value: &Option<Key>, to: &mut Writer<'_, '_>) {
                write_optional_key(value.as_ref(), Part::$part, to);
            }
        }
    )+};
}

ends!(First: A, Last: B);

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
    let config = from.context.config;
    match slot.mode() {
        ODD_VALUE => Some(config.odd_value(slot.argument())),
        LONG_VALUE => Some(config.long_value(&from.key, from.context.index, slot.argument())),
        LAST_VALUE => Some(from.context.last_value.clone()),
        NO_VALUE..Slot::LITERAL => None,
        _ => Some(config.unique_value(&from.key, from.context.index)),
    }
}

fn write_value(value: &Value, to: &mut Writer<'_, '_>) {
    let context = to.context;
    let config = context.config;
    let long = || {
        let more = value.len().checked_sub(LONG_MIN).filter(|_| value.len() <= LONG_MAX)? as u16;
        (config.long_value(&to.key, context.index, more) == *value).then_some(more)
    };
    let slot = if *value == config.unique_value(&to.key, context.index) {
        Slot::new(0, 0)
    } else if let Some(index) = config.odd_value_index(value) {
        Slot::new(ODD_VALUE, index)
    } else if let Some(more) = long() {
        Slot::new(LONG_VALUE, more)
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
        read_value(from).unwrap_or_else(|| from.context.config.unique_value(&from.key, from.context.index))
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
