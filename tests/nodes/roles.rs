//! Who leads: what stands in the way of a change, and what a node has afterwards.

use super::pair::{PREPARER, Pair, READER, SPARE, WRITER, who};
use lockstep::backend::{Begin, Call, Code, TimestampQuery};
use lockstep::engine::{AdoptError, CheckpointError, Footprint, RoleError};

/// Does something to the follower, expects that it cannot step up and that nothing has changed, and takes it back.
#[track_caller]
fn refused_step_up(pair: &mut Pair, expected: RoleError) {
    let newest = pair.checkpoint();
    let before: Footprint = pair.follower().footprint();
    assert_eq!(pair.follower().step_up(Some(&newest)), Err(expected));
    assert_eq!(pair.follower().footprint(), before);
    assert_eq!(pair.follower().checkpoint().unwrap_err(), CheckpointError::NotLeader);
    assert!(!expected.to_string().is_empty());
}

#[test]
fn a_follower_steps_up_only_while_nobody_is_at_work() {
    let mut pair = Pair::new();
    pair.put(0, "k", "v", 5);
    pair.age(1, 5);
    assert_eq!(pair.leader().step_up(None), Err(RoleError::Leads));

    pair.begin(SPARE);
    refused_step_up(&mut pair, RoleError::TransactionRunning);
    pair.ok(who(SPARE, 0), Call::Rollback);

    pair.seek(SPARE, 0, "k");
    pair.ok(who(SPARE, 0), Call::Search);
    refused_step_up(&mut pair, RoleError::CursorPlaced);
    pair.ok(who(SPARE, 0), Call::Reset);

    // The snapshot excludes what is committed now, and stable could not tell it apart.
    pair.ok(who(SPARE, 0), Call::ResetSnapshot);
    pair.put(0, "k", "w", 6);
    pair.time(1, 6);
    refused_step_up(&mut pair, RoleError::SnapshotHeld);
    pair.ok(who(SPARE, 0), Call::Reset);

    pair.step_up(None);
    assert_eq!(pair.leader().counters().step_ups, 1);
}

#[test]
fn a_checkpoint_that_is_refused_is_not_stepped_up_to() {
    let mut pair = Pair::new();
    pair.put(0, "k", "v", 5);
    pair.put(0, "k", "w", 9);
    let first = pair.advance(1, 5).unwrap();
    pair.time(1, 9);
    let second = pair.checkpoint();
    assert_eq!(pair.follower().adopt(&second), Ok(true));
    let older = AdoptError::Older { offered: first.order, adopted: second.order };
    assert_eq!(pair.follower().step_up(Some(&first)), Err(RoleError::PickUp(older)));
    assert_eq!(pair.follower().step_up(Some(&second)), Ok(()), "the one that it has is fine");
}

#[test]
fn a_leader_steps_down_only_while_nobody_is_at_work() {
    let mut pair = Pair::new();
    pair.put(0, "k", "v", 5);
    let newest = pair.age(1, 5);
    assert_eq!(pair.follower().step_down(Some(&newest)), Err(RoleError::Follows));

    pair.begin(PREPARER);
    pair.write(PREPARER, 0, "k", Some("prepared"));
    pair.ok(who(PREPARER, 0), Call::Prepare(Some(9)));
    assert_eq!(pair.leader().step_down(Some(&newest)), Err(RoleError::TransactionRunning));
    pair.ok(who(PREPARER, 0), Call::Rollback);

    pair.seek(SPARE, 0, "k");
    pair.ok(who(SPARE, 0), Call::Search);
    assert_eq!(pair.leader().step_down(Some(&newest)), Err(RoleError::CursorPlaced));
    pair.ok(who(SPARE, 0), Call::Reset);

    pair.ok(who(SPARE, 0), Call::ResetSnapshot);
    assert_eq!(pair.leader().step_down(Some(&newest)), Err(RoleError::SnapshotHeld));
    pair.ok(who(SPARE, 0), Call::Reset);

    assert_eq!(pair.leader().step_down(Some(&newest)), Ok(()));
}

