//! Transactions of a session: begin, prepare, commit, rollback, and the timestamps of each.

use super::core::Core;
use super::cursor::Ctx;
use super::node::Node;
use super::session::Session;
use super::txn::{Outcome, WriteKind};
use crate::backend::{Begin, Code, Isolation, Timestamp, TxnTimestamp};

impl Session {
    /// `begin_transaction`.
    pub fn begin(&mut self, node: &mut Node, begin: &Begin) -> Code {
        if self.txn.running {
            return self.noted(Code::Invalid);
        }
        let read_ts = match begin.read_ts {
            None => 0,
            Some(ts) => match readable(&node.core, ts, begin.roundup_read) {
                Some(ts) => ts,
                None => return Code::Invalid,
            },
        };
        let isolation = if read_ts != 0 { Isolation::Snapshot } else { begin.isolation.unwrap_or(self.isolation) };
        self.txn.running = true;
        self.txn.isolation = isolation;
        self.txn.roundup_read = begin.roundup_read;
        self.txn.no_timestamp = begin.no_timestamp;
        self.txn.ignore_prepare = begin.ignore_prepare;
        self.txn.roundup_prepared = begin.roundup_prepared;
        self.set_read_ts(node, read_ts);
        if isolation == Isolation::Snapshot {
            self.copy_values_out();
            node.core.refresh_snapshot(self.index, &mut self.txn);
        }
        Code::Ok
    }

    fn set_read_ts(&mut self, node: &mut Node, read_ts: Timestamp) {
        self.txn.read_ts = read_ts;
        node.core.register_read_ts(self.index, read_ts);
    }

    /// Whether the session's transaction is prepared.
    pub fn is_prepared(&self) -> bool {
        self.txn.prepared
    }

    // ---- timestamps

    /// `timestamp_transaction`. What is wrong with one of a prepared transaction does it no harm.
    pub fn timestamp_transaction(&mut self, node: &mut Node, which: TxnTimestamp, ts: Timestamp) -> Code {
        if self.txn.prepared {
            return if self.stamp_prepared(node, which, ts) { Code::Ok } else { Code::Invalid };
        }
        let valid = self.txn.running
            && match which {
                TxnTimestamp::Commit => self.txn.isolation == Isolation::Snapshot && self.set_commit_ts(node, ts),
                TxnTimestamp::Read => self.txn.isolation == Isolation::Snapshot && self.set_late_read_ts(node, ts),
                TxnTimestamp::Prepare => self.set_prepare_ts(&node.core, ts),
                TxnTimestamp::Durable => false,
            };
        self.noted(if valid { Code::Ok } else { Code::Invalid })
    }

    /// Stamps the updates that follow. The first timestamp is the smallest that the transaction may use.
    fn set_commit_ts(&mut self, node: &mut Node, ts: Timestamp) -> bool {
        let first = if self.txn.first_commit_ts == 0 { ts } else { self.txn.first_commit_ts };
        if ts < first || !node.core.timestamps.may_commit_at(first) || self.txn.prepare_ts != 0 {
            return false;
        }
        self.txn.commit_ts = ts;
        if self.txn.first_commit_ts == 0 {
            self.txn.first_commit_ts = ts;
            node.core.registrations[self.index].first_durable_ts = ts;
        }
        true
    }

    /// A transaction reads at one timestamp; with it comes a new snapshot.
    fn set_late_read_ts(&mut self, node: &mut Node, ts: Timestamp) -> bool {
        let Some(ts) = readable(&node.core, ts, self.txn.roundup_read) else {
            return false;
        };
        if self.txn.read_ts != 0 {
            return false;
        }
        self.set_read_ts(node, ts);
        node.core.refresh_snapshot(self.index, &mut self.txn);
        true
    }

    /// The timestamp to prepare at: once, before any commit timestamp, and after stable unless it may be rounded up,
    /// and then to oldest only (which is how an application repeats a prepare that stable has passed).
    fn set_prepare_ts(&mut self, core: &Core, ts: Timestamp) -> bool {
        let after_stable = ts > core.timestamps.stable;
        if ts == 0 || self.txn.prepare_ts != 0 || self.txn.first_commit_ts != 0 {
            return false;
        }
        if !after_stable && !self.txn.roundup_prepared {
            return false;
        }
        self.txn.prepare_ts = if after_stable { ts } else { ts.max(core.timestamps.oldest) };
        true
    }

