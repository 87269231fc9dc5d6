//! The physical side of the engine, which no reply shows: what checkpoints contain, when they are refused, what may
//! leave ingest and when.

use lockstep::backend::{Begin, Call, Code, CursorConfig, Isolation, Key, Reply, Timestamp, Value, Who};
use lockstep::engine::{AdoptError, CheckpointError, Node, Role, TableId, TableKind};
use std::collections::BTreeSet;

/// A leader and a follower of one layered table, with two sessions of two cursors each.
struct Pair {
    leader: Node,
    follower: Node,
}

const TABLE: TableKind = TableKind::Layered;
const C0: Who = Who { session: 0, cursor: 0 };
const OTHER: Who = Who { session: 1, cursor: 0 };

impl Pair {
    fn new() -> (Pair, TableId) {
        let mut pair = Pair { leader: Node::new(Role::Leader), follower: Node::new(Role::Follower) };
        let mut table = None;
        for node in [&mut pair.leader, &mut pair.follower] {
            table = Some(node.create_table(TABLE, "t"));
            for session in 0..2 {
                node.open_session(Isolation::Snapshot, 2);
                for cursor in 0..2 {
                    node.call(&[table.unwrap()], 0, Who { session, cursor }, Call::Open(CursorConfig::default()));
                }
            }
        }
        (pair, table.unwrap())
    }

    /// One call on both nodes; they have to agree.
    fn call(&mut self, table: TableId, who: Who, call: Call<'_>) -> Reply {
        let reply = self.follower.call(&[table], 0, who, call);
        assert_eq!(self.leader.call(&[table], 0, who, call), reply, "leader, {call:?}");
        reply
    }

    /// `insert` in a transaction of session 1 that commits at `ts`.
    fn put(&mut self, table: TableId, key: &str, value: &str, ts: Timestamp) {
        self.write(table, Call::Insert, key, Some(value), ts);
    }

    /// A write in a transaction of session 1 that commits at `ts`.
    fn write(&mut self, table: TableId, write: Call<'_>, key: &str, value: Option<&str>, ts: Timestamp) {
        let who = Who { session: 1, cursor: 1 };
        self.call(table, who, Call::Begin(Begin::default()));
        self.call(table, who, Call::SetKey(&Key::from(key)));
        if let Some(value) = value {
            self.call(table, who, Call::SetValue(&Value::from(value)));
        }
        assert_eq!(self.call(table, who, write).code, Code::Ok);
        assert_eq!(self.call(table, who, Call::Commit { ts: Some(ts), durable: None }).code, Code::Ok);
        self.call(table, who, Call::Reset);
    }

    /// Moves oldest and stable, takes a checkpoint and adopts it.
    fn advance(&mut self, table: TableId, oldest: Timestamp, stable: Timestamp) -> Result<bool, AdoptError> {
        self.call(table, C0, Call::SetTimestamp { oldest: Some(oldest), stable: Some(stable), durable: None });
        let checkpoint = self.leader.checkpoint().expect("stable is set");
        self.follower.adopt(&checkpoint)
    }

    /// What the follower's session 0 finds at `key`.
    fn search(&mut self, table: TableId, key: &str) -> Option<Value> {
        self.call(table, C0, Call::SetKey(&Key::from(key)));
        let reply = self.call(table, C0, Call::Search);
        (reply.code == Code::Ok).then(|| reply.value.get().cloned().unwrap())
    }
}

#[test]
fn a_checkpoint_is_the_content_at_stable_and_its_history_from_oldest() {
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a5", 5);
    pair.put(t, "a", "a10", 10);
    pair.put(t, "a", "a15", 15);
    pair.write(t, Call::Remove, "a", None, 20);
    pair.put(t, "b", "b25", 25);
    pair.call(t, C0, Call::SetTimestamp { oldest: Some(12), stable: Some(20), durable: None });
    let checkpoint = pair.leader.checkpoint().unwrap();
    assert_eq!((checkpoint.oldest, checkpoint.timestamp), (12, 20));
    let image = &checkpoint.tables[0].image;
    assert_eq!(image.rows().len(), 1, "b is newer than stable");
    let row = image.row(&"a".into()).unwrap();
    assert_eq!(row.read(0), None, "the newest version is the delete");
    assert_eq!(row.read(19), Some(&Value::from("a15")));
    assert_eq!(row.read(12), Some(&Value::from("a10")), "what a reader at oldest sees is still there");
    assert_eq!(row.read(9), None, "what nobody may read is not");
}

