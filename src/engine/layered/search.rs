//! Point and nearest reads over both constituents.

use super::merge::{Env, Merge, Parked, Side};
use super::tombstone;
use crate::backend::{Direction, Key, Value};
use crate::engine::cursor::access::Looked;
use crate::engine::faults::{self, Fault};
use crate::engine::version::{Found, Unresolved};
use std::ops::Bound;

impl Merge {
    /// What ingest has to say about `key`: the first half of a point read. `None`: nothing, stable has to be asked.
    /// The constituent that does not serve stands nowhere afterwards.
    pub fn search_ingest(&mut self, env: &mut Env<'_>, key: &Key) -> Option<Looked<Value>> {
        self.leave();
        match env.table.ingest.read(key, &env.view) {
            Found::Value(stored) if tombstone::is_tombstone(stored) => Some(Ok(None)),
            Found::Value(stored) => {
                let value = tombstone::decode(stored);
                self.ingest = Some(Parked { key: key.clone(), stored: Some(stored.clone()) });
                self.current = Some(Side::Ingest);
                env.counters.served_by_ingest += 1;
                Some(Ok(Some(value)))
            }
            Found::Prepared => Some(Err(Unresolved { at: key.clone() })),
            Found::Nothing | Found::Deleted => None,
        }
    }

    /// What stable has under `key`, of which ingest has no version that the view sees: the second half.
    pub fn search_stable(&mut self, env: &mut Env<'_>, key: &Key) -> Looked<Value> {
        let Some(at) = self.image().and_then(|image| image.find(key).ok()) else {
            return Ok(None);
        };
        let found = self.row(at).map_or(Ok(None), |row| env.read_stable(row))?;
        if found.is_some() {
            self.stable = Some(at);
            self.current = Some(Side::Stable);
            env.counters.served_by_stable += 1;
        }
        Ok(found)
    }

    /// The first record from `from` on in `direction`: one half of `search_near`. After a plain choice the other
    /// constituent stands nowhere; after a walk off tombstones both stay parked for its direction.
    pub fn land(&mut self, env: &mut Env<'_>, from: Bound<&Key>, direction: Direction) -> Looked<(Key, Value)> {
        self.leave();
        self.park_both(env, from, direction);
        if faults::active(Fault::B1) && self.ingest.is_none() {
            self.stable = None;
        }
        let first = self.ingest_key().cloned();
        let Some(found) = self.settle(env, direction)? else {
            return Ok(None);
        };
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
        Ok(Some(found))
    }
}
