//! Calls on whole tables that are refused while anybody is at work on them: `rollback_to_stable`, and dropping a table to
//! create it anew.

use super::core::{Role, Table, TableId};
use super::cursor::Cursor;
use super::layered::LayeredTable;
use super::node::Node;
use super::session::Session;
use crate::backend::Code;

impl Session {
    /// The cursors that are open.
    pub fn cursors(&self) -> impl Iterator<Item = &Cursor> {
        self.cursors.iter().flatten()
    }

    /// Whether a transaction is running, be it prepared.
    pub fn is_in_transaction(&self) -> bool {
        self.txn.running
    }
}

impl Node {
    /// The sessions that are not in the middle of a call, and the one that makes this one.
    fn sessions_with<'a>(&'a self, caller: &'a Session) -> impl Iterator<Item = &'a Session> {
        self.sessions.iter().flatten().map(|session| &**session).chain([caller])
    }

    /// Whether no session runs a transaction, and none is in the middle of a call.
    fn is_without_transactions(&self, caller: &Session) -> bool {
        let mut sessions = self.sessions_with(caller);
        let all_there = self.sessions_with(caller).count() == self.sessions.len();
        all_there && !sessions.any(Session::is_in_transaction)
    }

    /// `rollback_to_stable`: drops every update of every table that became durable after stable. Without a stable
    /// timestamp there is none that is too new. A follower cannot: it does not write to its stable tables.
    pub(super) fn rollback_to_stable(&mut self, caller: &Session) -> Code {
        if self.core.role == Role::Follower {
            return Code::NotSupported;
        }
        if !self.is_without_transactions(caller)
            || self.sessions_with(caller).flat_map(Session::cursors).any(Cursor::is_placed)
        {
            return Code::Busy;
        }
        let stable = self.core.timestamps.stable;
        self.core.timestamps.durable = stable;
        if stable == 0 {
            return Code::Ok;
        }
        for table in &mut self.core.tables {
            let tree = match table {
                Table::Plain(tree) | Table::Fixed(tree) => tree,
                Table::Layered(layered) => &mut layered.live,
            };
            self.core.counters.unstable_versions += tree.roll_back_to(stable);
        }
        Code::Ok
    }

    /// Drops a table and creates an empty one under its name. To checkpoints, and to a crash, it is another table.
    pub(super) fn recreate(&mut self, caller: &Session, id: TableId) -> Code {
        let is_open = self.sessions_with(caller).flat_map(Session::cursors).any(|cursor| cursor.table == id);
        if is_open || !self.is_without_transactions(caller) {
            return Code::Busy;
        }
        let format = self.format(id);
        match &mut self.core.tables[id.0] {
            Table::Layered(layered) => **layered = LayeredTable::new(&layered.name, layered.incarnation + 1),
            plain => {
                *plain = Table::plain(format);
                self.forget_plain(id);
            }
        }
        self.core.counters.recreated_tables += 1;
        Code::Ok
    }
}
