//! The timestamp jump: an insert leaves numbers out until one comes that is in the lane of its key.

use super::book::Book;
use super::{Planned, Strategy};
use crate::replay::plan::{OpKind, OpNumber, Plan};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Jump(Book);

impl Jump {
    /// For a plan, whose heads are those of operations: what was left out has none.
    pub fn new(plan: Arc<Plan>) -> Self {
        Jump(Book::new(plan))
    }
}

impl Strategy for Jump {
    fn plan(&mut self, last: OpNumber) -> Planned {
        let head = self.0.head();
        let step = if head.kind == OpKind::Insert {
            let (key, lanes) = (self.0.next_key(head.table), self.0.plan.lanes());
            let ahead = (key % lanes + lanes - (last + 1) % lanes) % lanes;
            let step = self.0.insert(head.table, last + 1 + ahead);
            self.0.expose(head.table, key);
            step
        } else {
            self.0.on_a_key(head, last + 1)
        };
        Planned { step, after: 0 }
    }
}
