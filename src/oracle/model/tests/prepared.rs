//! Prepared transactions: how they come to be, what their own session may do, and what others meet.

use super::*;

/// Of A's session, with A standing on the record that was updated.
fn with_a_prepared() -> Table {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "30").value(A, "p").does(A, Call::Update, "ok I(30) I(p)");
    table.does(A, Call::Prepare(Some(10)), "ok");
    table
}

#[test]
fn a_place_stays_with_a_copy_of_its_value() {
    let mut table = with_a_prepared();
    table.does(A, Call::State, "ok I(30) E(p)").does(A, commit_prepared(10, 10), "ok");
    table.does(A, Call::State, "ok I(30) E(p)").does(A, Call::Next, "ok I(40) I(v40)");
    table.scans(1, "10=v10 20=v20 30=p 40=v40 50=v50 notfound");
}

/// And that does it no harm.
#[test]
fn almost_nothing_may_be_done_in_one() {
    let mut table = with_a_prepared();
    let key = Key::from("10");
    let delta = [Delta { data: "Z".into(), offset: 0, size: 1 }];
    let on_cursor = [
        Call::SetKey(&key),
        Call::Bound { side: Side::Lower, inclusive: true },
        Call::ClearBounds,
        Call::Reconfigure { overwrite: false },
        Call::GetKey,
        Call::GetValue,
        Call::Search,
        Call::SearchNear,
        Call::Next,
        Call::Prev,
        Call::Compare { with: A },
        Call::Equals { with: A },
        Call::Insert,
        Call::Update,
        Call::Remove,
        Call::Modify(&delta),
        Call::Reserve,
        Call::Open(CursorConfig::default()),
        Call::Duplicate { from: A },
        Call::Duplicate { from: OTHER },
    ];
    for call in on_cursor {
        table.does(A, call, "einval I(30) E(p)");
    }
    let truncate = Call::Truncate { start: Some(0), stop: None };
    for call in [Call::Begin(SNAPSHOT), Call::Prepare(Some(10)), truncate, Call::TruncateTable { table: 0 }] {
        table.does(A, call, "einval");
    }
    table.does(A, commit_prepared(10, 10), "ok").finds(OTHER, "30", "ok I(30) I(p)");
}

#[test]
fn what_may_be_done_in_one() {
    let mut table = with_a_prepared();
    table.value(A, "ignored").does(A, Call::State, "ok I(30) E(p)");
    table.does(A, Call::Query(TimestampQuery::Prepare), "ok 10").does(A, stamp(TxnTimestamp::Read, 5), "ok");
    table.does(A, Call::Query(TimestampQuery::Read), "ok 0").does(A, Call::Reset, "ok - -");
    table.does(B, Call::Close, "ok").does(A, Call::Rollback, "ok").finds(A, "30", "ok I(30) I(v30)");
}

#[test]
fn odd_refusals() {
    let mut table = with_a_prepared();
    table.does(A, Call::ResetSnapshot, "enotsup").does(A, Call::LargestKey, "einval - -");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::Prepare(Some(10)), "ok");
    table.does(A, Call::ResetSnapshot, "ok").does(A, commit_prepared(11, 11), "ok");
    table.does(A, Call::Begin(READ_COMMITTED), "ok").does(A, Call::Prepare(Some(12)), "ok");
    table.does(A, Call::ResetSnapshot, "enotsup");
}

#[test]
fn bounds_outlast_a_largest_key_but_not_a_reset() {
    let mut table = ten_to_fifty();
    table.key(A, "20").does(A, Call::Bound { side: Side::Lower, inclusive: true }, "ok E(20) -");
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::Prepare(Some(10)), "ok");
    table.does(A, Call::LargestKey, "einval - -").does(A, Call::Rollback, "ok").does(A, Call::Next, "ok I(20) I(v20)");
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::Prepare(Some(10)), "ok").does(A, Call::Reset, "ok - -");
    table.does(A, Call::Rollback, "ok").does(A, Call::Next, "ok I(10) I(v10)");
}

