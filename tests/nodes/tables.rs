//! Whole tables: two in one checkpoint, dropped and created anew, rolled back to stable.

use super::pair::{PLAIN, PREPARER, Pair, READER, SPARE, WRITER, who};
use lockstep::backend::{Begin, Call, Code, CursorConfig, Key, Point, TimestampQuery};
use lockstep::engine::Node;
use std::sync::Arc;

#[test]
fn a_table_that_has_not_changed_shares_the_image_of_the_checkpoint_before() {
    let mut pair = Pair::new();
    pair.put(0, "k", "v", 5);
    pair.put(1, "k", "v", 5);
    pair.put(1, "later", "v", 9);
    let mut images = Vec::new();
    let mut take = |pair: &mut Pair, stable| {
        pair.time(1, stable);
        let checkpoint = pair.checkpoint();
        images.push([0, 1].map(|table| Arc::clone(&checkpoint.tables[table].image)));
    };
    take(&mut pair, 5);
    take(&mut pair, 6);
    take(&mut pair, 9);
    pair.put(0, "k", "w", 12);
    take(&mut pair, 15);
    let shared: Vec<[bool; 2]> =
        images.windows(2).map(|pair| [0, 1].map(|table| Arc::ptr_eq(&pair[0][table], &pair[1][table]))).collect();
    // The second table has an update above stable at first: stable moves over it.
    assert_eq!(shared, [[true, false], [true, false], [false, true]]);
    assert_eq!(images[3][1].rows().len(), 2);
    assert_eq!(pair.leader().counters().images_shared, 3);
}

#[test]
fn history_that_nobody_may_read_any_more_is_not_shared() {
    let mut pair = Pair::new();
    pair.put(0, "k", "v", 5);
    pair.put(0, "k", "w", 8);
    pair.time(1, 10);
    assert_eq!(pair.checkpoint().tables[0].image.rows()[0].history.len(), 1);
    pair.time(9, 10);
    assert!(pair.checkpoint().tables[0].image.rows()[0].history.is_empty());
}

/// What happens between the two tables of an adoption, with a follower that has a checkpoint and is behind by one.
fn between(pair: &mut Pair, action: impl FnOnce(&mut Node) + 'static) {
    for table in [0, 1] {
        pair.put(table, "a", "a5", 5);
        pair.put(table, "b", "b5", 5);
    }
    pair.age(1, 5);
    for table in [0, 1] {
        pair.set(table, "a", None, 10);
        pair.put(table, "b", "b10", 10);
    }
    pair.time(1, 10);
    let newest = pair.checkpoint();
    pair.follower().arm(Point::TableAdopted, Box::new(action));
    assert_eq!(pair.follower().adopt(&newest), Ok(true));
    assert!(!pair.follower().disarm(), "the action has run");
}

#[test]
fn a_reader_that_comes_between_two_tables_sees_no_difference() {
    for read_ts in [None, Some(10), Some(7)] {
        let mut pair = Pair::new();
        let tables: Vec<_> = pair.tables();
        let begin = Begin { read_ts, ..Begin::default() };
        between(&mut pair, move |node| {
            node.act(&tables, 0, who(READER, 0), Call::Begin(begin));
            node.prune();
        });
        let leader = pair.leader;
        pair.on(leader, who(READER, 0), Call::Begin(begin));
        for late in [false, true] {
            if late {
                pair.follower().prune();
            }
            for (table, key) in [(0, "a"), (1, "a"), (0, "b"), (1, "b")] {
                pair.seek(READER, table, key);
                pair.call(who(READER, table), Call::Search);
            }
            for table in [0, 1] {
                pair.ok(who(READER, table), Call::Reset);
                while pair.call(who(READER, table), Call::Next).code == Code::Ok {}
            }
        }
    }
}

