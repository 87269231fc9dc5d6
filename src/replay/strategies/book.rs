//! What a strategy has to remember: heads in order, the keys of each lane, what was planned to be done to each.

use crate::replay::lanes::{Known, step_on_a_key};
use crate::replay::plan::{Content, Draws, Head, OpKind, OpNumber, Plan};
use crate::replay::step::{Action, Step};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// Keys belong to the lane of their low bits.
#[derive(Debug)]
pub struct Book {
    pub plan: Arc<Plan>,
    heads: Draws,
    /// Per table and lane, the keys that may be used.
    keys: Vec<Vec<Vec<u64>>>,
    /// Per table, the last key that was planned.
    ends: Vec<u64>,
    /// What each key was planned to have last, and by which number.
    known: HashMap<(u16, u64), (OpNumber, Option<Content>), FxBuildHasher>,
}

impl Book {
    pub fn new(plan: Arc<Plan>) -> Self {
        let lanes = plan.lanes();
        let bulk = |base| {
            let mut keys = vec![Vec::new(); lanes as usize];
            (1..=base).for_each(|key: u64| keys[(key % lanes) as usize].push(key));
            keys
        };
        let keys = plan.tables().iter().map(|table| bulk(table.base)).collect();
        let ends = plan.tables().iter().map(|table| table.base).collect();
        Book { heads: plan.heads(1), keys, ends, known: HashMap::default(), plan }
    }

    /// Table and kind of the next operation.
    pub fn head(&mut self) -> Head {
        let head = self.plan.next_head(&mut self.heads);
        if head.kind == OpKind::Truncate { Head { kind: OpKind::Read, ..head } } else { head }
    }

    /// The key that the next insert into a table makes.
    pub fn next_key(&self, table: u16) -> u64 {
        self.ends[usize::from(table)] + 1
    }

    /// The insert of the next key. Nobody may use it before [`Book::expose`].
    pub fn insert(&mut self, table: u16, t: OpNumber) -> Step {
        let key = self.next_key(table);
        self.ends[usize::from(table)] = key;
        self.known.insert((table, key), (t, Some(self.plan.written(table, key, t))));
        Step { action: Action::Insert, key, before: None.into(), ..Step::nothing(t, table, OpKind::Insert) }
    }

    /// From now on a key may be used.
    pub fn expose(&mut self, table: u16, key: u64) {
        self.keys[usize::from(table)][(key % self.plan.lanes()) as usize].push(key);
    }

    /// An operation on one of the keys of a lane that may be used.
    pub fn on_a_key(&mut self, head: Head, t: OpNumber) -> Step {
        let Head { table, kind: asked } = head;
        let plan = Arc::clone(&self.plan);
        let keys = &self.keys[usize::from(table)][plan.lane(t)];
        let look = |index| {
            let key = keys[index as usize];
            let known = self.known.get(&(table, key)).copied();
            let (t, content) = known.unwrap_or_else(|| (0, Some(plan.written(table, key, 0))));
            Known { key, t, content }
        };
        let (step, after) = step_on_a_key(&plan, t, table, asked, keys.len() as u64, look);
        if let Some(after) = after {
            self.known.insert((table, step.key), (t, after));
        }
        step
    }
}
