//! The engine as a backend: some sessions of a node, on some of its tables.

use super::core::TableId;
use super::node::Node;
use crate::backend::{Backend, Call, Code, Reply, Who};
use std::cell::RefCell;
use std::rc::Rc;

/// Sessions of a node from a certain number on, with their cursors on some of its tables. Several can share a node.
#[derive(Clone, Debug)]
pub struct EngineBackend {
    name: &'static str,
    node: Rc<RefCell<Node>>,
    tables: Vec<TableId>,
    first_session: usize,
}

impl EngineBackend {
    /// A backend whose session s is the node's session `first_session` + s.
    pub fn new(name: &'static str, node: Rc<RefCell<Node>>, tables: Vec<TableId>, first_session: usize) -> Self {
        EngineBackend { name, node, tables, first_session }
    }

    /// The node.
    pub fn node(&self) -> &Rc<RefCell<Node>> {
        &self.node
    }
}

impl Backend for EngineBackend {
    fn name(&self) -> &'static str {
        self.name
    }

    #[inline]
    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        self.node.borrow_mut().call(&self.tables, self.first_session, who, call)
    }

    #[inline]
    fn unlike(&mut self, who: Who, call: Call<'_>, expected: &Reply) -> Option<Reply> {
        self.node.borrow_mut().unlike(&self.tables, self.first_session, who, call, expected)
    }

    #[inline]
    fn tell(&mut self, who: Who, call: Call<'_>) -> Code {
        self.node.borrow_mut().act(&self.tables, self.first_session, who, call).code
    }
}
