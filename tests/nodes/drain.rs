//! What a node that steps up brings into stable.

use super::pair::{PREPARER, Pair, WRITER, who};
use lockstep::backend::{Begin, Call, Code, Key, TxnTimestamp};

#[test]
fn every_version_is_drained_and_not_only_the_ends() {
    let mut pair = Pair::new();
    for ts in [10, 20, 30, 40] {
        pair.put(0, "k", &format!("v{ts}"), ts);
    }
    pair.put(1, "k", "other table", 41);
    pair.step_up(None);
    assert_eq!(pair.history(0, "k", &[5, 10, 15, 25, 35, 40, 0]), ["-", "v10", "v10", "v20", "v30", "v40", "v40"]);
    assert_eq!(pair.read(1, "k", 0).as_deref(), Some("other table"));
    assert_eq!(pair.leader().footprint().ingest_keys, 0);
    assert_eq!(pair.leader().counters().drained_versions, 5);
}

#[test]
fn the_drain_begins_where_the_checkpoint_ends() {
    let mut pair = Pair::new();
    pair.put(0, "k", "before", 9);
    pair.put(0, "k", "at", 10);
    let checkpoint = pair.advance(1, 10).unwrap();
    pair.put(0, "k", "after", 11);
    pair.step_up(Some(&checkpoint));
    assert_eq!(pair.history(0, "k", &[8, 9, 10, 11]), ["-", "before", "at", "after"]);
    assert_eq!(pair.leader().counters().drained_versions, 1);
}

#[test]
fn the_newest_checkpoint_is_picked_up_on_the_way() {
    let mut pair = Pair::new();
    pair.put(0, "k", "a", 5);
    pair.age(1, 5);
    pair.put(0, "k", "b", 10);
    pair.time(5, 10);
    let newest = pair.checkpoint();
    pair.put(0, "k", "c", 15);
    pair.step_up(Some(&newest));
    assert_eq!(pair.leader().counters().drained_versions, 1, "b is in the checkpoint");
    assert_eq!(pair.history(0, "k", &[5, 10, 15]), ["a", "b", "c"]);
}

#[test]
fn a_cursor_from_before_any_checkpoint_reads_what_is_in_stable_now() {
    let mut pair = Pair::new();
    pair.seek(PREPARER, 0, "k");
    assert_eq!(pair.call(who(PREPARER, 0), Call::Search).code, Code::NotFound);
    pair.put(0, "k", "v", 5);
    let checkpoint = pair.age(1, 5);
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
    pair.ok(who(PREPARER, 0), Call::Search);
    pair.ok(who(PREPARER, 0), Call::Reset);
    pair.step_up(Some(&checkpoint));
    pair.seek(PREPARER, 0, "k");
    pair.ok(who(PREPARER, 0), Call::Search);
}

#[test]
fn tombstones_become_deletes_and_encoded_values_stay_encoded() {
    let mut pair = Pair::new();
    pair.put(0, "gone", "x", 5);
    let checkpoint = pair.age(1, 5);
    pair.set(0, "gone", None, 10);
    pair.put(0, "marker", "\x14\x14", 10);
    pair.put(0, "short", "x", 10);
    pair.set(0, "short", None, 20);
    pair.step_up(Some(&checkpoint));
    assert_eq!(pair.history(0, "gone", &[5, 10, 0]), ["x", "-", "-"]);
    assert_eq!(pair.read(0, "marker", 0).as_deref(), Some("\x14\x14"));
    assert_eq!(pair.history(0, "short", &[9, 10, 20]), ["-", "x", "-"]);
    assert_eq!(pair.write(WRITER, 0, "gone", None), Code::NotFound, "no delete on top of a delete");
    let image = pair.checkpoint_of_new_leader(20);
    assert_eq!(image, ["gone", "marker", "short"]);
}

#[test]
fn untimestamped_updates_come_along_unless_something_in_the_checkpoint_hides_them() {
    let mut pair = Pair::new();
    pair.put(0, "hidden", "untimestamped", 0);
    pair.put(0, "hidden", "v5", 5);
    pair.put(0, "twice", "in the checkpoint", 0);
    pair.put(0, "removed", "x", 0);
    pair.set(0, "removed", None, 0);
    let checkpoint = pair.age(1, 5);
    assert_eq!(
        pair.follower().footprint().ingest_keys,
        2,
        "nobody can tell of these whether they are in the checkpoint"
    );
    pair.put(0, "later", "untimestamped", 0);
    pair.put(0, "later", "v10", 10);
    pair.step_up(Some(&checkpoint));
    assert_eq!(pair.read(0, "hidden", 5).as_deref(), Some("v5"));
    assert_eq!(pair.read(0, "twice", 0).as_deref(), Some("in the checkpoint"));
    assert_eq!(pair.read(0, "removed", 0), None);
    assert_eq!(pair.history(0, "later", &[5, 10]), ["untimestamped", "v10"]);
}