#[test]
fn a_key_that_nobody_can_see_any_more_is_not_in_the_checkpoint() {
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a5", 5);
    pair.write(t, Call::Remove, "a", None, 10);
    pair.call(t, C0, Call::SetTimestamp { oldest: Some(10), stable: Some(10), durable: None });
    assert_eq!(pair.leader.checkpoint().unwrap().tables[0].image.rows().len(), 0);
}

#[test]
fn checkpoints_need_a_leader_and_a_stable_timestamp() {
    let (mut pair, t) = Pair::new();
    assert_eq!(pair.leader.checkpoint().unwrap_err(), CheckpointError::NoStable);
    assert_eq!(pair.follower.checkpoint().unwrap_err(), CheckpointError::NotLeader);
    pair.call(t, C0, Call::SetTimestamp { oldest: None, stable: Some(1), durable: None });
    let first = pair.leader.checkpoint().unwrap();
    let second = pair.leader.checkpoint().unwrap();
    assert_eq!(pair.leader.adopt(&first), Err(AdoptError::NotFollower));
    assert_eq!(pair.follower.adopt(&second), Ok(true));
    assert_eq!(pair.follower.adopt(&second), Ok(false), "again is no news");
    assert_eq!(pair.follower.adopt(&first), Err(AdoptError::Older { offered: 1, adopted: 2 }));
}

#[test]
fn a_pick_up_that_would_break_a_reader_is_refused_and_changes_nothing() {
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a5", 5);
    pair.advance(t, 5, 5).unwrap();
    pair.write(t, Call::Remove, "a", None, 10);
    pair.call(t, C0, Call::Begin(Begin { read_ts: Some(7), ..Begin::default() }));
    let before = pair.follower.footprint();
    assert_eq!(pair.advance(t, 10, 10), Err(AdoptError::Pinned { oldest: 10, pinned: 7 }));
    assert_eq!(pair.follower.footprint(), before);
    assert_eq!(pair.search(t, "a"), Some(Value::from("a5")));
    pair.call(t, C0, Call::Rollback);
    assert_eq!(pair.advance(t, 10, 10), Ok(true));
    assert_eq!(pair.search(t, "a"), None);
}

#[test]
fn ingest_keeps_what_a_checkpoint_in_use_lacks() {
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a5", 5);
    pair.put(t, "b", "b5", 5);
    pair.advance(t, 1, 5).unwrap();
    pair.follower.prune();
    assert_eq!(pair.follower.footprint().ingest_keys, 0);
    // A cursor stands on a record of the first checkpoint, and a snapshot is held with it.
    assert_eq!(pair.search(t, "a"), Some(Value::from("a5")));
    pair.write(t, Call::Remove, "b", None, 10);
    pair.advance(t, 5, 10).unwrap();
    pair.follower.prune();
    assert_eq!(pair.follower.footprint().ingest_keys, 1, "the tombstone of b is not in the first checkpoint");
    assert_eq!(pair.follower.footprint().checkpoints, 2);
    pair.call(t, C0, Call::Reset);
    pair.follower.prune();
    assert_eq!(pair.follower.footprint().ingest_keys, 0, "now nobody reads the first checkpoint");
    assert_eq!(pair.follower.footprint().checkpoints, 1);
    assert_eq!(pair.search(t, "b"), None);
}

#[test]
fn a_held_snapshot_keeps_one_checkpoint_and_not_all_that_follow() {
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a1", 1);
    pair.advance(t, 1, 1).unwrap();
    pair.call(t, C0, Call::Begin(Begin::default()));
    for ts in 2..100 {
        pair.put(t, "b", "b", ts);
        pair.advance(t, 1, ts).unwrap();
        assert!(pair.follower.footprint().checkpoints <= 2, "at {ts}");
    }
    pair.follower.prune();
    assert_eq!(pair.search(t, "b"), None, "the snapshot is older");
    assert_eq!(pair.search(t, "a"), Some(Value::from("a1")));
}

