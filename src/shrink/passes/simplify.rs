//! Replaces operations by plainer ones: a burst by a shorter one or by plain writes, an `advance` by one of its parts,
//! `search_near` by `search`, ...

use super::{keys_used, values::values_used};
use crate::backend::{Direction, IgnorePrepare, Key, Timestamp, Value, Who};
use crate::program::{CrashPoint, HookAction, Op, Program, Step};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        // A replacement may have a replacement: until there is none.
        while index < shrinker.steps().len() && replace(shrinker, index) {}
    });
}

fn replace(shrinker: &mut Shrinker<'_>, index: usize) -> bool {
    let plainer = plainer(&shrinker.steps()[index], shrinker.program());
    plainer.into_iter().any(|steps| {
        shrinker.attempt_change(|program| {
            program.steps.splice(index..=index, steps);
        })
    })
}

/// What may stand for a step, the plainest first.
fn plainer(step: &Step, program: &Program) -> Vec<Vec<Step>> {
    let who = step.who;
    match step.op {
        Op::BulkInsert { first, count, ts } => {
            let burst = |first, count| Op::BulkInsert { first, count, ts };
            let insert = |key, value| Op::Insert { key: Some(key), value: Some(value), ts };
            shorter_burst(who, program, first, count, &burst, &insert)
        }
        Op::BulkRemove { first, count, ts } => {
            let burst = |first, count| Op::BulkRemove { first, count, ts };
            shorter_burst(who, program, first, count, &burst, &|key, _| Op::Remove { key: Some(key), ts })
        }
        Op::PrepareFlood { first, count, ts } => {
            let burst = |first, count| Op::PrepareFlood { first, count, ts };
            let insert = |key, value| Op::Insert { key: Some(key), value: Some(value), ts: 0 };
            let shorter = shorter_burst(who, program, first, count, &burst, &insert);
            let prepared = |writes: &Vec<Step>| by_hand(who, writes, ts);
            let plain: Vec<Vec<Step>> = shorter.iter().filter(|steps| is_plain(steps)).map(prepared).collect();
            plain.into_iter().chain(shorter.into_iter().filter(|steps| !is_plain(steps))).collect()
        }
        _ => plainer_operations(step, program)
            .into_iter()
            .map(|(who, op)| vec![Step { who, op, expect: None }])
            .collect(),
    }
}

fn is_plain(steps: &[Step]) -> bool {
    steps.iter().all(|step| matches!(step.op, Op::Insert { .. }))
}

/// Plain writes in a transaction that is begun for them and prepared.
fn by_hand(who: Who, writes: &[Step], ts: Timestamp) -> Vec<Step> {
    let session = Who { cursor: 0, ..who };
    let step = |op| Step { who: session, op, expect: None };
    let begin = Op::Begin {
        isolation: None,
        read_ts: None,
        roundup: false,
        no_timestamp: false,
        ignore_prepare: IgnorePrepare::No,
        roundup_prepared: false,
    };
    let mut steps = vec![step(begin)];
    steps.extend_from_slice(writes);
    steps.push(step(Op::Prepare { ts: Some(ts) }));
    steps
}

/// What may stand for the truncate of a stretch: the removal of one key of the program, or a shorter stretch.
fn plainer_truncates(who: Who, program: &Program, table: u8, ts: Timestamp) -> Vec<(Who, Op)> {
    let keys = keys_used(program);
    let range = |first: Option<&Key>, last: Option<&Key>| {
        (Who { cursor: 0, ..who }, Op::TruncateRange { first: first.cloned(), last: last.cloned(), table, ts })
    };
    let removes = keys.iter().map(|key| (who, Op::Remove { key: Some(key.clone()), ts }));
    let ranges =
        keys.iter().flat_map(|key| [range(Some(key), Some(key)), range(Some(key), None), range(None, Some(key))]);
    removes.chain(ranges).collect()
}

/// What a hook does, as a step of its own.
fn unhooked(who: Who, action: HookAction, ts: Timestamp) -> (Who, Op) {
    let op = match action {
        HookAction::Prune => Op::Prune,
        HookAction::Evict => Op::Evict { percent: 50 },
        HookAction::Adopt => Op::Adopt,
        HookAction::Checkpoint => Op::Checkpoint,
        HookAction::Commit => {
            return (Who { cursor: 0, ..who }, Op::Commit { ts: (ts != 0).then_some(ts), durable: None });
        }
    };
    (Who::default(), op)
}

/// One plain write, a shorter burst, or two plain writes.
fn shorter_burst(
    who: Who,
    program: &Program,
    first: u16,
    count: u16,
    burst: &dyn Fn(u16, u16) -> Op,
    write: &dyn Fn(Key, Value) -> Op,
) -> Vec<Vec<Step>> {
    let keys = u32::from(program.config.keys);
    let at = |offset: u16| ((u32::from(first) + u32::from(offset)) % keys) as u16;
    let step = |op| Step { who, op, expect: None };
    let mut letters = free_letters(program);
    let mut plain = |offset| step(write(program.config.pool_key(at(offset)), letters.next().unwrap_or_default()));
    let mut plainer = vec![vec![step(burst(at(0), count))]];
    if count == 1 {
        plainer.push(vec![plain(0)]);
    }
    let mut cut = count / 2;
    while cut > 0 {
        plainer.push(vec![step(burst(first, count - cut))]);
        plainer.push(vec![step(burst(at(cut), count - cut))]);
        cut /= 2;
    }
    if count > 1 {
        plainer.push(vec![plain(0), plain(count - 1)]);
    }
    plainer
}