/// A transaction of the preparing session with one update, prepared at `ts`.
fn prepare(pair: &mut Pair, key: &str, value: Option<&str>, ts: u64) {
    pair.begin(PREPARER);
    assert_eq!(pair.write(PREPARER, 0, key, value), Code::Ok);
    pair.ok(who(PREPARER, 0), Call::Prepare(Some(ts)));
}

#[test]
fn a_prepared_transaction_goes_on_after_the_step_up() {
    let mut pair = Pair::new();
    pair.put(0, "k", "old", 5);
    let checkpoint = pair.age(1, 5);
    prepare(&mut pair, "k", Some("new"), 10);
    pair.step_up(Some(&checkpoint));
    pair.seek(WRITER, 0, "k");
    assert_eq!(pair.call(who(WRITER, 0), Call::Search).code, Code::PrepareConflict);
    assert_eq!(pair.read(0, "k", 9).as_deref(), Some("old"));
    pair.ok(who(PREPARER, 0), Call::Commit { ts: Some(12), durable: Some(20) });
    assert_eq!(pair.history(0, "k", &[11, 12]), ["old", "new"]);
    pair.time(1, 15);
    let image = pair.leader().checkpoint().unwrap().tables[0].image.clone();
    let row = image.row(&"k".into()).unwrap();
    assert_eq!(row.newest.start_ts, 5, "it is durable at 20 only");
}

#[test]
fn a_prepared_insert_that_is_rolled_back_leaves_nothing() {
    for before in [true, false] {
        let mut pair = Pair::new();
        pair.put(0, "other", "x", 5);
        let checkpoint = pair.age(1, 5);
        prepare(&mut pair, "k", Some("ghost"), 10);
        if before {
            pair.ok(who(PREPARER, 0), Call::Rollback);
        }
        pair.step_up(Some(&checkpoint));
        if !before {
            pair.ok(who(PREPARER, 0), Call::Rollback);
        }
        assert_eq!(pair.read(0, "k", 0), None);
        pair.time(12, 12);
        assert_eq!(pair.leader().checkpoint().unwrap().tables[0].image.rows().len(), 1);
        pair.put(0, "k", "again", 20);
        assert_eq!(pair.read(0, "k", 0).as_deref(), Some("again"));
    }
}

#[test]
fn the_usage_rule_of_a_prepared_update_knows_what_is_below_it_in_stable() {
    let mut pair = Pair::new();
    pair.put(0, "k", "old", 5);
    // The version in stable becomes durable at 30, after the commit of the one that follows.
    pair.begin(WRITER);
    pair.write(WRITER, 0, "k", Some("slow"));
    pair.ok(who(WRITER, 0), Call::Prepare(Some(10)));
    pair.ok(who(WRITER, 0), Call::Commit { ts: Some(10), durable: Some(30) });
    let checkpoint = pair.age(1, 40);
    pair.ok(who(PREPARER, 0), Call::Begin(Begin { roundup_prepared: true, ..Begin::default() }));
    assert_eq!(pair.write(PREPARER, 0, "k", Some("new")), Code::Ok);
    pair.ok(who(PREPARER, 0), Call::Prepare(Some(20)));
    pair.step_up(Some(&checkpoint));
    let early = pair.call(who(PREPARER, 0), Call::Commit { ts: Some(25), durable: Some(50) });
    assert_eq!(early.code, Code::Invalid);
    pair.ok(who(PREPARER, 0), Call::Commit { ts: Some(30), durable: Some(50) });
}

/// Truncates from one key to another in whatever transaction the writing session is in.
pub fn truncate(pair: &mut Pair, session: u8, first: &str, last: &str) {
    // A second cursor on the same table takes the plain table's slot for a while.
    let stop = who(session, 2);
    pair.ok(stop, Call::Open(Default::default()));
    pair.seek(session, 0, first);
    pair.call(stop, Call::SetKey(&Key::from(last)));
    pair.ok(who(session, 0), Call::Truncate { start: Some(0), stop: Some(2) });
    pair.ok(stop, Call::Open(lockstep::backend::CursorConfig { table: 2, ..Default::default() }));
}

