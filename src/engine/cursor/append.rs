//! Append cursors of column stores: `insert` gives the record its number.

use super::access::Change;
use super::write::{WriteOp, writable};
use super::{Ctx, Cursor};
use crate::backend::{Code, Field, Key, Point, Value, record_number, record_number_of};
use crate::engine::tree::Tree;

/// The end of a column store: the largest number that was ever written, whatever became of it; 0: none was.
pub fn end(tree: &Tree) -> u64 {
    tree.largest().and_then(|last| record_number_of(last)).unwrap_or(0)
}

impl Cursor {
    /// Whether the write goes to the end of the table, whatever key is set.
    #[inline]
    pub(super) fn appends(&self, op: WriteOp<'_>) -> bool {
        self.config.append && matches!(op, WriteOp::Insert)
    }

    /// What is wrong with an append from the outset: it needs a value. A key that is set has to be within the bounds,
    /// though the record does not get it.
    #[cold]
    pub(super) fn check_append(&mut self, ctx: &mut Ctx<'_>) -> Result<(), Code> {
        if self.value == Field::Unset {
            return Err(Code::Invalid);
        }
        if self.key.get().is_some_and(|key| !self.bounds.admit(key)) {
            self.sought_in_vain(ctx);
            return Err(Code::NotFound);
        }
        Ok(())
    }

    /// Writes the record after the last one. Nobody else can have written it, so there is no conflict.
    #[cold]
    pub(super) fn append(&mut self, ctx: &mut Ctx<'_>) -> Code {
        self.leave(ctx);
        ctx.ensure_snapshot();
        if let Some(code) = writable(ctx) {
            self.write_refused(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        let Some(number) = self.next_number(ctx) else {
            self.write_refused(ctx);
            return Code::Invalid;
        };
        let value = std::mem::take(&mut self.value);
        self.put(ctx, &number, Change::Put(value.get().unwrap_or(&Value::EMPTY)), false);
        self.appended(ctx, number);
        Code::Ok
    }

    /// `None` after the last number that there is.
    fn next_number(&self, ctx: &Ctx<'_>) -> Option<Key> {
        let tree = ctx.node.core.tables[self.table.0].plain_tree()?;
        end(tree).checked_add(1).map(record_number)
    }
}
