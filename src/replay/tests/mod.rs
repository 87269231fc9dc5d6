//! Runs of whole plans against the toy store, compared with the oracle.

mod continued;
mod given_up;
mod mistakes;
mod on_cue;
mod on_engine;
mod on_threads;
#[cfg(shuttle)]
mod orders;
mod schedules;
mod shares;
mod stops;

use super::check;
use super::execute::Extra;
use super::lanes::Lanes;
use super::oracle::Oracle;
use super::plan::{Percent, Plan, Spec, tables};
use super::simulate::{Ran, Schedule, simulate};
use super::store::load;
use super::toy::ToyStore;
use std::sync::Arc;

/// A plan for tables as text, with some transactions prepared.
fn plan(text: &str, lanes: u32, seed: u64) -> Arc<Plan> {
    let spec = Spec { lanes, prepared: Percent::whole(10), ..Spec::new(seed, tables(text).expect("tables")) };
    Arc::new(Plan::new(spec).expect("a plan"))
}

/// A toy store with what the tables have at first.
fn store(plan: &Plan) -> ToyStore {
    let store = ToyStore::new(plan);
    load(plan, &mut store.session()).expect("loaded");
    store
}

/// Some of everything that leaves no trace.
fn extra(seed: u64) -> Extra {
    Extra { seed, rolled_back: Percent::whole(5), read_before: Percent::whole(50) }
}

/// Workers of different speed, of whose steps some stall.
fn schedule(seed: u64, workers: usize) -> Schedule {
    Schedule { seed, workers, stalls: 200, cut: 0 }
}

/// Simulates what a source hands out, and finds nothing wrong with any answer.
fn run(plan: &Arc<Plan>, lanes: &mut Lanes, store: &ToyStore, schedule: &Schedule) -> Ran {
    let ran = simulate(plan, lanes, || store.session(), schedule, extra(schedule.seed), &mut ());
    if let Some(violation) = &ran.first {
        panic!("{violation}");
    }
    ran
}

/// The store is what the oracle says, now and in all its history.
fn assert_is_planned(plan: &Arc<Plan>, store: &ToyStore, t: u64) {
    let oracle = Oracle::at(Arc::clone(plan), t);
    check::state(plan, &oracle, &mut store.session(), t).unwrap_or_else(|difference| panic!("{difference}"));
    check::histories(plan, &oracle, &mut store.session(), t).unwrap_or_else(|difference| panic!("{difference}"));
}
