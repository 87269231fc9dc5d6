//! Everything that can happen to two nodes, in any order, against a list of what was committed.

use super::pair::{PREPARER, Pair, SPARE, WRITER, who, write};
use lockstep::backend::{Begin, Call, Code, CursorConfig, Key, Timestamp, Value};
use lockstep::engine::{AdoptError, Checkpoint};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An update of a key of a table; `None` removes.
#[derive(Clone, Debug)]
struct Update {
    table: u8,
    key: String,
    value: Option<String>,
}

/// A committed transaction: start and durable timestamp and what it did.
#[derive(Clone, Debug)]
enum Entry {
    Txn { prepared: bool, start: Timestamp, durable: Timestamp, updates: Vec<Update> },
    Times { oldest: Timestamp, stable: Timestamp },
}

/// All versions of each key in the order of commits: durable timestamp, start timestamp, value.
type History = BTreeMap<(u8, String), Vec<(Timestamp, Timestamp, Option<String>)>>;

fn read_at(history: &History, table: u8, key: &str, ts: Timestamp) -> Option<String> {
    let versions = history.get(&(table, key.to_owned()))?;
    versions.iter().rev().find(|&&(_, start, _)| ts == 0 || start <= ts)?.2.clone()
}

const KEYS: [&str; 6] = ["k1", "k2", "k3", "k4", "k5", "k6"];
/// Written without timestamps only.
const UNTIMESTAMPED: [&str; 2] = ["u1", "u2"];

/// What one session goes on seeing.
struct Held {
    read_ts: Timestamp,
    /// Whether a transaction was prepared when it took its snapshot: it sees that as soon as it commits.
    met_prepared: bool,
    history: History,
}

struct Chaos {
    rng: ChaCha8Rng,
    pair: Pair,
    history: History,
    log: Vec<Entry>,
    /// The newest checkpoint, and how long the log was then.
    newest: Option<(Arc<Checkpoint>, usize)>,
    prepared: Option<(Timestamp, Vec<Update>)>,
    held: Option<Held>,
    now: Timestamp,
    oldest: Timestamp,
    stable: Timestamp,
    values: u64,
}

