//! Real WiredTiger in a child process: every verb answers with what the call returned and how it left the cursor.
//! Needs `make wiredtiger`. The children themselves, and their deaths, are in `wiredtiger_child.rs`.

use lockstep::oracle::wiredtiger::{ChildProcess, Ending, Executor, Settings};

/// Executes the entries on two sessions with two slots each and a row store, and compares the answers with those behind the
/// arrows.
fn check(entries: &str) {
    check_on("", entries);
}

/// The same on a table of a format: ` var` or ` fix` for a column store.
fn check_on(format: &str, entries: &str) {
    let pairs: Vec<(&str, &str)> = entries.lines().filter_map(|line| line.trim().split_once(" => ")).collect();
    let text: String = pairs.iter().map(|(entry, _)| format!("{entry}\n")).collect();
    let request = format!("program 1 fresh 2 2 1 snapshot,snapshot{format}\n{text}end\n");
    let mut child = Settings::python().and_then(ChildProcess::start).unwrap_or_else(|error| panic!("{error}"));
    let endings = child.execute(&[request]).unwrap_or_else(|error| panic!("{error}"));
    let [Ending::Complete(answers)] = endings.as_slice() else { panic!("{endings:?}") };
    let got: Vec<String> =
        pairs.iter().zip(answers).map(|((entry, _), answer)| format!("{entry} => {answer}")).collect();
    let wanted: Vec<String> = pairs.iter().map(|(entry, answer)| format!("{entry} => {answer}")).collect();
    assert_eq!(answers.len(), pairs.len());
    assert_eq!(got, wanted);
}

#[test]
fn a_slot_keeps_its_cursor_until_another_one_is_open() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        duplicate 0 1 0 0 => 22 0 - - 0
        key 0 0 6b31 => 0 0 e6b31 - 0
        value 0 0 7631 => 0 0 e6b31 e7631 0
        insert 0 0 => 0 0 - - 0
        key 0 0 6b31 => 0 0 e6b31 - 0
        duplicate 0 1 0 0 => 0 0 i6b31 i7631 0
        key 0 0 6b32 => 0 0 e6b32 - 0
        duplicate 0 1 0 0 => 2 0 i6b31 i7631 0
        duplicate 1 0 0 1 => 0 0 i6b31 i7631 0
        state 1 0 => 0 0 i6b31 i7631 0
        close 0 1 => 0 0 - - 0
        open 1 0 0 1 0 => 0 0 - - 0
        close 0 0 => 0 0 - - 0
        ",
    );
}

/// An empty value is a value; `get_key` of a key that is not set is an error.
#[test]
fn keys_and_values_are_shown_as_they_are_set() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        getkey 0 0 => 22 0 - - 0
        getvalue 0 0 => 22 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        value 0 0 - => 0 0 e6b e 0
        getkey 0 0 => 0 0 e6b e 0
        getvalue 0 0 => 0 0 e6b e 0
        update 0 0 => 0 0 i6b e 0
        value 0 0 76 => 0 0 i6b e76 0
        state 0 0 => 0 0 i6b e76 0
        key 0 0 6c => 0 0 e6c e76 0
        reset 0 0 => 0 0 - - 0
        ",
    );
}

/// Done, done by position, already there, already gone, not there; a place-holder needs a transaction.
#[test]
fn writes_leave_their_cursors_as_wiredtiger_does() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 0 1 0 0 0 => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        update 0 0 => 22 0 e6b - 0
        value 0 0 76 => 0 0 e6b e76 0
        insert 0 0 => 0 0 - - 0
        key 0 1 6b => 0 0 e6b - 0
        value 0 1 7676 => 0 0 e6b e7676 0
        insert 0 1 => -31801 0 e6b e76 0
        update 0 1 => 0 0 i6b e76 0
        remove 0 1 => 0 0 i6b - 0
        remove 0 1 => -31803 0 - - 0
        key 0 1 6b => 0 0 e6b - 0
        remove 0 1 => -31803 0 e6b - 0
        value 0 1 7676 => 0 0 e6b e7676 0
        update 0 1 => -31803 0 e6b e7676 0
        reserve 0 1 => 22 0 e6b e7676 0
        begin 0 0 - => 0 0 - - 0
        key 0 0 6c => 0 0 e6c - 0
        value 0 0 76 => 0 0 e6c e76 0
        update 0 0 => 0 0 i6c i76 0
        reserve 0 0 => 0 0 i6c i76 0
        rollback 0 0 => 0 0 - - 0
        reconfigure 0 1 1 => 0 0 - - 0
        key 0 1 6b => 0 0 e6b - 0
        value 0 1 7676 => 0 0 e6b e7676 0
        update 0 1 => 0 0 i6b e7676 0
        ",
    );
}

