//! Writes on a follower: who conflicts, and where the cursor stands afterwards.

use super::merge::{Env, Merge, Parked, Side};
use super::truncate::Cover;
use super::{LayeredTable, tombstone};
use crate::backend::{Key, Timestamp, Value};
use crate::engine::checkpoint::ImageRow;
use crate::engine::cursor::access::Looked;
use crate::engine::faults::{self, Fault};
use crate::engine::version::{Found, Payload, Unresolved};

impl Merge {
    /// Whether a write to `key` would overwrite something that the view does not see.
    ///
    /// Without a read timestamp ingest decides: everything in a checkpoint that the view may bind is visible to it.
    /// With one, stable may hold a later version where ingest has been pruned (WT-17247); it is sought by key,
    /// wherever stable happens to be parked (WT-17984).
    pub fn conflicts(&mut self, env: &Env<'_>, key: &Key) -> bool {
        if let Some(chain) = env.table.ingest.chain(key) {
            return chain.conflicts(&env.view);
        }
        if !env.table.truncations.is_empty()
            && let Some(row) = self.image().and_then(|image| image.row(key))
            && env.table.is_truncated(row)
        {
            return env.table.truncation_conflicts(row, &env.view); // the truncation is the newest update
        }
        if env.view.read_ts == 0 {
            return false;
        }
        self.distrust();
        if faults::active(Fault::D9) && self.stable.is_some() {
            return self.stable.and_then(|at| self.row(at)).is_some_and(|row| row.newest.start_ts > env.view.read_ts);
        }
        self.image().and_then(|image| image.row(key)).is_some_and(|row| row.newest.start_ts > env.view.read_ts)
    }

    /// Whether the newest update of `key` is a delete, or there is none.
    pub fn is_removed(&self, env: &Env<'_>, key: &Key) -> bool {
        match env.table.ingest.chain(key).and_then(|chain| chain.versions().last()) {
            Some(newest) if faults::active(Fault::D7) && newest.txn == env.view.own => false,
            Some(newest) => matches!(&newest.payload, Payload::Put(stored) if tombstone::is_tombstone(stored)),
            None if faults::active(Fault::D1) => true,
            None => self
                .image()
                .and_then(|image| image.row(key))
                .is_none_or(|row| row.newest.value.is_none() || is_truncated(env, row)),
        }
    }

    /// The value of `key` without moving the cursor.
    pub fn peek(&self, env: &Env<'_>, key: &Key) -> Looked<Value> {
        match env.table.ingest.read(key, &env.view) {
            Found::Value(stored) if tombstone::is_tombstone(stored) => Ok(None),
            Found::Value(stored) => Ok(Some(tombstone::decode(stored))),
            Found::Prepared => Err(Unresolved { at: key.clone() }),
            Found::Nothing | Found::Deleted => match self.image().and_then(|image| image.row(key)) {
                Some(row) => env.read_stable(row),
                None => Ok(None),
            },
        }
    }

    /// The cursor's own write put `stored` under `key`, which it stands on from now on. A cursor that stood there
    /// before keeps its look-ahead, so that a walk that writes goes on as it was.
    pub fn stand_on_write(&mut self, key: &Key, stored: Value, was_there: bool, write_gen: u64) {
        if was_there {
            self.era.write_gen = write_gen;
            if faults::active(Fault::A12) && self.current == Some(Side::Ingest) {
                self.stable = None;
            }
        } else {
            self.leave();
        }
        self.ingest = Some(Parked { key: key.clone(), stored: Some(stored) });
        self.current = Some(Side::Ingest);
    }
}

/// Whether some truncation, visible or not, deletes a row of stable.
fn is_truncated(env: &Env<'_>, row: &ImageRow) -> bool {
    if faults::active(Fault::E6) { env.table.cover(row, &env.view) == Cover::Gone } else { env.table.is_truncated(row) }
}

/// Whether the newest version of `key` in the newest adopted checkpoint has a durable timestamp above `ts`. None has one
/// above that of the checkpoint, so that most often there is no need to look. A truncation counts as a version of the
/// rows that it deletes.
pub fn stable_is_above(ts: Timestamp, table: &LayeredTable, key: &Key) -> bool {
    let Some(newest) = table.newest_adopted(None) else {
        return false;
    };
    if newest.timestamp <= ts && table.truncations.is_empty() {
        return false;
    }
    newest.image.row(key).is_some_and(|row| row.newest.durable_ts > ts || table.truncated_above(ts, row))
}
