//! Values: unique ones, and those that are easily taken for something else.

use super::keys::decimal;
use crate::backend::{Delta, Value};
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

/// A value that no other step writes: `v<key>.<seq>`.
#[inline]
pub fn unique(key: &[u8], seq: usize) -> Value {
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
pub fn long(key: &[u8], seq: usize, len: usize) -> Value {
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