#[test]
fn a_later_checkpoint_that_comes_between_two_tables_stays_the_newest() {
    let mut pair = Pair::new();
    for table in [0, 1] {
        pair.put(table, "a", "a5", 5);
        pair.put(table, "a", "a10", 10);
        pair.put(table, "a", "a15", 15);
    }
    pair.age(1, 5);
    let [second, third] = [10, 15].map(|stable| {
        pair.time(1, stable);
        pair.checkpoint()
    });
    let tables = pair.tables();
    let nested = move |node: &mut Node| {
        node.act(&tables, 0, who(READER, 0), Call::Begin(Begin::default()));
        assert_eq!(node.adopt(&third), Ok(true));
        node.prune();
    };
    pair.follower().arm(Point::TableAdopted, Box::new(nested));
    assert_eq!(pair.follower().adopt(&second), Ok(true));
    let leader = pair.leader;
    pair.on(leader, who(READER, 0), Call::Begin(Begin::default()));
    pair.follower().prune();
    for table in [0, 1] {
        pair.seek(READER, table, "a");
        pair.ok(who(READER, table), Call::Search);
        pair.ok(who(READER, table), Call::Reset);
    }
    pair.ok(who(READER, 0), Call::Rollback);
    pair.follower().prune();
    assert_eq!(pair.follower().footprint().checkpoints, 2);
    assert_eq!(pair.follower().footprint().ingest_keys, 0);
    for table in [0, 1] {
        assert_eq!(pair.history(table, "a", &[5, 9, 10, 15, 0]), ["a5", "a5", "a10", "a15", "a15"]);
    }
}

#[test]
fn a_cursor_on_its_way_to_a_record_keeps_its_checkpoint_in_use() {
    let mut pair = Pair::new();
    for key in ["a", "d"] {
        pair.put(0, key, "v5", 5);
    }
    pair.age(1, 5);
    pair.put(0, "b", "v10", 10);
    pair.time(1, 10);
    let newest = pair.checkpoint();
    pair.ok(who(READER, 0), Call::Begin(Begin { read_ts: Some(20), ..Begin::default() }));
    let step_in = move |node: &mut Node| {
        assert_eq!(node.adopt(&newest), Ok(true));
        node.prune();
    };
    pair.follower().arm(Point::SideMoved, Box::new(step_in));
    let mut keys = Vec::new();
    for _ in 0..3 {
        let reply = pair.ok(who(READER, 0), Call::Next);
        keys.push(reply.key.get().unwrap().clone());
        // An own update: what was parked ahead has to be sought again.
        assert_eq!(pair.write(READER, 1, "own", Some("v")), Code::Ok);
    }
    assert!(!pair.follower().disarm(), "the action has run");
    assert_eq!(keys, ["a", "b", "d"].map(Key::from));
}

#[test]
fn a_table_is_created_anew_only_while_nobody_is_at_work() {
    let mut pair = Pair::new();
    let recreate = |table: u8| Call::Recreate { table };
    for table in [0, 1, PLAIN] {
        pair.put(table, "k", "v", 5);
        assert_eq!(pair.call(who(SPARE, 0), recreate(table)).code, Code::Busy, "cursors are open");
    }
    pair.close(1);
    for session in [SPARE, PREPARER] {
        pair.begin(session);
        assert_eq!(
            pair.call(who(SPARE, 0), recreate(1)).code,
            Code::Busy,
            "a transaction of session {session} is running"
        );
        pair.ok(who(session, 0), Call::Rollback);
    }
    assert_eq!(pair.call(who(SPARE, 0), recreate(0)).code, Code::Busy);
    pair.ok(who(SPARE, 0), recreate(1));
    pair.open(1);
    assert_eq!(pair.read(1, "k", 0), None);
    assert_eq!(pair.read(0, "k", 0).as_deref(), Some("v"));
    pair.put(1, "k", "new", 3);
    assert_eq!(pair.read(1, "k", 0).as_deref(), Some("new"), "its timestamps begin anew");
    pair.close(PLAIN);
    pair.ok(who(SPARE, 0), recreate(PLAIN));
    pair.open(PLAIN);
    assert_eq!(pair.read(PLAIN, "k", 0), None);
}

#[test]
fn a_checkpoint_of_the_table_before_does_not_come_back() {
    let mut pair = Pair::new();
    pair.put(0, "k", "old", 5);
    pair.put(1, "k", "other", 5);
    pair.time(1, 5);
    let late = pair.checkpoint();
    // A snapshot from before, held by a cursor on the other table.
    pair.seek(SPARE, 1, "k");
    pair.ok(who(SPARE, 1), Call::Search);
    pair.close(0);
    pair.ok(who(WRITER, 0), Call::Recreate { table: 0 });
    pair.open(0);
    assert_eq!(pair.follower().adopt(&late), Ok(true));
    pair.follower().prune();
    assert_eq!(pair.read(0, "k", 0), None);
    pair.seek(SPARE, 0, "k");
    assert_eq!(pair.call(who(SPARE, 0), Call::Search).code, Code::NotFound);
    assert_eq!(pair.read(1, "k", 0).as_deref(), Some("other"));
    pair.ok(who(SPARE, 1), Call::Reset);

    pair.put(0, "k", "new", 8);
    let newest = pair.age(1, 8);
    assert_eq!(pair.follower().footprint().ingest_keys, 0, "the new table's own checkpoints serve it");
    assert_eq!(pair.read(0, "k", 0).as_deref(), Some("new"));
    pair.step_up(Some(&newest));
    assert_eq!(pair.history(0, "k", &[5, 8]), ["-", "new"]);
}

