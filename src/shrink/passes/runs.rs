//! Deletes runs of steps, from the end: halves first, single steps last.

use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let mut size = shrinker.steps().len().div_ceil(2);
    while size > 0 && !shrinker.is_exhausted() {
        let mut end = shrinker.steps().len();
        while end > 0 && !shrinker.is_exhausted() {
            let start = end.saturating_sub(size);
            shrinker.attempt_without(|index, _| (start..end).contains(&index));
            end = start.min(shrinker.steps().len());
        }
        size /= 2;
    }
}