#[test]
fn reads_and_walks_answer_with_what_they_stand_on() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        search 0 0 => 22 0 - - 0
        next 0 0 => -31803 0 - - 0
        largest 0 0 => -31803 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        value 0 0 61 => 0 0 e3130 e61 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3330 => 0 0 e3330 - 0
        value 0 0 63 => 0 0 e3330 e63 0
        insert 0 0 => 0 0 - - 0
        next 0 0 => 0 0 i3130 i61 0
        next 0 0 => 0 0 i3330 i63 0
        next 0 0 => -31803 0 - - 0
        prev 0 0 => 0 0 i3330 i63 0
        prev 0 0 => 0 0 i3130 i61 0
        prev 0 0 => -31803 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        search 0 0 => -31803 0 e3230 - 0
        key 0 0 3330 => 0 0 e3330 - 0
        search 0 0 => 0 0 i3330 i63 0
        largest 0 0 => 0 0 e3330 - 0
        state 0 0 => 0 0 e3330 - 0
        ",
    );
}

/// Without a step, with one back and one forward, with one that leads nowhere; nothing expected, no step.
#[test]
fn search_near_takes_one_step_to_the_expected_neighbour() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        near 0 0 - => -31803 0 e3230 - 0
        key 0 0 3130 => 0 0 e3130 - 0
        value 0 0 61 => 0 0 e3130 e61 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3330 => 0 0 e3330 - 0
        value 0 0 63 => 0 0 e3330 e63 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3330 => 0 0 e3330 - 0
        near 0 0 3330 => 0 0 i3330 i63 0
        key 0 0 3230 => 0 0 e3230 i63 0
        near 0 0 3330 => 0 1 i3330 i63 0
        key 0 0 3230 => 0 0 e3230 i63 0
        near 0 0 3130 => 0 1 i3330 i63 0 | 0 0 i3130 i61 0
        key 0 0 3430 => 0 0 e3430 i61 0
        near 0 0 3130 => 0 -1 i3330 i63 0 | 0 0 i3130 i61 0
        key 0 0 3430 => 0 0 e3430 i61 0
        near 0 0 3330 => 0 -1 i3330 i63 0
        key 0 0 3430 => 0 0 e3430 i63 0
        near 0 0 3530 => 0 -1 i3330 i63 0 | -31803 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        near 0 0 - => 0 1 i3330 i63 0
        ",
    );
}

#[test]
fn bounds_limit_what_a_cursor_shows() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        value 0 0 61 => 0 0 e3130 e61 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        value 0 0 62 => 0 0 e3230 e62 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3330 => 0 0 e3330 - 0
        value 0 0 63 => 0 0 e3330 e63 0
        insert 0 0 => 0 0 - - 0
        bound 0 0 lower 1 => 22 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        bound 0 0 lower 0 => 0 0 e3130 - 0
        key 0 0 3330 => 0 0 e3330 - 0
        bound 0 0 upper 1 => 0 0 e3330 - 0
        next 0 0 => 0 0 i3230 i62 0
        next 0 0 => 0 0 i3330 i63 0
        next 0 0 => -31803 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        search 0 0 => -31803 0 e3130 - 0
        near 0 0 3230 => 0 1 i3230 i62 0
        largest 0 0 => 22 0 - - 0
        clear 0 0 => 0 0 - - 0
        next 0 0 => 0 0 i3130 i61 0
        ",
    );
}

