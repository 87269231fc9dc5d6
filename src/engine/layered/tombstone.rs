//! How a delete is written into an ingest table, and how values stay clear of it.
//!
//! An ingest table has no deletes: a removed key gets the tombstone as its value, so that it shadows the key in
//! stable. Values that begin with the tombstone's bytes are stored one byte longer, which keeps them apart.

use crate::backend::Value;
use crate::engine::faults::{self, Fault};

/// The tombstone.
pub const TOMBSTONE: [u8; 2] = [0x14, 0x14];
/// What an escaped value ends with.
const ESCAPE: u8 = 0x14;

/// The tombstone as a stored value.
pub fn tombstone() -> Value {
    Value::new(&TOMBSTONE)
}

/// Whether a stored ingest value is a delete.
#[inline]
pub fn is_tombstone(stored: &Value) -> bool {
    stored.as_bytes() == TOMBSTONE
}

/// The stored form of `value`. The test includes the tombstone itself: WT-17905 lost values equal to it.
#[inline]
pub fn encode(value: &Value) -> Value {
    if !value.starts_with(&TOMBSTONE) || (faults::active(Fault::D14) && value.len() == TOMBSTONE.len()) {
        return value.clone();
    }
    let mut stored = value.to_vec();
    stored.push(ESCAPE);
    Value::from(stored)
}

/// The value of a stored form that is not the tombstone.
#[inline]
pub fn decode(stored: &Value) -> Value {
    if stored.len() > TOMBSTONE.len() && stored.starts_with(&TOMBSTONE) {
        debug_assert_eq!(stored.last(), Some(&ESCAPE), "an escaped value ends with the escape byte");
        return Value::new(&stored[..stored.len() - 1]);
    }
    stored.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_string_round_trips_and_none_is_a_tombstone() {
        for bytes in [&b""[..], b"\x14", b"\x14\x14", b"\x14\x14\x14", b"\x14\x14\x37", b"\x14\x37", b"a\x14\x14"] {
            let value = Value::new(bytes);
            let stored = encode(&value);
            assert!(!is_tombstone(&stored), "{value:?}");
            assert_eq!(decode(&stored), value);
        }
        assert_eq!(encode(&Value::new(b"\x14\x14\x37")).as_bytes(), b"\x14\x14\x37\x14");
    }
}
