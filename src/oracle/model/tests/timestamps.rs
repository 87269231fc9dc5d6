//! Timestamps, of transactions and of the node.

use super::*;

fn set(oldest: Option<Timestamp>, stable: Option<Timestamp>) -> Call<'static> {
    Call::SetTimestamp { oldest, stable, durable: None }
}

#[test]
fn a_read_timestamp_hides_what_is_newer_and_conflicts_with_it() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").commits("10", SNAPSHOT, Some(9), "ok");
    table.does(A, Call::Begin(reading_at(5)), "ok").finds(A, "10", "ok I(10) I(t5)");
    table.value(A, "mine").does(A, Call::Update, "rollback E(10) E(mine)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(reading_at(4)), "ok");
    table.finds(A, "10", "ok I(10) I(v10)");
}

#[test]
fn a_read_timestamp_comes_with_snapshot_isolation_and_only_once() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(reading_at(0)), "einval").does(A, set(Some(8), Some(8)), "ok");
    table.does(A, Call::Begin(reading_at(5)), "einval").does(A, Call::Query(TimestampQuery::Read), "ok 0");
    table.does(A, Call::Begin(Begin { roundup_read: true, ..reading_at(5) }), "ok");
    table.does(A, Call::Query(TimestampQuery::Read), "ok 8");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Read, 9), "einval").does(A, Call::Rollback, "ok");
    table.does(A, Call::Begin(Begin { read_ts: Some(9), ..READ_COMMITTED }), "ok").puts(A, "10", "mine");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(READ_COMMITTED), "ok");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Read, 9), "einval");
}

#[test]
fn an_update_has_the_commit_timestamp_of_its_time_or_the_last() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "10", "late");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Commit, 10), "ok").puts(A, "20", "early");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Commit, 9), "einval").does(A, Call::Rollback, "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "10", "late");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Commit, 10), "ok").puts(A, "20", "early");
    table.does(A, Call::Commit { ts: Some(20), durable: None }, "ok").does(A, Call::Begin(reading_at(15)), "ok");
    table.finds(A, "10", "ok I(10) I(v10)").finds(A, "20", "ok I(20) I(early)");
}

#[test]
fn a_commit_timestamp_is_newer_than_stable_even_at_commit() {
    let mut table = ten_to_fifty();
    table.does(A, set(None, Some(10)), "ok");
    table.commits("10", SNAPSHOT, Some(10), "einval").commits("10", SNAPSHOT, Some(11), "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "20", "mine");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Commit, 12), "ok");
    table.does(A, set(None, Some(12)), "ok").does(A, Call::Commit { ts: Some(15), durable: None }, "einval");
    table.finds(A, "20", "ok I(20) I(v20)");
}

#[test]
fn a_key_with_timestamps_is_updated_in_their_order() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").commits("10", SNAPSHOT, None, "einval");
    table.commits("10", SNAPSHOT, Some(4), "einval").commits("10", SNAPSHOT, Some(5), "ok");
    let excused = Begin { no_timestamp: true, ..SNAPSHOT };
    table.commits("10", excused, Some(4), "einval").commits("10", excused, None, "ok");
    table.does(A, Call::Begin(reading_at(1)), "ok").finds(A, "10", "ok I(10) I(none)");
    table.does(A, Call::Rollback, "ok");
    table.commits("20", SNAPSHOT, Some(5), "ok").finds(A, "30", "ok I(30) I(v30)");
    table.key(B, "20").value(B, "mine").does(B, Call::Update, "einval - -").does(A, Call::State, "ok - -");
}

/// It may have been forgotten.
#[test]
fn a_timestamp_up_to_oldest_is_not_minded() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").does(A, set(Some(4), Some(5)), "ok");
    table.commits("10", SNAPSHOT, None, "einval").does(A, set(Some(5), None), "ok");
    table.commits("10", SNAPSHOT, None, "ok");
}

#[test]
fn of_the_node_move_forward_both_or_none() {
    let mut table = ten_to_fifty();
    let mut query = |what, expected: &str| {
        table.does(A, Call::Query(what), expected);
    };
    query(TimestampQuery::Oldest, "ok 0");
    table.does(A, set(Some(10), Some(20)), "ok").does(A, set(Some(0), None), "einval");
    table.does(A, set(Some(5), Some(30)), "einval").does(A, set(Some(30), Some(25)), "einval");
    table.does(A, Call::Query(TimestampQuery::Stable), "ok 20").does(A, set(Some(21), None), "einval");
    table.does(A, Call::Begin(reading_at(15)), "ok").does(A, set(Some(18), None), "ok");
    table.does(A, Call::Query(TimestampQuery::OldestReader), "ok 15");
    table.does(A, Call::Query(TimestampQuery::Pinned), "ok 15").does(A, Call::Rollback, "ok");
    table.does(A, Call::Query(TimestampQuery::Pinned), "ok 18");
    table.commits("10", SNAPSHOT, Some(30), "ok").does(A, Call::Query(TimestampQuery::AllDurable), "ok 30");
    table.does(A, Call::Begin(SNAPSHOT), "ok");
    table.does(A, Call::TimestampTransaction(TxnTimestamp::Commit, 25), "ok");
    table.does(A, Call::Query(TimestampQuery::AllDurable), "ok 24");
}