#[test]
fn cursors_are_compared_by_their_keys() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 1 1 0 1 0 => 0 0 - - 0
        compare 0 0 1 1 => 22 0 - - 0
        key 0 0 61 => 0 0 e61 - 0
        key 1 1 62 => 0 0 e62 - 0
        compare 0 0 1 1 => 0 -1 e61 - 0
        compare 1 1 0 0 => 0 1 e62 - 0
        compare 0 0 0 0 => 0 0 e61 - 0
        equals 0 0 1 1 => 0 0 e61 - 0
        equals 0 0 0 0 => 0 1 e61 - 0
        ",
    );
}

#[test]
fn modify_takes_empty_data_gaps_and_ranges_past_the_end() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        value 0 0 616263 => 0 0 e6b e616263 0
        insert 0 0 => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        modify 0 0 5a:0:1 => 95 0 e6b - 0
        begin 0 0 - => 0 0 - - 0
        modify 0 0 . => 22 0 e6b - 0
        rollback 0 0 => 0 0 - - 0
        begin 0 0 - => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        modify 0 0 5a:0:1 => 0 0 i6b i5a6263 0
        modify 0 0 -:1:1 => 0 0 i6b i5a63 0
        modify 0 0 5859:1:9,2d:5:0 => 0 0 i6b i5a585900002d 0
        key 0 0 6c => 0 0 e6c i5a585900002d 0
        modify 0 0 5a:0:1 => -31803 0 e6c - 0
        commit 0 0 - => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        search 0 0 => 0 0 i6b i5a585900002d 0
        ",
    );
}

#[test]
fn transactions_conflict_commit_and_are_rolled_back_to_stable() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 1 0 0 1 0 => 0 0 - - 0
        begin 0 0 isolation=snapshot => 0 0 - - 0
        query 0 0 session get=commit => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        value 0 0 76 => 0 0 e6b e76 0
        update 0 0 => 0 0 i6b i76 0
        key 1 0 6b => 0 0 e6b - 0
        search 1 0 => -31803 0 e6b - 0
        begin 1 0 - => 0 0 - - 0
        value 1 0 77 => 0 0 e6b e77 0
        update 1 0 => -31800 0 e6b e77 0
        commit 1 0 - => 0 0 - - 0
        timestamp 0 0 commit_timestamp=c => 0 0 - - 0
        query 0 0 session get=commit => 0 0 - - 12
        commit 0 0 - => 0 0 - - 0
        query 0 0 node get=all_durable => 0 0 - - 12
        settimestamp 0 0 oldest_timestamp=5,stable_timestamp=6 => 0 0 - - 0
        settimestamp 0 0 oldest_timestamp=4 => 22 0 - - 0
        query 0 0 node get=stable => 0 0 - - 6
        snapshot 0 0 => 0 0 - - 0
        begin 0 0 read_timestamp=b => 0 0 - - 0
        begin 0 0 - => 22 0 - - 0
        rollback 0 0 => 0 0 - - 0
        begin 0 0 read_timestamp=b => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        search 0 0 => -31803 0 e6b - 0
        rollback 0 0 => 0 0 - - 0
        search 0 0 => 0 0 i6b i76 0
        rts 0 0 => 16 0 - - 0
        reset 0 0 => 0 0 - - 0
        rts 0 0 => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        search 0 0 => -31803 0 e6b - 0
        commit 0 0 - => 22 0 - - 0
        rollback 0 0 => 22 0 - - 0
        ",
    );
}

