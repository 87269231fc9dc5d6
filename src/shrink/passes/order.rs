//! Puts what prepares the data first: writes, then checkpoints, then evictions, then the beginnings of transactions. The
//! program reads better, and what now stands together can often go together.

use crate::shrink::shrinker::Shrinker;

/// The longest program in which it is worth the tries.
const MAX_STEPS: usize = 64;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    if shrinker.steps().len() > MAX_STEPS {
        return;
    }
    for from in 1..shrinker.steps().len() {
        let _ = (0..from).any(|to| {
            from < shrinker.steps().len() && shrinker.attempt_change(|program| program.steps[to..=from].rotate_right(1))
        });
    }
}
