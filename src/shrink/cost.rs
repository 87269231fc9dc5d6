//! What simpler means. Costs are compared part by part, from the top of [`Detail`] down: fewer steps first, then plainer
//! ones. A pass may propose what it likes: what costs as much or more is not tried.

use crate::backend::{Isolation, Key, Timestamp, Value};
use crate::program::{Config, CrashPoint, Op, OpKind, OperandMut, Program, Step};
use std::collections::BTreeSet;

/// Whether `candidate` is simpler than `current`.
pub(super) fn is_simpler(candidate: &Program, current: &Program) -> bool {
    let (new, old) = (weight(candidate), weight(current));
    new < old || (new == old && Detail::of(candidate) < Detail::of(current))
}

/// The number of steps; a burst counts as two, so that two plain writes are preferred to it and three are not. One that
/// begins and prepares a transaction, too, counts as four.
fn weight(program: &Program) -> usize {
    let weight = |step: &Step| match step.op.kind() {
        OpKind::BulkInsert | OpKind::BulkRemove | OpKind::RemoveAll => 2,
        OpKind::PrepareFlood => 4,
        _ => 1,
    };
    program.steps.iter().map(weight).sum()
}

/// What is compared between programs of the same weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Detail {
    /// Sessions, cursors, and how far isolation levels are from the usual one.
    config: u64,
    /// How much there is to know about the operations.
    operations: u64,
    /// Operands that could be left out; keys and values that are left out.
    operands: u64,
    /// Keys of bursts.
    pool_keys: u64,
    /// Numbers of sessions and cursors.
    addresses: u64,
    /// Different keys.
    keys: usize,
    /// How far the keys are from the first ones of the pool, and the size of the pool.
    key_distance: u64,
    /// How far the values are from a letter for each write in turn, and the numbers in deltas.
    values: u64,
    /// Different timestamps.
    timestamps: usize,
    /// The sum of the timestamps.
    time: u128,
    /// How far shares are from everything.
    shares: u64,
    /// Pairs of steps that stand the wrong way round.
    disorder: usize,
}

impl Detail {
    fn of(program: &Program) -> Detail {
        let mut detail =
            Detail { config: config(&program.config), key_distance: program.config.keys.into(), ..Detail::default() };
        let pool = program.config.with_all_keys();
        let mut keys = BTreeSet::new();
        let mut times = BTreeSet::new();
        let mut letters = (b'a'..=b'z').cycle();
        for step in &program.steps {
            detail.operations += operation(&step.op);
            detail.addresses += address(step.who.session, step.who.cursor);
            let mut op = step.op.clone();
            for operand in op.operands_mut() {
                detail.add(operand, &pool, &mut keys, &mut times, &mut letters);
            }
        }
        detail.keys = keys.len();
        detail.timestamps = times.len();
        detail.disorder = disorder(&program.steps);
        detail
    }

    fn add(
        &mut self,
        operand: OperandMut<'_>,
        pool: &Config,
        keys: &mut BTreeSet<Key>,
        times: &mut BTreeSet<Timestamp>,
        letters: &mut impl Iterator<Item = u8>,
    ) {
        match operand {
            OperandMut::Key(key) => self.add_key(key, pool, keys),
            OperandMut::OptionalTimestamp(None) => {}
            // What a cursor has from earlier steps is harder to see than what is written down.
            OperandMut::OptionalKey(None) | OperandMut::OptionalValue(None) => self.operands += 1,
            OperandMut::OptionalKey(Some(key)) => self.add_key(key, pool, keys),
            OperandMut::RangeEnd(None) => {}
            OperandMut::RangeEnd(Some(key)) => {
                self.operands += 1;
                self.add_key(key, pool, keys);
            }
            OperandMut::Value(value) | OperandMut::OptionalValue(Some(value)) => {
                self.values += value_cost(value, letters.next());
            }
            OperandMut::Deltas(deltas) => {
                self.operands += deltas.len() as u64;
                let cost = |delta: &crate::backend::Delta| {
                    u64::from(delta.offset) + u64::from(delta.size) + value_cost(&delta.data, Some(b'a'))
                };
                self.values += deltas.iter().map(cost).sum::<u64>();
            }
            OperandMut::Timestamp(ts) => self.add_time(*ts, times),
            OperandMut::OptionalTimestamp(Some(ts)) => {
                self.operands += 1;
                self.add_time(*ts, times);
            }
            OperandMut::Wrap(ts) | OperandMut::TimestampOrZero(ts) => {
                self.operands += u64::from(*ts != 0);
                self.add_time(*ts, times);
            }
            OperandMut::Flag { value, usual } => self.operands += u64::from(*value != usual),
            OperandMut::Isolation(isolation) => self.operands += isolation.map_or(0, |level| 1 + distance(level)),
            OperandMut::IgnorePrepare(ignore) => self.operands += *ignore as u64,
            OperandMut::Cursor(who) => self.addresses += address(who.session, who.cursor),
            OperandMut::OwnCursor(None) => {}
            OperandMut::OwnCursor(Some(cursor)) => {
                self.operands += 1;
                self.addresses += u64::from(*cursor);
            }
            OperandMut::Table(index) | OperandMut::Node(index) => self.addresses += u64::from(*index),
            OperandMut::PoolIndex(index) => self.key_distance += u64::from(*index),
            OperandMut::PoolCount(count) => self.pool_keys += u64::from(*count),
            OperandMut::Percent(percent) => self.shares += 100 - u64::from(*percent).min(100),
            OperandMut::Word => {}
        }
    }

