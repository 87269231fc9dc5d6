//! The truncate list of a follower: truncates of what only stable has go into it, and leave it again.

use super::drain::truncate;
use super::pair::{Pair, WRITER};

/// Three records that only stable has.
fn pair() -> Pair {
    let mut pair = Pair::new();
    for key in ["1", "2", "3"] {
        pair.put(0, key, "v", 5);
    }
    pair.age(1, 5);
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
    pair
}

#[test]
fn a_truncate_writes_nothing_for_what_only_stable_has() {
    let mut pair = pair();
    pair.put(0, "2", "w", 6);
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "1", "3");
    pair.commit(WRITER, 10);
    assert_eq!(pair.follower().footprint().ingest_keys, 1, "a tombstone for the one that ingest has");
    for key in ["1", "2", "3"] {
        assert_eq!(pair.history(0, key, &[5, 10]), ["v", "-"]);
    }
}

#[test]
fn what_was_written_into_a_truncated_range_leaves_ingest_after_the_truncate_has_left_the_list() {
    let mut pair = pair();
    pair.begin(WRITER);
    truncate(&mut pair, WRITER, "1", "3");
    pair.commit(WRITER, 10);
    pair.put(0, "2", "w", 11);
    pair.advance(5, 10).unwrap();
    pair.follower().prune();
    assert_eq!(pair.follower().footprint().ingest_keys, 1, "the checkpoint does not have it");
    pair.age(10, 11);
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
    assert_eq!(["1", "2", "3"].map(|key| pair.read(0, key, 0)), [None, Some("w".to_owned()), None]);
}

#[test]
fn checkpoints_that_nobody_reads_are_let_go() {
    let mut pair = pair();
    for ts in 6..10 {
        pair.put(0, "1", "w", ts);
        pair.age(ts, ts);
    }
    assert_eq!(pair.follower().footprint().checkpoints, 2, "one for each table");
}
