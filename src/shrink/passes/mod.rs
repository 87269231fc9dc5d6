//! The passes: each proposes programs that may be simpler. One file per idea.

mod addresses;
mod config;
mod cut;
mod fuse;
mod groups;
mod keys;
mod kinds;
mod operands;
mod order;
mod owners;
mod rename;
mod runs;
mod simplify;
mod timestamps;
mod transactions;
mod values;
mod walks;

use super::shrinker::Shrinker;
use crate::backend::{Key, Who};
use crate::program::ops::Class;
use crate::program::{Config, Op, OperandMut, Program, Step};
use std::collections::BTreeSet;

/// A pass.
pub(super) struct Pass {
    /// The name in the log.
    pub name: &'static str,
    /// Proposes candidates to the shrinker.
    pub run: fn(&mut Shrinker<'_>),
}

/// All passes, in the order in which they run: those that drop much come first.
pub(super) const PASSES: [Pass; 17] = [
    Pass { name: "cut", run: cut::run },
    Pass { name: "runs", run: runs::run },
    Pass { name: "kinds", run: kinds::run },
    Pass { name: "owners", run: owners::run },
    Pass { name: "transactions", run: transactions::run },
    Pass { name: "fuse", run: fuse::run },
    Pass { name: "walks", run: walks::run },
    Pass { name: "addresses", run: addresses::run },
    Pass { name: "simplify", run: simplify::run },
    Pass { name: "operands", run: operands::run },
    Pass { name: "keys", run: keys::run },
    Pass { name: "rename", run: rename::run },
    Pass { name: "values", run: values::run },
    Pass { name: "timestamps", run: timestamps::run },
    Pass { name: "config", run: config::run },
    Pass { name: "order", run: order::run },
    Pass { name: "groups", run: groups::run },
];

/// Whether the step names a cursor as its own.
fn is_on_cursor(step: &Step) -> bool {
    matches!(step.op.class(), Class::Cursor | Class::Burst)
}

/// Whether the step is done by a session, through a cursor or not.
fn is_by_session(step: &Step) -> bool {
    is_on_cursor(step) || step.op.class() == Class::Session
}

/// The cursors that an operation names beside its own.
fn other_cursors(step: &Step) -> Vec<Who> {
    let session = step.who.session;
    let mut op = step.op.clone();
    let cursors = op.operands_mut().into_iter().filter_map(|operand| match operand {
        OperandMut::Cursor(who) => Some(*who),
        OperandMut::OwnCursor(cursor) => cursor.map(|cursor| Who { session, cursor }),
        _ => None,
    });
    cursors.collect()
}

/// The keys that a step names.
fn keys_of(step: &Step) -> Vec<Key> {
    let mut op = step.op.clone();
    let keys = op.operands_mut().into_iter().filter_map(|operand| match operand {
        OperandMut::Key(key) => Some(key.clone()),
        OperandMut::OptionalKey(key) | OperandMut::RangeEnd(key) => key.clone(),
        _ => None,
    });
    keys.collect()
}

/// The indices of the pool keys that a burst writes, unless it goes round at the end of the pool.
fn pool_range(step: &Step, config: &Config) -> Option<std::ops::Range<u16>> {
    match step.op {
        Op::BulkInsert { first, count, .. }
        | Op::BulkRemove { first, count, .. }
        | Op::PrepareFlood { first, count, .. } => {
            let end = first.checked_add(count).filter(|&end| end <= config.keys)?;
            Some(first..end)
        }
        _ => None,
    }
}

/// All keys that a program names, in order.
fn keys_used(program: &Program) -> BTreeSet<Key> {
    let mut used = BTreeSet::new();
    for step in &program.steps {
        used.extend(keys_of(step));
        used.extend(
            pool_range(step, &program.config).into_iter().flatten().map(|index| program.config.pool_key(index)),
        );
    }
    used
}

/// Sets the key of an operation that may have one. Whether it may.
fn set_key(op: &mut Op, key: &Key) -> bool {
    for operand in op.operands_mut() {
        if let OperandMut::OptionalKey(slot) = operand {
            *slot = Some(key.clone());
            return true;
        }
    }
    false
}

/// Whether an operation may have a key and has none: it uses its cursor's.
fn lacks_key(step: &Step) -> bool {
    step.op.clone().operands_mut().iter().any(|operand| matches!(operand, OperandMut::OptionalKey(None)))
}
