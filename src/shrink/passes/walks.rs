//! Replaces steps that move a cursor by a search for one of the program's keys: several moves by one search, and a move
//! and a write by position by a write with the key.

use super::{is_on_cursor, keys_used, lacks_key, set_key};
use crate::backend::Key;
use crate::program::{Op, Step};
use crate::shrink::shrinker::Shrinker;

/// The longest program in which it is worth the tries.
const MAX_STEPS: usize = 64;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    if shrinker.steps().len() > MAX_STEPS {
        return;
    }
    shrinker.each_step_backwards(|shrinker, last| {
        let steps = shrinker.steps();
        let moves = moves_before(steps, last + 1);
        if moves.last() != Some(&last) && !lacks_key(&steps[last]) {
            return;
        }
        let keys = keys_used(shrinker.program());
        let _ = (lacks_key(&steps[last]) && keys.iter().any(|key| attempt_key(shrinker, last, key)))
            || (moves.len() > 1 && keys.iter().any(|key| attempt_search(shrinker, &moves, key)));
    });
}

/// The unbroken walk of the cursor of step `end - 1` that ends there.
fn moves_before(steps: &[Step], end: usize) -> Vec<usize> {
    let who = steps[end - 1].who;
    let own = (0..end).rev().filter(|&at| is_on_cursor(&steps[at]) && steps[at].who == who);
    let mut moves: Vec<usize> = own.take_while(|&at| matches!(steps[at].op, Op::Next | Op::Prev)).collect();
    moves.reverse();
    moves
}

/// Attempts step `index` with a key of its own, without the moves before it.
fn attempt_key(shrinker: &mut Shrinker<'_>, index: usize, key: &Key) -> bool {
    let steps = shrinker.steps();
    let own = |step: &Step| is_on_cursor(step) && step.who == steps[index].who;
    let Some(before) = (0..index).rev().find(|&at| own(&steps[at])) else { return false };
    let moves = moves_before(steps, before + 1);
    let mut op = steps[index].op.clone();
    !moves.is_empty() && set_key(&mut op, key) && attempt_replaced(shrinker, index, op, &moves)
}

/// Attempts one search instead of the moves.
fn attempt_search(shrinker: &mut Shrinker<'_>, moves: &[usize], key: &Key) -> bool {
    let Some((&last, others)) = moves.split_last() else { return false };
    attempt_replaced(shrinker, last, Op::Search { key: Some(key.clone()) }, others)
}

fn attempt_replaced(shrinker: &mut Shrinker<'_>, index: usize, op: Op, gone: &[usize]) -> bool {
    shrinker.attempt_change(|program| {
        program.steps[index].op = op;
        let mut at = 0..;
        program.steps.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
    })
}
