//! The tables as a whole: what a harness may ask about them without disturbing anything, and the calls of the node that
//! change them.

use super::session::{Session, Transaction};
use super::table::Table;
use super::version::{Chain, Everyone, Kind};
use super::{Answer, Model};
use crate::backend::{Call, Code, Key, Timestamp, Value, Who};

/// An update of a running transaction, as an application that means to repeat it after a crash would log it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which table, from 0.
    pub table: u8,
    /// Which key.
    pub key: Key,
    /// The value that it got; `None`: it was removed.
    pub value: Option<Value>,
    /// The commit timestamp that the transaction had when it wrote this. 0: none yet, it gets that of the commit.
    pub stamp: Timestamp,
}

impl Model {
    /// The table that an open cursor is on.
    pub fn table_of(&self, who: Who) -> u8 {
        self.cursor(who).config.table
    }

    /// What `session` sees at `key` now: through the snapshot that it holds, or else through a fresh one. `None` also
    /// where a prepared update is in its way. Disturbs nothing.
    pub fn peek(&self, session: u8, table: u8, key: &Key) -> Option<Value> {
        let reader = self.session(session).peeker(self.node.now);
        self.tables[usize::from(table)].read(key, &reader).ok().flatten().cloned()
    }

    /// Every record that `session` sees in a table now, in the order of keys. Disturbs nothing.
    pub fn seen(&self, session: u8, table: u8) -> Vec<(Key, Value)> {
        let table = &self.tables[usize::from(table)];
        let reader = self.session(session).peeker(self.node.now);
        table.walk(&reader).filter_map(|(key, value)| Some((key, value.ok()?.clone()))).collect()
    }

    /// Whether a walk of `session` over the whole table would meet a prepared update. Disturbs nothing.
    pub fn meets_prepared(&self, session: u8, table: u8) -> bool {
        let table = &self.tables[usize::from(table)];
        let reader = self.session(session).peeker(self.node.now);
        table.walk(&reader).any(|(_, value)| value.is_err())
    }

    /// The largest key with a version that somebody needs: the session, a reader to come, or a transaction that runs.
    /// What an engine may have dropped does not count. Disturbs nothing.
    pub fn largest_needed(&self, session: u8, table: u8) -> Option<Key> {
        let session = self.session(session);
        let everyone = Everyone {
            moment: session.snapshot_in_use().unwrap_or(self.node.now),
            pinned_ts: session.read_timestamp().map_or(self.node.oldest, |read_ts| read_ts.min(self.node.oldest)),
        };
        self.tables[usize::from(table)].largest_needed(&everyone).cloned()
    }

    /// Whether anybody ever wrote `key`, since the table was created; writes that were rolled back count.
    pub fn ever_written(&self, table: u8, key: &Key) -> bool {
        self.tables[usize::from(table)].ever_written(key)
    }

    /// Every key that anybody ever wrote, since the table was created; writes that were rolled back count.
    pub fn all_written(&self, table: u8) -> Vec<Key> {
        self.tables[usize::from(table)].all_written().cloned().collect()
    }

    /// Whether what `call` writes comes on top of a version whose timestamp nobody minds because oldest has passed it.
    /// It says so of more than there are: of any key of which nothing is left, and of a truncate if it holds for any record
    /// that the session sees. Disturbs nothing.
    pub fn overwrites_forgotten(&self, who: Who, call: Call<'_>) -> bool {
        let session = self.session(who.session);
        let forgotten = |table: u8, key: &Key, replaced_ts: Timestamp| {
            let nothing_left = replaced_ts == 0 && self.ever_written(table, key);
            nothing_left || (replaced_ts != 0 && replaced_ts <= self.node.oldest)
        };
        match (call, &session.txn) {
            (Call::Insert | Call::Update | Call::Remove, None) => {
                let table = self.table_of(who);
                let newest = |key| self.tables[usize::from(table)].chain(key).and_then(Chain::newest);
                let replaced = |key| newest(key).map_or(0, |version| version.durable_ts);
                self.cursor(who).key.get().is_some_and(|key| forgotten(table, key, replaced(key)))
            }
            (Call::Truncate { .. } | Call::TruncateTable { .. }, None) => (0..self.tables.len() as u8).any(|table| {
                let newest = |key| self.tables[usize::from(table)].chain(key).and_then(Chain::newest);
                let seen = self.seen(who.session, table);
                seen.iter().any(|(key, _)| newest(key).is_some_and(|version| forgotten(table, key, version.durable_ts)))
            }),
            (Call::Commit { .. }, Some(txn)) => txn.writes.iter().any(|(table, key)| {
                let updates = self.tables[usize::from(*table)].of_running(key, txn.id);
                updates.iter().any(|update| forgotten(*table, key, update.replaced_ts))
            }),
            _ => false,
        }
    }

