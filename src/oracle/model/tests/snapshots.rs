//! How long a snapshot lasts.

use super::*;

/// Only at snapshot isolation, and only if the old snapshot has a record.
#[test]
fn a_placed_cursor_searches_with_the_snapshot_that_is_held() {
    let mut table = ten_to_fifty();
    table.finds(A, "50", "ok I(50) I(v50)").puts(OTHER, "10", "new").puts(OTHER, "60", "new");
    table.finds(A, "10", "ok I(10) I(v10)").finds(A, "60", "ok I(60) I(new)");
    table.finds(A, "10", "ok I(10) I(new)");
    let mut table = Table::with_isolation(&["10", "50"], Isolation::ReadCommitted);
    table.finds(A, "50", "ok I(50) I(v50)").puts(OTHER, "10", "new").finds(A, "10", "ok I(10) I(new)");
}

#[test]
fn last_as_long_as_a_cursor_holds_a_place() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(READ_COMMITTED), "ok");
    table.finds(B, "50", "ok I(50) I(v50)").puts(OTHER, "10", "new");
    table.finds(A, "10", "ok I(10) I(v10)").does(B, Call::Reset, "ok - -");
    table.finds(A, "10", "ok I(10) I(new)");
}

#[test]
fn end_where_an_iteration_ends() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Prev, "ok I(50) I(v50)").puts(OTHER, "10", "new");
    table.does(A, Call::Next, "notfound - -").does(A, Call::Next, "ok I(10) I(new)");
}

#[test]
fn are_new_at_begin_only_at_snapshot_isolation() {
    let mut table = ten_to_fifty();
    table.finds(A, "10", "ok I(10) I(v10)").puts(OTHER, "20", "new");
    table.does(A, Call::Begin(READ_COMMITTED), "ok").does(A, Call::State, "ok I(10) I(v10)");
    table.does(A, Call::Next, "ok I(20) I(v20)").does(A, Call::Commit { ts: None, durable: None }, "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::State, "ok I(20) E(v20)");
    table.does(A, Call::Prev, "ok I(10) I(v10)").does(A, Call::Next, "ok I(20) I(new)");
}

#[test]
fn are_not_needed_to_read_what_is_not_committed() {
    let mut table = ten_to_fifty();
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "10", "new");
    table.does(A, Call::Begin(READ_UNCOMMITTED), "ok").finds(A, "10", "ok I(10) I(new)");
    table.does(OTHER, Call::Rollback, "ok").finds(A, "10", "ok I(10) I(v10)");
}

#[test]
fn can_be_renewed_before_the_first_write() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "10", "new");
    table.finds(A, "10", "ok I(10) I(v10)").does(A, Call::ResetSnapshot, "ok");
    table.finds(A, "10", "ok I(10) I(new)").puts(A, "20", "mine");
    table.does(A, Call::ResetSnapshot, "enotsup").does(A, Call::Commit { ts: None, durable: None }, "ok");
}

/// Outside transactions it serves a walk, and goes with the place that this takes. What searches lets go of it first.
#[test]
fn that_are_renewed_without_a_place_serve_a_walk() {
    let next: [(Call<'_>, &str); 3] = [
        (Call::Next, "ok I(10) I(v10)"),
        (Call::Search, "ok I(10) I(new)"),
        (Call::Duplicate { from: A }, "ok I(10) I(new)"),
    ];
    for (call, expected) in next {
        let mut table = ten_to_fifty();
        table.key(A, "10").key(B, "10").does(A, Call::ResetSnapshot, "ok").puts(OTHER, "10", "new");
        table.does(B, call, expected).does(B, Call::Reset, "ok - -").finds(B, "10", "ok I(10) I(new)");
    }
}
