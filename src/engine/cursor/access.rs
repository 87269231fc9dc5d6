//! How a cursor reaches its table's data: one live tree (plain tables, and stable on a leader), or the merge of a
//! follower's layered table. Nothing here touches what the application sees of the cursor.

use super::{Ctx, Cursor, fixed};
use crate::backend::{Direction, Field, Isolation, Key, Point, Timestamp, Value};
use crate::engine::core::{Core, Role, Table, TableId};
use crate::engine::faults::{self, Fault};
use crate::engine::layered::merge::{Access, Env, Era};
use crate::engine::layered::{tombstone, write as follower_write};
use crate::engine::tree::{Pushed, Seen, Tree};
use crate::engine::txn::{Outcome, TxnId, TxnOp, View, WriteKind};
use crate::engine::version::{Chain, Found, Payload, Unresolved, Version};
use std::ops::Bound;

/// What a search comes to: a record, nothing, or a prepared update in the way.
pub type Looked<T> = Result<Option<T>, Unresolved>;

/// What a write does to a key, before any encoding.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// Gives it a value.
    Put(&'a Value),
    /// Deletes it.
    Delete,
    /// Keeps others away.
    Reserve,
}

/// A table, seen from its node's role.
enum Data<'a> {
    /// One tree. `encoded`: its values are stored encoded.
    Live { tree: &'a Tree, encoded: bool },
    /// A fixed-length table.
    Fixed(&'a Tree),
    /// Ingest before stable.
    Merged(Env<'a>),
}

/// The table of a cursor as `ctx` sees it.
#[inline]
fn open<'a>(table: TableId, bounds: &'a super::Bounds, ctx: &'a mut Ctx<'_>) -> (Data<'a>, View<'a>) {
    let Core { role, tables, counters, registrations, resolutions, .. } = &mut ctx.node.core;
    let view = ctx.txn.view();
    let data = match (&tables[table.0], *role) {
        (Table::Plain(tree), _) => Data::Live { tree, encoded: false },
        (Table::Fixed(tree), _) => Data::Fixed(tree),
        (Table::Layered(layered), Role::Leader) => Data::Live { tree: &layered.live, encoded: true },
        (Table::Layered(layered), Role::Follower) => {
            let era = Era {
                snapshot_gen: ctx.txn.snapshot_gen,
                read_ts: view.read_ts,
                uncommitted: view.snapshot.is_none(),
                ignores_prepared: view.ignores_prepared,
                write_gen: ctx.txn.write_gen,
                changes: layered.pruned_truncations
                    + if view.snapshot.is_none() { layered.ingest.changes() } else { *resolutions },
            };
            let limit = registrations[ctx.session].newest_checkpoint;
            Data::Merged(Env { table: layered, view, bounds, limit, era, counters })
        }
    };
    (data, view)
}

impl Cursor {
    /// The value of `key`. A merging cursor's constituents move there; if the key is absent they stand nowhere.
    /// In a fixed-length table only what somebody wrote counts: see [`Cursor::implicit`].
    pub(super) fn lookup(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<Value> {
        let armed = ctx.is_armed(Point::IngestProbed);
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => return read_live(tree, encoded, key, &view),
            (Data::Fixed(tree), view) => return read_live(tree, false, key, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                if let Some(looked) = self.merge.search_ingest(&mut env, key) {
                    return looked;
                }
                if !armed {
                    return self.merge.search_stable(&mut env, key);
                }
            }
        }
        ctx.pass(Point::IngestProbed);
        match open(self.table, &self.bounds, ctx) {
            (Data::Merged(mut env), _) => self.merge.search_stable(&mut env, key),
            (Data::Live { tree, encoded }, view) => read_live(tree, encoded, key, &view),
            (Data::Fixed(tree), view) => read_live(tree, false, key, &view),
        }
    }

    /// The value of `key`, without moving anything. In a fixed-length table there is one up to its end.
    pub fn peek(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<Value> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => read_live(tree, encoded, key, &view),
            (Data::Fixed(tree), view) => fixed::read(tree, key, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.peek(&env, key)
            }
        }
    }

    /// The first record from `from` on in `direction`, within the bounds.
    pub(super) fn land(&mut self, ctx: &mut Ctx<'_>, from: Bound<&Key>, direction: Direction) -> Looked<(Key, Value)> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => seek_live(tree, encoded, from, direction, &self.bounds, &view),
            (Data::Fixed(tree), view) => fixed::walk(tree, from, direction, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.land(&mut env, from, direction)
            }
        }
    }

    /// The next record in `direction` from where the cursor stands, or else from where its bounds begin.
    pub(super) fn walk(&mut self, ctx: &mut Ctx<'_>, direction: Direction) -> Looked<(Key, Value)> {
        let armed = ctx.is_armed(Point::SideMoved);
        let rest = match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => {
                return seek_live(tree, encoded, self.walk_start(direction), direction, &self.bounds, &view);
            }
            (Data::Fixed(tree), view) => return fixed::walk(tree, self.walk_start(direction), direction, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Iterate);
                let rest = self.merge.begin_walk(&env, direction);
                if !armed {
                    return self.merge.end_walk(&mut env, direction, rest);
                }
                rest
            }
        };
        ctx.pass(Point::SideMoved);
        match open(self.table, &self.bounds, ctx) {
            (Data::Merged(mut env), _) => self.merge.resume_walk(&mut env, direction, rest),
            (Data::Live { .. } | Data::Fixed(_), _) => Ok(None), // roles do not change while a cursor is placed
        }
    }

    /// Where a walk over one tree goes on.
    fn walk_start(&self, direction: Direction) -> Bound<&Key> {
        match self.stalled {
            _ if !self.placed => self.bounds.start(direction),
            Some(stalled) if stalled == direction => Bound::Included(self.place()),
            _ => Bound::Excluded(self.place()),
        }
    }

    /// Whether a write to `key` meets an update that the transaction does not see.
    pub(super) fn conflicts(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> bool {
        if ctx.txn.isolation != Isolation::Snapshot {
            return false; // the write will be refused for that
        }
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, .. } | Data::Fixed(tree), view) => {
                tree.chain(key).is_some_and(|chain| chain.conflicts(&view))
            }
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.conflicts(&env, key)
            }
        }
    }

    /// Whether the newest update of `key`, visible or not, is a delete, or there is none.
    pub(super) fn is_removed(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> bool {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, .. } | Data::Fixed(tree), _) => tree.chain(key).is_none_or(Chain::ends_in_delete),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.is_removed(&env, key)
            }
        }
    }

    /// Whether the cursor merges ingest and stable. For faults that are the merge's own.
    pub fn merges(&self, ctx: &Ctx<'_>) -> bool {
        ctx.node.core.role == Role::Follower && matches!(ctx.node.core.tables[self.table.0], Table::Layered(_))
    }

    /// The durable timestamp of what the checkpoint that the cursor reads has under `key`; 0: nothing.
    pub fn durable_in_stable(&self, key: &Key) -> Timestamp {
        self.merge.image().and_then(|image| image.row(key)).map_or(0, |row| row.newest.durable_ts)
    }

    /// Whether the cursor merges, and ingest has no update of `key`.
    pub fn is_not_in_ingest(&self, ctx: &Ctx<'_>, key: &Key) -> bool {
        match &ctx.node.core.tables[self.table.0] {
            Table::Layered(layered) => ctx.node.core.role == Role::Follower && layered.ingest.chain(key).is_none(),
            Table::Plain(_) | Table::Fixed(_) => false,
        }
    }

    /// Whether the cursor merges, and ingest's newest update of `key` is of a running transaction. For a fault.
    pub fn is_in_ingest_uncommitted(&self, ctx: &Ctx<'_>, key: &Key) -> bool {
        match &ctx.node.core.tables[self.table.0] {
            Table::Layered(layered) if self.merges(ctx) => {
                let newest = layered.ingest.chain(key).and_then(|chain| chain.versions().last());
                newest.is_some_and(|newest| ctx.node.core.running().contains(&newest.txn))
            }
            _ => false,
        }
    }

    /// Whether the value being written in place is made from one that is stored as it is. For a fault.
    fn modifies_plain_value(&self, in_place: bool) -> bool {
        in_place && matches!(&self.value, Field::Internal(base) if !base.starts_with(&tombstone::TOMBSTONE))
    }

    /// Writes: adds a version to the tree that this node writes to, in the session's transaction. `in_place`: the
    /// cursor stands on `key` and stays; otherwise a merging cursor stands on what it wrote.
    pub(super) fn put(&mut self, ctx: &mut Ctx<'_>, key: &Key, change: Change<'_>, in_place: bool) {
        if ctx.txn.id == 0 {
            ctx.txn.id = ctx.node.core.allocate();
        }
        ctx.txn.write_gen += 1;
        let follower = ctx.node.core.role == Role::Follower;
        let payload = match (&ctx.node.core.tables[self.table.0], change) {
            (_, Change::Reserve) => Payload::Reserve,
            (Table::Plain(_) | Table::Fixed(_), Change::Put(value)) => Payload::Put(value.clone()),
            (Table::Layered(_), Change::Put(value))
                if faults::active(Fault::D17) && self.modifies_plain_value(in_place) =>
            {
                Payload::Put(value.clone())
            }
            (Table::Layered(_), Change::Put(value)) => Payload::Put(tombstone::encode(value)),
            (Table::Layered(_), Change::Delete) if follower => Payload::Put(tombstone::tombstone()),
            (_, Change::Delete) => Payload::Delete,
        };
        if let (Table::Layered(_), true, Payload::Put(stored)) =
            (&ctx.node.core.tables[self.table.0], follower, &payload)
        {
            self.merge.stand_on_write(key, stored.clone(), in_place, ctx.txn.write_gen);
        }
        let kind = if payload == Payload::Reserve { WriteKind::Reserve } else { WriteKind::Update };
        let stamp = ctx.txn.commit_ts;
        let version = Version { txn: ctx.txn.id, start_ts: stamp, durable_ts: stamp, prepared: false, payload };
        let Pushed { replaced, row, is_long } = ctx.node.core.written_tree(self.table).push(key, version);
        if is_long {
            ctx.node.core.trim(self.table, key);
        }
        ctx.txn.ops.push(TxnOp { table: self.table, key: key.clone(), row, kind, stamp, replaced });
    }
}

