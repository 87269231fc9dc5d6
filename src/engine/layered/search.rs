//! Point and nearest reads over both constituents.

use super::merge::{Env, Merge, Side};
use super::tombstone;
use crate::backend::{Direction, Key, Value};
use crate::engine::faults::{self, Fault};
use crate::engine::version::Found;
use std::ops::Bound;

impl Merge {
    /// The value of `key`, from ingest if it has a version that the view sees, else from stable. The constituent that
    /// did not serve stands nowhere afterwards.
    pub fn search(&mut self, env: &mut Env<'_>, key: &Key) -> Option<Value> {
        self.leave();
        match env.table.ingest.read(key, &env.view) {
            Found::Value(stored) if tombstone::is_tombstone(stored) => None,
            Found::Value(stored) => {
                let value = tombstone::decode(stored);
                self.ingest = Some((key.clone(), stored.clone()));
                self.current = Some(Side::Ingest);
                env.counters.served_by_ingest += 1;
                Some(value)
            }
            Found::Nothing | Found::Deleted => {
                let at = self.image()?.find(key).ok()?;
                let value = tombstone::decode(self.row(at)?.read(env.view.read_ts)?);
                self.stable = Some(at);
                self.current = Some(Side::Stable);
                env.counters.served_by_stable += 1;
                Some(value)
            }
        }
    }

    /// The first record from `from` on in `direction`: one half of `search_near`. After a plain choice the other
    /// constituent stands nowhere; after a walk off tombstones both stay parked for its direction.
    pub fn land(&mut self, env: &mut Env<'_>, from: Bound<&Key>, direction: Direction) -> Option<(Key, Value)> {
        self.leave();
        self.park_both(env, from, direction);
        if faults::active(Fault::B1) && self.ingest.is_none() {
            self.stable = None;
        }
        let first = self.ingest_key().cloned();
        let found = self.settle(env, direction)?;
        let walked = first.is_some_and(|first| match direction {
            Direction::Next => first < found.0,
            Direction::Prev => first > found.0,
        });
        if !walked {
            match self.current {
                Some(Side::Ingest) => self.stable = None,
                _ => self.ingest = None,
            }
            self.parked_for = None;
        } else if faults::active(Fault::B2) && direction == Direction::Next {
            self.parked_for = Some(Direction::Prev);
        }
        Some(found)
    }
}
