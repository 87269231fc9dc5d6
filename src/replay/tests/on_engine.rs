//! Plans on the engine's nodes, a leader and a follower: whatever the number of threads and the timing, the states and
//! all histories are the plan's.

use super::*;
use crate::replay::change::Change;
use crate::replay::mistake::Mistake;
use crate::replay::run::{self, Left, Outcome, Settings, Stage};

/// Tables of all kinds and percentages, lanes, and how many numbers are done.
const RUNS: [(&str, u32, u64); 21] = [
    // One table at 53 %.
    ("var:base=300:insert=53:update=20:remove=5:modify=12", 1024, 1500),
    ("row:base=300:insert=53:update=20:remove=5:modify=12", 1024, 1500),
    ("layered:base=300:insert=53:update=20:remove=5:modify=12", 1024, 1500),
    ("fix:bits=8:base=300:insert=53:update=20:remove=5:modify=12", 1024, 1500),
    // Ten, one of them at 53 %.
    ("var:base=97:insert=53:update=20:remove=5,9xvar:base=50:insert=10:update=30:remove=30", 96, 1250),
    ("layered:base=97:insert=53:update=20,9xlayered:base=50:insert=10:update=30:remove=30:modify=10", 96, 1250),
    (
        "fix:bits=3:base=97:insert=53:remove=15,3xvar:base=9:insert=10:remove=30,3xlayered:insert=5:update=50,3xrow:insert=7:remove=40",
        1024,
        1250,
    ),
    // Four at 100 %.
    ("4xvar:insert=100", 1024, 1000),
    ("row:base=10:insert=100,var:insert=100,fix:insert=100,layered:base=3:insert=100", 96, 1000),
    // Empty tables, that stay so or do not.
    ("layered:update=40:remove=30:modify=30", 96, 250),
    ("layered:insert=1:update=40:remove=30:modify=29,var:insert=1:update=99", 1024, 1000),
    ("fix:bits=1:insert=30:update=30:remove=40", 96, 500),
    // A base that is no multiple of the lanes.
    (
        "layered:base=1025:insert=5:update=95,var:base=1023:insert=5:update=95,fix:base=1079:insert=80:modify=20",
        1024,
        1000,
    ),
    ("row:base=1:insert=33:weight=7:remove=60,layered:base=95:insert=20:remove=40:update=40", 96, 1000),
    // Few lanes.
    ("layered:base=50:insert=30:update=30:remove=20:modify=10,var:insert=50:update=50", 1, 500),
    ("fix:base=50:insert=30:update=30:remove=20:modify=10,row:insert=50:update=50", 2, 500),
    ("layered:base=10:insert=20:update=40:remove=30:modify=10", 16, 750),
    // Truncations.
    ("layered:base=700:insert=30:update=30:remove=20:modify=10:truncate=1", 96, 750),
    ("var:base=500:insert=30:update=30:truncate=1,row:base=1079:remove=50:update=45:truncate=0.5", 1024, 750),
    ("fix:base=40:insert=5:update=30:truncate=5,layered:insert=30:modify=30:truncate=2", 96, 500),
    (
        "2xlayered:base=300:insert=20:update=30:remove=15:modify=15:truncate=0.3,fix:bits=4:insert=30:modify=30",
        1024,
        1000,
    ),
];

/// Some of everything that may happen.
fn settings(timing: u64, threads: bool) -> Settings {
    Settings {
        threads,
        burst: [8, 1, 3, 40][timing as usize % 4],
        stalls: [0, 30, 200][timing as usize % 3],
        conflicts: 10 * (timing % 2),
        extra: extra(timing),
        every: 200 + 150 * (timing % 3),
        ..Settings::new(timing)
    }
}

fn only(stop: u64, workers: usize) -> [Stage; 1] {
    [Stage { stop, workers, crash: false }]
}

fn good(plan: &Arc<Plan>, stages: &[Stage], settings: &Settings) -> Outcome {
    let outcome = run::run(plan, stages, settings).expect("loaded");
    if let Some(failure) = &outcome.failure {
        panic!("{failure}\n{}\n{settings:?} {stages:?}", plan.fingerprint().text());
    }
    outcome
}

