//! What a plan is executed against: a session of a transactional store with timestamps.
//!
//! The planner knows keys as numbers and values as bytes. A store that has other keys translates them; in fixed-length
//! tables it takes 0 and no value for the same.

use super::plan::Plan;
use super::request::{Answer, Exchange, Request};
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use thiserror::Error;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The transaction met another and has to be rolled back. It is tried again.
    #[error("a conflict")]
    Conflict,
    /// The same, but there is no other: it is made up, to see that nothing comes of it.
    #[error("a made-up conflict")]
    MadeUp,
    /// What must not happen in a replayed run.
    #[error("{0}")]
    Unexpected(String),
}

/// A session. Each worker has its own.
pub trait Store: Sized {
    /// Makes a call.
    ///
    /// # Errors
    /// Why it failed.
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError>;

    /// Makes calls of several sessions of one store, which are in no order. A store with a lock takes it once for all.
    fn burst(sessions: &mut [Self], calls: &mut [Exchange]) {
        for call in calls {
            call.answer = sessions[call.session].serve(&call.request);
        }
    }

    /// All keys that have a value for a reader at `at`, in order, outside any transaction.
    ///
    /// # Errors
    /// Why it failed.
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
            store.serve(&Request::Begin { read_at: None })?;
            for key in key..=spec.base.min(key + LOAD - 1) {
                let value = plan.bytes(table, key, plan.written(table, key, 0));
                if store.serve(&Request::Insert { table, key, value })? != Answer::Found(true) {
                    return Err(StoreError::Unexpected(format!("table {table} has key {key} already")));
                }
            }
            store.serve(&Request::Commit { at: plan.clock().commit(0), durable: None })?;
            key += LOAD;
        }
    }
    Ok(())
}
