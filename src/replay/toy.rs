//! A store for tests and studies: every version of every key in a map, snapshots by transaction number.
//!
//! It detects what replayed runs must never meet, such as a prepared update in the way of a reader, and makes up
//! conflicts if it is asked to.

use super::plan::{Draws, Edit, Plan, Purpose};
use super::request::{Answer, Request};
use super::store::{Store, StoreError};
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The tables; sessions are made by [`ToyStore::session`].
#[derive(Clone, Debug)]
pub struct ToyStore(Arc<Mutex<Tables>>);

#[derive(Debug)]
struct Tables {
    tables: Vec<Table>,
    running: BTreeSet<u64>,
    next_id: u64,
    /// For made-up conflicts: how many in a thousand calls.
    conflicts: (Draws, u64),
}

#[derive(Debug, Default)]
struct Table {
    keys: BTreeMap<u64, Vec<Version>>,
    /// The last record number that was ever given.
    end: u64,
}

/// One of a key's versions. The oldest comes first.
#[derive(Clone, Debug)]
struct Version {
    txn: u64,
    state: State,
    value: Option<ByteStr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Prepared(Timestamp),
    Committed(Timestamp),
}

impl ToyStore {
    /// Empty tables for a plan.
    pub fn new(plan: &Plan) -> Self {
        let tables = plan.tables().iter().map(|_| Table::default()).collect();
        let conflicts = (Draws::new(0, Purpose::Schedule, 0), 0);
        ToyStore(Arc::new(Mutex::new(Tables { tables, running: BTreeSet::new(), next_id: 1, conflicts })))
    }

    /// Tables that have what the plan begins with; as [`super::store::load`] would make it.
    pub fn loaded(plan: &Plan) -> Self {
        let store = ToyStore::new(plan);
        let state = State::Committed(plan.clock().commit(0));
        for ((number, spec), table) in (0..).zip(plan.tables()).zip(&mut store.lock().tables) {
            for key in 1..=spec.base {
                let value = Some(plan.bytes(number, key, plan.written(number, key, 0)));
                table.keys.insert(key, vec![Version { txn: 0, state, value }]);
            }
            table.end = spec.base;
        }
        store
    }

    /// From now on so many of a thousand writes, prepares and commits meet a conflict that is made up.
    pub fn make_up_conflicts(&self, seed: u64, per_mille: u64) {
        self.lock().conflicts = (Draws::new(seed, Purpose::Schedule, 1), per_mille);
    }

    /// A session.
    pub fn session(&self) -> ToySession {
        ToySession { store: self.clone(), txn: None }
    }

    /// Takes back what committed after `at`. Nobody may have a transaction.
    pub fn roll_back_to(&self, at: Timestamp) {
        for table in &mut self.lock().tables {
            for versions in table.keys.values_mut() {
                versions.retain(|version| matches!(version.state, State::Committed(ts) if ts <= at));
            }
            table.keys.retain(|_, versions| !versions.is_empty());
            table.end = table.keys.last_key_value().map_or(0, |(&key, _)| key);
        }
    }

    /// A hash of all tables with all histories, to tell runs apart.
    pub fn digest(&self) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        for table in &self.lock().tables {
            for (key, versions) in &table.keys {
                key.hash(&mut hasher);
                for version in versions {
                    if let State::Committed(ts) = version.state {
                        (ts, &version.value).hash(&mut hasher);
                    }
                }
            }
        }
        hasher.finish()
    }

    /// How many transactions are under way.
    pub fn running(&self) -> usize {
        self.lock().running.len()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock()
    }
}

/// A session of a [`ToyStore`].
#[derive(Debug)]
pub struct ToySession {
    store: ToyStore,
    txn: Option<Txn>,
}

#[derive(Clone, Debug)]
struct Txn {
    id: u64,
    read_at: Option<Timestamp>,
    /// Those that were running when it began, and the first that had not begun.
    concurrent: BTreeSet<u64>,
    limit: u64,
    written: Vec<(u16, u64)>,
    is_prepared: bool,
}