impl Core {
    /// The tree that writes to a table go to.
    pub(in crate::engine) fn written_tree(&mut self, table: TableId) -> &mut Tree {
        match (&mut self.tables[table.0], self.role) {
            (Table::Plain(tree) | Table::Fixed(tree), _) => tree,
            (Table::Layered(layered), Role::Leader) => &mut layered.live,
            (Table::Layered(layered), Role::Follower) => &mut layered.ingest,
        }
    }

    /// Drops what nobody can read any more of `key` in the tree that writes go to. What everybody sees is only asked if
    /// timestamps allow anything to go: it takes a look at every session.
    fn trim(&mut self, table: TableId, key: &Key) {
        let ts = self.pinned();
        if self.written_tree(table).chain(key).is_some_and(|chain| chain.may_be_trimmed(ts)) {
            let horizon = self.horizon();
            self.written_tree(table).trim(key, horizon);
        }
    }

    /// Carries out what becomes of a truncation that `txn` made on a follower. On a node that leads since then the
    /// deletes that it stood for are in stable.
    pub(in crate::engine) fn settle_truncation(&mut self, op: &TxnOp, stop: &Key, txn: TxnId, outcome: Outcome) {
        match (&mut self.tables[op.table.0], self.role) {
            (Table::Layered(layered), Role::Follower) => layered.settle_truncations(txn, outcome),
            (Table::Layered(layered), Role::Leader) => layered.live.settle_range(&op.key, stop, txn, outcome),
            (Table::Plain(_) | Table::Fixed(_), _) => {}
        }
    }

