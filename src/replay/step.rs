//! A step: what a number does, with the key it does it to and what has to be there. Made once, kept for retries.

use super::plan::{Content, OpKind, OpNumber};

/// What is to be done in a transaction that commits at number `t`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The number.
    pub t: OpNumber,
    /// The table.
    pub table: u16,
    /// What the plan's coin toss said.
    pub asked: OpKind,
    /// What is done.
    pub action: Action,
    /// The key; of a truncation the first one. 0 if nothing is done, or if only the table knows it.
    pub key: u64,
    /// What the key has before.
    pub before: Before,
    /// The number that wrote the key last; 0 if none did.
    pub depends: OpNumber,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// There is no key that it could be done to: the number is used up.
    Nothing,
    /// A key that never was gets a value.
    Insert,
    /// The same, but the table chooses the record number.
    Append,
    /// A key gets a value, whether it has one or not.
    Update,
    /// A key's value goes.
    Remove,
    /// A part of a key's value is changed.
    Modify,
    /// A key is looked up.
    Read,
    /// All keys up to this one lose their values.
    Truncate {
        /// The last of them.
        last: u64,
    },
}

/// What a key has before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// This.
    Has(Content),
    /// No value.
    Nothing,
    /// Whatever it has: it depends on how the run went.
    Unknown,
}

impl From<Option<Content>> for Before {
    fn from(content: Option<Content>) -> Self {
        content.map_or(Before::Nothing, Before::Has)
    }
}

impl Step {
    /// A step that does nothing.
    pub fn nothing(t: OpNumber, table: u16, asked: OpKind) -> Self {
        Step { t, table, asked, action: Action::Nothing, key: 0, before: Before::Unknown, depends: 0 }
    }

    /// The kind of what is done; `None` if nothing is.
    pub fn done(&self) -> Option<OpKind> {
        Some(match self.action {
            Action::Nothing => return None,
            Action::Insert | Action::Append => OpKind::Insert,
            Action::Update => OpKind::Update,
            Action::Remove => OpKind::Remove,
            Action::Modify => OpKind::Modify,
            Action::Read => OpKind::Read,
            Action::Truncate { .. } => OpKind::Truncate,
        })
    }

    /// Whether it changes a table, if all is as it should be.
    pub fn writes(&self) -> bool {
        match self.action {
            Action::Nothing | Action::Read => false,
            Action::Remove | Action::Modify => self.before != Before::Nothing,
            _ => true,
        }
    }
}
