//! How a prepared transaction commits: its two timestamps.

use super::*;

fn thirty_prepared_at(ts: Timestamp) -> Table {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], ts);
    table
}

/// Whatever is wrong changes nothing: there is no way back from a prepared transaction but its rollback.
#[test]
fn needs_both_and_stays_prepared_without() {
    let mut table = thirty_prepared_at(10);
    table.does(OTHER, COMMIT, "einval").does(OTHER, commit(10), "einval");
    table.does(OTHER, Call::Commit { ts: None, durable: Some(10) }, "einval");
    table.does(OTHER, commit_prepared(9, 10), "einval").does(OTHER, commit_prepared(10, 9), "einval");
    table.does(OTHER, commit_prepared(0, 10), "einval").does(OTHER, commit_prepared(10, 0), "einval");
    table.finds(A, "30", "prepare_conflict E(30) -").does(OTHER, commit_prepared(10, 11), "ok");
    table.does(OTHER, Call::Rollback, "einval").finds(A, "30", "ok I(30) I(p)");
}

#[test]
fn may_be_told_before() {
    let mut table = thirty_prepared_at(10);
    table.does(OTHER, stamp(TxnTimestamp::Durable, 20), "einval").does(OTHER, stamp(TxnTimestamp::Commit, 9), "einval");
    table.does(OTHER, stamp(TxnTimestamp::Commit, 15), "ok").does(OTHER, COMMIT, "einval");
    table.does(OTHER, stamp(TxnTimestamp::Durable, 14), "einval").does(OTHER, stamp(TxnTimestamp::Durable, 20), "ok");
    table.does(OTHER, stamp(TxnTimestamp::Commit, 12), "ok").does(OTHER, COMMIT, "ok");
    table.does(A, Call::Begin(reading_at(11)), "ok").finds(A, "30", "ok I(30) I(v30)").does(A, Call::Rollback, "ok");
    table.does(A, Call::Begin(reading_at(12)), "ok").finds(A, "30", "ok I(30) I(p)");
}

#[test]
fn a_durable_timestamp_that_was_told_before_has_to_fit_a_later_commit_timestamp() {
    let mut table = thirty_prepared_at(10);
    table.does(OTHER, stamp(TxnTimestamp::Commit, 15), "ok").does(OTHER, stamp(TxnTimestamp::Durable, 20), "ok");
    table.does(OTHER, commit(21), "einval").does(OTHER, commit_prepared(21, 22), "ok");
}

#[test]
fn stable_may_have_passed_the_commit_but_not_the_durable_timestamp() {
    let mut table = thirty_prepared_at(10);
    table.does(A, oldest_and_stable(0, 20), "ok").does(OTHER, commit_prepared(15, 20), "einval");
    table.does(OTHER, commit_prepared(15, 21), "ok");
}

#[test]
fn each_update_has_to_fit_what_it_replaced() {
    let mut table = ten_to_fifty();
    table.commits("30", SNAPSHOT, Some(20), "ok").prepares(&["30"], 10);
    table.does(OTHER, commit_prepared(15, 25), "einval").does(OTHER, commit_prepared(20, 20), "ok");
}

#[test]
fn what_replaces_it_has_to_fit_its_durable_timestamp() {
    let mut table = thirty_prepared_at(10);
    table.does(OTHER, commit_prepared(15, 20), "ok").commits("30", SNAPSHOT, Some(17), "einval");
    table.commits("30", SNAPSHOT, Some(20), "ok");
}

/// To oldest, not to stable; a commit timestamp is rounded up to that of the prepare.
#[test]
fn what_is_too_old_may_be_rounded_up() {
    let round = Begin { roundup_prepared: true, ..SNAPSHOT };
    let query = Call::Query(TimestampQuery::Prepare);
    let mut table = ten_to_fifty();
    table.does(A, oldest_and_stable(10, 20), "ok").does(OTHER, Call::Begin(round), "ok").puts(OTHER, "10", "z");
    table.does(OTHER, Call::Prepare(Some(5)), "ok").does(OTHER, query, "ok 10");
    table.does(OTHER, commit_prepared(8, 25), "ok");
    table.does(A, Call::Begin(reading_at(10)), "ok").finds(A, "10", "ok I(10) I(z)").does(A, Call::Rollback, "ok");
    table.does(OTHER, Call::Begin(round), "ok").does(OTHER, Call::Prepare(Some(15)), "ok").does(OTHER, query, "ok 15");
}

#[test]
fn of_one_that_is_not_prepared_only_the_commit_timestamp_may_be_told() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "20", "z").does(A, commit_prepared(20, 21), "einval");
    table.does(A, Call::Rollback, "einval").does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "20", "z");
    table.does(A, stamp(TxnTimestamp::Commit, 20), "ok").does(A, stamp(TxnTimestamp::Durable, 20), "einval");
    table.does(A, COMMIT, "einval").finds(A, "20", "ok I(20) I(v20)");
}

/// Only an explicit durable timestamp does, and the first one.
#[test]
fn when_it_holds_all_durable_back() {
    let all_durable = Call::Query(TimestampQuery::AllDurable);
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(20), "ok").prepares(&["30"], 10).does(A, all_durable, "ok 20");
    table.does(OTHER, stamp(TxnTimestamp::Commit, 12), "ok").does(A, all_durable, "ok 20");
    table.does(OTHER, stamp(TxnTimestamp::Durable, 15), "ok").does(A, all_durable, "ok 14");
    table.does(OTHER, stamp(TxnTimestamp::Durable, 18), "ok").does(A, all_durable, "ok 14");
    table.does(OTHER, COMMIT, "ok").does(A, all_durable, "ok 20");
    table.prepares(&["30"], 21).does(OTHER, commit_prepared(22, 30), "ok").does(A, all_durable, "ok 30");
}
