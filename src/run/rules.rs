//! The two calls whose answer the contract leaves open, and by which rule each is judged instead of by equality.
//!
//! - The `next` of a random cursor may return any record that the session sees, or run into any prepared update that is
//!   in its way: each backend's record has to be one, with exactly the value that the model sees, and where nothing is
//!   prepared nobody may run into anything. There may be no record only where the session would meet none at all.
//! - `largest_key` ignores visibility: it answers the largest key that is physically there, and what is
//!   physically there is each backend's own affair. Each answer has to be at least as large as the largest key that
//!   anybody may still ask for, and some session must have written it once. There may be none only where nobody may ask
//!   for any.
//!
//! The cursors of the backends stand apart afterwards, so both rules end by aligning them.

use super::compare::Aspect;
use super::lockstep::{Checked, Lockstep};
use super::observer::{Observer, Open};
use super::step::Ending;
use crate::backend::{Backend, Call, Code, CursorConfig, Field, Reply, Who};

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// `next`, by the rule if the cursor is a random one.
    #[inline]
    pub(super) fn next(&mut self, who: Who) -> Checked<Ending> {
        if self.sessions.config(who).random {
            let code = self.random_record(who)?;
            self.align(who, Call::Reset)?;
            Ok(Ending::cursor(code))
        } else {
            Ok(Ending::cursor(self.call(who, Call::Next)?))
        }
    }

    /// One random record, by a cursor that is opened for it.
    pub(super) fn next_random(&mut self, session: u8, table: u8) -> Checked<Ending> {
        let scratch = self.scratch(session, 0);
        let code = self.call(scratch, Call::Open(CursorConfig { table, random: true, ..CursorConfig::default() }))?;
        if code != Code::Ok {
            return Ok(Ending::plain(code));
        }
        let code = self.random_record(scratch)?;
        self.align(scratch, Call::Close)?;
        Ok(Ending::cursor(code))
    }

    /// `next` of a random cursor, judged by the rule.
    fn random_record(&mut self, who: Who) -> Checked<Code> {
        let call = Call::Next;
        self.dispatch(who, call);
        if O::LISTENS {
            self.tell_of_random(who);
        }
        let open = |code| matches!(code, Code::Ok | Code::NotFound | Code::PrepareConflict);
        if self.replies.iter().any(|(_, reply)| !open(reply.code)) {
            return self.compare(who, call);
        }
        for &slot in self.replies.active() {
            if let Some((aspect, reason)) = self.no_random_record(who, self.replies.slot(slot)) {
                return Err(self.breaks_rule(who, call, aspect, slot, reason));
            }
        }
        // That of the one who always takes part.
        Ok(self.replies.follower().code)
    }

    /// Says what is true of the answer of a random cursor, unless only one is right.
    #[cold]
    fn tell_of_random(&mut self, who: Who) {
        let Some(model) = &self.model else { return };
        let code = self.replies.expected().code;
        if matches!(code, Code::Ok | Code::NotFound | Code::PrepareConflict) {
            let table = model.table_of(who);
            let (seen, conflict) = (model.seen(who.session, table), model.meets_prepared(who.session, table));
            self.observer.left_open(who, Open::Random { seen, conflict, nothing: code == Code::NotFound });
        }
    }

    /// The same for the largest key.
    #[cold]
    fn tell_of_largest(&mut self, who: Who) {
        let Some(model) = &self.model else { return };
        if matches!(self.replies.expected().code, Code::Ok | Code::NotFound) {
            let table = model.table_of(who);
            let at_least = model.largest_needed(who.session, table);
            self.observer.left_open(who, Open::Largest { at_least, written: model.all_written(table) });
        }
    }

    /// Why `reply` cannot be the answer of a random cursor.
    fn no_random_record(&self, who: Who, reply: &Reply) -> Option<(Aspect, &'static str)> {
        let Some(model) = &self.model else {
            return None;
        };
        let table = model.table_of(who);
        // What the session sees now may be more: with its last place it may have given up its snapshot.
        let nothing = self.replies.expected().code == Code::NotFound;
        match reply {
            _ if nothing != (reply.code == Code::NotFound) => {
                Some((Aspect::Code, "either there is something for the session to meet, for all, or nothing"))
            }
            Reply {
                code: Code::Ok, key: Field::Internal(key), value: Field::Internal(value), placed: true, ..
            } => match model.peek(who.session, table, key) {
                None => Some((Aspect::Key, "the session sees no record of that key")),
                Some(seen) if seen != *value => Some((Aspect::Value, "the session sees another value of that key")),
                Some(_) => None,
            },
            Reply { code: Code::Ok, .. } => Some((Aspect::Placed, "the cursor stands on no record")),
            Reply { code: Code::PrepareConflict, key: Field::Unset, value: Field::Unset, placed: true, .. } => {
                let met = model.meets_prepared(who.session, table);
                (!met).then_some((Aspect::Code, "no prepared update is in the session's way"))
            }
            Reply { code: Code::NotFound, key: Field::Unset, value: Field::Unset, placed: false, .. } => None,
            _ => Some((Aspect::Placed, "the cursor should have no key and no value")),
        }
    }

    /// `largest_key`, judged by the rule.
    pub(super) fn largest_key(&mut self, who: Who) -> Checked<Ending> {
        let call = Call::LargestKey;
        self.dispatch(who, call);
        if O::LISTENS {
            self.tell_of_largest(who);
        }
        let code = self.replies.expected().code;
        if self.replies.iter().any(|(_, reply)| !matches!(reply.code, Code::Ok | Code::NotFound)) {
            self.compare(who, call)?;
            return Ok(Ending::cursor(code));
        }
        for &slot in self.replies.active() {
            if let Some((aspect, reason)) = self.no_largest(who, self.replies.slot(slot)) {
                return Err(self.breaks_rule(who, call, aspect, slot, reason));
            }
        }
        if !self.replies.agree() {
            // The cursor has no bounds, else the call would have been refused, so that a reset loses nothing.
            match self.replies.expected().key.get().cloned() {
                Some(key) => self.align(who, Call::SetKey(&key))?,
                None => self.align(who, Call::Reset)?,
            }
        }
        Ok(Ending::cursor(code))
    }

    /// Why `reply` cannot be the answer: the largest key, or that there is none.
    fn no_largest(&self, who: Who, reply: &Reply) -> Option<(Aspect, &'static str)> {
        let Reply { value: Field::Unset, placed: false, exact: 0, .. } = reply else {
            return Some((Aspect::Placed, "the cursor should have no value and no place"));
        };
        let largest = self.model.as_ref().and_then(|model| model.largest_needed(who.session, model.table_of(who)));
        match (reply.code, &reply.key, largest) {
            (Code::NotFound, Field::Unset, None) => None,
            (Code::NotFound, Field::Unset, Some(_)) => Some((Aspect::Code, "there are keys that somebody may ask for")),
            (Code::Ok, Field::External(key), Some(largest)) if *key < largest => {
                Some((Aspect::Key, "there is a larger key that somebody may ask for"))
            }
            (Code::Ok, Field::External(key), _) => match &self.model {
                Some(model) if !model.ever_written(model.table_of(who), key) => {
                    Some((Aspect::Key, "no session has written that key"))
                }
                _ => None,
            },
            _ => Some((Aspect::Key, "the cursor should have the largest key, or none if there is none")),
        }
    }

    /// Makes a call that puts all backends' cursors into the same state. The replies before it stay: they are
    /// the step's.
    fn align(&mut self, who: Who, call: Call<'_>) -> Checked<()> {
        self.aside(|lockstep| lockstep.call(who, call))?;
        Ok(())
    }
}
