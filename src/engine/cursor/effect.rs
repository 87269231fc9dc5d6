//! The table of effects: what each outcome leaves in a cursor's key, value and place. Plain and layered cursors
//! share it. The rules are those of WiredTiger's file cursors, measured on 11.3.1.
//!
//! | outcome | key | value | place |
//! |---|---|---|---|
//! | landed on a record | internal | internal | there |
//! | sought in vain | own | own kept, internal dropped | none |
//! | walked off the end | unset | unset | none |
//! | walked into a prepared update | unset | unset | there |
//! | the same with the first step within bounds | own: the bound | unset | none |
//! | inserted | unset | unset | none |
//! | insert met a duplicate | own | own: the existing value | none |
//! | write refused (conflict, absent) | own | own | none |
//! | write out of bounds | own | own kept, internal dropped | none |
//! | updated, reserved, modified | internal | internal (own once committed) | there |
//! | removed what it stood on | internal | unset | there |
//! | removed by key | unset | unset | none |
//! | remove refused, standing | unset | own kept, internal dropped | none |
//! | modify outside a snapshot transaction, standing | unset | own kept, internal dropped | none |
//! | reset | unset | unset | none |

use super::{Ctx, Cursor};
use crate::backend::{Direction, Field, Key, Value};
use crate::engine::core::Table;
use crate::engine::faults::{self, Fault};
use std::ops::Bound;

impl Cursor {
    /// The cursor stands on a record.
    #[inline]
    pub(super) fn landed(&mut self, ctx: &mut Ctx<'_>, key: Key, value: Value) {
        if faults::active(Fault::C10)
            && let Table::Layered(table) = &ctx.node.core.tables[self.table.0]
        {
            self.merge.count_in(table);
        }
        self.stand(ctx);
        self.key = Field::Internal(key);
        self.value = Field::Internal(value);
    }

    /// A search that found nothing: the application's key and value survive.
    pub(super) fn sought_in_vain(&mut self, ctx: &mut Ctx<'_>) {
        self.rest(ctx);
        own(&mut self.key);
        drop_internal(&mut self.value);
    }

    /// A search that found nothing, and did not give up the place. For a fault.
    pub(super) fn stays(&mut self) {
        own(&mut self.key);
        drop_internal(&mut self.value);
    }

    /// A walk met a prepared update at `at`. Taken up again in the same direction it looks there again.
    pub(super) fn stalled(&mut self, ctx: &mut Ctx<'_>, at: Key, direction: Direction) {
        let bound = match self.bounds.start(direction) {
            Bound::Included(bound) | Bound::Excluded(bound) if !self.placed => Some(bound.clone()),
            _ => None,
        };
        self.emptied_in_place();
        match bound {
            Some(bound) => {
                self.rest(ctx);
                self.key = Field::External(bound);
            }
            None => {
                self.stand(ctx);
                self.place = at;
                self.stalled = Some(direction);
            }
        }
    }

    /// Iteration came to an end; `reset` and everything that acts like one; a done insert or remove by key.
    pub(super) fn emptied(&mut self, ctx: &mut Ctx<'_>) {
        self.rest(ctx);
        self.emptied_in_place();
    }

    fn emptied_in_place(&mut self) {
        self.key = Field::Unset;
        self.value = Field::Unset;
    }

    /// An insert found a record: the cursor has its value, and stands nowhere.
    pub(super) fn met_duplicate(&mut self, ctx: &mut Ctx<'_>, existing: Value) {
        self.rest(ctx);
        own(&mut self.key);
        self.value = Field::External(existing);
    }

    /// An insert or update was refused: the application may try again with the same key and value.
    pub(super) fn write_refused(&mut self, ctx: &mut Ctx<'_>) {
        self.rest(ctx);
        own(&mut self.key);
        own(&mut self.value);
    }

    /// A remove by position is done: the cursor stays where the record was.
    pub(super) fn removed_in_place(&mut self, key: Key) {
        self.key = Field::Internal(key);
        self.value = Field::Unset;
    }

    /// A remove of a record of a fixed-length table is done, which looked for it anew: the cursor stands there again.
    pub(super) fn removed_again_in_place(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        self.stand(ctx);
        self.removed_in_place(key);
    }

    /// An append is done: the cursor has the number, and stands nowhere.
    pub(super) fn appended(&mut self, ctx: &mut Ctx<'_>, number: Key) {
        self.rest(ctx);
        self.key = Field::External(number);
        self.value = Field::Unset;
    }

    /// A remove by position was refused; a modify of what it stands on has no business here.
    pub(super) fn in_place_refused(&mut self, ctx: &mut Ctx<'_>) {
        self.rest(ctx);
        self.key = Field::Unset;
        drop_internal(&mut self.value);
    }

    /// `largest_key` found one.
    pub(super) fn has_largest(&mut self, key: Key) {
        self.key = Field::External(key);
    }

    /// What a rollback and `reconfigure` do: all but the bounds.
    pub fn reset_keeping_bounds(&mut self, ctx: &mut Ctx<'_>) {
        self.emptied(ctx);
    }

    /// A transaction of the session committed or began: what the cursor shows no longer depends on a snapshot.
    pub fn copy_value_out(&mut self) {
        own(&mut self.value);
    }

    /// Takes a place.
    #[inline]
    fn stand(&mut self, ctx: &mut Ctx<'_>) {
        self.stalled = None;
        if !self.placed {
            self.placed = true;
            *ctx.placed += 1;
        }
    }

    /// Ends an operation nowhere.
    #[inline]
    fn rest(&mut self, ctx: &mut Ctx<'_>) {
        self.leave(ctx);
        self.merge.unbind();
    }

    /// Gives up the place, if there is one. Where no cursor of the session has one a loose snapshot goes.
    #[inline]
    pub(super) fn leave(&mut self, ctx: &mut Ctx<'_>) {
        if self.placed {
            self.placed = false;
            self.stalled = None;
            *ctx.placed -= 1;
        }
        ctx.release_loose_snapshot();
    }
}

/// Makes a field the cursor's own.
#[inline]
fn own(field: &mut Field) {
    if let Field::Internal(bytes) = field {
        *field = Field::External(std::mem::take(bytes));
    }
}

/// Drops what belonged to a record.
#[inline]
fn drop_internal(field: &mut Field) {
    if field.is_internal() {
        *field = Field::Unset;
    }
}
