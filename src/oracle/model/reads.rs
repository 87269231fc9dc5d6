//! Reads: search, search_near, next, prev, and what else looks but does not write.

use super::cursor::{Cursor, Effect};
use super::{Answer, Model};
use crate::backend::{Code, CursorConfig, Direction, Isolation, Key, Side, Value, Who};
use std::cmp::Ordering;
use std::ops::Bound;

impl Model {
    /// Stands on the record of the cursor's key.
    pub(super) fn search(&mut self, who: Who) -> Code {
        let cursor = self.cursor(who);
        let Some(key) = cursor.key.get().cloned() else {
            return Code::Invalid;
        };
        let found = if cursor.bounds.contain(&key) { self.find(who, &key) } else { None };
        match found {
            Some(value) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            None => self.finish(who, Code::NotFound, Effect::Miss),
        }
    }

    /// Looks up a key for a cursor.
    ///
    /// A cursor that holds a place looks first with the snapshot that is held. Only if nothing is there (and always
    /// at read-committed isolation) it gives up its place, and with it the snapshot if no other cursor of the
    /// session needs that, and looks again.
    fn find(&mut self, who: Who, key: &Key) -> Option<Value> {
        let stays =
            self.cursor(who).place.is_some() && self.session(who.session).isolation() != Isolation::ReadCommitted;
        if stays {
            self.hold_snapshot(who.session);
            let seen = self.table.read(key, &self.session(who.session).reader());
            if seen.is_some() {
                return seen.cloned();
            }
        }
        self.start_over(who);
        self.table.read(key, &self.session(who.session).reader()).cloned()
    }

    /// Gives up the cursor's place, and reads with what snapshot the session has then.
    pub(super) fn start_over(&mut self, who: Who) {
        self.session_mut(who.session).leave_place(who.cursor);
        self.hold_snapshot(who.session);
    }

    /// Stands on the record of the cursor's key, else on the next larger one, else on the next smaller one.
    /// A key outside the bounds is moved to the one that it violates: exact then tells the side of the bounds.
    pub(super) fn search_near(&mut self, who: Who) -> Answer {
        let cursor = self.cursor(who);
        let Some(wanted) = cursor.key.get().cloned() else {
            return Code::Invalid.into();
        };
        let violated = cursor.bounds.violated_by(&wanted);
        let target = violated.map_or(wanted, |side| cursor.bounds.key(side).clone());
        let exact = |order: Ordering| match violated {
            None => order as i8,
            Some(Side::Lower) => 1,
            Some(Side::Upper) => -1,
        };
        if cursor.bounds.contain(&target) {
            if let Some(value) = self.find(who, &target) {
                let code = self.finish(who, Code::Ok, Effect::Stand(target, value));
                return Answer::exact(code, exact(Ordering::Equal));
            }
        } else {
            self.start_over(who);
        }
        let larger = self.neighbour(who, Direction::Next, Bound::Excluded(&target));
        let found = match larger {
            Some(record) => Some((record, Ordering::Greater)),
            None => {
                self.neighbour(who, Direction::Prev, Bound::Excluded(&target)).map(|record| (record, Ordering::Less))
            }
        };
        match found {
            Some(((key, value), order)) => {
                let code = self.finish(who, Code::Ok, Effect::Stand(key, value));
                Answer::exact(code, exact(order))
            }
            None => self.finish(who, Code::NotFound, Effect::Miss).into(),
        }
    }

    /// The next record in a direction that the cursor's session sees and its bounds contain.
    fn neighbour(&self, who: Who, direction: Direction, from: Bound<&Key>) -> Option<(Key, Value)> {
        let (key, value) = self.table.step(direction, from, &self.session(who.session).reader())?;
        self.cursor(who).bounds.contain(key).then(|| (key.clone(), value.clone()))
    }

    /// Moves to the next record in a direction: from the cursor's place, or from the end of its bounds if it has
    /// none. The place is where the cursor stood last, whatever its key was set to since.
    pub(super) fn step(&mut self, who: Who, direction: Direction) -> Code {
        self.hold_snapshot(who.session);
        let cursor = self.cursor(who);
        let from = match (&cursor.place, direction) {
            (Some(place), _) => Bound::Excluded(place),
            (None, Direction::Next) => cursor.bounds.start(Side::Lower),
            (None, Direction::Prev) => cursor.bounds.start(Side::Upper),
        };
        match self.neighbour(who, direction, from) {
            Some((key, value)) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            None => self.finish(who, Code::NotFound, Effect::Clear),
        }
    }

    /// `next` of a random cursor. Any visible record would be right; this takes the first.
    pub(super) fn next_random(&mut self, who: Who) -> Code {
        self.start_over(who);
        match self.neighbour(who, Direction::Next, Bound::Unbounded) {
            Some((key, value)) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            None => self.finish(who, Code::NotFound, Effect::Clear),
        }
    }

    /// Names the largest key that has a version, whoever sees it.
    pub(super) fn largest_key(&mut self, who: Who) -> Code {
        if self.cursor(who).bounds.any() {
            return self.finish(who, Code::Invalid, Effect::Clear);
        }
        match self.table.largest_key().cloned() {
            Some(key) => self.finish(who, Code::Ok, Effect::Name(key)),
            None => self.finish(who, Code::NotFound, Effect::Clear),
        }
    }

    /// Compares the keys of two cursors, whether they are positioned or not.
    pub(super) fn compare(&mut self, who: Who, with: Who, result: fn(Ordering) -> i8) -> Answer {
        match (self.cursor(who).key.get(), self.cursor(with).key.get()) {
            (Some(key), Some(other)) => Answer::exact(Code::Ok, result(key.cmp(other))),
            _ => Code::Invalid.into(),
        }
    }

    /// Opens a cursor where another one has its key. The slot's old cursor keeps its place until that is done, and
    /// stays if it fails. A source without a key fails the transaction of the source's session; a key that
    /// is not visible fails none.
    pub(super) fn duplicate(&mut self, who: Who, from: Who) -> Answer {
        let Some(key) = self.cursor(from).key.get().cloned() else {
            self.poison(from.session);
            return Answer::harmless(Code::Invalid);
        };
        self.hold_snapshot(who.session);
        let opened = self.node.next_opened();
        let session = &mut self.sessions[usize::from(who.session)];
        match self.table.read(&key, &session.reader()).cloned() {
            Some(value) => {
                let mut cursor = Cursor::new(CursorConfig::default(), opened);
                cursor.apply(Effect::Stand(key, value));
                session.cursors[usize::from(who.cursor)] = Some(cursor);
                Code::Ok.into()
            }
            None => {
                session.settle_snapshot();
                Answer::harmless(Code::NoEntry)
            }
        }
    }
}
