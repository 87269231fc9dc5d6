//! Puts two or three steps into one: a key or value and the call that uses it, two writes of a key, timestamps and the call that can set
//! them, the parts of an `advance`.

use super::{is_on_cursor, keys_of, lacks_key, set_key};
use crate::backend::{Timestamp, TxnTimestamp};
use crate::program::{Op, OperandMut, Step};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        let _ = fuse_key(shrinker, index)
            || fuse_value(shrinker, index)
            || fuse_position(shrinker, index)
            || fuse_writes(shrinker, index)
            || fuse_timestamp(shrinker, index)
            || fuse_advance(shrinker, index)
            || fuse_set_timestamp(shrinker, index);
    });
}

/// The step of the same cursor before step `index`.
fn before(steps: &[Step], index: usize) -> Option<usize> {
    let who = steps[index].who;
    (0..index).rev().find(|&at| is_on_cursor(&steps[at]) && steps[at].who == who)
}

/// `search 0010`, `update "a"` becomes `update 0010 "a"`; likewise for any step that gives the cursor a key.
fn fuse_key(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    if !is_on_cursor(&steps[index]) || !lacks_key(&steps[index]) {
        return false;
    }
    let Some(at) = before(steps, index) else { return false };
    let keys = keys_of(&steps[at]);
    keys.first().is_some_and(|key| replace(shrinker, at, index, |op| set_key(op, key)))
}

/// `value "a"`, `insert 0010` becomes `insert 0010 "a"`.
fn fuse_value(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    let Some(at) = before(steps, index) else { return false };
    let Op::Value { value } = steps[at].op.clone() else { return false };
    replace(shrinker, at, index, |op| {
        op.operands_mut().into_iter().any(|operand| match operand {
            OperandMut::OptionalValue(slot) => slot.replace(value.clone()).is_none(),
            _ => false,
        })
    })
}

/// `insert 0010 "a"`, `search 0010` becomes `update 0010 "a"`, which stands where it wrote; at the place of either.
fn fuse_position(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    let Some(at) = before(steps, index) else { return false };
    let moves = matches!(steps[index].op, Op::Search { .. } | Op::SearchNear { .. } | Op::Next | Op::Prev);
    let Op::Insert { key, value, ts } = steps[at].op.clone() else { return false };
    let update = Op::Update { key, value, ts };
    moves
        && [(at, index), (index, at)].into_iter().any(|(gone, changed)| {
            replace(shrinker, gone, changed, |op| {
                *op = update.clone();
                true
            })
        })
}

/// `insert 0010 "a"`, `remove 0010 ts=5` becomes `insert 0010 "a" ts=5`: often only the latest write of a key matters,
/// whatever it is. Likewise any two writes of one key; at the place of the later one.
fn fuse_writes(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    let Some(at) = before(steps, index) else { return false };
    let Op::Insert { key: Some(key), value, .. } = steps[at].op.clone() else { return false };
    let is_write = matches!(steps[index].op, Op::Update { .. } | Op::Remove { .. } | Op::Modify { .. });
    is_write
        && keys_of(&steps[index]) == [key.clone()]
        && replace(shrinker, at, index, |op| {
            *op = Op::Insert { key: Some(key), value, ts: op.write_ts() };
            true
        })
}

/// `set_commit_ts 5`, `commit` becomes `commit ts=5`; `begin`, `set_read_ts 5` becomes `begin read_ts=5`.
/// Likewise durable and prepare timestamps.
fn fuse_timestamp(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    let Op::TimestampTransaction { which, ts } = steps[index].op else { return false };
    let session = steps[index].who.session;
    let mut others: Box<dyn Iterator<Item = usize>> = match which {
        TxnTimestamp::Read => Box::new((0..index).rev()),
        TxnTimestamp::Commit | TxnTimestamp::Durable | TxnTimestamp::Prepare => Box::new(index + 1..steps.len()),
    };
    let takes_it = |step: &Step| {
        step.who.session == session
            && match which {
                TxnTimestamp::Commit | TxnTimestamp::Durable => matches!(step.op, Op::Commit { .. }),
                TxnTimestamp::Prepare => matches!(step.op, Op::Prepare { .. }),
                TxnTimestamp::Read => matches!(step.op, Op::Begin { .. }),
            }
    };
    let Some(other) = others.find(|&at| takes_it(&steps[at])) else { return false };
    drop(others);
    replace(shrinker, index, other, |op| match op {
        Op::Commit { durable: slot, .. } if which == TxnTimestamp::Durable => slot.replace(ts).is_none(),
        Op::Commit { ts: slot, .. } | Op::Begin { read_ts: slot, .. } | Op::Prepare { ts: slot } => {
            slot.replace(ts).is_none()
        }
        _ => false,
    })
}

/// `checkpoint`, `adopt` becomes `advance`.
fn fuse_advance(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    if steps[index].op != Op::Adopt {
        return false;
    }
    let checkpoint = (0..index).rev().find(|&at| steps[at].op == Op::Checkpoint);
    checkpoint.is_some_and(|at| {
        replace(shrinker, at, index, |op| {
            *op = Op::Advance { oldest: 0, stable: 0 };
            true
        })
    })
}

/// `set_timestamp stable=5`, `advance` becomes `advance stable=5`; likewise two of either.
fn fuse_set_timestamp(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let steps = shrinker.steps();
    let Some((oldest, stable)) = moved(&steps[index].op) else { return false };
    let Some(next) = (index + 1..steps.len()).find(|&at| moved(&steps[at].op).is_some()) else { return false };
    let later = |old: Timestamp, new: Timestamp| if new == 0 { old } else { new };
    replace(shrinker, index, next, |op| {
        match op {
            Op::Advance { oldest: o, stable: s } => (*o, *s) = (later(oldest, *o), later(stable, *s)),
            Op::SetTimestamp { oldest: o, stable: s, .. } => {
                let some = |ts: Timestamp| (ts != 0).then_some(ts);
                (*o, *s) = (o.or(some(oldest)), s.or(some(stable)));
            }
            _ => return false,
        }
        true
    })
}

/// Where an operation moves oldest and stable to; 0: it does not.
fn moved(op: &Op) -> Option<(Timestamp, Timestamp)> {
    match *op {
        Op::Advance { oldest, stable } => Some((oldest, stable)),
        Op::SetTimestamp { oldest, stable, durable: None } => Some((oldest.unwrap_or(0), stable.unwrap_or(0))),
        _ => None,
    }
}

/// Attempts the program without step `gone`, and step `changed` rewritten, if `rewrite` can do that.
fn replace(shrinker: &mut Shrinker<'_>, gone: usize, changed: usize, rewrite: impl FnOnce(&mut Op) -> bool) -> bool {
    let mut op = shrinker.steps()[changed].op.clone();
    rewrite(&mut op)
        && shrinker.attempt_change(|program| {
            program.steps[changed].op = op;
            program.steps.remove(gone);
        })
}
