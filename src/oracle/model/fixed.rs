//! Fixed-length tables: from 1 to the end every record is there, for everybody and at every read timestamp. One in which the
//! reader sees no value, because nobody has written it, or it is removed, or what was written is hidden, is 0.
//!
//! Nothing can be removed from there, so a remove makes a record 0; nothing is missing, so `insert` without overwrite finds
//! what is before the end, and `update` updates it. Writes always go by key: a place does not save them the search.
//! There are no bounds, and `modify` is for longer values.
//!
//! Three calls tell a record that was never written from another one that is 0: `remove` does nothing there, `search_near`
//! prefers the next record that was written, and a truncate asks that one for conflicts.

use super::Model;
use super::cursor::Effect;
use super::table::{Met, Table};
use super::version::{Kind, PrepareConflict, Reader};
use crate::backend::{Code, Direction, FIXED_ZERO, Format, Key, Value, Who};
use crate::backend::{record_number, record_number_of};
use std::ops::Bound;

impl Table {
    /// Whether the table is a fixed-length one and the record is there.
    pub fn fills(&self, key: &Key) -> bool {
        self.format == Format::Fixed && record_number_of(key).is_some_and(|number| number <= self.end())
    }

    /// What the reader comes to next, number by number.
    pub fn step_by_number(&self, direction: Direction, from: Bound<&Key>, reader: &Reader) -> Option<Met<'_>> {
        let number = |key: &Key| record_number_of(key).unwrap_or(0);
        let number = match (direction, from) {
            (Direction::Next, Bound::Unbounded) => 1,
            (Direction::Prev, Bound::Unbounded) => self.end(),
            (_, Bound::Included(key)) => number(key),
            (Direction::Next, Bound::Excluded(key)) => number(key).saturating_add(1),
            (Direction::Prev, Bound::Excluded(key)) => number(key).saturating_sub(1).min(self.end()),
        };
        let key = record_number(number);
        let value = self.read(&key, reader).transpose()?;
        Some((key, value))
    }
}

impl Model {
    /// The first record that was ever written, if the cursor is on a fixed-length table. Disturbs nothing.
    pub fn first_written_fixed(&self, who: Who) -> Option<Key> {
        let table = self.table(who);
        table.first_written().filter(|_| table.format == Format::Fixed).cloned()
    }

    /// Removes a record: makes it 0. One that was never written is 0 already, and nothing happens to it.
    pub(super) fn remove_fixed(&mut self, who: Who) -> Code {
        let positioned = self.cursor(who).is_positioned();
        self.approach(who, false);
        let key = self.cursor(who).key.get().expect("a remove has a key").clone();
        match self.make_zero(who, &key) {
            Ok(()) if positioned => self.finish(who, Code::Ok, Effect::StandBare),
            Ok(()) => self.finish(who, Code::Ok, Effect::Clear),
            Err(code) => self.finish(who, code, Effect::Miss),
        }
    }

    /// What is removed already is given a value first, so that there is something to remove: a remove always counts.
    fn make_zero(&mut self, who: Who, key: &Key) -> Result<(), Code> {
        let table = self.table(who);
        if !table.fills(key) {
            return Err(Code::NotFound);
        }
        if !table.ever_written(key) {
            return Ok(());
        }
        self.no_conflict(who, key)?;
        let reader = self.session(who.session).reader();
        match self.table(who).chain(key).map_or(Ok(None), |chain| chain.read(&reader)) {
            Ok(Some(_)) => {}
            Ok(None) => self.put(who, key, Kind::Put(Value::new(FIXED_ZERO)))?,
            Err(PrepareConflict) => return Err(Code::Rollback),
        }
        self.put(who, key, Kind::Delete)
    }

    /// What `search_near` finds at a record that is there, and at which key. At one that was never written it looks at the
    /// next one that was, and prefers that if there is a value.
    pub(super) fn near_fixed(&self, who: Who, key: &Key) -> Result<Option<(Key, Value)>, PrepareConflict> {
        let table = self.table(who);
        if !table.ever_written(key)
            && let Some(next) = table.written_after(key)
        {
            let reader = self.session(who.session).reader();
            if let Some(value) = table.chain(next).map_or(Ok(None), |chain| chain.read(&reader))? {
                return Ok(Some((next.clone(), value.clone())));
            }
        }
        Ok(self.read(who, key)?.map(|value| (key.clone(), value.clone())))
    }

    /// What a truncate does to the record that its start cursor has come to: it removes it, unless it is 0. Then it only
    /// makes sure that there is no conflict, with one that was never written at the next one that was; but not there where
    /// it begins.
    pub(super) fn truncate_fixed(&mut self, who: Who, key: &Key, is_first: bool) -> Result<(), Code> {
        if self.cursor(who).value.get().is_some_and(|value| **value != *FIXED_ZERO) {
            return self.put(who, key, Kind::Delete);
        }
        let table = self.table(who);
        let asked = match table.ever_written(key) {
            true => Some(key),
            false if is_first => None,
            false => table.written_after(key),
        };
        asked.cloned().map_or(Ok(()), |asked| self.no_conflict(who, &asked))
    }
}
