//! Writes, bulk writes and the bounds that writes and reads have to keep.

use super::Generator;
use crate::backend::{Key, Side, Timestamp, Value};
use crate::program::clock::Txn;
use crate::program::ops::Op;

impl Generator {
    /// The timestamp of a write's own transaction: it needs one outside a transaction. Now and then it comes too late.
    pub(super) fn write_ts(&mut self) -> Timestamp {
        match self.plan.clock.txn(self.who.session) {
            Txn::Idle if self.dice.percent(self.mix.unwrapped) => 0,
            Txn::Idle if !self.mix.orderly && self.plan.clock.stable > 0 && self.dice.percent(1) => {
                self.plan.clock.stable
            }
            Txn::Idle => self.commit_ts(),
            _ => 0,
        }
    }

    pub(super) fn insert(&mut self) -> Op {
        let key = if self.positional(self.mix.other_positional / 4) {
            None
        } else if !self.mix.orderly && self.dice.percent(self.mix.gap_keys / 4) {
            Some(self.stray_key())
        } else {
            let index = self.write_index();
            Some(self.pool_key(index))
        };
        let value = self.optional_value(key.as_ref());
        Op::Insert { key, value, ts: self.write_ts() }
    }

    /// A value, or none now and then: the one that the cursor has, if it has one.
    pub(super) fn optional_value(&mut self, key: Option<&Key>) -> Option<Value> {
        let without = self.mix.other_positional > 0 && self.dice.percent(2);
        (!without).then(|| self.value(key.unwrap_or(&Key::EMPTY)))
    }

    pub(super) fn update(&mut self) -> Option<Op> {
        let key = self.update_key()?;
        let value = self.optional_value(key.as_ref());
        Some(Op::Update { key, value, ts: self.write_ts() })
    }

    pub(super) fn remove(&mut self) -> Option<Op> {
        let key = if self.positional(self.mix.remove_positional) {
            None
        } else {
            Some(self.key(self.mix.remove_existing, Self::write_index))
        };
        Some(Op::Remove { key, ts: self.write_ts() })
    }

    pub(super) fn share_of_pool(&self, percent: u32) -> u16 {
        (u32::from(self.config.keys) * percent / 100).max(1) as u16
    }

    pub(super) fn bulk_insert(&mut self) -> Op {
        let [low, high] = self.mix.bulk_insert;
        let percent = self.dice.range(low, high);
        Op::BulkInsert { first: self.any_index(), count: self.share_of_pool(percent), ts: self.write_ts() }
    }

    pub(super) fn bulk_remove(&mut self) -> Op {
        let start = self.any_index();
        let first = self.present().from(start).unwrap_or(start);
        let percent = [40, 80][self.dice.index(2)];
        Op::BulkRemove { first, count: self.share_of_pool(percent), ts: self.write_ts() }
    }

    pub(super) fn insert_beside(&mut self) -> Option<Op> {
        let at = self.placed_cursor()?;
        let direction = self.direction();
        Some(Op::InsertBeside { at, direction, value: self.value(&Key::EMPTY), ts: self.write_ts() })
    }

    pub(super) fn bound(&mut self) -> Op {
        let side = if self.dice.percent(50) { Side::Lower } else { Side::Upper };
        // Wide bounds: lower ones in the lower half, upper ones in the upper half.
        let half = u32::from(self.config.keys / 2);
        let index = match side {
            Side::Lower => self.dice.below(half),
            Side::Upper => half + self.dice.below(half),
        };
        let key = match self.dice.weighted(&[70, 15, 10, 5]) {
            0 => Some(self.pool_key(index as u16)),
            1 => Some(self.config.gap_key(index as u16)),
            2 => Some(self.search_key()),
            _ => None,
        };
        Op::Bound { side, key, inclusive: self.dice.percent(70) }
    }
}
