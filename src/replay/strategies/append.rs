//! The naive append: the table chooses the record number, and the key may be used as soon as it is there. The control:
//! what comes of it depends on who is faster.

use super::book::Book;
use super::{Planned, Strategy};
use crate::replay::plan::{OpKind, OpNumber, Plan};
use crate::replay::step::{Action, Before, Step};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Append(Book);

impl Append {
    /// For a plan.
    pub fn new(plan: Arc<Plan>) -> Self {
        Append(Book::new(plan))
    }
}

impl Strategy for Append {
    fn plan(&mut self, last: OpNumber) -> Planned {
        let (head, t) = (self.0.head(), last + 1);
        let step = if head.kind == OpKind::Insert {
            Step { action: Action::Append, ..Step::nothing(t, head.table, OpKind::Insert) }
        } else {
            // What was planned for a key is not what it has: others may be ahead.
            Step { before: Before::Unknown, ..self.0.on_a_key(head, t) }
        };
        Planned { step, after: 0 }
    }

    fn committed(&mut self, step: &Step, key: u64) {
        if step.action == Action::Append {
            self.0.expose(step.table, key);
        }
    }
}
