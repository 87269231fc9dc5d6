//! What a script says in other words than the run did, because WiredTiger's answer would depend on what it happens to
//! keep, or would not come. Each detour is counted.
//!
//! - A write outside a transaction that is rolled back is tried again for as long as what is in its way stays: in one
//!   thread, for ever. It is made in a transaction of its own. An insert that would find something else there, because
//!   that transaction keeps a snapshot that is held, ends the script.
//! - A write without a timestamp over one that has a timestamp is refused as long as that timestamp is known. The
//!   contract minds it only until oldest has passed it, because a page that is evicted forgets it then; a page that stays
//!   in memory does not. Such a write is excused with `no_timestamp`, which takes a transaction. A prepared transaction
//!   that commits before such a timestamp cannot be excused: the script ends there.
//! - A table that is dropped may be busy for as long as somebody might want to read in its past: another one takes its
//!   place.
//! - A truncate outside a transaction is one as soon as it looks, and copies the values of the session's cursors then. In
//!   a table that has never had a record it may find nothing to look at. The script ends there.
//! - A truncate to the place of a cursor whose record is gone runs to the end of the table. Its key is set anew first,
//!   unless the cursor has bounds: then the script ends there.
//! - Readers at read-uncommitted cannot put together a value that is stored as a modification: where there are any, a
//!   modification of a long value is followed by an update that says the same. So is one by a cursor whose value its own
//!   transaction has replaced through another cursor: what is stored is the modification, of the other value.
//! - A remove where the cursor stands on a record that was rolled back meanwhile removes it once more, which nobody
//!   sees, and succeeds; the contract says that there is nothing to remove (and newer versions of WiredTiger, too). The
//!   script ends there.
//! - A begin that is refused for its configuration leaves its isolation behind, which the session reads with from then on,
//!   and forgets the snapshot that the session's cursors hold: the next read takes a new one under them. The script ends
//!   there.
//! - A page on which somebody finds nothing but what everybody sees removed is marked for eviction, and no cursor counts
//!   as standing there until it is gone. A session that looks on keeps that from happening, but not during a rollback to
//!   stable or the dropping of a table, be they refused; after one, the script ends where it might.
//! - A cursor that goes back in a fixed-length table, to before all records that were ever written, knows no record any
//!   more: a step forward is a segmentation fault, and a step back does not see what was written there since. The script
//!   ends there.
//! - A cursor that stands on a record of a fixed-length table that was never written keeps in mind where the next one is that
//!   was. If another comes between since, a step in either direction finds the value of the wrong one. Where a cursor
//!   stands on a zero and anything was written since, the script ends with a step.
//! - A modify that is refused gives back the value that was set where it was. If that was WiredTiger's own copy, the new
//!   value was made there: it is written over, or, if the new one needed more room, freed. Such a value is set anew before.
//! - Where cursors may be left with different keys that nobody reads (the bound that an interrupted walk began at, the
//!   largest key) what the model has is set.

use super::recorder::{Recorder, Slot, goes_before_all};
use super::withheld::Standing;
use super::{Expected, wire};
use crate::backend::{Begin, Call, Code, Delta, Field, Format, Isolation, Key, Reply, Value, Who};
use crate::program::{Op, Program};
use crate::run::Hint;

/// The longest value in bytes that WiredTiger stores whole when it is modified.
const STORED_WHOLE: usize = 64;

const ENDLESS: &str = "write that would be tried for ever: in a transaction of its own";
const HELD_SNAPSHOT: &str =
    "rest of a program after an insert that would be tried for ever, under a snapshot that is held";
const UNSTAMPED: &str = "write without a timestamp over a forgotten one: with no_timestamp";
const CUT: &str = "rest of a program whose cursor cannot be brought into the model's state";
const REMOVED_AGAIN: &str = "rest of a program after a remove where a rolled back record was";
const FORGOTTEN_SNAPSHOT: &str = "rest of a program after a begin that was refused";
const TRUNCATED: &str = "rest of a program after a truncate under a snapshot that is held, over forgotten timestamps";
const UNTOUCHED: &str = "rest of a program after a truncate of a table that was never written";
const BEHIND: &str = "rest of a program after a prepared commit before a forgotten timestamp";
const REMAINS: &str = "rest of a program that looks over removed records after a rollback to stable or a drop";
const STOP_GONE: &str = "truncate to a record that is gone: with the key set anew";
pub(super) const STOP_OUT_OF_BOUNDS: &str = "rest of a program after a truncate to a record that is gone, with bounds";
const STALE: &str = "modification of a value that its transaction has replaced: with an update";
pub(super) const OLD_GAP: &str = "rest of a program that steps from a zero, written around since";
const TURNED: &str = "rest of a program that turns before all records that were written";
const GIVEN_BACK: &str = "refused modify of a value that is set: with the value set anew";
const UPDATED: &str = "modification that somebody may read uncommitted: with an update";

