//! Random draws of a plan: any number of independent streams, each of which can be started anew at any time.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of draws is for. Streams of different purposes have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Table and kind of each operation; one stream, read at the operation's number.
    Head,
    /// Which key an operation works on, and whether it is prepared; one stream per number.
    Choice,
    /// What a number writes; one stream per number.
    Value,
    /// What a table has before the first number; one stream per key.
    Bulk(u16),
    /// What leaves no trace in the tables: attempts that are rolled back, read timestamps; one stream per number.
    Extra,
    /// Who runs when, and what goes wrong; one stream per schedule.
    Schedule,
}

impl Purpose {
    fn code(self) -> u64 {
        match self {
            Purpose::Head => 0,
            Purpose::Choice => 1,
            Purpose::Value => 2,
            Purpose::Extra => 3,
            Purpose::Schedule => 4,
            Purpose::Bulk(table) => 1 << 32 | u64::from(table),
        }
    }
}

/// A stream of draws. The same seed, purpose and number give the same draws everywhere.
///
/// Seed and purpose are the key of a ChaCha cipher, the number is its nonce: there is no pair of seeds, and no pair of
/// numbers, whose draws resemble each other. (To combine seed and number by exclusive or would make the runs of
/// neighbouring seeds permutations of each other.)
#[derive(Clone, Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// Stream `number` of a purpose.
    #[inline]
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = *b"________________lockstep replay.";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.code().to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(number);
        Draws(rng)
    }

    /// Goes to the draw with this index; each call of [`Draws::below`] is one.
    #[inline]
    pub fn seek(&mut self, index: u64) {
        self.0.set_word_pos(2 * u128::from(index));
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 if that is 0. No value is likelier than another by more than one in 2^64 / `bound`.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A span from 1 to `most`, about equally likely in each power of two; 1 if `most` is 0.
    pub fn span(&mut self, most: u64) -> u64 {
        let bits = u64::from(most.max(1).ilog2()) + 1;
        let top = 1 << self.below(bits);
        (1 + self.below(top)).min(most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_independent_and_repeatable() {
        let first = |seed, purpose, number| Draws::new(seed, purpose, number).bits();
        assert_eq!(first(1, Purpose::Choice, 5), first(1, Purpose::Choice, 5));
        let mut all = vec![first(1, Purpose::Bulk(0), 5), first(1, Purpose::Bulk(1), 5), first(1, Purpose::Head, 5)];
        all.extend((0..8).flat_map(|seed| (0..8).map(move |number| first(seed, Purpose::Choice, number))));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 67);
    }

    #[test]
    fn a_stream_can_be_read_from_anywhere() {
        let mut draws = Draws::new(7, Purpose::Head, 0);
        let all: Vec<_> = (0..200).map(|_| draws.bits()).collect();
        for index in [0, 1, 31, 32, 33, 127, 199] {
            draws.seek(index);
            assert_eq!(draws.bits(), all[index as usize]);
        }
    }

    #[test]
    fn bounds_are_kept() {
        let mut draws = Draws::new(3, Purpose::Extra, 0);
        assert_eq!(draws.below(0), 0);
        assert!((0..1000).all(|_| draws.below(7) < 7));
        assert!((0..1000).all(|_| (1..=100).contains(&draws.span(100))));
        assert_eq!(draws.span(0), 1);
    }
}
