//! Which pool keys of a table probably have a record.

use crate::program::limits;

/// Which pool keys have a record.
#[derive(Clone)]
pub(in crate::program) struct Present {
    words: [u64; limits::MAX_KEYS as usize / 64],
    keys: u16,
}

impl Present {
    pub fn new(keys: u16) -> Self {
        Present { words: [0; limits::MAX_KEYS as usize / 64], keys }
    }

    /// The size of the pool.
    pub fn keys(&self) -> u16 {
        self.keys
    }

    #[inline]
    pub fn has(&self, index: u16) -> bool {
        self.words[usize::from(index / 64)] >> (index % 64) & 1 == 1
    }

    /// A record of a key beyond the pool is none to come back to.
    pub fn set(&mut self, index: u16) {
        if index < self.keys {
            self.words[usize::from(index / 64)] |= 1 << (index % 64);
        }
    }

    pub fn clear(&mut self, index: u16) {
        self.words[usize::from(index / 64)] &= !(1 << (index % 64));
    }

    pub fn fill(&mut self, first: u16, count: u16, present: bool) {
        for offset in 0..count.min(self.keys) {
            let index = (first + offset) % self.keys;
            if present { self.set(index) } else { self.clear(index) }
        }
    }

    /// The first key with a record from `index` on.
    pub fn from(&self, index: u16) -> Option<u16> {
        self.find(index, |word| word)
    }

    /// The first key without a record from `index` on.
    pub fn gap_from(&self, index: u16) -> Option<u16> {
        self.find(index, |word| !word).filter(|&index| index < self.keys)
    }

    /// The last key with a record before `index`.
    pub fn to(&self, index: u16) -> Option<u16> {
        let index = index.min(self.keys);
        let mut mask = (1u64 << (index % 64)).wrapping_sub(1);
        let mut word = usize::from(index / 64).min(self.words.len() - 1);
        if usize::from(index / 64) >= self.words.len() {
            mask = u64::MAX;
        }
        loop {
            let bits = self.words[word] & mask;
            if bits != 0 {
                return Some((word * 64 + 63 - bits.leading_zeros() as usize) as u16);
            }
            word = word.checked_sub(1)?;
            mask = u64::MAX;
        }
    }

    #[inline]
    fn find(&self, index: u16, flip: impl Fn(u64) -> u64) -> Option<u16> {
        let mut mask = u64::MAX << (index % 64);
        let last = usize::from(self.keys.div_ceil(64)).min(self.words.len());
        for word in usize::from(index / 64)..last {
            let bits = flip(self.words[word]) & mask;
            if bits != 0 {
                return Some((word * 64) as u16 + bits.trailing_zeros() as u16);
            }
            mask = u64::MAX;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_agrees_with_a_set() {
        let keys = 200;
        let mut present = Present::new(keys);
        let mut set = std::collections::BTreeSet::new();
        for step in 0..2000u32 {
            let index = (step.wrapping_mul(2_654_435_761) >> 16) as u16 % keys;
            if step % 3 == 0 {
                present.clear(index);
                set.remove(&index);
            } else {
                present.set(index);
                set.insert(index);
            }
            let probe = (step * 7 % u32::from(keys)) as u16;
            assert_eq!(present.has(probe), set.contains(&probe));
            assert_eq!(present.from(probe), set.range(probe..).next().copied());
            assert_eq!(present.to(probe), set.range(..probe).next_back().copied());
            assert_eq!(present.gap_from(probe), (probe..keys).find(|index| !set.contains(index)));
            assert_eq!(present.to(limits::MAX_KEYS), set.last().copied());
        }
        present.fill(190, 20, false);
        assert!(present.from(190).is_none() && !present.has(9));
    }
}