impl Chaos {
    fn new(seed: u64) -> Chaos {
        Chaos {
            rng: ChaCha8Rng::seed_from_u64(seed),
            pair: Pair::new(),
            history: History::new(),
            log: Vec::new(),
            newest: None,
            prepared: None,
            held: None,
            now: 10,
            oldest: 0,
            stable: 0,
            values: 0,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        u64::from(self.rng.next_u32()) % bound
    }

    fn newest(&self) -> Option<Arc<Checkpoint>> {
        self.newest.as_ref().map(|(checkpoint, _)| Arc::clone(checkpoint))
    }

    /// Makes some updates in the session's transaction, and answers with what they come to.
    fn updates(&mut self, session: u8, untimestamped: bool) -> Vec<Update> {
        let mut updates = Vec::new();
        let mut seen = self.history.clone();
        for _ in 0..=self.below(4) {
            let table = self.below(2) as u8;
            if !untimestamped && self.prepared.is_none() && self.below(6) == 0 {
                self.truncate(session, table, &mut seen, &mut updates);
                continue;
            }
            let keys = if untimestamped { &UNTIMESTAMPED[..] } else { &KEYS[..] };
            let key = keys[self.below(keys.len() as u64) as usize];
            let in_the_way = |update: &Update| update.table == table && update.key == key;
            if self.prepared.iter().any(|(_, updates)| updates.iter().any(in_the_way)) {
                continue;
            }
            let remove = self.below(3) == 0 && read_at(&seen, table, key, 0).is_some();
            self.values += 1;
            let value = (!remove).then(|| format!("v{}", self.values));
            assert_eq!(self.pair.write(session, table, key, value.as_deref()), Code::Ok);
            add(&mut seen, &mut updates, Update { table, key: key.to_owned(), value });
        }
        updates
    }

    fn truncate(&mut self, session: u8, table: u8, seen: &mut History, updates: &mut Vec<Update>) {
        let ends = [0, 1].map(|_| KEYS[self.below(KEYS.len() as u64) as usize]);
        let (first, last) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        self.pair.ok(who(session, 2), Call::Open(CursorConfig { table, ..CursorConfig::default() }));
        self.pair.seek(session, table, first);
        self.pair.seek(session, 2, last);
        self.pair.ok(who(session, 0), Call::Truncate { start: Some(table), stop: Some(2) });
        for key in KEYS.into_iter().filter(|&key| first <= key && key <= last) {
            if read_at(seen, table, key, 0).is_some() {
                add(seen, updates, Update { table, key: key.to_owned(), value: None });
            }
        }
    }

    fn committed(&mut self, prepared: bool, start: Timestamp, durable: Timestamp, updates: Vec<Update>) {
        let held = self.held.as_mut().filter(|held| prepared && held.met_prepared).map(|held| &mut held.history);
        for history in [Some(&mut self.history), held].into_iter().flatten() {
            for Update { table, key, value } in &updates {
                let versions = history.entry((*table, key.clone())).or_default();
                versions.push((durable, start, value.clone()));
            }
        }
        self.log.push(Entry::Txn { prepared, start, durable, updates });
    }

    fn transaction(&mut self) {
        let untimestamped = self.below(8) == 0;
        self.pair.begin(WRITER);
        let updates = self.updates(WRITER, untimestamped);
        if self.below(8) == 0 {
            self.pair.ok(who(WRITER, 0), Call::Rollback);
            return;
        }
        let ts = if untimestamped { 0 } else { self.tick() };
        self.pair.commit(WRITER, ts);
        self.committed(false, ts, ts, updates);
    }

    fn tick(&mut self) -> Timestamp {
        self.now += 1 + self.below(2);
        self.now
    }

    /// Prepares a transaction, or ends the one that is.
    fn prepare_or_resolve(&mut self) {
        let session = who(PREPARER, 0);
        let Some((prepare_ts, updates)) = self.prepared.take() else {
            self.pair.begin(PREPARER);
            let updates = self.updates(PREPARER, false);
            let ts = self.tick();
            self.pair.ok(session, Call::Prepare(Some(ts)));
            self.prepared = Some((ts, updates));
            return;
        };
        if self.below(3) == 0 {
            self.pair.ok(session, Call::Rollback);
            self.held.iter_mut().for_each(|held| held.met_prepared = false);
            return;
        }
        let start = prepare_ts + self.below(self.now - prepare_ts + 1);
        // What was committed to other keys since does not matter; the key's own timestamps do not go backwards.
        let durable = self.tick() + self.below(3);
        self.now = durable;
        self.pair.ok(session, Call::Commit { ts: Some(start), durable: Some(durable) });
        self.committed(true, start, durable, updates);
        self.held.iter_mut().for_each(|held| held.met_prepared = false);
    }

    fn advance_time(&mut self) {
        let stable = self.stable.max(self.now - self.below(6));
        let lowest_prepared = self.prepared.as_ref().map_or(stable, |&(ts, _)| ts.min(stable));
        let oldest = self.oldest.max(lowest_prepared.saturating_sub(1 + self.below(10))).max(1);
        (self.oldest, self.stable) = (oldest.min(stable), stable);
        self.pair.time(self.oldest, self.stable);
        self.log.push(Entry::Times { oldest: self.oldest, stable: self.stable });
    }

    fn checkpoint(&mut self) {
        if self.stable != 0 {
            self.newest = Some((self.pair.checkpoint(), self.log.len()));
        }
    }

    fn adopt(&mut self) {
        if let Some(newest) = self.newest() {
            let adopted = self.pair.follower().adopt(&newest);
            let pinned = matches!(adopted, Err(AdoptError::Pinned { .. }));
            assert!(adopted.is_ok() || (pinned && self.held.is_some()), "{adopted:?}");
        }
    }

    /// A session takes a snapshot and keeps it, or lets it go.
    fn hold_or_let_go(&mut self) {
        if self.held.take().is_some() {
            self.pair.ok(who(SPARE, 0), Call::Rollback);
            for table in [0, 1] {
                self.pair.ok(who(SPARE, table), Call::Reset);
            }
            return;
        }
        let read_ts =
            if self.below(2) == 0 { 0 } else { self.oldest.max(1) + self.below(self.now - self.oldest.max(1)) };
        self.pair
            .ok(who(SPARE, 0), Call::Begin(Begin { read_ts: (read_ts != 0).then_some(read_ts), ..Begin::default() }));
        self.held = Some(Held { read_ts, met_prepared: self.prepared.is_some(), history: self.history.clone() });
    }

    fn quiesce(&mut self) {
        if self.held.is_some() {
            self.hold_or_let_go();
        }
    }

    fn resolve(&mut self) {
        if self.prepared.take().is_some() {
            self.pair.ok(who(PREPARER, 0), Call::Rollback);
        }
    }

    /// A node dies, perhaps in the middle of something, and the application gives it back what it lost.
    fn restart(&mut self, node: usize) {
        self.quiesce();
        let newest = self.newest();
        match self.below(3) {
            0 if node == self.pair.leader && self.stable != 0 => self.pair.nodes[node].abandon_checkpoint().unwrap(),
            0 if node != self.pair.leader => {
                if let Some(newest) = &newest {
                    self.pair.nodes[node].abandon_adoption(newest).unwrap();
                }
            }
            _ => {}
        }
        self.pair.restart(node, newest.as_deref());
        self.repeat(node);
    }

    /// The follower takes over; the old leader gives up, or has died.
    fn change_roles(&mut self) {
        self.quiesce();
        let newest = self.newest();
        let old = self.pair.leader;
        assert_eq!(self.pair.follower().step_up(newest.as_deref()), Ok(()));
        if self.prepared.is_some() {
            self.pair.restart(old, newest.as_deref());
        }
        assert_eq!(self.pair.nodes[old].step_down(newest.as_deref()), Ok(()));
        self.pair.leader = 1 - old;
        self.repeat(old);
    }

    /// Repeats on a node what the newest checkpoint lacks, the prepared transaction last.
    fn repeat(&mut self, node: usize) {
        let (taken_at, from) = self.newest.as_ref().map_or((0, 0), |(newest, from)| (newest.timestamp, *from));
        for (place, entry) in self.log.clone().into_iter().enumerate() {
            match entry {
                Entry::Txn { prepared, start, durable, updates } if place >= from || durable > taken_at => {
                    self.repeat_updates(node, WRITER, &updates);
                    let on = |pair: &mut Pair, call| assert_eq!(pair.on(node, who(WRITER, 0), call).code, Code::Ok);
                    let ts = (start != 0).then_some(start);
                    if prepared {
                        on(&mut self.pair, Call::Prepare(ts));
                        on(&mut self.pair, Call::Commit { ts, durable: Some(durable) });
                    } else {
                        on(&mut self.pair, Call::Commit { ts, durable: None });
                    }
                }
                Entry::Times { oldest, stable } if place >= from => {
                    let call = Call::SetTimestamp { oldest: Some(oldest), stable: Some(stable), durable: None };
                    assert_eq!(self.pair.on(node, who(WRITER, 0), call).code, Code::Ok);
                }
                _ => {}
            }
        }
        if let Some((ts, updates)) = self.prepared.clone() {
            self.repeat_updates(node, PREPARER, &updates);
            assert_eq!(self.pair.on(node, who(PREPARER, 0), Call::Prepare(Some(ts))).code, Code::Ok);
        }
    }

    fn repeat_updates(&mut self, node: usize, session: u8, updates: &[Update]) {
        let begin = Call::Begin(Begin { roundup_prepared: true, ..Begin::default() });
        assert_eq!(self.pair.on(node, who(session, 0), begin).code, Code::Ok);
        for Update { table, key, value } in updates {
            let cursor = who(session, *table);
            let code = write(|who, call| self.pair.on(node, who, call), cursor, key, value.as_deref());
            assert_eq!(code, Code::Ok, "again: {key} = {value:?}");
            self.pair.on(node, cursor, Call::Reset);
        }
    }

    /// Rolls the leader back to stable; the follower is started again for that.
    fn roll_back(&mut self) {
        self.quiesce();
        self.resolve();
        if self.stable == 0 {
            return;
        }
        let (leader, stable) = (self.pair.leader, self.stable);
        assert_eq!(self.pair.on(leader, who(WRITER, 0), Call::RollbackToStable).code, Code::Ok);
        self.history.values_mut().for_each(|versions| versions.retain(|&(durable, ..)| durable <= stable));
        self.keep_in_log(|durable, _| durable <= stable);
        self.restart(1 - leader);
    }

    fn recreate(&mut self, table: u8) {
        self.quiesce();
        self.resolve();
        for session in 0..4 {
            self.pair.ok(who(session, table), Call::Close);
            self.pair.ok(who(session, 2), Call::Close);
        }
        self.pair.ok(who(WRITER, 0), Call::Recreate { table });
        self.history.retain(|&(other, _), _| other != table);
        self.keep_in_log(|_, update| update.table != table);
        for node in [0, 1] {
            self.pair.open_cursors(node);
        }
    }

    fn keep_in_log(&mut self, keep: impl Fn(Timestamp, &Update) -> bool) {
        for entry in &mut self.log {
            if let Entry::Txn { durable, updates, .. } = entry {
                updates.retain(|update| keep(*durable, update));
            }
        }
    }

    fn step(&mut self) {
        match self.below(40) {
            0..10 => self.transaction(),
            10..14 => self.prepare_or_resolve(),
            14..19 => self.advance_time(),
            19..24 => self.checkpoint(),
            24..28 => self.adopt(),
            28..32 => {
                let percent = 20 * (1 + self.below(5)) as u8;
                self.pair.follower().evict(percent);
            }
            32..35 => self.hold_or_let_go(),
            35 | 36 => self.change_roles(),
            37 => {
                let node = self.below(2) as usize;
                self.resolve();
                self.restart(node);
            }
            38 => self.roll_back(),
            _ => {
                let table = self.below(2) as u8;
                self.recreate(table);
            }
        }
        let read_ts = self.oldest.max(1) + self.below(self.now - self.oldest.max(1) + 2);
        for ts in [0, read_ts] {
            self.verify(ts);
        }
    }

    /// Both nodes answer as the list says, at `ts` (0: now) and in the session that holds a snapshot.
    fn verify(&mut self, ts: Timestamp) {
        let prepared = self.prepared.clone();
        let in_doubt = |table: u8, key: &str| {
            let touches = |update: &Update| update.table == table && update.key == key;
            prepared.iter().any(|(at, updates)| (ts == 0 || *at <= ts) && updates.iter().any(touches))
        };
        for (table, key) in
            [0, 1].into_iter().flat_map(|table| KEYS.iter().chain(&UNTIMESTAMPED).map(move |key| (table, key)))
        {
            if !in_doubt(table, key) {
                assert_eq!(
                    self.pair.read(table, key, ts),
                    read_at(&self.history, table, key, ts),
                    "{table} {key} at {ts}"
                );
            }
            if let Some(held) = &self.held {
                let expected = read_at(&held.history, table, key, held.read_ts);
                self.pair.call(who(SPARE, table), Call::SetKey(&Key::from(*key)));
                let reply = self.pair.call(who(SPARE, table), Call::Search);
                if reply.code != Code::PrepareConflict {
                    let found = reply.value.get().filter(|_| reply.code == Code::Ok).cloned();
                    assert_eq!(found, expected.map(|value| Value::from(value.as_str())), "held: {table} {key}");
                }
            }
        }
    }
}

fn add(seen: &mut History, updates: &mut Vec<Update>, update: Update) {
    seen.entry((update.table, update.key.clone())).or_default().push((0, 0, update.value.clone()));
    updates.push(update);
}

#[test]
fn whatever_happens_the_nodes_answer_alike() {
    for seed in 0..150 {
        let mut chaos = Chaos::new(seed);
        for _ in 0..120 {
            chaos.step();
        }
    }
}