/// Its own calls are refused and change nothing. A walk that meets it is stalled, and holds its place there.
#[test]
fn a_prepared_transaction_stops_readers_until_it_commits() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 1 0 0 1 0 => 0 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        value 0 0 61 => 0 0 e3130 e61 0
        insert 0 0 => 0 0 - - 0
        begin 0 0 - => 0 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        value 0 0 62 => 0 0 e3230 e62 0
        update 0 0 => 0 0 i3230 i62 0
        prepare 0 0 prepare_timestamp=a => 0 0 - - 0
        search 0 0 => 22 0 i3230 e62 0
        getkey 0 0 => 22 0 i3230 e62 0
        value 0 0 63 => 0 0 i3230 e62 0
        state 0 0 => 0 0 i3230 e62 0
        open 0 0 0 1 0 => 22 0 i3230 e62 0
        next 1 0 => 0 0 i3130 i61 0
        next 1 0 => -31808 0 - - 0
        state 1 0 => 0 0 - - 0
        prev 1 0 => 0 0 i3130 i61 0
        prev 1 0 => -31803 0 - - 0
        next 1 0 => 0 0 i3130 i61 0
        next 1 0 => -31808 0 - - 0
        rts 0 0 => 16 0 - - 0
        next 1 0 => -31808 0 - - 0
        key 1 0 3230 => 0 0 e3230 - 0
        search 1 0 => -31808 0 e3230 - 0
        near 1 0 - => -31808 0 e3230 - 0
        begin 1 0 ignore_prepare=true => 0 0 - - 0
        search 1 0 => -31803 0 e3230 - 0
        rollback 1 0 => 0 0 - - 0
        query 0 0 session get=prepare => 0 0 - - 10
        timestamp 0 0 commit_timestamp=b => 0 0 - - 0
        timestamp 0 0 durable_timestamp=c => 0 0 - - 0
        commit 0 0 - => 0 0 - - 0
        search 1 0 => 0 0 i3230 i62 0
        query 0 0 node get=all_durable => 0 0 - - 12
        ",
    );
}

#[test]
fn a_walk_stalled_on_the_first_record_has_nothing_before_it() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 1 0 0 1 0 => 0 0 - - 0
        begin 0 0 - => 0 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        value 0 0 62 => 0 0 e3230 e62 0
        update 0 0 => 0 0 i3230 i62 0
        prepare 0 0 prepare_timestamp=a => 0 0 - - 0
        next 1 0 => -31808 0 - - 0
        prev 1 0 => -31803 0 - - 0
        commit 0 0 commit_timestamp=b,durable_timestamp=b => 0 0 - - 0
        next 1 0 => 0 0 i3230 i62 0
        ",
    );
}

#[test]
fn truncate_takes_a_range_or_the_whole_table() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        open 0 1 0 1 0 => 0 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        value 0 0 61 => 0 0 e3130 e61 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        value 0 0 62 => 0 0 e3230 e62 0
        insert 0 0 => 0 0 - - 0
        key 0 0 3330 => 0 0 e3330 - 0
        value 0 0 63 => 0 0 e3330 e63 0
        insert 0 0 => 0 0 - - 0
        truncate 0 0 - - => 22 0 - - 0
        truncate 0 0 0 - => 22 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        truncate 0 0 0 - => 0 0 - - 0
        state 0 0 => 0 0 - - 0
        key 0 0 3130 => 0 0 e3130 - 0
        key 0 1 3135 => 0 0 e3135 - 0
        truncate 0 0 0 1 => 0 0 - - 0
        next 0 0 => -31803 0 - - 0
        key 0 0 3230 => 0 0 e3230 - 0
        value 0 0 62 => 0 0 e3230 e62 0
        insert 0 0 => 0 0 - - 0
        truncatetable 0 0 0 => 0 0 - - 0
        next 0 0 => -31803 0 - - 0
        ",
    );
}

#[test]
fn a_table_in_use_is_busy_and_a_recreated_one_is_empty() {
    check(
        "
        open 0 0 0 1 0 => 0 0 - - 0
        key 0 0 6b => 0 0 e6b - 0
        value 0 0 76 => 0 0 e6b e76 0
        insert 0 0 => 0 0 - - 0
        recreate 0 0 0 => 16 0 - - 0
        close 0 0 => 0 0 - - 0
        begin 1 0 - => 0 0 - - 0
        recreate 0 0 0 => 16 0 - - 0
        rollback 1 0 => 0 0 - - 0
        recreate 0 0 0 => 0 0 - - 0
        open 0 0 0 1 0 => 0 0 - - 0
        next 0 0 => -31803 0 - - 0
        ",
    );
}

#[test]
fn a_random_cursor_only_moves() {
    check(
        "
        open 0 0 0 1 1 => 0 0 - - 0
        next 0 0 => -31803 0 - - 0
        search 0 0 => 95 0 - - 0
        open 0 1 0 1 0 => 0 0 - - 0
        key 0 1 6b => 0 0 e6b - 0
        value 0 1 76 => 0 0 e6b e76 0
        insert 0 1 => 0 0 - - 0
        next 0 0 => 0 0 i6b i76 0
        reset 0 0 => 0 0 - - 0
        ",
    );
}

