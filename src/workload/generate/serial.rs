//! The serial list of sequences: what is done, as if one came after the other, and which of them have to.

use super::{Sizes, TableSizes};
use crate::program::dice::Dice;
use crate::workload::{CrashPhase, Operation};
use std::collections::{BTreeMap, BTreeSet};

/// A transaction, or one operation that belongs to none. Its timestamps are yet to be found.
pub(super) struct Sequence {
    pub operations: Vec<Operation>,
    /// The sequences that have to be over first.
    pub after: BTreeSet<usize>,
    /// How many sequences in a row have to be over first, each after the other.
    pub level: u64,
    /// Whether it is an operation of its own.
    pub special: bool,
}

/// What the list has come to.
struct Serial<'a> {
    sizes: &'a Sizes,
    sequences: Vec<Sequence>,
    /// The keys of each table that have a record.
    live: Vec<BTreeSet<u64>>,
    /// Who touched a key last.
    touched: BTreeMap<(u64, u64), usize>,
    /// Ranges that were truncated, and by whom.
    truncated: Vec<(u64, u64, u64, usize)>,
    /// The last special sequence.
    last_special: Option<usize>,
    /// The last one that everything has to wait for.
    barrier: Option<usize>,
    checkpoints: u32,
}

/// Draws the list.
pub(super) fn sequences(dice: &mut Dice, sizes: &Sizes) -> Vec<Sequence> {
    let mut serial = Serial {
        sizes,
        sequences: Vec::new(),
        live: vec![BTreeSet::new(); sizes.tables.len()],
        touched: BTreeMap::new(),
        truncated: Vec::new(),
        last_special: None,
        barrier: None,
        checkpoints: 0,
    };
    if sizes.disaggregated {
        // A checkpoint of shared storage needs a stable timestamp, and a crash one that has the tables.
        serial.special(Operation::SetStableTimestamp { stable_ts: 0 });
        serial.special(Operation::Checkpoint { name: None });
    }
    for _ in 0..sizes.sequences {
        serial.sequence(dice);
    }
    serial.sequences
}

