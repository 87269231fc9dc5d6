//! Two tables, and what a harness may ask about them.

use super::super::Update;
use super::*;

const ON_SECOND: CursorConfig = CursorConfig { table: 1, overwrite: true, random: false, append: false };

/// A on the first table with ten to fifty, B on the second with fifteen.
fn two_tables() -> Table {
    let mut table = ten_to_fifty();
    table.does(B, Call::Open(ON_SECOND), "ok - -").puts(B, "15", "v15");
    table
}

#[test]
fn share_nothing_but_their_transactions() {
    let mut table = two_tables();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "15", "notfound E(15) -").finds(B, "15", "ok I(15) I(v15)");
    table.does(B, Call::Next, "notfound - -").puts(A, "15", "a").puts(B, "10", "b").does(A, Call::Rollback, "ok");
    table.finds(A, "15", "notfound E(15) -").finds(B, "10", "notfound E(10) -");
    table.does(A, Call::LargestKey, "ok E(50) -").does(B, Call::LargestKey, "ok E(15) -");
    table.does(A, Call::TruncateTable { table: 1 }, "ok").does(B, Call::Next, "notfound - -");
    table.does(A, Call::Next, "ok I(10) I(v10)");
}

#[test]
fn a_transaction_is_prepared_and_committed_on_both() {
    let mut table = two_tables();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "10", "p").puts(B, "10", "p").does(
        A,
        Call::Prepare(Some(5)),
        "ok",
    );
    table.finds(OTHER, "10", "prepare_conflict E(10) -").does(OTHER, Call::Open(ON_SECOND), "ok - -");
    table.does(OTHER, Call::Next, "prepare_conflict - - stalled at 10").does(A, commit_prepared(6, 7), "ok");
    table.does(OTHER, Call::Next, "ok I(10) I(p)").does(OTHER, Call::Next, "ok I(15) I(v15)");
}

/// It fails the transaction like any such mistake.
#[test]
fn their_cursors_cannot_be_compared() {
    let mut table = two_tables();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "60", "mine").key(A, "15").key(B, "15");
    table.does(A, Call::Compare { with: B }, "einval E(15) -").does(A, Call::Equals { with: B }, "einval E(15) -");
    table.does(A, COMMIT, "einval");
}

#[test]
fn a_duplicate_is_on_the_table_of_its_source() {
    let mut table = two_tables();
    table.key(B, "15").does(A, Call::Duplicate { from: B }, "ok I(15) I(v15)");
    assert_eq!((table.0.table_of(A), table.0.table_of(B), table.0.table_of(OTHER)), (1, 1, 0));
}

#[test]
fn a_cursor_of_either_holds_the_snapshot() {
    let mut table = two_tables();
    table.finds(B, "15", "ok I(15) I(v15)").puts(OTHER, "10", "new").finds(A, "10", "ok I(10) I(v10)");
}

#[test]
fn can_be_created_anew_while_nobody_uses_them() {
    let recreate = Call::Recreate { table: 1 };
    let mut table = two_tables();
    table.does(A, recreate, "ebusy").does(B, Call::Open(CursorConfig::default()), "ok - -");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").does(A, recreate, "ebusy");
    table.does(OTHER, Call::Prepare(Some(5)), "ok").does(OTHER, recreate, "ebusy").does(OTHER, Call::Rollback, "ok");
    table.does(A, recreate, "ok").does(B, Call::Open(ON_SECOND), "ok - -").does(B, Call::Next, "notfound - -");
    assert!(table.0.ever_written(0, &"10".into()) && !table.0.ever_written(1, &"15".into()));
}

#[test]
fn a_recreate_that_has_to_wait_fails_no_transaction() {
    let mut table = two_tables();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "10", "mine").does(A, Call::Recreate { table: 0 }, "ebusy");
    table.does(A, Call::RollbackToStable, "ebusy").does(A, COMMIT, "ok");
}

/// In the order of writing, with the commit timestamps of their time, without place-holders.
#[test]
fn the_updates_of_a_running_transaction() {
    let mut table = two_tables();
    assert_eq!(table.0.updates_of(0), []);
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "20").does(A, Call::Reserve, "ok I(20) I(v20)");
    table.puts(A, "10", "one").puts(B, "10", "two").does(A, stamp(TxnTimestamp::Commit, 5), "ok");
    table
        .key(A, "10")
        .does(A, Call::Remove, "ok - -")
        .does(A, stamp(TxnTimestamp::Commit, 7), "ok")
        .puts(A, "10", "last");
    let update =
        |table, value: Option<&str>, stamp| Update { table, key: "10".into(), value: value.map(Value::from), stamp };
    let of_first = [update(0, Some("one"), 0), update(0, None, 5), update(0, Some("last"), 7)];
    let expected = [of_first.to_vec(), vec![update(1, Some("two"), 0)]].concat();
    assert_eq!((table.0.updates_of(0), table.0.updates_of(1)), (expected, vec![]));
    table.does(A, COMMIT, "ok");
    assert_eq!(table.0.updates_of(0), []);
}

/// What they are prepared with is no commit timestamp.
#[test]
fn the_updates_of_a_prepared_transaction() {
    let mut table = two_tables();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "10", "p").key(A, "20").does(
        A,
        Call::Reserve,
        "ok I(20) I(v20)",
    );
    table.does(A, Call::Prepare(Some(5)), "ok");
    let update = Update { table: 0, key: "10".into(), value: Some("p".into()), stamp: 0 };
    assert_eq!(table.0.updates_of(0), [update]);
}

/// A removed record is needed as long as somebody may see it, or a rollback may bring it back.
#[test]
fn the_largest_key_that_is_needed() {
    let mut table = two_tables();
    let mut needed = |who, calls: &[(Call<'_>, &str)], expected: &str| {
        for (call, code) in calls {
            table.does(who, *call, code);
        }
        assert_eq!(table.0.largest_needed(0, 0), Some(expected.into()), "{calls:?}");
    };
    let (fifty, sixty, value) = (Key::from("50"), Key::from("60"), Value::from("x"));
    needed(A, &[], "50");
    needed(A, &[(Call::SetKey(&fifty), "ok E(50) -"), (Call::Remove, "ok - -")], "40");
    needed(A, &[(Call::Begin(SNAPSHOT), "ok"), (Call::SetKey(&sixty), "ok E(60) -")], "40");
    needed(A, &[(Call::SetValue(&value), "ok E(60) E(x)"), (Call::Insert, "ok - -")], "60");
    needed(A, &[(Call::Rollback, "ok")], "40");
    needed(A, &[(Call::Begin(SNAPSHOT), "ok"), (Call::SetKey(&sixty), "ok E(60) -")], "40");
    needed(A, &[(Call::SetValue(&value), "ok E(60) E(x)"), (Call::Insert, "ok - -"), (commit(5), "ok")], "60");
    needed(A, &[(Call::Begin(SNAPSHOT), "ok"), (Call::SetKey(&sixty), "ok E(60) -")], "60");
    needed(A, &[(Call::Remove, "ok - -"), (commit(8), "ok"), (oldest_and_stable(7, 9), "ok")], "60");
    needed(A, &[(Call::Begin(reading_at(7)), "ok"), (oldest_and_stable(9, 9), "ok")], "60");
    needed(A, &[(Call::Rollback, "ok")], "40");
}
