//! How good a plan is: does it do what was asked for, and as randomly as it should?

use super::scheme::{Scheme, Visitor};
use crate::replay::plan::{OpKind, OpNumber, Plan};
use crate::replay::source::{Source, Take};
use crate::replay::step::{Action, Step};
use serde::Serialize;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

/// Operations per group whose lanes are counted.
const GROUP: usize = 256;

/// What can be said of a plan without executing it.
#[derive(Clone, Debug, Serialize)]
pub struct Quality {
    /// Whose plan.
    pub scheme: &'static str,
    /// Operations.
    pub operations: u64,
    /// The share of the timestamps up to the last that an operation has, in percent.
    pub timestamps_used: f64,
    /// Per table and kind that was asked for.
    pub shares: Vec<Share>,
    /// The inserts into the table that gets the most.
    pub gaps: Gaps,
    /// How many different lanes 256 operations are in, on average.
    pub lanes_per_256: f64,
    /// How unevenly operations are spread over lanes: chi square per degree of freedom. 1 if at random, 0 if evenly.
    pub lane_load: f64,
}

/// The operations of a kind on a table.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// The table's index.
    pub table: usize,
    /// The kind.
    pub kind: &'static str,
    /// What was asked for: percent of the table's operations.
    pub asked: f64,
    /// What the coin tosses said.
    pub drawn: f64,
    /// What was done: there may be no key for it, or none with a value.
    pub done: f64,
    /// How far what was drawn is from what was asked, in standard deviations.
    pub sigma: f64,
}

/// Distances between the inserts into a table, in operations.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Gaps {
    /// The table's index.
    pub table: usize,
    /// How many inserts.
    pub inserts: u64,
    /// The probability that an operation is one, as asked for.
    pub rate: f64,
    /// Standard deviation by mean.
    pub cv: f64,
    /// The same for coin tosses of this rate.
    pub cv_of_coin: f64,
    /// How often an insert follows an insert, by how often coin tosses do. 0 if they never would.
    pub runs: f64,
    /// Kolmogorov and Smirnov's largest distance from the distribution of coin tosses.
    pub ks: f64,
    /// The same times the square root of the number of inserts: above 1.63 in one of 100 series of coin tosses at most.
    pub ks_scaled: f64,
    /// The distribution: gaps and the share of inserts that have no larger one.
    pub distribution: Vec<(u64, f64)>,
}

impl Quality {
    /// Of a scheme's plan for so many operations.
    pub fn of(scheme: Scheme, plan: &Arc<Plan>, operations: u64) -> Self {
        let tally = scheme.visit(plan, operations, Serial { plan });
        let lanes = plan.lanes() as f64;
        let mean = operations as f64 / lanes;
        let squares: f64 = tally.load.iter().map(|&load| (load as f64 - mean).powi(2)).sum();
        Quality {
            scheme: scheme.name(),
            operations,
            timestamps_used: 100.0 * operations as f64 / tally.last.max(1) as f64,
            gaps: tally.gaps(),
            lanes_per_256: tally.groups.1 as f64 / tally.groups.0.max(1) as f64,
            lane_load: squares / mean / (lanes - 1.0).max(1.0),
            shares: tally.shares(plan),
        }
    }

    /// The largest distance of a share that was drawn from what was asked, in standard deviations.
    pub fn worst_sigma(&self) -> f64 {
        self.shares.iter().map(|share| share.sigma.abs()).fold(0.0, f64::max)
    }

    /// The largest distance of a table's share of inserts from what was asked, in percentage points.
    pub fn worst_insert(&self) -> f64 {
        let inserts = self.shares.iter().filter(|share| share.kind == OpKind::Insert.name());
        inserts.map(|share| (share.done - share.asked).abs()).fold(0.0, f64::max)
    }

    /// The largest distance of any share of what was done from what was asked, in percentage points.
    pub fn worst_done(&self) -> f64 {
        self.shares.iter().map(|share| (share.done - share.asked).abs()).fold(0.0, f64::max)
    }
}

