//! Fixed-length tables. From 1 to the end every record is there for everybody: what a reader sees no value of is 0.
//!
//! A record is *written* once an update was put on it, whatever became of that: it has a row in the tree from then on. The
//! end is the last of them. A record that is not is *implicit*, and mostly like any other: the exceptions are below.

use super::access::{Change, Looked};
use super::append::end;
use super::write::{in_the_way, writable};
use super::{Ctx, Cursor};
use crate::backend::{
    Code, Direction, FIXED_ZERO, Format, Isolation, Key, Point, Value, record_number, record_number_of,
};
use crate::engine::tree::Tree;
use crate::engine::txn::View;
use crate::engine::version::{Chain, Found, Unresolved};
use std::ops::Bound;

/// What the record `key` reads as; nothing beyond the end.
#[cold]
pub fn read(tree: &Tree, key: &Key, view: &View<'_>) -> Looked<Value> {
    match tree.read(key, view) {
        Found::Value(value) => Ok(Some(value.clone())),
        Found::Prepared => Err(Unresolved { at: key.clone() }),
        Found::Nothing | Found::Deleted => Ok(is_within(tree, key).then(zero)),
    }
}

/// The record right at the beginning of `from` in `direction`: there is no gap to pass over.
#[cold]
pub fn walk(tree: &Tree, from: Bound<&Key>, direction: Direction, view: &View<'_>) -> Looked<(Key, Value)> {
    let number = |key: &Key| record_number_of(key).unwrap_or(0);
    let at = match (from, direction) {
        (Bound::Unbounded, Direction::Next) => Some(1),
        (Bound::Unbounded, Direction::Prev) => Some(end(tree)),
        (Bound::Included(key), _) => Some(number(key)),
        (Bound::Excluded(key), Direction::Next) => number(key).checked_add(1),
        (Bound::Excluded(key), Direction::Prev) => number(key).checked_sub(1),
    };
    let Some(key) = at.filter(|&number| number != 0).map(record_number) else {
        return Ok(None);
    };
    Ok(read(tree, &key, view)?.map(|value| (key, value)))
}

/// What `search_near` comes to. For an implicit record it looks at the next one that is written, and takes that if it sees
/// a value there; beyond the end it takes the last one.
#[cold]
fn near(tree: &Tree, key: &Key, view: &View<'_>) -> Looked<(Key, Value)> {
    let Some((written, chain)) = tree.at_or_after(key) else {
        let Some(last) = tree.largest() else {
            return Ok(None);
        };
        return Ok(read(tree, last, view)?.map(|value| (last.clone(), value)));
    };
    match chain.read(view) {
        Found::Value(value) => Ok(Some((written.clone(), value.clone()))),
        Found::Prepared => Err(Unresolved { at: written.clone() }),
        Found::Nothing | Found::Deleted => Ok(Some((key.clone(), zero()))),
    }
}

fn is_within(tree: &Tree, key: &Key) -> bool {
    tree.largest().is_some_and(|last| key <= last)
}

fn zero() -> Value {
    Value::new(FIXED_ZERO)
}

impl Cursor {
    /// The value of a record that the cursor sees no written value of.
    #[inline(always)]
    pub(super) fn implicit(&self, ctx: &Ctx<'_>, key: &Key) -> Option<Value> {
        if self.format == Format::Fixed { self.implicit_zero(ctx, key) } else { None }
    }

    #[cold]
    fn implicit_zero(&self, ctx: &Ctx<'_>, key: &Key) -> Option<Value> {
        is_within(self.numbered(ctx)?, key).then(zero)
    }

    #[cold]
    pub(super) fn nearest_fixed(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Looked<(Key, Value)> {
        self.numbered(ctx).map_or(Ok(None), |tree| near(tree, key, &ctx.txn.view()))
    }

    /// The data of a cursor on a column store.
    fn numbered<'a>(&self, ctx: &'a Ctx<'_>) -> Option<&'a Tree> {
        ctx.node.core.tables[self.table.0].plain_tree()
    }

    /// `remove`: the record is 0 from now on. It never uses the place, but a cursor that had one on the record has it again
    /// afterwards. There is nothing to do about an implicit record, not even to look who else is at it.
    #[cold]
    pub(super) fn remove_fixed(&mut self, ctx: &mut Ctx<'_>, key: Key, in_place: bool) -> Code {
        match self.may_make_zero(ctx, &key) {
            Err(code) => {
                self.sought_in_vain(ctx);
                return code;
            }
            Ok(Written::No) => {}
            Ok(Written::Yes) => {
                ctx.pass(Point::LookedUp);
                self.put(ctx, &key, Change::Delete, false);
            }
        }
        if in_place {
            self.removed_again_in_place(ctx, key);
        } else {
            self.emptied(ctx);
        }
        Code::Ok
    }

    fn may_make_zero(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Result<Written, Code> {
        if self.conflicts(ctx, key) {
            return Err(Code::Rollback);
        }
        if self.peek(ctx, key).map_err(in_the_way)?.is_none() {
            return Err(Code::NotFound);
        }
        if self.numbered(ctx).is_none_or(|tree| tree.chain(key).is_none()) {
            return Ok(Written::No);
        }
        // What it sees may still have been removed by somebody else, if it sees less than it would have to.
        if self.lookup(ctx, key).map_err(in_the_way)?.is_some() {
            self.may_remove(ctx, key)?;
        }
        writable(ctx).map_or(Ok(Written::Yes), Err)
    }

    /// One step of a truncate: removes the record that the cursor stands on. One that is 0 stays as it is, but nobody else
    /// may be at it. For an implicit record, unless it is the first, that is asked of the next one that is written.
    #[cold]
    pub fn make_zero(&mut self, ctx: &mut Ctx<'_>, key: &Key, is_first: bool) -> Code {
        match self.peek(ctx, key) {
            Err(unresolved) => in_the_way(unresolved),
            Ok(None) => Code::NotFound,
            Ok(Some(value)) if *value == *FIXED_ZERO => {
                if self.is_contested(ctx, key, is_first) {
                    Code::Rollback
                } else {
                    Code::Ok
                }
            }
            Ok(Some(_)) => {
                if let Err(code) = self.may_remove(ctx, key) {
                    return code;
                }
                ctx.pass(Point::LookedUp);
                self.put_delete(ctx, key);
                Code::Ok
            }
        }
    }

    fn is_contested(&self, ctx: &Ctx<'_>, key: &Key, is_first: bool) -> bool {
        if ctx.txn.isolation != Isolation::Snapshot {
            return false;
        }
        let looked_at = |tree: &Tree| -> bool {
            let conflicts = |chain: &Chain| chain.conflicts(&ctx.txn.view());
            match tree.at_or_after(key) {
                Some((written, chain)) => (written == key || !is_first) && conflicts(chain),
                None => false,
            }
        };
        self.numbered(ctx).is_some_and(looked_at)
    }
}

/// Whether a record is written.
enum Written {
    Yes,
    No,
}