#[test]
fn eviction_takes_its_share_and_spares_what_is_newer_or_untimestamped() {
    let (mut pair, t) = Pair::new();
    for key in 0..10 {
        pair.put(t, &format!("k{key}"), "v", 5);
    }
    pair.advance(t, 1, 5).unwrap();
    pair.follower.evict(40);
    assert_eq!(pair.follower.footprint().ingest_keys, 6);
    pair.put(t, "k9", "newer", 10);
    pair.call(t, OTHER, Call::SetKey(&Key::from("untimestamped")));
    pair.call(t, OTHER, Call::SetValue(&Value::from("v")));
    assert_eq!(pair.call(t, OTHER, Call::Insert).code, Code::Ok);
    pair.follower.evict(100);
    assert_eq!(pair.follower.footprint().ingest_keys, 2);
    assert_eq!(pair.search(t, "k9"), Some(Value::from("newer")));
}

#[test]
fn versions_do_not_pile_up_while_oldest_moves_along() {
    let (mut pair, t) = Pair::new();
    let mut most = 0;
    for ts in 1..2_000 {
        pair.put(t, if ts % 2 == 0 { "a" } else { "b" }, "v", ts);
        if ts % 10 == 0 {
            pair.advance(t, ts - 5, ts).unwrap();
            pair.follower.evict(60);
        }
        most = most.max(pair.follower.footprint().versions).max(pair.leader.footprint().versions);
    }
    assert!(most < 60, "{most} versions of two keys");
}

#[test]
fn a_reader_is_not_led_past_a_commit_below_its_timestamp() {
    // Reads at 100; somebody commits at 50 after its snapshot was taken. The checkpoint that has it carries no ids.
    let (mut pair, t) = Pair::new();
    pair.put(t, "a", "a5", 5);
    pair.advance(t, 1, 5).unwrap();
    pair.call(t, C0, Call::Begin(Begin { read_ts: Some(100), ..Begin::default() }));
    pair.put(t, "a", "a50", 50);
    pair.advance(t, 5, 50).unwrap();
    pair.follower.prune();
    assert_eq!(pair.search(t, "a"), Some(Value::from("a5")));
    pair.call(t, C0, Call::Rollback);
    assert_eq!(pair.search(t, "a"), Some(Value::from("a50")));
}

/// How many different keys 100 draws of a random cursor give.
fn keys_drawn(node: &mut Node, table: TableId) -> usize {
    let who = Who { session: 0, cursor: 1 };
    node.call(&[table], 0, who, Call::Open(CursorConfig { random: true, ..CursorConfig::default() }));
    let draw = |_: usize| {
        let reply = node.call(&[table], 0, who, Call::Next);
        assert_eq!(reply.code, Code::Ok);
        reply.key.get().cloned().expect("a record has a key")
    };
    let keys = (0..100).map(draw).collect::<BTreeSet<Key>>();
    // It would hold its snapshot.
    node.call(&[table], 0, who, Call::Reset);
    keys.len()
}

#[test]
fn random_records_come_from_all_over_the_table() {
    let (mut pair, t) = Pair::new();
    for key in 0..200 {
        pair.put(t, &format!("k{key:03}"), "v", 5);
    }
    let mut drawn = vec![("leader", keys_drawn(&mut pair.leader, t)), ("ingest", keys_drawn(&mut pair.follower, t))];
    pair.advance(t, 1, 5).unwrap();
    pair.follower.prune();
    assert_eq!(pair.follower.footprint().ingest_keys, 0);
    drawn.push(("stable", keys_drawn(&mut pair.follower, t)));

    let mut plain = Node::new(Role::Follower);
    let table = plain.create_table(TableKind::Plain(lockstep::backend::Format::Row), "p");
    plain.open_session(Isolation::Snapshot, 2);
    plain.call(&[table], 0, C0, Call::Open(CursorConfig::default()));
    for key in 0..200 {
        plain.call(&[table], 0, C0, Call::SetKey(&Key::from(format!("k{key:03}").as_str())));
        plain.call(&[table], 0, C0, Call::SetValue(&Value::from("v")));
        assert_eq!(plain.call(&[table], 0, C0, Call::Insert).code, Code::Ok);
    }
    drawn.push(("plain", keys_drawn(&mut plain, table)));
    let few: Vec<_> = drawn.into_iter().filter(|&(_, keys)| keys < 30).collect();
    assert!(few.is_empty(), "100 draws from 200 records gave few keys: {few:?}");
}
