//! Writes that are transactions of their own.

use super::*;

#[test]
fn a_write_makes_the_sessions_values_external() {
    let mut table = ten_to_fifty();
    table.finds(B, "20", "ok I(20) I(v20)");
    table
        .key(A, "30")
        .value(A, "mine")
        .does(A, Call::Update, "ok I(30) E(mine)");
    table.does(B, Call::State, "ok I(20) E(v20)");
}

/// The transaction of its own that a write is was already under way.
#[test]
fn a_failed_write_resets_as_a_rollback_does() {
    let mut table = ten_to_fifty();
    table
        .finds(B, "20", "ok I(20) I(v20)")
        .key(A, "35")
        .does(A, Call::Remove, "notfound E(35) -");
    table.does(B, Call::State, "ok - -");
    table
        .finds(A, "20", "ok I(20) I(v20)")
        .key(B, "35")
        .does(B, Call::Remove, "notfound - -");
    table.does(A, Call::State, "ok - -");
}

#[test]
fn a_write_that_lacks_something_resets_nothing() {
    let mut table = ten_to_fifty();
    table
        .finds(B, "20", "ok I(20) I(v20)")
        .key(A, "30")
        .does(A, Call::Insert, "einval E(30) -");
    table.does(B, Call::State, "ok I(20) I(v20)");
}

#[test]
fn a_conflict_is_tried_again_with_a_fresh_snapshot() {
    let mut table = ten_to_fifty();
    table
        .finds(B, "20", "ok I(20) I(v20)")
        .puts(OTHER, "30", "new");
    table
        .key(A, "30")
        .value(A, "mine")
        .does(A, Call::Update, "ok I(30) E(mine)");
    table
        .does(B, Call::State, "ok I(20) E(v20)")
        .puts(OTHER, "30", "new");
    table
        .does(A, Call::Update, "ok I(30) E(mine)")
        .does(A, Call::Next, "ok I(40) I(v40)");
}

#[test]
fn but_not_that_of_a_positioned_remove() {
    let mut table = ten_to_fifty();
    table
        .finds(A, "30", "ok I(30) I(v30)")
        .puts(OTHER, "30", "new")
        .does(A, Call::Remove, "rollback - -");
    table.key(A, "30").does(A, Call::Remove, "ok - -");
}

#[test]
fn a_lasting_conflict_is_a_rollback() {
    let mut table = ten_to_fifty();
    table
        .does(OTHER, Call::Begin(SNAPSHOT), "ok")
        .puts(OTHER, "30", "new");
    table
        .key(A, "30")
        .value(A, "mine")
        .does(A, Call::Insert, "rollback E(30) E(mine)");
}
