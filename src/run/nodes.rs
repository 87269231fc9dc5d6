//! The nodes of a run: who leads, what travels between them, and the physical events on them. Such an event changes no
//! reply.

use super::compare::{FOLLOWER, LEADER, PLAIN, Replies, TWIN};
use super::oracles::Oracles;
use crate::backend::{Code, Timestamp};
use crate::engine::{AdoptError, Checkpoint, CheckpointError, Counters, EngineBackend, Node, Role, TableId, TableKind};
use crate::program::{Config, Program};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// The node that is tested, which begins as the follower; its number in programs.
pub(super) const FIRST: usize = 0;
/// The node that begins as the leader; its number in programs.
pub(super) const SECOND: usize = 1;

/// The twin.
const THIRD: usize = 2;

/// A node with its tables.
pub(super) struct Member {
    pub node: Rc<RefCell<Node>>,
    /// The name of its layered backend.
    pub name: &'static str,
    layered: Vec<TableId>,
    plain: Vec<TableId>,
    /// The first of the sessions on its layered tables.
    pub first_layered: usize,
    /// A session that gives the node back what it lost, where a program makes it lose something: slot t is for layered
    /// table t, the plain ones follow.
    pub applier: Option<EngineBackend>,
    /// The newest checkpoint that it knows; 0: none.
    adopted: u64,
}

impl Member {
    fn new(role: Role, slot: usize, config: &Config, plain: bool) -> Self {
        let mut node = Node::new(role);
        let mut create = |kind: TableKind, name: &str| -> Vec<TableId> {
            (0..config.tables).map(|table| node.create_table(kind, &table_name(name, table))).collect()
        };
        // All nodes know the layered tables by the same names: checkpoints carry them. Column stores are never layered.
        let tested = if config.format.is_column() { TableKind::Plain(config.format) } else { TableKind::Layered };
        let layered = create(tested, "records");
        let plain = if plain { create(TableKind::Plain(config.format), "plain records") } else { Vec::new() };
        let node = Rc::new(RefCell::new(node));
        Member { node, name: Replies::NAMES[slot], layered, plain, first_layered: 0, applier: None, adopted: 0 }
    }

    /// Whether it has plain tables.
    pub fn has_plain(&self) -> bool {
        !self.plain.is_empty()
    }

    /// Keeps the plain tables as they are now beside a checkpoint of the layered ones, if the node may have to start from
    /// it.
    fn keep_plain(&self, checkpoint: &Checkpoint) {
        if self.has_plain() && self.applier.is_some() {
            self.node.borrow_mut().checkpoint_plain(checkpoint);
        }
    }

    /// A backend on its plain tables, or on those that are tested, with one new session for each of `config`.
    fn open(&mut self, plain: bool, config: &Config) -> EngineBackend {
        let mut first = None;
        for session in 0..config.sessions {
            let isolation = config.isolation_of(session);
            let session = self.node.borrow_mut().open_session(isolation, slots(config));
            first.get_or_insert(session);
        }
        let first = first.unwrap_or(0);
        let (name, tables) = if plain {
            (Replies::NAMES[PLAIN], self.plain.clone())
        } else {
            self.first_layered = first;
            (self.name, self.layered.clone())
        };
        EngineBackend::new(name, Rc::clone(&self.node), tables, first)
    }

    fn open_applier(&mut self) {
        let tables = [&self.layered[..], &self.plain].concat();
        let session = self.node.borrow_mut().open_session(Default::default(), tables.len() as u8);
        self.applier = Some(EngineBackend::new(self.name, Rc::clone(&self.node), tables, session));
    }
}

fn table_name(name: &str, table: u8) -> String {
    if table == 0 { name.to_owned() } else { format!("{name} {table}") }
}

/// Slots of a session: those that programs name and two for passing use.
pub(super) fn slots(config: &Config) -> u8 {
    config.cursors + 2
}

/// The backends of the engine.
pub(super) struct Engines {
    pub follower: EngineBackend,
    pub leader: EngineBackend,
    pub plain: Option<EngineBackend>,
    pub twin: Option<EngineBackend>,
}

/// The nodes, and what travels between them.
pub(super) struct Nodes {
    /// By number. The twin, where there is one, comes last, and follows for ever.
    members: Vec<Member>,
    /// The node that leads.
    pub leader: Option<usize>,
    /// The newest complete checkpoint.
    pub newest: Option<Arc<Checkpoint>>,
}