/// The single operations that may stand for one that is no burst of pool keys.
fn plainer_operations(step: &Step, program: &Program) -> Vec<(Who, Op)> {
    let who = step.who;
    let with_keys = |make: &dyn Fn(Key) -> Op| -> Vec<(Who, Op)> {
        keys_used(program).into_iter().map(|key| (who, make(key))).collect()
    };
    let node = |op| (Who::default(), op);
    match &step.op {
        Op::SearchNear { key } => vec![(who, Op::Search { key: key.clone() }), (who, Op::Next), (who, Op::Prev)],
        Op::Search { key: None } | Op::Prev => vec![(who, Op::Next)],
        Op::Update { key, value, ts } => {
            vec![(who, Op::Insert { key: key.clone(), value: value.clone(), ts: *ts })]
        }
        Op::Reserve { key, ts } => plain_writes(who, key, free_letters(program).take(1), *ts),
        Op::Modify { key, deltas, ts } => {
            let data = deltas.iter().map(|delta| delta.data.clone());
            plain_writes(who, key, free_letters(program).take(1).chain(data), *ts)
        }
        Op::Reopen { .. } | Op::Reconfigure { .. } | Op::LargestKey => vec![(who, Op::Reset), (who, Op::Next)],
        Op::Duplicate { .. } => {
            let mut plainer = with_keys(&|key| Op::Search { key: Some(key) });
            plainer.push((who, Op::Reset));
            plainer
        }
        Op::Equals { with } => vec![(who, Op::Compare { with: *with })],
        Op::GetKey | Op::GetValue => vec![(who, Op::State)],
        Op::Key { key } => vec![(who, Op::Search { key: Some(key.clone()) })],
        Op::NextRandom { .. } => vec![(who, Op::Next)],
        Op::Scan { direction: Direction::Next, .. } => vec![(who, Op::Next)],
        Op::Scan { direction: Direction::Prev, table } => {
            vec![(who, Op::Next), (who, Op::Prev), (who, Op::Scan { direction: Direction::Next, table: *table })]
        }
        Op::Rollback => vec![(who, Op::Commit { ts: None, durable: None })],
        Op::Prune => vec![node(Op::Evict { percent: 100 })],
        Op::Advance { oldest, stable } => {
            let some = |ts: Timestamp| (ts != 0).then_some(ts);
            let set = Op::SetTimestamp { oldest: some(*oldest), stable: some(*stable), durable: None };
            vec![node(Op::Adopt), node(Op::Checkpoint), node(set)]
        }
        Op::TruncateAll { ts } => plainer_truncates(who, program, program.config.table_of(who), *ts),
        Op::Truncate { start, stop, ts } => {
            let cursor = start.or(*stop).unwrap_or(0);
            let table = program.config.table_of(Who { cursor, ..who });
            plainer_truncates(Who { cursor, ..who }, program, table, *ts)
        }
        Op::TruncateRange { first, last, table, ts } => {
            let ends = [first, last].into_iter().flatten();
            let one = |key: &Key| {
                let whole =
                    Op::TruncateRange { first: Some(key.clone()), last: Some(key.clone()), table: *table, ts: *ts };
                [(who, Op::Remove { key: Some(key.clone()), ts: *ts }), (who, whole)]
            };
            ends.flat_map(one).collect()
        }
        Op::Hook { at, action, ts } => {
            let prune = Op::Hook { at: *at, action: HookAction::Prune, ts: 0 };
            vec![unhooked(who, *action, *ts), (who, prune)]
        }
        Op::Restart { node: number, .. } => {
            vec![node(Op::Quiesce), node(Op::Restart { node: *number, at: CrashPoint::Rest })]
        }
        Op::RemoveAll { ts } => with_keys(&|key| Op::Remove { key: Some(key), ts: *ts }),
        Op::InsertBeside { at, direction, value, ts } => {
            let insert = |key| Op::Insert { key: Some(key), value: Some(value.clone()), ts: *ts };
            let mut plainer = with_keys(&insert);
            plainer.extend(
                keys_used(program)
                    .iter()
                    .filter_map(|key| program.config.beside(key, *direction))
                    .map(|key| (who, insert(key))),
            );
            let next = Op::InsertBeside { at: *at, direction: Direction::Next, value: value.clone(), ts: *ts };
            plainer.push((who, next));
            plainer
        }
        _ => vec![],
    }
}

/// An insert or an update of one of the values.
fn plain_writes(who: Who, key: &Option<Key>, values: impl Iterator<Item = Value>, ts: Timestamp) -> Vec<(Who, Op)> {
    let writes = |value: Value| {
        let insert = Op::Insert { key: key.clone(), value: Some(value.clone()), ts };
        [(who, insert), (who, Op::Update { key: key.clone(), value: Some(value), ts })]
    };
    values.flat_map(writes).collect()
}

/// Letters that no step writes: a difference in values stays one.
fn free_letters(program: &Program) -> impl Iterator<Item = Value> + use<> {
    let used = values_used(program);
    (b'a'..=b'z').map(|letter| Value::from(&[letter][..])).filter(move |letter| !used.contains(letter))
}
