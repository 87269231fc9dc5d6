//! Writes, inside a transaction and outside one.

use super::Model;
use super::cursor::Effect;
use super::version::{Chain, Kind, PrepareConflict, State, Version};
use crate::backend::{Code, Delta, Field, Format, IgnorePrepare, Isolation, Key, Value, Who};

/// A write call.
#[derive(Clone, Copy)]
pub(super) enum Write<'a> {
    Insert,
    Update,
    Remove,
    Modify(&'a [Delta]),
    Reserve,
}

impl Model {
    /// Makes a write: what it needs, the bounds, and then the attempt, in a transaction of its own if none is running.
    pub(super) fn write(&mut self, who: Who, write: Write<'_>) -> Code {
        if let Err(code) = self.prerequisites(who, write) {
            return match (code, self.cursor(who).is_positioned()) {
                // A modify that is not supported here gives up the place, and with it a key that refers to it.
                (Code::NotSupported, true) => self.finish(who, code, Effect::Unseat),
                (Code::NotSupported, false) => self.finish(who, code, Effect::Miss),
                _ => code,
            };
        }
        if !self.within_bounds(who, write) {
            return self.finish(who, Code::NotFound, Effect::Miss);
        }
        if self.session(who.session).txn.is_some() {
            self.attempt(who, write)
        } else {
            self.write_implicitly(who, write)
        }
    }

    /// What is checked before anything is touched.
    fn prerequisites(&self, who: Who, write: Write<'_>) -> Result<(), Code> {
        let cursor = self.cursor(who);
        let txn = self.session(who.session).txn.as_ref();
        let needs_key = !(matches!(write, Write::Insert) && self.appends(who));
        let has_key = cursor.key.get().is_some();
        let has_value = cursor.value.get().is_some();
        match write {
            _ if needs_key && !has_key => Err(Code::Invalid),
            Write::Insert | Write::Update if !has_value => Err(Code::Invalid),
            Write::Modify([]) => Err(Code::Invalid),
            Write::Modify(_) if txn.is_none_or(|txn| txn.isolation != Isolation::Snapshot) => Err(Code::NotSupported),
            Write::Reserve if txn.is_none() => Err(Code::Invalid),
            _ => Ok(()),
        }
    }

    /// Bounds that refuse a write before it begins. (A remove minds them when it looks for its record, and a
    /// modify when it searches.)
    fn within_bounds(&self, who: Who, write: Write<'_>) -> bool {
        let cursor = self.cursor(who);
        match write {
            Write::Insert | Write::Update | Write::Reserve => {
                cursor.key.get().is_none_or(|key| cursor.bounds.contain(key))
            }
            Write::Remove | Write::Modify(_) => true,
        }
    }

    /// A write outside a transaction is a transaction of its own. It commits if the write was done and is rolled back
    /// if it was not, with the resets of any rollback. After a conflict it tries once more with a fresh snapshot:
    /// an engine would go on trying until the other transaction ends. A positioned remove would lose its
    /// position by that and does not.
    fn write_implicitly(&mut self, who: Who, write: Write<'_>) -> Code {
        let session = who.session;
        let may_retry = !(matches!(write, Write::Remove) && self.cursor(who).is_positioned());
        let mut code = self.attempt(who, write);
        if code == Code::Rollback && may_retry {
            self.undo(session);
            code = self.attempt(who, write);
        }
        self.end_implicitly(session, code)
    }

    /// Begins the transaction that a call outside one is, unless one is running.
    pub(super) fn begin_implicitly(&mut self, session: u8) {
        let session = &mut self.sessions[usize::from(session)];
        if session.txn.is_none() {
            session.begin(self.node.next_txn());
        }
    }

    /// Ends the transaction that a call outside one was: with a commit if the call was done, else with a rollback and
    /// its resets.
    pub(super) fn end_implicitly(&mut self, session: u8, code: Code) -> Code {
        let fits = code == Code::Ok && self.session(session).txn.as_ref().is_some_and(|txn| self.fits(txn, 0));
        if fits {
            return self.commit(session, None, None);
        }
        self.undo(session);
        self.session_mut(session).reset_placed(true);
        if code == Code::Ok { Code::Invalid } else { code }
    }

