//! The same lanes and workers on real threads.

use super::*;
use crate::replay::threads::{self, Stalls};

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
            let sessions = (0..threads).map(|_| store.session()).collect();
            let counts = threads::run(&plan, &mut source, sessions, extra(1), Stalls { seed: 1, one_in: 50 }, &mut ())
                .unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!(counts.done, 4000);
            if !text.contains("truncate") && threads <= lanes {
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
    let sessions = (0..4).map(|_| store.session()).collect();
    let ended = threads::run(&other, &mut source, sessions, Extra::default(), Stalls::default(), &mut ());
    let wrong = ended.expect_err("keys are there already");
    assert!(wrong.to_string().contains("has a value already"), "{wrong}");
}
