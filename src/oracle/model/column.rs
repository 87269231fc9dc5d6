//! Column stores: tables whose keys are record numbers. They differ from row stores in three things, and fixed-length ones in
//! some more (`fixed`):
//!
//! - a key is a number from 1 on, and everything else is refused;
//! - there are no random cursors, but there are append cursors, which number their records themselves;
//! - `search_near` asks no place that the cursor holds (`reads`).
//!
//! Numbers are given out once: a record is *written* when anybody has put an update on it, whatever became of that, and
//! the *end* of a table is the largest number that is written.

use super::cursor::Effect;
use super::table::Table;
use super::version::Kind;
use super::{Answer, Model};
use crate::backend::{Call, Code, Format, Key, Who, record_number, record_number_of};

impl Table {
    /// The largest number that was ever written, whatever became of the update. 0: nothing was.
    pub fn end(&self) -> u64 {
        self.last_written().and_then(|key| record_number_of(key)).unwrap_or(0)
    }
}

impl Model {
    /// The format of the table that a cursor is on.
    pub(super) fn format(&self, who: Who) -> Format {
        self.table(who).format
    }

    /// What a column store answers to a call that has no meaning there. `None`: there is nothing against it.
    pub(super) fn refused_by_format(&mut self, who: Who, call: &Call<'_>) -> Option<Answer> {
        match call {
            Call::Open(config) if config.random && self.tables[usize::from(config.table)].format.is_column() => {
                Some(Answer::harmless(Code::NotSupported))
            }
            Call::SetKey(key) if self.format(who).is_column() && record_number_of(key).is_none() => {
                Some(Answer::harmless(Code::Invalid))
            }
            Call::SetValue(value) if self.format(who) == Format::Fixed && value.len() != 1 => {
                Some(Answer::harmless(Code::Invalid))
            }
            Call::Bound { .. } | Call::ClearBounds if self.format(who) == Format::Fixed => Some(Code::Invalid.into()),
            _ => None,
        }
    }

    /// Whether the cursor's inserts number their records themselves.
    pub(super) fn appends(&self, who: Who) -> bool {
        self.cursor(who).config.append && self.format(who).is_column()
    }

    /// Inserts after the end. The number is used from then on, even if the transaction rolls back.
    pub(super) fn append(&mut self, who: Who) -> Code {
        self.approach(who, false);
        let value = self.cursor(who).value.get().expect("an append has a value").clone();
        let Some(number) = self.table(who).end().checked_add(1) else {
            return self.finish(who, Code::Invalid, Effect::Return);
        };
        let key: Key = record_number(number);
        match self.put(who, &key, Kind::Put(value)) {
            Ok(()) => self.finish(who, Code::Ok, Effect::Name(key)),
            Err(code) => self.finish(who, code, Effect::Return),
        }
    }
}
