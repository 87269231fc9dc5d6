//! Rollback to stable, and the durable timestamp of the node.

use super::*;

#[test]
fn takes_back_what_is_newer_than_stable() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").commits("10", SNAPSHOT, Some(16), "ok");
    table.commits("60", SNAPSHOT, Some(16), "ok").puts(OTHER, "70", "z").does(OTHER, Call::Begin(SNAPSHOT), "ok");
    table.key(OTHER, "20").does(OTHER, Call::Remove, "ok - -").does(OTHER, commit(16), "ok");
    table.does(A, oldest_and_stable(1, 7), "ok").does(A, Call::RollbackToStable, "ok");
    table.scans(0, "10=t5 20=v20 30=v30 40=v40 50=v50 70=z notfound");
    table.does(A, Call::Query(TimestampQuery::AllDurable), "ok 7").commits("10", SNAPSHOT, Some(8), "ok");
    table.does(A, Call::Query(TimestampQuery::AllDurable), "ok 8");
}

#[test]
fn a_key_can_be_written_anew_from_stable_on() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").does(A, oldest_and_stable(0, 9), "ok");
    table.commits("10", SNAPSHOT, Some(20), "ok").does(A, Call::RollbackToStable, "ok").finds(
        A,
        "10",
        "ok I(10) I(t5)",
    );
    table.does(A, Call::Reset, "ok - -").commits("10", SNAPSHOT, Some(9), "einval").commits(
        "10",
        SNAPSHOT,
        Some(10),
        "ok",
    );
}

/// Not when it was committed.
#[test]
fn what_counts_is_when_it_is_durable() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 10).does(OTHER, commit_prepared(15, 20), "ok").does(A, oldest_and_stable(1, 17), "ok");
    table.does(A, Call::RollbackToStable, "ok").scans(0, "10=v10 20=v20 30=v30 40=v40 50=v50 notfound");
}

/// Everyone sees the new version, but what is under it must not be forgotten.
#[test]
fn even_if_oldest_has_passed_the_commit() {
    let mut table = ten_to_fifty();
    table.commits("30", SNAPSHOT, Some(5), "ok").prepares(&["30"], 10).does(OTHER, commit_prepared(10, 100), "ok");
    table.does(A, oldest_and_stable(50, 50), "ok");
    for key in 1000..2000 {
        table.puts(OTHER, &key.to_string(), "once").key(OTHER, &key.to_string());
        table.does(OTHER, Call::Remove, "ok - -");
    }
    assert_eq!((table.0.peek(0, 0, &"30".into()), table.0.largest_needed(0, 0)), (Some("p".into()), Some("50".into())));
    table.does(A, Call::RollbackToStable, "ok").finds(A, "30", "ok I(30) I(t5)");
}

#[test]
fn nothing_is_taken_back_without_a_stable_timestamp() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").does(A, Call::RollbackToStable, "ok").finds(A, "10", "ok I(10) I(t5)");
    table.does(A, Call::Query(TimestampQuery::AllDurable), "ok 0");
}

#[test]
fn has_to_wait_for_transactions_and_places() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(OTHER, Call::RollbackToStable, "ebusy").does(
        A,
        Call::Rollback,
        "ok",
    );
    table.finds(A, "10", "ok I(10) I(v10)").does(OTHER, Call::RollbackToStable, "ebusy").does(A, Call::Reset, "ok - -");
    table.key(A, "10").does(OTHER, Call::RollbackToStable, "ok").prepares(&["30"], 10);
    table.does(A, Call::RollbackToStable, "ebusy").does(A, Call::Next, "ok I(10) I(v10)");
    table.does(A, Call::Next, "ok I(20) I(v20)").does(A, Call::Next, "prepare_conflict - - stalled at 30");
    table.does(OTHER, Call::Rollback, "ok").does(A, Call::RollbackToStable, "ebusy").does(A, Call::Reset, "ok - -");
    table.does(A, Call::RollbackToStable, "ok");
}

#[test]
fn works_on_all_tables() {
    let mut table = ten_to_fifty();
    table.does(B, Call::Open(CursorConfig { table: 1, ..CursorConfig::default() }), "ok - -");
    table.does(B, Call::Begin(SNAPSHOT), "ok").puts(A, "60", "x").puts(B, "60", "x").does(B, commit(20), "ok");
    table.does(A, oldest_and_stable(0, 10), "ok").does(A, Call::RollbackToStable, "ok");
    table.finds(A, "60", "notfound E(60) -").finds(B, "60", "notfound E(60) -");
}

/// All or nothing with the others.
#[test]
fn the_durable_timestamp_may_be_set_to_anything_but_0() {
    let set = |stable, durable| Call::SetTimestamp { oldest: None, stable, durable: Some(durable) };
    let all_durable = Call::Query(TimestampQuery::AllDurable);
    let mut table = ten_to_fifty();
    table.does(A, set(None, 50), "ok").does(A, all_durable, "ok 50").does(A, set(None, 5), "ok");
    table.does(A, all_durable, "ok 5").does(A, set(None, 0), "einval").does(A, set(Some(0), 7), "einval");
    table.does(A, all_durable, "ok 5").commits("10", SNAPSHOT, Some(9), "ok").does(A, all_durable, "ok 9");
}
