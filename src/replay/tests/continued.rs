//! A run that was cut, rolled back to where all is done, or further, and continued by another number of workers.

use super::*;

#[test]
fn a_run_that_was_cut_is_continued_by_others() {
    let texts = [
        "var:base=50:insert=53:update=20:remove=10:modify=10",
        "fix:insert=30:update=30:remove=20:modify=10:truncate=1,row:base=9:insert=5:update=40:modify=40:truncate=0.3",
    ];
    for text in texts {
        for (lanes, cuts) in [(1, [10, 20]), (16, [100, 333]), (1024, [600, 1400])] {
            for back in [0, 1, 57, 10_000] {
                let plan = plan(text, lanes, back);
                let store = store(&plan);
                let mut source = Lanes::new(Arc::clone(&plan), 3000);
                for (workers, cut) in [(7, cuts[0]), (2, cuts[1])] {
                    let schedule = Schedule { cut, ..schedule(back, workers) };
                    let ran = run(&plan, &mut source, &store, &schedule);
                    assert!(ran.done < 3000);
                    let kept = ran.done.saturating_sub(back);
                    store.roll_back_to(plan.clock().after(kept));
                    assert_is_planned(&plan, &store, kept);
                    let before = plan.fingerprint();
                    source = Lanes::resume(Arc::clone(&plan), &before, kept, 3000).expect("the same plan");
                }
                let ran = run(&plan, &mut source, &store, &schedule(2, 5));
                assert_eq!(ran.done, 3000);
                assert_is_planned(&plan, &store, 3000);
            }
        }
    }
}

#[test]
fn another_plan_is_not_continued() {
    let (one, other) = (plan("var:insert=50", 16, 1), plan("var:insert=51", 16, 1));
    let refused = Lanes::resume(one, &other.fingerprint(), 5, 10).expect_err("another plan");
    assert!(refused.to_string().contains("insert=51"), "{refused}");
}
