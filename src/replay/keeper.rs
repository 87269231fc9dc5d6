//! What goes on besides the workers' operations: timestamps move, the leader takes checkpoints, the follower adopts and
//! evicts, and what the nodes have is compared with the plan.
//!
//! All that is done in *rounds*, each about the numbers that are done when it begins, and in small pieces between
//! which workers go on. A round compares, on each node and for each table,
//! - what a walk at some earlier number finds with the state at that number;
//! - all that happened to any key since the round before with the plan's history, by reading at every number that ought
//!   to have changed a key, at the one before it, and at the end. What changed when nothing ought to is looked for.

use super::check::Difference;
use super::cluster::{Cluster, ClusterSession, Walk};
use super::oracle::Oracle;
use super::plan::{Draws, OpNumber, Plan, Purpose};
use super::simulate::Watcher;
use super::source::Source;
use super::store::StoreError;
use super::threads::Upkeep;
use crate::backend::Direction;
use crate::bytes::ByteStr;
use crate::engine::Checkpoint;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A key got another value, or none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// By which number.
    pub t: OpNumber,
    /// In which table.
    pub table: u16,
    /// Which key.
    pub key: u64,
    /// What it has from then on.
    pub value: Option<ByteStr>,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Rounds.
    pub rounds: u64,
    /// Checkpoints taken.
    pub checkpoints: u64,
    /// Checkpoints adopted.
    pub adopted: u64,
    /// States of a table on a node that were compared.
    pub states: u64,
    /// Changes of a key on a node that were compared.
    pub changes: u64,
}

/// Keys whose histories are read at a time.
const PIECE: usize = 16;

/// A piece of a round.
#[derive(Debug)]
enum Task {
    Stable { node: usize },
    Checkpoint,
    Adopt,
    Evict { percent: u8 },
    Look { node: usize, table: u16, t: OpNumber, walk: Walk },
    Histories(Histories),
    Oldest { node: usize, t: OpNumber },
}

/// All that happened to the keys of a table on a node since the last round.
#[derive(Debug)]
struct Histories {
    node: usize,
    table: u16,
    walk: Option<Walk>,
    /// What the table has at the end.
    state: BTreeMap<u64, ByteStr>,
    /// The keys that are still to be looked at.
    keys: VecDeque<u64>,
    found: Vec<Change>,
}

/// Keeps the nodes of a cluster up and compares them with the plan.
#[derive(Debug)]
pub struct Keeper {
    plan: Arc<Plan>,
    oracle: Oracle,
    cluster: Cluster,
    session: ClusterSession,
    draws: Draws,
    /// Numbers between two rounds.
    every: u64,
    tasks: VecDeque<Task>,
    /// Up to where the last round went, and this one goes.
    last: OpNumber,
    now: OpNumber,
    /// Nobody reads below.
    oldest: OpNumber,
    /// Taken, and not adopted yet.
    waiting: Option<Arc<Checkpoint>>,
    /// By node and table, what was found at `last`.
    states: Vec<Vec<BTreeMap<u64, ByteStr>>>,
    /// All that happened on the leader.
    changes: Vec<Change>,
    kept: Kept,
    difference: Option<Difference>,
}

impl Keeper {
    /// A keeper of a cluster that has what is there after number `done`. The seed says what happens in which round,
    /// `every` how many numbers are done between two.
    pub fn new(plan: &Arc<Plan>, mut cluster: Cluster, done: OpNumber, seed: u64, every: u64) -> Self {
        let oracle = Oracle::at(Arc::clone(plan), done);
        let session = cluster.session(0);
        let states = vec![vec![BTreeMap::new(); plan.tables().len()]; cluster.nodes().len()];
        let mut keeper = Keeper {
            plan: Arc::clone(plan),
            oracle,
            cluster,
            session,
            draws: Draws::new(seed, Purpose::Schedule, KEEPER),
            every: every.max(1),
            tasks: VecDeque::new(),
            last: done,
            now: done,
            oldest: done,
            waiting: None,
            states,
            changes: Vec::new(),
            kept: Kept::default(),
            difference: None,
        };
        keeper.remember();
        keeper
    }

    /// The cluster, to have sessions from. Session 0 is the keeper's.
    pub fn cluster(&mut self) -> &mut Cluster {
        &mut self.cluster
    }

