//! Prepared transactions: how one comes to be, what its session may do until it ends, and with which timestamps it
//! commits.

use super::cursor::Effect;
use super::session::Transaction;
use super::{Answer, Model, Node};
use crate::backend::{Call, Code, Isolation, Timestamp, Who};

impl Model {
    /// Prepares the session's transaction: its place-holders go, its updates are in everybody's way from now on, but
    /// for those whose snapshots are older, and the snapshot goes. Cursors keep their places, with copies of their
    /// values.
    ///
    /// The moment of the preparation is that of the commit, should it come to one: whoever has met the updates sees
    /// them then at once, and whose snapshot is older never does.
    pub(super) fn prepare(&mut self, session: u8, prepare_ts: Option<Timestamp>) -> Code {
        let Model { tables, sessions, node } = self;
        let session = &mut sessions[usize::from(session)];
        let Some(txn) = session.txn.as_mut().filter(|txn| !txn.is_doomed()) else {
            return Code::Invalid;
        };
        let set = match prepare_ts {
            Some(prepare_ts) => node.set_prepare(txn, prepare_ts),
            None => txn.prepare_ts != 0,
        };
        if !set {
            return Code::Invalid;
        }
        node.now += 1;
        let (id, prepare_ts) = (txn.id, txn.prepare_ts);
        txn.writes.retain(|(table, key)| tables[usize::from(*table)].chain_mut(key).prepare(id, node.now, prepare_ts));
        txn.prepared = true;
        session.copy_values();
        session.release_snapshot();
        Code::Ok
    }

    /// What a session with a prepared transaction answers to a call. `None`: what any other does, as for all that lets
    /// go or brings the end, and the calls of the node. The rest is refused and changes nothing, with a few oddities.
    pub(super) fn while_prepared(&mut self, who: Who, call: &Call<'_>) -> Option<Answer> {
        let code = match call {
            Call::Commit { .. } | Call::Rollback | Call::TimestampTransaction(..) | Call::Query(_) => return None,
            Call::Reset | Call::Close | Call::State | Call::ResetSnapshot => return None,
            Call::SetTimestamp { .. } | Call::RollbackToStable | Call::Recreate { .. } => return None,
            Call::SetValue(_) => Code::Ok,
            Call::LargestKey => self.finish(who, Code::Invalid, Effect::Clear),
            _ => Code::Invalid,
        };
        Some(Answer::harmless(code))
    }
}

impl Node {
    /// Sets a transaction's prepare timestamp if it may have that: only one, no commit timestamp before it, and newer
    /// than stable; unless it is to be rounded up, which brings what is not newer than stable to oldest at least.
    pub(super) fn set_prepare(&self, txn: &mut Transaction, prepare_ts: Timestamp) -> bool {
        let in_time = prepare_ts > self.stable;
        let valid = prepare_ts != 0 && txn.prepare_ts == 0 && txn.commit_ts == 0 && (in_time || txn.roundup_prepared);
        if valid {
            txn.prepare_ts = if in_time { prepare_ts } else { prepare_ts.max(self.oldest) };
        }
        valid
    }

    /// Sets a prepared transaction's commit timestamp if it may have that.
    pub(super) fn stamp_prepared(&self, txn: &mut Transaction, commit_ts: Timestamp) -> bool {
        let valid = commit_of_prepared(txn, commit_ts);
        txn.commit_ts = valid.unwrap_or(txn.commit_ts);
        valid.is_some()
    }

    /// Sets a prepared transaction's durable timestamp if it may have that.
    pub(super) fn set_durable(&self, txn: &mut Transaction, durable_ts: Timestamp) -> bool {
        let valid = txn.prepared && txn.commit_ts != 0 && self.may_be_durable(durable_ts, txn.commit_ts);
        if valid {
            txn.durable_ts = durable_ts;
            txn.first_durable_ts = if txn.first_durable_ts == 0 { durable_ts } else { txn.first_durable_ts };
        }
        valid
    }

    /// The commit and the durable timestamp with which a prepared transaction ends: those that come with the commit, or
    /// else those that were set before. `None` if one is missing or not allowed.
    pub(super) fn end_of_prepared(
        &self,
        txn: &Transaction,
        commit: Option<Timestamp>,
        durable: Option<Timestamp>,
    ) -> Option<(Timestamp, Timestamp)> {
        let commit_ts = commit_of_prepared(txn, commit.unwrap_or(txn.commit_ts))?;
        let durable_ts = durable.unwrap_or(txn.durable_ts);
        self.may_be_durable(durable_ts, commit_ts).then_some((commit_ts, durable_ts))
    }

    /// A durable timestamp is newer than stable, and older neither than oldest nor than the commit.
    fn may_be_durable(&self, durable_ts: Timestamp, commit_ts: Timestamp) -> bool {
        durable_ts > self.stable && durable_ts >= self.oldest && durable_ts >= commit_ts
    }
}

/// The commit timestamp that a prepared transaction gets if it asks for `commit_ts`: none before it was prepared, unless
/// it is to be rounded up; and only at snapshot isolation. It may be older than stable.
fn commit_of_prepared(txn: &Transaction, commit_ts: Timestamp) -> Option<Timestamp> {
    let in_time = commit_ts >= txn.prepare_ts || txn.roundup_prepared;
    let valid = commit_ts != 0 && in_time && txn.isolation == Isolation::Snapshot;
    valid.then_some(commit_ts.max(txn.prepare_ts))
}