/// Takes all operations one after the other.
struct Serial<'a> {
    plan: &'a Plan,
}

impl Visitor for Serial<'_> {
    type Result = Tally;

    fn visit<Q: Source>(self, mut source: Q) -> Tally {
        let mut tally = Tally::new(self.plan);
        let mut ends: Vec<u64> = self.plan.tables().iter().map(|table| table.base).collect();
        let mut owed = None;
        loop {
            let mut ticket = match owed.take() {
                Some(ticket) => ticket,
                None => match source.take() {
                    Take::Ticket(ticket) => ticket,
                    // Who is alone never waits.
                    Take::Wait(_) | Take::Done => return tally,
                },
            };
            let step = Q::resolve(self.plan, &mut ticket);
            let end = &mut ends[usize::from(step.table)];
            *end += u64::from(matches!(step.action, Action::Insert | Action::Append));
            tally.add(self.plan, &step);
            let key = if step.action == Action::Append { *end } else { step.key };
            source.committed(&ticket, &step, key);
            owed = source.release(ticket);
        }
    }
}

type Lanes = HashSet<usize, BuildHasherDefault<rustc_hash::FxHasher>>;

/// What was counted.
struct Tally {
    /// Per table and kind: drawn and done.
    counts: Vec<[[u64; 2]; OpKind::ALL.len()]>,
    last: OpNumber,
    operations: u64,
    load: Vec<u64>,
    /// The lanes of the present group, how many groups there were, and all their lanes.
    group: Lanes,
    groups: (u64, u64),
    /// The table that gets the most inserts, how often an operation is one, the last one's index, all gaps.
    busiest: usize,
    rate: f64,
    inserted: Option<u64>,
    gaps: Vec<u64>,
}

impl Tally {
    fn new(plan: &Plan) -> Self {
        let weights: f64 = plan.tables().iter().map(|table| f64::from(table.weight)).sum();
        let rate = |table: usize| {
            let table = &plan.tables()[table];
            table.percent(OpKind::Insert).share() * f64::from(table.weight) / weights
        };
        let busiest = (0..plan.tables().len()).max_by(|&a, &b| rate(a).total_cmp(&rate(b)).then(b.cmp(&a)));
        let busiest = busiest.unwrap_or_default();
        Tally {
            counts: vec![[[0; 2]; OpKind::ALL.len()]; plan.tables().len()],
            last: 0,
            operations: 0,
            load: vec![0; plan.lanes() as usize],
            group: Lanes::default(),
            groups: (0, 0),
            busiest,
            rate: rate(busiest),
            inserted: None,
            gaps: Vec::new(),
        }
    }

    fn add(&mut self, plan: &Plan, step: &Step) {
        let table = usize::from(step.table);
        self.counts[table][step.asked as usize][0] += 1;
        if let Some(done) = step.done() {
            self.counts[table][done as usize][1] += 1;
        }
        self.operations += 1;
        self.last = self.last.max(step.t);
        let lane = plan.lane(step.t);
        self.load[lane] += 1;
        self.group.insert(lane);
        if self.operations.is_multiple_of(GROUP as u64) {
            self.groups.0 += 1;
            self.groups.1 += self.group.len() as u64;
            self.group.clear();
        }
        if step.asked == OpKind::Insert && table == self.busiest {
            self.gaps.extend(self.inserted.map(|before| self.operations - before));
            self.inserted = Some(self.operations);
        }
    }

    fn shares(&self, plan: &Plan) -> Vec<Share> {
        let mut shares = Vec::new();
        for (table, (spec, counts)) in plan.tables().iter().zip(&self.counts).enumerate() {
            let all = counts.iter().map(|[drawn, _]| drawn).sum::<u64>().max(1) as f64;
            for kind in OpKind::ALL {
                let [drawn, done] = counts[kind as usize].map(|count| count as f64);
                let asked = spec.percent(kind).share();
                if asked == 0.0 && done == 0.0 {
                    continue;
                }
                let deviation = (asked * (1.0 - asked) * all).sqrt();
                let sigma = if deviation == 0.0 { 0.0 } else { (drawn - asked * all) / deviation };
                let percent = |count: f64| 100.0 * count / all;
                let (drawn, done) = (percent(drawn), percent(done));
                shares.push(Share { table, kind: kind.name(), asked: 100.0 * asked, drawn, done, sigma });
            }
        }
        shares
    }

