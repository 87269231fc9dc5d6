//! How a cursor reaches its table's data: one live tree (plain tables, and stable on a leader), or the merge of a
//! follower's layered table. Nothing here touches what the application sees of the cursor.

use super::{Ctx, Cursor};
use crate::backend::{Direction, Field, Isolation, Key, Timestamp, Value};
use crate::engine::core::{Core, Role, Table, TableId};
use crate::engine::faults::{self, Fault};
use crate::engine::layered::merge::{Access, Env, Era};
use crate::engine::layered::{tombstone, write as follower_write};
use crate::engine::tree::{Pushed, Tree};
use crate::engine::txn::{TxnOp, View};
use crate::engine::version::{Chain, Found, Payload, Version};
use std::ops::Bound;

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
    /// Ingest before stable.
    Merged(Env<'a>),
}

/// The table of a cursor as `ctx` sees it.
#[inline]
fn open<'a>(table: TableId, bounds: &'a super::Bounds, ctx: &'a mut Ctx<'_>) -> (Data<'a>, View<'a>) {
    let Core { role, tables, counters, registrations, .. } = &mut *ctx.core;
    let view = ctx.txn.view();
    let data = match (&tables[table.0], *role) {
        (Table::Plain(tree), _) => Data::Live { tree, encoded: false },
        (Table::Layered(layered), Role::Leader) => Data::Live { tree: &layered.live, encoded: true },
        (Table::Layered(layered), Role::Follower) => {
            let era = Era {
                snapshot_gen: ctx.txn.snapshot_gen,
                read_ts: view.read_ts,
                write_gen: ctx.txn.write_gen,
                changes: if view.snapshot.is_none() { layered.ingest.changes() } else { 0 },
            };
            let limit = registrations[ctx.session].newest_checkpoint;
            Data::Merged(Env { table: layered, view, bounds, limit, era, counters })
        }
    };
    (data, view)
}

impl Cursor {
    /// The value of `key`. A merging cursor's constituents move there; if the key is absent they stand nowhere.
    pub(super) fn lookup(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Option<Value> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => read_live(tree, encoded, key, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.search(&mut env, key)
            }
        }
    }

    /// The value of `key`, without moving anything.
    pub(super) fn peek(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Option<Value> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => read_live(tree, encoded, key, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.peek(&env, key)
            }
        }
    }

    /// The first record from `from` on in `direction`, within the bounds.
    pub(super) fn land(&mut self, ctx: &mut Ctx<'_>, from: Bound<&Key>, direction: Direction) -> Option<(Key, Value)> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => seek_live(tree, encoded, from, direction, &self.bounds, &view),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.land(&mut env, from, direction)
            }
        }
    }

    /// The next record in `direction` from where the cursor stands, or else from where its bounds begin.
    pub(super) fn walk(&mut self, ctx: &mut Ctx<'_>, direction: Direction) -> Option<(Key, Value)> {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, encoded }, view) => {
                let from = if self.placed { Bound::Excluded(self.place()) } else { self.bounds.start(direction) };
                seek_live(tree, encoded, from, direction, &self.bounds, &view)
            }
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Iterate);
                self.merge.walk(&mut env, direction)
            }
        }
    }

    /// Whether a write to `key` meets an update that the transaction does not see.
    pub(super) fn conflicts(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> bool {
        if ctx.txn.isolation != Isolation::Snapshot {
            return false; // the write will be refused for that
        }
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, .. }, view) => tree.chain(key).is_some_and(|chain| chain.conflicts(&view)),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.conflicts(&env, key)
            }
        }
    }

    /// Whether the newest update of `key`, visible or not, is a delete, or there is none.
    pub(super) fn is_removed(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> bool {
        match open(self.table, &self.bounds, ctx) {
            (Data::Live { tree, .. }, _) => tree.chain(key).is_none_or(Chain::ends_in_delete),
            (Data::Merged(mut env), _) => {
                self.merge.enter(&mut env, self.placed, Access::Other);
                self.merge.is_removed(&env, key)
            }
        }
    }

    /// Whether the cursor merges ingest and stable. For faults that are the merge's own.
    pub(super) fn merges(&self, ctx: &Ctx<'_>) -> bool {
        ctx.core.role == Role::Follower && matches!(ctx.core.tables[self.table.0], Table::Layered(_))
    }

    /// Whether the cursor merges, and ingest has no update of `key`. For faults that do not ask stable.
    pub(super) fn is_not_in_ingest(&self, ctx: &Ctx<'_>, key: &Key) -> bool {
        match &ctx.core.tables[self.table.0] {
            Table::Layered(layered) => ctx.core.role == Role::Follower && layered.ingest.chain(key).is_none(),
            Table::Plain(_) => false,
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
            ctx.txn.id = ctx.core.allocate();
        }
        ctx.txn.write_gen += 1;
        let follower = ctx.core.role == Role::Follower;
        let payload = match (&ctx.core.tables[self.table.0], change) {
            (_, Change::Reserve) => Payload::Reserve,
            (Table::Plain(_), Change::Put(value)) => Payload::Put(value.clone()),
            (Table::Layered(_), Change::Put(value))
                if faults::active(Fault::D17) && self.modifies_plain_value(in_place) =>
            {
                Payload::Put(value.clone())
            }
            (Table::Layered(_), Change::Put(value)) => Payload::Put(tombstone::encode(value)),
            (Table::Layered(_), Change::Delete) if follower => Payload::Put(tombstone::tombstone()),
            (_, Change::Delete) => Payload::Delete,
        };
        if let (Table::Layered(_), true, Payload::Put(stored)) = (&ctx.core.tables[self.table.0], follower, &payload) {
            self.merge.stand_on_write(key, stored.clone(), in_place, ctx.txn.write_gen);
        }
        let version = Version { txn: ctx.txn.id, start_ts: ctx.txn.commit_ts, durable_ts: ctx.txn.commit_ts, payload };
        let reserve = matches!(version.payload, Payload::Reserve);
        let Pushed { replaced, is_long } = ctx.core.written_tree(self.table).push(key, version);
        if is_long {
            let horizon = ctx.core.horizon();
            ctx.core.written_tree(self.table).trim(key, horizon);
        }
        ctx.txn.ops.push(TxnOp { table: self.table, key: key.clone(), reserve, stamp: ctx.txn.commit_ts, replaced });
    }
}

impl Core {
    /// The tree that writes to a table go to.
    pub(in crate::engine) fn written_tree(&mut self, table: TableId) -> &mut Tree {
        match (&mut self.tables[table.0], self.role) {
            (Table::Plain(tree), _) => tree,
            (Table::Layered(layered), Role::Leader) => &mut layered.live,
            (Table::Layered(layered), Role::Follower) => &mut layered.ingest,
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
fn read_live(tree: &Tree, encoded: bool, key: &Key, view: &View<'_>) -> Option<Value> {
    match tree.read(key, view) {
        Found::Value(stored) => Some(stored_to_value(stored, encoded)),
        Found::Nothing | Found::Deleted => None,
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
) -> Option<(Key, Value)> {
    tree.seek(from, direction, view)
        .filter(|(key, _)| bounds.admit_end(key, direction))
        .map(|(key, stored)| (key.clone(), stored_to_value(stored, encoded)))
}
