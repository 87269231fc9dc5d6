//! Keys: the grid that programs live on, and what lies beside it.

use super::step::Config;
use crate::backend::{Direction, Format, Key, record_number, record_number_of};

/// Keys that are not on the grid and not near it: the ends of the key space, bytes that are easily taken for
/// something else, prefixes of each other and of grid keys, and keys too long to be stored inline.
pub const ODD_KEYS: [&[u8]; 16] = [
    b"\x00",
    b"\x00\x00",
    b"\xff",
    b"\xff\xff",
    b"\xff\x00",
    b"0",
    b"00",
    b"001",
    b"0010\x00",
    b"00100",
    b"0020\xff",
    b"\x14\x14",
    b"\x14\x14\x14",
    b"a key of twenty-three b.",
    b"a key of twenty-three b.\x00 and then some, so that it is a prefix of another",
    b"a key of twenty-three b.\x00 and then some, so that it is a prefix",
];

impl Config {
    /// The pool key with an index: the decimal number `(index + 1) * 10`, with at least 4 digits; in a column store record
    /// `(index + 1) * 2`.
    #[inline]
    pub fn pool_key(&self, index: u16) -> Key {
        match self.format {
            Format::Row => decimal_key((u32::from(index) + 1) * 10),
            _ => record_number((u64::from(index) + 1) * 2),
        }
    }

    /// The key halfway between a pool key and the next one: never in the pool.
    #[inline]
    pub fn gap_key(&self, index: u16) -> Key {
        match self.format {
            Format::Row => decimal_key((u32::from(index) + 1) * 10 + 5),
            _ => record_number((u64::from(index) + 1) * 2 + 1),
        }
    }

    /// A key that is neither in the pool nor in a gap, by any number.
    pub fn odd_key(&self, index: u16) -> Key {
        match self.format {
            Format::Row => Key::new(ODD_KEYS[usize::from(index) % ODD_KEYS.len()]),
            _ => match index % ODD_RECORDS {
                0 => record_number(1),
                1 => record_number(0),
                far => record_number(u64::from(self.keys) * 2 + 10 * u64::from(far)),
            },
        }
    }

    /// The number of an odd key.
    pub fn odd_index(&self, key: &Key) -> Option<u16> {
        let count = if self.format.is_column() { ODD_RECORDS } else { ODD_KEYS.len() as u16 };
        (0..count).find(|&index| self.odd_key(index) == *key)
    }

    /// Any bytes as a key. Of a column store that is a record that is not too far away: the others before it may have
    /// to be there, too.
    pub fn literal_key(&self, bytes: &[u8]) -> Key {
        match record_number_of(bytes) {
            _ if !self.format.is_column() => Key::new(bytes),
            Some(number) => record_number(number % self.end_of_records()),
            None => Key::new(bytes),
        }
    }

    /// The record numbers of programs in binary form are smaller. Appends go on from there.
    pub fn end_of_records(&self) -> u64 {
        u64::from(self.keys) * 2 + 64
    }

    /// About how many records a table has at most.
    pub(super) fn most_records(&self) -> usize {
        match self.format {
            Format::Row => usize::from(self.keys),
            _ => self.end_of_records() as usize,
        }
    }

    /// The index of a pool key of this configuration.
    pub fn pool_index(&self, key: &Key) -> Option<u16> {
        let index = self.grid_index(key, 0)?;
        (index < self.keys && self.pool_key(index) == *key).then_some(index)
    }

    /// The index of the pool key that a gap key comes after.
    pub fn gap_index(&self, key: &Key) -> Option<u16> {
        let index = self.grid_index(key, 1)?;
        (index < self.keys && self.gap_key(index) == *key).then_some(index)
    }

    /// The index of the grid key that a key names, if it lies so many halves of a gap after it.
    fn grid_index(&self, key: &Key, halves: u32) -> Option<u16> {
        match self.format {
            Format::Row => grid_index(key, 5 * halves),
            _ => {
                let number = record_number_of(key)?.checked_sub(u64::from(halves))?;
                u16::try_from((number / 2).checked_sub(1)?).ok()
            }
        }
    }

