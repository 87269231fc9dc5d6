//! Truncate: ranges between cursors, open ends, whole tables.

use super::*;

fn truncate(start: Option<Who>, stop: Option<Who>) -> Call<'static> {
    Call::Truncate { start: start.map(|who| who.cursor), stop: stop.map(|who| who.cursor) }
}

impl Table {
    /// Truncates from A's key to B's, and checks that both cursors are reset.
    #[track_caller]
    fn truncates(&mut self, start: &str, stop: &str, expected: &str) -> &mut Self {
        self.key(A, start).key(B, stop).does(A, truncate(Some(A), Some(B)), expected);
        self.does(A, Call::State, "ok - -").does(B, Call::State, "ok - -")
    }
}

#[test]
fn removes_both_ends_and_what_is_between() {
    let mut table = ten_to_fifty();
    table.truncates("20", "40", "ok").scans(0, "10=v10 50=v50 notfound");
}

#[test]
fn ends_need_not_exist() {
    let mut table = ten_to_fifty();
    table.truncates("15", "45", "ok").scans(0, "10=v10 50=v50 notfound");
    table.truncates("20", "40", "ok").scans(0, "10=v10 50=v50 notfound").truncates("00", "99", "ok");
    table.scans(0, "notfound").truncates("00", "99", "ok");
}

#[test]
fn nothing_between_is_fine() {
    let mut table = ten_to_fifty();
    table.truncates("21", "29", "ok").scans(0, "10=v10 20=v20 30=v30 40=v40 50=v50 notfound");
}

#[test]
fn an_end_may_be_open() {
    let mut table = ten_to_fifty();
    table.key(A, "25").does(A, truncate(None, Some(A)), "ok").does(A, Call::State, "ok - -");
    table.scans(0, "30=v30 40=v40 50=v50 notfound").key(A, "35").does(A, truncate(Some(A), None), "ok");
    table.scans(0, "30=v30 notfound").does(A, truncate(None, None), "einval").does(
        A,
        Call::TruncateTable { table: 0 },
        "ok",
    );
    table.scans(0, "notfound");
}

/// Before anything is looked up; and the cursors are reset all the same.
#[test]
fn ends_have_keys_in_order() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").truncates("40", "20", "einval").key(B, "20");
    table.does(A, truncate(Some(A), Some(B)), "einval").does(B, Call::State, "ok - -");
    table.does(A, truncate(Some(A), None), "einval").puts(A, "60", "mine").does(A, COMMIT, "einval");
    table.does(SPARE, Call::Open(CursorConfig { table: 1, ..CursorConfig::default() }), "ok - -");
    table.key(A, "20").key(SPARE, "40").does(A, truncate(Some(A), Some(SPARE)), "einval");
    table.does(A, Call::State, "ok - -").does(SPARE, Call::State, "ok - -");
}

/// The start cursor compares, which a random one cannot, and an end that is not positioned is looked for, which it cannot
/// either. It is a failure like any other.
#[test]
fn a_random_cursor_is_no_end() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "60", "mine");
    table.does(B, Call::Open(CursorConfig { random: true, ..CursorConfig::default() }), "ok - -").key(A, "30");
    table.does(A, truncate(Some(A), Some(B)), "einval").key(A, "30").key(B, "20");
    table.does(A, truncate(Some(A), Some(B)), "einval").key(A, "30").key(B, "40");
    table.does(A, truncate(Some(A), Some(B)), "enotsup").does(A, Call::State, "ok - -").key(A, "30").key(B, "20");
    table.does(A, truncate(Some(B), Some(A)), "enotsup").key(B, "20").does(A, truncate(Some(B), None), "enotsup");
    table.does(B, Call::State, "ok - -").does(A, COMMIT, "einval");
}

#[test]
fn positioned_ends_are_taken_where_they_stand() {
    let mut table = ten_to_fifty();
    table.finds(A, "20", "ok I(20) I(v20)").finds(B, "30", "ok I(30) I(v30)");
    table.does(A, truncate(Some(A), Some(B)), "ok").scans(0, "10=v10 40=v40 50=v50 notfound");
}

/// A start where the record is gone is taken for a conflict, and a stop for the end of the range.
#[test]
fn positioned_ends_whose_record_is_gone() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(A, "30", "ok I(30) I(v30)").does(A, Call::Remove, "ok I(30) -");
    table.does(A, truncate(None, Some(A)), "ok").scans(0, "40=v40 50=v50 notfound");
    table.finds(A, "40", "ok I(40) I(v40)").does(A, Call::Remove, "ok I(40) -");
    table.does(A, truncate(Some(A), None), "rollback").does(A, COMMIT, "einval");
}

#[test]
fn is_undone_by_a_rollback() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").does(A, Call::TruncateTable { table: 0 }, "ok").scans(0, "notfound");
    table.does(A, Call::Rollback, "ok").scans(0, "10=v10 20=v20 30=v30 40=v40 50=v50 notfound");
}

#[test]
fn removes_what_its_own_transaction_has_put_there() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").puts(A, "25", "n").truncates("20", "30", "ok");
    table.does(A, COMMIT, "ok").scans(0, "10=v10 40=v40 50=v50 notfound");
}

/// They are neither removed nor in the way.
#[test]
fn passes_over_records_that_it_does_not_see() {
    let mut table = ten_to_fifty();
    table.commits("25", SNAPSHOT, Some(9), "ok").does(A, Call::Begin(reading_at(5)), "ok");
    table.truncates("20", "40", "ok").does(A, commit(10), "ok").scans(0, "10=v10 25=t9 50=v50 notfound");
}

