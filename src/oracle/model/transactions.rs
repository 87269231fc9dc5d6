//! Transactions from begin to end, and the rules for their timestamps and those of the node.

use super::session::{Session, Transaction};
use super::version::{Kind, Version};
use super::{Answer, Model, Node};
use crate::backend::{Begin, Code, Isolation, Timestamp, TimestampQuery, TxnTimestamp};

impl Model {
    /// Begins a transaction. At snapshot isolation it gets a new snapshot, and cursors that hold places keep copies of
    /// their values; at lower levels the snapshot that is held stays.
    pub(super) fn begin(&mut self, session: u8, begin: Begin) -> Code {
        let Model { sessions, node, .. } = self;
        let session = &mut sessions[usize::from(session)];
        if session.txn.is_some() {
            return Code::Invalid;
        }
        let read_ts = match begin.read_ts.map(|ts| node.readable(ts, begin.roundup_read)) {
            Some(None) => return Code::Invalid,
            Some(Some(read_ts)) => read_ts,
            None => 0,
        };
        let txn = session.begin(node.next_txn());
        txn.isolation = if read_ts != 0 { Isolation::Snapshot } else { begin.isolation.unwrap_or(txn.isolation) };
        txn.read_ts = read_ts;
        txn.roundup_read = begin.roundup_read;
        txn.no_timestamp = begin.no_timestamp;
        txn.ignore_prepare = begin.ignore_prepare;
        txn.roundup_prepared = begin.roundup_prepared;
        if txn.isolation == Isolation::Snapshot {
            session.copy_values();
            session.refresh_snapshot(node.now, node.last_commit);
        }
        Code::Ok
    }

    /// Commits: positions stay, with copies of their values. Whatever is wrong with the commit, the transaction is
    /// rolled back; only one that is prepared then stays as it is.
    pub(super) fn commit(&mut self, session: u8, commit: Option<Timestamp>, durable: Option<Timestamp>) -> Code {
        let index = usize::from(session);
        let Some(mut txn) = self.sessions[index].txn.take() else {
            return Code::Invalid;
        };
        if txn.prepared {
            match self.node.end_of_prepared(&txn, commit, durable) {
                Some((commit_ts, durable_ts)) if self.fits(&txn, commit_ts) => {
                    self.publish(txn, session, commit_ts, durable_ts)
                }
                _ => {
                    self.sessions[index].txn = Some(txn);
                    Code::Invalid
                }
            }
        } else if durable.is_none() && self.may_commit(&mut txn, commit) {
            let commit_ts = txn.commit_ts;
            self.publish(txn, session, commit_ts, commit_ts)
        } else {
            self.sessions[index].txn = Some(txn);
            self.rollback(session);
            Code::Invalid
        }
    }

    /// A failed transaction may commit only if it wrote nothing, and one that was to be prepared only once it is. The
    /// timestamps are checked again: stable may have passed them. And each update has to fit what it replaced.
    fn may_commit(&self, txn: &mut Transaction, commit_ts: Option<Timestamp>) -> bool {
        if txn.is_doomed() || txn.prepare_ts != 0 {
            return false;
        }
        let commit_ts = commit_ts.or((txn.commit_ts != 0).then_some(txn.commit_ts));
        if commit_ts.is_some_and(|commit_ts| !self.node.stamp(txn, commit_ts)) {
            return false;
        }
        self.fits(txn, txn.commit_ts)
    }

    /// Whether each update of a transaction that is to commit at `commit_ts` fits what it replaced.
    pub(super) fn fits(&self, txn: &Transaction, commit_ts: Timestamp) -> bool {
        txn.writes.iter().all(|(table, key)| {
            let updates = self.tables[usize::from(*table)].of_running(key, txn.id);
            updates.iter().all(|update| fits_replaced(update, txn, commit_ts, self.node.oldest))
        })
    }

    /// Makes the updates of a transaction visible and ends it.
    fn publish(&mut self, txn: Transaction, session: u8, commit_ts: Timestamp, durable_ts: Timestamp) -> Code {
        let Model { tables, sessions, node } = self;
        if !txn.writes.is_empty() {
            node.now += 1;
            node.last_commit = node.now;
        }
        for (table, key) in &txn.writes {
            tables[usize::from(*table)].chain_mut(key).commit(txn.id, node.now, commit_ts, durable_ts);
        }
        node.durable = node.durable.max(durable_ts);
        let session = &mut sessions[usize::from(session)];
        session.copy_values();
        session.end(txn);
        Code::Ok
    }

    /// Rolls back: all cursors of the session are reset, from the newest on, until none holds a place.
    pub(super) fn rollback(&mut self, session: u8) -> Code {
        if self.session(session).txn.is_none() {
            return Code::Invalid;
        }
        self.session_mut(session).reset_placed(false);
        self.undo(session);
        Code::Ok
    }

    /// Takes a transaction's updates back and ends it. Cursors stay as they are.
    pub(super) fn undo(&mut self, session: u8) {
        let session = &mut self.sessions[usize::from(session)];
        if let Some(txn) = session.txn.take() {
            for (table, key) in &txn.writes {
                self.tables[usize::from(*table)].chain_mut(key).roll_back(txn.id);
            }
            session.end(txn);
        }
    }

