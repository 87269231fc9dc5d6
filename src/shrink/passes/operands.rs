//! Leaves operands out, one at a time: keys, values, timestamps, flags, isolation levels. Shares become everything.

use crate::backend::Isolation;
use crate::program::{Op, OperandMut};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        let operands = shrinker.steps()[index].op.clone().operands_mut().len();
        for operand in 0..operands {
            for leave_out in [everything, half] {
                // A step may be cut off by a success.
                let Some(step) = shrinker.steps().get(index) else { return };
                let mut op: Op = step.op.clone();
                leave_out(op.operands_mut().remove(operand));
                if op != step.op && shrinker.attempt_change(|program| program.steps[index].op = op) {
                    break;
                }
            }
        }
    });
}

/// Leaves an operand out.
fn everything(operand: OperandMut<'_>) {
    match operand {
        OperandMut::OptionalKey(key) => *key = None,
        OperandMut::OptionalValue(value) => *value = None,
        OperandMut::OptionalTimestamp(ts) => *ts = None,
        OperandMut::Wrap(ts) | OperandMut::AtLeast(ts) => *ts = 0,
        OperandMut::Flag { value, usual } => *value = usual,
        OperandMut::Isolation(isolation) => *isolation = None,
        OperandMut::Percent(percent) => *percent = 100,
        OperandMut::Key(_) | OperandMut::Value(_) | OperandMut::Deltas(_) | OperandMut::Timestamp(_) => {}
        OperandMut::Cursor(_) | OperandMut::PoolIndex(_) | OperandMut::PoolCount(_) | OperandMut::Word => {}
    }
}

/// Where leaving it out is too much: the next best.
fn half(operand: OperandMut<'_>) {
    if let OperandMut::Isolation(Some(level)) = operand {
        *level = match level {
            Isolation::ReadUncommitted => Isolation::ReadCommitted,
            _ => Isolation::Snapshot,
        };
    }
}
