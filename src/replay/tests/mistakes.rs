//! Planners and stores that make a mistake are caught.

use super::*;
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use crate::replay::mistake::{Mistake, Mistaken};
use crate::replay::request::{Answer, Request};
use crate::replay::run::{Settings, Stage, run};
use crate::replay::store::{Store, StoreError};
use crate::replay::strategies::{Append, Delayed, Jump, Queues, Strategy};
use crate::replay::threads::Failure;

const TABLES: &str = "var:base=1000:insert=53:update=20:remove=5:modify=12";
const STOP: u64 = 3000;

/// Whether what appending leaves is what the plan says.
fn appends_well(workers: usize, conflicts: u64) -> bool {
    let plan = plan(TABLES, 96, 1);
    let store = store(&plan);
    store.make_up_conflicts(1, conflicts);
    let mut source = Mistaken::new(Lanes::new(Arc::clone(&plan), STOP), Some(Mistake::Append));
    let ran = simulate(&plan, &mut source, || store.session(), &schedule(1, workers), Extra::default(), &mut ());
    let oracle = Oracle::at(Arc::clone(&plan), STOP);
    ran.violations == 0 && check::state(&plan, &oracle, &mut store.session(), STOP).is_ok()
}

#[test]
fn appending_instead_of_counting_is_caught() {
    // One worker that never has to try again really appends.
    assert!(appends_well(1, 0));
    assert!(!appends_well(1, 20));
    assert!(!appends_well(2, 0));
}

/// Runs a strategy; tells the violations, and what it left.
fn violations<S: Strategy>(strategy: impl Fn(Arc<Plan>) -> S, stalls: u64, extra: Extra) -> (u64, u64) {
    let plan = plan(TABLES, 96, 1);
    let store = store(&plan);
    let mut source = Queues::new(Arc::clone(&plan), strategy(Arc::clone(&plan)), STOP);
    let schedule = Schedule { stalls, ..schedule(extra.seed, 8) };
    let ran = simulate(&plan, &mut source, || store.session(), &schedule, extra, &mut ());
    assert_eq!(ran.counts.done, STOP);
    (ran.violations, store.digest())
}

#[test]
fn a_born_key_in_the_lane_of_its_low_bits_is_caught() {
    let (count, _) = violations(Delayed::without_delay, 200, extra(1));
    assert!(count > 0);
}

#[test]
fn the_naive_append_gives_another_database_each_time() {
    let all: Vec<_> = (1..=4).map(|seed| violations(Append::new, 200, extra(seed)).1).collect();
    assert!(all.windows(2).all(|two| two[0] != two[1]));
}

#[test]
fn the_strategies_to_compare_with_are_right() {
    fn same<S: Strategy>(name: &str, extra: fn(u64) -> Extra, strategy: impl Fn(Arc<Plan>) -> S) {
        let all: Vec<_> = (1..=4).map(|seed| violations(&strategy, 30 * (seed % 2), extra(seed))).collect();
        assert!(all.iter().all(|&one| one == (0, all[0].1)), "{name}: {all:?}");
    }
    same("jump", extra, Jump::new);
    same("delayed", extra, |plan| Delayed::new(plan, 96, false));
    same("short delay", extra, |plan| Delayed::new(plan, 5, false));
    // What is rolled back has used up its record number: nobody who appends may be.
    let never = |seed| Extra { rolled_back: Percent::NONE, ..extra(seed) };
    same("delayed append", never, |plan| Delayed::new(plan, 96, true));
}

/// A session that forgets its twentieth update and says that all went well.
struct Forgetful(crate::replay::toy::ToySession, u64);

impl Store for Forgetful {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        self.1 += u64::from(matches!(request, Request::Update { .. }));
        if self.1 == 20 && matches!(request, Request::Update { .. }) {
            return Ok(Answer::Done);
        }
        self.0.serve(request)
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        self.0.scan(table, at)
    }
}

#[test]
fn a_write_that_is_lost_is_named_by_key_and_number() {
    let plan = plan(TABLES, 96, 1);
    let store = store(&plan);
    let mut source = Lanes::new(Arc::clone(&plan), STOP);
    let sessions = || Forgetful(store.session(), 0);
    simulate(&plan, &mut source, sessions, &schedule(3, 1), Extra::default(), &mut ());
    let oracle = Oracle::at(Arc::clone(&plan), STOP);
    let whole = check::histories(&plan, &oracle, &mut store.session(), STOP).expect_err("a write is missing");
    // A store that cannot tell its history is read instead, and the answer is the same.
    let read = check::histories(&plan, &oracle, &mut Forgetful(store.session(), 99), STOP).expect_err("missing");
    assert_eq!((whole.table, whole.key, whole.t), (read.table, read.key, read.t));
    let history = oracle.history(whole.table, whole.key.unwrap_or_default());
    assert!(history.iter().any(|(t, _)| *t == whole.t), "{whole}: {history:?}");
}

/// A walk notices at some number what another one did: that one is named.
#[test]
fn what_a_walk_finds_is_named_by_the_number_that_did_it() {
    let plan = plan("row:base=64:update=100", 64, 1);
    for timing in 0..8 {
        let settings = Settings { threads: false, mistake: Some(Mistake::Lost), every: 90, ..Settings::new(timing) };
        let stage = Stage { stop: 300, workers: 2, crash: false };
        let outcome = run(&plan, &[stage], &settings).expect("it is loaded");
        let Some(Failure::Difference(difference)) = &outcome.failure else { panic!("{:?}", outcome.failure) };
        assert_eq!(difference.t % 20, 0, "timing {timing}: {difference}");
        let written = outcome.oracle.writes(0, difference.t - 1, difference.t);
        assert_eq!(difference.key, written.first().map(|(_, key)| *key), "timing {timing}: {difference}");
        let first = outcome.first_unplanned(&plan).expect("updates are missing");
        assert_eq!((first.t, first.one), (20, None), "timing {timing}");
    }
}