#[test]
fn conflicts_as_a_remove_of_each_record_does() {
    let mut table = ten_to_fifty();
    table.commits("30", SNAPSHOT, Some(9), "ok").does(A, Call::Begin(reading_at(5)), "ok");
    table.truncates("20", "40", "rollback").does(A, COMMIT, "einval");
    table.does(OTHER, Call::Begin(SNAPSHOT), "ok").key(OTHER, "30").does(OTHER, Call::Reserve, "ok I(30) I(t9)");
    table.does(A, Call::Begin(SNAPSHOT), "ok").truncates("20", "40", "rollback");
}

#[test]
fn the_usage_rule_holds_for_each_record() {
    let mut table = ten_to_fifty();
    table.commits("10", SNAPSHOT, Some(5), "ok").does(A, Call::Begin(SNAPSHOT), "ok").key(A, "10");
    table.does(A, truncate(Some(A), None), "ok").does(A, COMMIT, "einval");
    table.scans(0, "10=t5 20=v20 30=v30 40=v40 50=v50 notfound").does(A, Call::TruncateTable { table: 0 }, "einval");
    table.scans(0, "10=t5 20=v20 30=v30 40=v40 50=v50 notfound");
}

#[test]
fn takes_a_prepared_record_for_a_conflict() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).does(A, Call::Begin(SNAPSHOT), "ok").truncates("20", "40", "rollback");
    table.does(A, Call::Rollback, "ok").truncates("30", "40", "rollback");
    table.does(A, Call::TruncateTable { table: 0 }, "rollback").does(OTHER, Call::Rollback, "ok");
    table.scans(0, "10=v10 20=v20 30=v30 40=v40 50=v50 notfound");
}

/// The search for an end that does not exist goes upwards, and so may meet what is outside.
#[test]
fn a_prepared_neighbour_matters_only_after_a_stop_that_does_not_exist() {
    for (start, stop, expected) in
        [("35", "45", "ok"), ("40", "50", "ok"), ("10", "20", "ok"), ("15", "25", "rollback")]
    {
        let mut table = ten_to_fifty();
        table.prepares(&["30"], 5).does(A, Call::Begin(SNAPSHOT), "ok").truncates(start, stop, expected);
    }
}

#[test]
fn can_be_prepared() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "20").does(A, truncate(Some(A), None), "ok");
    table.does(A, Call::Prepare(Some(10)), "ok").scans(1, "10=v10 prepare_conflict");
    table.does(A, commit_prepared(10, 10), "ok").scans(1, "10=v10 notfound");
}

/// When it comes to the first record; where there is none it does not matter.
#[test]
fn needs_snapshot_isolation() {
    let mut table = ten_to_fifty();
    let read_only = Begin { ignore_prepare: IgnorePrepare::ReadOnly, ..SNAPSHOT };
    for begin in [READ_COMMITTED, READ_UNCOMMITTED, read_only] {
        table.does(A, Call::Begin(begin), "ok").truncates("21", "29", "ok").truncates("20", "40", "enotsup");
        table.does(A, COMMIT, "ok");
    }
}

#[test]
fn keeps_to_the_bounds_of_the_start_cursor_and_leaves_them() {
    let mut table = ten_to_fifty();
    table.key(A, "20").does(A, Call::Bound { side: Side::Lower, inclusive: true }, "ok E(20) -").key(A, "30");
    table.does(A, truncate(Some(A), None), "ok").scans(0, "10=v10 20=v20 notfound");
    table.does(A, Call::Next, "ok I(20) I(v20)").does(A, Call::Reset, "ok - -");
    let mut table = ten_to_fifty();
    table.key(A, "30").does(A, Call::Bound { side: Side::Upper, inclusive: true }, "ok E(30) -");
    table.truncates("20", "40", "ok").scans(0, "10=v10 40=v40 50=v50 notfound");
}

#[test]
fn other_cursors_keep_their_places_within() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok").finds(B, "30", "ok I(30) I(v30)").key(A, "20");
    table.does(A, truncate(Some(A), None), "ok").does(B, Call::State, "ok I(30) I(v30)");
    table.does(B, Call::Prev, "ok I(10) I(v10)");
}

/// In a transaction of its own, which is not tried again.
#[test]
fn outside_a_transaction() {
    let mut table = ten_to_fifty();
    table.does(SPARE, Call::Open(CursorConfig::default()), "ok - -").finds(SPARE, "10", "ok I(10) I(v10)");
    table.truncates("20", "25", "ok").does(SPARE, Call::State, "ok I(10) E(v10)");
    table.finds(SPARE, "10", "ok I(10) I(v10)").puts(OTHER, "30", "new").truncates("25", "40", "rollback");
    table.does(SPARE, Call::State, "ok - -").scans(0, "10=v10 30=new 40=v40 50=v50 notfound");
}

/// It is one as soon as it looks for something, even if there is nothing: the values that others show are copied out, and
/// after a failure they are reset. What is refused before that did not come to a transaction.
#[test]
fn outside_a_transaction_looking_is_enough() {
    let mut table = ten_to_fifty();
    table.does(SPARE, Call::Open(CursorConfig::default()), "ok - -").finds(SPARE, "10", "ok I(10) I(v10)");
    table.truncates("40", "20", "einval").does(SPARE, Call::State, "ok I(10) I(v10)");
    table.truncates("21", "29", "ok").does(SPARE, Call::State, "ok I(10) E(v10)");
    table.prepares(&["30"], 5).does(SPARE, Call::Reset, "ok - -").finds(SPARE, "10", "ok I(10) I(v10)");
    table.truncates("15", "25", "rollback").does(SPARE, Call::State, "ok - -");
}