    /// Sets a timestamp of the running transaction. A commit timestamp goes to the updates that follow; those before
    /// that have none get the last one at commit. A read timestamp comes with a new snapshot.
    pub(super) fn timestamp_transaction(&mut self, session: u8, which: TxnTimestamp, ts: Timestamp) -> Code {
        let Model { sessions, node, .. } = self;
        let session = &mut sessions[usize::from(session)];
        let Some(txn) = &mut session.txn else {
            return Code::Invalid;
        };
        let set = match which {
            TxnTimestamp::Commit if txn.prepared => node.stamp_prepared(txn, ts),
            TxnTimestamp::Commit => node.stamp(txn, ts),
            TxnTimestamp::Durable => node.set_durable(txn, ts),
            TxnTimestamp::Prepare => node.set_prepare(txn, ts),
            // There is nothing to read any more.
            TxnTimestamp::Read if txn.prepared => ts != 0,
            TxnTimestamp::Read => match node.readable(ts, txn.roundup_read) {
                Some(read_ts) if txn.isolation == Isolation::Snapshot && txn.read_ts == 0 => {
                    txn.read_ts = read_ts;
                    session.refresh_snapshot(node.now, node.last_commit);
                    true
                }
                _ => false,
            },
        };
        if set { Code::Ok } else { Code::Invalid }
    }

    /// Gives the session a new snapshot, at snapshot isolation and before the transaction's first write. Its failure
    /// does not fail the transaction.
    pub(super) fn reset_snapshot(&mut self, session: u8) -> Answer {
        let Model { sessions, node, .. } = self;
        let session = &mut sessions[usize::from(session)];
        if !session.may_renew_snapshot() {
            return Answer::harmless(Code::NotSupported);
        }
        session.renew_snapshot(node.now);
        Code::Ok.into()
    }

    /// Answers a query; a timestamp that is not set is 0, and so are those of a transaction that is not there.
    pub(super) fn query(&self, session: u8, what: TimestampQuery) -> Answer {
        let oldest_reader = self.sessions.iter().filter_map(Session::read_timestamp).min();
        Answer::timestamp(match what {
            TimestampQuery::AllDurable => self.all_durable(),
            TimestampQuery::Oldest => self.node.oldest,
            TimestampQuery::OldestReader => oldest_reader.unwrap_or(0),
            TimestampQuery::Pinned => oldest_reader.map_or(self.node.oldest, |reader| reader.min(self.node.oldest)),
            TimestampQuery::Stable => self.node.stable,
            TimestampQuery::Prepare | TimestampQuery::Read => match &self.session(session).txn {
                Some(txn) if what == TimestampQuery::Prepare => txn.prepare_ts,
                Some(txn) => txn.read_ts,
                None => 0,
            },
        })
    }

    /// The largest durable timestamp of a commit, or if that is smaller the one before the first commit timestamp of a
    /// running transaction. Of a prepared transaction its first durable timestamp counts, if it has one yet.
    fn all_durable(&self) -> Timestamp {
        let running = self.sessions.iter().filter_map(|session| session.txn.as_ref());
        let first = running.map(|txn| if txn.prepared { txn.first_durable_ts } else { txn.first_commit_ts });
        first.filter(|&ts| ts != 0).map(|ts| ts - 1).fold(self.node.durable, Timestamp::min)
    }

    /// Moves oldest and stable, all or nothing: never to 0, never backwards, never oldest past stable. The largest
    /// durable timestamp may be set to anything but 0.
    pub(super) fn set_timestamp(
        &mut self,
        oldest: Option<Timestamp>,
        stable: Option<Timestamp>,
        durable: Option<Timestamp>,
    ) -> Answer {
        let (new_oldest, new_stable) = (oldest.unwrap_or(self.node.oldest), stable.unwrap_or(self.node.stable));
        let zero = [oldest, stable, durable].contains(&Some(0));
        let backwards = new_oldest < self.node.oldest || new_stable < self.node.stable;
        let crossed = new_oldest != 0 && new_stable != 0 && new_oldest > new_stable;
        if zero || backwards || crossed {
            return Answer::harmless(Code::Invalid);
        }
        self.node.oldest = new_oldest;
        self.node.stable = new_stable;
        self.node.durable = durable.unwrap_or(self.node.durable);
        Code::Ok.into()
    }
}

impl Node {
    /// The read timestamp that a transaction gets if it asks for `ts`: none for 0 and for what is older than oldest,
    /// unless that is to be rounded up.
    fn readable(&self, ts: Timestamp, roundup: bool) -> Option<Timestamp> {
        match ts {
            0 => None,
            ts if ts >= self.oldest => Some(ts),
            _ => roundup.then_some(self.oldest),
        }
    }

    /// Sets a transaction's commit timestamp if it may have that: at snapshot isolation, and not before the first
    /// one it was given. That first one has to be newer than stable and not older than oldest. Once a transaction has a
    /// prepare timestamp it is to be prepared first.
    fn stamp(&self, txn: &mut Transaction, commit_ts: Timestamp) -> bool {
        let first = if txn.first_commit_ts == 0 { commit_ts } else { txn.first_commit_ts };
        let valid = commit_ts != 0
            && txn.prepare_ts == 0
            && txn.isolation == Isolation::Snapshot
            && commit_ts >= first
            && first >= self.oldest
            && first > self.stable;
        if valid {
            txn.first_commit_ts = first;
            txn.commit_ts = commit_ts;
        }
        valid
    }
}

/// Once a key has timestamps its updates come in their order, and all have one unless the transaction is excused.
/// What is not newer than oldest may have been forgotten together with its timestamp, and is not minded.
fn fits_replaced(update: &Version, txn: &Transaction, commit_ts: Timestamp, oldest: Timestamp) -> bool {
    if matches!(update.kind, Kind::Reserve) || update.replaced_ts <= oldest {
        return true;
    }
    let own_ts = update.own_timestamp();
    let update_ts = if own_ts != 0 { own_ts } else { commit_ts };
    if commit_ts == 0 { txn.no_timestamp } else { update_ts >= update.replaced_ts }
}
