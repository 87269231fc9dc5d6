//! next and prev over both constituents. A move is made in two halves, one for each of them, so that something else can
//! happen in between.

use super::merge::{Env, Merge, Parked, Side};
use super::tombstone;
use crate::backend::{Direction, Key, Value};
use crate::engine::cursor::access::Looked;
use crate::engine::faults::{self, Fault};
use crate::engine::tree::Seen;
use crate::engine::version::Unresolved;
use std::cmp::Ordering;
use std::ops::Bound;

/// The half of a move that is still to be made: that of the second constituent.
#[derive(Clone, Debug)]
pub enum Rest {
    /// Ingest goes to its first record from there on.
    ParkIngest(Bound<Key>),
    /// Stable does.
    ParkStable(Bound<Key>),
    /// Stable goes on by one.
    StepStable,
}

impl Merge {
    /// Begins a move in `direction`, from where the cursor stands or else from the end where the walk begins: moves
    /// the first of the two constituents.
    pub fn begin_walk(&mut self, env: &Env<'_>, direction: Direction) -> Rest {
        match self.current {
            None => {
                let from = env.bounds.start(direction);
                self.park_ingest(env, from, direction);
                Rest::ParkStable(from.cloned())
            }
            Some(current) => self.begin_step(env, current, direction),
        }
    }

    /// Where a move that was interrupted begins, seen from both sides.
    fn origin(&self, rest: &Rest) -> Bound<Key> {
        match rest {
            Rest::ParkIngest(from) | Rest::ParkStable(from) => from.clone(),
            Rest::StepStable => self.stable_key().map_or(Bound::Unbounded, |key| Bound::Excluded(key.clone())),
        }
    }

    /// Ends a move that was interrupted. If what the first half was made under is no more (a truncation has left the
    /// list, say), it is made again.
    pub fn resume_walk(&mut self, env: &mut Env<'_>, direction: Direction, rest: Rest) -> Looked<(Key, Value)> {
        if self.era == env.era {
            return self.end_walk(env, direction, rest);
        }
        self.era = env.era;
        let from = self.origin(&rest);
        self.park_both(env, from.as_ref(), direction);
        self.settle(env, direction)
    }

    /// Ends the move: the record that the walk arrives at, `None` at the other end, where the cursor then stands
    /// nowhere, or the prepared update that is in its way.
    pub fn end_walk(&mut self, env: &mut Env<'_>, direction: Direction, rest: Rest) -> Looked<(Key, Value)> {
        self.end_step(env, direction, rest);
        self.settle(env, direction)
    }

    /// Parks both constituents at their first record from `from` on.
    pub(super) fn park_both(&mut self, env: &Env<'_>, from: Bound<&Key>, direction: Direction) {
        self.park_ingest(env, from, direction);
        self.park_stable(env, from, direction, !faults::active(Fault::B3));
        self.parked_for = Some(direction);
    }