    /// The commit and durable timestamps of a prepared transaction. A read timestamp comes too late and is ignored.
    fn stamp_prepared(&mut self, node: &mut Node, which: TxnTimestamp, ts: Timestamp) -> bool {
        match which {
            TxnTimestamp::Read => ts != 0,
            TxnTimestamp::Prepare => false,
            TxnTimestamp::Commit => match self.prepared_commit_ts(ts) {
                Some(ts) => {
                    self.txn.commit_ts = ts;
                    true
                }
                None => false,
            },
            TxnTimestamp::Durable => {
                let valid = self.txn.commit_ts != 0 && ts >= self.txn.commit_ts;
                if !valid || !node.core.timestamps.may_commit_at(ts) {
                    return false;
                }
                self.txn.durable_ts = ts;
                let announced = &mut node.core.registrations[self.index].first_durable_ts;
                if *announced == 0 {
                    *announced = ts;
                }
                true
            }
        }
    }

    /// The timestamp at which the prepared transaction commits if asked to do so at `ts`.
    fn prepared_commit_ts(&self, ts: Timestamp) -> Option<Timestamp> {
        let valid = ts != 0 && self.txn.isolation == Isolation::Snapshot;
        match self.txn.prepare_ts {
            prepare_ts if valid && ts >= prepare_ts => Some(ts),
            prepare_ts => (valid && self.txn.roundup_prepared).then_some(prepare_ts),
        }
    }

    /// `reset_snapshot`: not at a lower isolation, nor after a write. Outside a transaction the new snapshot lasts
    /// until the session next gives up a place.
    pub fn reset_snapshot(&mut self, node: &mut Node) -> Code {
        if self.txn.isolation != Isolation::Snapshot || !self.txn.ops.is_empty() {
            return Code::NotSupported;
        }
        node.core.take_snapshot(self.index, &mut self.txn);
        Code::Ok
    }

    /// The read timestamp of the running transaction (0: none); `None` if no transaction runs.
    pub fn read_ts(&self) -> Option<Timestamp> {
        self.txn.running.then_some(self.txn.read_ts)
    }

    /// The prepare timestamp of the running transaction (0: none); `None` if no transaction runs.
    pub fn prepare_ts(&self) -> Option<Timestamp> {
        self.txn.running.then_some(self.txn.prepare_ts)
    }

    // ---- the end

    /// `prepare_transaction`: from now on the transaction's updates are in everybody's way until it is known what
    /// becomes of them. Its snapshot goes, its place-holders too, and cursors keep copies of their values.
    pub fn prepare(&mut self, node: &mut Node, ts: Option<Timestamp>) -> Code {
        if !self.txn.running || (self.txn.failed && !self.txn.ops.is_empty()) {
            return Code::Invalid;
        }
        if ts.is_some_and(|ts| !self.set_prepare_ts(&node.core, ts)) || self.txn.prepare_ts == 0 {
            return self.noted(Code::Invalid);
        }
        self.copy_values_out();
        node.core.settle(&self.txn, Outcome::Prepared(self.txn.prepare_ts));
        self.txn.prepared = true;
        // Snapshots to come meet the updates; those that were taken before go on without them.
        node.core.retire(self.txn.id);
        node.core.release_snapshot(self.index, &mut self.txn);
        Code::Ok
    }

    /// `commit_transaction`. Any error rolls the transaction back, unless it is prepared: then it stays so.
    pub fn commit(&mut self, node: &mut Node, ts: Option<Timestamp>, durable: Option<Timestamp>) -> Code {
        if !self.txn.running {
            return Code::Invalid;
        }
        if self.txn.prepared {
            return self.commit_prepared(node, ts, durable);
        }
        let last = ts.unwrap_or(self.txn.commit_ts);
        let misplaced = durable.is_some() || self.txn.prepare_ts != 0;
        if misplaced || !self.may_commit(&node.core, ts) || self.breaks_usage(&node.core, last) {
            self.undo(node, false);
            return Code::Invalid;
        }
        self.apply(node, Outcome::Committed(last), last);
        Code::Ok
    }

    /// A prepared transaction commits at its commit timestamp and is durable, part of checkpoints that is, from its
    /// durable timestamp on. If one is missing or breaks a rule nothing changes.
    fn commit_prepared(&mut self, node: &mut Node, ts: Option<Timestamp>, durable: Option<Timestamp>) -> Code {
        let commit_ts = match ts {
            Some(ts) => self.prepared_commit_ts(ts),
            None => Some(self.txn.commit_ts),
        };
        let durable_ts = durable.unwrap_or(self.txn.durable_ts);
        let commit_ts = commit_ts.filter(|&ts| ts != 0 && durable_ts >= ts);
        match commit_ts {
            Some(ts) if node.core.timestamps.may_commit_at(durable_ts) && !self.breaks_usage(&node.core, ts) => {
                self.apply(node, Outcome::Resolved { commit_ts: ts, durable_ts }, durable_ts);
                Code::Ok
            }
            _ => Code::Invalid,
        }
    }