    /// What was done.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// What happened to the leader's keys since the keeper was made, in the order of numbers, tables and keys.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What every key had at every number.
    pub fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    /// The first difference that was found.
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }

    /// Ends the round that is going on and makes a last one: all numbers up to `done` are done, and nobody does anything.
    ///
    /// # Errors
    /// Where the nodes differ from the plan.
    pub fn finish(&mut self, done: OpNumber) -> Result<(), Difference> {
        while !self.tasks.is_empty() {
            self.turn(done)?;
        }
        self.begin_round(done, true);
        while self.turn(done)? {}
        Ok(())
    }

    /// Goes on whatever was found, to know all that happened.
    pub fn finish_anyhow(&mut self, done: OpNumber) {
        while !self.tasks.is_empty() {
            // The first difference is kept.
            let _ = self.turn(done);
        }
        self.begin_round(done, true);
        while !self.tasks.is_empty() {
            let _ = self.turn(done);
        }
    }

    /// All nodes die and come back with the last checkpoint. Answers with the number from which to go on.
    ///
    /// # Errors
    /// Where they differ from the plan then.
    pub fn crash(&mut self) -> Result<OpNumber, Difference> {
        let done = self.cluster.crash().map_err(|error| difference(self.last, 0, &error))?;
        self.session = self.cluster.session(0);
        self.tasks.clear();
        self.waiting = None;
        (self.last, self.now, self.oldest) = (done, done, done);
        self.changes.retain(|change| change.t <= done);
        self.oracle.advance(done);
        self.remember();
        for node in 0..self.states.len() {
            for table in 0..self.plan.tables().len() as u16 {
                self.tasks.push_back(Task::Look { node, table, t: done, walk: Walk::new(Direction::Next) });
            }
        }
        while !self.tasks.is_empty() {
            let after = |wrong: Difference| Difference { what: format!("after a crash {}", wrong.what), ..wrong };
            self.turn(done).map_err(after)?;
        }
        Ok(done)
    }

    /// Takes the plan's word for what is there now.
    fn remember(&mut self) {
        for node in &mut self.states {
            for (table, state) in (0..).zip(node) {
                *state = self.oracle.state(table, self.last).into_iter().collect();
            }
        }
    }

    /// What a round about all numbers up to `done` consists of.
    fn begin_round(&mut self, done: OpNumber, is_last: bool) {
        self.oracle.advance(done);
        self.now = done;
        self.kept.rounds += 1;
        let (nodes, tables) = (self.states.len(), self.plan.tables().len() as u16);
        let first = self.draws.below(nodes as u64) as usize;
        self.tasks.extend((0..nodes).map(|node| Task::Stable { node: (first + node) % nodes }));
        let mut compare = VecDeque::new();
        let mut direction = Direction::Next;
        for node in 0..nodes {
            for table in 0..tables {
                let t = self.oldest + self.draws.below(done - self.oldest + 1);
                direction = if direction == Direction::Next { Direction::Prev } else { Direction::Next };
                let look = |t, direction| Task::Look { node, table, t, walk: Walk::new(direction) };
                if self.draws.below(2) == 0 || is_last {
                    compare.push_back(look(if is_last { done } else { t }, direction));
                }
                compare.push_back(Task::Histories(Histories::new(node, table)));
            }
        }
        let mut events = VecDeque::new();
        if self.draws.below(4) != 0 || is_last {
            events.push_back(Task::Checkpoint);
        }
        if self.draws.below(2) == 0 || is_last {
            events.push_back(Task::Adopt);
            let percent = [0, 30, 60, 100][self.draws.below(4) as usize];
            events.push_back(Task::Evict { percent });
        }
        // Most often what comes of an event is looked at in the same round.
        if self.draws.below(4) == 0 {
            self.tasks.extend(compare.into_iter().chain(events));
        } else {
            self.tasks.extend(events.into_iter().chain(compare));
        }
        let t = self.oldest + self.draws.below(done - self.oldest + 1);
        // A checkpoint of the leader's must not begin above what the follower's readers may ask for.
        self.tasks.extend((0..nodes).rev().map(|node| Task::Oldest { node, t }));
    }

    /// Does a task, or a part of it. Answers with the rest.
    fn perform(&mut self, task: Task) -> Result<Option<Task>, Difference> {
        let (now, clock) = (self.now, self.plan.clock());
        let broken = |error: StoreError| difference(now, 0, &error);
        match task {
            Task::Stable { node } => {
                self.session.nodes()[node].calls().set_timestamp(None, Some(clock.after(now))).map_err(broken)?;
            }
            Task::Checkpoint => {
                self.waiting = Some(self.cluster.checkpoint().map_err(broken)?);
                self.kept.checkpoints += 1;
            }
            Task::Adopt => {
                if let Some(checkpoint) = self.waiting.take() {
                    self.cluster.adopt(&checkpoint).map_err(broken)?;
                    self.kept.adopted += 1;
                }
            }
            Task::Evict { percent } => self.cluster.evict(percent),
            Task::Look { node, table, t, mut walk } => {
                if !self.walk(node, table, t, &mut walk)? {
                    return Ok(Some(Task::Look { node, table, t, walk }));
                }
                self.compare_state(node, table, t, &walk.into_rows())?;
            }
            Task::Histories(mut histories) => {
                if !self.look_at_histories(&mut histories)? {
                    return Ok(Some(Task::Histories(histories)));
                }
                self.compare_changes(histories)?;
            }
            Task::Oldest { node, t } => {
                self.session.nodes()[node].calls().set_timestamp(Some(clock.after(t)), None).map_err(broken)?;
                self.oldest = t;
            }
        }
        Ok(None)
    }

    /// Goes a little further along a table as it is after number `t`. Whether that was the end.
    fn walk(&mut self, node: usize, table: u16, t: OpNumber, walk: &mut Walk) -> Result<bool, Difference> {
        let at = self.plan.clock().after(t);
        let session = &mut self.session.nodes()[node];
        let mut further = || {
            if !walk.has_begun() {
                session.calls().reset(table);
                session.calls().begin(Some(at))?;
            }
            let is_over = session.calls().walk(table, walk)?;
            if is_over {
                session.calls().reset(table);
                session.calls().rollback()?;
            }
            Ok(is_over)
        };
        further().map_err(|error| {
            // Whether that can still be done does not matter: the walk has failed.
            let _ = session.calls().rollback();
            difference(t, table, &error)
        })
    }

    fn compare_state(
        &mut self,
        node: usize,
        table: u16,
        t: OpNumber,
        found: &[(u64, ByteStr)],
    ) -> Result<(), Difference> {
        self.kept.states += 1;
        let expected = self.oracle.state(table, t);
        let (one, other) = (found.iter().map(Some).chain([None]), expected.iter().map(Some).chain([None]));
        match one.zip(other).find(|(one, other)| one != other) {
            None => Ok(()),
            Some((one, other)) => {
                let key = one.into_iter().chain(other).map(|row| row.0).min().unwrap_or_default();
                let of = |row: Option<&(u64, ByteStr)>| row.filter(|row| row.0 == key).map(|row| row.1.clone());
                let value = of(one);
                Err(self.wrong_value(node, t, table, key, value.as_ref(), of(other).as_ref()))
            }
        }
    }

    fn wrong_value(
        &self,
        node: usize,
        t: OpNumber,
        table: u16,
        key: u64,
        found: Option<&ByteStr>,
        expected: Option<&ByteStr>,
    ) -> Difference {
        let name = self.cluster.name(node);
        let what = format!("the {name} has {}, expected {}", show(found), show(expected));
        Difference { t, table, key: Some(key), what }
    }

    /// Does a part of what there is to do for the histories of a table. Whether that was the last.
    fn look_at_histories(&mut self, all: &mut Histories) -> Result<bool, Difference> {
        let Histories { node, table, .. } = *all;
        if let Some(mut walk) = all.walk.take() {
            if !self.walk(node, table, self.now, &mut walk)? {
                all.walk = Some(walk);
                return Ok(false);
            }
            all.state = walk.into_rows().into_iter().collect();
            all.keys = self.keys_to_look_at(node, table, &all.state);
        }
        for _ in 0..PIECE {
            let Some(key) = all.keys.pop_front() else { return Ok(true) };
            self.look_at_key(all, key).map_err(|error| difference(self.now, table, &error))?;
        }
        Ok(false)
    }

    /// The keys that were written since the last round, as the plan or the node has it.
    fn keys_to_look_at(&self, node: usize, table: u16, state: &BTreeMap<u64, ByteStr>) -> VecDeque<u64> {
        let written = self.oracle.writes(table, self.last, self.now).iter().map(|(_, key)| *key);
        let before = &self.states[node][usize::from(table)];
        let new = state.iter().filter(|(key, value)| before.get(key) != Some(value)).map(|(key, _)| *key);
        let gone = before.keys().filter(|key| !state.contains_key(key)).copied();
        let mut keys: Vec<_> = written.chain(new).chain(gone).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into()
    }

    /// Finds all changes of a key since the last round.
    fn look_at_key(&mut self, all: &mut Histories, key: u64) -> Result<(), StoreError> {
        let Histories { node, table, ref mut found, .. } = *all;
        let mut value = self.states[node][usize::from(table)].get(&key).cloned();
        let mut last = self.last;
        let history = self.oracle.history(table, key);
        let planned = history.iter().map(|(t, _)| *t).filter(|t| (self.last + 1..=self.now).contains(t));
        let planned: Vec<_> = planned.chain([self.now + 1]).collect();
        let mut note = |t, new: Option<ByteStr>, value: &mut Option<ByteStr>| {
            if new != *value {
                value.clone_from(&new);
                found.push(Change { t, table, key, value: new });
            }
        };
        for t in planned {
            // Nothing ought to have happened before.
            while last + 1 < t {
                let now = self.read(node, table, key, t - 1)?;
                if now == value {
                    break;
                }
                (last, value) = {
                    let (at, new) = self.first_change(node, table, key, (last, &value), (t - 1, now))?;
                    note(at, new.clone(), &mut value);
                    (at, new)
                };
            }
            if t <= self.now {
                let new = self.read(node, table, key, t)?;
                note(t, new, &mut value);
                last = t;
            }
        }
        Ok(())
    }

    /// The first number after which a key has something else than before, by halves.
    fn first_change(
        &mut self,
        node: usize,
        table: u16,
        key: u64,
        (mut from, before): (OpNumber, &Option<ByteStr>),
        (mut to, mut after): (OpNumber, Option<ByteStr>),
    ) -> Result<(OpNumber, Option<ByteStr>), StoreError> {
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            let value = self.read(node, table, key, middle)?;
            if value == *before {
                from = middle;
            } else {
                (to, after) = (middle, value);
            }
        }
        Ok((to, after))
    }

    /// What a node has for a key after number `t`.
    fn read(&mut self, node: usize, table: u16, key: u64, t: OpNumber) -> Result<Option<ByteStr>, StoreError> {
        let at = self.plan.clock().after(t);
        let mut calls = self.session.nodes()[node].calls();
        calls.begin(Some(at))?;
        let found = calls.read(table, key);
        calls.rollback()?;
        found
    }

    /// Compares what happened in a table on a node since the last round with the plan.
    fn compare_changes(&mut self, histories: Histories) -> Result<(), Difference> {
        let Histories { node, table, state, mut found, .. } = histories;
        found.sort_unstable();
        let expected = self.oracle.changes(table, self.last, self.now);
        self.kept.changes += found.len() as u64;
        self.states[node][usize::from(table)] = state;
        let (one, other) = (found.iter().map(Some).chain([None]), expected.iter().map(Some).chain([None]));
        let first = one.zip(other).find(|(one, other)| one != other);
        let wrong = first.and_then(|(one, other)| {
            let (t, key) = one.into_iter().chain(other).map(|change| (change.t, change.key)).min()?;
            let of = |change: Option<&Change>| change.filter(|it| (it.t, it.key) == (t, key)).cloned();
            let before = || self.oracle.value(table, key, t.saturating_sub(1));
            let value = |change: Option<Change>| change.map_or_else(before, |change| change.value);
            Some(self.wrong_value(node, t, table, key, value(of(one)).as_ref(), value(of(other)).as_ref()))
        });
        if node == 0 {
            self.changes.append(&mut found);
        }
        wrong.map_or(Ok(()), Err)
    }
}

