//! Transactions: conflicts, failure, commit and rollback.

use super::*;

#[test]
fn the_first_to_write_wins() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "10", "new");
    table.key(A, "10").value(A, "mine").does(A, Call::Update, "rollback E(10) E(mine)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(SNAPSHOT), "ok");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").key(OTHER, "20").does(OTHER, Call::Remove, "ok - -");
    table.key(A, "20").does(A, Call::Remove, "rollback E(20) E(mine)");
}

/// A conflict is seen before absence, but a record that is in the way before a conflict.
#[test]
fn what_comes_first() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "35", "new").puts(OTHER, "30", "new");
    table.does(A, Call::Reconfigure { overwrite: false }, "ok - -");
    table.key(A, "35").does(A, Call::Remove, "rollback E(35) -");
    table.value(A, "mine").does(A, Call::Update, "rollback E(35) E(mine)");
    table.key(A, "30").does(A, Call::Insert, "dupkey E(30) E(v30)");
}

#[test]
fn a_failed_one_can_go_on_but_not_commit_what_it_wrote() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::GetKey, "einval - -");
    table.does(A, Call::Commit { ts: None, durable: None }, "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::GetKey, "einval - -");
    table.puts(A, "10", "mine").finds(A, "10", "ok I(10) I(mine)");
    table.does(A, Call::Commit { ts: None, durable: None }, "einval").does(A, Call::State, "ok - -");
    table.finds(A, "10", "ok I(10) I(v10)").does(A, Call::Commit { ts: None, durable: None }, "einval");
}

#[test]
fn a_rollback_resets_from_the_newest_cursor_until_none_is_placed() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "10").finds(B, "20", "ok I(20) I(v20)");
    table.does(A, Call::Rollback, "ok").does(B, Call::State, "ok - -").does(A, Call::State, "ok E(10) -");
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "20", "ok I(20) I(v20)").key(B, "10");
    table.does(A, Call::Rollback, "ok").does(B, Call::State, "ok - -").does(A, Call::State, "ok - -");
}

#[test]
fn a_commit_keeps_positions_with_copies_of_their_values() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "20", "ok I(20) I(v20)").puts(OTHER, "30", "new");
    table.does(A, Call::Commit { ts: None, durable: None }, "ok").does(A, Call::State, "ok I(20) E(v20)");
    table.does(A, Call::Next, "ok I(30) I(new)");
}

#[test]
fn only_snapshot_isolation_may_write() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(READ_COMMITTED), "ok");
    table.key(A, "10").value(A, "mine").does(A, Call::Update, "enotsup E(10) E(mine)");
    table.key(A, "15").does(A, Call::Remove, "notfound E(15) E(mine)");
    table.does(A, Call::Commit { ts: None, durable: None }, "ok");
}

#[test]
fn a_reserved_record_is_unchanged_and_nobody_elses() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "10").does(A, Call::Reserve, "ok I(10) I(v10)");
    table.finds(OTHER, "10", "ok I(10) I(v10)").does(OTHER, Call::Remove, "rollback - -");
    table.does(A, Call::Commit { ts: None, durable: None }, "ok").key(OTHER, "10").does(OTHER, Call::Remove, "ok - -");
}
