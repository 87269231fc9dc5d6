//! Walks that meet a prepared update.

use super::*;

#[test]
fn the_next_step_looks_there_again() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).finds(A, "20", "ok I(20) I(v20)");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(OTHER, Call::Rollback, "ok");
    table.does(A, Call::Next, "ok I(30) I(v30)").does(A, Call::Next, "ok I(40) I(v40)");
}

#[test]
fn what_is_gone_by_then_is_passed_by() {
    let mut table = ten_to_fifty();
    table.prepares(&["25"], 5).finds(A, "20", "ok I(20) I(v20)");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 25").does(OTHER, Call::Rollback, "ok");
    table.does(A, Call::Next, "ok I(30) I(v30)").does(A, Call::Next, "ok I(40) I(v40)");
}

#[test]
fn what_has_committed_by_then_is_seen() {
    let mut table = ten_to_fifty();
    table.prepares(&["25"], 5).finds(A, "20", "ok I(20) I(v20)");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 25").does(OTHER, commit_prepared(5, 5), "ok");
    table.does(A, Call::Next, "ok I(25) I(p)");
}

#[test]
fn the_other_direction_goes_back_from_there() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).finds(A, "40", "ok I(40) I(v40)");
    table.does(A, Call::Prev, "prepare_conflict - - stalled at 30");
    table.does(A, Call::Next, "ok I(40) I(v40)").does(A, Call::Next, "ok I(50) I(v50)");
}

#[test]
fn there_is_nothing_before_the_first_record() {
    let mut table = ten_to_fifty();
    table.prepares(&["10"], 5).does(A, Call::Next, "prepare_conflict - - stalled at 10");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 10").does(A, Call::Prev, "notfound - -");
    table.does(A, Call::Reset, "ok - -").does(A, Call::Prev, "ok I(50) I(v50)");
    table.finds(A, "10", "prepare_conflict E(10) -");
}

/// Never earlier: what comes before it is seen.
#[test]
fn it_is_met_as_the_nearest_record() {
    let mut table = Table::new(&["1", "2", "3"]);
    table.prepares(&["9"], 5).scans(0, "1=v1 2=v2 3=v3 prepare_conflict");
}

/// The walk does not get under way, and the cursor is left with the key that it was to begin at.
#[test]
fn a_walk_from_a_bound_leaves_no_place() {
    let lower = Call::Bound { side: Side::Lower, inclusive: true };
    for key in ["20", "15"] {
        let mut table = ten_to_fifty();
        let bound = format!("E({key})");
        table.prepares(&["20"], 5).key(A, key).does(A, lower, &format!("ok {bound} -"));
        table.does(A, Call::Next, &format!("prepare_conflict {bound} -")).does(OTHER, Call::Rollback, "ok");
        table.does(A, Call::Next, "ok I(20) I(v20)");
    }
}

#[test]
fn only_the_bound_that_it_begins_at_counts() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).key(A, "30").does(A, Call::Bound { side: Side::Upper, inclusive: true }, "ok E(30) -");
    table.does(A, Call::Prev, "prepare_conflict E(30) -").does(A, Call::Next, "ok I(10) I(v10)");
    table.does(A, Call::Next, "ok I(20) I(v20)").does(A, Call::Next, "prepare_conflict - - stalled at 30");
}

#[test]
fn a_bounded_walk_under_way_stalls_as_any() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).key(A, "20").does(A, Call::Bound { side: Side::Lower, inclusive: true }, "ok E(20) -");
    table.does(A, Call::Next, "ok I(20) I(v20)").does(A, Call::Next, "prepare_conflict - - stalled at 30");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(A, Call::Prev, "ok I(20) I(v20)");
}

#[test]
fn what_lies_outside_the_bounds_is_not_met() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).key(A, "30").does(A, Call::Bound { side: Side::Upper, inclusive: false }, "ok E(30) -");
    table.does(A, Call::Next, "ok I(10) I(v10)").does(A, Call::Next, "ok I(20) I(v20)");
    table.does(A, Call::Next, "notfound - -").does(A, Call::Prev, "ok I(20) I(v20)");
    table.finds(A, "30", "notfound E(30) -");
}

/// As any place does.
#[test]
fn a_stalled_cursor_holds_the_snapshot() {
    let mut table = ten_to_fifty();
    table.does(OTHER, Call::Open(CursorConfig::default()), "ok - -").prepares(&["10"], 5);
    table.does(A, Call::Next, "prepare_conflict - - stalled at 10").does(OTHER, commit_prepared(5, 5), "ok");
    table.puts(OTHER, "20", "new").finds(B, "20", "ok I(20) I(v20)").does(B, Call::Reset, "ok - -");
    table.does(A, Call::Next, "ok I(10) I(p)").does(A, Call::Next, "ok I(20) I(v20)");
    table.does(A, Call::Reset, "ok - -").finds(A, "20", "ok I(20) I(new)");
}

#[test]
fn a_new_key_changes_nothing_about_it() {
    let mut table = ten_to_fifty();
    table.prepares(&["10"], 5).does(A, Call::Next, "prepare_conflict - - stalled at 10").key(A, "40");
    table.does(A, Call::State, "ok E(40) - stalled at 10").does(A, Call::Next, "prepare_conflict - - stalled at 10");
    table.finds(A, "40", "ok I(40) I(v40)").does(A, Call::Next, "ok I(50) I(v50)");
}

#[test]
fn bounds_cannot_be_set_on_a_stalled_cursor() {
    let mut table = ten_to_fifty();
    table.prepares(&["10"], 5).does(A, Call::Next, "prepare_conflict - - stalled at 10").key(A, "40");
    table.does(A, Call::Bound { side: Side::Lower, inclusive: true }, "einval E(40) - stalled at 10");
}

#[test]
fn a_stall_outlasts_a_commit_but_not_a_rollback() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "20", "ok I(20) I(v20)");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(A, COMMIT, "ok");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(A, Call::Begin(SNAPSHOT), "ok");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(A, Call::Rollback, "ok");
    table.does(A, Call::Next, "ok I(10) I(v10)");
}

#[test]
fn a_random_cursor_may_meet_one() {
    let mut table = Table::new(&[]);
    table.prepares(&["30"], 5).does(A, Call::Open(CursorConfig { random: true, ..CursorConfig::default() }), "ok - -");
    table.does(A, Call::Next, "prepare_conflict - - stalled at 30").does(OTHER, Call::Rollback, "ok");
    table.does(A, Call::Next, "notfound - -");
}
