//! Which key of a lane an operation works on.

use crate::replay::plan::{Content, Draws, OpKind, OpNumber};

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

/// Chooses one of `keys` keys, of which `look` tells all that is known. An operation that needs a key that is there and
/// found none after some tries becomes a read. `None` if there is no key.
///
/// The order of draws is part of the plan: first whether any key will do, if one is needed, then the keys.
pub fn choose(
    asked: OpKind,
    draws: &mut Draws,
    keys: u64,
    mut look: impl FnMut(u64) -> Known,
) -> Option<(OpKind, Known)> {
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
