//! Which key of a lane an operation works on, and what it does to it.

use crate::replay::plan::{Content, Draws, OpKind, OpNumber, Plan};
use crate::replay::step::{Action, Step};

/// How often a key is drawn until one is there for an operation that needs it.
pub const TRIES: u32 = 4;
/// One in so many operations that need a key takes the first that is drawn, there or not: to find nothing is a case,
/// too.
pub const ANY_KEY: u64 = 16;

/// A key and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The key.
    pub key: u64,
    /// The number that wrote it last; 0 if none did.
    pub t: OpNumber,
    /// What that left.
    pub content: Option<Content>,
}

/// What a key has after a step; `None`: what it had before.
pub type After = Option<Option<Content>>;

/// What number `t` does that works on one of `keys` keys, of which `look` tells all that is known; and what that leaves.
pub fn step_on_a_key(
    plan: &Plan,
    t: OpNumber,
    table: u16,
    asked: OpKind,
    keys: u64,
    look: impl FnMut(u64) -> Known,
) -> (Step, After) {
    let Some((kind, found)) = choose(asked, &mut plan.choices(t), keys, look) else {
        return (Step::nothing(t, table, asked), None);
    };
    let (action, after) = match kind {
        OpKind::Update => (Action::Update, Some(Some(plan.written(table, found.key, t)))),
        OpKind::Remove => (Action::Remove, found.content.map(|_| None)),
        OpKind::Modify => (Action::Modify, found.content.map(|old| Some(plan.modified(table, old, t)))),
        _ => (Action::Read, None),
    };
    (Step { t, table, asked, action, key: found.key, before: found.content.into(), depends: found.t }, after)
}

/// Chooses one of `keys` keys, of which `look` tells all that is known. An operation that needs a key that is there and
/// found none after some tries becomes a read. `None` if there is no key.
///
/// The order of draws is part of the plan: first whether any key will do, if one is needed, then the keys.
fn choose(asked: OpKind, draws: &mut Draws, keys: u64, mut look: impl FnMut(u64) -> Known) -> Option<(OpKind, Known)> {
    if keys == 0 {
        return None;
    }
    let is_needed = matches!(asked, OpKind::Remove | OpKind::Modify) && draws.below(ANY_KEY) != 0;
    let mut found = look(draws.below(keys));
    if !is_needed {
        return Some((asked, found));
    }
    for _ in 1..TRIES {
        if found.content.is_some() {
            break;
        }
        found = look(draws.below(keys));
    }
    let kind = if found.content.is_some() { asked } else { OpKind::Read };
    Some((kind, found))
}