/// Numbers are in numeric order, also where their bytes would not be if the lowest came first. A value may be empty; a record
/// that is not there is not found.
#[test]
fn record_numbers_are_keys_of_eight_bytes() {
    check_on(
        " var",
        "
        open 0 0 0 1 0 => 0 0 - - 0
        key 0 0 0000000000000100 => 0 0 e0000000000000100 - 0
        value 0 0 6162 => 0 0 e0000000000000100 e6162 0
        insert 0 0 => 0 0 - - 0
        key 0 0 0000000000000002 => 0 0 e0000000000000002 - 0
        value 0 0 - => 0 0 e0000000000000002 e 0
        insert 0 0 => 0 0 - - 0
        next 0 0 => 0 0 i0000000000000002 i 0
        next 0 0 => 0 0 i0000000000000100 i6162 0
        next 0 0 => -31803 0 - - 0
        key 0 0 0000000000000003 => 0 0 e0000000000000003 - 0
        search 0 0 => -31803 0 e0000000000000003 - 0
        near 0 0 0000000000000100 => 0 1 i0000000000000100 i6162 0
        key 0 0 000000000000012c => 0 0 e000000000000012c i6162 0
        near 0 0 0000000000000100 => 0 -1 i0000000000000100 i6162 0
        getkey 0 0 => 0 0 i0000000000000100 i6162 0
        getvalue 0 0 => 0 0 i0000000000000100 i6162 0
        open 0 1 0 0 0 => 0 0 - - 0
        key 0 1 0000000000000003 => 0 0 e0000000000000003 - 0
        compare 0 0 0 1 => 0 1 i0000000000000100 i6162 0
        reset 0 0 => 0 0 - - 0
        value 0 1 63 => 0 0 e0000000000000003 e63 0
        update 0 1 => -31803 0 e0000000000000003 e63 0
        insert 0 1 => 0 0 - - 0
        key 0 1 0000000000000003 => 0 0 e0000000000000003 - 0
        value 0 1 64 => 0 0 e0000000000000003 e64 0
        insert 0 1 => -31801 0 e0000000000000003 e63 0
        begin 0 0 - => 0 0 - - 0
        key 0 1 0000000000000100 => 0 0 e0000000000000100 e63 0
        modify 0 1 5a:0:1 => 0 0 i0000000000000100 i5a62 0
        remove 0 1 => 0 0 i0000000000000100 - 0
        rollback 0 0 => 0 0 - - 0
        largest 0 0 => 0 0 e0000000000000100 - 0
        open 0 1 0 1 1 => 95 0 - - 0
        ",
    );
}

#[test]
fn bounds_and_truncate_mind_record_numbers() {
    check_on(
        " var",
        "
        open 0 0 0 1 0 append => 0 0 - - 0
        value 0 0 61 => 0 0 - e61 0
        insert 0 0 => 0 0 e0000000000000001 - 0
        value 0 0 62 => 0 0 e0000000000000001 e62 0
        insert 0 0 => 0 0 e0000000000000002 - 0
        value 0 0 63 => 0 0 e0000000000000002 e63 0
        insert 0 0 => 0 0 e0000000000000003 - 0
        key 0 0 0000000000000002 => 0 0 e0000000000000002 - 0
        bound 0 0 lower 1 => 0 0 e0000000000000002 - 0
        next 0 0 => 0 0 i0000000000000002 i62 0
        prev 0 0 => -31803 0 - - 0
        clear 0 0 => 0 0 - - 0
        key 0 0 0000000000000002 => 0 0 e0000000000000002 - 0
        truncate 0 0 - 0 => 0 0 - - 0
        next 0 0 => 0 0 i0000000000000003 i63 0
        reset 0 0 => 0 0 - - 0
        truncatetable 0 0 0 => 0 0 - - 0
        next 0 0 => -31803 0 - - 0
        largest 0 0 => 0 0 e0000000000000003 - 0
        reset 0 0 => 0 0 - - 0
        close 0 0 => 0 0 - - 0
        recreate 0 0 0 => 0 0 - - 0
        open 0 0 0 1 0 append => 0 0 - - 0
        value 0 0 61 => 0 0 - e61 0
        insert 0 0 => 0 0 e0000000000000001 - 0
        ",
    );
}