impl Txn {
    /// Whether it sees a version.
    fn sees(&self, version: &Version) -> Result<bool, StoreError> {
        if version.txn == self.id {
            return Ok(true);
        }
        let in_snapshot = version.txn < self.limit && !self.concurrent.contains(&version.txn);
        match version.state {
            State::Running => Ok(false),
            State::Prepared(ts) if self.read_at.is_none_or(|at| ts <= at) => {
                Err(StoreError::Unexpected(format!("a reader meets an update that is prepared at {ts}")))
            }
            State::Prepared(_) => Ok(false),
            State::Committed(ts) => Ok(in_snapshot && self.read_at.is_none_or(|at| ts <= at)),
        }
    }

    /// The value that it sees among versions.
    fn visible(&self, versions: Option<&Vec<Version>>) -> Result<Option<ByteStr>, StoreError> {
        for version in versions.into_iter().flatten().rev() {
            if self.sees(version)? {
                return Ok(version.value.clone());
            }
        }
        Ok(None)
    }
}

fn no_transaction() -> StoreError {
    StoreError::Unexpected("no transaction is running".to_owned())
}

impl ToySession {
    fn txn(&self) -> Result<&Txn, StoreError> {
        self.txn.as_ref().filter(|txn| !txn.is_prepared).ok_or_else(no_transaction)
    }

    /// Writes a version, unless a conflict is made up.
    fn write(&mut self, table: u16, key: u64, value: Option<ByteStr>) -> Result<(), StoreError> {
        self.stumble()?;
        self.put(table, key, value)
    }

    /// Writes a version. A key's newest version has to be one that the transaction sees.
    fn put(&mut self, table: u16, key: u64, value: Option<ByteStr>) -> Result<(), StoreError> {
        let txn = self.txn.as_mut().filter(|txn| !txn.is_prepared).ok_or_else(no_transaction)?;
        let mut tables = self.store.lock();
        let table_of = &mut tables.tables[usize::from(table)];
        table_of.end = table_of.end.max(key);
        let versions = table_of.keys.entry(key).or_default();
        if let Some(newest) = versions.last() {
            let is_prepared = matches!(newest.state, State::Prepared(_));
            if newest.txn != txn.id && (is_prepared || !txn.sees(newest)?) {
                return Err(StoreError::Conflict);
            }
        }
        versions.retain(|version| version.txn != txn.id);
        versions.push(Version { txn: txn.id, state: State::Running, value });
        txn.written.push((table, key));
        Ok(())
    }

    /// Perhaps a conflict, without a reason.
    fn stumble(&self) -> Result<(), StoreError> {
        let (draws, per_mille) = &mut self.store.lock().conflicts;
        if *per_mille > 0 && draws.below(1000) < *per_mille { Err(StoreError::MadeUp) } else { Ok(()) }
    }

    /// Ends the transaction: `end` says what becomes of each of its versions.
    fn end(&mut self, end: impl Fn(&mut Vec<Version>, u64)) -> Result<(), StoreError> {
        let txn = self.txn.take().ok_or_else(no_transaction)?;
        let mut tables = self.store.lock();
        for (table, key) in txn.written {
            let keys = &mut tables.tables[usize::from(table)].keys;
            if let Some(versions) = keys.get_mut(&key) {
                end(versions, txn.id);
                if versions.is_empty() {
                    keys.remove(&key);
                }
            }
        }
        tables.running.remove(&txn.id);
        Ok(())
    }
}

impl Store for ToySession {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        match request {
            Request::Begin { read_at } => self.begin(*read_at).map(|()| Answer::Done),
            Request::Insert { table, key, value } => self.insert(*table, *key, value).map(Answer::Found),
            Request::Append { table, value } => self.append(*table, value).map(Answer::Key),
            Request::Update { table, key, value } => {
                self.write(*table, *key, Some(value.clone())).map(|()| Answer::Done)
            }
            Request::Remove { table, key } => self.remove(*table, *key).map(Answer::Found),
            Request::Modify { table, key, edit } => self.modify(*table, *key, edit).map(Answer::Found),
            Request::Read { table, key } => self.read(*table, *key).map(Answer::Value),
            Request::Truncate { table, first, last } => self.truncate(*table, *first, *last).map(|()| Answer::Done),
            Request::Prepare { at } => self.prepare(*at).map(|()| Answer::Done),
            Request::Commit { at, durable } => self.commit(*at, *durable).map(|()| Answer::Done),
            Request::Rollback { .. } => self.rollback().map(|()| Answer::Done),
        }
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        self.begin(Some(at))?;
        let rows = || {
            let txn = self.txn()?;
            let mut rows = Vec::new();
            for (&key, versions) in &self.store.lock().tables[usize::from(table)].keys {
                rows.extend(txn.visible(Some(versions))?.map(|value| (key, value)));
            }
            Ok(rows)
        };
        let rows = rows();
        self.rollback()?;
        rows
    }

    fn history(&mut self, table: u16, key: u64) -> Option<Vec<(Timestamp, Option<ByteStr>)>> {
        let tables = self.store.lock();
        let versions = tables.tables[usize::from(table)].keys.get(&key).into_iter().flatten();
        let committed = |version: &Version| match version.state {
            State::Committed(ts) => Some((ts, version.value.clone())),
            _ => None,
        };
        Some(versions.filter_map(committed).collect())
    }
}

