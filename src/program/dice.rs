//! Random draws: a seeded ChaCha stream and tables of weights.

use super::ops::{Op, OpKind};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws. The same seed gives the same draws everywhere.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    /// One of several independent streams of a seed.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Dice(rng)
    }

    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number below `bound`; 0 if that is 0.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(bound)) >> 32) as u32
    }

    /// An index below `bound`.
    #[inline]
    pub fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u32) as usize
    }

    /// A number from `low` to `high`.
    #[inline]
    pub fn range(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of 100 draws.
    #[inline]
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A number from `low` to `high`, equally likely in each power of two.
    pub fn log_uniform(&mut self, low: u32, high: u32) -> u32 {
        let (from, to) = (low.max(1).ilog2(), high.max(1).ilog2());
        let exponent = self.range(from, to);
        self.range(1 << exponent, (2 << exponent) - 1).clamp(low, high)
    }

    /// An index, each with its weight; 0 if all weights are 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            if rest < weight {
                return index;
            }
            rest -= weight;
        }
        0
    }
}

/// Weights laid out so that a draw is one look-up. Every weight that is not zero has at least one of the `N` places.
pub(super) struct Table<const N: usize>([OpKind; N]);

impl<const N: usize> Table<N> {
    pub fn new(weights: &[u32; Op::COUNT]) -> Self {
        let on: Vec<_> = OpKind::ALL.into_iter().filter(|&kind| weights[kind as usize] > 0).collect();
        let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        let mut places = [OpKind::Next; N];
        let shared = (N - on.len()) as u64;
        let (mut place, mut sum) = (0, 0);
        for (index, &kind) in on.iter().enumerate() {
            sum += u64::from(weights[kind as usize]);
            let end = (sum * shared / total) as usize + index + 1;
            places[place..end].fill(kind);
            place = end;
        }
        Table(places)
    }

    #[inline]
    pub fn at(&self, place: usize) -> OpKind {
        self.0[place % N]
    }

    #[inline]
    pub fn draw(&self, dice: &mut Dice) -> OpKind {
        self.0[dice.index(N)]
    }
}
