//! Makes values short: letters in the order in which they appear. What has to be odd or long stays as odd and as long
//! as it has to be. Then the entries of `modify`.

use crate::backend::{Delta, Value};
use crate::program::{Op, OperandMut, Program};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let values = values_used(shrinker.program());
    let letters: Vec<Value> = (b'a'..=b'z').map(|letter| Value::from(&[letter][..])).collect();
    let name =
        |value: &Value| values.iter().position(|other| other == value).and_then(|index| letters.get(index)).cloned();
    shrinker.attempt_change(|program| rename(program, name));
    for value in &values {
        let used = values_used(shrinker.program());
        let free = letters.iter().find(|letter| !used.contains(letter));
        let done = free.is_some_and(|letter| attempt_instead(shrinker, value, letter));
        if !done {
            shorten(shrinker, value);
        }
    }
    shrinker.each_step_backwards(simplify_deltas);
}

/// Every value that is written as a whole, in the order of appearance.
fn values_used(program: &Program) -> Vec<Value> {
    let mut used = Vec::new();
    for step in &program.steps {
        for operand in step.op.clone().operands_mut() {
            if let OperandMut::Value(value) | OperandMut::OptionalValue(Some(value)) = operand
                && !used.contains(value)
            {
                used.push(value.clone());
            }
        }
    }
    used
}

fn rename(program: &mut Program, name: impl Fn(&Value) -> Option<Value>) {
    for operand in program.steps.iter_mut().flat_map(|step| step.op.operands_mut()) {
        if let OperandMut::Value(value) | OperandMut::OptionalValue(Some(value)) = operand
            && let Some(name) = name(value)
        {
            *value = name;
        }
    }
}

fn attempt_instead(shrinker: &mut Shrinker<'_>, old: &Value, new: &Value) -> bool {
    shrinker.attempt_change(|program| rename(program, |value| (value == old).then(|| new.clone())))
}

/// Cuts a value at its end, by halves first.
fn shorten(shrinker: &mut Shrinker<'_>, value: &Value) {
    let mut value = value.clone();
    let mut cut = value.len() / 2;
    while cut > 0 {
        let shorter = Value::from(&value[..value.len() - cut]);
        if attempt_instead(shrinker, &value, &shorter) {
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
