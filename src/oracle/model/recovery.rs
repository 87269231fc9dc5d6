//! Checkpoints, and what a database is after its process has ended. Only for those who want the model to be such a database:
//! to what nodes do among themselves it pays no attention.

use super::table::Table;
use super::version::{Horizon, Reader};
use super::{Model, Node};
use crate::backend::{Format, Key, Timestamp, Value};

/// A copy of what was committed when it was taken, and stable if stable was set.
#[derive(Debug)]
pub struct Checkpoint {
    tables: Vec<Table>,
    /// As it was then, 0 if not set.
    stable: Timestamp,
    /// As it was then; without stable it is not kept.
    oldest: Timestamp,
}

impl Checkpoint {
    /// The records of a table.
    pub fn records(&self, table: u8) -> Vec<(Key, Value)> {
        let Some(table) = self.tables.get(usize::from(table)) else {
            return Vec::new();
        };
        let everything = Reader { txn: 0, horizon: Horizon::Uncommitted, read_ts: 0, ignores_prepared: false };
        table.walk(&everything).filter_map(|(key, value)| Some((key, value.ok()?.clone()))).collect()
    }
}

impl Model {
    /// Creates one more table. Answers with its number.
    pub fn create_table(&mut self, format: Format) -> u8 {
        self.tables.push(Table::new(format));
        (self.tables.len() - 1) as u8
    }

    /// The stable timestamp, 0 if it is not set.
    pub fn stable(&self) -> Timestamp {
        self.node.stable
    }

    /// Takes a checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        let Node { stable, oldest, .. } = self.node;
        let tables = self.tables.iter().map(|table| table.checkpointed((stable != 0).then_some(stable), oldest));
        Checkpoint { tables: tables.collect(), stable, oldest: if stable == 0 { 0 } else { oldest } }
    }

    /// The process is back after its end: tables and timestamps are those of the `newest` checkpoint, empty and unset
    /// without one, and nobody has a transaction or a cursor.
    pub fn recover(&mut self, newest: Option<&Checkpoint>) {
        for (index, table) in self.tables.iter_mut().enumerate() {
            let kept = newest.and_then(|newest| newest.tables.get(index));
            *table = kept.map_or_else(|| Table::new(table.format), |kept| kept.checkpointed(None, 0));
        }
        self.sessions.iter_mut().for_each(|session| *session = session.anew());
        let (stable, oldest) = newest.map_or((0, 0), |newest| (newest.stable, newest.oldest));
        (self.node.stable, self.node.oldest, self.node.durable) = (stable, oldest, stable);
    }
}
