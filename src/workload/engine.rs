//! The engine as databases: one node with plain tables, or a node of a pair that shares layered tables.

use super::database::{Checkpoints, Database, Death};
use crate::backend::{Call, Code, Format, Isolation, Key, Reply, Timestamp, TimestampQuery, Value, Who};
use crate::engine::layered::tombstone::decode;
use crate::engine::{Checkpoint, LocalCheckpoint, Node, Role, TableId, TableKind};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A node with that many sessions, of two cursor slots each.
fn node(role: Role, sessions: usize) -> Node {
    let mut node = Node::new(role);
    for _ in 0..sessions {
        node.open_session(Isolation::Snapshot, 2);
    }
    node
}

/// A node with plain tables, and the checkpoints that it has taken.
#[derive(Debug)]
pub struct PlainDatabase {
    node: Node,
    tables: Vec<TableId>,
    checkpoints: Checkpoints<Rc<LocalCheckpoint>>,
}

impl PlainDatabase {
    /// An empty database with that many sessions.
    pub fn new(sessions: usize) -> Self {
        let node = node(Role::Leader, sessions);
        PlainDatabase { node, tables: Vec::new(), checkpoints: Checkpoints::default() }
    }
}

impl Database for PlainDatabase {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn create_table(&mut self, format: Format) {
        let name = format!("table{}", self.tables.len());
        self.tables.push(self.node.create_table(TableKind::Plain(format), &name));
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        self.node.call(&self.tables, 0, who, call)
    }

    fn checkpoint(&mut self, name: Option<&str>) -> Code {
        self.checkpoints.keep(name, Rc::new(self.node.checkpoint_local()));
        Code::Ok
    }

    fn crash(&mut self, death: Death) {
        match death {
            Death::Idle => {}
            Death::InCheckpoint(permille) => self.node.abandon_checkpoint_local(permille),
            Death::AfterCheckpoint => {
                self.checkpoint(None);
            }
        }
        self.node.recover(self.checkpoints.newest().map(Rc::as_ref));
    }

    fn rollback_to_stable(&mut self) -> Code {
        let code = self.call(Who::default(), Call::RollbackToStable).code;
        if code == Code::Ok {
            self.checkpoint(None);
        }
        code
    }

    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)> {
        self.checkpoints.named(name).map_or_else(Vec::new, |checkpoint| checkpoint.records(usize::from(table)))
    }
}

/// What the follower learns from the leader.
#[derive(Debug)]
struct Shared {
    checkpoints: Checkpoints<Arc<Checkpoint>>,
    /// How the leader's last rollback to stable ended.
    rolled_back: Code,
}

/// One of two nodes that share layered tables. The application makes the same calls on both; the leader takes the
/// checkpoints, and the follower picks each of them up as soon as it is there.
#[derive(Debug)]
pub struct LayeredDatabase {
    node: Node,
    role: Role,
    tables: Vec<TableId>,
    shared: Rc<RefCell<Shared>>,
}

impl LayeredDatabase {
    /// A leader and its follower, with empty databases of that many sessions. What happens to the leader has to happen to
    /// the follower next.
    pub fn pair(sessions: usize) -> [LayeredDatabase; 2] {
        let shared = Rc::new(RefCell::new(Shared { checkpoints: Checkpoints::default(), rolled_back: Code::Ok }));
        [Role::Leader, Role::Follower].map(|role| LayeredDatabase {
            node: node(role, sessions),
            role,
            tables: Vec::new(),
            shared: Rc::clone(&shared),
        })
    }

    /// Follows the leader, which has just taken a checkpoint or could not.
    fn pick_up(&mut self) -> Code {
        // Without a stable timestamp there is no checkpoint, and both nodes have the same one.
        if self.stable() == 0 {
            return Code::Invalid;
        }
        let shared = self.shared.borrow();
        match shared.checkpoints.newest().map(|newest| self.node.adopt(newest)) {
            Some(Ok(_)) => Code::Ok,
            Some(Err(_)) | None => Code::Invalid,
        }
    }

    fn stable(&mut self) -> Timestamp {
        self.call(Who::default(), Call::Query(TimestampQuery::Stable)).timestamp
    }

    fn start_from_newest(&mut self) {
        let shared = self.shared.borrow();
        self.node.restart(shared.checkpoints.newest().map(Arc::as_ref));
    }
}

impl Database for LayeredDatabase {
    fn name(&self) -> &'static str {
        match self.role {
            Role::Leader => "leader-layered",
            Role::Follower => "follower-layered",
        }
    }

    fn create_table(&mut self, _format: Format) {
        let name = format!("table{}", self.tables.len());
        self.tables.push(self.node.create_table(TableKind::Layered, &name));
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        self.node.call(&self.tables, 0, who, call)
    }

    fn checkpoint(&mut self, name: Option<&str>) -> Code {
        if self.role == Role::Follower {
            return self.pick_up();
        }
        match self.node.checkpoint() {
            Ok(checkpoint) => {
                self.shared.borrow_mut().checkpoints.keep(name, checkpoint);
                Code::Ok
            }
            Err(_) => Code::Invalid,
        }
    }

    fn crash(&mut self, death: Death) {
        if self.role == Role::Leader && death != Death::Idle {
            // Shared storage has a checkpoint once it is complete, and not before.
            let _ = self.node.abandon_checkpoint();
        }
        self.start_from_newest();
    }

    fn rollback_to_stable(&mut self) -> Code {
        if self.role == Role::Leader {
            let code = self.call(Who::default(), Call::RollbackToStable).code;
            if code == Code::Ok {
                self.checkpoint(None);
            }
            self.shared.borrow_mut().rolled_back = code;
            return code;
        }
        // A follower does not roll back: it begins anew with the checkpoint that the leader has taken after it has.
        let code = self.shared.borrow().rolled_back;
        if code == Code::Ok && self.stable() != 0 {
            self.start_from_newest();
        }
        code
    }

    fn evict(&mut self) {
        self.node.prune();
    }

    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)> {
        let shared = self.shared.borrow();
        let image = shared.checkpoints.named(name).and_then(|checkpoint| checkpoint.image(&format!("table{table}"), 0));
        let rows = image.map_or(&[][..], |image| image.rows());
        rows.iter().filter_map(|row| Some((row.key.clone(), decode(row.newest.value.as_ref()?)))).collect()
    }
}