    /// Chooses the nearer of the parked records, ingest's on a tie; passes over tombstones.
    pub(super) fn settle(&mut self, env: &mut Env<'_>, direction: Direction) -> Looked<(Key, Value)> {
        // Beside those in the tables there may be one that has just left ingest.
        let mut moves = env.table.ingest.len() + self.image().map_or(0, |image| image.rows().len()) + 1;
        loop {
            let Some(side) = self.nearer(env, direction) else {
                return Ok(None);
            };
            self.current = Some(side);
            match self.serve(env, side) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(unresolved) => {
                    self.stalled = Some(direction);
                    if faults::active(Fault::A5) {
                        self.leave();
                    }
                    if faults::active(Fault::A7) {
                        self.move_on(env, &unresolved.at, direction);
                    }
                    return Err(unresolved);
                }
            }
            assert!(moves > 0, "hang: a walk over tombstones has made more moves than there are records");
            moves -= 1;
            let rest = self.begin_step(env, side, direction);
            self.end_step(env, direction, rest);
        }
    }

    /// The walk goes on from where stable is, beyond the key that stopped it. For a fault.
    fn move_on(&mut self, env: &Env<'_>, stalled_at: &Key, direction: Direction) {
        if self.stable_key() == Some(stalled_at) {
            self.step_stable(env, direction);
        }
        if let Some(key) = self.stable_key().cloned() {
            self.ingest = Some(Parked { key, stored: None });
        }
    }

    /// The record that a constituent is parked on; `None`: a tombstone.
    fn serve(&mut self, env: &mut Env<'_>, side: Side) -> Looked<(Key, Value)> {
        let (key, found) = match (side, &self.ingest, self.stable.and_then(|at| self.row(at))) {
            (Side::Ingest, Some(Parked { key, stored: Some(stored) }), _) => {
                let value = (!tombstone::is_tombstone(stored)).then(|| tombstone::decode(stored));
                (key.clone(), value)
            }
            (Side::Ingest, Some(Parked { key, stored: None }), _) => return Err(Unresolved { at: key.clone() }),
            (Side::Stable, _, Some(row)) => (row.key.clone(), env.read_parked(row)?),
            _ => return Ok(None),
        };
        let served = match side {
            Side::Ingest => &mut env.counters.served_by_ingest,
            Side::Stable => &mut env.counters.served_by_stable,
        };
        *served += u64::from(found.is_some());
        Ok(found.map(|value| (key, value)))
    }

    /// Which constituent has the nearer record. If neither has one, gives up all positions.
    fn nearer(&mut self, env: &mut Env<'_>, direction: Direction) -> Option<Side> {
        let side = match (self.ingest_key(), self.stable_key()) {
            (None, None) => None,
            (Some(_), None) => Some(Side::Ingest),
            (Some(_), Some(_)) if faults::active(Fault::A10) && self.ingest_is_prepared() => Some(Side::Ingest),
            (None, Some(_)) => Some(Side::Stable),
            (Some(ingest), Some(stable)) => {
                let order = ingest.cmp(stable);
                env.counters.both_on_one_key += u64::from(order == Ordering::Equal);
                let stable_first = match direction {
                    Direction::Next => order == Ordering::Greater,
                    Direction::Prev => order == Ordering::Less,
                };
                Some(if stable_first { Side::Stable } else { Side::Ingest })
            }
        };
        if side.is_none() {
            self.leave();
        }
        side
    }

    /// Begins to move off the current record. The other constituent is sought anew unless it is known to be parked for
    /// this direction, and moves along if it is on the same key, whichever of the two is current (WT-17830).
    ///
    /// A walk that stalled at the current record, and is taken up in the same direction, looks there again.
    fn begin_step(&mut self, env: &Env<'_>, current: Side, direction: Direction) -> Rest {
        let trusted = self.parked_for == Some(direction);
        let again = self.stalled.take() == Some(direction);
        match current {
            Side::Ingest => {
                let key = self.ingest.take().map_or(Key::EMPTY, |parked| parked.key);
                let exhausted = faults::active(Fault::A1) && self.stable.is_none();
                if !trusted && !exhausted {
                    self.park_stable(env, Bound::Included(&key), direction, !faults::active(Fault::E1));
                }
                if again {
                    return Rest::ParkIngest(Bound::Included(key));
                }
                if self.stable_key() == Some(&key) {
                    self.step_stable(env, direction);
                }
                Rest::ParkIngest(Bound::Excluded(key))
            }
            Side::Stable => {
                let key = self.stable_key().cloned().unwrap_or_default();
                if !trusted {
                    self.park_ingest(env, Bound::Included(&key), direction);
                }
                if again {
                    return Rest::ParkStable(Bound::Included(key));
                }
                if self.ingest_key() == Some(&key) && !faults::active(Fault::A3) {
                    self.park_ingest(env, Bound::Excluded(&key), direction);
                }
                Rest::StepStable
            }
        }
    }

    /// Moves the second constituent. Now both are parked for `direction`.
    fn end_step(&mut self, env: &Env<'_>, direction: Direction, rest: Rest) {
        match rest {
            Rest::ParkIngest(from) => self.park_ingest(env, from.as_ref(), direction),
            Rest::ParkStable(from) => self.park_stable(env, from.as_ref(), direction, true),
            Rest::StepStable => self.step_stable(env, direction),
        }
        self.parked_for = Some(direction);
    }

    /// Parks ingest at its first record from `from` on; tombstones are records here.
    fn park_ingest(&mut self, env: &Env<'_>, from: Bound<&Key>, direction: Direction) {
        self.ingest = env
            .table
            .ingest
            .seek(from, direction, &env.view)
            .filter(|(key, _)| env.bounds.admit_end(key, direction))
            .map(|(key, seen)| {
                let stored = match seen {
                    Seen::Value(stored) => Some(stored.clone()),
                    Seen::Prepared => None,
                };
                Parked { key: key.clone(), stored }
            });
    }

    /// Parks stable at its first visible row from `from` on. `checked`: the truncate list is asked; only faults do not.
    fn park_stable(&mut self, env: &Env<'_>, from: Bound<&Key>, direction: Direction, checked: bool) {
        self.stable = self.image().and_then(|image| {
            let rows = image.rows().len();
            match direction {
                Direction::Next => match from {
                    Bound::Unbounded => Some(0),
                    Bound::Included(key) => Some(image.find(key).unwrap_or_else(|at| at)),
                    Bound::Excluded(key) => Some(image.find(key).map_or_else(|at| at, |at| at + 1)),
                },
                Direction::Prev => match from {
                    Bound::Unbounded => rows.checked_sub(1),
                    Bound::Included(key) => image.find(key).map_or_else(|at| at.checked_sub(1), Some),
                    Bound::Excluded(key) => image.find(key).unwrap_or_else(|at| at).checked_sub(1),
                },
            }
        });
        self.skip_invisible(env, direction, checked);
    }

    /// Moves stable to the next visible row.
    fn step_stable(&mut self, env: &Env<'_>, direction: Direction) {
        self.stable = self.stable.and_then(|at| beyond(at, direction));
        self.skip_invisible(env, direction, true);
    }

    /// Moves stable on to the first row that the view sees, or off the end of the table or of the bounds.
    fn skip_invisible(&mut self, env: &Env<'_>, direction: Direction, checked: bool) {
        while let Some(at) = self.stable {
            match self.row(at) {
                Some(row) if !env.bounds.admit_end(&row.key, direction) => self.stable = None,
                Some(row) if env.stops_at(row, checked) => return,
                Some(_) => self.stable = beyond(at, direction),
                None => self.stable = None,
            }
        }
    }
}

/// The index after `at`; `None` before the first (the end is noticed when the row is fetched).
fn beyond(at: usize, direction: Direction) -> Option<usize> {
    match direction {
        Direction::Next => Some(at + 1),
        Direction::Prev => at.checked_sub(1),
    }
}
