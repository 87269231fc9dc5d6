//! next and prev over both constituents.

use super::merge::{Env, Merge, Side};
use super::tombstone;
use crate::backend::{Direction, Key, Value};
use crate::engine::faults::{self, Fault};
use std::cmp::Ordering;
use std::ops::Bound;

impl Merge {
    /// The next record in `direction`, from where the cursor stands or else from the end where the walk begins.
    /// `None` at the other end: then the cursor stands nowhere.
    pub fn walk(&mut self, env: &mut Env<'_>, direction: Direction) -> Option<(Key, Value)> {
        if self.current.is_none() {
            let from = env.bounds.start(direction).map(Key::clone);
            self.park_both(env, from.as_ref(), direction);
        } else {
            self.step_current(env, direction);
        }
        self.settle(env, direction)
    }

    /// Parks both constituents at their first record from `from` on. Ingest goes first: it may refuse.
    pub(super) fn park_both(&mut self, env: &Env<'_>, from: Bound<&Key>, direction: Direction) {
        self.park_ingest(env, from, direction);
        self.park_stable(env, from, direction);
        self.parked_for = Some(direction);
    }

    /// Chooses the nearer of the parked records, ingest's on a tie; passes over tombstones.
    pub(super) fn settle(&mut self, env: &mut Env<'_>, direction: Direction) -> Option<(Key, Value)> {
        loop {
            let side = self.nearer(env, direction)?;
            self.current = Some(side);
            if side == Side::Stable {
                return self.serve_stable(env);
            }
            let (key, stored) = self.ingest.as_ref()?;
            if !tombstone::is_tombstone(stored) {
                env.counters.served_by_ingest += 1;
                return Some((key.clone(), tombstone::decode(stored)));
            }
            self.step_current(env, direction);
        }
    }

    /// The record that stable is parked on.
    pub(super) fn serve_stable(&mut self, env: &mut Env<'_>) -> Option<(Key, Value)> {
        let row = self.row(self.stable?)?;
        let value = row.read(env.view.read_ts)?;
        env.counters.served_by_stable += 1;
        Some((row.key.clone(), tombstone::decode(value)))
    }

    /// Which constituent has the nearer record. If neither has one, gives up all positions.
    fn nearer(&mut self, env: &mut Env<'_>, direction: Direction) -> Option<Side> {
        let side = match (self.ingest_key(), self.stable_key()) {
            (None, None) => None,
            (Some(_), None) => Some(Side::Ingest),
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

    /// Moves off the current record. The other constituent is sought anew unless it is known to be parked for this
    /// direction, and moves along if it is on the same key, whichever of the two is current (WT-17830).
    fn step_current(&mut self, env: &Env<'_>, direction: Direction) {
        let Some(current) = self.current else { return };
        let trusted = self.parked_for == Some(direction);
        match current {
            Side::Ingest => {
                let Some((key, _)) = self.ingest.take() else { return };
                let exhausted = faults::active(Fault::A1) && self.stable.is_none();
                if !trusted && !exhausted {
                    self.park_stable(env, Bound::Included(&key), direction);
                }
                if self.stable_key() == Some(&key) {
                    self.step_stable(env, direction);
                }
                self.park_ingest(env, Bound::Excluded(&key), direction);
            }
            Side::Stable => {
                let Some(key) = self.stable_key().cloned() else { return };
                if !trusted {
                    self.park_ingest(env, Bound::Included(&key), direction);
                }
                if self.ingest_key() == Some(&key) && !faults::active(Fault::A3) {
                    self.park_ingest(env, Bound::Excluded(&key), direction);
                }
                self.step_stable(env, direction);
            }
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
            .map(|(key, stored)| (key.clone(), stored.clone()));
    }

    /// Parks stable at its first visible row from `from` on.
    fn park_stable(&mut self, env: &Env<'_>, from: Bound<&Key>, direction: Direction) {
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
        self.skip_invisible(env, direction);
    }

    /// Moves stable to the next visible row.
    fn step_stable(&mut self, env: &Env<'_>, direction: Direction) {
        self.stable = self.stable.and_then(|at| beyond(at, direction));
        self.skip_invisible(env, direction);
    }

    /// Moves stable on to the first row that the view sees, or off the end of the table or of the bounds.
    fn skip_invisible(&mut self, env: &Env<'_>, direction: Direction) {
        while let Some(at) = self.stable {
            match self.row(at) {
                Some(row) if !env.bounds.admit_end(&row.key, direction) => self.stable = None,
                Some(row) if row.read(env.view.read_ts).is_some() => return,
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
