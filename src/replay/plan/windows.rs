//! How many inserts came before a number: the heads of all numbers, counted window by window.
//!
//! A window is [`WINDOW`] numbers. Of each one that was counted, the rows before it are kept for ever (8 bytes per
//! table); its heads and ranks as long as somebody works there. What is forgotten is counted again when it is asked
//! for.

use super::{Head, OpKind, OpNumber, Plan};
use std::collections::VecDeque;
use std::sync::Arc;

/// Numbers per window: 1 to 1024, 1025 to 2048 and so on. Has nothing to do with the number of lanes.
pub const WINDOW: u64 = 1024;

/// A range of keys that a number removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The number.
    pub t: OpNumber,
    /// The first key that goes.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// Per table, its truncations in the order of numbers.
pub type Truncations = Vec<Vec<Truncation>>;

/// A window: all that the plan says of its numbers. Never changed, so any thread may look into it.
#[derive(Debug)]
pub struct Window {
    /// Its first number.
    first: OpNumber,
    heads: Box<[Head]>,
    /// Per number, how many of the window's numbers up to and including it insert into the same table.
    rank: Box<[u32]>,
    /// Per table, how many record numbers it has before the window.
    start: Arc<[u64]>,
    /// Truncations before the end of the window.
    truncations: Arc<Truncations>,
}

impl Window {
    /// Table and kind of one of its numbers.
    #[inline]
    pub fn head(&self, t: OpNumber) -> Head {
        self.heads[self.index(t)]
    }

    /// The record number that an insert makes. Of other numbers: the last that their table has.
    #[inline]
    pub fn recno(&self, t: OpNumber) -> u64 {
        let index = self.index(t);
        self.start[usize::from(self.heads[index].table)] + u64::from(self.rank[index])
    }

    /// The range that a number removes, if it truncates and there is something.
    pub fn truncation(&self, t: OpNumber) -> Option<Truncation> {
        let list = &self.truncations[usize::from(self.head(t).table)];
        list.binary_search_by_key(&t, |truncation| truncation.t).ok().map(|index| list[index])
    }

    /// The number that truncated a key last, after number `after` and before `before`, which is of this window.
    pub fn truncated(&self, table: u16, key: u64, after: OpNumber, before: OpNumber) -> Option<OpNumber> {
        let list = self.truncations[usize::from(table)].iter().rev();
        let between = list.skip_while(|it| it.t >= before).take_while(|it| it.t > after);
        between.into_iter().find(|it| (it.first..=it.last).contains(&key)).map(|it| it.t)
    }

    #[inline]
    fn index(&self, t: OpNumber) -> usize {
        debug_assert!((self.first..self.first + WINDOW).contains(&t));
        (t - self.first) as usize
    }
}

/// The windows of a plan, counted from the first on by whoever needs one. Needs a lock if several do.
#[derive(Debug)]
pub struct Windows {
    plan: Arc<Plan>,
    /// Per window that was counted, and for the one after them: the rows of each table before it.
    starts: Vec<Arc<[u64]>>,
    /// The last of them; what comes before `forgotten` is not kept.
    recent: VecDeque<Arc<Window>>,
    forgotten: usize,
    truncations: Arc<Truncations>,
}

