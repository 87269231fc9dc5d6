//! Crews under shuttle: many orders in which threads get at the source and wait for each other, drawn from seeds. A wake-up
//! that is lost is a deadlock, which shuttle reports with a schedule to replay.

use super::*;
use crate::replay::mistake::{Mistake, Mistaken};
use crate::replay::run::crew;
use crate::replay::threads::{self, Failure, Stalls, Upkeep};

/// Plans in which somebody has to wait: for truncations, for lanes, for the lead; and one in which nobody does.
const PLANS: [(&str, u32, Option<u64>); 5] = [
    ("var:base=20:insert=30:update=40:truncate=20", 16, None),
    ("row:base=5:insert=40:remove=30", 1, None),
    ("fix:bits=2:base=5:insert=40:update=30", 3, Some(2)),
    ("var:base=9:insert=50:update=50", 96, Some(1)),
    ("var:base=9:insert=50:update=50", 96, None),
];

/// Operations of a run: few, as there are many runs.
const NUMBERS: u64 = 24;

/// Upkeep that counts its turns, three each time.
struct Turns {
    last: u64,
    turns: u64,
}

impl Upkeep for Turns {
    fn is_due(&self, done: u64) -> bool {
        done >= self.last + 5
    }

    fn turn(&mut self, done: u64) -> Result<bool, check::Difference> {
        shuttle::thread::yield_now();
        self.turns += 1;
        if !self.turns.is_multiple_of(3) {
            return Ok(true);
        }
        self.last = done;
        Ok(false)
    }
}

/// A run with so many threads, and what came of it.
fn go(plan: &Arc<Plan>, lead: Option<u64>, threads: usize, mistake: Option<Mistake>) -> Result<ToyStore, Failure> {
    let store = store(plan);
    let mut lanes = Lanes::new(Arc::clone(plan), NUMBERS);
    lanes.limit_lead(lead);
    let mut source = Mistaken::new(lanes, mistake);
    let size = crew(threads, plan.lanes(), 4);
    let crews = (0..threads).map(|_| (0..size).map(|_| store.session()).collect()).collect();
    let mut upkeep = Turns { last: 0, turns: 0 };
    let counts = threads::run(plan, &mut source, crews, extra(1), Stalls { seed: 1, one_in: 3 }, &mut upkeep)?;
    assert_eq!(counts.done, NUMBERS);
    assert!(upkeep.turns >= 3);
    Ok(store)
}

fn in_many_orders(check: impl Fn() + Send + Sync + Clone + 'static) {
    shuttle::check_random(check.clone(), 300);
    shuttle::check_pct(check, 300, 3);
}

#[test]
fn nobody_waits_for_ever_whatever_the_order() {
    for (text, lanes, lead) in PLANS {
        for threads in [2, 3] {
            let plan = plan(text, lanes, 7);
            in_many_orders(move || match go(&plan, lead, threads, None) {
                Ok(store) => assert_is_planned(&plan, &store, NUMBERS),
                Err(failure) => panic!("{failure}"),
            });
        }
    }
}

#[test]
fn who_fails_stops_those_who_wait() {
    let plan = plan("row:base=9:insert=100", 2, 7);
    in_many_orders(move || {
        let ended = go(&plan, None, 3, Some(Mistake::Rank));
        assert!(matches!(ended, Err(Failure::Violation(_))), "a key is inserted twice");
    });
}
