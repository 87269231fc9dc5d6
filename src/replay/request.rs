//! What a store is asked and what it answers, as values: so that many calls can be made at a time.

use super::plan::Edit;
use super::store::StoreError;
use crate::backend::Timestamp;
use crate::bytes::ByteStr;

/// A call of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Begins a transaction.
    Begin {
        /// It sees what committed up to there; `None`: what is newest.
        read_at: Option<Timestamp>,
    },
    /// Gives a key that has no value one, by its number and not by the place of a cursor. [`Answer::Found`] is false if it
    /// has one: then nothing changes.
    Insert {
        /// The table.
        table: u16,
        /// The key.
        key: u64,
        /// What it gets.
        value: ByteStr,
    },
    /// Lets the table choose the next record number: [`Answer::Key`].
    Append {
        /// The table.
        table: u16,
        /// What it gets.
        value: ByteStr,
    },
    /// Gives a key a value, whether it has one or not.
    Update {
        /// The table.
        table: u16,
        /// The key.
        key: u64,
        /// What it gets.
        value: ByteStr,
    },
    /// Takes a key's value away. [`Answer::Found`]: whether it had one.
    Remove {
        /// The table.
        table: u16,
        /// The key.
        key: u64,
    },
    /// Replaces a part of a key's value in a row or variable-length table. [`Answer::Found`]: whether it had one.
    Modify {
        /// The table.
        table: u16,
        /// The key.
        key: u64,
        /// What is replaced.
        edit: Edit,
    },
    /// A key's value: [`Answer::Value`].
    Read {
        /// The table.
        table: u16,
        /// The key.
        key: u64,
    },
    /// Takes the values of a range of keys away, both ends included.
    Truncate {
        /// The table.
        table: u16,
        /// The first key.
        first: u64,
        /// The last key.
        last: u64,
    },
    /// Prepares the transaction.
    Prepare {
        /// The prepare timestamp.
        at: Timestamp,
    },
    /// Commits the transaction.
    Commit {
        /// The commit timestamp.
        at: Timestamp,
        /// Only if it is prepared.
        durable: Option<Timestamp>,
    },
    /// Rolls the transaction back.
    Rollback {
        /// Only if it is prepared.
        at: Option<Timestamp>,
    },
}

/// What a call that went well answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// That it did.
    Done,
    /// Whether there was what it takes: for an insert that there was nothing.
    Found(bool),
    /// The record number that the table chose.
    Key(u64),
    /// What a key has.
    Value(Option<ByteStr>),
}

/// A call among others, and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose it is: the session's place among those that the calls are made with. No session has two.
    pub session: usize,
    /// The call.
    pub request: Request,
    /// The answer, once it was made.
    pub answer: Result<Answer, StoreError>,
}

impl Exchange {
    /// A call that was not made yet.
    pub fn new(session: usize, request: Request) -> Self {
        Exchange { session, request, answer: Ok(Answer::Done) }
    }
}
