//! Reads: search, search_near, next, prev, largest_key.

use super::access::Looked;
use super::{Ctx, Cursor};
use crate::backend::{Code, Direction, Format, Isolation, Key, Point, Value};
use crate::engine::core::{Role, Table};
use crate::engine::faults::{self, Fault};
use crate::engine::version::Unresolved;
use std::ops::Bound;

impl Cursor {
    /// `search`.
    ///
    /// A cursor that stands somewhere looks first under the snapshot that its place holds, and only if the key is not
    /// there gives up its place, and with it perhaps the snapshot, to look again. At read-committed it gives up first.
    pub fn search(&mut self, ctx: &mut Ctx<'_>) -> Code {
        let Some(key) = self.key.get().cloned() else {
            return Code::Invalid;
        };
        if faults::active(Fault::A6) && self.merges(ctx) && self.peek(ctx, &key).is_err() {
            self.stays(); // even where it stood
            return Code::PrepareConflict;
        }
        match self.find(ctx, &key) {
            Ok(Some(value)) => {
                self.landed(ctx, key, value);
                Code::Ok
            }
            Ok(None) => {
                self.sought_in_vain(ctx);
                Code::NotFound
            }
            Err(Unresolved { .. }) => {
                self.sought_in_vain(ctx);
                Code::PrepareConflict
            }
        }
    }

