//! Timestamps for sequences, and one order for all their operations.

use super::serial::Sequence;
use crate::backend::Timestamp;
use crate::program::dice::Dice;
use crate::workload::{CrashPhase, Operation};
use std::collections::{BTreeSet, VecDeque};

/// How many timestamps a level has. Those of one level are all before those of the next.
const BLOCK: u64 = 1000;
/// From how many sequences the next operation is taken.
const CONCURRENT: usize = 3;

/// Gives every operation its timestamps and brings them into one order. Nops are time that passes, and are left out.
/// `logging`: the connection has a log.
pub(super) fn schedule(dice: &mut Dice, sequences: Vec<Sequence>, logging: bool, operations: &mut Vec<Operation>) {
    let mut waiting: Vec<Waiting> = sequences.into_iter().map(|sequence| Waiting::new(dice, sequence)).collect();
    let (mut now, mut kept) = (Times::default(), Times::default());
    let mut first = 0;
    while first < waiting.len() {
        let runnable = runnable(&waiting, first);
        let Waiting { operations: rest, level, begun, .. } = &mut waiting[runnable[dice.index(runnable.len())]];
        *begun = true;
        if let Some(mut op) = rest.pop_front() {
            now.draw(dice, &mut op, *level);
            now.follow(&mut kept, &op, logging);
            if op.ends_process() {
                waiting.iter_mut().filter(|other| other.begun).for_each(|other| other.operations.clear());
            }
            if op != Operation::Nop {
                operations.push(op);
            }
        }
        while waiting.get(first).is_some_and(Waiting::is_over) {
            first += 1;
        }
    }
}

/// A sequence, as far as it is not over.
struct Waiting {
    operations: VecDeque<Operation>,
    after: BTreeSet<usize>,
    level: u64,
    begun: bool,
}

impl Waiting {
    fn new(dice: &mut Dice, sequence: Sequence) -> Self {
        let Sequence { mut operations, after, level, special } = sequence;
        if !special {
            stamp(dice, &mut operations, level);
        }
        Waiting { operations: operations.into(), after, level, begun: false }
    }

    fn is_over(&self) -> bool {
        self.begun && self.operations.is_empty()
    }
}

/// The first sequences that wait for nothing. There is at least one: the first that is not over.
fn runnable(waiting: &[Waiting], first: usize) -> Vec<usize> {
    let free = |&index: &usize| {
        let candidate = &waiting[index];
        !candidate.is_over() && candidate.after.iter().all(|&before| before < first || waiting[before].is_over())
    };
    (first..waiting.len()).filter(free).take(CONCURRENT).collect()
}

/// Timestamps of a transaction: in their order, from the block of its level.
fn stamp(dice: &mut Dice, operations: &mut [Operation], level: u64) {
    let mut stamps: Vec<&mut Timestamp> = Vec::new();
    for op in operations.iter_mut() {
        match op {
            Operation::SetCommitTimestamp { commit_ts, .. } => stamps.push(commit_ts),
            Operation::PrepareTransaction { prepare_ts, .. } => stamps.push(prepare_ts),
            Operation::CommitTransaction { commit_ts, durable_ts, .. } => {
                stamps.push(commit_ts);
                stamps.extend(Some(durable_ts).filter(|durable_ts| **durable_ts != 0));
            }
            _ => {}
        }
    }
    let draws = stamps.iter().map(|_| u64::from(dice.below(BLOCK as u32)));
    let mut drawn: Vec<u64> = draws.collect();
    drawn.sort_unstable();
    for (stamp, offset) in stamps.into_iter().zip(drawn) {
        *stamp = BLOCK * (level + 1) + offset;
    }
}

/// Oldest and stable.
#[derive(Clone, Copy, Default)]
struct Times {
    oldest: Timestamp,
    stable: Timestamp,
}

impl Times {
    /// What a checkpoint keeps of them.
    fn kept(self) -> Times {
        if self.stable == 0 { Times::default() } else { self }
    }

    /// Moves stable to somewhere before the level, oldest to somewhere up to stable.
    fn draw(&mut self, dice: &mut Dice, op: &mut Operation, level: u64) {
        let between = |dice: &mut Dice, low: u64, high: u64| low + u64::from(dice.below((high - low + 1) as u32));
        match op {
            Operation::SetStableTimestamp { stable_ts } => {
                let low = self.stable.max(self.oldest).max(1);
                let high = (BLOCK * (level + 1) - 1).max(low);
                self.stable = between(dice, low.max(high.saturating_sub(BLOCK)), high);
                *stable_ts = self.stable;
            }
            Operation::SetOldestTimestamp { oldest_ts } => {
                let low = self.oldest.max(1);
                self.oldest = between(dice, low, self.stable.max(low));
                *oldest_ts = self.oldest;
            }
            _ => {}
        }
    }

    /// What checkpoints and crashes make of them. `kept` are those of the last checkpoint.
    fn follow(&mut self, kept: &mut Times, op: &Operation, logging: bool) {
        let checkpoints = match op {
            Operation::Checkpoint { .. } | Operation::RollbackToStable | Operation::Restart => true,
            Operation::CheckpointCrashTrigger { phase } => logging && *phase == CrashPhase::BeforeMetadataSync,
            _ => false,
        };
        if checkpoints {
            *kept = self.kept();
        }
        if op.ends_process() {
            *self = *kept;
        }
    }
}