/// What is done instead of a call.
pub(super) enum Detour {
    /// It is made in a transaction of its own, which ends as the call did.
    OwnTransaction(&'static str),
    /// A table of the program is another one from now on.
    NewTable(u8),
    /// Nothing more is recorded.
    End(&'static str),
}

/// What is done instead of a call, if anything.
pub(super) fn instead(
    call: &Call<'_>,
    reply: &Reply,
    standing: Standing,
    slot: Slot,
    hints: &[Hint],
) -> Option<Detour> {
    let writes = matches!(call, Call::Insert | Call::Update | Call::Remove);
    let truncates = matches!(call, Call::Truncate { .. } | Call::TruncateTable { .. });
    let forgotten = hints.iter().any(|hint| matches!(hint, Hint::ForgottenTimestamp));
    // A remove of the record that the cursor stands on is not tried again.
    let tries_again = writes && !(matches!(call, Call::Remove) && slot.stands);
    if standing.looked_away && hints.iter().any(|hint| matches!(hint, Hint::NothingButRemains)) {
        return Some(Detour::End(REMAINS));
    }
    // There it is enough that it comes to the end of the page, whatever else is on it.
    if standing.looked_away
        && standing.in_variable
        && matches!((call, reply.code), (Call::Next | Call::Prev, Code::NotFound))
    {
        return Some(Detour::End(REMAINS));
    }
    let untouched = hints.iter().any(|hint| matches!(hint, Hint::Untouched));
    let lost = match call {
        Call::Next => slot.went_before_all,
        Call::Prev => slot.went_before_all && reply.code == Code::Ok && !goes_before_all(reply, hints),
        _ => false,
    };
    if lost {
        return Some(Detour::End(TURNED));
    }
    let is_gone = hints.iter().any(|hint| matches!(hint, Hint::PlaceIsGone));
    match (call, reply.code) {
        (Call::Remove, Code::NotFound) if is_gone => Some(Detour::End(REMOVED_AGAIN)),
        (Call::Commit { .. }, Code::Ok) if hints.iter().any(|hint| matches!(hint, Hint::BehindForgotten)) => {
            Some(Detour::End(BEHIND))
        }
        (Call::Recreate { table }, Code::Ok) => Some(Detour::NewTable(*table)),
        // Under the snapshot that is held, which a transaction would keep, it may find a record of that key first.
        (Call::Insert, Code::Rollback) if !standing.running && standing.placed => Some(Detour::End(HELD_SNAPSHOT)),
        (_, Code::Rollback) if tries_again && !standing.running => Some(Detour::OwnTransaction(ENDLESS)),
        (_, Code::Ok) if untouched && !standing.running && standing.placed => Some(Detour::End(UNTOUCHED)),
        // A transaction begins with a new snapshot, which a truncate outside one does not get while one is held.
        (_, Code::Ok) if truncates && forgotten && !standing.running && standing.placed => Some(Detour::End(TRUNCATED)),
        (_, Code::Ok) if (writes || truncates) && forgotten && !standing.running => {
            Some(Detour::OwnTransaction(UNSTAMPED))
        }
        _ => None,
    }
}

/// Whether a program has anybody who reads what is not committed.
pub(super) fn reads_uncommitted(program: &Program) -> bool {
    let config = &program.config;
    let uncommitted = Isolation::ReadUncommitted;
    (0..config.sessions).any(|session| config.isolation_of(session) == uncommitted)
        || program
            .steps
            .iter()
            .any(|step| matches!(step.op, Op::Begin { isolation: Some(level), .. } if level == uncommitted))
}

impl Recorder {
    /// What comes before a call.
    pub(super) fn before(&mut self, who: Who, call: &Call<'_>, reply: &Reply, hints: &[Hint]) {
        if let (Call::Modify(_), Code::Rollback | Code::NotSupported, Field::External(value), true) =
            (call, reply.code, &reply.value, self.format() != Format::Fixed)
        {
            self.count(GIVEN_BACK);
            self.push(wire::line(who, &Call::SetValue(value), None), Expected::Code(Code::Ok));
        }
        for hint in hints {
            match hint {
                Hint::ForgottenTimestamp if matches!(call, Call::Commit { .. }) && reply.code == Code::Ok => {
                    self.excuse(usize::from(who.session));
                }
                Hint::StopIsGone(stop, key) if reply.code == Code::Ok => {
                    self.count(STOP_GONE);
                    self.push(wire::line(*stop, &Call::SetKey(key), None), Expected::Code(Code::Ok));
                }
                // One that comes to nothing never looks for its end.
                _ => {}
            }
        }
    }

    /// Has a transaction that has begun excused from timestamps.
    fn excuse(&mut self, session: usize) {
        const EXCUSE: &str = "no_timestamp=true";
        let Some(entry) = self.begun[session].and_then(|begun| self.script.entries.get_mut(begun)) else { return };
        if entry.line.contains(EXCUSE) {
            return;
        }
        match entry.line.strip_suffix(" -") {
            Some(bare) => entry.line = format!("{bare} {EXCUSE}"),
            None => entry.line = format!("{},{EXCUSE}", entry.line),
        }
        self.count(UNSTAMPED);
    }

    /// A write in a transaction that ends as the write does.
    pub(super) fn record_in_transaction(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        let done = reply.code == Code::Ok;
        let begin = Begin { isolation: Some(Isolation::Snapshot), no_timestamp: done, ..Begin::default() };
        let end = if done { Call::Commit { ts: None, durable: None } } else { Call::Rollback };
        // A transaction begins by copying the values that refer to records; those that a failure drops have to go before.
        let drops = !done && call.is_on_cursor() && reply.value == Field::Unset;
        // A modify outside a transaction drops them, but not in a fixed-length table.
        let drops_before = drops && matches!(call, Call::Remove) && self.format() != Format::Fixed;
        if drops_before {
            let nothing = [Delta { data: Value::EMPTY, offset: 0, size: 0 }];
            self.push(wire::line(who, &Call::Modify(&nothing), None), Expected::Code(Code::NotSupported));
        }
        self.push(wire::line(who, &Call::Begin(begin), None), Expected::Code(Code::Ok));
        self.push(wire::line(who, call, None), Expected::Code(reply.code));
        self.push(wire::line(who, &end, None), Expected::Code(Code::Ok));
        // The rollback of a call clears the bounds of the cursors that it resets, that of a transaction does not.
        if !done && self.any_bounded(who.session) {
            return self.cut(CUT);
        }
        if drops && !drops_before {
            self.align_key(who, None);
            self.align_key(who, reply.key.get());
        }
        if call.is_on_cursor() {
            let left = Reply { code: Code::Ok, ..reply.clone() };
            self.push(wire::line(who, &Call::State, None), Expected::Reply(left));
        }
    }

    /// What comes after a call.
    pub(super) fn after_call(&mut self, who: Who, call: &Call<'_>, reply: &Reply, hints: &[Hint]) {
        let stale = hints.iter().any(|hint| matches!(hint, Hint::Stale));
        match (call, reply.code, &reply.key, &reply.value) {
            (Call::Begin(_), Code::Invalid, ..) if !self.standing[usize::from(who.session)].running => {
                self.cut(FORGOTTEN_SNAPSHOT);
            }
            (Call::Next | Call::Prev, Code::PrepareConflict, Field::External(key), _) => {
                self.align_key(who, Some(key));
            }
            (Call::Modify(_), Code::Ok, _, Field::Internal(value))
                if (stale || self.reads_uncommitted) && value.len() > STORED_WHOLE =>
            {
                self.count(if stale { STALE } else { UPDATED });
                self.push(wire::line(who, &Call::SetValue(value), None), Expected::Code(Code::Ok));
                self.push(wire::line(who, &Call::Update, None), Expected::Reply(reply.clone()));
            }
            _ => {}
        }
    }

    /// Records nothing more.
    pub(super) fn cut(&mut self, name: &'static str) {
        self.count(name);
        self.is_cut = true;
    }

    /// Gives a cursor the key that the model's has.
    pub(super) fn align_key(&mut self, who: Who, key: Option<&Key>) {
        let call = key.map_or(Call::Reset, Call::SetKey);
        self.push(wire::line(who, &call, None), Expected::Code(Code::Ok));
    }
}
