//! A run may stop anywhere.

use super::*;
use crate::replay::plan::WINDOW;

/// Nothing is left to be rolled back, whatever the place in a window or in a round of lanes.
#[test]
fn a_run_stops_at_every_offset() {
    let plan = plan("var:base=50:insert=53:update=20:remove=10:modify=10,fix:insert=20:update=50:truncate=0.2", 96, 1);
    let oracle = Oracle::at(Arc::clone(&plan), WINDOW + 100);
    for stop in (0..=200).chain(WINDOW - 5..=WINDOW + 100).step_by(1) {
        let store = store(&plan);
        let ran = run(&plan, &mut Lanes::new(Arc::clone(&plan), stop), &store, &schedule(stop, 7));
        assert_eq!((ran.done, ran.counts.done), (stop, stop));
        check::state(&plan, &oracle, &mut store.session(), stop).unwrap_or_else(|wrong| panic!("{stop}: {wrong}"));
        check::histories(&plan, &oracle, &mut store.session(), stop).unwrap_or_else(|wrong| panic!("{stop}: {wrong}"));
    }
}

#[test]
fn a_run_that_is_told_to_stop_ends_where_it_says() {
    let plan = plan("var:base=50:insert=53:update=20:remove=10:modify=10", 16, 1);
    for after in [1, 10, 100, 777] {
        for workers in [1, 3, 16, 40] {
            let store = store(&plan);
            let mut source = Lanes::new(Arc::clone(&plan), u64::MAX / 2);
            let mut steps = 0;
            let mut last = 0;
            let mut stop = |lanes: &mut Lanes, _t, _done| {
                steps += 1;
                if steps == after {
                    last = lanes.stop_now();
                    assert_eq!(lanes.stop_at(last + 1000), last + 1000);
                    assert_eq!(lanes.stop_now(), last);
                }
            };
            let ran =
                simulate(&plan, &mut source, || store.session(), &schedule(after, workers), extra(after), &mut stop);
            assert_eq!((ran.violations, ran.done, ran.counts.done), (0, last, last));
            assert_is_planned(&plan, &store, last);
        }
    }
}

/// A source that came to its end can be given a later one.
#[test]
fn a_run_that_stopped_can_go_on() {
    let plan = plan("fix:bits=5:insert=10:update=20:remove=10:modify=10:truncate=1", 16, 1);
    let store = store(&plan);
    let mut source = Lanes::new(Arc::clone(&plan), 100);
    for stop in [100, 101, 500, 1500] {
        source.stop_at(stop);
        run(&plan, &mut source, &store, &schedule(stop, 4));
        assert_is_planned(&plan, &store, stop);
    }
}
