//! How failures and differences are shown: the first thing that is not as planned, with its lane, its timestamp and what its
//! key should have.

use lockstep::bytes::ByteStr;
use lockstep::replay::change::Divergence;
use lockstep::replay::oracle::Oracle;
use lockstep::replay::plan::{OpNumber, Plan};
use lockstep::replay::result::expected_history;
use lockstep::replay::run::Outcome;
use lockstep::replay::step::Action;
use lockstep::replay::threads::Failure;
use std::sync::Arc;

/// How many operations a history is followed further than to the one in question.
const AHEAD: u64 = 20_000;

/// A failure in lines: what, where it shows first, and what that key should have. `stop`: the run's last operation, had it
/// not failed.
pub fn explain(plan: &Arc<Plan>, outcome: &Outcome, failure: &Failure, stop: OpNumber) -> Vec<String> {
    let mut lines = vec![failure.to_string()];
    if let Some(first) = outcome.first_unplanned(plan) {
        let Divergence { t, table, key, one, other } = first;
        lines.push(format!("the first operation that is not as planned is {t}:"));
        lines.push(format!("  found:    {}", show(one.as_ref())));
        lines.push(format!("  expected: {}", show(other.as_ref())));
        lines.extend(place(plan, t, table, key, stop));
    } else if let Some((t, table, key)) = place_of(failure) {
        // What comes earlier and is not done yet may be wrong, too.
        lines.push(if finds(failure) {
            format!("what it finds there is not what operation {t} was to leave:")
        } else {
            format!("operation {t} is not as planned:")
        });
        match key {
            0 => lines.push(stamp(plan, t, table)),
            _ => lines.extend(place(plan, t, table, key, stop)),
        }
    }
    lines
}

/// Number, table and key of the version that is not as planned. Key 0: none that is known.
fn place_of(failure: &Failure) -> Option<(OpNumber, u16, u64)> {
    match failure {
        Failure::Difference(difference) => Some((difference.t, difference.table, difference.key?)),
        Failure::Violation(violation) => {
            let step = &violation.step;
            Some((if finds(failure) { step.depends } else { step.t }, step.table, step.key))
        }
    }
}

/// Whether it is what an operation finds that is wrong: that is what another one left, or should have.
fn finds(failure: &Failure) -> bool {
    let reads = |action| matches!(action, Action::Read | Action::Remove | Action::Modify);
    matches!(failure, Failure::Violation(violation) if reads(violation.step.action))
}

/// Where an operation is.
fn stamp(plan: &Plan, t: OpNumber, table: u16) -> String {
    let kind = plan.tables().get(usize::from(table)).map_or(String::new(), ToString::to_string);
    format!("  lane {}, timestamp {}, table {table} ({kind})", plan.lane(t), plan.clock().commit(t))
}

/// Where an operation is, and what a key's history should be around it. No operation beyond `stop` is looked at.
pub fn place(plan: &Arc<Plan>, t: OpNumber, table: u16, key: u64, stop: OpNumber) -> Vec<String> {
    let oracle = Oracle::at(Arc::clone(plan), stop.min(t.saturating_add(AHEAD)));
    let history = expected_history(plan, &oracle, table, key, t).into_iter().map(|line| format!("    {line}"));
    let head = [
        format!("{}, key {key}", stamp(plan, t, table)),
        "  what the key should have, from which operation on:".to_owned(),
    ];
    head.into_iter().chain(history).collect()
}

/// What happened to a key.
pub fn show(change: Option<&Option<ByteStr>>) -> String {
    match change {
        None => "no change".to_owned(),
        Some(None) => "no value".to_owned(),
        Some(Some(value)) => format!("\"{}\"", value.as_bytes().escape_ascii()),
    }
}
