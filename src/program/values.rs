//! Values: unique ones, and those that are easily taken for something else.

use super::keys::decimal;
use super::step::Config;
use crate::backend::{Delta, Format, Value, record_number_of};
use crate::bytes::{ByteStr, INLINE_MAX};

/// Values that look like an ingest tombstone (the bytes 14 14), like a part of one, or like nothing.
pub const ODD_VALUES: [&[u8]; 8] = [
    b"\x14\x14",
    b"\x14\x14\x14",
    b"\x14\x14\x37",
    b"\x14",
    b"",
    b"\x14\x14\x14\x14",
    b"\x14\x37\x14",
    b"\x14\x14 and some text after it",
];

/// The entries that generated `modify` calls are made of: offset, size, data. Some turn a value into a tombstone look-alike.
pub const DELTAS: [(u32, u32, &[u8]); 16] = [
    (0, 1, b"m"),
    (1, 1, b"o"),
    (0, 0, b"+"),
    (3, 2, b""),
    (0, 0, b"\x14\x14"),
    (0, 2, b"\x14\x14"),
    (0, 1000, b"\x14\x14"),
    (0, 1000, b"\x14\x14\x37"),
    (0, 1000, b"\x14"),
    (1, 1, b"\x14"),
    (2, 1000, b""),
    (0, 1000, b""),
    (8, 0, b"tail"),
    (30, 4, b"after a gap"),
    (0, 3, b"a replacement longer than what it replaces"),
    (0, 4096, b"whole"),
];

/// The shortest long value, in bytes: too long to be stored inline.
pub const LONG_MIN: usize = 23;
const _: () = assert!(LONG_MIN > INLINE_MAX);
/// The longest long value, in bytes.
pub const LONG_MAX: usize = LONG_MIN + 4095;

impl Config {
    /// A value that no other step writes: `v<key>.<seq>`. In a fixed-length table a byte that only steps far away write.
    #[inline]
    pub fn unique_value(&self, key: &[u8], seq: usize) -> Value {
        match self.format {
            Format::Row => unique(key, seq),
            Format::Variable => in_decimal(key, |digits| unique(digits, seq)),
            Format::Fixed => Value::new(&[1 + (seq % 255) as u8]),
        }
    }

    /// A value of [`LONG_MIN`] and `more` bytes that no other step writes. Fixed-length tables have no long values.
    pub fn long_value(&self, key: &[u8], seq: usize, more: u16) -> Value {
        let len = LONG_MIN + usize::from(more);
        match self.format {
            Format::Row => long(key, seq, len),
            Format::Variable => in_decimal(key, |digits| long(digits, seq, len)),
            Format::Fixed => self.unique_value(key, seq),
        }
    }

    /// A value that is easily taken for something else, by any number. In a fixed-length table any byte.
    pub fn odd_value(&self, index: u16) -> Value {
        match self.format {
            Format::Fixed => Value::new(&[index as u8]),
            _ => Value::new(ODD_VALUES[usize::from(index) % ODD_VALUES.len()]),
        }
    }

    /// The number of an odd value.
    pub fn odd_value_index(&self, value: &Value) -> Option<u16> {
        match (self.format, &**value) {
            (Format::Fixed, &[byte]) => Some(byte.into()),
            (Format::Fixed, _) => None,
            _ => ODD_VALUES.iter().position(|&odd| *odd == **value).map(|index| index as u16),
        }
    }
}

/// What `make` makes of a record number in decimal.
fn in_decimal(key: &[u8], make: impl FnOnce(&[u8]) -> Value) -> Value {
    let mut digits = [0; 20];
    make(record_number_of(key).map_or(&[], |number| decimal(number, &mut digits, 1)))
}

/// A value that no other step writes: `v<key>.<seq>`.
#[inline]
fn unique(key: &[u8], seq: usize) -> Value {
    let mut digits = [0; 20];
    let seq = decimal(seq as u64, &mut digits, 1);
    let len = 1 + key.len() + 1 + seq.len();
    if len <= INLINE_MAX {
        let mut bytes = [0; INLINE_MAX];
        bytes[0] = b'v';
        bytes[1..=key.len()].copy_from_slice(key);
        bytes[key.len() + 1] = b'.';
        bytes[key.len() + 2..len].copy_from_slice(seq);
        Value::new(&bytes[..len])
    } else {
        Value::from([b"v", key, b".", seq].concat())
    }
}

/// A value of `len` bytes that no other step writes.
fn long(key: &[u8], seq: usize, len: usize) -> Value {
    let unit = unique(key, seq);
    Value::from(unit.iter().copied().cycle().take(len).collect::<Vec<u8>>())
}

/// The entry of a `modify` with an index.
pub fn delta(index: usize) -> Delta {
    let (offset, size, data) = DELTAS[index % DELTAS.len()];
    Delta { data: ByteStr::new(data), offset, size }
}

/// The index of an entry.
pub fn delta_index(delta: &Delta) -> Option<usize> {
    DELTAS.iter().position(|&(offset, size, data)| (offset, size, data) == (delta.offset, delta.size, &*delta.data))
}
