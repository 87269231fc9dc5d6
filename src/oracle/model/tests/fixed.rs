//! Fixed-length tables: what there is to see.

use super::*;

#[test]
fn every_record_is_there_from_one_to_the_end() {
    let mut table = Table::fixed(&["3", "5"]);
    table.scans(0, "1=0 2=0 3=3 4=0 5=5 notfound");
    table.finds(A, "4", "ok I(4) I(0)").does(A, Call::Prev, "ok I(3) I(3)").does(A, Call::Next, "ok I(4) I(0)");
    table.finds(A, "6", "notfound E(6) -").key(A, "6").does(A, Call::SearchNear, "ok x=-1 I(5) I(5)");
    Table::fixed(&[]).key(A, "1").does(A, Call::SearchNear, "notfound E(1) -").scans(0, "notfound");
}

#[test]
fn the_end_is_the_same_for_everybody_and_at_every_time() {
    let mut table = Table::fixed(&[]);
    table.commits_at("3", 30).commits_at("5", 50);
    table.does(A, Call::Begin(reading_at(30)), "ok").scans(0, "1=0 2=0 3=3 4=0 5=0 notfound");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "6", "6");
    table.scans(0, "1=0 2=0 3=3 4=0 5=0 6=0 notfound").does(A, Call::LargestKey, "ok E(6) -");
    table.does(OTHER, Call::Rollback, "ok").scans(1, "1=0 2=0 3=3 4=0 5=5 6=0 notfound");
}

#[test]
fn a_search_from_a_place_takes_zero_for_a_miss() {
    let mut table = Table::fixed(&["1", "2", "3"]);
    table.key(OTHER, "3").does(OTHER, Call::Remove, "ok - -");
    table.finds(A, "1", "ok I(1) I(1)").puts(OTHER, "2", "22").puts(OTHER, "3", "23").puts(OTHER, "4", "24");
    // The snapshot that the place holds has 2; it has nothing at 3, and so a new one is asked.
    table.finds(A, "2", "ok I(2) I(2)").finds(A, "3", "ok I(3) I(23)").finds(A, "2", "ok I(2) I(22)");
}

#[test]
fn prepared_records_are_in_the_way_and_zeros_are_not() {
    let mut table = Table::fixed(&["1", "6"]);
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "4", "4").does(OTHER, Call::Prepare(Some(10)), "ok");
    table.scans(0, "1=1 2=0 3=0 prepare_conflict");
    table.finds(A, "5", "ok I(5) I(0)").does(A, Call::Prev, "prepare_conflict - - stalled at 4");
    table.does(A, Call::Next, "ok I(5) I(0)").does(A, Call::Prev, "prepare_conflict - - stalled at 4");
    table.does(OTHER, Call::Rollback, "ok").does(A, Call::Prev, "ok I(4) I(0)");
}

#[test]
fn a_duplicate_stands_on_a_zero() {
    let mut table = Table::fixed(&["3"]);
    table.key(A, "2").does(SPARE, Call::Duplicate { from: A }, "ok I(2) I(0)");
    table.key(A, "4").does(SPARE, Call::Duplicate { from: A }, "enoent I(2) I(0)");
}

#[test]
fn there_are_no_bounds() {
    let mut table = Table::fixed(&["3"]);
    table.key(A, "2");
    table.does(A, Call::Bound { side: Side::Lower, inclusive: true }, "einval E(2) -");
    table.does(A, Call::ClearBounds, "einval E(2) -");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(B, "3", "23").does(A, Call::ClearBounds, "einval E(2) -");
    table.does(A, COMMIT, "einval");
}

#[test]
fn rollback_to_stable_leaves_zeros() {
    let mut table = Table::fixed(&[]);
    table.commits_at("3", 30).commits_at("5", 50).does(OTHER, oldest_and_stable(0, 40), "ok");
    table.does(OTHER, Call::RollbackToStable, "ok").scans(0, "1=0 2=0 3=3 4=0 5=0 notfound");
}

#[test]
fn a_new_table_is_empty() {
    let mut table = Table::fixed(&["3"]);
    for who in [A, B, OTHER, Who { session: 1, cursor: 1 }] {
        table.does(who, Call::Close, "ok");
    }
    table.does(OTHER, Call::Recreate { table: 0 }, "ok").scans(0, "notfound");
}
