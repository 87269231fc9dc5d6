//! Keys as bytes: from a plan's numbers and back.
//!
//! Column stores and private row tables have keys in the order of numbers. Layered tables have them scattered, so that
//! an insert lands between others: within blocks of 256 numbers, as the engine keeps rows side by side and would
//! have to move all that come after a new one.

use crate::backend::{Key, record_number, record_number_of};
use crate::replay::plan::TableKind;
use std::ops::RangeInclusive;

/// Numbers per block.
const BLOCK: u64 = 256;
/// Odd, so that multiplication by it is a bijection of a block.
const FACTOR: u64 = 167;
/// Its inverse.
const INVERSE: u64 = 23;

/// The key with a number.
#[inline]
pub fn key_of(kind: TableKind, number: u64) -> Key {
    record_number(if is_scattered(kind) { within_block(number, FACTOR) } else { number })
}

/// The number of a key; `None` if it is nobody's.
#[inline]
pub fn number_of(kind: TableKind, key: &[u8]) -> Option<u64> {
    let number = record_number_of(key)?;
    Some(if is_scattered(kind) { within_block(number, INVERSE) } else { number })
}

/// Ranges of keys that have the numbers from `first` to `last` and no others: what lies side by side in one, the rest
/// key by key.
pub fn ranges(kind: TableKind, first: u64, last: u64) -> Vec<RangeInclusive<Key>> {
    if !is_scattered(kind) {
        return vec![key_of(kind, first)..=key_of(kind, last)];
    }
    // There is no number 0.
    let whole = if first == 1 { 0 } else { first.div_ceil(BLOCK) };
    let end = (last + 1) / BLOCK;
    let alone = |number| key_of(kind, number)..=key_of(kind, number);
    if whole >= end {
        return (first..=last).map(alone).collect();
    }
    let within = record_number((whole * BLOCK).max(1))..=record_number(end * BLOCK - 1);
    let before = (first..whole * BLOCK).map(alone);
    before.chain([within]).chain((end * BLOCK..=last).map(alone)).collect()
}

fn is_scattered(kind: TableKind) -> bool {
    kind == TableKind::Layered
}

/// Another number of the same block. 0 stays itself, with any odd factor.
fn within_block(number: u64, factor: u64) -> u64 {
    number / BLOCK * BLOCK + number % BLOCK * factor % BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_has_a_key_of_its_own() {
        for kind in [TableKind::Row, TableKind::Layered, TableKind::Variable, TableKind::Fixed { bits: 3 }] {
            let keys: BTreeSet<_> = (1..3000).map(|number| key_of(kind, number)).collect();
            assert_eq!(keys.len(), 2999);
            assert!((1..3000).all(|number| number_of(kind, &key_of(kind, number)) == Some(number)));
        }
        assert!(key_of(TableKind::Layered, 300) > key_of(TableKind::Layered, 301));
        assert_eq!(number_of(TableKind::Row, b"odd"), None);
    }

    #[test]
    fn ranges_have_their_numbers_and_no_others() {
        for kind in [TableKind::Row, TableKind::Layered] {
            for (first, last) in [(1, 1), (1, 255), (1, 256), (1, 1000), (255, 257), (256, 511), (300, 305), (7, 900)] {
                let ranges = ranges(kind, first, last);
                let covers = |number| ranges.iter().any(|range| range.contains(&key_of(kind, number)));
                assert!((1..1500).all(|number| covers(number) == (first..=last).contains(&number)), "{first} {last}");
            }
        }
    }
}
