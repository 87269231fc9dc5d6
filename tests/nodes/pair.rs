//! Two nodes with two layered tables and a plain one each, and the application that keeps them equal.

use lockstep::backend::{
    Begin, Call, Code, CursorConfig, Isolation, Key, Reply, Timestamp, TimestampQuery, Value, Who,
};
use lockstep::engine::{AdoptError, Checkpoint, Node, Role, TableId, TableKind};
use std::sync::Arc;

/// What the nodes' tables are called, in the order of their numbers here and of the slots of each session.
pub const TABLES: [(TableKind, &str); 3] = [
    (TableKind::Layered, "one"),
    (TableKind::Layered, "two"),
    (TableKind::Plain(lockstep::backend::Format::Row), "plain"),
];
/// The number of the plain table.
pub const PLAIN: u8 = 2;
/// The session that reads, those that write, and one that is left to the tests.
pub const READER: u8 = 0;
pub const WRITER: u8 = 1;
pub const PREPARER: u8 = 2;
pub const SPARE: u8 = 3;

/// The nodes; every call goes to both.
pub struct Pair {
    pub nodes: [Node; 2],
    pub leader: usize,
    tables: Vec<TableId>,
}

pub fn who(session: u8, table: u8) -> Who {
    Who { session, cursor: table }
}

fn open(role: Role) -> (Node, Vec<TableId>) {
    let mut node = Node::new(role);
    let tables: Vec<TableId> = TABLES.iter().map(|&(kind, name)| node.create_table(kind, name)).collect();
    for _ in 0..4 {
        node.open_session(Isolation::Snapshot, TABLES.len() as u8);
    }
    open_cursors(&mut node, &tables);
    (node, tables)
}

fn open_cursors(node: &mut Node, tables: &[TableId]) {
    for session in 0..4 {
        for table in 0..TABLES.len() as u8 {
            node.call(tables, 0, who(session, table), Call::Open(CursorConfig { table, ..CursorConfig::default() }));
        }
    }
}

impl Pair {
    /// Node 0 follows, node 1 leads.
    pub fn new() -> Pair {
        let (follower, tables) = open(Role::Follower);
        Pair { nodes: [follower, open(Role::Leader).0], leader: 1, tables }
    }

    pub fn follower(&mut self) -> &mut Node {
        &mut self.nodes[1 - self.leader]
    }

    pub fn leader(&mut self) -> &mut Node {
        &mut self.nodes[self.leader]
    }

    /// The tables, as calls name them.
    pub fn tables(&self) -> Vec<TableId> {
        self.tables.clone()
    }

    /// A call on one node.
    pub fn on(&mut self, node: usize, who: Who, call: Call<'_>) -> Reply {
        self.nodes[node].call(&self.tables, 0, who, call)
    }