impl ToySession {
    fn begin(&mut self, read_at: Option<Timestamp>) -> Result<(), StoreError> {
        if self.txn.is_some() {
            return Err(StoreError::Unexpected("a transaction is running".to_owned()));
        }
        let mut tables = self.store.lock();
        let id = tables.next_id;
        tables.next_id += 1;
        let concurrent = tables.running.clone();
        tables.running.insert(id);
        drop(tables);
        self.txn = Some(Txn { id, read_at, concurrent, limit: id, written: Vec::new(), is_prepared: false });
        Ok(())
    }

    fn insert(&mut self, table: u16, key: u64, value: &ByteStr) -> Result<bool, StoreError> {
        if self.read(table, key)?.is_some() {
            return Ok(false);
        }
        self.write(table, key, Some(value.clone())).map(|()| true)
    }

    fn append(&mut self, table: u16, value: &ByteStr) -> Result<u64, StoreError> {
        let key = {
            let end = &mut self.store.lock().tables[usize::from(table)].end;
            *end += 1;
            *end
        };
        self.write(table, key, Some(value.clone())).map(|()| key)
    }

    fn remove(&mut self, table: u16, key: u64) -> Result<bool, StoreError> {
        let is_there = self.read(table, key)?.is_some();
        if is_there {
            self.write(table, key, None)?;
        }
        Ok(is_there)
    }

    fn modify(&mut self, table: u16, key: u64, edit: &Edit) -> Result<bool, StoreError> {
        let Some(old) = self.read(table, key)? else { return Ok(false) };
        self.write(table, key, Some(edit.apply(old.as_bytes()))).map(|()| true)
    }

    fn read(&mut self, table: u16, key: u64) -> Result<Option<ByteStr>, StoreError> {
        let txn = self.txn()?;
        txn.visible(self.store.lock().tables[usize::from(table)].keys.get(&key))
    }

    fn truncate(&mut self, table: u16, first: u64, last: u64) -> Result<(), StoreError> {
        let txn = self.txn()?;
        let mut found = Vec::new();
        for (&key, versions) in self.store.lock().tables[usize::from(table)].keys.range(first..=last) {
            if txn.visible(Some(versions))?.is_some() {
                found.push(key);
            }
        }
        self.stumble()?;
        found.into_iter().try_for_each(|key| self.put(table, key, None))
    }

    fn prepare(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.stumble()?;
        let txn = self.txn.as_mut().ok_or_else(no_transaction)?;
        txn.is_prepared = true;
        let mut tables = self.store.lock();
        for (table, key) in &txn.written {
            let versions = tables.tables[usize::from(*table)].keys.get_mut(key).into_iter().flatten();
            versions.filter(|version| version.txn == txn.id).for_each(|version| version.state = State::Prepared(at));
        }
        Ok(())
    }

    fn commit(&mut self, at: Timestamp, durable: Option<Timestamp>) -> Result<(), StoreError> {
        let is_prepared = self.txn.as_ref().is_some_and(|txn| txn.is_prepared);
        if is_prepared != durable.is_some() {
            return Err(StoreError::Unexpected(
                "who is prepared has a durable timestamp, who is not has none".to_owned(),
            ));
        }
        if !is_prepared {
            self.stumble()?;
        }
        self.end(|versions, id| {
            let own = versions.iter_mut().filter(|version| version.txn == id);
            own.for_each(|version| version.state = State::Committed(at));
        })
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.end(|versions, id| versions.retain(|version| version.txn != id))
    }
}