/// A number is used once, whoever has it. The cursor needs no key, and keeps the new one.
#[test]
fn an_append_cursor_numbers_its_records() {
    for (format, walk) in [
        (" var", "next 0 0 => 0 0 i0000000000000002 i62 0\nnext 0 0 => 0 0 i0000000000000008 i64 0\n"),
        (" fix", "next 0 0 => 0 0 i0000000000000001 i00 0\nnext 0 0 => 0 0 i0000000000000002 i62 0\n"),
    ] {
        let entries = "
            open 0 0 0 1 0 append => 0 0 - - 0
            open 1 0 0 1 0 => 0 0 - - 0
            insert 0 0 => 22 0 - - 0
            begin 0 0 - => 0 0 - - 0
            value 0 0 61 => 0 0 - e61 0
            insert 0 0 => 0 0 e0000000000000001 - 0
            rollback 0 0 => 0 0 - - 0
            state 0 0 => 0 0 e0000000000000001 - 0
            value 0 0 62 => 0 0 e0000000000000001 e62 0
            insert 0 0 => 0 0 e0000000000000002 - 0
            key 1 0 0000000000000007 => 0 0 e0000000000000007 - 0
            value 1 0 63 => 0 0 e0000000000000007 e63 0
            begin 1 0 - => 0 0 - - 0
            insert 1 0 => 0 0 - - 0
            value 0 0 64 => 0 0 e0000000000000002 e64 0
            insert 0 0 => 0 0 e0000000000000008 - 0
            rollback 1 0 => 0 0 - - 0
            key 0 0 0000000000000008 => 0 0 e0000000000000008 - 0
            search 0 0 => 0 0 i0000000000000008 i64 0
            reset 0 0 => 0 0 - - 0
        ";
        check_on(format, &format!("{entries}{walk}"));
    }
}

/// Every record up to the largest is there, those never written and those removed as 0.
#[test]
fn a_fixed_length_table_has_no_gaps() {
    check_on(
        " fix",
        "
        open 0 0 0 0 0 => 0 0 - - 0
        search 0 0 => 22 0 - - 0
        next 0 0 => -31803 0 - - 0
        key 0 0 0000000000000003 => 0 0 e0000000000000003 - 0
        value 0 0 33 => 0 0 e0000000000000003 e33 0
        update 0 0 => -31803 0 e0000000000000003 e33 0
        insert 0 0 => 0 0 - - 0
        next 0 0 => 0 0 i0000000000000001 i00 0
        next 0 0 => 0 0 i0000000000000002 i00 0
        next 0 0 => 0 0 i0000000000000003 i33 0
        next 0 0 => -31803 0 - - 0
        key 0 0 0000000000000002 => 0 0 e0000000000000002 - 0
        search 0 0 => 0 0 i0000000000000002 i00 0
        value 0 0 32 => 0 0 i0000000000000002 e32 0
        insert 0 0 => -31801 0 e0000000000000002 e00 0
        update 0 0 => 0 0 i0000000000000002 e00 0
        key 0 0 0000000000000003 => 0 0 e0000000000000003 e00 0
        remove 0 0 => 0 0 - - 0
        key 0 0 0000000000000003 => 0 0 e0000000000000003 - 0
        search 0 0 => 0 0 i0000000000000003 i00 0
        key 0 0 0000000000000004 => 0 0 e0000000000000004 i00 0
        search 0 0 => -31803 0 e0000000000000004 - 0
        near 0 0 0000000000000003 => 0 -1 i0000000000000003 i00 0
        modify 0 0 5a:0:1 => 95 0 i0000000000000003 i00 0
        bound 0 0 lower 1 => 22 0 i0000000000000003 i00 0
        clear 0 0 => 22 0 i0000000000000003 i00 0
        largest 0 0 => 0 0 e0000000000000003 - 0
        truncatetable 0 0 0 => 0 0 - - 0
        prev 0 0 => 0 0 i0000000000000003 i00 0
        reset 0 0 => 0 0 - - 0
        ",
    );
}
