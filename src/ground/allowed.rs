//! What real WiredTiger may answer otherwise than the model, by its own documentation. Each row has a condition, a reason
//! and a test, and each use of it is counted, so that an allowance that hides too much is seen.

use super::compare::Seen;
use crate::backend::{Code, Field};

/// A difference that is allowed.
pub struct Allowed {
    /// The name in statistics.
    pub name: &'static str,
    /// Why it is no bug.
    pub reason: &'static str,
    pub(super) applies: fn(&Seen<'_>) -> bool,
}

/// Every difference that is allowed. Where one would be seen again in later answers, the script sets right what differs.
pub const ALLOWED: [Allowed; 2] = [
    Allowed {
        name: "search_near: the smaller neighbour",
        reason: "search_near may return either neighbour of a key that is not there. The model takes the larger one; from \
                 the smaller one, one step forward has to lead there",
        applies: |seen| {
            let (Some(moved), Some(reply)) = (&seen.answered.moved, seen.reply()) else { return false };
            let first = &seen.answered.first;
            seen.verb() == "near"
                && (first.code(), first.exact, reply.code, reply.exact) == (Some(Code::Ok), -1, Code::Ok, 1)
                && first.key.get() < reply.key.get()
                && (moved.code(), &moved.key, &moved.value) == (Some(Code::Ok), &reply.key, &reply.value)
        },
    },
    Allowed {
        name: "interrupted at a bound: without the bound's key",
        reason: "a walk that begins at a bound shows the bound's key if what is prepared is found by the search for the \
                 bound, and no key if a step further; which of the two depends on what else is left there, and on the \
                 direction",
        applies: |seen| {
            let Some(reply) = seen.reply() else { return false };
            let first = &seen.answered.first;
            matches!(seen.verb(), "next" | "prev")
                && (first.code(), reply.code) == (Some(Code::PrepareConflict), Code::PrepareConflict)
                && matches!((&first.key, &reply.key), (Field::Unset, Field::External(_)))
                && first.value == reply.value
        },
    },
];
