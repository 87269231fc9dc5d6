//! Timestamps: what number t's transaction is stamped with, and up to where the tables are final.

use crate::backend::Timestamp;
use crate::replay::plan::OpNumber;

/// Timestamps between one number's commit and the next one's: room for those of a prepared transaction.
const STRIDE: u64 = 4;

/// From operation numbers to timestamps. Number 0 has one, too: the state before the first operation can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock;

impl Clock {
    /// At which number `t` commits.
    #[inline]
    pub fn commit(self, t: OpNumber) -> Timestamp {
        STRIDE * (t + 1)
    }

    /// At which it is prepared, if it is: above all that is final when it runs.
    pub fn prepare(self, t: OpNumber) -> Timestamp {
        self.commit(t) - 2
    }

    /// At which it is rolled back, if that needs a timestamp: above the prepare timestamp, and no commit's.
    pub fn rollback(self, t: OpNumber) -> Timestamp {
        self.commit(t) - 1
    }

    /// From when on a prepared transaction is durable.
    pub fn durable(self, t: OpNumber) -> Timestamp {
        self.commit(t) + 1
    }

    /// Who reads here sees numbers 1 to `t` and nothing else. It is the stable timestamp when they are all done.
    #[inline]
    pub fn after(self, t: OpNumber) -> Timestamp {
        self.durable(t)
    }

    /// The last number that one who reads at `at` sees; the inverse of [`Clock::after`] and [`Clock::commit`].
    pub fn number(self, at: Timestamp) -> OpNumber {
        (at / STRIDE).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_neighbours_keep_their_order() {
        let clock = Clock;
        for t in 1..100 {
            let stamps = [clock.after(t - 1), clock.prepare(t), clock.rollback(t), clock.commit(t), clock.durable(t)];
            assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
            assert!(clock.after(t) < clock.prepare(t + 1));
            assert_eq!([clock.number(clock.commit(t)), clock.number(clock.after(t))], [t, t]);
        }
    }
}
