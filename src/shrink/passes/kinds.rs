//! Drops all steps of one operation at once: all checkpoints, all scans, ...

use crate::program::OpKind;
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    for kind in OpKind::ALL {
        // One step of a kind is what `runs` has tried.
        if shrinker.steps().iter().filter(|step| step.op.kind() == kind).count() > 1 {
            shrinker.attempt_without(|_, step| step.op.kind() == kind);
        }
    }
}
