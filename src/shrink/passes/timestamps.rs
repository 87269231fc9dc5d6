//! Makes timestamps small: 1, 2, 3, ... in their order, then fewer different ones, then each as early as it can be.

use crate::backend::Timestamp;
use crate::program::{OperandMut, Program};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeSet;

/// The most timestamps that are tried for each other: with more, there are steps to drop first.
const MAX_TIMES: usize = 64;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let times = times_used(shrinker.program());
    shrinker.attempt_change(|program| change(program, |ts| times.range(..ts).count() as Timestamp + 1));
    let times: Vec<Timestamp> = times_used(shrinker.program()).into_iter().collect();
    if times.len() > MAX_TIMES {
        return;
    }
    for pair in times.windows(2).rev() {
        let unite = |ts| if ts == pair[1] { pair[0] } else { ts };
        shrinker.attempt_change(|program| change(program, unite));
    }
    lower_each(shrinker);
}

/// Each timestamp of each step to an earlier one that is in use.
fn lower_each(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        let operands = shrinker.steps()[index].op.clone().operands_mut().len();
        let times = times_used(shrinker.program());
        for operand in 0..operands {
            for &ts in &times {
                let Some(step) = shrinker.steps().get(index) else { return };
                let mut op = step.op.clone();
                match timestamp(op.operands_mut().remove(operand)) {
                    Some(slot) if *slot > ts => *slot = ts,
                    _ => break,
                }
                if shrinker.attempt_change(|program| program.steps[index].op = op) {
                    break;
                }
            }
        }
    });
}

/// The timestamp that an operand is; 0 and what is left out are none.
fn timestamp(operand: OperandMut<'_>) -> Option<&mut Timestamp> {
    let ts = match operand {
        OperandMut::Timestamp(ts) | OperandMut::Wrap(ts) | OperandMut::TimestampOrZero(ts) => Some(ts),
        OperandMut::OptionalTimestamp(ts) => ts.as_mut(),
        _ => None,
    };
    ts.filter(|ts| **ts != 0)
}

fn times_used(program: &Program) -> BTreeSet<Timestamp> {
    let mut used = BTreeSet::new();
    for step in &program.steps {
        used.extend(step.op.clone().operands_mut().into_iter().filter_map(timestamp).map(|ts| *ts));
    }
    used
}

fn change(program: &mut Program, to: impl Fn(Timestamp) -> Timestamp) {
    for ts in program.steps.iter_mut().flat_map(|step| step.op.operands_mut()).filter_map(timestamp) {
        *ts = to(*ts);
    }
}
