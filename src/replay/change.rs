//! What happened to keys, and where two accounts of it differ first.

use super::oracle::Oracle;
use super::plan::{OpNumber, Plan};
use crate::bytes::ByteStr;
use std::sync::Arc;

/// A key got another value, or none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// By which number.
    pub t: OpNumber,
    /// In which table.
    pub table: u16,
    /// Which key.
    pub key: u64,
    /// What it has from then on.
    pub value: Option<ByteStr>,
}

impl Change {
    fn place(&self) -> (OpNumber, u16, u64) {
        (self.t, self.table, self.key)
    }
}

/// Where two lists of changes differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The number by which they do.
    pub t: OpNumber,
    /// The table.
    pub table: u16,
    /// The key.
    pub key: u64,
    /// What the first has from then on; `None` if nothing happened there.
    pub one: Option<Option<ByteStr>>,
    /// And the second.
    pub other: Option<Option<ByteStr>>,
}

/// Where two lists of changes differ first, each in the order of numbers, tables and keys.
pub fn first_difference(one: &[Change], other: &[Change]) -> Option<Divergence> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (one.get(same), other.get(same));
    let (t, table, key) = one.into_iter().chain(other).map(Change::place).min()?;
    let of = |change: Option<&Change>| change.filter(|it| it.place() == (t, table, key)).map(|it| it.value.clone());
    Some(Divergence { t, table, key, one: of(one), other: of(other) })
}

/// Numbers that are looked at between two comparisons with the plan.
const PIECE: u64 = 1 << 14;

/// Where changes, all of the numbers up to `done`, differ first from the plan, which is the `other`. Looks no further than
/// that.
pub fn first_unplanned(plan: &Arc<Plan>, changes: &[Change], done: OpNumber) -> Option<Divergence> {
    let mut oracle = Oracle::new(Arc::clone(plan));
    let mut rest = changes;
    while oracle.now() < done {
        let (from, to) = (oracle.now(), done.min(oracle.now() + PIECE));
        oracle.advance(to);
        let (these, later) = rest.split_at(rest.partition_point(|change| change.t <= to));
        rest = later;
        let tables = (0..).zip(plan.tables()).map(|(table, _)| table);
        let mut planned: Vec<Change> = tables.flat_map(|table| oracle.changes(table, from, to)).collect();
        planned.sort_unstable();
        let found = first_difference(these, &planned);
        if found.is_some() {
            return found;
        }
    }
    first_difference(rest, &[])
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Spec, tables};
    use super::*;

    #[test]
    fn the_first_that_is_not_planned_is_found() {
        let spec = Spec::new(3, tables("row:base=50:insert=20:update=50,var:insert=60:remove=20").expect("tables"));
        let plan = Arc::new(Plan::new(spec).expect("a plan"));
        let done = PIECE + 500;
        let oracle = Oracle::at(Arc::clone(&plan), done);
        let mut changes = [0, 1].map(|table| oracle.changes(table, 0, done)).concat();
        changes.sort_unstable();
        assert_eq!(first_unplanned(&plan, &changes, done), None);
        for index in [0, changes.len() / 2, changes.len() - 1] {
            let Change { t, table, key, value } = changes[index].clone();
            let mut lacking = changes.clone();
            lacking.remove(index);
            let found = first_unplanned(&plan, &lacking, done);
            assert_eq!(found, Some(Divergence { t, table, key, one: None, other: Some(value.clone()) }));
            let mut wrong = changes.clone();
            wrong[index].value = Some(ByteStr::new(b"wrong"));
            let one = Some(Some(ByteStr::new(b"wrong")));
            assert_eq!(
                first_unplanned(&plan, &wrong, done),
                Some(Divergence { t, table, key, one, other: Some(value) })
            );
        }
        let more = Change { t: done + 1, table: 0, key: 7, value: None };
        let found = first_unplanned(&plan, &[changes, vec![more]].concat(), done);
        assert!(found.is_some_and(|found| (found.t, found.one, found.other) == (done + 1, Some(None), None)));
    }
}