    /// One attempt at a write.
    fn attempt(&mut self, who: Who, write: Write<'_>) -> Code {
        match write {
            Write::Insert => self.insert(who),
            Write::Update => self.update(who),
            Write::Remove => self.remove(who),
            Write::Modify(deltas) => self.modify(who, deltas),
            Write::Reserve => self.reserve(who),
        }
    }

    /// Gets a write under way. One that goes to the record the cursor stands on works with the snapshot that is held.
    /// Any other gives up the cursor's place first, and may so come by a fresh one.
    pub(super) fn approach(&mut self, who: Who, on_the_spot: bool) {
        if on_the_spot {
            self.hold_snapshot(who.session);
        } else {
            self.start_over(who);
        }
        self.begin_implicitly(who.session);
    }

    /// Whether a write finds its record where the cursor stands. In a fixed-length table none does.
    fn on_the_spot(&self, who: Who) -> bool {
        self.cursor(who).is_positioned() && self.format(who) != Format::Fixed
    }

    /// Inserting never keeps the position. Without overwrite a record that is there is in the way, and that comes
    /// before conflicts.
    fn insert(&mut self, who: Who) -> Code {
        if self.appends(who) {
            return self.append(who);
        }
        let overwrite = self.cursor(who).config.overwrite;
        self.approach(who, overwrite && self.on_the_spot(who));
        let (key, value) = self.key_and_value(who);
        if !overwrite {
            match self.read(who, &key).map(|existing| existing.cloned()) {
                Ok(None) => {}
                Ok(Some(existing)) => return self.finish(who, Code::DuplicateKey, Effect::ReturnWith(existing)),
                Err(PrepareConflict) => return self.finish(who, Code::Rollback, Effect::Return),
            }
        }
        match self.put(who, &key, Kind::Put(value)) {
            Ok(()) => self.finish(who, Code::Ok, Effect::Clear),
            Err(code) => self.finish(who, code, Effect::Return),
        }
    }

    /// Updating stands on the record. A positioned one asks neither for overwrite nor for existence.
    fn update(&mut self, who: Who) -> Code {
        let positioned = self.on_the_spot(who);
        self.approach(who, positioned);
        let (key, value) = self.key_and_value(who);
        let must_exist = !positioned && !self.cursor(who).config.overwrite;
        let exists = if must_exist { self.existing(who, &key) } else { Ok(()) };
        match exists.and_then(|()| self.put(who, &key, Kind::Put(value.clone()))) {
            Ok(()) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            Err(code) => self.finish(who, code, Effect::Return),
        }
    }

    /// A positioned remove keeps its position and ignores bounds; if it fails the position is lost.
    fn remove(&mut self, who: Who) -> Code {
        if self.format(who) == Format::Fixed {
            return self.remove_fixed(who);
        }
        let positioned = self.on_the_spot(who);
        self.approach(who, positioned);
        let key = self.cursor(who).key.get().expect("a remove has a key").clone();
        if positioned {
            return match self.put(who, &key, Kind::Delete) {
                Ok(()) => self.finish(who, Code::Ok, Effect::StandBare),
                Err(code) => self.finish(who, code, Effect::Unseat),
            };
        }
        match self.existing(who, &key).and_then(|()| self.put(who, &key, Kind::Delete)) {
            Ok(()) => self.finish(who, Code::Ok, Effect::Clear),
            Err(code) => self.finish(who, code, Effect::Miss),
        }
    }

    /// Changes parts of the value. A cursor that stands on its record changes the value that it holds; any other
    /// searches first.
    fn modify(&mut self, who: Who, deltas: &[Delta]) -> Code {
        let given = match &self.cursor(who).value {
            Field::External(value) => Some(value.clone()),
            Field::Unset | Field::Internal(_) => None,
        };
        if !(self.cursor(who).is_positioned() && self.cursor(who).value.is_internal()) {
            match self.search(who) {
                Code::Ok => {}
                Code::PrepareConflict => return Code::Rollback,
                code => return code,
            }
        }
        let (key, base) = self.key_and_value(who);
        let value = modified(&base, deltas);
        match self.put(who, &key, Kind::Put(value.clone())) {
            Ok(()) => self.finish(who, Code::Ok, Effect::Stand(key, value)),
            Err(code) => self.finish(who, code, Effect::ReturnWith(given.unwrap_or(value))),
        }
    }

