//! The state of a layered cursor on a follower, and what may be trusted of it.
//!
//! It is stateful on purpose, as production ones are: both constituents stay parked between steps, and the one that
//! the last record did not come from is sought again only when the rules below say that it may be out of place.

use super::truncate::Cover;
use super::{Adopted, LayeredTable, tombstone};
use crate::backend::{Direction, Key, Timestamp, Value};
use crate::engine::checkpoint::{ImageRow, TableImage};
use crate::engine::core::Counters;
use crate::engine::cursor::access::Looked;
use crate::engine::cursor::bounds::Bounds;
use crate::engine::faults::{self, Fault};
use crate::engine::txn::{CheckpointSeq, View};
use crate::engine::version::Unresolved;
use std::sync::Arc;

/// A constituent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The node's own table of what the checkpoint lacks.
    Ingest,
    /// The checkpoint.
    Stable,
}

/// What a parked constituent was parked under. Under anything else it may be out of place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Era {
    /// The session's snapshot.
    pub snapshot_gen: u64,
    /// The read timestamp.
    pub read_ts: Timestamp,
    /// Whether the view is without a snapshot.
    pub uncommitted: bool,
    /// Whether prepared updates are passed over.
    pub ignores_prepared: bool,
    /// The session's own writes: they are visible to it at once.
    pub write_gen: u64,
    /// For a view without a snapshot: the ingest table's changes by anybody; for any other the prepared transactions that
    /// have ended: what they did appears in, or vanishes from, snapshots that were taken while they were prepared. And
    /// the truncations that have left the list: what they hid may be there again.
    pub changes: u64,
}

/// Where ingest is parked.
#[derive(Clone, Debug)]
pub struct Parked {
    /// The key.
    pub key: Key,
    /// The value there as stored; `None`: nobody knows, the update is prepared.
    pub stored: Option<Value>,
}

/// The merging cursor's own state. The key, value and bounds that the application sees are the cursor's.
#[derive(Debug, Default)]
pub struct Merge {
    /// The checkpoint that stable is bound to, which is in use as long as it is here.
    pub(super) bound: Option<Arc<Adopted>>,
    /// The number of the last one; 0: none.
    last_bound: CheckpointSeq,
    /// Where ingest is parked.
    pub(super) ingest: Option<Parked>,
    /// Where stable is parked: a row of the bound image that the view sees.
    pub(super) stable: Option<usize>,
    /// Which constituent the cursor's record came from.
    pub(super) current: Option<Side>,
    /// Both constituents are parked for moves in this direction: the one that is not current is at the first record
    /// at or beyond the current one, or nowhere if there is none.
    pub(super) parked_for: Option<Direction>,
    /// The current record is a prepared update that a walk in this direction could not pass.
    pub(super) stalled: Option<Direction>,
    /// What that holds under.
    pub(super) era: Era,
}

/// What an operation of a merging cursor works on.
pub struct Env<'a> {
    /// The table.
    pub table: &'a LayeredTable,
    /// The reader.
    pub view: View<'a>,
    /// The cursor's bounds.
    pub bounds: &'a Bounds,
    /// No later checkpoint may be bound.
    pub limit: Option<CheckpointSeq>,
    /// What the view is now.
    pub era: Era,
    /// Test coverage.
    pub counters: &'a mut Counters,
}

/// The kind of an operation, as far as binding a later checkpoint goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// next and prev.
    Iterate,
    /// Everything else.
    Other,
}

impl Env<'_> {
    /// What the view finds in a row of stable for which it has no version in ingest.
    pub(super) fn read_stable(&self, row: &ImageRow) -> Looked<Value> {
        match row.read(self.view.read_ts).map(|stored| (stored, self.table.cover(row, &self.view))) {
            Some((stored, Cover::Bare)) => Ok(Some(tombstone::decode(stored))),
            Some((_, Cover::Unresolved)) => Err(Unresolved { at: row.key.clone() }),
            Some((_, Cover::Gone)) | None => Ok(None),
        }
    }

    /// As [`Env::read_stable`], of a row that stable is parked on. Such a row is not truncated, but for faults.
    pub(super) fn read_parked(&self, row: &ImageRow) -> Looked<Value> {
        let unchecked = faults::active(Fault::E1) || faults::active(Fault::B3);
        if unchecked && self.table.cover(row, &self.view) == Cover::Gone {
            return Ok(row.read(self.view.read_ts).map(tombstone::decode));
        }
        self.read_stable(row)
    }

    /// Whether the view finds anything in such a row, be it a truncation of which nobody knows what becomes of it.
    pub(super) fn stops_at(&self, row: &ImageRow, checked: bool) -> bool {
        row.read(self.view.read_ts).is_some() && !(checked && self.table.cover(row, &self.view) == Cover::Gone)
    }
}