    /// A call on both nodes; they have to agree.
    #[track_caller]
    pub fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let reply = self.on(0, who, call);
        assert_eq!(self.on(1, who, call), reply, "node 1, {call:?}");
        reply
    }

    #[track_caller]
    pub fn ok(&mut self, who: Who, call: Call<'_>) -> Reply {
        let reply = self.call(who, call);
        assert_eq!(reply.code, Code::Ok, "{call:?}");
        reply
    }

    pub fn begin(&mut self, session: u8) {
        self.ok(who(session, 0), Call::Begin(Begin::default()));
    }

    pub fn commit(&mut self, session: u8, ts: Timestamp) {
        self.ok(who(session, 0), Call::Commit { ts: (ts != 0).then_some(ts), durable: None });
    }

    /// Puts a value under a key, or removes it, in whatever transaction the session is in.
    #[track_caller]
    pub fn write(&mut self, session: u8, table: u8, key: &str, value: Option<&str>) -> Code {
        let code = write(|who, call| self.call(who, call), who(session, table), key, value);
        self.call(who(session, table), Call::Reset);
        code
    }

    /// A transaction with one update that commits at `ts` (0: without a timestamp).
    #[track_caller]
    pub fn set(&mut self, table: u8, key: &str, value: Option<&str>, ts: Timestamp) {
        self.begin(WRITER);
        assert_eq!(self.write(WRITER, table, key, value), Code::Ok, "{key} = {value:?} at {ts}");
        self.commit(WRITER, ts);
    }

    #[track_caller]
    pub fn put(&mut self, table: u8, key: &str, value: &str, ts: Timestamp) {
        self.set(table, key, Some(value), ts);
    }

    /// Sets a cursor's key on both nodes.
    pub fn seek(&mut self, session: u8, table: u8, key: &str) {
        self.call(who(session, table), Call::SetKey(&Key::from(key)));
    }

    /// Moves oldest and stable; 0 leaves one alone.
    pub fn time(&mut self, oldest: Timestamp, stable: Timestamp) {
        let some = |ts: Timestamp| (ts != 0).then_some(ts);
        self.ok(Who::default(), Call::SetTimestamp { oldest: some(oldest), stable: some(stable), durable: None });
    }

    /// The leader takes a checkpoint; the other node is told, for its plain table.
    pub fn checkpoint(&mut self) -> Arc<Checkpoint> {
        let checkpoint = self.leader().checkpoint().expect("stable is set");
        self.nodes.iter_mut().for_each(|node| node.checkpoint_plain(&checkpoint));
        checkpoint
    }

    /// Moves the timestamps, takes a checkpoint and adopts it.
    pub fn advance(&mut self, oldest: Timestamp, stable: Timestamp) -> Result<Arc<Checkpoint>, AdoptError> {
        self.time(oldest, stable);
        let checkpoint = self.checkpoint();
        self.follower().adopt(&checkpoint).map(|_| checkpoint)
    }

    /// The same, and everything that may leaves ingest.
    pub fn age(&mut self, oldest: Timestamp, stable: Timestamp) -> Arc<Checkpoint> {
        let checkpoint = self.advance(oldest, stable).expect("nobody reads");
        self.follower().prune();
        checkpoint
    }

    /// What a node has under a key at a timestamp (0: now).
    pub fn read_on(&mut self, node: usize, table: u8, key: &str, ts: Timestamp) -> Option<Value> {
        let begin = Begin { read_ts: (ts != 0).then_some(ts), ..Begin::default() };
        let reader = who(READER, table);
        assert_eq!(self.on(node, reader, Call::Begin(begin)).code, Code::Ok, "read at {ts}");
        self.on(node, reader, Call::SetKey(&Key::from(key)));
        let reply = self.on(node, reader, Call::Search);
        self.on(node, reader, Call::Rollback);
        self.on(node, reader, Call::Reset);
        assert!(matches!(reply.code, Code::Ok | Code::NotFound), "{key} at {ts}: {}", reply.code);
        reply.value.get().filter(|_| reply.code == Code::Ok).cloned()
    }

    /// What both nodes have under a key at a timestamp (0: now).
    #[track_caller]
    pub fn read(&mut self, table: u8, key: &str, ts: Timestamp) -> Option<String> {
        let [first, second] = [0, 1].map(|node| self.read_on(node, table, key, ts));
        assert_eq!(first, second, "the nodes disagree on {key} at {ts}");
        first.map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// What both nodes have under a key at each of some timestamps; "-": nothing.
    #[track_caller]
    pub fn history(&mut self, table: u8, key: &str, timestamps: &[Timestamp]) -> Vec<String> {
        timestamps.iter().map(|&ts| self.read(table, key, ts).unwrap_or_else(|| "-".to_owned())).collect()
    }

    /// A node's timestamp.
    pub fn query(&mut self, node: usize, what: TimestampQuery) -> Timestamp {
        self.on(node, Who::default(), Call::Query(what)).timestamp
    }

    /// The follower steps up; what led before is not asked any more unless it steps down.
    #[track_caller]
    pub fn step_up(&mut self, newest: Option<&Checkpoint>) {
        assert_eq!(self.follower().step_up(newest), Ok(()));
        self.leader = 1 - self.leader;
    }

    /// A node is started again, and its cursors are opened again.
    pub fn restart(&mut self, node: usize, newest: Option<&Checkpoint>) {
        self.nodes[node].restart(newest);
        self.open_cursors(node);
    }

    pub fn open_cursors(&mut self, node: usize) {
        open_cursors(&mut self.nodes[node], &self.tables);
    }
}

/// Puts a value under a key, or removes it.
pub fn write(mut call: impl FnMut(Who, Call<'_>) -> Reply, who: Who, key: &str, value: Option<&str>) -> Code {
    call(who, Call::SetKey(&Key::from(key)));
    match value {
        None => call(who, Call::Remove).code,
        Some(value) => {
            call(who, Call::SetValue(&Value::from(value)));
            call(who, Call::Insert).code
        }
    }
}
