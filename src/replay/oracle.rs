//! The planner as oracle: what every key had at every number, from the plan alone.
//!
//! One loop over the numbers, with maps. It shares the draws with those who execute a plan, and nothing else: no lanes,
//! windows or ranks.

use super::change::Change;
use super::lanes::{ANY_KEY, TRIES};
use super::plan::{Content, Head, OpKind, OpNumber, Plan, TableSpec};
use crate::bytes::ByteStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a key had from which number on; `None`: no value.
pub type History = Vec<(OpNumber, Option<Content>)>;

/// Everything that happened up to a number.
#[derive(Clone, Debug)]
pub struct Oracle {
    plan: Arc<Plan>,
    /// Per table.
    tables: Vec<Table>,
    /// The last number.
    now: OpNumber,
}

#[derive(Clone, Debug)]
struct Table {
    /// All keys that ever were.
    keys: BTreeMap<u64, History>,
    /// Per lane its keys, in the order in which they came.
    lanes: Vec<Vec<u64>>,
    /// Which number wrote which key, in the order of numbers.
    writes: Vec<(OpNumber, u64)>,
}

impl Table {
    /// Number `t` leaves this of a key.
    fn write(&mut self, t: OpNumber, key: u64, content: Option<Content>) {
        self.keys.entry(key).or_default().push((t, content));
        self.writes.push((t, key));
    }
}

impl Oracle {
    /// The state before number 1.
    pub fn new(plan: Arc<Plan>) -> Self {
        let table = |(number, spec): (u16, &TableSpec)| {
            let lanes = vec![Vec::new(); plan.lanes() as usize];
            let mut table = Table { keys: BTreeMap::new(), lanes, writes: Vec::new() };
            for key in 1..=spec.base {
                table.lanes[(key % plan.lanes()) as usize].push(key);
                table.keys.insert(key, vec![(0, Some(plan.written(number, key, 0)))]);
            }
            table
        };
        let tables = (0..).zip(plan.tables()).map(table).collect();
        Oracle { plan, tables, now: 0 }
    }

    /// The state after number `t`.
    pub fn at(plan: Arc<Plan>, t: OpNumber) -> Self {
        let mut oracle = Oracle::new(plan);
        oracle.advance(t);
        oracle
    }

    /// Goes on to number `t`.
    pub fn advance(&mut self, t: OpNumber) {
        while self.now < t {
            self.now += 1;
            self.next(self.now);
        }
    }

    /// The last number that it knows.
    pub fn now(&self) -> OpNumber {
        self.now
    }

    /// Does number `t`.
    fn next(&mut self, t: OpNumber) {
        let plan = &self.plan;
        let head = plan.head(t);
        let is_left_out = plan.leaves_out(t, head.table);
        let table = &mut self.tables[usize::from(head.table)];
        let lane = (t % plan.lanes()) as usize;
        match head.kind {
            OpKind::Insert => {
                let key = table.keys.len() as u64 + 1;
                table.lanes[lane].push(key);
                table.write(t, key, (!is_left_out).then(|| plan.written(head.table, key, t)));
            }
            _ if is_left_out => {}
            OpKind::Truncate => {
                let range = plan.truncation(t, table.keys.len() as u64);
                for key in range.map_or(0..0, |(first, last)| first..last + 1) {
                    if last_of(&table.keys[&key]).is_some() {
                        table.write(t, key, None);
                    }
                }
            }
            _ => {
                if let Some((key, content)) = on_a_key(plan, table, head, &table.lanes[lane], t) {
                    table.write(t, key, content);
                }
            }
        }
    }

    /// How many record numbers a table has after number `t`, which it knows.
    pub fn rows(&self, table: u16, t: OpNumber) -> u64 {
        self.tables[usize::from(table)].keys.values().filter(|history| history[0].0 <= t).count() as u64
    }

    /// The keys of a table that have a value after number `t`, which it knows, with their values; in order.
    pub fn state(&self, table: u16, t: OpNumber) -> Vec<(u64, ByteStr)> {
        let keys = self.tables[usize::from(table)].keys.iter();
        let content =
            |history: &History| history.iter().rev().find(|(at, _)| *at <= t).and_then(|(_, content)| *content);
        let bytes = |(&key, history)| Some((key, self.plan.bytes(table, key, content(history)?)));
        keys.filter_map(bytes).collect()
    }

    /// What numbers after `from` up to `to`, which it knows, wrote into a table: number and key.
    pub fn writes(&self, table: u16, from: OpNumber, to: OpNumber) -> &[(OpNumber, u64)] {
        let writes = &self.tables[usize::from(table)].writes;
        let place = |t| writes.partition_point(|(at, _)| *at <= t);
        &writes[place(from)..place(to)]
    }

