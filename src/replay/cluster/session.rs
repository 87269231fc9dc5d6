//! A session of the cluster: what it does is done on all nodes, and they have to answer alike.

use super::node::{NodeSession, Walk};
use crate::backend::{Direction, Timestamp};
use crate::bytes::ByteStr;
use crate::replay::plan::{Draws, Edit};
use crate::replay::store::{Store, StoreError};
use std::fmt::Debug;

/// A session on each node.
#[derive(Debug)]
pub struct ClusterSession {
    nodes: Vec<NodeSession>,
    /// For made-up conflicts: how many in a thousand writes, prepares and commits.
    conflicts: Option<(Draws, u64)>,
}

impl ClusterSession {
    /// Sessions of the nodes as one.
    pub fn new(nodes: Vec<NodeSession>, conflicts: Option<(Draws, u64)>) -> Self {
        ClusterSession { nodes, conflicts }
    }

    /// The sessions, leader first.
    pub fn nodes(&mut self) -> &mut [NodeSession] {
        &mut self.nodes
    }

    /// Does something on all nodes.
    fn all<R: PartialEq + Debug>(
        &mut self,
        mut work: impl FnMut(&mut NodeSession) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut first = None;
        for node in &mut self.nodes {
            let answer = work(node)?;
            match &first {
                None => first = Some(answer),
                Some(first) if *first == answer => {}
                Some(first) => {
                    let what = format!("the nodes differ: {first:?}, but on the {} {answer:?}", node.name());
                    return Err(StoreError::Unexpected(what));
                }
            }
        }
        first.ok_or_else(|| StoreError::Unexpected("there is no node".to_owned()))
    }

    /// Perhaps a conflict, without a reason.
    fn stumble(&mut self) -> Result<(), StoreError> {
        let stumbles = |(draws, per_mille): &mut (Draws, u64)| draws.below(1000) < *per_mille;
        if self.conflicts.as_mut().is_some_and(stumbles) { Err(StoreError::Conflict) } else { Ok(()) }
    }
}

impl Store for ClusterSession {
    fn begin(&mut self, read_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.all(|node| node.begin(read_at))
    }

    fn insert(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<bool, StoreError> {
        let is_new = self.all(|node| node.insert(table, key, value))?;
        self.stumble().map(|()| is_new)
    }

    fn append(&mut self, table: u16, value: &ByteStr) -> Result<u64, StoreError> {
        let key = self.all(|node| node.append(table, value))?;
        self.stumble().map(|()| key)
    }

    fn update(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<(), StoreError> {
        self.all(|node| node.update(table, key, value))?;
        self.stumble()
    }

    fn remove(&mut self, table: u16, key: u64) -> Result<bool, StoreError> {
        let was_there = self.all(|node| node.remove(table, key))?;
        self.stumble().map(|()| was_there)
    }

    fn modify(&mut self, table: u16, key: u64, edit: &Edit) -> Result<bool, StoreError> {
        let was_there = self.all(|node| node.modify(table, key, edit))?;
        self.stumble().map(|()| was_there)
    }

    fn read(&mut self, table: u16, key: u64) -> Result<Option<ByteStr>, StoreError> {
        self.all(|node| node.read(table, key))
    }

    fn truncate(&mut self, table: u16, first: u64, last: u64) -> Result<(), StoreError> {
        self.all(|node| node.truncate(table, first, last))?;
        self.stumble()
    }

    fn prepare(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.stumble()?;
        self.all(|node| node.prepare(at))
    }

    fn commit(&mut self, at: Timestamp, durable: Option<Timestamp>) -> Result<(), StoreError> {
        if durable.is_none() {
            self.stumble()?;
        }
        self.all(|node| node.commit(at, durable))
    }

    fn rollback(&mut self, _at: Option<Timestamp>) -> Result<(), StoreError> {
        self.all(NodeSession::rollback)
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        self.all(|node| {
            node.begin(Some(at))?;
            let mut walk = Walk::new(Direction::Next);
            let walked = (|| {
                node.reset(table);
                while !node.walk(table, &mut walk)? {}
                Ok(())
            })();
            node.reset(table);
            node.rollback()?;
            walked.map(|()| walk.into_rows())
        })
    }
}
