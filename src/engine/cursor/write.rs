//! Writes: insert, update, remove, modify, reserve. Each runs inside a transaction, the session's own or an implicit
//! one; `session` begins and ends the latter.

use super::access::Change;
use super::{Ctx, Cursor, modify};
use crate::backend::{Code, Delta, Field, Format, IgnorePrepare, Isolation, Key, Point, Value};
use crate::engine::faults::{self, Fault};
use crate::engine::layered::tombstone;
use crate::engine::version::Unresolved;

/// A write operation.
#[derive(Clone, Copy, Debug)]
pub enum WriteOp<'a> {
    /// `insert`.
    Insert,
    /// `update`.
    Update,
    /// `remove`.
    Remove,
    /// `modify`.
    Modify(&'a [Delta]),
    /// `reserve`.
    Reserve,
}

impl Cursor {
    /// What is wrong with a call before anything is looked up, and before an implicit transaction begins: then only
    /// the code tells.
    pub fn check_write(&mut self, ctx: &mut Ctx<'_>, op: WriteOp<'_>) -> Result<(), Code> {
        if self.appends(op) {
            return self.check_append(ctx);
        }
        let Some(key) = self.key.get() else {
            return Err(Code::Invalid);
        };
        let needs_value = matches!(op, WriteOp::Insert | WriteOp::Update);
        if needs_value && self.value == Field::Unset {
            return Err(Code::Invalid);
        }
        match op {
            WriteOp::Modify([]) => Err(Code::Invalid),
            WriteOp::Modify(_) if !ctx.txn.running || ctx.txn.isolation != Isolation::Snapshot => {
                self.modify_unsupported(ctx);
                Err(Code::NotSupported)
            }
            WriteOp::Reserve if !ctx.txn.running => Err(Code::Invalid),
            WriteOp::Insert | WriteOp::Update | WriteOp::Reserve if !self.bounds.admit(key) => {
                self.sought_in_vain(ctx);
                Err(Code::NotFound)
            }
            _ => Ok(()),
        }
    }

    /// `modify` outside a snapshot transaction: the place is lost, and with it a key that belonged to the place.
    fn modify_unsupported(&mut self, ctx: &mut Ctx<'_>) {
        if self.key.is_internal() {
            self.in_place_refused(ctx);
        } else {
            self.sought_in_vain(ctx);
        }
    }

    /// Whether the cursor stands on the key that it would write.
    pub fn is_positioned(&self) -> bool {
        self.placed && self.key.is_internal()
    }

    /// Whether inserts and updates by key need no look at what is there.
    fn overwrites(&self, ctx: &Ctx<'_>) -> bool {
        self.config.overwrite || (faults::active(Fault::D10) && self.merges(ctx))
    }

    /// Makes a write that [`Cursor::check_write`] has let through.
    pub fn write(&mut self, ctx: &mut Ctx<'_>, op: WriteOp<'_>) -> Code {
        if self.appends(op) {
            return self.append(ctx);
        }
        let Some(key) = self.key.get().cloned() else {
            return Code::Invalid;
        };
        let in_place = self.is_positioned();
        let fixed = self.format == Format::Fixed;
        let looks_up = matches!(op, WriteOp::Insert) && !self.overwrites(ctx);
        if !in_place || looks_up || fixed {
            self.leave(ctx); // with a loose snapshot: a write by key looks afresh
        }
        ctx.ensure_snapshot();
        if !ctx.txn.running && self.is_stale(ctx, op, &key, in_place) {
            match op {
                WriteOp::Remove => self.sought_in_vain(ctx),
                _ => self.write_refused(ctx),
            }
            ctx.renew_snapshot();
        }
        match op {
            WriteOp::Insert => self.insert(ctx, key),
            WriteOp::Update => self.update(ctx, key),
            WriteOp::Remove if fixed => self.remove_fixed(ctx, key, in_place),
            WriteOp::Remove if in_place => self.remove_in_place(ctx, key),
            WriteOp::Remove => self.remove_by_key(ctx, key),
            WriteOp::Modify(deltas) => self.modify(ctx, deltas),
            WriteOp::Reserve => self.reserve(ctx, key),
        }
    }

