//! What a plan is executed against: a session of a transactional store with timestamps.
//!
//! The planner knows keys as numbers and values as bytes. A store that has other keys translates them; in fixed-length
//! tables it takes 0 and no value for the same.

use super::plan::{Content, Edit, Plan};
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use thiserror::Error;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The transaction met another and has to be rolled back. It is tried again.
    #[error("a conflict")]
    Conflict,
    /// What must not happen in a replayed run.
    #[error("{0}")]
    Unexpected(String),
}

/// A session. Each worker has its own.
pub trait Store {
    /// Begins a transaction; `read_at`: it sees what committed up to there.
    fn begin(&mut self, read_at: Option<Timestamp>) -> Result<(), StoreError>;

    /// Gives a key that has no value one, by its number and not by the place of a cursor. False if it has one: then
    /// nothing changes.
    fn insert(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<bool, StoreError>;

    /// Lets the table choose the next record number. Returns it.
    fn append(&mut self, table: u16, value: &ByteStr) -> Result<u64, StoreError>;

    /// Gives a key a value, whether it has one or not.
    fn update(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<(), StoreError>;

    /// Takes a key's value away. False if it has none.
    fn remove(&mut self, table: u16, key: u64) -> Result<bool, StoreError>;

    /// Replaces a part of a key's value in a row or variable-length table. False if it has none.
    fn modify(&mut self, table: u16, key: u64, edit: &Edit) -> Result<bool, StoreError>;

    /// A key's value.
    fn read(&mut self, table: u16, key: u64) -> Result<Option<ByteStr>, StoreError>;

    /// Takes the values of a range of keys away, both ends included.
    fn truncate(&mut self, table: u16, first: u64, last: u64) -> Result<(), StoreError>;

    /// Prepares the transaction.
    fn prepare(&mut self, at: Timestamp) -> Result<(), StoreError>;

    /// Commits the transaction; `durable` only if it is prepared.
    fn commit(&mut self, at: Timestamp, durable: Option<Timestamp>) -> Result<(), StoreError>;

    /// Rolls the transaction back; `at` only if it is prepared.
    fn rollback(&mut self, at: Option<Timestamp>) -> Result<(), StoreError>;

    /// All keys that have a value for a reader at `at`, in order, outside any transaction.
    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError>;

    /// All that a key ever had and from when on, if the store can tell.
    fn history(&mut self, _table: u16, _key: u64) -> Option<Vec<(Timestamp, Option<ByteStr>)>> {
        None
    }
}

/// Keys per transaction of [`load`].
const LOAD: u64 = 1000;

/// Makes what the tables have before the first number.
pub fn load(plan: &Plan, store: &mut impl Store) -> Result<(), StoreError> {
    for (table, spec) in (0..).zip(plan.tables()) {
        let mut key = 1;
        while key <= spec.base {
            store.begin(None)?;
            for key in key..=spec.base.min(key + LOAD - 1) {
                let content: Content = plan.written(table, key, 0);
                if !store.insert(table, key, &plan.bytes(table, key, content))? {
                    return Err(StoreError::Unexpected(format!("table {table} has key {key} already")));
                }
            }
            store.commit(plan.clock().commit(0), None)?;
            key += LOAD;
        }
    }
    Ok(())
}
