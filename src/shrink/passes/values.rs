//! Makes values short: a letter for each write in turn, so that one sees which write a value came from. What has to be
//! odd or long stays as odd and as long as it has to be. Then the entries of `modify`.

use crate::backend::{Delta, Value};
use crate::program::{Op, OperandMut, Program};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let count = values_used(shrinker.program()).len();
    let letters: Vec<Value> = (b'a'..=b'z').cycle().take(count).map(|letter| Value::from(&[letter][..])).collect();
    shrinker.attempt_change(|program| {
        values(program).into_iter().zip(&letters).for_each(|(value, letter)| *value = letter.clone());
    });
    for (index, letter) in letters.iter().enumerate() {
        let Some(value) = values_used(shrinker.program()).get(index).cloned() else { return };
        // Where equal values have to stay equal, both change; where a letter of its own does not do, any may.
        let _ = attempt_one(shrinker, index, letter)
            || attempt_all(shrinker, &value, letter)
            || (value.len() != 1 && attempt_one(shrinker, index, &letters[0]));
        shorten(shrinker, &value);
    }
    shrinker.each_step_backwards(simplify_deltas);
}

/// Every value that is written as a whole, in the order of appearance.
fn values(program: &mut Program) -> Vec<&mut Value> {
    let operands = program.steps.iter_mut().flat_map(|step| step.op.operands_mut());
    operands
        .filter_map(|operand| match operand {
            OperandMut::Value(value) | OperandMut::OptionalValue(Some(value)) => Some(value),
            _ => None,
        })
        .collect()
}

/// Every value that is written as a whole.
pub(super) fn values_used(program: &Program) -> Vec<Value> {
    values(&mut program.clone()).into_iter().map(|value| value.clone()).collect()
}

fn attempt_one(shrinker: &mut Shrinker<'_>, index: usize, new: &Value) -> bool {
    shrinker.attempt_change(|program| {
        values(program).into_iter().skip(index).take(1).for_each(|value| *value = new.clone())
    })
}

fn attempt_all(shrinker: &mut Shrinker<'_>, old: &Value, new: &Value) -> bool {
    shrinker.attempt_change(|program| {
        values(program).into_iter().filter(|value| *value == old).for_each(|value| *value = new.clone());
    })
}

/// Cuts a value at its end, by halves first.
fn shorten(shrinker: &mut Shrinker<'_>, value: &Value) {
    let mut value = value.clone();
    let mut cut = value.len() / 2;
    while cut > 0 {
        let shorter = Value::from(&value[..value.len() - cut]);
        if attempt_all(shrinker, &value, &shorter) {
            value = shorter;
            cut = cut.min(value.len());
        } else {
            cut /= 2;
        }
    }
}

/// Drops entries, then makes those that are left simpler.
fn simplify_deltas(shrinker: &mut Shrinker<'_>, index: usize) {
    let Op::Modify { deltas, .. } = &shrinker.steps()[index].op else { return };
    for entry in (0..deltas.len()).rev() {
        if attempt_deltas(shrinker, index, |deltas| drop(deltas.remove(entry))) {
            continue;
        }
        let letter = Value::from("a");
        let changes: [&dyn Fn(&mut Delta); 6] = [
            &|delta| delta.data = letter.clone(),
            &|delta| delta.data = Value::from(&delta.data[..delta.data.len() / 2]),
            &|delta| delta.offset = 0,
            &|delta| delta.offset = delta.offset.min(1),
            &|delta| delta.size = 0,
            &|delta| delta.size = delta.size.min(1),
        ];
        for change in changes {
            attempt_deltas(shrinker, index, |deltas| change(&mut deltas[entry]));
        }
    }
}

fn attempt_deltas(shrinker: &mut Shrinker<'_>, index: usize, change: impl FnOnce(&mut Vec<Delta>)) -> bool {
    let Some(Op::Modify { deltas, .. }) = shrinker.steps().get(index).map(|step| &step.op) else { return false };
    let mut entries = deltas.to_vec();
    change(&mut entries);
    shrinker.attempt_change(|program| {
        if let Op::Modify { deltas, .. } = &mut program.steps[index].op {
            *deltas = entries.into();
        }
    })
}