    fn gaps(&self) -> Gaps {
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable();
        let (count, rate) = (gaps.len() as f64, self.rate);
        let base = Gaps { table: self.busiest, inserts: gaps.len() as u64, rate, ..Gaps::default() };
        if gaps.is_empty() {
            return base;
        }
        let mean = gaps.iter().sum::<u64>() as f64 / count;
        let variance = gaps.iter().map(|&gap| (gap as f64 - mean).powi(2)).sum::<f64>() / count;
        let mut distribution: Vec<(u64, f64)> = Vec::new();
        for (index, &gap) in gaps.iter().enumerate() {
            distribution.pop_if(|(last, _)| *last == gap);
            distribution.push((gap, (index + 1) as f64 / count));
        }
        let next = gaps.partition_point(|&gap| gap <= 1) as f64 / count;
        let ks = distance_from_coin(&distribution, rate);
        Gaps {
            cv: variance.sqrt() / mean,
            cv_of_coin: (1.0 - rate).sqrt(),
            runs: if rate > 0.0 { next / rate } else { 0.0 },
            ks,
            ks_scaled: ks * count.sqrt(),
            distribution,
            ..base
        }
    }
}

/// The largest distance of a distribution of gaps from that of coin tosses. It is at a gap that occurs, or right
/// before.
fn distance_from_coin(distribution: &[(u64, f64)], rate: f64) -> f64 {
    let (mut worst, mut below) = (0.0_f64, 0.0);
    for &(gap, share) in distribution {
        worst = worst.max((share - coin(gap, rate)).abs()).max((below - coin(gap - 1, rate)).abs());
        below = share;
    }
    worst
}

/// How likely a gap of coin tosses is no larger.
pub fn coin(gap: u64, rate: f64) -> f64 {
    1.0 - (1.0 - rate).powf(gap as f64)
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;
    use crate::replay::plan::Spec;

    fn quality(scheme: Scheme, scenario: usize) -> Quality {
        let spec = Spec::new(1, Scenario::all().swap_remove(scenario).tables);
        Quality::of(scheme, &Arc::new(Plan::new(spec).expect("a plan")), 30 * 1024)
    }

    #[test]
    fn birth_lanes_toss_coins_and_waste_nothing() {
        for scenario in 0..6 {
            let quality = quality(Scheme::Birth, scenario);
            assert_eq!(quality.timestamps_used, 100.0);
            assert_eq!(quality.lanes_per_256, 256.0);
            assert_eq!(quality.lane_load, 0.0);
            assert!(quality.worst_sigma() < 4.0, "{quality:?}");
            assert!((quality.gaps.cv - quality.gaps.cv_of_coin).abs() < 0.3, "{:?}", quality.gaps);
            assert!(quality.gaps.ks_scaled < 1.63, "{}", quality.gaps.ks_scaled);
        }
    }

    #[test]
    fn a_jump_wastes_timestamps_and_keeps_to_few_lanes() {
        let quality = quality(Scheme::Jump, 0);
        assert!(quality.timestamps_used < 1.0, "{}", quality.timestamps_used);
        assert!(quality.lanes_per_256 < 200.0, "{}", quality.lanes_per_256);
    }

    #[test]
    fn what_is_no_coin_is_far_from_one() {
        let even: Vec<_> = [(4, 1.0)].to_vec();
        assert!(distance_from_coin(&even, 0.25) > 0.3);
        let coins: Vec<_> = (1..60).map(|gap| (gap, coin(gap, 0.25))).collect();
        assert!(distance_from_coin(&coins, 0.25) < 1e-9);
    }
}
