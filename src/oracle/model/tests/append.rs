//! Append cursors: inserts that number their records.

use super::*;

/// A is an append cursor.
fn appending(mut table: Table) -> Table {
    table.does(A, Call::Open(APPEND), "ok - -");
    table
}

#[test]
fn the_number_is_the_next_one_and_stays_as_the_key() {
    let mut table = appending(Table::variable(&["1", "5"]));
    table.value(A, "a").does(A, Call::Insert, "ok E(6) -");
    table.value(A, "b").does(A, Call::Insert, "ok E(7) -");
    table.scans(0, "1=v1 5=v5 6=a 7=b notfound");
}

#[test]
fn the_key_that_is_there_and_the_place_do_not_matter() {
    let mut table = appending(Table::variable(&["1", "5"]));
    table.key(A, "1").value(A, "a").does(A, Call::Insert, "ok E(6) -");
    table.finds(A, "1", "ok I(1) I(v1)").value(A, "b").does(A, Call::Insert, "ok E(7) -");
    table.does(A, Call::Insert, "einval E(7) -");
    table.does(A, Call::Next, "ok I(1) I(v1)");
}

#[test]
fn numbers_are_not_used_again() {
    let mut table = appending(Table::variable(&["1"]));
    table.does(A, Call::Begin(SNAPSHOT), "ok").value(A, "a").does(A, Call::Insert, "ok E(2) -");
    table.does(A, Call::Rollback, "ok").does(A, Call::State, "ok E(2) -");
    table.value(A, "b").does(A, Call::Insert, "ok E(3) -");
    table.key(A, "3").does(A, Call::Remove, "ok - -").value(A, "c").does(A, Call::Insert, "ok E(4) -");
    table.scans(0, "1=v1 4=c notfound");
}

#[test]
fn uncommitted_and_prepared_records_count() {
    let mut table = appending(Table::variable(&["1"]));
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "20", "high");
    table.value(A, "a").does(A, Call::Insert, "ok E(21) -");
    table.does(OTHER, Call::Prepare(Some(10)), "ok").value(A, "b").does(A, Call::Insert, "ok E(22) -");
    table.does(OTHER, Call::Rollback, "ok").value(A, "c").does(A, Call::Insert, "ok E(23) -");
}

#[test]
fn what_is_refused_uses_no_number() {
    let mut table = appending(Table::variable(&["1"]));
    table.does(A, Call::Begin(READ_COMMITTED), "ok").value(A, "a").does(A, Call::Insert, "enotsup - E(a)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Insert, "ok E(2) -");
}

#[test]
fn without_overwrite_it_is_the_same() {
    let mut table = Table::variable(&["1"]);
    table.does(A, Call::Open(CursorConfig { overwrite: false, ..APPEND }), "ok - -");
    table.key(A, "1").value(A, "a").does(A, Call::Insert, "ok E(2) -");
    table.key(A, "9").value(A, "a").does(A, Call::Update, "notfound E(9) E(a)");
}

/// The key that the cursor has is asked, though it is not used.
#[test]
fn bounds_mind_the_key_that_is_there() {
    let mut table = appending(Table::variable(&["1", "5"]));
    table.key(A, "4").does(A, Call::Bound { side: Side::Upper, inclusive: true }, "ok E(4) -");
    table.value(A, "a").does(A, Call::Insert, "ok E(6) -");
    table.value(A, "b").does(A, Call::Insert, "notfound E(6) E(b)");
    table.key(A, "2").does(A, Call::Insert, "ok E(7) -");
}

#[test]
fn in_a_row_store_it_means_nothing() {
    let mut table = Table::new(&["10"]);
    table.does(A, Call::Open(APPEND), "ok - -");
    table.value(A, "a").does(A, Call::Insert, "einval - E(a)");
    table.puts(A, "20", "b").scans(0, "10=v10 20=b notfound");
}

#[test]
fn a_fixed_length_table_fills_what_lies_between() {
    let mut table = appending(Table::fixed(&["2"]));
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "4", "4").does(OTHER, Call::Rollback, "ok");
    table.value(A, "7").does(A, Call::Insert, "ok E(5) -");
    table.scans(0, "1=0 2=2 3=0 4=0 5=7 notfound");
}
