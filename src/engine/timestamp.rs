//! A node's global timestamps: oldest and stable, with their checks, and durable.

use crate::backend::{Code, Timestamp};

/// Oldest, stable and durable; 0 while unset.
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalTimestamps {
    /// Nobody may begin to read below.
    pub oldest: Timestamp,
    /// Everything at or below is final and goes into the next checkpoint.
    pub stable: Timestamp,
    /// The largest durable timestamp of a committed transaction.
    pub durable: Timestamp,
}

impl GlobalTimestamps {
    /// `set_timestamp`: none may be 0, oldest and stable may not move backwards, nor oldest pass stable. All or nothing.
    pub fn set(&mut self, oldest: Option<Timestamp>, stable: Option<Timestamp>, durable: Option<Timestamp>) -> Code {
        let backwards = |new: Option<Timestamp>, now| new.is_some_and(|new| new == 0 || new < now);
        if backwards(oldest, self.oldest) || backwards(stable, self.stable) || durable == Some(0) {
            return Code::Invalid;
        }
        let (new_oldest, new_stable) = (oldest.unwrap_or(self.oldest), stable.unwrap_or(self.stable));
        if new_stable != 0 && new_oldest > new_stable {
            return Code::Invalid;
        }
        (self.oldest, self.stable) = (new_oldest, new_stable);
        self.durable = durable.unwrap_or(self.durable);
        Code::Ok
    }

    /// Whether a transaction may commit at `ts`: after stable, not before oldest.
    pub fn may_commit_at(&self, ts: Timestamp) -> bool {
        ts > self.stable && ts >= self.oldest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_is_all_or_nothing_and_never_backwards() {
        let mut ts = GlobalTimestamps::default();
        assert_eq!(ts.set(Some(0), None, None), Code::Invalid);
        assert_eq!(ts.set(Some(7), None, None), Code::Ok);
        assert_eq!(ts.set(None, Some(6), None), Code::Invalid);
        assert_eq!(ts.set(Some(9), Some(8), None), Code::Invalid);
        assert_eq!(ts.set(Some(8), Some(9), None), Code::Ok);
        assert_eq!(ts.set(Some(7), Some(10), None), Code::Invalid);
        assert_eq!((ts.oldest, ts.stable), (8, 9));
        assert!(!ts.may_commit_at(9) && ts.may_commit_at(10));
    }
}
