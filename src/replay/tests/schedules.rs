//! Any number of workers at any speed: the state and the history of every key are the oracle's.

use super::*;
use crate::replay::source::Why;

/// A table that stays empty: nothing is ever done to it.
const EMPTY: &str = "row:update=40:remove=30:modify=30";

/// Tables of all kinds and percentages.
const TABLES: [&str; 8] = [
    "var:base=1000:insert=53:update=20:remove=5:modify=12",
    "fix:bits=3:base=97:insert=53:update=15:remove=15:modify=12,9xvar:base=50:insert=10:update=30:remove=30:modify=10",
    "row:base=10:insert=100,var:insert=100,fix:insert=100,fix:bits=1:base=3:insert=100",
    EMPTY,
    "fix:bits=8:insert=1:update=40:remove=30:modify=29",
    "row:base=1:insert=33:weight=7:remove=60,var:base=1023:insert=5:update=95,fix:base=1024:insert=80:modify=20",
    "var:base=500:insert=30:update=30:remove=20:modify=10:truncate=1,row:base=3079:remove=50:update=45:truncate=0.5",
    "fix:base=40:insert=5:update=30:truncate=20,fix:bits=2:insert=30:modify=30:truncate=5",
];

#[test]
fn every_schedule_does_what_the_plan_says() {
    for (index, text) in TABLES.iter().enumerate() {
        let (has_barriers, has_keys) = (text.contains("truncate"), *text != EMPTY);
        for (lanes, stop) in [(1, 400), (2, 900), (96, 2500), (1024, 3100)] {
            let plan = plan(text, lanes, index as u64);
            let oracle = Oracle::at(Arc::clone(&plan), stop);
            let mut digests = Vec::new();
            for workers in [1, 2, 4, 16] {
                let store = store(&plan);
                let mut source = Lanes::new(Arc::clone(&plan), stop);
                let ran = run(&plan, &mut source, &store, &schedule(workers as u64, workers));
                assert_eq!((ran.done, ran.counts.done), (stop, stop));
                let attempts = &ran.counts.attempts;
                assert_eq!((attempts.prepared > 0, attempts.rolled_back > 0), (has_keys, has_keys), "{text}");
                assert_eq!(ran.counts.attempts.conflicts, 0);
                if !has_barriers && workers <= lanes as usize {
                    assert_eq!(ran.counts.waited(), 0, "{text}");
                }
                let session = &mut store.session();
                check::histories(&plan, &oracle, session, stop).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
                check::state(&plan, &oracle, session, stop).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
                digests.push(store.digest());
            }
            digests.dedup();
            assert_eq!(digests.len(), 1, "{text} in {lanes} lanes");
        }
    }
}

#[test]
fn any_base_fits_any_number_of_lanes() {
    for lanes in [1, 2, 96, 1024] {
        let l = u64::from(lanes);
        for base in [0, 1, l - 1, l, l + 1, 3 * l + 7] {
            let text = format!("var:base={base}:insert=20:update=30:remove=20:modify=20,fix:base={base}:update=100");
            let plan = plan(&text, lanes, base);
            let store = store(&plan);
            run(&plan, &mut Lanes::new(Arc::clone(&plan), 1500), &store, &schedule(base, 5));
            assert_is_planned(&plan, &store, 1500);
        }
    }
}

#[test]
fn a_run_is_right_at_every_moment_and_not_only_in_the_end() {
    for text in [TABLES[0], TABLES[6]] {
        let plan = plan(text, 96, 3);
        let store = store(&plan);
        let oracle = Oracle::at(Arc::clone(&plan), 2000);
        let mut source = Lanes::new(Arc::clone(&plan), 2000);
        let (mut steps, mut last, mut looked) = (0, 0, 0);
        let mut look = |lanes: &mut Lanes, _t, done| {
            assert!(done >= last, "what is done never becomes less");
            last = done;
            steps += 1;
            if steps % 97 == 0 {
                looked += 1;
                let session = &mut store.session();
                check::state(&plan, &oracle, session, done).unwrap_or_else(|wrong| panic!("{wrong}"));
                check::state(&plan, &oracle, session, done / 2).unwrap_or_else(|wrong| panic!("{wrong}"));
                for table in 0..plan.tables().len() as u16 {
                    assert_eq!(lanes.rows(done, table), oracle.rows(table, done));
                }
            }
        };
        let ran = simulate(&plan, &mut source, || store.session(), &schedule(8, 8), extra(8), &mut look);
        assert_eq!((ran.violations, looked), (0, 2000 / 97));
    }
}

#[test]
fn conflicts_burn_nothing() {
    for text in TABLES {
        let plan = plan(text, 96, 21);
        let store = store(&plan);
        store.make_up_conflicts(5, 200);
        let ran = run(&plan, &mut Lanes::new(Arc::clone(&plan), 1500), &store, &schedule(6, 6));
        assert_eq!(ran.counts.done, 1500);
        assert!(ran.counts.attempts.conflicts > 0 || text == EMPTY);
        assert_is_planned(&plan, &store, 1500);
    }
}

#[test]
fn who_may_not_run_ahead_waits_and_does_the_same() {
    let plan = plan(TABLES[0], 96, 4);
    for lead in [1, 5, 96, 500] {
        let store = store(&plan);
        let mut source = Lanes::new(Arc::clone(&plan), 2000);
        source.limit_lead(Some(lead));
        let ran = run(&plan, &mut source, &store, &Schedule { stalls: 50, ..schedule(lead, 8) });
        assert!(ran.counts.waits[Why::Lead as usize] > 0);
        // A number in a lane that is taken is passed over, not handed out: what comes next may be a little further.
        assert!(ran.max_lead <= lead + 96, "{} > {lead}", ran.max_lead);
        assert_is_planned(&plan, &store, 2000);
    }
}

#[test]
fn a_truncation_is_alone() {
    let plan = plan(TABLES[7], 96, 9);
    let store = store(&plan);
    let ran = run(&plan, &mut Lanes::new(Arc::clone(&plan), 1000), &store, &schedule(1, 8));
    assert!(ran.counts.waits[Why::Barrier as usize] > 100);
    assert_eq!(ran.counts.waits[Why::Lead as usize], 0);
    assert_is_planned(&plan, &store, 1000);
}

#[test]
fn the_same_schedule_is_the_same_run() {
    let plan = plan(TABLES[6], 96, 2);
    let go = |seed| {
        let store = store(&plan);
        let ran = run(&plan, &mut Lanes::new(Arc::clone(&plan), 800), &store, &schedule(seed, 4));
        (ran.time, ran.busy, ran.max_lead, ran.counts, store.digest())
    };
    assert_eq!(go(1), go(1));
    assert_ne!(go(1).0, go(2).0);
    assert_eq!(go(1).4, go(2).4);
}
