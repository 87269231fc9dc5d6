//! Many workers on one thread, in virtual time: who runs when is drawn from a seed, so that every run can be had again.
//!
//! Workers are of different speed, calls take about exponentially long, and some steps stall. All times are whole
//! numbers: the same schedule is the same on every machine.

use super::execute::{Extra, Violation};
use super::plan::{Draws, OpNumber, Plan, Purpose};
use super::source::{Source, Why};
use super::store::Store;
use super::worker::{Counts, Next, Worker};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How long a call takes on average with a worker of speed 1, in units of virtual time.
const CALL: u64 = 1000;
/// How much longer a step that stalls takes.
const STALL: u64 = 500;

/// Who runs when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The seed of all that is drawn.
    pub seed: u64,
    /// How many workers there are.
    pub workers: usize,
    /// One step in so many stalls; 0: none does.
    pub stalls: u64,
    /// End after so many steps, in the middle of what is being done; 0: do not.
    pub cut: u64,
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// What the workers did all in all.
    pub counts: Counts,
    /// All numbers up to this one are done.
    pub done: OpNumber,
    /// How long it took, in virtual time.
    pub time: u64,
    /// How long workers were at work, taken together.
    pub busy: u64,
    /// The furthest that a number was ahead of what was done.
    pub max_lead: u64,
    /// How often the store did not do as the plan says.
    pub violations: u64,
    /// The first time.
    pub first: Option<Violation>,
}

impl Ran {
    /// The share of their time that workers were at work.
    pub fn efficiency(&self, workers: usize) -> f64 {
        self.busy as f64 / (self.time.max(1) as f64 * workers as f64)
    }
}

/// Whoever wants to see what happens in a run.
pub trait Watcher<Q: Source> {
    /// A step is done, with number `t`; all up to `done` are.
    fn step(&mut self, source: &mut Q, t: OpNumber, done: OpNumber);

    /// Some call was made; now it may make one of its own. All numbers up to `done` are done.
    fn between(&mut self, _done: OpNumber) {}
}

impl<Q: Source> Watcher<Q> for () {
    fn step(&mut self, _source: &mut Q, _t: OpNumber, _done: OpNumber) {}
}

impl<Q: Source, F: FnMut(&mut Q, OpNumber, OpNumber)> Watcher<Q> for F {
    fn step(&mut self, source: &mut Q, t: OpNumber, done: OpNumber) {
        self(source, t, done);
    }
}

/// One of the workers.
struct Player<T, S> {
    worker: Worker<T>,
    session: S,
    is_waiting: bool,
    /// How long it takes for what takes 8.
    slowness: u64,
    /// How much longer its present step takes.
    stall: u64,
}

impl<T, S: Store> Player<T, S> {
    /// Counts once what is asked for several times.
    fn wait(&mut self, why: Why) {
        if !std::mem::replace(&mut self.is_waiting, true) {
            self.worker.waits(why);
        }
    }

    /// Makes the next call of the present step.
    fn work<Q: Source<Ticket = T>>(&mut self) -> Result<(), Violation> {
        self.is_waiting = false;
        match self.worker.request::<Q>() {
            Some(request) => self.worker.take(self.session.serve(&request)),
            None => Ok(()),
        }
    }
}

/// Does all numbers that a source hands out, with a session of a store for each worker.
pub fn simulate<Q: Source, S: Store>(
    plan: &Arc<Plan>,
    source: &mut Q,
    mut sessions: impl FnMut() -> S,
    schedule: &Schedule,
    extra: Extra,
    watcher: &mut impl Watcher<Q>,
) -> Ran {
    let mut draws = Draws::new(schedule.seed, Purpose::Schedule, 2);
    let mut players: Vec<_> = (0..schedule.workers)
        .map(|_| Player {
            worker: Worker::<Q::Ticket>::new(Arc::clone(plan), extra),
            session: sessions(),
            is_waiting: false,
            slowness: 4 + draws.below(13),
            stall: 1,
        })
        .collect();
    let mut ran = Ran::default();
    let mut events: BinaryHeap<_> = (0..players.len()).map(|index| Reverse((0, index))).collect();
    let mut waiting = Vec::new();
    while let Some(Reverse((now, index))) = events.pop() {
        ran.time = now;
        let player = &mut players[index];
        if player.worker.next() != Next::Work {
            let before = player.worker.number::<Q>();
            let released = player.worker.ask(source);
            if released {
                events.extend(waiting.drain(..).map(|other| Reverse((now, other))));
                ran.done = source.all_done();
                watcher.step(source, before.unwrap_or_default(), ran.done);
            }
            match player.worker.next() {
                Next::Wait(why) => {
                    player.wait(why);
                    waiting.push(index);
                    continue;
                }
                Next::Ask | Next::Quit => continue,
                Next::Work => {
                    player.stall = if schedule.stalls > 0 && draws.below(schedule.stalls) == 0 { STALL } else { 1 };
                    let number = player.worker.number::<Q>().unwrap_or_default();
                    ran.max_lead = ran.max_lead.max(number - source.all_done());
                }
            }
            if schedule.cut > 0
                && released
                && players.iter().map(|it| it.worker.counts().done).sum::<u64>() >= schedule.cut
            {
                break;
            }
        }
        let player = &mut players[index];
        if let Err(violation) = player.work::<Q>() {
            ran.violations += 1;
            ran.first.get_or_insert(violation);
        }
        let cost = CALL * exponential(&mut draws) * player.slowness * player.stall / (8 << 10);
        ran.busy += cost;
        events.push(Reverse((now + cost, index)));
        watcher.between(source.all_done());
    }
    ran.done = source.all_done();
    for Player { worker, mut session, .. } in players {
        ran.counts.add(&worker.abandon(&mut session));
    }
    ran
}

/// A number that is about exponentially distributed, with the mean 1024: the binary logarithm of a random number, a
/// line between any two powers of two.
fn exponential(draws: &mut Draws) -> u64 {
    let bits = draws.bits() | 1;
    let zeros = u64::from(bits.leading_zeros());
    let rest = if zeros >= 63 { 0 } else { (bits << (zeros + 1)) >> 54 };
    // Logarithms are between `zeros` and `zeros` + 1, and 1 is 1024 times the natural logarithm of 2.
    ((((zeros + 1) << 10) - rest) * 710) >> 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_about_exponential() {
        let mut draws = Draws::new(1, Purpose::Schedule, 9);
        let mut costs: Vec<_> = (0..100_000).map(|_| exponential(&mut draws)).collect();
        costs.sort_unstable();
        let mean = costs.iter().sum::<u64>() / costs.len() as u64;
        assert!((950..1100).contains(&mean), "{mean}");
        assert!((650..780).contains(&costs[50_000]), "{}", costs[50_000]);
        assert!((2200..2600).contains(&costs[90_000]), "{}", costs[90_000]);
    }
}
