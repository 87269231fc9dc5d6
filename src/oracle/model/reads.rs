//! Reads: search, search_near, next, prev, and what else looks but does not write.

use super::cursor::{Cursor, Effect};
use super::table::Met;
use super::version::PrepareConflict;
use super::{Answer, Model};
use crate::backend::{Code, CursorConfig, Direction, Format, Isolation, Key, Side, Value, Who};
use std::cmp::Ordering;
use std::ops::Bound;

impl Model {
    /// Stands on the record of the cursor's key.
    pub(super) fn search(&mut self, who: Who) -> Code {
        let cursor = self.cursor(who);
        let Some(key) = cursor.key.get().cloned() else {
            return Code::Invalid;
        };
        let found = if cursor.bounds.contain(&key) { self.find(who, &key) } else { Ok(None) };
        match found {
            Ok(Some(value)) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            Ok(None) => self.finish(who, Code::NotFound, Effect::Miss),
            Err(PrepareConflict) => self.finish(who, Code::PrepareConflict, Effect::Miss),
        }
    }

    /// Looks up a key for a cursor.
    ///
    /// A cursor that holds a place looks first with the snapshot that is held. Only if nothing is there (and always
    /// at read-committed isolation) it gives up its place, and with it the snapshot if no other cursor of the
    /// session needs that, and looks again.
    fn find(&mut self, who: Who, key: &Key) -> Result<Option<Value>, PrepareConflict> {
        let stays =
            self.cursor(who).place.is_some() && self.session(who.session).isolation() != Isolation::ReadCommitted;
        if stays {
            self.hold_snapshot(who.session);
            let reader = self.session(who.session).reader();
            let seen = self.table(who).chain(key).map_or(Ok(None), |chain| chain.read(&reader))?;
            if seen.is_some() {
                return Ok(seen.cloned());
            }
        }
        self.start_over(who);
        Ok(self.read(who, key)?.cloned())
    }

    /// Looks up the key of a `search_near`. In a column store that does not begin with the snapshot that is held.
    fn find_near(&mut self, who: Who, key: &Key) -> Result<Option<(Key, Value)>, PrepareConflict> {
        if self.format(who) == Format::Row {
            return Ok(self.find(who, key)?.map(|value| (key.clone(), value)));
        }
        self.start_over(who);
        if self.format(who) == Format::Fixed {
            return self.near_fixed(who, key);
        }
        Ok(self.read(who, key)?.map(|value| (key.clone(), value.clone())))
    }

    /// What the cursor's session sees at a key of the cursor's table.
    pub(super) fn read(&self, who: Who, key: &Key) -> Result<Option<&Value>, PrepareConflict> {
        self.table(who).read(key, &self.session(who.session).reader())
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
        let target = violated.and_then(|side| cursor.bounds.key(side)).cloned().unwrap_or(wanted);
        let exact = |order: Ordering| match violated {
            None => order as i8,
            Some(Side::Lower) => 1,
            Some(Side::Upper) => -1,
        };
        if cursor.bounds.contain(&target) {
            match self.find_near(who, &target) {
                Ok(None) => {}
                Ok(Some((key, value))) => {
                    let order = key.cmp(&target);
                    let code = self.finish(who, Code::Ok, Effect::Stand(key, value));
                    return Answer::exact(code, exact(order));
                }
                Err(PrepareConflict) => return self.finish(who, Code::PrepareConflict, Effect::Miss).into(),
            }
        } else {
            self.start_over(who);
        }
        let met = match self.neighbour(who, Direction::Next, Bound::Excluded(&target)) {
            None => self.neighbour(who, Direction::Prev, Bound::Excluded(&target)),
            larger => larger,
        };
        match met {
            Some((key, Ok(value))) => {
                let order = key.cmp(&target);
                let stand = Effect::Stand(key, value.clone());
                Answer::exact(self.finish(who, Code::Ok, stand), exact(order))
            }
            Some((_, Err(PrepareConflict))) => self.finish(who, Code::PrepareConflict, Effect::Miss).into(),
            None => self.finish(who, Code::NotFound, Effect::Miss).into(),
        }
    }

