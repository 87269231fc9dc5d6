//! What simpler means: fewer operations first, then plainer ones, then fewer and smaller numbers.

use crate::workload::{Operation, Slot};
use std::collections::BTreeSet;

/// What is compared, from the top down.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    operations: usize,
    /// How much there is to know about them.
    kinds: usize,
    /// Arguments that could be left out.
    arguments: usize,
    /// Different tables and transactions, keys, values, timestamps.
    different: usize,
    /// The sum of all numbers.
    sum: u128,
}

/// What a workload costs.
pub(super) fn cost(operations: &[Operation]) -> Cost {
    let mut cost = Cost { operations: operations.len(), ..Cost::default() };
    let mut different = BTreeSet::new();
    for op in operations {
        cost.kinds += kind(op);
        for slot in op.clone().slots() {
            let (what, number) = match slot {
                Slot::Txn(number) => (0, *number),
                Slot::Table(number) => (1, *number),
                Slot::Key(number) => (2, *number),
                Slot::Value(number) => (3, *number),
                Slot::Timestamp(number) => {
                    cost.arguments += usize::from(*number != 0);
                    (4, *number)
                }
                Slot::Permille(number) => (5, u64::from(*number)),
                Slot::Checkpoint(name) => {
                    cost.arguments += usize::from(name.is_some());
                    continue;
                }
                Slot::Fixed => continue,
            };
            different.insert((what, number));
            cost.sum += u128::from(number);
        }
    }
    cost.different = different.len();
    cost
}

/// How far an operation is from the plainest one that could stand in its place.
fn kind(op: &Operation) -> usize {
    match op {
        Operation::Crash | Operation::Get { .. } | Operation::Remove { .. } => 1,
        Operation::Restart | Operation::Truncate { .. } => 2,
        Operation::CheckpointCrash { .. } => 3,
        Operation::CheckpointCrashTrigger { .. } => 4,
        _ => 0,
    }
}
