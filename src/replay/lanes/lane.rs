//! A lane: the keys that belong to it, and what its numbers did to them.
//!
//! A key belongs to one lane for ever: key k that was there at first to lane k modulo L, a key that was inserted to the
//! lane of the number that inserted it. As a lane's numbers are done one after the other, so are all that touch a key.

use super::choose::{Known, step_on_a_key};
use crate::replay::plan::{Content, OpKind, OpNumber, Plan, Window};
use crate::replay::step::{Action, Step};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// A lane. Whoever holds it is the only one to work on its keys.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its number.
    number: u64,
    /// The last number that was resolved here.
    last: OpNumber,
    /// Per table the keys that were inserted here, and when; both ascend.
    born: Vec<Vec<(u64, OpNumber)>>,
    /// What was done to keys since they were there or born: the number that wrote one last, and what it left.
    touched: HashMap<(u16, u64), (OpNumber, Option<Content>), FxBuildHasher>,
}

impl Lane {
    /// A lane before its first number.
    pub fn new(number: u64, tables: usize) -> Self {
        Lane { number, last: 0, born: vec![Vec::new(); tables], touched: HashMap::default() }
    }

    /// What number `t` does. To be asked once per number, in the order of the lane's numbers.
    pub fn resolve(&mut self, plan: &Plan, window: &Window, t: OpNumber) -> Step {
        debug_assert!(t > self.last && t % plan.lanes() == self.number);
        self.last = t;
        let head = window.head(t);
        let table = head.table;
        let is_left_out = plan.leaves_out(t, table);
        match head.kind {
            OpKind::Insert => {
                let key = window.recno(t);
                self.born[usize::from(table)].push((key, t));
                if is_left_out {
                    self.touched.insert((table, key), (t, None));
                    return Step::nothing(t, table, head.kind);
                }
                Step { action: Action::Insert, key, before: None.into(), ..Step::nothing(t, table, head.kind) }
            }
            OpKind::Truncate => match window.truncation(t) {
                None => Step::nothing(t, table, head.kind),
                Some(range) => {
                    let action = Action::Truncate { last: range.last };
                    Step { action, key: range.first, ..Step::nothing(t, table, head.kind) }
                }
            },
            asked if is_left_out => Step::nothing(t, table, asked),
            asked => self.on_a_key(plan, window, t, table, asked),
        }
    }

    /// What a number does that works on a key that was there or born before.
    fn on_a_key(&mut self, plan: &Plan, window: &Window, t: OpNumber, table: u16, asked: OpKind) -> Step {
        let bulk = self.bulk_keys(plan, table);
        let keys = bulk + self.born[usize::from(table)].len() as u64;
        let look = |index| self.known(plan, window, t, table, bulk, index);
        let (step, after) = step_on_a_key(plan, t, table, asked, keys, look);
        if let Some(after) = after {
            self.touched.insert((table, step.key), (t, after));
        }
        step
    }

    /// How many of the keys that were there at first are this lane's: those of 1 to base that are it modulo L.
    fn bulk_keys(&self, plan: &Plan, table: u16) -> u64 {
        let (base, lanes) = (plan.table(table).base, plan.lanes());
        match self.number {
            0 => base / lanes,
            number if base < number => 0,
            number => (base - number) / lanes + 1,
        }
    }

    /// What is known before number `t` of the lane's key with this index: those that were there at first, then the
    /// others.
    fn known(&self, plan: &Plan, window: &Window, t: OpNumber, table: u16, bulk: u64, index: u64) -> Known {
        let (key, birth) = match index.checked_sub(bulk) {
            Some(born) => self.born[usize::from(table)][born as usize],
            None if self.number == 0 => ((index + 1) * plan.lanes(), 0),
            None => (self.number + index * plan.lanes(), 0),
        };
        let touched = self.touched.get(&(table, key));
        let (last, content) = touched.copied().unwrap_or_else(|| (birth, Some(plan.written(table, key, birth))));
        match window.truncated(table, key, last, t) {
            Some(truncated) if content.is_some() => Known { key, t: truncated, content: None },
            _ => Known { key, t: last, content },
        }
    }
}