    fn add_key(&mut self, key: &Key, pool: &Config, keys: &mut BTreeSet<Key>) {
        self.key_distance += key_cost(key, pool);
        keys.insert(key.clone());
    }

    fn add_time(&mut self, ts: Timestamp, times: &mut BTreeSet<Timestamp>) {
        self.time += u128::from(ts);
        if ts != 0 {
            times.insert(ts);
        }
    }
}

fn config(config: &Config) -> u64 {
    let isolation = config.isolation.iter().map(|&level| distance(level)).sum::<u64>();
    u64::from(config.sessions) + u64::from(config.cursors) + u64::from(config.tables) + isolation
}

/// How far a level is from the usual one.
fn distance(level: Isolation) -> u64 {
    match level {
        Isolation::Snapshot => 0,
        Isolation::ReadCommitted => 1,
        Isolation::ReadUncommitted => 2,
    }
}

fn address(session: u8, cursor: u8) -> u64 {
    u64::from(session) * u64::from(Config::MAX_CURSORS) + u64::from(cursor)
}

/// Pool keys by their index; gap keys after all of them; then everything else by its length.
fn key_cost(key: &Key, pool: &Config) -> u64 {
    let beyond = u64::from(pool.keys);
    match (pool.pool_index(key), pool.gap_index(key)) {
        (Some(index), _) => u64::from(index),
        (None, Some(index)) => beyond + u64::from(index),
        (None, None) => 2 * beyond + key.len() as u64,
    }
}

/// Nothing for the letter whose turn it is; then other letters; then everything else by its length.
fn value_cost(value: &Value, turn: Option<u8>) -> u64 {
    match **value {
        [letter] if Some(letter) == turn => 0,
        [b'a'..=b'z'] => 1,
        _ => 100 + value.len() as u64,
    }
}

/// How many pairs of steps stand the wrong way round: what prepares the data should come before what uses it.
fn disorder(steps: &[Step]) -> usize {
    let turn = |step: &Step| match step.op {
        _ if step.op.write_ts() != 0 => 0,
        Op::Insert { .. } | Op::BulkInsert { .. } => 0,
        Op::SetTimestamp { .. } | Op::Checkpoint | Op::Adopt | Op::Advance { .. } => 1,
        Op::Evict { .. } | Op::Prune => 2,
        Op::Begin { .. } | Op::PrepareFlood { .. } => 3,
        _ => 4,
    };
    let turns: Vec<u8> = steps.iter().map(turn).collect();
    let later = |index: usize| turns[index + 1..].iter().filter(|&&other| other < turns[index]).count();
    (0..turns.len()).map(later).sum()
}

/// How much a reader has to know about an operation. Operations that none of the passes replaces by another one need
/// no telling apart.
fn operation(op: &Op) -> u64 {
    use crate::backend::Direction::Prev;
    match op {
        Op::Next | Op::Search { .. } | Op::Insert { .. } | Op::Remove { .. } => 1,
        Op::Begin { .. } | Op::Commit { .. } | Op::Checkpoint | Op::Adopt => 1,
        Op::SearchNear { .. } | Op::Prev | Op::Update { .. } | Op::Rollback | Op::State | Op::Reset => 2,
        Op::Evict { .. } | Op::SetTimestamp { .. } | Op::Compare { .. } => 2,
        Op::Modify { .. } | Op::Reserve { .. } | Op::GetKey | Op::GetValue | Op::Key { .. } => 3,
        Op::Value { .. } | Op::Prune | Op::Equals { .. } | Op::Reconfigure { .. } | Op::Reopen { .. } => 3,
        Op::Duplicate { .. } | Op::LargestKey | Op::Bound { .. } | Op::ClearBounds | Op::Query { .. } => 4,
        Op::TimestampTransaction { .. } | Op::ResetSnapshot => 4,
        Op::NextRandom { .. } | Op::Advance { .. } => 5,
        Op::Scan { direction, .. } => 5 + u64::from(*direction == Prev),
        Op::InsertBeside { direction, .. } => 5 + u64::from(*direction == Prev),
        Op::BulkInsert { .. } | Op::BulkRemove { .. } => 8,
        Op::RemoveAll { .. } => 8,
        Op::Prepare { .. } | Op::TruncateRange { .. } => 2,
        Op::Truncate { .. } | Op::TruncateAll { .. } | Op::Quiesce => 3,
        Op::RollbackToStable | Op::StepDown | Op::StepUp { .. } | Op::Recreate { .. } => 4,
        Op::Restart { at, .. } => 5 + u64::from(*at != CrashPoint::Rest),
        Op::Hook { action, .. } => 6 + *action as u64,
        Op::PrepareFlood { .. } => 9,
    }
}
