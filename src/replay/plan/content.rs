//! What values are: a pure function of the numbers that wrote them.
//!
//! A value of a row or variable-length table is four slots of eight hexadecimal digits and a tail. A plain write at
//! number t puts t into all slots and makes the tail; a modify at t puts t into one of them. So a value that is wrong
//! says who wrote it, and a modify that was applied to another value than it should have been shows. A value of a
//! fixed-length table is a number from 1 to the largest that its bits can hold; a modify adds something to it.

use super::{Draws, OpNumber, Plan, Purpose, TableKind};
use crate::bytes::ByteStr;

/// Slots of a value that is text.
const SLOTS: usize = 4;
/// Bytes of a slot.
const SLOT_LEN: usize = 8;
/// The longest tail, in bytes.
const MAX_TAIL: u64 = 24;

/// What a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// In a row or variable-length table.
    Text {
        /// Which number wrote all of it. 0: it was there before the first.
        plain: OpNumber,
        /// Which wrote each slot last.
        slots: [OpNumber; SLOTS],
    },
    /// In a fixed-length table.
    Small(u8),
}

/// What a modify does to the value that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces the bytes from `offset` on by as many others.
    Replace {
        /// The first byte to be replaced.
        offset: usize,
        /// What it and those after it become.
        bytes: [u8; SLOT_LEN],
    },
    /// Adds to a number that lies between 1 and `most`; what comes after `most` is 1.
    Add {
        /// How much.
        number: u8,
        /// The largest number.
        most: u8,
    },
}

impl Plan {
    /// What a plain write of a key at number `t` leaves; for `t` = 0 what was there at first.
    pub fn written(&self, table: u16, key: u64, t: OpNumber) -> Content {
        match self.table(table).kind {
            TableKind::Fixed { bits } => Content::Small(1 + self.values(table, key, t).below(most(bits).into()) as u8),
            TableKind::Row | TableKind::Layered | TableKind::Variable => Content::Text { plain: t, slots: [t; SLOTS] },
        }
    }

    /// What a modify at number `t` does in a table.
    pub fn edit(&self, table: u16, t: OpNumber) -> Edit {
        let mut draws = self.values(table, 0, t);
        match self.table(table).kind {
            TableKind::Fixed { bits } => Edit::Add { number: draws.below(most(bits).into()) as u8, most: most(bits) },
            TableKind::Row | TableKind::Layered | TableKind::Variable => {
                Edit::Replace { offset: SLOT_LEN * draws.below(SLOTS as u64) as usize, bytes: slot(t) }
            }
        }
    }

    /// What a key has after a modify at number `t`.
    pub fn modified(&self, table: u16, content: Content, t: OpNumber) -> Content {
        match (content, self.edit(table, t)) {
            (Content::Text { plain, mut slots }, Edit::Replace { offset, .. }) => {
                slots[offset / SLOT_LEN] = t;
                Content::Text { plain, slots }
            }
            (Content::Small(old), edit) => Content::Small(edit.added(old)),
            (content, Edit::Add { .. }) => content,
        }
    }

    /// The bytes of a value.
    pub fn bytes(&self, table: u16, key: u64, content: Content) -> ByteStr {
        let (plain, slots) = match content {
            Content::Small(number) => return ByteStr::new(&[number]),
            Content::Text { plain, slots } => (plain, slots),
        };
        let mut bytes = [0; SLOTS * SLOT_LEN + MAX_TAIL as usize];
        for (place, t) in bytes.chunks_exact_mut(SLOT_LEN).zip(slots) {
            place.copy_from_slice(&slot(t));
        }
        let mut draws = self.values(table, key, plain);
        let tail = draws.below(MAX_TAIL + 1) as usize;
        let letters = &mut bytes[SLOTS * SLOT_LEN..][..tail];
        for eight in letters.chunks_mut(8) {
            let bits = draws.bits().to_le_bytes();
            eight.iter_mut().zip(bits).for_each(|(letter, bits)| *letter = b'a' + bits % 26);
        }
        ByteStr::new(&bytes[..SLOTS * SLOT_LEN + tail])
    }