/// Other sessions may look at its cursors, but not ask for their keys.
#[test]
fn its_cursors_cannot_be_duplicated() {
    let mut table = with_a_prepared();
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "10", "o");
    table.does(OTHER, Call::Duplicate { from: A }, "einval - -").key(OTHER, "30");
    table.does(OTHER, Call::Equals { with: A }, "ok x=1 E(30) -").does(OTHER, COMMIT, "ok");
}

#[test]
fn it_takes_a_transaction_and_one_prepare_timestamp() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Prepare(Some(10)), "einval").does(A, oldest_and_stable(0, 10), "ok");
    let mut attempt = |before: &[Call<'_>], ts, expected| {
        table.does(A, Call::Begin(SNAPSHOT), "ok");
        before.iter().for_each(|call| {
            table.does(A, *call, "ok");
        });
        table.does(A, Call::Prepare(ts), expected).does(A, Call::Rollback, "ok");
    };
    attempt(&[], None, "einval");
    attempt(&[], Some(0), "einval");
    attempt(&[], Some(10), "einval");
    attempt(&[], Some(11), "ok");
    attempt(&[stamp(TxnTimestamp::Commit, 20)], Some(15), "einval");
    attempt(&[stamp(TxnTimestamp::Prepare, 15)], None, "ok");
    attempt(&[stamp(TxnTimestamp::Prepare, 15)], Some(15), "einval");
}

#[test]
fn any_isolation_will_do_but_only_snapshot_isolation_can_commit() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(READ_COMMITTED), "ok").does(A, Call::Prepare(Some(15)), "ok");
    table.does(A, commit_prepared(15, 15), "einval").does(A, Call::Rollback, "ok");
}

/// An ordinary failure, as long as it is not prepared.
#[test]
fn a_failed_prepare_fails_the_transaction() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "30", "mine").does(A, Call::Prepare(None), "einval");
    table.does(A, COMMIT, "einval").finds(A, "30", "ok I(30) I(v30)");
}

/// Without updates it does not matter.
#[test]
fn a_failed_one_with_updates_cannot_be_prepared() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::GetKey, "einval - -");
    table.does(A, Call::Prepare(Some(15)), "ok").does(A, commit_prepared(15, 15), "ok");
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "30", "mine").does(A, Call::GetKey, "einval - -");
    table.does(A, Call::Prepare(Some(15)), "einval").does(A, Call::GetValue, "einval - -");
    table.does(A, Call::Rollback, "ok");
}

#[test]
fn one_that_has_a_prepare_timestamp_must_be_prepared_to_commit() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "20", "z").does(A, stamp(TxnTimestamp::Prepare, 25), "ok");
    table.does(A, COMMIT, "einval").does(A, Call::Rollback, "einval").finds(A, "20", "ok I(20) I(v20)");
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, stamp(TxnTimestamp::Prepare, 25), "ok");
    table.does(A, stamp(TxnTimestamp::Commit, 30), "einval").does(A, stamp(TxnTimestamp::Prepare, 26), "einval");
}

#[test]
fn the_prepare_timestamp_can_be_asked_for() {
    let mut table = ten_to_fifty();
    let query = Call::Query(TimestampQuery::Prepare);
    table.does(A, query, "ok 0").does(A, Call::Begin(SNAPSHOT), "ok").does(A, query, "ok 0");
    table.does(A, stamp(TxnTimestamp::Prepare, 7), "ok").does(A, query, "ok 7");
    table.does(A, Call::Rollback, "ok").does(A, query, "ok 0");
}

#[test]
fn place_holders_are_let_go() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "30").does(A, Call::Reserve, "ok I(30) I(v30)");
    table.key(A, "40").value(A, "p").does(A, Call::Update, "ok I(40) I(p)").does(A, Call::Prepare(Some(5)), "ok");
    table.puts(OTHER, "30", "q");
    table.key(OTHER, "40").value(OTHER, "q").does(OTHER, Call::Insert, "rollback E(40) E(q)");
}

