//! A node for several threads: one lock, held for a batch of calls.
//!
//! A call takes some hundred nanoseconds, so that a finer lock would cost more than it gives: whoever has more to do than
//! calls, making values or planning, does that without the lock. A thread on its own uses [`Node`] and knows
//! nothing of this.

use super::core::TableId;
use super::node::Node;
use crate::backend::{Call, Code, Isolation, Reply, Who};
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

/// A node that several threads work on. A clone is the same node.
#[derive(Clone, Debug)]
pub struct SharedNode(Arc<Mutex<Node>>);

/// One of its sessions. Belongs to one thread at a time.
#[derive(Debug)]
pub struct SharedSession {
    node: SharedNode,
    number: usize,
}

/// Calls of a session that nobody else's come between. The node is theirs until this is dropped.
#[derive(Debug)]
pub struct Calls<'a> {
    node: MutexGuard<'a, Node>,
    session: usize,
}

impl SharedNode {
    /// Shares a node.
    pub fn new(node: Node) -> Self {
        SharedNode(Arc::new(Mutex::new(node)))
    }

    /// The node itself, for what is no call of a session: checkpoints, eviction, timestamps. All others wait meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, Node> {
        self.0.lock()
    }

    /// Opens a session with `slots` empty cursor slots.
    pub fn open_session(&self, slots: u8) -> SharedSession {
        let number = self.lock().open_session(Isolation::Snapshot, slots);
        self.session(number)
    }

    /// The session with this number, which has been opened before. Whoever had it has to be done with it.
    pub fn session(&self, number: usize) -> SharedSession {
        SharedSession { node: self.clone(), number }
    }
}

impl SharedSession {
    /// Its number on the node.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Waits for the node, and has it for some calls.
    #[inline]
    pub fn calls(&self) -> Calls<'_> {
        Calls { node: self.node.lock(), session: self.number }
    }
}

impl Calls<'_> {
    /// Makes a call with a cursor slot, and answers with the state that it leaves. The call's table 0 is `table`.
    #[inline]
    pub fn call(&mut self, table: TableId, slot: u8, call: Call<'_>) -> Reply {
        self.node.call(&[table], self.session, Who { session: 0, cursor: slot }, call)
    }

    /// Makes a call of which only the code matters.
    #[inline]
    pub fn tell(&mut self, table: TableId, slot: u8, call: Call<'_>) -> Code {
        self.node.act(&[table], self.session, Who { session: 0, cursor: slot }, call).code
    }

    /// Makes a call of the session itself.
    #[inline]
    pub fn session(&mut self, call: Call<'_>) -> Code {
        self.node.act(&[], self.session, Who::default(), call).code
    }
}