    /// The draws behind a value. What was there at first differs from key to key.
    fn values(&self, table: u16, key: u64, t: OpNumber) -> Draws {
        let seed = self.spec().seed;
        if t == 0 { Draws::new(seed, Purpose::Bulk(table), key) } else { Draws::new(seed, Purpose::Value, t) }
    }
}

impl Edit {
    /// The number that another becomes by [`Edit::Add`].
    pub fn added(&self, old: u8) -> u8 {
        match *self {
            Edit::Replace { .. } => old,
            Edit::Add { number, most } => {
                let sum = u16::from(old.max(1) - 1) + u16::from(number);
                (sum % u16::from(most)) as u8 + 1
            }
        }
    }

    /// The value that another becomes.
    pub fn apply(&self, old: &[u8]) -> ByteStr {
        match self {
            Edit::Add { .. } => ByteStr::new(&[self.added(old.first().copied().unwrap_or_default())]),
            Edit::Replace { offset, bytes } => {
                let mut new = old.to_vec();
                if new.len() < offset + SLOT_LEN {
                    new.resize(offset + SLOT_LEN, 0);
                }
                new[*offset..offset + SLOT_LEN].copy_from_slice(bytes);
                ByteStr::new(&new)
            }
        }
    }
}

/// The largest number of so many bits.
fn most(bits: u8) -> u8 {
    (u16::MAX >> (16 - u16::from(bits.clamp(1, 8)))) as u8
}

/// A slot that number `t` wrote: the low 32 bits of t.
fn slot(t: OpNumber) -> [u8; SLOT_LEN] {
    let digit = |place: usize| b"0123456789abcdef"[(t >> (4 * (SLOT_LEN - 1 - place)) & 15) as usize];
    std::array::from_fn(digit)
}

#[cfg(test)]
mod tests {
    use super::super::{Spec, tables};
    use super::*;

    fn plan() -> Plan {
        Plan::new(Spec::new(1, tables("row,fix:bits=1,fix:bits=3,fix:bits=8").expect("tables"))).expect("a plan")
    }

    #[test]
    fn a_value_says_who_wrote_it() {
        let plan = plan();
        let written = plan.written(0, 7, 0x12_3456);
        assert!(plan.bytes(0, 7, written).as_bytes().starts_with(b"0012345600123456"));
        let modified = plan.modified(0, written, 0xabc);
        let text = plan.bytes(0, 7, modified);
        assert!(text.as_bytes().windows(8).any(|slot| slot == b"00000abc"));
    }

    #[test]
    fn modifying_bytes_is_modifying_content() {
        let plan = plan();
        for table in 0..4 {
            let mut content = plan.written(table, 3, 0);
            for t in 1..400 {
                let old = plan.bytes(table, 3, content);
                content = if t % 7 == 0 { plan.written(table, 3, t) } else { plan.modified(table, content, t) };
                let new = plan.bytes(table, 3, content);
                if t % 7 != 0 {
                    assert_eq!(plan.edit(table, t).apply(old.as_bytes()), new);
                }
            }
        }
    }

    #[test]
    fn small_values_fit_and_are_never_zero() {
        let plan = plan();
        for (table, most) in [(1, 1), (2, 7), (3, 255)] {
            let mut largest = 0;
            let mut content = plan.written(table, 1, 0);
            for t in 1..4000 {
                content = if t % 2 == 0 { plan.written(table, 1, t) } else { plan.modified(table, content, t) };
                let Content::Small(number) = content else { panic!("{content:?}") };
                assert!((1..=most).contains(&number));
                largest = largest.max(number);
            }
            assert_eq!(largest, most);
        }
    }

    #[test]
    fn what_was_there_at_first_differs_by_key() {
        let plan = plan();
        let first = |table, key| plan.bytes(table, key, plan.written(table, key, 0));
        assert!((2..40).any(|key| first(3, key) != first(3, 1)));
        assert!((2..40).any(|key| first(0, key) != first(0, 1)));
    }
}
