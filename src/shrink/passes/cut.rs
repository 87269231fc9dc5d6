//! Cuts off what comes after the failing step: looks for the shortest beginning that fails. A predicate that tells how
//! many steps it needed has done so already.

use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let mut cut = shrinker.steps().len() / 2;
    while cut > 0 {
        let keep = shrinker.steps().len().saturating_sub(cut);
        if !shrinker.attempt_without(|index, _| index >= keep) {
            cut /= 2;
        }
    }
}