    /// Whether an implicit transaction's first attempt would fail because its session holds an old snapshot. It is
    /// made once more with a new one; only a remove by position is not, for it would have lost its position.
    fn is_stale(&mut self, ctx: &mut Ctx<'_>, op: WriteOp<'_>, key: &Key, in_place: bool) -> bool {
        match op {
            WriteOp::Remove if in_place => false,
            WriteOp::Insert if !self.overwrites(ctx) && matches!(self.peek(ctx, key), Ok(Some(_))) => false,
            _ => self.conflicts(ctx, key),
        }
    }

    /// Existence first (a duplicate is reported without a look at conflicts), then the conflict check.
    fn insert(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Code {
        let existing = if self.overwrites(ctx) { Ok(None) } else { self.peek(ctx, &key) };
        if let Ok(Some(existing)) = existing {
            if faults::active(Fault::D11) && self.merges(ctx) {
                self.write_refused(ctx);
            } else {
                self.met_duplicate(ctx, existing);
            }
            return Code::DuplicateKey;
        }
        if let Err(code) = existing.map_err(in_the_way).and_then(|_| self.may_write(ctx, &key)) {
            self.write_refused(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        let value = std::mem::take(&mut self.value);
        self.put(ctx, &key, Change::Put(value.get().unwrap_or(&Value::EMPTY)), false);
        self.emptied(ctx);
        Code::Ok
    }

    /// The conflict check first, then existence, which only matters by key and without overwrite.
    fn update(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Code {
        let in_place = self.is_positioned();
        let refusal = if self.conflicts(ctx, &key) {
            Some(Code::Rollback)
        } else if in_place || self.overwrites(ctx) {
            writable(ctx)
        } else {
            match self.has_record(ctx, &key) {
                Ok(true) => writable(ctx),
                Ok(false) => Some(Code::NotFound),
                Err(unresolved) => Some(in_the_way(unresolved)),
            }
        };
        if let Some(code) = refusal {
            self.write_refused(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        let value = self.value.get().cloned().unwrap_or_default();
        self.put(ctx, &key, Change::Put(&value), in_place);
        self.landed(ctx, key, value);
        Code::Ok
    }

    /// Removes the record that the cursor stands on. It is looked up again: what the cursor shows of it may be of an
    /// earlier transaction (WT-17796).
    fn remove_in_place(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Code {
        let parked = if faults::active(Fault::D4) { self.merge.ingest_key().cloned() } else { None };
        let target = parked.as_ref().unwrap_or(&key);
        if let Err(code) = self.may_remove(ctx, target) {
            if !(faults::active(Fault::D3) && code == Code::NotFound && self.merges(ctx)) {
                self.in_place_refused(ctx);
            }
            return code;
        }
        ctx.pass(Point::LookedUp);
        self.put(ctx, target, Change::Delete, true);
        if faults::active(Fault::D5) {
            self.merge.leave();
        }
        self.removed_in_place(key);
        Code::Ok
    }

    /// Removes the record that the cursor stands on, for a truncation that has made the checks.
    pub fn put_delete(&mut self, ctx: &mut Ctx<'_>, key: &Key) {
        self.put(ctx, key, Change::Delete, true);
        self.removed_in_place(key.clone());
    }

    fn remove_by_key(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Code {
        if let Err(code) = self.exists(ctx, &key).and_then(|()| self.may_remove(ctx, &key)) {
            self.sought_in_vain(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        self.put(ctx, &key, Change::Delete, false);
        self.emptied(ctx);
        Code::Ok
    }

    /// Whether there is a record that a write by key can go to: the conflict check first, then existence.
    fn exists(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Result<(), Code> {
        if self.conflicts(ctx, key) {
            return Err(Code::Rollback);
        }
        let found = self.bounds.admit(key) && self.has_record(ctx, key).map_err(in_the_way)?;
        if found { Ok(()) } else { Err(Code::NotFound) }
    }

    /// Whether there is a record. In a fixed-length table nothing but its end tells.
    fn has_record(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Result<bool, Unresolved> {
        if self.format == Format::Fixed {
            return Ok(self.implicit(ctx, key).is_some());
        }
        self.peek(ctx, key).map(|found| found.is_some())
    }

    /// The value is looked up first, unless the cursor holds it, then comes the conflict check. A modify that is
    /// refused then leaves the value that the application had set, or else the one that it has made.
    fn modify(&mut self, ctx: &mut Ctx<'_>, deltas: &[Delta]) -> Code {
        let given = match &self.value {
            Field::External(value) => Some(value.clone()),
            Field::Unset | Field::Internal(_) => None,
        };
        if !(self.is_positioned() && self.value.is_internal()) {
            match self.search(ctx) {
                Code::Ok => {}
                Code::PrepareConflict => return Code::Rollback,
                code => return code,
            }
        }
        let (Some(key), Some(base)) = (self.key.get().cloned(), self.value.get()) else { return Code::Invalid };
        let value = modify::apply(base, deltas);
        if let Err(code) = self.may_write(ctx, &key) {
            self.value = Field::External(given.unwrap_or(value));
            self.write_refused(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        self.put(ctx, &key, Change::Put(&value), true);
        let shown = if faults::active(Fault::D15) && self.merges(ctx) { tombstone::encode(&value) } else { value };
        self.landed(ctx, key, shown);
        Code::Ok
    }

    /// A place-holder, then a search of the record. By position it is put down whether or not the record is still
    /// there, and the search tells.
    fn reserve(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Code {
        let found = if faults::active(Fault::D13) && self.is_not_in_ingest(ctx, &key) {
            Err(Code::NotFound)
        } else if self.is_positioned() {
            Ok(())
        } else {
            self.exists(ctx, &key)
        };
        if let Err(code) = found.and_then(|()| self.may_write(ctx, &key)) {
            self.write_refused(ctx);
            return code;
        }
        ctx.pass(Point::LookedUp);
        self.put(ctx, &key, Change::Reserve, true);
        self.value = Field::Unset;
        self.search(ctx)
    }

    /// The checks of a delete: none goes on top of another, whoever wrote it.
    pub fn may_remove(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Result<(), Code> {
        if self.conflicts(ctx, key) {
            return Err(Code::Rollback);
        }
        let is_removed = if faults::active(Fault::D2) && self.is_positioned() && self.merges(ctx) {
            self.value == Field::Unset
        } else {
            self.is_removed(ctx, key)
        };
        if is_removed {
            return Err(Code::NotFound);
        }
        writable(ctx).map_or(Ok(()), Err)
    }

    /// The conflict check and the isolation check.
    fn may_write(&mut self, ctx: &mut Ctx<'_>, key: &Key) -> Result<(), Code> {
        if self.conflicts(ctx, key) {
            return Err(Code::Rollback);
        }
        writable(ctx).map_or(Ok(()), Err)
    }
}

/// Only snapshot isolation may write, and who passes over prepared updates may not unless that was said. Noticed at the
/// moment of the write, after the lookups.
pub(super) fn writable(ctx: &Ctx<'_>) -> Option<Code> {
    let only_reads = ctx.txn.ignore_prepare == IgnorePrepare::ReadOnly;
    (only_reads || ctx.txn.isolation != Isolation::Snapshot).then_some(Code::NotSupported)
}

/// What a write answers where a read would have met a prepared update.
pub(super) fn in_the_way(_: Unresolved) -> Code {
    Code::Rollback
}
