//! Nodes that die and come back.

use super::pair::{PLAIN, PREPARER, Pair, SPARE, WRITER, who};
use lockstep::backend::{Call, Code, Field, TimestampQuery};
use lockstep::engine::{Checkpoint, Node};

const TIMES: [TimestampQuery; 3] = [TimestampQuery::Oldest, TimestampQuery::Stable, TimestampQuery::AllDurable];

/// Some content at 5 in a checkpoint, and some beyond it that is lost in a crash.
fn pair_with_losses() -> (Pair, std::sync::Arc<Checkpoint>) {
    let mut pair = Pair::new();
    for table in [0, 1, PLAIN] {
        pair.put(table, "k", "a2", 2);
        pair.put(table, "k", "kept", 5);
        pair.put(table, "untimestamped", "kept", 0);
        pair.put(table, "late", "lost", 7);
    }
    let checkpoint = pair.advance(3, 5).unwrap();
    for table in [0, 1, PLAIN] {
        pair.set(table, "k", None, 8);
        pair.put(table, "untimestamped", "lost", 0);
    }
    pair.time(8, 8);
    (pair, checkpoint)
}

/// Expects that both nodes have what the checkpoint had.
#[track_caller]
fn assert_back(pair: &mut Pair) {
    for table in [0, 1, PLAIN] {
        assert_eq!(pair.history(table, "k", &[3, 5, 9, 0]), ["a2", "kept", "kept", "kept"], "table {table}");
        assert_eq!(pair.read(table, "late", 0), None, "table {table}");
        assert_eq!(pair.read(table, "untimestamped", 0).as_deref(), Some("kept"), "table {table}");
    }
    for node in [0, 1] {
        assert_eq!(TIMES.map(|what| pair.query(node, what)), [3, 5, 5], "node {node}");
    }
}

#[test]
fn a_node_comes_back_with_what_the_last_checkpoint_has() {
    let (mut pair, checkpoint) = pair_with_losses();
    pair.restart(0, Some(&checkpoint));
    pair.restart(1, Some(&checkpoint));
    assert_back(&mut pair);
    // Life goes on, checkpoints included.
    pair.put(0, "k", "new", 6);
    let next = pair.age(3, 6);
    assert!(next.order > checkpoint.order);
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
    assert_eq!(pair.history(0, "k", &[5, 6]), ["kept", "new"]);
    assert_eq!(pair.leader().counters().restarts, 1);
}

#[test]
fn a_node_without_a_checkpoint_comes_back_empty() {
    let (mut pair, _) = pair_with_losses();
    pair.restart(0, None);
    pair.restart(1, None);
    for table in [0, 1, PLAIN] {
        assert_eq!(pair.history(table, "k", &[3, 0]), ["-", "-"]);
    }
    assert_eq!(TIMES.map(|what| pair.query(0, what)), [0, 0, 0]);
    let versions = pair.nodes.each_ref().map(|node: &Node| node.footprint().versions);
    assert_eq!(versions, [0, 0]);
}

#[test]
fn without_a_local_checkpoint_a_plain_table_has_what_is_durable_by_then() {
    let mut pair = Pair::new();
    pair.put(PLAIN, "k", "kept", 5);
    pair.time(1, 5);
    let checkpoint = pair.leader().checkpoint().unwrap();
    pair.put(PLAIN, "k", "lost", 8);
    pair.begin(WRITER);
    pair.write(WRITER, PLAIN, "running", Some("lost"));
    pair.restart(0, Some(&checkpoint));
    pair.restart(1, Some(&checkpoint));
    assert_eq!(pair.history(PLAIN, "k", &[5, 8]), ["kept", "kept"]);
    assert_eq!(pair.read(PLAIN, "running", 0), None);
}

#[test]
fn in_the_middle_of_a_checkpoint_or_of_an_adoption_nothing_of_it_is_left() {
    let (mut pair, checkpoint) = pair_with_losses();
    assert_eq!(pair.leader().abandon_checkpoint(), Ok(()));
    pair.restart(1, Some(&checkpoint));
    pair.restart(0, Some(&checkpoint));
    assert_back(&mut pair);

    let (mut pair, checkpoint) = pair_with_losses();
    let newest = pair.checkpoint();
    assert_eq!(pair.follower().abandon_adoption(&newest), Ok(()));
    assert_eq!(pair.follower().footprint().checkpoints, 3, "one table has it, one has not");
    pair.restart(0, Some(&checkpoint));
    assert_eq!(pair.read_on(0, 0, "k", 0), Some("kept".into()));
    let again = Call::SetTimestamp { oldest: Some(8), stable: Some(8), durable: None };
    assert_eq!(pair.on(0, who(SPARE, 0), again).code, Code::Ok);
    assert_eq!(pair.follower().adopt(&newest), Ok(true), "it is news again");
    assert_eq!(pair.read_on(0, 0, "k", 0), None);
    assert_eq!(pair.read_on(0, 1, "k", 0), None);
}

#[test]
fn sessions_come_back_with_nothing() {
    let (mut pair, checkpoint) = pair_with_losses();
    pair.begin(PREPARER);
    pair.write(PREPARER, 0, "k", Some("prepared"));
    pair.ok(who(PREPARER, 0), Call::Prepare(Some(20)));
    pair.begin(WRITER);
    pair.write(WRITER, 1, "k", Some("running"));
    pair.seek(SPARE, 0, "untimestamped");
    pair.ok(who(SPARE, 0), Call::Search);
    for node in [0, 1] {
        pair.restart(node, Some(&checkpoint));
    }
    assert_eq!(pair.call(who(SPARE, 0), Call::State).key, Field::Unset);
    for session in [PREPARER, WRITER] {
        assert_eq!(pair.call(who(session, 0), Call::Rollback).code, Code::Invalid, "no transaction is running");
    }
    assert_back(&mut pair);
    pair.put(0, "k", "new", 9);
    pair.put(1, "k", "new", 9);
}

#[test]
fn a_table_that_was_created_anew_does_not_come_back_as_it_was_before() {
    let (mut pair, checkpoint) = pair_with_losses();
    for table in [0, PLAIN] {
        for session in 0..4 {
            pair.ok(who(session, table), Call::Close);
        }
        pair.ok(who(WRITER, 0), Call::Recreate { table });
    }
    for node in [0, 1] {
        pair.restart(node, Some(&checkpoint));
    }
    for table in [0, PLAIN] {
        assert_eq!(pair.read(table, "k", 0), None);
    }
    assert_eq!(pair.read(1, "k", 0).as_deref(), Some("kept"));
    pair.put(0, "k", "new", 9);
    pair.age(3, 9);
    assert_eq!(pair.follower().footprint().ingest_keys, 0, "the nodes mean the same table");
    assert_eq!(pair.read(0, "k", 0).as_deref(), Some("new"));
}