    /// What a walk of the cursor comes to next in a direction, within the cursor's bounds.
    fn neighbour(&self, who: Who, direction: Direction, from: Bound<&Key>) -> Option<Met<'_>> {
        let met = self.table(who).step(direction, from, &self.session(who.session).reader());
        met.filter(|(key, _)| self.cursor(who).bounds.contain(key))
    }

    /// Moves to the next record in a direction: from the cursor's place, or from the end of its bounds if it has
    /// none. The place is where the cursor stood last, whatever its key was set to since.
    ///
    /// A prepared update in the way stalls the cursor: it is placed there, and the next step in the same direction looks
    /// there again. A step in the other one goes from there as from any place. But a walk that was to begin at one of
    /// the bounds does not get under way, and leaves the key of the bound.
    pub(super) fn step(&mut self, who: Who, direction: Direction) -> Code {
        self.hold_snapshot(who.session);
        let cursor = self.cursor(who);
        let side = match direction {
            Direction::Next => Side::Lower,
            Direction::Prev => Side::Upper,
        };
        let from = match &cursor.place {
            Some(place) if cursor.stalled == Some(direction) => Bound::Included(place),
            Some(place) => Bound::Excluded(place),
            None => cursor.bounds.start(side),
        };
        match self.neighbour(who, direction, from) {
            Some((key, Ok(value))) => {
                let stand = Effect::Stand(key, value.clone());
                self.finish(who, Code::Ok, stand)
            }
            Some((key, Err(PrepareConflict))) => {
                let effect = match cursor.bounds.key(side) {
                    Some(bound) if cursor.place.is_none() => Effect::Name(bound.clone()),
                    _ => Effect::Stall(key, direction),
                };
                self.finish(who, Code::PrepareConflict, effect)
            }
            None => self.finish(who, Code::NotFound, Effect::Clear),
        }
    }

    /// `next` of a random cursor. Any visible record would be right; this takes the first. (It has no bounds.)
    pub(super) fn next_random(&mut self, who: Who) -> Code {
        self.start_over(who);
        self.step(who, Direction::Next)
    }

    /// Names the largest key that has a version, whoever sees it.
    pub(super) fn largest_key(&mut self, who: Who) -> Code {
        if self.cursor(who).bounds.any() {
            return self.finish(who, Code::Invalid, Effect::Clear);
        }
        // It minds no snapshot, but takes one as every read does, which other cursors' places then hold.
        self.start_over(who);
        match self.table(who).largest_key().cloned() {
            Some(key) => self.finish(who, Code::Ok, Effect::Name(key)),
            None => self.finish(who, Code::NotFound, Effect::Clear),
        }
    }

    /// Compares the keys of two cursors on the same table, whether they are positioned or not.
    pub(super) fn compare(&mut self, who: Who, with: Who, result: fn(Ordering) -> i8) -> Answer {
        match (self.cursor(who).key.get(), self.cursor(with).key.get()) {
            (Some(key), Some(other)) if self.table_of(who) == self.table_of(with) => {
                Answer::exact(Code::Ok, result(key.cmp(other)))
            }
            _ => Code::Invalid.into(),
        }
    }

    /// Opens a cursor where another one has its key, on the same table, under the snapshot that the session holds. The
    /// slot's old cursor keeps its place until it is done, and stays if it fails. A source without a key fails the
    /// transaction of the source's session; a key that is not visible, and a source that may not be asked for its key
    /// while its session is prepared, fail none.
    pub(super) fn duplicate(&mut self, who: Who, from: Who) -> Answer {
        if self.session(from.session).is_prepared() {
            return Answer::harmless(Code::Invalid);
        }
        let Some(key) = self.cursor(from).key.get().cloned() else {
            self.poison(from.session);
            return Answer::harmless(Code::Invalid);
        };
        self.session_mut(who.session).settle_snapshot();
        self.hold_snapshot(who.session);
        let opened = self.node.next_opened();
        let table = self.table_of(from);
        let session = &mut self.sessions[usize::from(who.session)];
        match self.tables[usize::from(table)].read(&key, &session.reader()) {
            Ok(Some(value)) => {
                let mut cursor = Cursor::new(CursorConfig { table, ..CursorConfig::default() }, opened);
                cursor.apply(Effect::Stand(key, value.clone()));
                session.cursors[usize::from(who.cursor)] = Some(cursor);
                Code::Ok.into()
            }
            nothing => {
                session.settle_snapshot();
                let in_the_way = nothing.is_err();
                Answer::harmless(if in_the_way { Code::PrepareConflict } else { Code::NoEntry })
            }
        }
    }
}