impl Nodes {
    /// The nodes for `program`, and their backends.
    pub fn new(program: &Program, oracles: Oracles) -> (Self, Engines) {
        let config = &program.config;
        let mut members = vec![
            Member::new(Role::Follower, FOLLOWER, config, oracles.plain),
            Member::new(Role::Leader, LEADER, config, false),
        ];
        if oracles.twin {
            members.push(Member::new(Role::Follower, TWIN, config, false));
        }
        let follower = members[FIRST].open(false, config);
        let plain = oracles.plain.then(|| members[FIRST].open(true, config));
        let leader = members[SECOND].open(false, config);
        let twin = members.get_mut(THIRD).map(|twin| twin.open(false, config));
        if program.changes_nodes() {
            members.iter_mut().for_each(Member::open_applier);
        }
        let nodes = Nodes { members, leader: Some(SECOND), newest: None };
        (nodes, Engines { follower, leader, plain, twin })
    }

    /// A node by its number.
    pub fn member(&self, number: usize) -> &Member {
        &self.members[number]
    }

    pub fn member_mut(&mut self, number: usize) -> &mut Member {
        &mut self.members[number]
    }

    /// The number of the twin, if there is one.
    pub fn twin(&self) -> Option<usize> {
        (self.members.len() > THIRD).then_some(THIRD)
    }

    /// Those of the nodes that programs know which follow.
    pub fn followers(&self) -> impl Iterator<Item = usize> + use<> {
        let leader = self.leader;
        [FIRST, SECOND].into_iter().filter(move |&number| leader != Some(number))
    }

    /// All that follow, the twin included.
    pub fn all_followers(&self) -> impl Iterator<Item = usize> + use<> {
        self.followers().chain(self.twin())
    }

    /// What the node that is tested counted so far.
    pub fn counters(&self) -> Counters {
        self.members[FIRST].node.borrow().counters().to_owned()
    }

    /// Moves as much as may go from ingest to stable. What may not go may stay: no code tells.
    pub fn age(&mut self) {
        self.checkpoint();
        for number in self.all_followers() {
            self.adopt(number);
            self.prune(number);
        }
    }

    /// The leader takes a checkpoint. Without a leader there is nobody who may.
    pub fn checkpoint(&mut self) -> Code {
        let Some(leader) = self.leader else {
            return Code::Invalid;
        };
        let taken = self.members[leader].node.borrow_mut().checkpoint();
        match taken {
            Ok(checkpoint) => {
                self.complete(checkpoint);
                Code::Ok
            }
            Err(error) => checkpoint_code(error),
        }
    }

    /// The leader has taken a checkpoint. Whoever may have to start from it keeps one of the plain tables beside it.
    pub fn complete(&mut self, checkpoint: Arc<Checkpoint>) {
        self.members.iter().for_each(|member| member.keep_plain(&checkpoint));
        self.newest = Some(checkpoint);
    }

    /// A node picks up the newest checkpoint. The code, and whether that was something new to it. Without a checkpoint
    /// there is nothing to find.
    pub fn adopt(&mut self, number: usize) -> (Code, bool) {
        let Some(newest) = &self.newest else {
            return (Code::NotFound, false);
        };
        let member = &mut self.members[number];
        match member.node.borrow_mut().adopt(newest) {
            Ok(adopted) => {
                member.adopted = newest.order;
                (Code::Ok, adopted)
            }
            Err(error) => (adopt_code(error), false),
        }
    }

    /// What a pick-up by a follower has to answer, where `pinned` is the smallest timestamp that somebody on it may read
    /// at; 0: none is known.
    pub fn adoption(&self, number: usize, pinned: Timestamp) -> Code {
        match &self.newest {
            None => Code::NotFound,
            Some(newest) if self.members[number].adopted == newest.order => Code::Ok,
            Some(newest) if pinned != 0 && newest.oldest > pinned => Code::Busy,
            Some(_) => Code::Ok,
        }
    }

    /// Whether there is a checkpoint that the node does not know.
    pub fn is_behind(&self, number: usize) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.order != self.members[number].adopted)
    }

    /// The node has come to know the newest checkpoint in another way than by picking it up.
    pub fn knows_newest(&mut self, number: usize) {
        self.members[number].adopted = self.newest.as_ref().map_or(0, |newest| newest.order);
    }

    /// The node has been started again from the newest checkpoint, and may have to be once more.
    pub fn started_from_newest(&mut self, number: usize) {
        self.knows_newest(number);
        if let Some(newest) = &self.newest {
            self.members[number].keep_plain(newest);
        }
    }

    /// Evicts a share of a node's ingest tables.
    pub fn evict(&mut self, number: usize, percent: u8) {
        self.members[number].node.borrow_mut().evict(percent);
    }

    /// Evicts from a node's ingest tables what may go.
    pub fn prune(&mut self, number: usize) {
        self.members[number].node.borrow_mut().prune();
    }
}

fn checkpoint_code(error: CheckpointError) -> Code {
    match error {
        CheckpointError::NotLeader | CheckpointError::NoStable => Code::Invalid,
    }
}

fn adopt_code(error: AdoptError) -> Code {
    match error {
        AdoptError::NotFollower | AdoptError::Older { .. } => Code::Invalid,
        AdoptError::Pinned { .. } => Code::Busy,
    }
}
