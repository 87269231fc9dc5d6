//! In which situation something happened to a node: what makes an event hard to survive.

use crate::backend::{Reply, Who};
use crate::program::Config;

/// What the sessions of a program were doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether a cursor stood on a record.
    pub positioned: bool,
    /// Whether a cursor's walk was stopped by a prepared update.
    pub stalled: bool,
    /// Whether a session had a transaction running.
    pub in_transaction: bool,
    /// Which cursors held a place.
    pub placed: Cursors,
}

impl Situation {
    /// Whether any cursor held a place.
    pub fn any_placed(&self) -> bool {
        self.placed != Cursors::default()
    }

    /// Takes the state of a cursor in.
    pub(super) fn add(&mut self, who: Who, state: &Reply) {
        if state.placed {
            self.positioned |= state.key.is_internal();
            self.stalled |= state.key.get().is_none();
            self.placed.set(who, true);
        }
    }
}

/// Some of the cursors of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors(u16);

const _: () = assert!(Config::MAX_SESSIONS as u32 * Config::MAX_CURSORS as u32 <= u16::BITS);

impl Cursors {
    /// Takes a cursor in, or out.
    #[inline]
    pub fn set(&mut self, who: Who, on: bool) {
        let bit = 1 << (who.session * Config::MAX_CURSORS + who.cursor);
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }

    /// Whether the two have a cursor in common.
    pub fn meets(self, other: Cursors) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Code, Field};

    #[test]
    fn a_situation_is_the_sum_of_the_cursors() {
        let (first, last) = (Who::default(), Who { session: 3, cursor: 2 });
        let mut situation = Situation::default();
        situation.add(first, &Reply::code(Code::Ok));
        assert!(!situation.any_placed());
        situation.add(last, &Reply { placed: true, ..Reply::code(Code::Ok) });
        assert!(situation.any_placed() && situation.stalled && !situation.positioned);
        situation.add(first, &Reply { placed: true, key: Field::Internal("k".into()), ..Reply::code(Code::Ok) });
        assert!(situation.positioned);
        let mut walking = Cursors::default();
        walking.set(last, true);
        assert!(walking.meets(situation.placed));
        walking.set(last, false);
        assert!(!walking.meets(situation.placed));
    }
}
