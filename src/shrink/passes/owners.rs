//! Drops whole sessions and whole cursors with all that they do.

use super::{is_by_session, is_on_cursor, other_cursors};
use crate::backend::Who;
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    for session in (0..shrinker.config().sessions).rev() {
        shrinker.attempt_without(|_, step| {
            is_by_session(step) && step.who.session == session
                || other_cursors(step).iter().any(|other| other.session == session)
        });
        for cursor in (0..shrinker.config().cursors).rev() {
            let who = Who { session, cursor };
            shrinker
                .attempt_without(|_, step| is_on_cursor(step) && step.who == who || other_cursors(step).contains(&who));
        }
    }
}
