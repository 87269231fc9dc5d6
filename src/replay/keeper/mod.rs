//! What goes on besides the workers' operations: timestamps move, the leader takes checkpoints, the follower adopts and
//! evicts, and what the nodes have is compared with the plan.
//!
//! All that is done in *rounds*, each about the numbers that are done when it begins, and in small pieces between
//! which workers go on. A round compares, on each node and for each table,
//! - what a walk at some earlier number finds with the state at that number;
//! - all that happened to any key since the round before with the plan's history, by reading at every number that ought
//!   to have changed a key, at the one before it, and at the end. What changed when nothing ought to is looked for.

mod compare;

use super::change::Change;
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
use compare::Histories;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

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

    /// The number that the newest round is about; after a crash, that up to which all came back.
    pub fn now(&self) -> OpNumber {
        self.now
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
}

/// Schedules and made-up conflicts have other draws of a seed.
const KEEPER: u64 = 1 << 34;

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