    /// Whether a key that the written tree does not know has a durable timestamp above `ts`.
    pub(in crate::engine) fn stable_is_above(&self, ts: Timestamp, table: TableId, key: &Key) -> bool {
        match &self.tables[table.0] {
            Table::Layered(layered) if self.role == Role::Follower => follower_write::stable_is_above(ts, layered, key),
            _ => false,
        }
    }
}

#[inline]
fn stored_to_value(stored: &Value, encoded: bool) -> Value {
    if encoded { tombstone::decode(stored) } else { stored.clone() }
}

#[inline]
fn read_live(tree: &Tree, encoded: bool, key: &Key, view: &View<'_>) -> Looked<Value> {
    match tree.read(key, view) {
        Found::Value(stored) => Ok(Some(stored_to_value(stored, encoded))),
        Found::Prepared => Err(Unresolved { at: key.clone() }),
        Found::Nothing | Found::Deleted => Ok(None),
    }
}

#[inline]
fn seek_live(
    tree: &Tree,
    encoded: bool,
    from: Bound<&Key>,
    direction: Direction,
    bounds: &super::Bounds,
    view: &View<'_>,
) -> Looked<(Key, Value)> {
    match tree.seek(from, direction, view).filter(|(key, _)| bounds.admit_end(key, direction)) {
        Some((key, Seen::Value(stored))) => Ok(Some((key.clone(), stored_to_value(stored, encoded)))),
        Some((key, Seen::Prepared)) => Err(Unresolved { at: key.clone() }),
        None => Ok(None),
    }
}