impl Merge {
    /// The start of every operation: binds stable, and decides what of the parked state may be trusted.
    pub fn enter(&mut self, env: &mut Env<'_>, placed: bool, access: Access) {
        if !placed {
            self.leave();
        }
        self.bind(env, placed, access);
        if self.era != env.era {
            let Era { write_gen, changes, .. } = self.era;
            if !faults::active(Fault::A2) || (write_gen, changes) != (env.era.write_gen, env.era.changes) {
                self.parked_for = None; // WT-17031: what lies ahead is another matter under another view
            }
            self.era = env.era;
        }
    }

    /// Gives up both positions. The bound checkpoint stays for the rest of the operation.
    pub fn leave(&mut self) {
        self.ingest = None;
        if !faults::active(Fault::D9) {
            self.stable = None;
        }
        self.current = None;
        self.parked_for = None;
        self.stalled = None;
    }

    /// The cursor stands nowhere: its checkpoint is no longer in use for its sake.
    #[inline]
    pub fn unbind(&mut self) {
        let keeps = faults::active(Fault::D9) || (faults::active(Fault::C8) && self.bound_seq() == Some(0));
        self.bound = self.bound.take().filter(|_| keeps).map(uncounted);
    }

    /// Makes the bound checkpoint one that is in use, if it still is adopted. For a fault.
    pub fn count_in(&mut self, table: &LayeredTable) {
        let seq = self.bound_seq();
        if let Some(adopted) = table.adopted.iter().find(|adopted| Some(adopted.seq) == seq) {
            self.bound = Some(Arc::clone(adopted));
        }
    }

    /// What lies ahead has to be sought anew from the current record.
    pub fn distrust(&mut self) {
        self.parked_for = None;
    }

    /// The number of the checkpoint that the cursor reads.
    fn bound_seq(&self) -> Option<CheckpointSeq> {
        self.bound.as_ref().map(|bound| bound.seq)
    }

    /// Binds the newest checkpoint that this operation may use.
    ///
    /// A cursor that stands nowhere takes the newest that its view allows. One that does keeps its checkpoint while
    /// its record comes from it (WT-17969), while it is stalled before a prepared update (WT-17899), and, unless history
    /// serves it from any checkpoint, as long as its snapshot lives and in the middle of an iteration.
    fn bind(&mut self, env: &mut Env<'_>, placed: bool, access: Access) {
        let Some(newest) = env.table.newest_adopted(env.limit) else {
            return;
        };
        let bound = self.bound_seq();
        if faults::active(Fault::C8) && bound == Some(0) {
            return;
        }
        if bound.is_some_and(|bound| bound >= newest.seq) {
            if placed || bound == Some(newest.seq) {
                return;
            }
        } else if placed {
            let new_view = self.era.snapshot_gen != env.era.snapshot_gen || env.view.snapshot.is_none();
            let may = env.view.read_ts != 0 || (access == Access::Other && new_view);
            let stalled = self.stalled.is_some();
            if self.current == Some(Side::Stable) || (stalled && !faults::active(Fault::A9)) || !may {
                return;
            }
            if stalled {
                self.leave();
            }
        }
        if self.last_bound != 0 && self.last_bound != newest.seq {
            env.counters.cursor_rebinds += 1;
            env.counters.rebinds_positioned += u64::from(placed);
        }
        self.last_bound = newest.seq;
        let handle = Arc::clone(newest);
        self.rebind(if faults::active(Fault::C10) && !placed { uncounted(handle) } else { handle });
    }

    /// Moves stable to another checkpoint. What lies ahead has to be sought anew from the current record: the key that
    /// stable was parked on may be gone (WT-17016), and a nearer one may be there, which ingest had until now.
    fn rebind(&mut self, newest: Arc<Adopted>) {
        if faults::active(Fault::A4) {
            self.stable = self.stable_key().and_then(|parked| newest.image.find(parked).ok());
            self.bound = Some(newest);
            return;
        }
        self.bound = Some(newest);
        self.stable = None;
        self.distrust();
    }

    /// The content that stable is bound to.
    pub fn image(&self) -> Option<&Arc<TableImage>> {
        self.bound.as_ref().map(|bound| &bound.image)
    }

    /// A row of the bound image.
    pub(super) fn row(&self, at: usize) -> Option<&ImageRow> {
        self.image()?.rows().get(at)
    }

    /// Where ingest is parked.
    pub fn ingest_key(&self) -> Option<&Key> {
        self.ingest.as_ref().map(|parked| &parked.key)
    }

    /// Whether ingest is parked on a prepared update.
    pub(super) fn ingest_is_prepared(&self) -> bool {
        self.ingest.as_ref().is_some_and(|parked| parked.stored.is_none())
    }

    /// Where stable is parked.
    pub(super) fn stable_key(&self) -> Option<&Key> {
        Some(&self.row(self.stable?)?.key)
    }
}

/// A copy of a checkpoint that does not keep it in use. For faults.
fn uncounted(adopted: Arc<Adopted>) -> Arc<Adopted> {
    Arc::new(Adopted::clone(&adopted))
}