    /// A key right beside another: larger for `Next`, smaller for `Prev`. `None` if nothing lies there.
    pub fn beside(&self, key: &Key, direction: Direction) -> Option<Key> {
        if !self.format.is_column() {
            return beside(key, direction);
        }
        let number = record_number_of(key)?;
        let other = match direction {
            Direction::Next => number.checked_add(1)?,
            Direction::Prev => number - 1,
        };
        (other != 0).then(|| record_number(other))
    }
}

/// Odd records: the first one, the invalid number, and some beyond the pool.
const ODD_RECORDS: u16 = 6;

/// The bytes right beside others.
fn beside(key: &Key, direction: Direction) -> Option<Key> {
    let mut bytes = key.to_vec();
    match direction {
        Direction::Next => bytes.push(b'1'),
        Direction::Prev => match bytes.pop()? {
            0 => {}
            last => bytes.extend([last - 1, b'9']),
        },
    }
    (!bytes.is_empty()).then(|| Key::from(bytes))
}

/// A number as a key.
#[inline]
fn decimal_key(number: u32) -> Key {
    let mut digits = [b'0'; 10];
    Key::new(decimal(u64::from(number), &mut digits, 4))
}

/// Prints a number at the end of `digits`, with at least `width` digits.
#[inline]
pub(super) fn decimal(mut number: u64, digits: &mut [u8], width: usize) -> &[u8] {
    let mut start = digits.len();
    while number > 0 || digits.len() - start < width {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    &digits[start..]
}

/// The index of the grid key that a key of 4 or 5 digits names, if it lies `offset` after it.
fn grid_index(key: &Key, offset: u32) -> Option<u16> {
    if !(4..=5).contains(&key.len()) {
        return None;
    }
    let mut number = 0;
    for &byte in key.iter() {
        number = number * 10 + char::from(byte).to_digit(10)?;
    }
    if number % 10 != offset {
        return None;
    }
    u16::try_from((number / 10).checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_and_gap_keys_are_their_own_inverse() {
        let config = Config { keys: 4096, ..Config::default() };
        assert_eq!(config.pool_key(0), Key::from("0010"));
        assert_eq!(config.pool_key(54), Key::from("0550"));
        assert_eq!(config.pool_key(4095), Key::from("40960"));
        assert_eq!(config.gap_key(11), Key::from("0125"));
        for index in 0..4096 {
            assert_eq!(config.pool_index(&config.pool_key(index)), Some(index));
            assert_eq!(config.gap_index(&config.gap_key(index)), Some(index));
            assert_eq!(config.pool_index(&config.gap_key(index)), None);
        }
        assert_eq!(Config::default().pool_index(&config.pool_key(55)), None);
    }

    #[test]
    fn beside_is_strictly_larger_or_smaller() {
        let config = Config::default();
        let keys = ODD_KEYS.iter().map(|&key| Key::from(key)).chain((0..300).map(|index| config.pool_key(index)));
        for key in keys {
            assert!(beside(&key, Direction::Next).is_some_and(|next| next > key));
            assert!(beside(&key, Direction::Prev).is_none_or(|prev| prev < key), "{key:?}");
        }
        assert_eq!(beside(&Key::from("0120"), Direction::Next), Some(Key::from("01201")));
        assert_eq!(beside(&Key::from("0120"), Direction::Prev), Some(Key::from("012/9")));
        assert_eq!(beside(&Key::from(&b"a\x00"[..]), Direction::Prev), Some(Key::from("a")));
        assert_eq!(beside(&Key::from(&b"\x00"[..]), Direction::Prev), None);
    }

    #[test]
    fn column_stores_have_numbers() {
        let config = Config { keys: 4096, format: Format::Fixed, ..Config::default() };
        assert_eq!(config.pool_key(0), record_number(2));
        for index in 0..4096 {
            assert_eq!(config.pool_index(&config.pool_key(index)), Some(index));
            assert_eq!(config.gap_index(&config.gap_key(index)), Some(index));
            assert_eq!(config.pool_index(&config.gap_key(index)), None);
            assert_eq!(config.gap_index(&config.pool_key(index)), None);
        }
        for index in 0..ODD_RECORDS {
            assert_eq!(config.odd_index(&config.odd_key(index)), Some(index));
        }
        assert_eq!(config.beside(&record_number(1), Direction::Prev), None);
        assert_eq!(config.beside(&record_number(255), Direction::Next), Some(record_number(256)));
    }
}