#[test]
fn it_is_in_the_way_of_readers_that_would_see_it() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).finds(A, "30", "prepare_conflict E(30) -");
    table.value(A, "kept").does(A, Call::Search, "prepare_conflict E(30) E(kept)");
    table.does(A, Call::Begin(READ_UNCOMMITTED), "ok").finds(A, "30", "prepare_conflict E(30) E(kept)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(reading_at(4)), "ok").finds(A, "30", "ok I(30) I(v30)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(reading_at(5)), "ok");
    table.finds(A, "30", "prepare_conflict E(30) -").does(A, Call::Rollback, "ok");
    table.does(OTHER, commit_prepared(5, 6), "ok").finds(A, "30", "ok I(30) I(p)");
}

#[test]
fn it_is_in_the_way_even_if_nothing_comes_of_it() {
    let mut table = ten_to_fifty();
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, "35", "n").key(OTHER, "35");
    table.does(OTHER, Call::Remove, "ok - -").does(OTHER, Call::Prepare(Some(10)), "ok");
    table.finds(A, "35", "prepare_conflict E(35) -").scans(0, "10=v10 20=v20 30=v30 prepare_conflict");
    table.does(OTHER, commit_prepared(10, 10), "ok").finds(A, "35", "notfound E(35) -");
}

/// It has stopped running, for whoever comes after.
#[test]
fn an_older_snapshot_never_sees_it_and_a_newer_one_does_at_once() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "20", "ok I(20) I(v20)");
    table.prepares(&["10"], 5).finds(A, "10", "ok I(10) I(v10)").does(OTHER, commit_prepared(5, 5), "ok");
    table.finds(A, "10", "ok I(10) I(v10)").does(A, Call::Rollback, "ok").finds(A, "10", "ok I(10) I(p)");
    table.prepares(&["40"], 6).does(A, Call::Reset, "ok - -").does(A, Call::Begin(SNAPSHOT), "ok");
    table.finds(A, "40", "prepare_conflict E(40) -");
    table.does(OTHER, commit_prepared(7, 7), "ok").finds(A, "40", "ok I(40) I(p)");
    table.value(A, "mine").does(A, Call::Update, "ok I(40) I(mine)").does(A, commit(8), "ok");
}

#[test]
fn once_rolled_back_it_was_never_there() {
    let mut table = ten_to_fifty();
    table.prepares(&["30", "35"], 5).does(A, Call::Begin(SNAPSHOT), "ok").does(OTHER, Call::Rollback, "ok");
    table.finds(A, "30", "ok I(30) I(v30)").does(A, Call::Next, "ok I(40) I(v40)").puts(A, "35", "mine");
    table.does(A, COMMIT, "ok");
}

/// A conflict with a read does no harm to the transaction that reads.
#[test]
fn reads_may_go_on_after_it() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "30", "prepare_conflict E(30) -");
    table.puts(A, "10", "x").does(A, COMMIT, "ok");
}

