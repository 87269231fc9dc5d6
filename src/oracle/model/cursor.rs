//! A cursor: what it remembers between calls, and the table of effects that a call may have on it.
//!
//! The cursor is stateless below its interface: its place is a key, and every step is a search from that key.

use crate::backend::{CursorConfig, Direction, Field, Key, Side, Value};
use std::cmp::Ordering;
use std::ops::Bound;

/// One end of the bounds.
#[derive(Debug)]
struct Edge {
    key: Key,
    inclusive: bool,
}

/// The range of keys that a cursor shows.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    lower: Option<Edge>,
    upper: Option<Edge>,
}

impl Bounds {
    /// Whether any end is set.
    pub fn any(&self) -> bool {
        self.lower.is_some() || self.upper.is_some()
    }

    /// The end that `key` lies beyond. An end that is not inclusive has its own key beyond it.
    pub fn violated_by(&self, key: &Key) -> Option<Side> {
        let beyond = |edge: &Option<Edge>, outside: Ordering| {
            edge.as_ref().is_some_and(|edge| {
                let order = key.cmp(&edge.key);
                order == outside || (order == Ordering::Equal && !edge.inclusive)
            })
        };
        if beyond(&self.lower, Ordering::Less) {
            Some(Side::Lower)
        } else if beyond(&self.upper, Ordering::Greater) {
            Some(Side::Upper)
        } else {
            None
        }
    }

    /// Whether the cursor may show `key`.
    pub fn contain(&self, key: &Key) -> bool {
        self.violated_by(key).is_none()
    }

    /// The key of an end, if that is set.
    pub fn key(&self, side: Side) -> Option<&Key> {
        let edge = match side {
            Side::Lower => &self.lower,
            Side::Upper => &self.upper,
        };
        edge.as_ref().map(|edge| &edge.key)
    }

    /// Where a walk away from an end begins.
    pub fn start(&self, side: Side) -> Bound<&Key> {
        let edge = match side {
            Side::Lower => &self.lower,
            Side::Upper => &self.upper,
        };
        match edge {
            None => Bound::Unbounded,
            Some(Edge { key, inclusive: true }) => Bound::Included(key),
            Some(Edge { key, inclusive: false }) => Bound::Excluded(key),
        }
    }

    /// Sets one end, replacing it if it was set. Refused (`false`) if the range would be inverted, or holds but
    /// one key and not both ends are inclusive.
    pub fn set(&mut self, side: Side, key: Key, inclusive: bool) -> bool {
        let (other, inverted) = match side {
            Side::Lower => (&self.upper, Ordering::Greater),
            Side::Upper => (&self.lower, Ordering::Less),
        };
        if let Some(other) = other {
            let order = key.cmp(&other.key);
            if order == inverted || (order == Ordering::Equal && !(inclusive && other.inclusive)) {
                return false;
            }
        }
        let edge = Some(Edge { key, inclusive });
        match side {
            Side::Lower => self.lower = edge,
            Side::Upper => self.upper = edge,
        }
        true
    }
}

/// A cursor.
#[derive(Debug)]
pub(super) struct Cursor {
    /// What `get_key` would say.
    pub key: Field,
    /// What `get_value` would say.
    pub value: Field,
    /// Where it stands in the table. It may stand where nothing is (any more).
    pub place: Option<Key>,
    /// The direction of the walk that met a prepared update at the place, and has yet to see what comes of it.
    pub stalled: Option<Direction>,
    /// What it shows.
    pub bounds: Bounds,
    /// How it was opened.
    pub config: CursorConfig,
    /// Grows with every opening of any cursor.
    pub opened: u64,
}

/// What a call does to its cursor. K is the key, V the value, P the place; I is internal, E external, - unset.
/// "I dropped" means that an internal value is unset and an external one stays.
///
/// | effect | K | V | P | of |
/// |---|---|---|---|---|
/// | `Stand(k, v)` | I(k) | I(v) | at k | search, search_near, next, prev, update, modify, reserve: done |
/// | `StandBare` | I(k), its key | - | its key | positioned remove: done |
/// | `Clear` | - | - | none | insert, unpositioned remove: done; next, prev: the end; reset; truncate; largest_key: empty, bounds set or prepared |
/// | `Name(k)` | E(k) | - | none | largest_key: done; next, prev from a bound k: a prepared update is in the way |
/// | `Miss` | E | I dropped | none | search, search_near: nothing there, or a prepared update in the way; unpositioned remove: any failure; insert, update, reserve, modify: out of bounds; modify: absent |
/// | `Return` | E | E | none | insert, update, reserve: conflict, not supported, absent |
/// | `ReturnWith(v)` | E | E(v) | none | insert: the duplicate's value; modify: conflict |
/// | `Unseat` | - | I dropped | none | positioned remove: any failure |
/// | `Stall(k, d)` | - | - | at k, stalled in direction d | next, prev: a prepared update is in the way at k |
#[derive(Debug)]
pub(super) enum Effect {
    Stand(Key, Value),
    StandBare,
    Clear,
    Name(Key),
    Miss,
    Return,
    ReturnWith(Value),
    Unseat,
    Stall(Key, Direction),
}

impl Cursor {
    /// A cursor as it is after opening.
    pub fn new(config: CursorConfig, opened: u64) -> Self {
        let bounds = Bounds::default();
        Cursor { key: Field::Unset, value: Field::Unset, place: None, stalled: None, bounds, config, opened }
    }

    /// Whether its key is that of the record it stands on: writes need no search.
    pub fn is_positioned(&self) -> bool {
        self.key.is_internal()
    }

    /// Carries out an effect.
    pub fn apply(&mut self, effect: Effect) {
        self.stalled = None;
        match effect {
            Effect::Stand(key, value) => {
                self.place = Some(key.clone());
                self.key = Field::Internal(key);
                self.value = Field::Internal(value);
                return;
            }
            Effect::StandBare => {
                let key = self.key.get().expect("the key of a write is set").clone();
                self.place = Some(key.clone());
                self.key = Field::Internal(key);
                self.value = Field::Unset;
                return;
            }
            Effect::Clear => {
                self.key = Field::Unset;
                self.value = Field::Unset;
            }
            Effect::Name(key) => {
                self.key = Field::External(key);
                self.value = Field::Unset;
            }
            Effect::Miss => {
                copy_out(&mut self.key);
                drop_internal(&mut self.value);
            }
            Effect::Return => {
                copy_out(&mut self.key);
                copy_out(&mut self.value);
            }
            Effect::ReturnWith(value) => {
                copy_out(&mut self.key);
                self.value = Field::External(value);
            }
            Effect::Unseat => {
                self.key = Field::Unset;
                drop_internal(&mut self.value);
            }
            Effect::Stall(key, direction) => {
                self.place = Some(key);
                self.stalled = Some(direction);
                self.key = Field::Unset;
                self.value = Field::Unset;
                return;
            }
        }
        self.place = None;
    }

    /// Gives up the place and nothing else.
    pub fn leave_place(&mut self) {
        self.place = None;
        self.stalled = None;
    }

    /// Makes an internal value the cursor's own, so that it outlives the snapshot it was read with.
    pub fn copy_value(&mut self) {
        copy_out(&mut self.value);
    }
}

/// Internal becomes external.
fn copy_out(field: &mut Field) {
    if let Field::Internal(bytes) = field {
        *field = Field::External(std::mem::take(bytes));
    }
}

/// Internal becomes unset.
fn drop_internal(field: &mut Field) {
    if field.is_internal() {
        *field = Field::Unset;
    }
}
