//! Compares a store with the oracle: the whole state at a number, every key's history.

use super::oracle::Oracle;
use super::plan::{OpNumber, Plan};
use super::request::{Answer, Request};
use super::store::{Store, StoreError};
use crate::bytes::ByteStr;
use std::fmt;
use thiserror::Error;

/// Where a store differs from the plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Difference {
    /// The number after which it does.
    pub t: OpNumber,
    /// The table.
    pub table: u16,
    /// The key; `None` if no key can be named.
    pub key: Option<u64>,
    /// What is there and what should be.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after operation {}, table {}", self.t, self.table)?;
        if let Some(key) = self.key {
            write!(f, ", key {key}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A value, or that there is none.
pub(super) fn show(value: Option<&ByteStr>) -> String {
    value.map_or("no value".to_owned(), |value| format!("\"{}\"", value.as_bytes().escape_ascii()))
}

fn broken(t: OpNumber, table: u16, error: &StoreError) -> Difference {
    Difference { t, table, key: None, what: error.to_string() }
}

/// Compares all tables as they are after number `t`, which the oracle knows and which is done, with all before it.
pub fn state(plan: &Plan, oracle: &Oracle, store: &mut impl Store, t: OpNumber) -> Result<(), Difference> {
    for (table, _) in (0..).zip(plan.tables()) {
        let found = store.scan(table, plan.clock().after(t)).map_err(|error| broken(t, table, &error))?;
        let expected = oracle.state(table, t);
        if found == expected {
            continue;
        }
        let (mut found, mut expected) = (found.iter().peekable(), expected.iter().peekable());
        loop {
            let key = found.peek().into_iter().chain(expected.peek()).map(|(key, _)| *key).min();
            let Some(key) = key else { break };
            let value = found.next_if(|row| row.0 == key).map(|row| &row.1);
            let right = expected.next_if(|row| row.0 == key).map(|row| &row.1);
            if value != right {
                let what = format!("found {}, expected {}", show(value), show(right));
                return Err(Difference { t, table, key: Some(key), what });
            }
        }
        let what = "the keys are not in order, or one comes twice".to_owned();
        return Err(Difference { t, table, key: None, what });
    }
    Ok(())
}

/// Compares the histories of all keys up to number `t`. What a store cannot tell is read at each moment at which it has
/// to change.
pub fn histories(plan: &Plan, oracle: &Oracle, store: &mut impl Store, t: OpNumber) -> Result<(), Difference> {
    for (table, _) in (0..).zip(plan.tables()) {
        for (key, history) in oracle.histories(table) {
            let history: Vec<_> = history.iter().filter(|(at, _)| *at <= t).copied().collect();
            let value = |content: Option<_>| content.map(|content| plan.bytes(table, key, content));
            if let Some(found) = store.history(table, key) {
                let expected: Vec<_> = history.iter().map(|&(at, now)| (plan.clock().commit(at), value(now))).collect();
                if found != expected {
                    return Err(first_difference(plan, table, key, &found, &expected));
                }
                continue;
            }
            let ends = history.iter().skip(1).map(|(at, _)| at - 1).chain([t]);
            for (&(from, now), to) in history.iter().zip(ends) {
                for at in [from, to] {
                    let found = read(plan, store, table, key, at).map_err(|error| broken(at, table, &error))?;
                    if found != value(now) {
                        let what = format!("found {}, expected {}", show(found.as_ref()), show(value(now).as_ref()));
                        return Err(Difference { t: at, table, key: Some(key), what });
                    }
                }
            }
        }
    }
    Ok(())
}

/// What a key had after number `t`.
fn read(plan: &Plan, store: &mut impl Store, table: u16, key: u64, t: OpNumber) -> Result<Option<ByteStr>, StoreError> {
    store.serve(&Request::Begin { read_at: Some(plan.clock().after(t)) })?;
    let found = store.serve(&Request::Read { table, key });
    store.serve(&Request::Rollback { at: None })?;
    match found? {
        Answer::Value(value) => Ok(value),
        other => Err(StoreError::Unexpected(format!("a read answers {other:?}"))),
    }
}

type Versions = [(crate::backend::Timestamp, Option<ByteStr>)];

fn first_difference(plan: &Plan, table: u16, key: u64, found: &Versions, expected: &Versions) -> Difference {
    let same = found.iter().zip(expected).take_while(|(one, other)| one == other).count();
    let show = |version: Option<&(_, Option<ByteStr>)>| match version {
        Some((at, value)) => format!("{} by operation {}", show(value.as_ref()), plan.clock().number(*at)),
        None => "nothing more".to_owned(),
    };
    let (one, other) = (found.get(same), expected.get(same));
    let at = one.into_iter().chain(other).map(|(at, _)| *at).min().unwrap_or_default();
    let what = format!("its version {same} is {}, expected {}", show(one), show(other));
    Difference { t: plan.clock().number(at), table, key: Some(key), what }
}