    /// What ought to have changed in a table by numbers after `from` up to `to`, which it knows; in the order of numbers
    /// and keys.
    pub fn changes(&self, table: u16, from: OpNumber, to: OpNumber) -> Vec<Change> {
        let change = |&(t, key): &(OpNumber, u64)| {
            let value = self.value(table, key, t);
            (value != self.value(table, key, t - 1)).then_some(Change { t, table, key, value })
        };
        self.writes(table, from, to).iter().filter_map(change).collect()
    }

    /// What a key has after number `t`, which it knows.
    pub fn value(&self, table: u16, key: u64, t: OpNumber) -> Option<ByteStr> {
        let history = self.history(table, key);
        let version = history.partition_point(|(at, _)| *at <= t).checked_sub(1)?;
        history[version].1.map(|content| self.plan.bytes(table, key, content))
    }

    /// All keys that a table ever had, with their histories.
    pub fn histories(&self, table: u16) -> impl Iterator<Item = (u64, &History)> {
        self.tables[usize::from(table)].keys.iter().map(|(&key, history)| (key, history))
    }

    /// A key's history; empty if there never was such a key.
    pub fn history(&self, table: u16, key: u64) -> &[(OpNumber, Option<Content>)] {
        self.tables[usize::from(table)].keys.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// What a number writes that works on one of the keys of its lane, if it writes.
fn on_a_key(plan: &Plan, table: &Table, head: Head, lane: &[u64], t: OpNumber) -> Option<(u64, Option<Content>)> {
    if lane.is_empty() {
        return None;
    }
    let mut draws = plan.choices(t);
    let needs_value = matches!(head.kind, OpKind::Remove | OpKind::Modify);
    let tries = if needs_value && draws.below(ANY_KEY) != 0 { TRIES } else { 1 };
    let mut drawn = (0..tries).map(|_| lane[draws.below(lane.len() as u64) as usize]);
    let has_value = |key: &u64| last_of(&table.keys[key]).is_some();
    let key = if tries == 1 { drawn.next()? } else { drawn.find(has_value)? };
    match (head.kind, last_of(&table.keys[&key])) {
        (OpKind::Update, _) => Some((key, Some(plan.written(head.table, key, t)))),
        (OpKind::Remove, Some(_)) => Some((key, None)),
        (OpKind::Modify, Some(old)) => Some((key, Some(plan.modified(head.table, old, t)))),
        _ => None,
    }
}

fn last_of(history: &History) -> Option<Content> {
    history.last().and_then(|(_, content)| *content)
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Spec, tables};
    use super::*;

    fn oracle(text: &str, t: OpNumber) -> Oracle {
        let plan = Plan::new(Spec { lanes: 8, ..Spec::new(5, tables(text).expect("tables")) }).expect("a plan");
        Oracle::at(Arc::new(plan), t)
    }

    #[test]
    fn the_past_is_what_it_was() {
        let text = "row:base=20:insert=20:update=20:remove=20:modify=20:truncate=1,fix:bits=3:insert=50:remove=30";
        let end = oracle(text, 500);
        for t in [0, 1, 77, 250, 500] {
            let then = oracle(text, t);
            for table in 0..2 {
                assert_eq!(end.state(table, t), then.state(table, t));
                assert_eq!(end.rows(table, t), then.rows(table, t));
            }
        }
    }

    #[test]
    fn each_operation_shows_in_histories() {
        let oracle = oracle("row:base=20:insert=20:update=20:remove=20:modify=20:truncate=1", 2000);
        let histories: Vec<_> = oracle.histories(0).collect();
        assert!(histories.iter().all(|(_, history)| history.is_sorted_by_key(|(t, _)| *t)));
        let again = |history: &History| history.windows(2).any(|two| two[0].1.is_none() && two[1].1.is_some());
        assert!(histories.iter().any(|(_, history)| again(history)), "no key came back");
        assert!(
            !histories
                .iter()
                .any(|(_, history)| history.windows(2).any(|two| two[0].1.is_none() && two[1].1.is_none()))
        );
        assert_eq!(oracle.history(0, 1 << 40), &[]);
        let count = histories.len() as u64;
        assert_eq!(oracle.rows(0, 2000), count);
        assert!((20 + 300..20 + 500).contains(&count));
    }

    #[test]
    fn an_empty_table_that_gets_nothing_stays_empty() {
        let oracle = oracle("fix:update=50:remove=25:modify=25", 500);
        assert_eq!(oracle.histories(0).count(), 0);
    }
}
