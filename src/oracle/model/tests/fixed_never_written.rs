//! Records of fixed-length tables that are 0 because nobody has ever written them.

use super::*;

/// 2, 4 and 6 were never written; 3 was, by a transaction that is gone.
fn some_never_written() -> Table {
    let mut table = Table::fixed(&["1", "5", "7"]);
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "3", "3").does(OTHER, Call::Rollback, "ok");
    table
}

#[test]
fn to_remove_one_does_nothing() {
    let mut table = some_never_written();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "4").does(A, Call::Remove, "ok - -");
    table.does(A, Call::ResetSnapshot, "ok");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").key(OTHER, "4").value(OTHER, "9");
    table.does(OTHER, Call::Update, "ok I(4) I(9)").does(OTHER, COMMIT, "ok").does(A, COMMIT, "ok");
    table.does(A, Call::Begin(READ_COMMITTED), "ok").key(A, "6").does(A, Call::Remove, "ok - -");
}

#[test]
fn to_remove_one_that_was_rolled_back_does_something() {
    let mut table = some_never_written();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "3").does(A, Call::Remove, "ok - -");
    table.does(A, Call::ResetSnapshot, "enotsup");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").key(OTHER, "3").value(OTHER, "9");
    table.does(OTHER, Call::Update, "rollback E(3) E(9)").does(A, COMMIT, "ok");
    table.does(A, Call::Begin(READ_COMMITTED), "ok").key(A, "3").does(A, Call::Remove, "enotsup E(3) -");
}

#[test]
fn search_near_prefers_the_next_one_that_was_written() {
    let mut table = some_never_written();
    table.key(A, "4").does(A, Call::SearchNear, "ok x=1 I(5) I(5)");
    // 3 was written, though nothing is left of that: to 2 it is nearer than 5, and has no value.
    table.key(A, "3").does(A, Call::SearchNear, "ok x=0 I(3) I(0)");
    table.key(A, "2").does(A, Call::SearchNear, "ok x=0 I(2) I(0)");
    table.key(A, "5").does(A, Call::Remove, "ok - -").key(A, "4").does(A, Call::SearchNear, "ok x=0 I(4) I(0)");
}

#[test]
fn search_near_meets_what_is_prepared_there() {
    let mut table = some_never_written();
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "5", "9").does(OTHER, Call::Prepare(Some(10)), "ok");
    table.key(A, "4").does(A, Call::SearchNear, "prepare_conflict E(4) -").finds(A, "4", "ok I(4) I(0)");
}

/// Removes the records from one to another, as the first session.
fn truncates(table: &mut Table, from: &str, to: &str, expected: &str) {
    let (start, stop) = (Some(A.cursor), Some(B.cursor));
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, from).key(B, to);
    table.does(A, Call::Truncate { start, stop }, expected).does(A, Call::Rollback, "ok");
}

#[test]
fn a_truncate_makes_zeros_and_leaves_those_that_there_are() {
    let mut table = some_never_written();
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::TruncateTable { table: 0 }, "ok");
    table.does(A, commit(50), "ok").scans(0, "1=0 2=0 3=0 4=0 5=0 6=0 7=0 notfound");
    // Nothing was written to 3, so there is no timestamp to mind.
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "3", "9").does(A, commit(40), "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "5", "9").does(A, commit(40), "einval");
}

#[test]
fn a_truncate_over_one_minds_the_next_one_that_was_written() {
    let mut table = some_never_written();
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "3", "9");
    truncates(&mut table, "1", "2", "rollback");
    truncates(&mut table, "2", "2", "ok");
    truncates(&mut table, "3", "3", "rollback");
    truncates(&mut table, "4", "5", "ok");
}

#[test]
fn a_truncate_of_zeros_writes_nothing() {
    let mut table = some_never_written();
    table.does(A, Call::Begin(READ_COMMITTED), "ok").key(A, "2").key(B, "3");
    table.does(A, Call::Truncate { start: Some(0), stop: Some(1) }, "ok").key(A, "2").key(B, "5");
    table.does(A, Call::Truncate { start: Some(0), stop: Some(1) }, "enotsup");
}
