//! The nodes of a run and the physical events on them. Such an event changes no reply: the model never hears of
//! it, and right after it all cursors must still be in the model's state.

use super::compare::{FOLLOWER, LEADER, PLAIN, Replies};
use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use super::step::Ending;
use crate::backend::{Backend, Call, Code, Isolation, Timestamp, TimestampQuery, Who};
use crate::engine::{AdoptError, Checkpoint, CheckpointError, Counters, EngineBackend, Node, Role, TableKind};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// The two nodes, and what travels between them.
pub(super) struct Nodes {
    follower: Rc<RefCell<Node>>,
    leader: Rc<RefCell<Node>>,
    /// The newest checkpoint that the leader took.
    newest: Option<Arc<Checkpoint>>,
}

impl Nodes {
    pub(super) fn new() -> Self {
        let node = |role| Rc::new(RefCell::new(Node::new(role)));
        Nodes { follower: node(Role::Follower), leader: node(Role::Leader), newest: None }
    }

    /// The follower's layered table and, if wanted, its plain table with twin sessions.
    pub(super) fn open_follower(
        &mut self,
        isolation: &[Isolation],
        slots: u8,
        plain: bool,
    ) -> (EngineBackend, Option<EngineBackend>) {
        let layered = open(&self.follower, TableKind::Layered, Replies::NAMES[FOLLOWER], isolation, slots);
        let plain = plain.then(|| open(&self.follower, TableKind::Plain, Replies::NAMES[PLAIN], isolation, slots));
        (layered, plain)
    }

    /// The leader's layered table.
    pub(super) fn open_leader(&mut self, isolation: &[Isolation], slots: u8) -> EngineBackend {
        open(&self.leader, TableKind::Layered, Replies::NAMES[LEADER], isolation, slots)
    }

    /// What the follower counted so far.
    pub(super) fn follower_counters(&self) -> Counters {
        self.follower.borrow().counters().to_owned()
    }

    /// Moves as much as may go from ingest to stable. What may not go may stay: no code tells.
    pub(super) fn age(&mut self) {
        self.checkpoint();
        self.adopt();
        self.follower.borrow_mut().prune();
    }

    fn checkpoint(&mut self) -> Code {
        match self.leader.borrow_mut().checkpoint() {
            Ok(checkpoint) => {
                self.newest = Some(checkpoint);
                Code::Ok
            }
            Err(error) => checkpoint_code(error),
        }
    }

    /// The code, and whether the follower picked up something new. Without a checkpoint there is nothing to find.
    fn adopt(&mut self) -> (Code, bool) {
        let Some(newest) = &self.newest else {
            return (Code::NotFound, false);
        };
        match self.follower.borrow_mut().adopt(newest) {
            Ok(adopted) => (Code::Ok, adopted),
            Err(error) => (adopt_code(error), false),
        }
    }
}

/// A table of `node` with one new session for each isolation.
fn open(
    node: &Rc<RefCell<Node>>,
    kind: TableKind,
    name: &'static str,
    isolation: &[Isolation],
    slots: u8,
) -> EngineBackend {
    // Both nodes know the layered table by the same name: checkpoints carry it.
    let table_name = match kind {
        TableKind::Layered => "records",
        TableKind::Plain => "plain records",
    };
    let table = node.borrow_mut().create_table(kind, table_name);
    let mut first = None;
    for &level in isolation {
        let session = node.borrow_mut().open_session(level, slots);
        first.get_or_insert(session);
    }
    EngineBackend::new(name, Rc::clone(node), vec![table], first.unwrap_or(0))
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

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// The leader takes a checkpoint.
    pub(super) fn checkpoint(&mut self) -> Checked<Ending> {
        let code = self.nodes.checkpoint();
        self.compare_all()?;
        Ok(Ending::plain(code))
    }

    /// The follower picks up the newest checkpoint.
    pub(super) fn adopt(&mut self) -> Checked<Ending> {
        let (code, adopted) = self.nodes.adopt();
        let placed = self.compare_all()?;
        if adopted {
            self.outcome.adoptions += 1;
            self.outcome.adoptions_while_placed += u64::from(placed);
        }
        Ok(Ending::plain(code))
    }

    /// Moves stable and oldest forward where they are behind, then checkpoint and pick-up.
    pub(super) fn advance(&mut self, oldest: Timestamp, stable: Timestamp) -> Checked<Ending> {
        let oldest = self.ahead(TimestampQuery::Oldest, oldest)?;
        let stable = self.ahead(TimestampQuery::Stable, stable)?;
        let mut code = Code::Ok;
        if oldest.is_some() || stable.is_some() {
            code = self.call(Who::default(), Call::SetTimestamp { oldest, stable, durable: None })?;
        }
        if code == Code::Ok {
            code = self.checkpoint()?.code;
        }
        if code == Code::Ok {
            code = self.adopt()?.code;
        }
        Ok(Ending::plain(code))
    }

    /// `wanted`, if that is ahead of the node's timestamp.
    fn ahead(&mut self, what: TimestampQuery, wanted: Timestamp) -> Checked<Option<Timestamp>> {
        self.call(Who::default(), Call::Query(what))?;
        Ok((wanted > self.replies.expected().timestamp).then_some(wanted))
    }

    /// Evicts a share of the follower's ingest table.
    pub(super) fn evict(&mut self, percent: u8) -> Checked<Ending> {
        self.nodes.follower.borrow_mut().evict(percent);
        self.compare_all()?;
        Ok(Ending::plain(Code::Ok))
    }

    /// Prunes the follower.
    pub(super) fn prune(&mut self) -> Checked<Ending> {
        self.nodes.follower.borrow_mut().prune();
        self.compare_all()?;
        Ok(Ending::plain(Code::Ok))
    }
}