impl Serial<'_> {
    fn sequence(&mut self, dice: &mut Dice) {
        // In thousandths, as in test/model; the rest are transactions.
        let weights = [20, 2, 2, 100, 2, 5, 100, 200, 569];
        let op = match dice.weighted(&weights) {
            0 => self.checkpoint(dice),
            1 => self.checkpoint_crash(dice),
            2 => Operation::Crash,
            3 => match self.evict(dice) {
                Some(op) => op,
                None => return,
            },
            4 => Operation::Restart,
            5 => Operation::RollbackToStable,
            6 => Operation::SetOldestTimestamp { oldest_ts: 0 },
            7 => Operation::SetStableTimestamp { stable_ts: 0 },
            _ => return self.transaction(dice),
        };
        self.special(op);
    }

    fn checkpoint(&mut self, dice: &mut Dice) -> Operation {
        self.checkpoints += 1;
        Operation::Checkpoint { name: dice.percent(20).then(|| format!("checkpoint{}", self.checkpoints)) }
    }

    fn checkpoint_crash(&mut self, dice: &mut Dice) -> Operation {
        match dice.below(4) {
            0 => Operation::CheckpointCrashTrigger { phase: CrashPhase::BeforeCheckpointCommit },
            1 => Operation::CheckpointCrashTrigger { phase: CrashPhase::BeforeMetadataSync },
            _ => Operation::CheckpointCrash { permille: dice.below(1001) as u16 },
        }
    }

    fn evict(&mut self, dice: &mut Dice) -> Option<Operation> {
        let index = dice.index(self.sizes.tables.len());
        let key = pick(dice, &self.live[index])?;
        Some(Operation::Evict { table: index as u64 + 1, key })
    }

    /// Waits for all since the last one of its kind. Everything waits for a rollback to stable, and it for everything: it
    /// needs to be alone.
    fn special(&mut self, op: Operation) {
        let index = self.sequences.len();
        let is_barrier = op == Operation::RollbackToStable;
        let from = if is_barrier { self.barrier } else { self.last_special };
        let after: BTreeSet<usize> = (from.unwrap_or(0)..index).collect();
        self.add(vec![op], after, true);
        self.last_special = Some(index);
        if is_barrier {
            self.barrier = Some(index);
        }
    }

    fn add(&mut self, operations: Vec<Operation>, mut after: BTreeSet<usize>, special: bool) {
        after.extend(self.barrier);
        let waited = after.iter().map(|&index| self.sequences[index].level + 1).max().unwrap_or(0);
        // No transaction may be committed at what was stable before it.
        let settled = self.last_special.map_or(0, |index| self.sequences[index].level);
        self.sequences.push(Sequence { operations, after, level: waited.max(settled), special });
    }

    fn transaction(&mut self, dice: &mut Dice) {
        let index = self.sequences.len();
        let txn = index as u64 + 1;
        let prepared = dice.percent(25);
        let stamps = !prepared && dice.percent(25);
        let mut after = BTreeSet::new();
        let mut written: BTreeMap<(usize, u64), bool> = BTreeMap::new();
        let mut operations = vec![Operation::BeginTransaction { txn }];
        if stamps {
            // What is written before the first one gets the last one, and would come after what is written after it.
            operations.push(Operation::SetCommitTimestamp { txn, commit_ts: 0 });
        }
        // Finish, insert, remove, set_commit_timestamp, truncate, get.
        let weights = [80, 750, 150, if stamps { 50 } else { 0 }, 5, 500];
        loop {
            let number = dice.index(self.sizes.tables.len());
            let op = match dice.weighted(&weights) {
                0 => break,
                1 => self.insert(dice, txn, number),
                2 => self.remove(dice, txn, number),
                3 => Operation::SetCommitTimestamp { txn, commit_ts: 0 },
                4 if self.sizes.tables[number].is_fixed() => continue,
                4 => self.truncate(dice, txn, number),
                _ => self.get(dice, txn, number),
            };
            self.touch(&op, number, index, &mut after, &mut written);
            operations.push(op);
        }
        let committed = end(dice, txn, prepared, &mut operations);
        for ((number, key), is_live) in written.into_iter().filter(|_| committed) {
            if is_live {
                self.live[number].insert(key);
            } else {
                self.live[number].remove(&key);
            }
        }
        self.add(operations, after, false);
    }

    /// A key: one with a record in so many of 100 draws, if there is one.
    fn key(&self, dice: &mut Dice, number: usize, live_percent: u32) -> u64 {
        let TableSizes { largest_key, .. } = self.sizes.tables[number];
        let live = if dice.percent(live_percent) { pick(dice, &self.live[number]) } else { None };
        live.unwrap_or_else(|| u64::from(dice.range(1, largest_key)))
    }

    fn insert(&self, dice: &mut Dice, txn: u64, number: usize) -> Operation {
        let key = self.key(dice, number, 10);
        let value = u64::from(dice.range(0, self.sizes.tables[number].largest_value));
        Operation::Insert { table: number as u64 + 1, txn, key, value }
    }

    fn remove(&self, dice: &mut Dice, txn: u64, number: usize) -> Operation {
        Operation::Remove { table: number as u64 + 1, txn, key: self.key(dice, number, 90) }
    }

    fn get(&self, dice: &mut Dice, txn: u64, number: usize) -> Operation {
        Operation::Get { table: number as u64 + 1, txn, key: self.key(dice, number, 90) }
    }

    fn truncate(&self, dice: &mut Dice, txn: u64, number: usize) -> Operation {
        let (one, other) = (self.key(dice, number, 0), self.key(dice, number, 0));
        Operation::Truncate { table: number as u64 + 1, txn, start: one.min(other), stop: one.max(other) }
    }

    /// Notes what an operation writes, and whom it has to come after: whoever has written there.
    fn touch(
        &mut self,
        op: &Operation,
        number: usize,
        index: usize,
        after: &mut BTreeSet<usize>,
        written: &mut BTreeMap<(usize, u64), bool>,
    ) {
        let table = number as u64 + 1;
        let (start, stop) = match *op {
            Operation::Insert { key, .. } | Operation::Remove { key, .. } => (key, key),
            Operation::Truncate { start, stop, .. } => (start, stop),
            _ => return,
        };
        after.extend(self.touched.range((table, start)..=(table, stop)).map(|(_, &last)| last));
        let overlaps = |&&(of, first, last, _): &&(u64, u64, u64, usize)| of == table && first <= stop && start <= last;
        after.extend(self.truncated.iter().filter(overlaps).map(|&(.., last)| last));
        after.remove(&index);
        if let Operation::Truncate { .. } = op {
            self.truncated.push((table, start, stop, index));
            written.extend(self.live[number].range(start..=stop).map(|&key| ((number, key), false)));
            let own = written.range_mut((number, start)..=(number, stop));
            own.for_each(|(_, is_live)| *is_live = false);
        } else {
            self.touched.insert((table, start), index);
            written.insert((number, start), matches!(op, Operation::Insert { .. }));
        }
    }
}

/// Ends a transaction. Whether it is committed.
fn end(dice: &mut Dice, txn: u64, prepared: bool, operations: &mut Vec<Operation>) -> bool {
    if dice.percent(10) {
        operations.push(Operation::RollbackTransaction { txn });
        return false;
    }
    if prepared {
        operations.push(Operation::PrepareTransaction { txn, prepare_ts: 0 });
        // Others have their turn meanwhile.
        operations.extend((0..dice.below(26)).map(|_| Operation::Nop));
        if dice.percent(10) {
            operations.push(Operation::RollbackTransaction { txn });
            return false;
        }
    }
    operations.push(Operation::CommitTransaction { txn, commit_ts: 0, durable_ts: u64::from(prepared) });
    true
}

fn pick(dice: &mut Dice, keys: &BTreeSet<u64>) -> Option<u64> {
    let index = dice.index(keys.len());
    keys.iter().nth(index).copied()
}
