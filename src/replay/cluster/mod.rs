//! The engine as a store: a leader and a follower, on both of which everything is done.
//!
//! All nodes have the plan's tables: private rows and column stores, and layered tables that they share through
//! checkpoints. `node` is a session of one of them, `session` one of all, `keys` says which bytes a plan's
//! numbers are.

mod keys;
mod node;
mod session;

pub use node::{NodeSession, Walk};
pub use session::ClusterSession;

use super::plan::{Draws, OpNumber, Plan, Purpose, TableKind};
use super::store::{StoreError, load};
use crate::backend::Format;
use crate::engine::{Checkpoint, Node, Role, SharedNode};
use node::{Place, slots};
use std::sync::Arc;

/// The names of the nodes, the leader first.
const NAMES: [&str; 2] = ["leader", "follower"];

/// Nodes with the tables of a plan.
#[derive(Debug)]
pub struct Cluster {
    plan: Arc<Plan>,
    nodes: Vec<SharedNode>,
    tables: Arc<[Place]>,
    /// How many sessions each node has.
    sessions: usize,
    /// The newest complete checkpoint.
    newest: Option<Arc<Checkpoint>>,
    /// Seed of made-up conflicts, and how many in a thousand writes there are.
    conflicts: (u64, u64),
}

impl Cluster {
    /// A leader and, of `nodes` 2, a follower, with what the plan begins with.
    ///
    /// # Errors
    /// What went wrong with loading.
    pub fn new(plan: &Arc<Plan>, nodes: usize) -> Result<Self, StoreError> {
        let mut cluster = Cluster::empty(plan, nodes);
        load(plan, &mut cluster.session(0))?;
        Ok(cluster)
    }

    /// The same without anything in the tables.
    pub fn empty(plan: &Arc<Plan>, nodes: usize) -> Self {
        let mut tables = Vec::new();
        let mut node = |role| {
            let mut node = Node::new(role);
            tables = (0..).zip(plan.tables()).map(|(number, spec)| create(&mut node, number, spec.kind)).collect();
            SharedNode::new(node)
        };
        let nodes = [Role::Leader, Role::Follower].into_iter().take(nodes.max(1)).map(&mut node).collect();
        let plan = Arc::clone(plan);
        Cluster { plan, nodes, tables: tables.into(), sessions: 0, newest: None, conflicts: (0, 0) }
    }

    /// From now on so many of a thousand writes, prepares and commits of new sessions meet a conflict that is made up.
    pub fn make_up_conflicts(&mut self, seed: u64, per_mille: u64) {
        self.conflicts = (seed, per_mille);
    }

    /// Session `number` of all nodes. Whoever had it before has to be done with it. Opens as many as it takes.
    pub fn session(&mut self, number: usize) -> ClusterSession {
        while self.sessions <= number {
            self.nodes.iter().for_each(|node| {
                node.open_session(slots(self.tables.len()));
            });
            self.sessions += 1;
        }
        let session = |(node, name): (&SharedNode, &&'static str)| {
            NodeSession::new(name, node.clone(), number, Arc::clone(&self.tables))
        };
        let (seed, per_mille) = self.conflicts;
        let conflicts =
            (per_mille > 0).then(|| (Draws::new(seed, Purpose::Schedule, CONFLICTS + number as u64), per_mille));
        ClusterSession::new(self.nodes.iter().zip(&NAMES).map(session).collect(), conflicts)
    }

    /// The nodes, leader first.
    pub fn nodes(&self) -> &[SharedNode] {
        &self.nodes
    }

    /// The name of a node.
    pub fn name(&self, node: usize) -> &'static str {
        NAMES[node]
    }

    /// The leader takes a checkpoint at its stable timestamp, and all nodes one of their private tables that goes with it.
    ///
    /// # Errors
    /// If it is refused.
    pub fn checkpoint(&mut self) -> Result<Arc<Checkpoint>, StoreError> {
        let checkpoint = self.nodes[0].lock().checkpoint().map_err(unexpected)?;
        self.nodes.iter().for_each(|node| node.lock().checkpoint_plain(&checkpoint));
        self.newest = Some(Arc::clone(&checkpoint));
        Ok(checkpoint)
    }

    /// The follower, if there is one, adopts a checkpoint.
    ///
    /// # Errors
    /// If it is refused.
    pub fn adopt(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let follower = self.nodes.get(1);
        follower.map_or(Ok(false), |node| node.lock().adopt(checkpoint)).map(drop).map_err(unexpected)
    }

    /// The follower evicts so many percent of its ingest tables.
    pub fn evict(&self, percent: u8) {
        if let Some(follower) = self.nodes.get(1) {
            follower.lock().evict(percent);
        }
    }

    /// All nodes die and come back with what the newest checkpoint has. Answers with the number up to which that is
    /// everything; without a checkpoint the tables are loaded anew. All sessions are to be had anew.
    ///
    /// # Errors
    /// What went wrong with loading.
    pub fn crash(&mut self) -> Result<OpNumber, StoreError> {
        for node in &self.nodes {
            node.lock().restart(self.newest.as_deref());
        }
        match &self.newest {
            Some(newest) => Ok(self.plan.clock().number(newest.timestamp)),
            None => {
                let plan = Arc::clone(&self.plan);
                let conflicts = std::mem::take(&mut self.conflicts);
                let loaded = load(&plan, &mut self.session(0));
                self.conflicts = conflicts;
                loaded.map(|()| 0)
            }
        }
    }
}

/// Schedules below have other draws of a seed.
const CONFLICTS: u64 = 1 << 32;

fn create(node: &mut Node, number: u16, kind: TableKind) -> Place {
    use crate::engine::TableKind as Kind;
    let of_engine = match kind {
        TableKind::Row => Kind::Plain(Format::Row),
        TableKind::Layered => Kind::Layered,
        TableKind::Variable => Kind::Plain(Format::Variable),
        TableKind::Fixed { .. } => Kind::Plain(Format::Fixed),
    };
    Place { id: node.create_table(of_engine, &format!("table {number}")), kind }
}

fn unexpected(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unexpected(error.to_string())
}
