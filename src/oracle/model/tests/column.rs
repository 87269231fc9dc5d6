//! Column stores: record numbers as keys.

use super::*;

#[test]
fn keys_are_numbers_in_numeric_order_and_gaps_are_gaps() {
    let mut table = Table::variable(&["300", "2", "10"]);
    table.scans(0, "2=v2 10=v10 300=v300 notfound");
    table.finds(A, "3", "notfound E(3) -");
    table.key(A, "3").does(A, Call::SearchNear, "ok x=1 I(10) I(v10)");
    table.key(A, "301").does(A, Call::SearchNear, "ok x=-1 I(300) I(v300)");
}

#[test]
fn what_is_no_number_is_refused_and_changes_nothing() {
    let mut table = Table::variable(&["1"]);
    table.finds(A, "1", "ok I(1) I(v1)").does(A, Call::Begin(SNAPSHOT), "ok").puts(B, "2", "b");
    for bad in [Key::from("1"), Key::EMPTY, record_number(0), Key::new(&[1; 9])] {
        table.does(A, Call::SetKey(&bad), "einval I(1) E(v1)");
    }
    table.does(A, COMMIT, "ok");
}

#[test]
fn there_are_no_random_cursors() {
    let mut table = Table::variable(&["1"]);
    let random = CursorConfig { random: true, ..CursorConfig::default() };
    table.finds(A, "1", "ok I(1) I(v1)").does(A, Call::Begin(SNAPSHOT), "ok").puts(B, "2", "b");
    table.does(A, Call::Open(random), "enotsup I(1) E(v1)").does(SPARE, Call::Open(random), "enotsup - -");
    table.does(A, COMMIT, "ok");
}

/// Other than `search`, and other than in a row store.
#[test]
fn search_near_does_not_ask_the_snapshot_that_the_place_holds() {
    let mut table = Table::variable(&["1", "2"]);
    table.finds(A, "1", "ok I(1) I(v1)").puts(OTHER, "2", "new");
    table.finds(A, "2", "ok I(2) I(v2)");
    table.key(A, "2").does(A, Call::SearchNear, "ok x=0 I(2) I(new)");
}

/// But it holds on to a snapshot that another cursor needs, as everybody does.
#[test]
fn search_near_gives_up_only_its_own_place() {
    let mut table = Table::variable(&["1", "2"]);
    table.finds(A, "1", "ok I(1) I(v1)").finds(B, "1", "ok I(1) I(v1)").puts(OTHER, "2", "new");
    table.key(A, "2").does(A, Call::SearchNear, "ok x=0 I(2) I(v2)");
}

#[test]
fn the_largest_key_is_the_largest_that_was_ever_used() {
    let mut table = Table::variable(&["1"]);
    table.does(A, Call::LargestKey, "ok E(1) -");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "9", "gone").does(OTHER, Call::Rollback, "ok");
    table.does(A, Call::LargestKey, "ok E(9) -");
    Table::variable(&[]).does(A, Call::LargestKey, "notfound - -");
}
