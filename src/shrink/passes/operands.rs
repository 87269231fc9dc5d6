//! Leaves operands out, one at a time: timestamps, flags, isolation levels; shares become everything. Keys and values it
//! writes down: a call that uses what its cursor has from earlier steps is harder to read, and keeps those steps.

use super::{keys_used, lacks_key, set_key};
use crate::backend::{IgnorePrepare, Isolation, Value};
use crate::program::{Op, OperandMut};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        write_down(shrinker, index);
        let operands = shrinker.steps().get(index).map_or(0, |step| step.op.clone().operands_mut().len());
        for operand in 0..operands {
            let _ = attempt(shrinker, index, |op| leave_out(op.operands_mut().remove(operand)))
                || attempt(shrinker, index, |op| come_closer(op.operands_mut().remove(operand)));
        }
    });
}

fn attempt(shrinker: &mut Shrinker<'_>, index: usize, change: impl FnOnce(&mut Op)) -> bool {
    let Some(step) = shrinker.steps().get(index) else { return false };
    let mut op = step.op.clone();
    change(&mut op);
    op != step.op && shrinker.attempt_change(|program| program.steps[index].op = op)
}

/// Gives a step a value and a key of its own.
fn write_down(shrinker: &mut Shrinker<'_>, index: usize) {
    let set_value = |op: &mut Op| {
        op.operands_mut().into_iter().for_each(|operand| {
            if let OperandMut::OptionalValue(value @ None) = operand {
                *value = Some(Value::from("a"));
            }
        });
    };
    attempt(shrinker, index, set_value);
    if !shrinker.steps().get(index).is_some_and(lacks_key) {
        return;
    }
    let _ = keys_used(shrinker.program()).iter().any(|key| {
        attempt(shrinker, index, |op| _ = set_key(op, key))
            || attempt(shrinker, index, |op| {
                set_key(op, key);
                set_value(op);
            })
    });
}

fn leave_out(operand: OperandMut<'_>) {
    match operand {
        OperandMut::OptionalTimestamp(ts) => *ts = None,
        OperandMut::RangeEnd(key) => *key = None,
        OperandMut::Wrap(ts) | OperandMut::TimestampOrZero(ts) => *ts = 0,
        OperandMut::Flag { value, usual } => *value = usual,
        OperandMut::Isolation(isolation) => *isolation = None,
        OperandMut::IgnorePrepare(ignore) => *ignore = IgnorePrepare::No,
        OperandMut::OwnCursor(cursor) => *cursor = None,
        OperandMut::Table(index) | OperandMut::Node(index) => *index = 0,
        OperandMut::Percent(percent) => *percent = 100,
        OperandMut::Key(_) | OperandMut::OptionalKey(_) | OperandMut::Value(_) | OperandMut::OptionalValue(_) => {}
        OperandMut::Deltas(_) | OperandMut::Timestamp(_) | OperandMut::Cursor(_) => {}
        OperandMut::PoolIndex(_) | OperandMut::PoolCount(_) | OperandMut::Word => {}
    }
}

/// Where leaving it out is too much.
fn come_closer(operand: OperandMut<'_>) {
    match operand {
        OperandMut::Isolation(Some(level)) => {
            *level = match level {
                Isolation::ReadUncommitted => Isolation::ReadCommitted,
                _ => Isolation::Snapshot,
            };
        }
        OperandMut::IgnorePrepare(ignore @ IgnorePrepare::Force) => *ignore = IgnorePrepare::ReadOnly,
        _ => {}
    }
}
