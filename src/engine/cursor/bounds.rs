//! A cursor's bounds.

use crate::backend::{Direction, Key, Side};
use std::ops::Bound;

/// The range that a cursor is confined to. Each end may be open, inclusive or exclusive.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The lower end.
    lower: Bound<Key>,
    /// The upper end.
    upper: Bound<Key>,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { lower: Bound::Unbounded, upper: Bound::Unbounded }
    }
}

impl Bounds {
    /// Sets one end. False, and no change, if nothing could lie within: an inverted range, or one key that is not
    /// included on both sides.
    pub fn set(&mut self, side: Side, key: &Key, inclusive: bool) -> bool {
        let end = if inclusive { Bound::Included(key.clone()) } else { Bound::Excluded(key.clone()) };
        let (lower, upper) = match side {
            Side::Lower => (&end, &self.upper),
            Side::Upper => (&self.lower, &end),
        };
        let fits = match (lower, upper) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
            (Bound::Included(lower), Bound::Included(upper)) => lower <= upper,
            (Bound::Included(lower) | Bound::Excluded(lower), Bound::Included(upper) | Bound::Excluded(upper)) => {
                lower < upper
            }
        };
        if fits {
            match side {
                Side::Lower => self.lower = end,
                Side::Upper => self.upper = end,
            }
        }
        fits
    }

    /// Whether any end is set.
    pub fn any(&self) -> bool {
        !matches!((&self.lower, &self.upper), (Bound::Unbounded, Bound::Unbounded))
    }

    /// Where a walk in `direction` begins.
    pub fn start(&self, direction: Direction) -> Bound<&Key> {
        match direction {
            Direction::Next => self.lower.as_ref(),
            Direction::Prev => self.upper.as_ref(),
        }
    }

    /// Whether a walk in `direction` that is at `key` has not run past its end.
    #[inline]
    pub fn admit_end(&self, key: &Key, direction: Direction) -> bool {
        match direction {
            Direction::Next => !self.is_above(key),
            Direction::Prev => !self.is_below(key),
        }
    }

    /// `key`, or the end that it violates; `None` if that is exclusive.
    pub fn clamp<'a>(&'a self, key: &'a Key) -> Option<&'a Key> {
        let end = if self.is_above(key) {
            &self.upper
        } else if self.is_below(key) {
            &self.lower
        } else {
            return Some(key);
        };
        if let Bound::Included(end) = end { Some(end) } else { None }
    }

    /// Whether `key` is within.
    #[inline]
    pub fn admit(&self, key: &Key) -> bool {
        !self.is_above(key) && !self.is_below(key)
    }

    /// Whether `key` is above the upper end.
    #[inline]
    pub fn is_above(&self, key: &Key) -> bool {
        match &self.upper {
            Bound::Unbounded => false,
            Bound::Included(upper) => key > upper,
            Bound::Excluded(upper) => key >= upper,
        }
    }

    /// Whether `key` is below the lower end.
    #[inline]
    pub fn is_below(&self, key: &Key) -> bool {
        match &self.lower {
            Bound::Unbounded => false,
            Bound::Included(lower) => key < lower,
            Bound::Excluded(lower) => key <= lower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_range_is_refused_and_changes_nothing() {
        let key = |text: &str| Key::from(text);
        let mut bounds = Bounds::default();
        assert!(bounds.set(Side::Lower, &key("20"), true));
        assert!(!bounds.set(Side::Upper, &key("10"), true));
        assert!(!bounds.set(Side::Upper, &key("20"), false));
        assert!(bounds.admit(&key("99")));
        assert!(bounds.set(Side::Upper, &key("20"), true));
        assert!(bounds.admit(&key("20")) && !bounds.admit(&key("21")) && !bounds.admit(&key("19")));
        assert!(!bounds.set(Side::Lower, &key("20"), false));
    }
}