/// The leader's state and histories follow from the changes; the keeper has compared the follower's.
fn assert_same(all: &[Vec<Change>]) {
    assert!(all.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn any_number_of_threads_leaves_what_is_planned() {
    let mut conflicts = 0;
    for (index, (text, lanes, stop)) in RUNS.into_iter().enumerate() {
        let plan = plan(text, lanes, index as u64);
        let mut all = Vec::new();
        for workers in [1, 2, 4, 8, 16] {
            let settings = settings(index as u64 + workers as u64, true);
            let outcome = good(&plan, &only(stop, workers), &settings);
            assert_eq!((outcome.done, outcome.counts.done), (stop, stop));
            assert!(outcome.kept.checkpoints > 0 && outcome.kept.adopted > 0);
            if !text.contains("truncate") && workers <= lanes as usize {
                assert_eq!(outcome.counts.waited(), 0, "{text}");
            }
            if settings.conflicts == 0 {
                assert_eq!(outcome.counts.attempts.conflicts, 0);
            }
            conflicts += outcome.counts.attempts.conflicts;
            all.push(outcome.changes);
        }
        assert_same(&all);
    }
    // Which thread meets one is a matter of timing, so that a short run may have none. All of them do not.
    assert!(conflicts > 0);
}

/// One worker meets the same each time.
#[test]
fn conflicts_and_stalls_are_there_if_they_are_asked_for() {
    let (text, lanes, stop) = RUNS[0];
    let plan = plan(text, lanes, 0);
    for (threads, conflicts, stalls) in [(true, 0, 0), (true, 100, 1), (false, 0, 0), (false, 100, 1)] {
        let settings = Settings { threads, conflicts, stalls, ..Settings::new(1) };
        let counts = good(&plan, &only(stop, 1), &settings).counts;
        assert_eq!(counts.attempts.conflicts > 0, conflicts > 0, "{settings:?}");
        // In virtual time they only take longer.
        assert_eq!(counts.gave_way > 0, threads && stalls > 0, "{settings:?}");
    }
}

#[test]
fn any_schedule_leaves_what_is_planned() {
    for (index, (text, lanes, stop)) in RUNS.into_iter().enumerate() {
        let plan = plan(text, lanes, index as u64);
        let all = [3, 7].map(|workers| {
            let settings = settings(2 * index as u64 + workers as u64, false);
            good(&plan, &only(stop, workers), &settings).changes
        });
        assert_same(&all);
    }
}

#[test]
fn who_stops_goes_on_with_other_threads() {
    for (index, (text, lanes, stop)) in RUNS.into_iter().enumerate() {
        let plan = plan(text, lanes, index as u64);
        let stage = |part: u64, workers| Stage { stop: stop * part / 7, workers, crash: false };
        let stages = [stage(1, 3), stage(2, 1), stage(5, 8), stage(7, 2)];
        let settings = settings(index as u64, index % 2 == 0);
        assert_same(&[good(&plan, &stages, &settings).changes, good(&plan, &only(stop, 4), &settings).changes]);
    }
}

#[test]
fn nodes_that_die_come_back_and_do_the_rest() {
    for (index, (text, lanes, stop)) in RUNS.into_iter().enumerate() {
        let plan = plan(text, lanes, index as u64);
        let stage = |part: u64, workers, crash| Stage { stop: stop * part / 5, workers, crash };
        let stages = [stage(1, 2, true), stage(2, 5, true), stage(4, 1, true), stage(5, 3, false)];
        let outcome = good(&plan, &stages, &settings(index as u64, index % 2 == 1));
        assert_eq!(outcome.done, stop);
        assert_same(&[outcome.changes, good(&plan, &only(stop, 2), &settings(1, false)).changes]);
    }
}

#[test]
fn what_a_run_left_is_continued_elsewhere() {
    for (index, (text, lanes, stop)) in RUNS.into_iter().enumerate().step_by(3) {
        let plan = plan(text, lanes, index as u64);
        let settings = settings(index as u64, index % 2 == 0);
        let half = good(&plan, &only(stop / 2, 4), &settings);
        let fingerprint = plan.fingerprint();
        let left = Left { fingerprint: &fingerprint, done: half.done, changes: &half.changes };
        let outcome = run::continue_from(&plan, left, &only(stop, 2), &settings).expect("the same plan");
        assert_eq!(outcome.failure, None);
        assert_same(&[outcome.changes, good(&plan, &only(stop, 1), &settings).changes]);
        let other = super::plan(text, lanes, 99);
        assert!(run::continue_from(&other, left, &only(stop, 2), &settings).is_err());
    }
}

#[test]
fn planted_mistakes_are_caught() {
    let tables = "var:base=500:insert=53:update=20:remove=10,layered:base=500:insert=20:update=40:remove=20";
    let plan = plan(tables, 96, 5);
    for mistake in Mistake::ALL {
        for threads in [true, false] {
            let settings = Settings { mistake: Some(mistake), ..settings(3, threads) };
            let outcome = run::run(&plan, &only(8000, 4), &settings).expect("loaded");
            assert!(outcome.failure.is_some(), "{mistake:?} is not caught");
        }
    }
}
