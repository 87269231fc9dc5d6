//! The passes: each proposes workloads that may be simpler.

use super::Shrinker;
use crate::workload::{Operation, Slot};
use std::collections::{BTreeMap, BTreeSet};

/// A pass: its name in the log, and what it does.
type Pass = (&'static str, fn(&mut Shrinker<'_>));

/// All passes, in the order in which they run: those that drop much come first.
pub(super) const PASSES: [Pass; 9] = [
    ("transactions", transactions),
    ("tables", tables),
    ("operations", operations),
    ("pairs", pairs),
    ("prepares", prepares),
    ("kinds", kinds),
    ("arguments", arguments),
    ("ranks", ranks),
    ("numbers", numbers),
];

/// The longest workload whose pairs of operations are tried.
const PAIRS_MAX: usize = 64;

/// Drops whole transactions. What belongs to none is a group of its own, but for what creates and configures.
fn transactions(shrinker: &mut Shrinker<'_>) {
    shrinker.drop_groups(|operations| {
        let mut running: BTreeMap<u64, usize> = BTreeMap::new();
        let mut groups = 0;
        let mut next = || {
            groups += 1;
            groups - 1
        };
        let group = |op: &Operation| {
            if op.ends_process() {
                running.clear();
            }
            match op.txn() {
                Some(txn) if matches!(op, Operation::BeginTransaction { .. }) => {
                    let group = next();
                    running.insert(txn, group);
                    Some(group)
                }
                Some(txn) if op.ends_transaction() => running.remove(&txn),
                Some(txn) => running.get(&txn).copied(),
                None if matches!(op, Operation::CreateTable { .. } | Operation::Config { .. }) => None,
                None => Some(next()),
            }
        };
        operations.iter().map(group).collect()
    });
}

/// Drops whole tables.
fn tables(shrinker: &mut Shrinker<'_>) {
    shrinker.drop_groups(|operations| {
        let numbers: BTreeSet<u64> = operations.iter().filter_map(Operation::table).collect();
        let numbers: Vec<u64> = numbers.into_iter().collect();
        operations.iter().map(|op| numbers.binary_search(&op.table()?).ok()).collect()
    });
}

/// Drops operations.
fn operations(shrinker: &mut Shrinker<'_>) {
    shrinker.drop_groups(|operations| (0..operations.len()).map(Some).collect());
}

/// Drops two operations together where neither can go alone: the beginning and the end of a transaction.
fn pairs(shrinker: &mut Shrinker<'_>) {
    'again: while shrinker.current.len() <= PAIRS_MAX {
        for second in (1..shrinker.current.len()).rev() {
            for first in (0..second).rev() {
                if shrinker.attempt_without(|index| [first, second].contains(&index)) {
                    continue 'again;
                }
            }
        }
        return;
    }
}

/// Commits transactions without preparing them.
fn prepares(shrinker: &mut Shrinker<'_>) {
    for index in (0..shrinker.current.len()).rev() {
        let Some(&Operation::PrepareTransaction { txn, .. }) = shrinker.current.get(index) else {
            continue;
        };
        let mut candidate = shrinker.current.clone();
        let end = candidate[index..].iter_mut().find(|op| op.txn() == Some(txn) && op.ends_transaction());
        if let Some(Operation::CommitTransaction { durable_ts, .. }) = end {
            *durable_ts = 0;
        }
        candidate.remove(index);
        shrinker.attempt(candidate);
    }
}

/// Puts plainer operations in the place of others.
fn kinds(shrinker: &mut Shrinker<'_>) {
    for index in (0..shrinker.current.len()).rev() {
        let plainer = match shrinker.current.get(index) {
            Some(Operation::CheckpointCrashTrigger { .. }) => {
                vec![Operation::Crash, Operation::CheckpointCrash { permille: 0 }]
            }
            Some(Operation::CheckpointCrash { .. } | Operation::Restart) => vec![Operation::Crash],
            Some(&Operation::Truncate { table, txn, start, stop }) => {
                vec![Operation::Remove { table, txn, key: start }, Operation::Remove { table, txn, key: stop }]
            }
            _ => continue,
        };
        for op in plainer {
            let mut candidate = shrinker.current.clone();
            candidate[index] = op;
            if shrinker.attempt(candidate) {
                break;
            }
        }
    }
}

/// Leaves arguments out.
fn arguments(shrinker: &mut Shrinker<'_>) {
    for index in (0..shrinker.current.len()).rev() {
        let Some(count) = shrinker.current.get_mut(index).map(|op| op.slots().len()) else {
            continue;
        };
        for argument in (0..count).rev() {
            change(shrinker, |at, slot, place| match slot {
                Slot::Timestamp(ts) if (at, place) == (index, argument) => *ts = 0,
                Slot::Checkpoint(name) if (at, place) == (index, argument) => *name = None,
                _ => {}
            });
        }
    }
}

/// Attempts after a change of arguments. The change is told the operation, the argument, and which of them it is.
fn change(shrinker: &mut Shrinker<'_>, mut change: impl FnMut(usize, Slot<'_>, usize)) -> bool {
    let mut candidate = shrinker.current.clone();
    for (index, op) in candidate.iter_mut().enumerate() {
        for (argument, slot) in op.slots().into_iter().enumerate() {
            change(index, slot, argument);
        }
    }
    shrinker.attempt(candidate)
}

/// The number in an argument, if it is of one of the five kinds that may be renumbered.
fn number<'a>(slot: Slot<'a>, kind: usize) -> Option<&'a mut u64> {
    match (kind, slot) {
        (0, Slot::Txn(number)) | (1, Slot::Table(number)) | (2, Slot::Key(number)) => Some(number),
        (3, Slot::Value(number)) => Some(number),
        (4, Slot::Timestamp(number)) if *number != 0 => Some(number),
        _ => None,
    }
}

/// The different numbers of a kind, in order.
fn different(shrinker: &mut Shrinker<'_>, kind: usize) -> Vec<u64> {
    let slots = shrinker.current.iter_mut().flat_map(Operation::slots);
    let numbers: BTreeSet<u64> = slots.filter_map(|slot| number(slot, kind)).map(|number| *number).collect();
    numbers.into_iter().collect()
}

/// Numbers things from 1 on, in the order that they have: transactions, tables, keys, values, timestamps.
fn ranks(shrinker: &mut Shrinker<'_>) {
    for kind in 0..5 {
        let ranks: BTreeMap<u64, u64> = different(shrinker, kind).into_iter().zip(1..).collect();
        change(shrinker, |_, slot, _| {
            if let Some(number) = number(slot, kind) {
                *number = ranks.get(number).copied().unwrap_or(*number);
            }
        });
    }
}

/// Makes numbers equal to the next smaller one, or smaller, one at a time.
fn numbers(shrinker: &mut Shrinker<'_>) {
    for kind in 0..5 {
        let all = different(shrinker, kind);
        for (index, &from) in all.iter().enumerate().rev() {
            let below = index.checked_sub(1).map(|index| all[index]);
            let smaller = below.into_iter().chain(below.map(|below| below + 1)).chain([1, from / 2]);
            for to in smaller.filter(|to| (1..from).contains(to)) {
                let kept = change(shrinker, |_, slot, _| match number(slot, kind) {
                    Some(number) if *number == from => *number = to,
                    _ => {}
                });
                if kept {
                    break;
                }
            }
        }
    }
    change(shrinker, |_, slot, _| {
        if let Slot::Permille(permille) = slot {
            *permille = 0;
        }
    });
}
