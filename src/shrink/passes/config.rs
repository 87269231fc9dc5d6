//! Makes the configuration smaller: isolation levels, tables, the key pool. `addresses` sees to sessions and cursors.

use super::keys_used;
use crate::backend::{Isolation, record_number_of};
use crate::program::{Config, OperandMut, limits};
use crate::shrink::shrinker::Shrinker;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    for session in 0..Config::MAX_SESSIONS {
        let _ = [Isolation::Snapshot, Isolation::ReadCommitted]
            .into_iter()
            .any(|level| shrinker.attempt_change(|program| program.config.isolation[usize::from(session)] = level));
    }
    shrinker.attempt_change(|program| {
        program.config.tables = 1;
        for operand in program.steps.iter_mut().flat_map(|step| step.op.operands_mut()) {
            if let OperandMut::Table(table) = operand {
                *table = 0;
            }
        }
    });
    let pool = shrinker.config();
    let used = keys_used(shrinker.program());
    let last = used.iter().filter_map(|key| pool.pool_index(key)).max();
    let mut smaller = pool.clone();
    smaller.keys = last.map_or(0, |last| last + 1).max(limits::MIN_KEYS);
    // A column store has to reach to what is beside the pool, too.
    let records = used.iter().filter(|_| pool.format.is_column()).filter_map(|key| record_number_of(key));
    let far = records.max().unwrap_or(0);
    while smaller.keys < pool.keys && smaller.end_of_records() <= far {
        smaller.keys += 1;
    }
    let size = smaller.keys;
    shrinker.attempt_change(|program| program.config.keys = size);
}
