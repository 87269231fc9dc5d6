//! Role changes: a follower becomes the leader and takes over where the last checkpoint ends, a leader becomes a follower
//! and keeps what the last checkpoint has. Like all physical events they change no reply, as long as the application
//! gives the node back what it lost.

use super::checkpoint::{AdoptError, Checkpoint};
use super::core::{Role, Table, TableId};
use super::node::Node;
use super::session::Session;
use super::txn::{CheckpointSeq, WriteKind};

/// Why a node keeps its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Only a follower can step up.
    #[error("the node leads already")]
    Leads,
    /// Only a leader can step down.
    #[error("the node follows already")]
    Follows,
    /// The event came in the middle of a call.
    #[error("a session is in the middle of a call")]
    CallInterrupted,
    /// A place in one constituent is none in the other.
    #[error("a cursor holds a place in a layered table: reset it first")]
    CursorPlaced,
    /// The transaction would lose its footing. At step-up those that are prepared may go on.
    #[error("a transaction is running: end it first")]
    TransactionRunning,
    /// The snapshot knows transactions that the checkpoint does not tell apart.
    #[error("a session holds a snapshot that is older than the checkpoint: reset its cursors first")]
    SnapshotHeld,
    /// The newest checkpoint cannot be picked up.
    #[error("the newest checkpoint cannot be picked up: {0}")]
    PickUp(#[from] AdoptError),
}

impl Node {
    /// Makes a follower the leader. It picks up the `newest` checkpoint, if that is news, and brings into stable what
    /// ingest has beyond it. Transactions that are prepared stay so.
    ///
    /// # Errors
    /// If it leads already, if somebody is at work, or if the checkpoint is refused; then nothing has changed.
    pub fn step_up(&mut self, newest: Option<&Checkpoint>) -> Result<(), RoleError> {
        if self.core.role == Role::Leader {
            return Err(RoleError::Leads);
        }
        self.may_change_role(|session| session.is_in_transaction() && !session.is_prepared())?;
        let news = newest.map_or(Ok(false), |newest| self.may_adopt(newest))?;
        // Stable has no transaction ids from before the checkpoint, so nobody may read it who could not bind that.
        let needed: CheckpointSeq = self.core.adopted + u64::from(news);
        if self.core.registrations.iter().any(|r| r.newest_checkpoint.is_some_and(|newest| newest < needed)) {
            return Err(RoleError::SnapshotHeld);
        }
        if let Some(newest) = newest.filter(|_| news) {
            self.adopt_tables(newest, newest.tables.len(), |_| {});
        }
        let stable = self.core.timestamps.stable;
        for table in &mut self.core.tables {
            if let Table::Layered(layered) = table {
                self.core.counters.drained_versions += layered.drain(stable);
            }
        }
        self.core.role = Role::Leader;
        self.core.counters.step_ups += 1;
        self.relate_prepared_to_stable();
        Ok(())
    }

    /// Updates of prepared transactions that ingest had nothing below have stable's versions below them now.
    fn relate_prepared_to_stable(&mut self) {
        let Node { core, sessions, .. } = self;
        for session in sessions.iter_mut().flatten() {
            let txn = &mut session.txn;
            for op in txn.ops.iter_mut().filter(|op| op.kind == WriteKind::Update && op.replaced.is_none()) {
                if let Table::Layered(layered) = &core.tables[op.table.0] {
                    let versions = layered.live.chain(&op.key).map_or(&[][..], |chain| chain.versions());
                    let below = versions.iter().rev().find(|version| version.txn != txn.id);
                    op.replaced = below.map(|version| version.durable_ts);
                }
            }
        }
    }

    /// Makes the leader a follower: its layered tables are what the `newest` checkpoint has, and so are its timestamps.
    /// Without one they are empty, and the timestamps unset. Plain tables stay.
    ///
    /// # Errors
    /// If it follows already or if somebody is at work; then nothing has changed.
    pub fn step_down(&mut self, newest: Option<&Checkpoint>) -> Result<(), RoleError> {
        if self.core.role == Role::Follower {
            return Err(RoleError::Follows);
        }
        self.may_change_role(Session::is_in_transaction)?;
        if self.core.registrations.iter().any(|registration| registration.snapshot_min.is_some()) {
            return Err(RoleError::SnapshotHeld);
        }
        self.core.role = Role::Follower;
        self.core.counters.step_downs += 1;
        self.start_from(newest);
        Ok(())
    }

    /// Whether all sessions rest: none is in a transaction that `stands_in_the_way`, and no cursor in a layered table.
    fn may_change_role(&self, stands_in_the_way: impl Fn(&Session) -> bool) -> Result<(), RoleError> {
        let is_layered = |table: TableId| matches!(self.core.tables[table.0], Table::Layered(_));
        for session in &self.sessions {
            let session = session.as_deref().ok_or(RoleError::CallInterrupted)?;
            if stands_in_the_way(session) {
                return Err(RoleError::TransactionRunning);
            }
            if session.cursors().any(|cursor| cursor.is_placed() && is_layered(cursor.table)) {
                return Err(RoleError::CursorPlaced);
            }
        }
        Ok(())
    }
}
