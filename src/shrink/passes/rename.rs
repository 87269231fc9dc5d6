//! Gives keys plain names without changing their order: 0010, 0020, ...; bursts keep their stretches of the pool.

use super::{keys, keys_of, keys_used, pool_range};
use crate::backend::Key;
use crate::program::{Op, Program, limits};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeMap;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    rename_all(shrinker);
    rename_each(shrinker);
}

/// All keys at once.
fn rename_all(shrinker: &mut Shrinker<'_>) {
    let Some(names) = names(shrinker.program()) else { return };
    let pool = shrinker.config().with_all_keys();
    let index = |key: &Key| names.get(key).and_then(|name| pool.pool_index(name));
    let size = names.values().filter_map(|name| pool.pool_index(name)).max().map_or(0, |last| last + 1);
    let mut candidate = shrinker.program().clone();
    for step in &mut candidate.steps {
        match &mut step.op {
            Op::BulkInsert { first, .. } | Op::BulkRemove { first, .. } | Op::PrepareFlood { first, .. } => {
                let Some(renamed) = index(&pool.pool_key(*first)) else { return };
                *first = renamed;
            }
            op => {
                for operand in op.operands_mut() {
                    keys::rename(operand, |key| names.get(key).cloned());
                }
            }
        }
    }
    let same_pool = candidate.clone();
    candidate.config.keys = size.max(limits::MIN_KEYS);
    let _ = shrinker.attempt(candidate) || shrinker.attempt(same_pool);
}

/// A new name for each key. `None` where a burst cannot keep its stretch of the pool.
fn names(program: &Program) -> Option<BTreeMap<Key, Key>> {
    let config = &program.config;
    let bursts = program
        .steps
        .iter()
        .filter(|step| matches!(step.op, Op::BulkInsert { .. } | Op::BulkRemove { .. } | Op::PrepareFlood { .. }));
    let ranges = bursts.map(|step| pool_range(step, config)).collect::<Option<Vec<_>>>()?;
    // A key between two neighbours of a stretch stays between them.
    let is_inside = |key: &Key| {
        config.pool_index(key).is_none()
            && ranges.iter().any(|range| {
                !range.is_empty() && *key > config.pool_key(range.start) && *key < config.pool_key(range.end - 1)
            })
    };
    let mut names = BTreeMap::new();
    let mut next = 0;
    let mut last = None;
    for key in keys_used(program) {
        let name = if is_inside(&key) { config.gap_key(next - 1) } else { config.pool_key(next) };
        next += u16::from(!is_inside(&key));
        if last.as_ref() == Some(&name) || next >= limits::MAX_KEYS {
            return None; // two keys in one gap, or too many keys
        }
        last = Some(name.clone());
        names.insert(key, name);
    }
    Some(names)
}

/// One key at a time, to the first pool key that keeps the order.
fn rename_each(shrinker: &mut Shrinker<'_>) {
    for key in keys_used(shrinker.program()) {
        let used = keys_used(shrinker.program());
        let below = used.range(..key.clone()).next_back().cloned();
        let config = shrinker.config();
        let mut pool = (0..limits::MAX_KEYS).map(|index| config.pool_key(index));
        let Some(name) = pool.find(|name| below.as_ref().is_none_or(|below| name > below)) else { continue };
        if name < key && shrinker.steps().iter().any(|step| keys_of(step).contains(&key)) {
            shrinker
                .attempt_change(|program| program.steps.iter_mut().for_each(|step| keys::replace(step, &key, &name)));
        }
    }
}
