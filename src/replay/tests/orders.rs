//! Crews under shuttle: many orders in which threads get at the source and wait for each other, drawn from seeds. A wake-up
//! that is lost is a deadlock, which shuttle reports with a schedule to replay.

use super::*;
use crate::replay::mistake::{Mistake, Mistaken};
use crate::replay::run::crew;
use crate::replay::threads::{self, Failure, Stalls, Upkeep};
use crate::replay::worker::Counts;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Plans in which somebody has to wait: for truncations, for lanes, for the lead; and one in which nobody does. The last
/// is how often each thread but one waits at most, if there is a limit: once if that one does everything.
const PLANS: [(&str, u32, Option<u64>, Option<u64>); 5] = [
    ("var:base=20:insert=30:update=40:truncate=20", 16, None, None),
    ("row:base=5:insert=40:remove=30", 1, None, Some(1)),
    ("fix:bits=2:base=5:insert=40:update=30", 3, Some(2), None),
    ("var:base=9:insert=50:update=50", 96, Some(1), Some(1)),
    ("var:base=9:insert=50:update=50", 96, None, Some(0)),
];

/// Operations of a run: few, as there are many runs.
const NUMBERS: u64 = 24;

/// A turn of upkeep that ends a run.
type End = fn() -> Result<bool, check::Difference>;

/// Upkeep that counts its turns, three each time.
struct Turns {
    last: u64,
    turns: u64,
    /// The second, if it does not go well.
    second: Option<End>,
}

impl Upkeep for Turns {
    fn is_due(&self, done: u64) -> bool {
        done >= self.last + 5
    }

    fn turn(&mut self, done: u64) -> Result<bool, check::Difference> {
        shuttle::thread::yield_now();
        self.turns += 1;
        if let Some(end) = self.second.filter(|_| self.turns == 2) {
            return end();
        }
        if !self.turns.is_multiple_of(3) {
            return Ok(true);
        }
        self.last = done;
        Ok(false)
    }
}

/// A run with so many threads, and what came of it.
fn go(
    plan: &Arc<Plan>,
    lead: Option<u64>,
    threads: usize,
    mistake: Option<Mistake>,
    second: Option<End>,
) -> Result<(ToyStore, Counts), Failure> {
    let store = store(plan);
    let mut lanes = Lanes::new(Arc::clone(plan), NUMBERS);
    lanes.limit_lead(lead);
    let mut source = Mistaken::new(lanes, mistake);
    let size = crew(threads, plan.lanes(), 4);
    let crews = (0..threads).map(|_| (0..size).map(|_| store.session()).collect()).collect();
    let mut upkeep = Turns { last: 0, turns: 0, second };
    let counts = threads::run(plan, &mut source, crews, extra(1), Stalls { seed: 1, one_in: 3 }, &mut upkeep)?;
    assert_eq!(counts.done, NUMBERS);
    assert!(upkeep.turns >= 3);
    Ok((store, counts))
}

fn in_many_orders(check: impl Fn() + Send + Sync + Clone + 'static) {
    shuttle::check_random(check.clone(), 300);
    shuttle::check_pct(check, 300, 3);
}

#[test]
fn nobody_waits_for_ever_whatever_the_order() {
    for (text, lanes, lead, waits) in PLANS {
        for threads in [2, 3] {
            let plan = plan(text, lanes, 7);
            in_many_orders(move || match go(&plan, lead, threads, None, None) {
                Ok((store, counts)) => {
                    assert!(waits.is_none_or(|waits| counts.waited() <= waits * (threads as u64 - 1)));
                    assert_is_planned(&plan, &store, NUMBERS);
                }
                Err(failure) => panic!("{failure}"),
            });
        }
    }
}

#[test]
fn who_fails_stops_those_who_wait() {
    let plan = plan("row:base=9:insert=100", 2, 7);
    in_many_orders(move || {
        let ended = go(&plan, None, 3, Some(Mistake::Rank), None);
        assert!(matches!(ended, Err(Failure::Violation(_))), "a key is inserted twice");
    });
}

#[test]
fn who_finds_a_difference_stops_those_who_wait() {
    for (text, lanes, lead, _) in PLANS {
        let plan = plan(text, lanes, 7);
        let wrong = || Err(check::Difference { t: 0, table: 0, key: None, what: "planted".to_owned() });
        in_many_orders(move || {
            let ended = go(&plan, lead, 3, None, Some(wrong));
            assert!(matches!(ended, Err(Failure::Difference(_))), "the second turn is there");
        });
    }
}

#[test]
fn who_panics_stops_those_who_wait() {
    for (text, lanes, lead, _) in PLANS {
        let plan = plan(text, lanes, 7);
        // As panic! does, but without a message on the screen.
        let panics = || resume_unwind(Box::new("planted"));
        in_many_orders(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| go(&plan, lead, 3, None, Some(panics))));
            let panic = ended.expect_err("the second turn is there");
            assert_eq!(panic.downcast_ref(), Some(&"planted"));
        });
    }
}
