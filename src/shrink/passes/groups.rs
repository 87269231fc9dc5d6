//! Drops two or three steps together, wherever they stand, where neither can go without the other: a record and the
//! step that walks over it, a bound and its removal. And drops one step while another one moves: a search that only
//! holds the place until a transaction begins goes if the transaction begins there. Only for programs that are short
//! already.

use crate::shrink::shrinker::Shrinker;

/// The longest program whose pairs are tried.
const PAIRS_MAX_STEPS: usize = 64;
/// The longest program whose triples, and whose moves with a drop, are tried.
const TRIPLES_MAX_STEPS: usize = 16;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    while shrinker.steps().len() <= PAIRS_MAX_STEPS && drop_pair(shrinker) {}
    while shrinker.steps().len() <= TRIPLES_MAX_STEPS && drop_and_move(shrinker) {}
    while shrinker.steps().len() <= TRIPLES_MAX_STEPS && drop_triple(shrinker) {}
}

fn drop_pair(shrinker: &mut Shrinker<'_>) -> bool {
    let steps = shrinker.steps().len();
    (1..steps).rev().any(|b| (0..b).rev().any(|a| shrinker.attempt_without(|index, _| [a, b].contains(&index))))
}

fn drop_triple(shrinker: &mut Shrinker<'_>) -> bool {
    let steps = shrinker.steps().len();
    (2..steps).rev().any(|c| {
        (1..c).rev().any(|b| (0..b).rev().any(|a| shrinker.attempt_without(|index, _| [a, b, c].contains(&index))))
    })
}

/// Without one step, another one goes before an earlier one.
fn drop_and_move(shrinker: &mut Shrinker<'_>) -> bool {
    let steps = shrinker.steps().len();
    (0..steps).rev().any(|gone| {
        (1..steps.saturating_sub(1)).any(|from| {
            (0..from).any(|to| {
                shrinker.attempt_change(|program| {
                    program.steps.remove(gone);
                    program.steps[to..=from].rotate_right(1);
                })
            })
        })
    })
}
