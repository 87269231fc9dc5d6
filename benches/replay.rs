//! How much more do two threads get done than one? The same plan on the engine with 1, 2 and 4 threads, with one node and
//! with two, without comparisons. Shown are ratios of one run; they mean something if both cores are free.
//!
//! `cargo bench --bench replay`; what was asked for and what was done are compared, too: shares, timestamps, waits.

use lockstep::replay::cluster::Cluster;
use lockstep::replay::execute::Extra;
use lockstep::replay::lanes::Lanes;
use lockstep::replay::plan::{OpKind, Plan, Spec, tables};
use lockstep::replay::source::Source;
use lockstep::replay::threads::{self, Stalls};
use lockstep::replay::worker::Counts;
use std::sync::Arc;
use std::time::Instant;

/// Operations of a run.
const OPS: u64 = 300_000;
/// Each figure is the best of so many.
const TIMES: usize = 3;

const WORKLOADS: [(&str, &str); 4] = [
    ("column store, 53 % inserts", "var:base=1000:insert=53:update=20:remove=5:modify=12"),
    ("layered, mostly updates", "layered:base=20000:insert=5:update=50:remove=10:modify=10"),
    ("rows, updates and reads", "row:base=20000:update=50"),
    (
        "ten tables",
        "2xfix:base=999:insert=53:update=20,4xlayered:base=2000:insert=5:update=50,4xvar:base=500:insert=20:update=40",
    ),
];

fn main() {
    println!("{:<28} {:>5} {:>14} {:>8} {:>8}", "", "nodes", "ops/s, 1 thread", "2 : 1", "4 : 1");
    for (name, text) in WORKLOADS {
        let plan = Arc::new(Plan::new(Spec::new(1, tables(text).expect("tables"))).expect("a plan"));
        for nodes in [1, 2] {
            // In turns, so that whatever else the machine does hits all alike.
            let mut best = [f64::INFINITY; 3];
            for _ in 0..TIMES {
                for (best, threads) in best.iter_mut().zip([1, 2, 4]) {
                    *best = best.min(seconds(&plan, nodes, threads));
                }
            }
            let [one, two, four] = best;
            println!("{name:<28} {nodes:>5} {:>15.0} {:>8.2} {:>8.2}", OPS as f64 / one, one / two, one / four);
        }
        println!("{:<28} worst share {:.1} sigma off", "", worst_share(&plan));
    }
}

fn seconds(plan: &Arc<Plan>, nodes: usize, threads: usize) -> f64 {
    let mut cluster = Cluster::new(plan, nodes).expect("loaded");
    let sessions = (0..threads).map(|number| cluster.session(number)).collect();
    let mut lanes = Lanes::new(Arc::clone(plan), OPS);
    let start = Instant::now();
    let ended = threads::run(plan, &mut lanes, sessions, Extra::default(), Stalls::default(), &mut ());
    let seconds = start.elapsed().as_secs_f64();
    let Counts { done, waits, .. } = ended.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!((done, lanes.all_done()), (OPS, OPS), "every timestamp is used");
    assert_eq!(waits.iter().sum::<u64>(), 0, "nobody waits");
    seconds
}

/// How many standard deviations the share of an operation is off at most.
fn worst_share(plan: &Plan) -> f64 {
    let total: u32 = plan.tables().iter().map(|table| table.weight).sum();
    let mut counts = vec![[0_u64; OpKind::ALL.len()]; plan.tables().len()];
    let mut draws = plan.heads(1);
    for _ in 0..OPS {
        let head = plan.next_head(&mut draws);
        counts[usize::from(head.table)][head.kind as usize] += 1;
    }
    let mut worst = 0.0_f64;
    for (spec, counts) in plan.tables().iter().zip(counts) {
        for kind in OpKind::ALL {
            let share = spec.percent(kind).share() * f64::from(spec.weight) / f64::from(total);
            let sigma = (OPS as f64 * share * (1.0 - share)).sqrt().max(1.0);
            worst = worst.max((counts[kind as usize] as f64 - OPS as f64 * share).abs() / sigma);
        }
    }
    assert!(worst <= 4.0, "a share is {worst} standard deviations off");
    worst
}