#[test]
fn truncates_are_replayed_below_what_was_written_into_their_range_later() {
    let mut pair = Pair::new();
    for key in ["1", "2", "3", "4", "5", "6"] {
        pair.put(0, key, "old", 5);
    }
    let checkpoint = pair.age(1, 5);
    pair.put(0, "2", "in ingest", 8);
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "1", "5");
    pair.write(WRITER, 0, "4", Some("between"));
    pair.write(WRITER, 0, "5", Some("between"));
    truncate(&mut pair, WRITER, "3", "4");
    pair.commit(WRITER, 10);
    pair.put(0, "1", "later", 15);
    let before: Vec<_> = ["1", "2", "3", "4", "5", "6"].map(|key| pair.history(0, key, &[7, 8, 10, 15])).into();
    pair.step_up(Some(&checkpoint));
    let after: Vec<_> = ["1", "2", "3", "4", "5", "6"].map(|key| pair.history(0, key, &[7, 8, 10, 15])).into();
    assert_eq!(after, before);
    assert_eq!(after[0], ["old", "old", "-", "later"]);
    assert_eq!(after[4], ["old", "old", "between", "between"]);
}

#[test]
fn a_truncate_that_the_checkpoint_has_is_not_replayed() {
    let mut pair = Pair::new();
    pair.put(0, "1", "old", 5);
    pair.age(1, 5);
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "1", "1");
    pair.commit(WRITER, 8);
    pair.put(0, "1", "new", 9);
    let checkpoint = pair.advance(1, 10).unwrap();
    pair.step_up(Some(&checkpoint));
    assert_eq!(pair.history(0, "1", &[5, 8, 9]), ["old", "-", "new"]);
    assert_eq!(pair.leader().counters().drained_versions, 0);
}

#[test]
fn an_untimestamped_truncate_does_not_hide_what_the_checkpoint_has_of_later_writes() {
    let mut pair = Pair::new();
    pair.put(0, "1", "old", 0);
    pair.put(0, "2", "old", 0);
    pair.advance(1, 5).unwrap();
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "1", "2");
    pair.commit(WRITER, 0);
    pair.put(0, "1", "new", 9);
    let checkpoint = pair.age(1, 10);
    pair.step_up(Some(&checkpoint));
    assert_eq!(pair.read(0, "1", 0).as_deref(), Some("new"));
    assert_eq!(pair.read(0, "2", 0), None);
}

#[test]
fn a_prepared_truncate_is_resolved_in_stable() {
    for commits in [true, false] {
        let mut pair = Pair::new();
        for key in ["1", "2", "3"] {
            pair.put(0, key, "old", 5);
        }
        let checkpoint = pair.age(1, 5);
        pair.begin(PREPARER);
        truncate(&mut pair, PREPARER, "1", "2");
        pair.ok(who(PREPARER, 0), Call::Prepare(Some(10)));
        pair.step_up(Some(&checkpoint));
        pair.seek(WRITER, 0, "2");
        assert_eq!(pair.call(who(WRITER, 0), Call::Search).code, Code::PrepareConflict);
        if commits {
            pair.ok(who(PREPARER, 0), Call::TimestampTransaction(TxnTimestamp::Commit, 12));
            pair.ok(who(PREPARER, 0), Call::Commit { ts: None, durable: Some(12) });
        } else {
            pair.ok(who(PREPARER, 0), Call::Rollback);
        }
        let now = if commits { "-" } else { "old" };
        for key in ["1", "2"] {
            assert_eq!(pair.history(0, key, &[11, 12]), ["old", now]);
        }
        assert_eq!(pair.read(0, "3", 0).as_deref(), Some("old"));
    }
}

#[test]
fn a_truncate_has_nothing_to_do_with_what_was_truncated_before() {
    let mut pair = Pair::new();
    for key in ["1", "2", "3"] {
        pair.put(0, key, "old", 5);
    }
    pair.age(1, 5);
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "2", "2");
    pair.commit(WRITER, 8);
    pair.begin(PREPARER);
    truncate(&mut pair, PREPARER, "1", "3");
    pair.ok(who(PREPARER, 0), Call::Prepare(Some(10)));
    pair.put(0, "2", "new", 12);
    pair.ok(who(PREPARER, 0), Call::Rollback);
    assert_eq!(pair.history(0, "2", &[7, 8, 12]), ["old", "-", "new"]);
}

impl Pair {
    /// The keys of the first table in a checkpoint that the node which stepped up takes.
    fn checkpoint_of_new_leader(&mut self, stable: u64) -> Vec<String> {
        self.time(1, stable);
        let image = self.leader().checkpoint().unwrap().tables[0].image.clone();
        image.rows().iter().map(|row| String::from_utf8_lossy(&row.key).into_owned()).collect()
    }
}
