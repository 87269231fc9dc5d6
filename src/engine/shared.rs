//! A node for several threads: one lock, held for a batch of calls.
//!
//! A call takes some hundred nanoseconds, so that a finer lock would cost more than it gives. Whoever has calls of several
//! sessions makes them all while it holds the lock; whoever has more to do than calls, making values or planning, does
//! that without it. A thread on its own uses [`Node`] and knows nothing of this.

use super::core::TableId;
use super::node::Node;
use crate::backend::{Call, Code, Isolation, Reply, Who};
use crate::patience;
use parking_lot::{Mutex, MutexGuard};
use std::ops::DerefMut;
use std::sync::Arc;

/// A node that several threads work on. A clone is the same node.
#[derive(Clone, Debug)]
pub struct SharedNode(Arc<Mutex<Node>>);

/// Calls of a session that nobody else's come between: `node` is a node that is locked until this is dropped, or one that
/// whoever makes them has locked.
#[derive(Debug)]
pub struct Calls<N> {
    node: N,
    session: usize,
}

impl SharedNode {
    /// Shares a node.
    pub fn new(node: Node) -> Self {
        SharedNode(Arc::new(Mutex::new(node)))
    }

    /// The node itself, for what is no call of a session: checkpoints, eviction, timestamps. All others wait meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, Node> {
        patience::lock(&self.0)
    }

    /// The same, unless somebody else has it now.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, Node>> {
        self.0.try_lock()
    }

    /// Opens a session with `slots` empty cursor slots, and answers with its number. It belongs to one thread at a time.
    pub fn open_session(&self, slots: u8) -> usize {
        self.lock().open_session(Isolation::Snapshot, slots)
    }

    /// Whether this is the same node as another.
    pub fn is(&self, other: &SharedNode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<N: DerefMut<Target = Node>> Calls<N> {
    /// Calls of a session, which has been opened before.
    #[inline]
    pub fn new(node: N, session: usize) -> Self {
        Calls { node, session }
    }

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