    /// Looks `key` up by the rules of `search`; the place is given up unless it held the answer.
    fn find(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<Value> {
        if !self.bounds.admit(key) {
            return Ok(None);
        }
        if self.looks_under_held_snapshot(ctx) {
            if let Some(value) = self.lookup(ctx, key)? {
                return Ok(Some(value));
            }
            ctx.pass(Point::SearchMissed);
        }
        self.leave(ctx);
        ctx.ensure_snapshot();
        match self.lookup(ctx, key)? {
            None => Ok(self.implicit(ctx, key)),
            found => Ok(found),
        }
    }

    /// Whether a new search would otherwise lose the snapshot that the cursor's place holds.
    fn looks_under_held_snapshot(&self, ctx: &Ctx<'_>) -> bool {
        self.placed && ctx.txn.has_snapshot && !ctx.txn.running && ctx.txn.isolation == Isolation::Snapshot
    }

    /// `search_near`: the record itself, else the next larger one, else the next smaller one, all within the bounds.
    /// A key outside the bounds is moved to the end that it violates. Answers with the sign of exact.
    pub fn search_near(&mut self, ctx: &mut Ctx<'_>) -> (Code, i8) {
        let Some(key) = self.key.get().cloned() else {
            return (Code::Invalid, 0);
        };
        match self.find_near(ctx, &key) {
            Ok(Some((found, value))) => {
                let exact = found.cmp(&key) as i8;
                self.landed(ctx, found, value);
                (Code::Ok, exact)
            }
            Ok(None) => {
                self.sought_in_vain(ctx);
                (Code::NotFound, 0)
            }
            Err(Unresolved { .. }) => {
                self.sought_in_vain(ctx);
                (Code::PrepareConflict, 0)
            }
        }
    }

    /// Looks for `key` or a neighbour; the place is given up unless it held the very record.
    /// On a column store it is given up first in any case.
    fn find_near(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<(Key, Value)> {
        if self.looks_under_held_snapshot(ctx) && !self.format.is_column() {
            if let Some(found) = self.under_held_snapshot(ctx, key)? {
                return Ok(Some(found));
            }
            ctx.pass(Point::SearchMissed);
        }
        self.leave(ctx);
        ctx.ensure_snapshot();
        self.nearest(ctx, key)
    }

    /// The record that the key, moved into the bounds, is the key of, if the snapshot that the place holds has it.
    fn under_held_snapshot(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<(Key, Value)> {
        let Some(target) = self.bounds.clamp(key).cloned() else {
            return Ok(None);
        };
        Ok(self.lookup(ctx, &target)?.map(|value| (target, value)))
    }

    fn nearest(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<(Key, Value)> {
        if self.format == Format::Fixed {
            return self.nearest_fixed(ctx, key);
        }
        if self.bounds.is_above(key) {
            let from = self.bounds.start(Direction::Prev).cloned();
            return self.land(ctx, from.as_ref(), Direction::Prev);
        }
        if self.bounds.is_below(key) {
            let from = self.bounds.start(Direction::Next).cloned();
            return self.land(ctx, from.as_ref(), Direction::Next);
        }
        match self.land(ctx, Bound::Included(key), Direction::Next)? {
            Some(found) => Ok(Some(found)),
            None => self.land(ctx, Bound::Excluded(key), Direction::Prev),
        }
    }

    /// `next` and `prev`: from the place that the cursor holds, whatever key was set meanwhile.
    pub fn iterate(&mut self, ctx: &mut Ctx<'_>, direction: Direction) -> Code {
        ctx.ensure_snapshot();
        let found = self.walk(ctx, direction);
        self.arrive(ctx, direction, found)
    }

    /// The end of a move: on a record, before a prepared update, or nowhere.
    #[inline]
    fn arrive(&mut self, ctx: &mut Ctx<'_>, direction: Direction, found: Looked<(Key, Value)>) -> Code {
        match found {
            Ok(Some((key, value))) => {
                self.landed(ctx, key, value);
                Code::Ok
            }
            Ok(None) => {
                self.emptied(ctx);
                Code::NotFound
            }
            Err(Unresolved { at }) => {
                ctx.pass(Point::Stalled);
                self.stalled(ctx, at, direction);
                Code::PrepareConflict
            }
        }
    }

    /// `next` of a random cursor: the record at or after a place that `draw` picks, else the first one.
    ///
    /// On a follower the place is picked among stable's keys, if there are any, as WiredTiger does.
    pub fn next_random(&mut self, ctx: &mut Ctx<'_>, draw: u64) -> Code {
        self.leave(ctx);
        ctx.ensure_snapshot();
        let found = self.jump(ctx, draw);
        self.arrive(ctx, Direction::Next, found)
    }

    fn jump(&mut self, ctx: &mut Ctx<'_>, draw: u64) -> Looked<(Key, Value)> {
        if let Some(place) = self.pick(ctx, draw)
            && let Some(found) = self.land(ctx, Bound::Included(&place), Direction::Next)?
        {
            return Ok(Some(found));
        }
        self.land(ctx, Bound::Unbounded, Direction::Next)
    }

    /// A key of the table, visible or not.
    fn pick(&self, ctx: &Ctx<'_>, draw: u64) -> Option<Key> {
        let from_tree = |tree: &crate::engine::tree::Tree| {
            let rows = tree.len() as u64;
            (rows != 0).then(|| tree.rows().nth((draw % rows) as usize).map(|(key, _)| key.clone())).flatten()
        };
        match &ctx.node.core.tables[self.table.0] {
            Table::Plain(tree) | Table::Fixed(tree) => from_tree(tree),
            Table::Layered(layered) if ctx.node.core.role == Role::Leader => from_tree(&layered.live),
            Table::Layered(layered) => {
                let limit = ctx.node.core.registrations[ctx.session].newest_checkpoint;
                let rows = layered.newest_adopted(limit).map_or(&[][..], |adopted| adopted.image.rows());
                match rows.len() as u64 {
                    0 => from_tree(&layered.ingest),
                    count => Some(rows[(draw % count) as usize].key.clone()),
                }
            }
        }
    }

    /// `largest_key`: physical, so removed and invisible keys count. With bounds it is refused.
    pub fn largest_key(&mut self, ctx: &mut Ctx<'_>) -> Code {
        self.emptied(ctx);
        if self.bounds.any() {
            return Code::Invalid;
        }
        // It minds no snapshot, but takes one as every read does; other cursors of the session may hold it by their places.
        ctx.ensure_snapshot();
        let largest = match &ctx.node.core.tables[self.table.0] {
            Table::Plain(tree) | Table::Fixed(tree) => tree.largest(),
            Table::Layered(layered) if ctx.node.core.role == Role::Leader => layered.live.largest(),
            Table::Layered(layered) => {
                let limit = ctx.node.core.registrations[ctx.session].newest_checkpoint;
                let stable = layered.newest_adopted(limit).and_then(|adopted| adopted.image.rows().last());
                stable.map(|row| &row.key).max(layered.ingest.largest())
            }
        };
        let largest = largest.cloned();
        ctx.release_loose_snapshot();
        match largest {
            Some(key) => {
                self.has_largest(key);
                Code::Ok
            }
            None => Code::NotFound,
        }
    }
}
