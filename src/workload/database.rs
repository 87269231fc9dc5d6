//! What a workload runs on: something with tables and sessions that can be stopped and comes back with what it had made
//! durable. The engine and the model each are one.

use crate::backend::{Call, Code, Format, Key, Reply, Value, Who};
use std::collections::BTreeMap;

/// How a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Between two operations.
    Idle,
    /// So many per mille into a checkpoint, which does not count then.
    InCheckpoint(u16),
    /// After a checkpoint that counts.
    AfterCheckpoint,
}

/// A database.
pub trait Database {
    /// The name in reports.
    fn name(&self) -> &'static str;

    /// Creates a table. They are numbered from 0 in the order of creation.
    fn create_table(&mut self, format: Format);

    /// Makes a call of the API.
    fn call(&mut self, who: Who, call: Call<'_>) -> Reply;

    /// Takes a checkpoint.
    fn checkpoint(&mut self, name: Option<&str>) -> Code;

    /// The process dies and comes back. Transactions and cursors are gone.
    fn crash(&mut self, death: Death);

    /// The process ends in order and comes back: what was running is rolled back, then comes a checkpoint if there can be
    /// one.
    fn restart(&mut self) {
        // Nothing that runs is in a checkpoint, so it is of no account when it is rolled back.
        self.checkpoint(None);
        self.crash(Death::Idle);
    }

    /// Takes back what is not stable, and makes that durable.
    fn rollback_to_stable(&mut self) -> Code;

    /// Evicts what it can. Nobody may notice.
    fn evict(&mut self) {}

    /// The records of a table in the last checkpoint that had this name. Empty if there is none.
    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)>;
}

/// The checkpoints of a database, each a handle of type `C`.
#[derive(Debug)]
pub(super) struct Checkpoints<C> {
    /// What a process comes back with: the newest one, whatever it is called.
    newest: Option<C>,
    named: BTreeMap<Option<String>, C>,
}

impl<C> Default for Checkpoints<C> {
    fn default() -> Self {
        Checkpoints { newest: None, named: BTreeMap::new() }
    }
}

impl<C: Clone> Checkpoints<C> {
    /// Keeps a checkpoint; one that had its name goes.
    pub fn keep(&mut self, name: Option<&str>, checkpoint: C) {
        self.newest = Some(checkpoint.clone());
        self.named.insert(name.map(str::to_owned), checkpoint);
    }

    /// The newest one.
    pub fn newest(&self) -> Option<&C> {
        self.newest.as_ref()
    }

    /// The last one of that name.
    pub fn named(&self, name: Option<&str>) -> Option<&C> {
        self.named.get(&name.map(str::to_owned))
    }
}