impl Windows {
    /// The windows of a plan; none is counted yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let bases = plan.tables().iter().map(|table| table.base).collect();
        let truncations = Arc::new(vec![Vec::new(); plan.tables().len()]);
        Windows { plan, starts: vec![bases], recent: VecDeque::new(), forgotten: 0, truncations }
    }

    /// The window of a number, which is not 0.
    pub fn of(&mut self, t: OpNumber) -> Arc<Window> {
        let number = window_number(t);
        while self.starts.len() <= number + 1 {
            let window = self.count(self.starts.len() - 1);
            self.recent.push_back(window);
        }
        let kept = number.checked_sub(self.forgotten).map(|index| Arc::clone(&self.recent[index]));
        kept.unwrap_or_else(|| self.count(number))
    }

    /// How many record numbers a table has after number `t`; they are 1 to this, whatever was removed.
    pub fn rows(&mut self, t: OpNumber, table: u16) -> u64 {
        let index = usize::from(table);
        if t == 0 {
            return self.starts[0][index];
        }
        let window = self.of(t);
        let heads = &window.heads[..=window.index(t)];
        let inserts = heads.iter().filter(|head| head.table == table && head.kind == OpKind::Insert).count();
        window.start[index] + inserts as u64
    }

    /// Lets go of windows in which no number from `t` on lies.
    pub fn forget_before(&mut self, t: OpNumber) {
        let number = window_number(t.max(1));
        while self.forgotten < number && self.recent.pop_front().is_some() {
            self.forgotten += 1;
        }
    }

    /// Counts a window that comes right after those that were counted, or one of them again.
    fn count(&mut self, number: usize) -> Arc<Window> {
        let first = number as u64 * WINDOW + 1;
        let start = Arc::clone(&self.starts[number]);
        let mut draws = self.plan.heads(first);
        let heads: Box<[Head]> = (0..WINDOW).map(|_| self.plan.next_head(&mut draws)).collect();
        let mut inserts = vec![0_u32; start.len()];
        let is_new = number + 1 == self.starts.len();
        let mut rank = Vec::with_capacity(heads.len());
        for (t, head) in (first..).zip(&heads) {
            let table = usize::from(head.table);
            inserts[table] += u32::from(head.kind == OpKind::Insert);
            rank.push(inserts[table]);
            if is_new && head.kind == OpKind::Truncate && !self.plan.leaves_out(t, head.table) {
                let rows = start[table] + u64::from(inserts[table]);
                if let Some((first, last)) = self.plan.truncation(t, rows) {
                    Arc::make_mut(&mut self.truncations)[table].push(Truncation { t, first, last });
                }
            }
        }
        if is_new {
            self.starts.push(start.iter().zip(inserts).map(|(start, inserts)| start + u64::from(inserts)).collect());
        }
        Arc::new(Window { first, heads, rank: rank.into(), start, truncations: Arc::clone(&self.truncations) })
    }
}

fn window_number(t: OpNumber) -> usize {
    ((t - 1) / WINDOW) as usize
}

#[cfg(test)]
mod tests {
    use super::super::{Spec, tables};
    use super::*;

    fn windows(text: &str) -> Windows {
        let spec = Spec::new(11, tables(text).expect("tables"));
        Windows::new(Arc::new(Plan::new(spec).expect("a plan")))
    }

    #[test]
    fn record_numbers_are_contiguous_in_the_order_of_numbers() {
        for base in [0, 1, 1023, 1024, 1025, 3 * 1024 + 7] {
            let mut windows = windows(&format!("var:base={base}:insert=53,fix:insert=5:truncate=1,row:insert=100"));
            let plan = Arc::clone(&windows.plan);
            let mut last = [base, 0, 0];
            for t in 1..=3 * WINDOW + 5 {
                let head = plan.head(t);
                let table = usize::from(head.table);
                if head.kind == OpKind::Insert {
                    last[table] += 1;
                }
                assert_eq!(windows.of(t).recno(t), last[table]);
                for (other, &rows) in (0..).zip(&last) {
                    assert_eq!(windows.rows(t, other), rows);
                }
            }
            assert_eq!(windows.rows(0, 0), base);
        }
    }

    #[test]
    fn what_was_forgotten_is_counted_again() {
        let spec = "var:insert=53:truncate=2,row:insert=4:truncate=1";
        let (mut kept, mut forgetful) = (windows(spec), windows(spec));
        forgetful.of(9000);
        forgetful.forget_before(8000);
        assert_eq!((forgetful.forgotten, forgetful.recent.len()), (7, 2));
        for t in [1, 1024, 1025, 7000, 7168, 7169, 9000, 9216, 9217] {
            let (one, other) = (kept.of(t), forgetful.of(t));
            assert_eq!((one.head(t), one.recno(t)), (other.head(t), other.recno(t)), "{t}");
            assert_eq!(one.truncation(t), other.truncation(t));
            assert_eq!(kept.rows(t, 1), forgetful.rows(t, 1));
        }
        forgetful.forget_before(1 << 40);
        assert_eq!(forgetful.of(1).recno(1), kept.of(1).recno(1));
    }

    #[test]
    fn the_last_truncation_of_a_key_is_found() {
        let mut windows = windows("row:base=9:truncate=30:insert=20");
        for t in 1..2000 {
            let window = windows.of(t);
            for (key, after) in [(1, 0), (9, t / 2), (30, t - t.min(9))] {
                let covers = |it: &Truncation| it.first <= key && key <= it.last;
                let straight =
                    (after + 1..t).rev().find(|&at| windows.of(at).truncation(at).as_ref().is_some_and(covers));
                assert_eq!(window.truncated(0, key, after, t), straight);
            }
        }
    }
}