/// Schedules and made-up conflicts have other draws of a seed.
const KEEPER: u64 = 1 << 34;

impl Histories {
    fn new(node: usize, table: u16) -> Self {
        let walk = Some(Walk::new(Direction::Next));
        Histories { node, table, walk, state: BTreeMap::new(), keys: VecDeque::new(), found: Vec::new() }
    }
}

impl Upkeep for Keeper {
    fn is_due(&self, done: OpNumber) -> bool {
        !self.tasks.is_empty() || done >= self.last + self.every
    }

    fn turn(&mut self, done: OpNumber) -> Result<bool, Difference> {
        if self.tasks.is_empty() {
            if !self.is_due(done) {
                return Ok(false);
            }
            self.begin_round(done, false);
        }
        let Some(task) = self.tasks.pop_front() else { return Ok(false) };
        let rest = self.perform(task).inspect_err(|wrong| {
            self.difference.get_or_insert_with(|| wrong.clone());
        })?;
        if let Some(rest) = rest {
            self.tasks.push_front(rest);
        }
        if self.tasks.is_empty() {
            self.last = self.now;
        }
        Ok(!self.tasks.is_empty())
    }
}

/// In virtual time the keeper does a piece after every call of a worker, as long as there is something.
impl<Q: Source> Watcher<Q> for Keeper {
    fn step(&mut self, _source: &mut Q, _t: OpNumber, _done: OpNumber) {}

    fn between(&mut self, done: OpNumber) {
        if self.difference.is_none() && self.is_due(done) {
            // It is kept, and asked for when the run is over.
            let _ = self.turn(done);
        }
    }
}

fn difference(t: OpNumber, table: u16, error: &StoreError) -> Difference {
    Difference { t, table, key: None, what: error.to_string() }
}

/// A value, or that there is none.
fn show(value: Option<&ByteStr>) -> String {
    value.map_or("no value".to_owned(), |value| format!("\"{}\"", value.as_bytes().escape_ascii()))
}
