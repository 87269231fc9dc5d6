//! Delayed exposure: a key may be used some numbers after its insert. Who comes to one that is not made by then waits.

use super::book::Book;
use super::{Planned, Strategy};
use crate::replay::plan::{OpKind, OpNumber, Plan};
use crate::replay::step::{Action, Step};
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Delayed {
    book: Book,
    /// A key may be used so many numbers after its own.
    delay: u64,
    /// Whether the table chooses record numbers. Then its inserts have to be done one after the other.
    appends: bool,
    /// Whether anybody waits.
    waits: bool,
    /// Keys that nobody may use yet, and from when on somebody may.
    hidden: VecDeque<(OpNumber, u16, u64)>,
    /// Per table the number of its last insert.
    inserted: Vec<OpNumber>,
}

impl Delayed {
    /// Hides keys for `delay` numbers; `appends`: the table chooses record numbers.
    pub fn new(plan: Arc<Plan>, delay: u64, appends: bool) -> Self {
        let inserted = vec![0; plan.tables().len()];
        Delayed { book: Book::new(plan), delay, appends, waits: true, hidden: VecDeque::new(), inserted }
    }

    /// Hides nothing and waits for nobody: a mistake, to see that it shows.
    pub fn without_delay(plan: Arc<Plan>) -> Self {
        Delayed { waits: false, ..Delayed::new(plan, 0, false) }
    }
}

impl Strategy for Delayed {
    fn plan(&mut self, last: OpNumber) -> Planned {
        let t = last + 1;
        while let Some(&(from, table, key)) = self.hidden.front()
            && from <= t
        {
            self.hidden.pop_front();
            self.book.expose(table, key);
        }
        let head = self.book.head();
        if head.kind != OpKind::Insert {
            let step = self.book.on_a_key(head, t);
            // Whoever else wrote the key did so in this lane, before.
            let after = if self.waits { step.depends } else { 0 };
            return Planned { step, after };
        }
        let step = self.book.insert(head.table, t);
        self.hidden.push_back((t + self.delay, head.table, step.key));
        let before = std::mem::replace(&mut self.inserted[usize::from(head.table)], t);
        if self.appends {
            return Planned { step: Step { action: Action::Append, ..step }, after: before };
        }
        Planned { step, after: 0 }
    }
}
