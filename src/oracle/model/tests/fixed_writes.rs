//! Writes to fixed-length tables.

use super::*;

/// B does not overwrite.
fn three_and_five() -> Table {
    let mut table = Table::fixed(&["3", "5"]);
    table.does(B, Call::Open(NO_OVERWRITE), "ok - -");
    table
}

#[test]
fn what_is_there_is_in_the_way_of_an_insert_and_can_be_updated() {
    let mut table = three_and_five();
    table.key(B, "3").value(B, "9").does(B, Call::Insert, "dupkey E(3) E(3)");
    table.key(B, "4").value(B, "9").does(B, Call::Insert, "dupkey E(4) E(0)");
    table.key(B, "4").value(B, "9").does(B, Call::Update, "ok I(4) E(9)");
    table.key(B, "6").does(B, Call::Update, "notfound E(6) E(9)").does(B, Call::Insert, "ok - -");
    table.scans(0, "1=0 2=0 3=3 4=9 5=5 6=9 notfound");
}

#[test]
fn a_removed_record_is_zero_and_can_be_removed_again() {
    let mut table = three_and_five();
    table.key(A, "5").does(A, Call::Remove, "ok - -").key(A, "5").does(A, Call::Remove, "ok - -");
    table.key(A, "6").does(A, Call::Remove, "notfound E(6) -").scans(0, "1=0 2=0 3=3 4=0 5=0 notfound");
    table.key(B, "5").value(B, "9").does(B, Call::Insert, "dupkey E(5) E(0)");
}

#[test]
fn every_remove_counts_for_the_usage_rule() {
    let mut table = Table::fixed(&[]);
    table.commits_at("3", 30);
    for (ts, expected) in [(40, "ok"), (50, "ok"), (45, "einval")] {
        table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "3").does(A, Call::Remove, "ok - -");
        table.does(A, commit(ts), expected);
    }
}

#[test]
fn a_remove_by_position_stays_there_and_gives_up_the_place_if_it_fails() {
    let mut table = three_and_five();
    table.finds(A, "3", "ok I(3) I(3)").does(A, Call::Remove, "ok I(3) -").does(A, Call::Remove, "ok I(3) -");
    table.does(A, Call::Next, "ok I(4) I(0)");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "5", "9");
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "5", "ok I(5) I(5)");
    table.does(A, Call::Remove, "rollback E(5) -").does(A, Call::Next, "ok I(1) I(0)");
}

/// Unlike in a row store a write does not work with the snapshot that the place holds.
#[test]
fn a_write_by_position_looks_anew() {
    let mut table = three_and_five();
    table.finds(A, "3", "ok I(3) I(3)").puts(OTHER, "3", "9");
    table.value(A, "8").does(A, Call::Update, "ok I(3) E(8)").scans(1, "1=0 2=0 3=8 4=0 5=5 notfound");
}

#[test]
fn hidden_records_are_zeros_with_conflicts() {
    let mut table = three_and_five();
    table.does(B, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "4", "9");
    table.key(B, "4").value(B, "8").does(B, Call::Insert, "dupkey E(4) E(0)");
    for call in [Call::Update, Call::Remove, Call::Reserve] {
        table.key(B, "4").value(B, "8").does(B, call, "rollback E(4) E(8)");
    }
}

#[test]
fn a_zero_can_be_reserved() {
    let mut table = three_and_five();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "4").does(A, Call::Reserve, "ok I(4) I(0)");
    table.key(A, "6").does(A, Call::Reserve, "notfound E(6) E(0)");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").key(OTHER, "4").value(OTHER, "9");
    table.does(OTHER, Call::Update, "rollback E(4) E(9)");
}

#[test]
fn modify_is_not_supported_and_does_no_harm() {
    let mut table = three_and_five();
    let deltas = [Delta { data: "x".into(), offset: 0, size: 1 }];
    table.does(A, Call::Modify(&deltas), "enotsup - -");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "3", "9").finds(A, "3", "ok I(3) I(9)");
    table.does(A, Call::Modify(&deltas), "enotsup I(3) I(9)").does(A, Call::Prepare(Some(10)), "ok");
    table.does(A, Call::Modify(&deltas), "enotsup I(3) E(9)").does(A, commit_prepared(10, 10), "ok");
}

#[test]
fn values_are_one_byte() {
    let mut table = three_and_five();
    table.finds(A, "3", "ok I(3) I(3)");
    table.does(A, Call::SetValue(&"no".into()), "einval I(3) I(3)");
    table.does(A, Call::SetValue(&Value::EMPTY), "einval I(3) I(3)");
}

#[test]
fn at_lower_isolation_nothing_is_written() {
    let mut table = three_and_five();
    table.does(B, Call::Begin(READ_COMMITTED), "ok").key(B, "4").value(B, "9");
    table.does(B, Call::Update, "enotsup E(4) E(9)").does(B, Call::Insert, "dupkey E(4) E(0)");
    table.key(B, "6").value(B, "9").does(B, Call::Insert, "enotsup E(6) E(9)");
    table.does(B, Call::Rollback, "ok").does(B, Call::LargestKey, "ok E(5) -");
}