    /// Whether nothing failed before and the timestamps are still valid: stable may have moved past them.
    fn may_commit(&self, core: &Core, ts: Option<Timestamp>) -> bool {
        if self.txn.failed && !self.txn.ops.is_empty() {
            return false;
        }
        let first = self.txn.first_commit_ts;
        let still_valid = first == 0 || core.timestamps.may_commit_at(first);
        still_valid
            && ts.is_none_or(|ts| {
                self.txn.isolation == Isolation::Snapshot && core.timestamps.may_commit_at(ts) && ts >= first
            })
    }

    /// The usage rule: on each key timestamps do not go backwards, and untimestamped updates do not follow
    /// timestamped ones unless the transaction says so. What is replaced counts while its timestamp is above oldest;
    /// what is older may have lost it.
    pub(super) fn breaks_usage(&self, core: &Core, last: Timestamp) -> bool {
        self.txn.ops.iter().filter(|op| op.kind != WriteKind::Reserve).any(|op| {
            let ts = if op.stamp != 0 { op.stamp } else { last };
            if ts == 0 && self.txn.no_timestamp {
                return false;
            }
            let fits = ts.max(core.timestamps.oldest);
            match op.replaced {
                Some(replaced) => replaced > fits,
                None => core.stable_is_above(fits, op.table, &op.key),
            }
        })
    }

    /// Makes the updates permanent. Cursors keep their places.
    pub(super) fn apply(&mut self, node: &mut Node, outcome: Outcome, durable_ts: Timestamp) {
        node.core.settle(&self.txn, outcome);
        let earliest = match outcome {
            Outcome::Committed(last) => self.txn.ops.iter().map(|op| if op.stamp != 0 { op.stamp } else { last }).min(),
            // The place-holders of one that was prepared went then.
            Outcome::Resolved { commit_ts, .. } => {
                self.txn.ops.iter().any(|op| op.kind != WriteKind::Reserve).then_some(commit_ts)
            }
            Outcome::Prepared(_) | Outcome::RolledBack => None,
        };
        node.core.timestamps.durable = node.core.timestamps.durable.max(durable_ts);
        self.end(node);
        if let Some(earliest) = earliest {
            node.core.commits += 1;
            node.core.hold_back_readers(earliest);
        }
        self.copy_values_out();
    }

    /// `rollback_transaction`.
    pub fn rollback(&mut self, node: &mut Node) -> Code {
        if !self.txn.running {
            return Code::Invalid;
        }
        self.undo(node, false);
        Code::Ok
    }

    /// Takes the updates back and resets the session's cursors, newest first, until none holds a place; those that
    /// are left over keep what the application set. Of those that are reset the bounds go, too, if it is a transaction that
    /// a call outside transactions was: WiredTiger resets them like an application then.
    pub(super) fn undo(&mut self, node: &mut Node, bounds_too: bool) {
        node.core.settle(&self.txn, Outcome::RolledBack);
        let mut younger = u64::MAX;
        while self.placed > 0 {
            let next = self.cursors.iter_mut().flatten().filter(|cursor| cursor.opened < younger);
            let Some(cursor) = next.max_by_key(|cursor| cursor.opened) else {
                break;
            };
            younger = cursor.opened;
            let mut ctx = Ctx { node, txn: &mut self.txn, session: self.index, placed: &mut self.placed };
            cursor.reset_keeping_bounds(&mut ctx);
            if bounds_too {
                cursor.clear_bounds();
            }
        }
        self.end(node);
    }

    /// The transaction is over, one way or the other.
    fn end(&mut self, node: &mut Node) {
        if self.txn.prepared {
            node.core.resolutions += 1;
        }
        node.core.retire(self.txn.id);
        node.core.release_snapshot(self.index, &mut self.txn);
        self.txn.end(self.isolation);
        node.core.register_read_ts(self.index, 0);
        node.core.registrations[self.index].first_durable_ts = 0;
    }

    /// What positioned cursors show no longer hangs on a snapshot.
    fn copy_values_out(&mut self) {
        if self.placed == 0 {
            return;
        }
        for cursor in self.cursors.iter_mut().flatten().filter(|cursor| cursor.is_placed()) {
            cursor.copy_value_out();
        }
    }
}

/// The timestamp that a reader who asks for `ts` reads at: none below oldest, unless it is to be rounded up.
fn readable(core: &Core, ts: Timestamp, roundup: bool) -> Option<Timestamp> {
    let oldest = core.timestamps.oldest.max(core.adopted_oldest);
    match ts {
        0 => None,
        ts if ts >= oldest => Some(ts),
        _ => roundup.then_some(oldest),
    }
}
