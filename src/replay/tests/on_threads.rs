//! The same lanes and workers on real threads.

use super::*;
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use crate::replay::mistake::{Mistake, Mistaken};
use crate::replay::request::{Answer, Exchange, Request};
use crate::replay::run::crew;
use crate::replay::source::Source;
use crate::replay::store::{Store, StoreError};
use crate::replay::threads::{self, Stalls, Upkeep};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

#[test]
fn threads_do_what_the_plan_says() {
    let texts = [
        "var:base=1000:insert=53:update=20:remove=5:modify=12",
        "fix:bits=3:insert=20:update=25:remove=15:modify=12:truncate=0.5,row:base=50:insert=10:update=30:remove=30",
    ];
    for text in texts {
        for (lanes, threads) in [(1, 3), (16, 16), (96, 4), (1024, 1), (1024, 8)] {
            let plan = plan(text, lanes, 77);
            let store = store(&plan);
            store.make_up_conflicts(3, 20);
            let mut source = Lanes::new(Arc::clone(&plan), 4000);
            let crew = crew(threads, plan.lanes(), 4);
            let crews = (0..threads).map(|_| (0..crew).map(|_| store.session()).collect()).collect();
            let counts = threads::run(&plan, &mut source, crews, extra(1), Stalls { seed: 1, one_in: 50 }, &mut ())
                .unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!(counts.done, 4000);
            if !text.contains("truncate") && threads <= lanes as usize {
                assert_eq!(counts.waited(), 0);
            }
            assert_is_planned(&plan, &store, 4000);
        }
    }
}

#[test]
fn a_violation_ends_the_run_of_all() {
    let plan = plan("var:base=1000:update=100", 1024, 1);
    // The rows that the plan begins with are missing, which only a read or a modify could see; and one is there that
    // is to be inserted.
    let other = super::plan("var:base=3:insert=100", 1024, 1);
    let store = super::store(&plan);
    let mut source = Lanes::new(Arc::clone(&other), 4000);
    let crews = (0..4).map(|_| vec![store.session(), store.session()]).collect();
    let ended = threads::run(&other, &mut source, crews, Extra::default(), Stalls::default(), &mut ());
    let wrong = ended.expect_err("keys are there already");
    assert!(wrong.to_string().contains("has a value already"), "{wrong}");
}

/// A session that notes how many calls were made together at most.
struct Noting(crate::replay::toy::ToySession, Arc<AtomicUsize>);

impl Store for Noting {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        self.0.serve(request)
    }

    fn burst(sessions: &mut [Self], calls: &mut [Exchange]) {
        sessions[0].1.fetch_max(calls.len(), Ordering::Relaxed);
        for call in calls {
            call.answer = sessions[call.session].serve(&call.request);
        }
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        self.0.scan(table, at)
    }
}

#[test]
fn a_crew_has_as_many_operations_under_way_as_it_may() {
    for (lanes, threads, burst, most) in [(96, 2, 1, 1), (96, 2, 8, 8), (96, 16, 8, 6), (1, 2, 8, 1), (3, 1, 8, 3)] {
        let plan = plan("var:base=100:insert=30:update=70", lanes, 5);
        let store = store(&plan);
        let noted = Arc::new(AtomicUsize::new(0));
        let mut source = Lanes::new(Arc::clone(&plan), 2000);
        let size = crew(threads, plan.lanes(), burst);
        let session = |_| Noting(store.session(), Arc::clone(&noted));
        let crews = (0..threads).map(|_| (0..size).map(session).collect()).collect();
        threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut ()).expect("as planned");
        assert_eq!(noted.load(Ordering::Relaxed), most, "{lanes} lanes, {threads} threads, burst {burst}");
        assert_is_planned(&plan, &store, 2000);
    }
}

/// Upkeep that is never due, and sees how far what is done moves on at once.
#[derive(Default)]
struct Jumps {
    last: AtomicU64,
    most: AtomicU64,
}

impl Upkeep for Jumps {
    fn is_due(&self, done: u64) -> bool {
        let last = self.last.swap(done, Ordering::Relaxed);
        self.most.fetch_max(done.saturating_sub(last), Ordering::Relaxed);
        false
    }

    fn turn(&mut self, _done: u64) -> Result<bool, check::Difference> {
        Ok(false)
    }
}

#[test]
fn who_is_done_gives_back_soon() {
    // Most lanes have no key, so that most numbers do nothing and are over at once.
    let plan = plan("row:base=40:update=100", 1024, 3);
    let store = store(&plan);
    let mut source = Lanes::new(Arc::clone(&plan), 5000);
    let crews = vec![(0..16).map(|_| store.session()).collect()];
    let mut jumps = Jumps::default();
    threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut jumps).expect("as planned");
    let most = jumps.most.into_inner();
    assert!(most < 100, "a number is given back after {most} others");
}

#[test]
fn what_others_did_before_a_failure_is_done() {
    let plan = plan("row:base=100:insert=50:update=50", 1024, 3);
    let store = store(&plan);
    let mut source = Mistaken::new(Lanes::new(Arc::clone(&plan), 4000), Some(Mistake::Rank));
    let crews = (0..2).map(|_| (0..8).map(|_| store.session()).collect()).collect();
    threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut ()).expect_err("a mistake");
    let done = source.all_done();
    assert!(done > 0 && done < 4000, "{done}");
    // Nobody has a transaction under way any more: all that is there is visible.
    assert_eq!(store.running(), 0);
}