    /// Claims a record. A positioned cursor claims its key even if the record is gone, and ends with the search that
    /// tells so.
    fn reserve(&mut self, who: Who) -> Code {
        let positioned = self.on_the_spot(who);
        self.approach(who, positioned);
        let key = self.cursor(who).key.get().expect("a reserve has a key").clone();
        let exists = if positioned { Ok(()) } else { self.existing(who, &key) };
        match exists.and_then(|()| self.put(who, &key, Kind::Reserve)) {
            Ok(()) => {
                self.finish(who, Code::Ok, Effect::StandBare);
                self.search(who)
            }
            Err(code) => self.finish(who, code, Effect::Return),
        }
    }

    /// The check of a write that needs a record: that no conflict hides behind what is visible, then that the bounds
    /// show it, and then that it is there. (What is prepared and looked at conflicts at every isolation level; in a
    /// fixed-length table nobody has to look.)
    fn existing(&self, who: Who, key: &Key) -> Result<(), Code> {
        self.no_conflict(who, key)?;
        if !self.cursor(who).bounds.contain(key) {
            return Err(Code::NotFound);
        }
        if self.table(who).fills(key) {
            return Ok(());
        }
        match self.read(who, key) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Code::NotFound),
            Err(PrepareConflict) => Err(Code::Rollback),
        }
    }

    /// Whether a write of the session comes too late: the newest update of the key is one that it does not see.
    pub(super) fn no_conflict(&self, who: Who, key: &Key) -> Result<(), Code> {
        let session = self.session(who.session);
        let conflicts = |chain: &Chain| chain.conflicts_with(&session.reader());
        match self.table(who).chain(key) {
            Some(chain) if session.isolation() == Isolation::Snapshot && conflicts(chain) => Err(Code::Rollback),
            _ => Ok(()),
        }
    }

    /// Puts a version on top of a key's, unless
    /// - the newest is one that the writer does not see: the first to write wins;
    /// - it is a removal, and the key is already removed or was never there;
    /// - the transaction does not run at snapshot isolation, or reads on past prepared updates, and so may not write.
    pub(super) fn put(&mut self, who: Who, key: &Key, kind: Kind) -> Result<(), Code> {
        let index = self.table_of(who);
        let Model { tables, sessions, node } = self;
        let table = &mut tables[usize::from(index)];
        let session = &mut sessions[usize::from(who.session)];
        let snapshot_isolation = session.isolation() == Isolation::Snapshot;
        let chain = table.chain(key);
        if snapshot_isolation && chain.is_some_and(|chain| chain.conflicts_with(&session.reader())) {
            return Err(Code::Rollback);
        }
        let newest = chain.and_then(|chain| chain.newest());
        let is_gone = newest.is_none_or(|newest| matches!(newest.kind, Kind::Delete));
        if matches!(kind, Kind::Delete) && is_gone {
            return Err(Code::NotFound);
        }
        let txn = session.txn.as_mut().expect("a write has a transaction");
        if !snapshot_isolation || txn.ignore_prepare == IgnorePrepare::ReadOnly {
            return Err(Code::NotSupported);
        }
        let replaced_ts = newest.map_or(0, |newest| newest.durable_ts);
        if newest.map(|newest| newest.txn) != Some(txn.id) {
            txn.writes.push((index, key.clone()));
        }
        txn.has_written = true;
        let version = Version {
            kind,
            txn: txn.id,
            state: State::Running,
            start_ts: txn.commit_ts,
            durable_ts: txn.commit_ts,
            replaced_ts,
        };
        table.push(key, version, || Model::everyone(sessions, node));
        Ok(())
    }

    fn key_and_value(&self, who: Who) -> (Key, Value) {
        let cursor = self.cursor(who);
        let key = cursor.key.get().expect("a write has a key");
        let value = cursor.value.get().expect("a write of a value has one");
        (key.clone(), value.clone())
    }
}

/// Applies deltas in order, each to the result of the one before. A gap before the offset is filled with zero bytes,
/// a size that reaches past the end is clipped.
fn modified(base: &Value, deltas: &[Delta]) -> Value {
    let mut bytes = base.to_vec();
    for delta in deltas {
        let offset = delta.offset as usize;
        if bytes.len() < offset {
            bytes.resize(offset, 0);
        }
        let end = bytes.len().min(offset.saturating_add(delta.size as usize));
        bytes.splice(offset..end, delta.data.iter().copied());
    }
    bytes.into()
}
