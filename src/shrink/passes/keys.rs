//! Makes do with fewer keys: one takes the place of another, everywhere or in one step.

use super::{keys_of, keys_used};
use crate::backend::Key;
use crate::program::{OperandMut, Step};
use crate::shrink::shrinker::Shrinker;

/// The most keys that are tried for each other: with more, there are steps to drop first.
const MAX_KEYS: usize = 64;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let keys: Vec<Key> = keys_used(shrinker.program()).into_iter().collect();
    if keys.len() > MAX_KEYS {
        return;
    }
    for (index, key) in keys.iter().enumerate().rev() {
        // Keys nearby are more likely to do: the order stays.
        let _ = keys[..index].iter().rev().any(|other| {
            shrinker.attempt_change(|program| program.steps.iter_mut().for_each(|step| replace(step, key, other)))
        });
    }
    shrinker.each_step_backwards(|shrinker, at| {
        for key in keys_of(&shrinker.steps()[at]) {
            let _ = keys.iter().take_while(|&other| *other < key).any(|other| {
                at < shrinker.steps().len()
                    && shrinker.attempt_change(|program| replace(&mut program.steps[at], &key, other))
            });
        }
    });
}

/// Puts a key into the place of another one.
pub(super) fn replace(step: &mut Step, old: &Key, new: &Key) {
    for operand in step.op.operands_mut() {
        rename(operand, |key| (key == old).then(|| new.clone()));
    }
}

/// Gives the key that an operand may be its new name, if there is one.
pub(super) fn rename(operand: OperandMut<'_>, name: impl FnOnce(&Key) -> Option<Key>) {
    if let OperandMut::Key(key) | OperandMut::OptionalKey(Some(key)) | OperandMut::RangeEnd(Some(key)) = operand
        && let Some(name) = name(key)
    {
        *key = name;
    }
}
