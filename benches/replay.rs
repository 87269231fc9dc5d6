//! How much more do two threads get done than one? The same plan on the engine with 1, 2 and 4 threads, with one node and
//! with two, without comparisons. Shown are medians of ratios of runs right after each other; they mean something if the cores are free.
//!
//! `cargo bench --bench replay`; what was asked for and what was done are compared, too: shares, timestamps, waits.

use cpu_time::ProcessTime;
use lockstep::backend::Timestamp;
use lockstep::bytes::ByteStr;
use lockstep::replay::cluster::{Cluster, ClusterSession};
use lockstep::replay::execute::Extra;
use lockstep::replay::lanes::Lanes;
use lockstep::replay::plan::{OpKind, Plan, Spec, tables};
use lockstep::replay::request::{Answer, Request};
use lockstep::replay::run::{BURST, crew};
use lockstep::replay::source::Source;
use lockstep::replay::store::{Store, StoreError};
use lockstep::replay::threads::{self, Stalls};
use lockstep::replay::worker::Counts;
use mimalloc::MiMalloc;
use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// As in the tool.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Operations of a run.
const OPS: u64 = 200_000;
/// Each figure is the median of so many.
const TIMES: usize = 15;

const WORKLOADS: [(&str, &str); 4] = [
    ("column store, 53 % inserts", "var:base=1000:insert=53:update=47"),
    ("layered, mostly updates", "layered:base=20000:insert=5:update=95"),
    ("rows, updates", "row:base=20000:update=100"),
    (
        "ten tables",
        "2xfix:base=999:insert=53:update=47,4xlayered:base=2000:insert=5:update=95,4xvar:base=500:insert=20:update=80",
    ),
];

fn main() {
    println!(
        "{:<28} {:>5} {:>16} {:>10} {:>8} {:>8} {:>8}",
        "", "nodes", "ops/CPU s, 1 thr.", "on nodes", "2 : 1", "4 : 1", "apart"
    );
    for (name, text) in WORKLOADS {
        let plan = Arc::new(Plan::new(Spec::new(1, tables(text).expect("tables"))).expect("a plan"));
        let crew_of_nothing = || vec![(0..BURST).map(|_| Nothing).collect()];
        let planning = median((0..TIMES).map(|_| measure(&plan, OPS, crew_of_nothing()).1));
        for nodes in [1, 2] {
            // One after the other, so that whatever else the machine does meanwhile hits all alike.
            let mut runs = Vec::new();
            for _ in 0..TIMES {
                let (one, cpu) = on_engine(&plan, nodes, 1);
                let (two, four) = (on_engine(&plan, nodes, 2).0, on_engine(&plan, nodes, 4).0);
                runs.push(([one / two, one / four, one / apart(&plan, nodes)], cpu));
            }
            let ratio = |index: usize| median(runs.iter().map(|(ratios, _)| ratios[index]));
            let cpu = median(runs.iter().map(|(_, cpu)| *cpu));
            let (on_nodes, speed) = (100.0 * (cpu - planning).max(0.0) / cpu, OPS as f64 / cpu);
            let [two, four, apart] = [0, 1, 2].map(ratio);
            println!("{name:<28} {nodes:>5} {speed:>17.0} {on_nodes:>8.0} % {two:>8.2} {four:>8.2} {apart:>8.2}");
        }
        println!("{:<28} worst share {:.1} standard deviations off", "", worst_share(&plan));
    }
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<_> = of.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Seconds that a run on the engine takes, by the clock and of CPU time.
fn on_engine(plan: &Arc<Plan>, nodes: usize, threads: usize) -> (f64, f64) {
    let mut cluster = Cluster::new(plan, nodes).expect("loaded");
    measure(plan, OPS, crews(plan, &mut cluster, threads))
}

/// Seconds that two threads take, each of which does half as many operations on nodes of its own: what the machine has to
/// give.
fn apart(plan: &Arc<Plan>, nodes: usize) -> f64 {
    let mut clusters = [0, 1].map(|_| Cluster::new(plan, nodes).expect("loaded"));
    let start = Instant::now();
    thread::scope(|scope| {
        for cluster in &mut clusters {
            scope.spawn(move || measure(plan, OPS / 2, crews(plan, cluster, 1)));
        }
    });
    start.elapsed().as_secs_f64()
}

/// Sessions for threads, as many for each as it has operations under way.
fn crews(plan: &Plan, cluster: &mut Cluster, threads: usize) -> Vec<Vec<ClusterSession>> {
    let size = crew(threads, plan.lanes(), BURST);
    let mut sessions = (0..).map(|number| cluster.session(number));
    (0..threads).map(|_| sessions.by_ref().take(size).collect()).collect()
}

/// Seconds that a run takes, by the clock and of CPU time.
fn measure<S: Store + Send>(plan: &Arc<Plan>, ops: u64, crews: Vec<Vec<S>>) -> (f64, f64) {
    let mut lanes = Lanes::new(Arc::clone(plan), ops);
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    let ended = threads::run(plan, &mut lanes, crews, Extra::default(), Stalls::default(), &mut ());
    let seconds = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let Counts { done, waits, .. } = ended.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!((done, lanes.all_done()), (ops, ops), "every timestamp is used");
    assert_eq!(waits.iter().sum::<u64>(), 0, "nobody waits");
    seconds
}

/// A store that does nothing: what is left is planning. Fits plans of inserts and updates.
struct Nothing;

impl Store for Nothing {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        Ok(match black_box(request) {
            Request::Insert { .. } => Answer::Found(true),
            _ => Answer::Done,
        })
    }

    fn scan(&mut self, _table: u16, _at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        Ok(Vec::new())
    }
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
