//! The plan does what was asked for: every number is used, and the share of every operation is the configured one.

use super::*;
use crate::replay::plan::OpKind;
use crate::replay::simulate::Watcher;
use crate::replay::source::Source;
use crate::replay::study::Scenario;
use std::collections::BTreeMap;

#[test]
fn shares_are_within_four_sigma() {
    for scenario in Scenario::all() {
        let plan = Plan::new(Spec::new(1, scenario.tables)).expect("a plan");
        let mut count: BTreeMap<(u16, OpKind), u64> = BTreeMap::new();
        let numbers = 200_000;
        let mut draws = plan.heads(1);
        for _ in 0..numbers {
            let head = plan.next_head(&mut draws);
            *count.entry((head.table, head.kind)).or_default() += 1;
        }
        for (table, spec) in (0..).zip(plan.tables()) {
            for kind in OpKind::ALL {
                let share = spec.percent(kind).share() / plan.tables().len() as f64;
                let sigma = (numbers as f64 * share * (1.0 - share)).sqrt();
                let found = count.get(&(table, kind)).copied().unwrap_or_default() as f64;
                let off = (found - numbers as f64 * share).abs();
                assert!(off <= 4.0 * sigma, "{}: table {table}, {}: {found}", scenario.name, kind.name());
            }
        }
    }
}

/// Notes the numbers that are done.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl<Q: Source> Watcher<Q> for Numbers {
    fn step(&mut self, _source: &mut Q, t: u64, _done: u64) {
        self.0.push(t);
    }
}

#[test]
fn every_number_is_done_once() {
    for lanes in [1, 2, 96, 1024] {
        let plan = plan("var:base=7:insert=30:update=30:truncate=1", lanes, 3);
        let store = store(&plan);
        let mut source = Lanes::new(Arc::clone(&plan), 2500);
        let mut numbers = Numbers::default();
        simulate(&plan, &mut source, || store.session(), &schedule(1, 8), extra(1), &mut numbers);
        // The numbers of a lane are done in order.
        let mut last = vec![0; lanes as usize];
        for &t in &numbers.0 {
            let lane = plan.lane(t);
            assert!(last[lane] < t);
            last[lane] = t;
        }
        numbers.0.sort_unstable();
        assert_eq!(numbers.0, (1..=2500).collect::<Vec<_>>());
    }
}