/// Whether they look first or not.
#[test]
fn writes_take_it_for_a_conflict() {
    let mut table = ten_to_fifty();
    let delta = [Delta { data: "Z".into(), offset: 0, size: 1 }];
    table.prepares(&["30"], 5).does(A, Call::Begin(SNAPSHOT), "ok").key(A, "30");
    table.does(A, Call::Modify(&delta), "rollback E(30) -").value(A, "x");
    for call in [Call::Insert, Call::Update, Call::Remove, Call::Reserve] {
        table.does(A, call, "rollback E(30) E(x)");
    }
    table.does(A, Call::Open(NO_OVERWRITE), "ok - -").key(A, "30").value(A, "x");
    table.does(A, Call::Insert, "rollback E(30) E(x)").does(A, Call::Update, "rollback E(30) E(x)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Begin(READ_COMMITTED), "ok").key(A, "30");
    table.does(A, Call::Remove, "rollback E(30) E(x)").does(A, Call::Insert, "rollback E(30) E(x)");
    table.does(A, Call::Rollback, "ok").does(A, Call::Update, "rollback E(30) E(x)");
}

/// But at lower isolation only where the bounds let them look.
#[test]
fn a_remove_out_of_bounds_conflicts_only_at_snapshot_isolation() {
    for (begin, expected) in [(SNAPSHOT, "rollback E(30) -"), (READ_COMMITTED, "notfound E(30) -")] {
        let mut table = ten_to_fifty();
        table.prepares(&["30"], 5).does(A, Call::Begin(begin), "ok").key(A, "40");
        table.does(A, Call::Bound { side: Side::Lower, inclusive: true }, "ok E(40) -");
        table.key(A, "30").does(A, Call::Remove, expected);
    }
}

#[test]
fn a_write_that_looks_at_an_older_snapshot_conflicts_as_well() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "30", "ok I(30) I(v30)").prepares(&["30"], 5);
    table.does(A, Call::Remove, "rollback - -");
}

#[test]
fn search_near_meets_what_it_comes_to_first() {
    let mut table = ten_to_fifty();
    table.prepares(&["10"], 5).key(A, "10").does(A, Call::SearchNear, "prepare_conflict E(10) -");
    table.key(A, "05").does(A, Call::SearchNear, "prepare_conflict E(05) -");
    table.key(A, "12").does(A, Call::SearchNear, "ok x=1 I(20) I(v20)");
    let mut table = ten_to_fifty();
    table.prepares(&["50"], 5).key(A, "60").does(A, Call::SearchNear, "prepare_conflict E(60) -");
    table.key(A, "40").does(A, Call::Bound { side: Side::Upper, inclusive: true }, "ok E(40) -");
    table.key(A, "60").does(A, Call::SearchNear, "ok x=-1 I(40) I(v40)");
}

#[test]
fn a_placed_cursor_meets_it_with_the_snapshot_that_is_held() {
    let mut table = ten_to_fifty();
    table.finds(A, "10", "ok I(10) I(v10)").prepares(&["30"], 5).finds(A, "30", "ok I(30) I(v30)");
    table.does(A, Call::Reset, "ok - -").finds(A, "10", "ok I(10) I(v10)");
    table.finds(A, "30", "prepare_conflict E(30) -");
}

#[test]
fn a_duplicate_is_not_made_where_it_is() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).key(A, "30").finds(B, "10", "ok I(10) I(v10)");
    table.does(B, Call::Reset, "ok - -").does(B, Call::Duplicate { from: A }, "prepare_conflict - -");
    table.key(A, "35").does(B, Call::Duplicate { from: A }, "enoent - -");
}

#[test]
fn largest_key_does_not_mind_it() {
    let mut table = ten_to_fifty();
    table.prepares(&["60"], 5).does(A, Call::LargestKey, "ok E(60) -");
    assert!(table.0.meets_prepared(0, 0) && !table.0.meets_prepared(0, 1) && !table.0.meets_prepared(1, 0));
    assert_eq!((table.0.peek(0, 0, &"60".into()), table.0.peek(1, 0, &"60".into())), (None, Some("p".into())));
}

/// It outlasts the snapshot.
#[test]
fn a_read_timestamp_stays_to_the_end() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(reading_at(7)), "ok").does(A, Call::Prepare(Some(10)), "ok");
    table.does(A, Call::Query(TimestampQuery::Read), "ok 7").does(A, Call::Query(TimestampQuery::OldestReader), "ok 7");
    table.does(A, Call::Rollback, "ok").does(A, Call::Query(TimestampQuery::OldestReader), "ok 0");
}

/// But a transaction in the future of the prepared one is not kept from reading.
#[test]
fn a_prepare_timestamp_may_be_older_than_an_active_reader() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(reading_at(20)), "ok").prepares(&["10"], 15).finds(A, "10", "ok I(10) I(v10)");
}