#[test]
fn rollback_to_stable_drops_what_is_not_durable_by_then() {
    let mut pair = Pair::new();
    let leader = pair.leader;
    let roll_back = |pair: &mut Pair| pair.on(leader, who(SPARE, 0), Call::RollbackToStable).code;
    assert_eq!(pair.on(1 - leader, who(SPARE, 0), Call::RollbackToStable).code, Code::NotSupported);
    for table in [0, 1, PLAIN] {
        pair.put(table, "k", "a", 5);
        pair.put(table, "k", "b", 15);
        pair.put(table, "new", "n", 15);
        pair.put(table, "untimestamped", "u", 0);
        pair.begin(WRITER);
        pair.write(WRITER, table, "slow", Some("s"));
        pair.ok(who(WRITER, 0), Call::Prepare(Some(8)));
        pair.ok(who(WRITER, 0), Call::Commit { ts: Some(8), durable: Some(15) });
    }
    assert_eq!(roll_back(&mut pair), Code::Ok, "without a stable timestamp nothing is removed");
    assert_eq!(pair.read_on(leader, 0, "k", 0), Some("b".into()));
    assert_eq!(pair.query(leader, TimestampQuery::AllDurable), 0);
    pair.time(10, 10);
    pair.checkpoint();

    pair.begin(SPARE);
    assert_eq!(roll_back(&mut pair), Code::Busy);
    pair.ok(who(SPARE, 0), Call::Rollback);
    pair.seek(SPARE, PLAIN, "k");
    pair.ok(who(SPARE, PLAIN), Call::Search);
    assert_eq!(roll_back(&mut pair), Code::Busy);
    pair.ok(who(SPARE, PLAIN), Call::Reset);

    assert_eq!(roll_back(&mut pair), Code::Ok);
    for table in [0, 1, PLAIN] {
        assert_eq!(pair.read_on(leader, table, "k", 0), Some("a".into()));
        assert_eq!(pair.read_on(leader, table, "new", 0), None);
        assert_eq!(pair.read_on(leader, table, "slow", 0), None);
        assert_eq!(pair.read_on(leader, table, "untimestamped", 0), Some("u".into()));
    }
    assert_eq!(pair.query(leader, TimestampQuery::AllDurable), 10);
    assert_eq!(pair.leader().counters().unstable_versions, 9);
    assert_eq!(pair.checkpoint().tables[0].image.rows().len(), 2);
}

#[test]
fn an_update_that_is_not_durable_does_not_let_go_of_what_is_below_it() {
    let mut pair = Pair::new();
    let leader = pair.leader;
    pair.put(0, "k", "below", 5);
    pair.begin(WRITER);
    pair.write(WRITER, 0, "k", None);
    pair.ok(who(WRITER, 0), Call::Prepare(Some(8)));
    pair.ok(who(WRITER, 0), Call::Commit { ts: Some(8), durable: Some(20) });
    pair.time(10, 10);
    let checkpoint = pair.checkpoint();
    assert_eq!(checkpoint.tables[0].image.rows().len(), 1, "the delete is not in the checkpoint");
    assert_eq!(pair.on(leader, who(SPARE, 0), Call::RollbackToStable).code, Code::Ok);
    assert_eq!(pair.read_on(leader, 0, "k", 0), Some("below".into()));
}

impl Pair {
    /// Closes all cursors on a table.
    fn close(&mut self, table: u8) {
        for session in 0..4 {
            self.ok(who(session, table), Call::Close);
        }
    }

    /// Opens them again.
    fn open(&mut self, table: u8) {
        for session in 0..4 {
            self.ok(who(session, table), Call::Open(CursorConfig { table, ..CursorConfig::default() }));
        }
    }
}
