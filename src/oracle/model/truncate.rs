//! Truncate: the start cursor walks to the stop cursor and removes each record that it comes to.

use super::cursor::{Cursor, Effect};
use super::version::Kind;
use super::{Answer, Model};
use crate::backend::{Code, CursorConfig, Direction, Format, Who};

impl Model {
    /// Removes the records from one cursor's key to another's. What is wrong with the cursors is told before anything is
    /// looked up. They are reset whatever comes of it, and keep their bounds.
    pub(super) fn truncate(&mut self, session: u8, start: Option<u8>, stop: Option<u8>) -> Answer {
        let end = |cursor| Who { session, cursor };
        let (start, stop) = (start.map(end), stop.map(end));
        let Some(given) = start.or(stop) else {
            return Code::Invalid.into();
        };
        let ends = [start, stop].into_iter().flatten();
        let fault = self.no_ends(start, stop);
        // Without a start cursor, one of its own looks; a random one cannot.
        let sought = ends.clone().find(|&end| !self.cursor(end).is_positioned());
        let looks = fault.is_none() && (start.is_none() || sought.is_some_and(|end| !self.cursor(end).config.random));
        let code = self.in_a_transaction(session, looks, |model| {
            let code = match (fault, start) {
                (Some(fault), _) => fault,
                (None, Some(start)) => model.remove_range(start, stop),
                (None, None) => model.remove_from_first(session, model.table_of(given), stop),
            };
            ends.for_each(|end| model.session_mut(session).apply(end.cursor, Effect::Clear));
            code
        });
        code.into()
    }

    /// Removes all records of a table.
    pub(super) fn truncate_table(&mut self, session: u8, table: u8) -> Code {
        self.in_a_transaction(session, true, |model| model.remove_from_first(session, table, None))
    }

    /// Ends the transaction of its own that a truncate outside one is, if it has come so far that it began one: it has
    /// looked for a record, or removed one. It is not tried again after a conflict. As for all writes, what is prepared is
    /// a conflict.
    fn in_a_transaction(&mut self, session: u8, looks: bool, truncate: impl FnOnce(&mut Self) -> Code) -> Code {
        let within = self.session(session).txn.is_some();
        let code = match truncate(self) {
            Code::PrepareConflict => Code::Rollback,
            code => code,
        };
        if looks {
            self.begin_implicitly(session);
        }
        let began = !within && self.session(session).txn.is_some();
        if began { self.end_implicitly(session, code) } else { code }
    }

    /// Why cursors cannot be the ends of a range. They need keys, of one table, and in order, and it is the start cursor
    /// that compares, which a random one cannot.
    fn no_ends(&self, start: Option<Who>, stop: Option<Who>) -> Option<Code> {
        let key = |end: Who| self.cursor(end).key.get();
        if [start, stop].into_iter().flatten().any(|end| key(end).is_none()) {
            return Some(Code::Invalid);
        }
        let (start, stop) = start.zip(stop)?;
        if self.cursor(start).config.random {
            return Some(Code::NotSupported);
        }
        let fit = self.table_of(start) == self.table_of(stop) && key(start) <= key(stop);
        (!fit).then_some(Code::Invalid)
    }

    /// Removes from the first record of the table on, with a start cursor of its own that has no bounds.
    fn remove_from_first(&mut self, session: u8, table: u8, stop: Option<Who>) -> Code {
        let opened = self.node.next_opened();
        let cursors = &mut self.session_mut(session).cursors;
        let start = Who { session, cursor: cursors.len() as u8 };
        cursors.push(Some(Cursor::new(CursorConfig { table, ..CursorConfig::default() }, opened)));
        let code = self.remove_range(start, stop);
        let session = self.session_mut(session);
        session.cursors.pop();
        session.settle_snapshot();
        code
    }

    /// Removes what the start cursor comes to on its way to the stop cursor. Nothing in between is no failure. But a
    /// start cursor that stood somewhere before needs a record there: without one it is taken for a conflict.
    fn remove_range(&mut self, start: Who, stop: Option<Who>) -> Code {
        let ends = [Some((start, Direction::Next)), stop.map(|stop| (stop, Direction::Prev))];
        for (end, inward) in ends.into_iter().flatten() {
            match self.stand_inside(end, inward) {
                Code::Ok => {}
                Code::NotFound => return Code::Ok,
                code => return code,
            }
        }
        let key_of = |model: &Self, end: Who| model.cursor(end).key.get().cloned();
        let last = stop.and_then(|stop| key_of(self, stop));
        if last.is_some() && key_of(self, start) > last {
            return Code::Ok;
        }
        self.hold_snapshot(start.session);
        self.begin_implicitly(start.session);
        let mut found = match self.search(start) {
            Code::NotFound => Code::Rollback,
            code => code,
        };
        let mut is_first = true;
        while found == Code::Ok {
            let key = key_of(self, start).expect("a cursor that has found something has a key");
            let removed = match self.format(start) {
                Format::Row | Format::Variable => self.put(start, &key, Kind::Delete),
                Format::Fixed => self.truncate_fixed(start, &key, is_first),
            };
            match removed {
                Ok(()) => {}
                Err(Code::NotFound) => return Code::Rollback,
                Err(code) => return code,
            }
            if last.as_ref() == Some(&key) {
                return Code::Ok;
            }
            is_first = false;
            found = self.step(start, Direction::Next);
            if last.is_some() && key_of(self, start) > last {
                return Code::Ok;
            }
        }
        if found == Code::NotFound { Code::Ok } else { found }
    }

    /// Brings a cursor to the outermost record of a range whose end it is. One that is positioned is taken to be there.
    /// Any other looks for the record at its key or next to it, and makes a step inwards if that is outside. One
    /// without a key begins at the end of its table. A random one cannot look.
    fn stand_inside(&mut self, end: Who, inward: Direction) -> Code {
        if self.cursor(end).is_positioned() {
            return Code::Ok;
        }
        if self.cursor(end).config.random {
            return Code::NotSupported;
        }
        if self.cursor(end).key.get().is_some() {
            let near = self.search_near(end);
            let outside = match inward {
                Direction::Next => near.exact < 0,
                Direction::Prev => near.exact > 0,
            };
            if near.code != Code::Ok || !outside {
                return near.code;
            }
        }
        self.step(end, inward)
    }
}