    /// Whether a prepared transaction is to commit before a version that it replaces, whose timestamp nobody minds because
    /// oldest has passed it. It says so, too, where nothing is left of a key. Disturbs nothing.
    pub fn commits_behind_forgotten(&self, who: Who, call: Call<'_>) -> bool {
        let (Call::Commit { ts, .. }, Some(txn)) = (call, &self.session(who.session).txn) else {
            return false;
        };
        let commit_ts = ts.unwrap_or(txn.commit_ts);
        let behind = |replaced_ts: Timestamp| match replaced_ts {
            0 => commit_ts <= self.node.oldest,
            replaced_ts => replaced_ts <= self.node.oldest && commit_ts < replaced_ts,
        };
        txn.prepared
            && txn.writes.iter().any(|(table, key)| {
                let updates = self.tables[usize::from(*table)].of_running(key, txn.id);
                updates.iter().any(|update| behind(update.replaced_ts))
            })
    }

    /// Whether `call` looks through a whole table of which the session sees nothing, but in which there have been records.
    /// Disturbs nothing.
    pub fn looks_over_remains(&self, who: Who, call: Call<'_>) -> bool {
        let walked = match call {
            Call::Next | Call::Prev | Call::SearchNear => Some(self.table_of(who)),
            call => self.truncated(who, call),
        };
        let Some(table) = walked else { return false };
        self.tables[usize::from(table)].all_written().next().is_some() && self.seen(who.session, table).is_empty()
    }

    /// Whether `call` is a truncate of a table in which there has never been a record.
    pub fn truncates_untouched(&self, who: Who, call: Call<'_>) -> bool {
        self.truncated(who, call).is_some_and(|table| self.tables[usize::from(table)].all_written().next().is_none())
    }

    /// The table that `call` is to truncate.
    fn truncated(&self, who: Who, call: Call<'_>) -> Option<u8> {
        match call {
            Call::Truncate { start, stop } => start.or(stop).map(|cursor| self.table_of(Who { cursor, ..who })),
            Call::TruncateTable { table } => Some(table),
            _ => None,
        }
    }

    /// Whether a cursor that stands on a record has another value than its session sees there. Disturbs nothing.
    pub fn is_stale(&self, who: Who) -> bool {
        let cursor = self.cursor(who);
        let Some(key) = cursor.key.get().filter(|_| cursor.is_positioned()) else { return false };
        cursor.value.get() != self.peek(who.session, self.table_of(who), key).as_ref()
    }

    /// The key of a cursor that stands on a record which its session does not see. Disturbs nothing.
    pub fn gone_under(&self, who: Who) -> Option<Key> {
        let cursor = self.cursor(who);
        let key = cursor.key.get().filter(|_| cursor.is_positioned())?;
        self.peek(who.session, self.table_of(who), key).is_none().then(|| key.clone())
    }

    /// Whether a session's transaction has failed after it has written: it can only be rolled back.
    pub fn is_doomed(&self, session: u8) -> bool {
        self.session(session).txn.as_ref().is_some_and(Transaction::is_doomed)
    }

    /// The number of versions that are held, of all keys of all tables.
    pub fn versions(&self) -> usize {
        self.tables.iter().map(Table::versions).sum()
    }

    /// What the running transaction of a session has written so far, those of one key in the order of writing.
    /// Place-holders are left out. Empty if there is no transaction.
    pub fn updates_of(&self, session: u8) -> Vec<Update> {
        let Some(txn) = &self.session(session).txn else {
            return Vec::new();
        };
        let mut updates = Vec::new();
        for (table, key) in &txn.writes {
            for version in self.tables[usize::from(*table)].of_running(key, txn.id) {
                let value = match &version.kind {
                    Kind::Put(value) => Some(value.clone()),
                    Kind::Delete => None,
                    Kind::Reserve => continue,
                };
                updates.push(Update { table: *table, key: key.clone(), value, stamp: version.own_timestamp() });
            }
        }
        updates
    }

    /// Takes back everything that is durable only after stable, unless stable is not set. Not while anybody is at work.
    pub(super) fn rollback_to_stable(&mut self) -> Answer {
        if self.sessions.iter().any(|session| session.txn.is_some() || session.any_placed()) {
            return Answer::harmless(Code::Busy);
        }
        let stable = self.node.stable;
        if stable != 0 {
            self.tables.iter_mut().for_each(|table| table.roll_back_to_stable(stable));
        }
        self.node.durable = stable;
        Code::Ok.into()
    }

    /// Replaces a table by an empty one. Not while a transaction is running or a cursor on it is open.
    pub(super) fn recreate(&mut self, table: u8) -> Answer {
        let on_it = |session: &Session| session.cursors.iter().flatten().any(|cursor| cursor.config.table == table);
        if self.sessions.iter().any(|session| session.txn.is_some() || on_it(session)) {
            return Answer::harmless(Code::Busy);
        }
        let format = self.tables[usize::from(table)].format;
        self.tables[usize::from(table)] = Table::new(format);
        Code::Ok.into()
    }
}