#[test]
fn what_the_last_checkpoint_lacks_is_lost_at_step_down() {
    let mut pair = Pair::new();
    pair.put(0, "k", "kept", 5);
    pair.put(2, "k", "kept", 5);
    let newest = pair.advance(2, 5).unwrap();
    pair.put(0, "k", "lost", 8);
    pair.put(1, "l", "lost", 8);
    pair.put(2, "k", "plain", 8);
    pair.time(3, 7);
    assert_eq!(pair.leader().step_down(Some(&newest)), Ok(()));
    let old_leader = pair.leader;
    assert_eq!(pair.read_on(old_leader, 0, "k", 0), Some("kept".into()));
    assert_eq!(pair.read_on(old_leader, 1, "l", 0), None);
    assert_eq!(pair.read_on(old_leader, 2, "k", 0), Some("plain".into()), "plain tables stay");
    let queries = [TimestampQuery::Oldest, TimestampQuery::Stable, TimestampQuery::AllDurable];
    assert_eq!(queries.map(|what| pair.query(old_leader, what)), [2, 5, 5]);
    assert_eq!(pair.leader().adopt(&newest), Ok(false), "it is the one that it has");

    let mut pair = Pair::new();
    pair.put(0, "k", "lost", 5);
    pair.time(1, 5);
    assert_eq!(pair.leader().step_down(None), Ok(()));
    let old_leader = pair.leader;
    assert_eq!(pair.read_on(old_leader, 0, "k", 0), None);
    assert_eq!(queries.map(|what| pair.query(old_leader, what)), [0, 0, 0]);
}

#[test]
fn two_nodes_change_places_and_back() {
    let mut pair = Pair::new();
    let mut newest = None;
    for round in 1..=6_u64 {
        let ts = 10 * round;
        pair.put(0, "k", &format!("v{ts}"), ts);
        pair.put(1, &format!("k{ts}"), "x", ts);
        let checkpoint = pair.age(ts - 5, ts);
        assert!(newest.is_none_or(|order| order < checkpoint.order), "orders increase over both nodes");
        newest = Some(checkpoint.order);
        pair.set(0, "k", None, ts + 1);
        // The leader gives up, the follower takes over, and the application repeats what the one has lost.
        assert_eq!(pair.leader().step_down(Some(&checkpoint)), Ok(()));
        assert_eq!(pair.follower().step_up(Some(&checkpoint)), Ok(()));
        let behind = pair.leader;
        pair.leader = 1 - behind;
        assert_eq!(pair.on(behind, who(WRITER, 0), Call::Begin(Begin::default())).code, Code::Ok);
        super::pair::write(|who, call| pair.on(behind, who, call), who(WRITER, 0), "k", None);
        pair.on(behind, who(WRITER, 0), Call::Commit { ts: Some(ts + 1), durable: None });
        pair.on(behind, who(WRITER, 0), Call::Reset);
        assert_eq!(pair.history(0, "k", &[ts, ts + 1, 0]), [format!("v{ts}"), "-".into(), "-".into()]);
        assert_eq!(pair.read(1, "k10", 0).as_deref(), Some("x"));
    }
    assert_eq!(pair.nodes[0].counters().step_ups, 3);
    assert_eq!(pair.nodes[0].counters().step_downs, 3);
}

#[test]
fn readers_below_what_the_checkpoint_reaches_back_to_are_refused_by_the_new_leader_too() {
    let mut pair = Pair::new();
    pair.put(0, "k", "a", 5);
    pair.put(0, "k", "b", 10);
    // The follower has no oldest timestamp of its own.
    let leader = pair.leader;
    let set = Call::SetTimestamp { oldest: Some(8), stable: Some(10), durable: None };
    assert_eq!(pair.on(leader, who(0, 0), set).code, Code::Ok);
    let checkpoint = pair.checkpoint();
    pair.step_up(Some(&checkpoint));
    assert_eq!(
        pair.call(who(READER, 0), Call::Begin(Begin { read_ts: Some(7), ..Begin::default() })).code,
        Code::Invalid
    );
    assert_eq!(pair.history(0, "k", &[8, 10]), ["a", "b"]);
    let leader = pair.leader;
    let set = Call::SetTimestamp { oldest: None, stable: Some(10), durable: None };
    assert_eq!(pair.on(leader, who(0, 0), set).code, Code::Ok);
    assert_eq!(pair.leader().checkpoint().unwrap().oldest, 8, "there is no history from before");
}

#[test]
fn a_cursor_on_an_older_checkpoint_keeps_ingest_after_the_roles_have_changed() {
    let mut pair = Pair::new();
    pair.put(0, "a", "a5", 5);
    pair.put(0, "b", "b5", 5);
    let checkpoint = pair.age(1, 5);
    assert_eq!(pair.leader().step_down(Some(&checkpoint)), Ok(()));
    assert_eq!(pair.follower().step_up(Some(&checkpoint)), Ok(()));
    pair.leader = 1 - pair.leader;
    pair.seek(SPARE, 0, "a");
    pair.ok(who(SPARE, 0), Call::Search);
    pair.set(0, "b", None, 10);
    pair.advance(5, 10).unwrap();
    pair.follower().prune();
    assert_eq!(
        pair.follower().footprint().ingest_keys,
        1,
        "the tombstone is not in the checkpoint that the cursor reads"
    );
    pair.ok(who(SPARE, 0), Call::Reset);
    pair.follower().prune();
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
}
