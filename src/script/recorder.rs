//! Records what a run asks of the model, and what is true of the answers that the contract leaves open.

use super::detour::{self, Detour};
use super::withheld::{self, Standing};
use super::{Entry, Expected, Script, wire};
use crate::backend::{Call, Code, CursorConfig, Format, Key, Reply, Timestamp, Who};
use crate::program::{Config, Program, Step};
use crate::run::{Done, Hint, Observer, Open, Physical};
use std::collections::BTreeMap;

/// What is known of a cursor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    /// It is a random one.
    pub random: bool,
    /// It may have bounds.
    pub bounded: bool,
    /// Its key is that of a record on which it stands.
    pub stands: bool,
    /// It holds a place.
    pub placed: bool,
    /// It went back, in a fixed-length table, until there was no record before it that was ever written.
    pub went_before_all: bool,
    /// It stands on a zero of a fixed-length table: how many writes there were when it came there.
    pub on_zero: Option<u64>,
}

/// Watches a run and keeps its script.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(super) script: Script,
    step: usize,
    /// What is known of each session.
    pub(super) standing: [Standing; Config::MAX_SESSIONS as usize],
    /// Where each session's transaction begins.
    pub(super) begun: [Option<usize>; Config::MAX_SESSIONS as usize],
    /// What was said of the call that comes next.
    pub(super) hints: Vec<Hint>,
    /// Which of the script's tables each of the program's is.
    tables: [u8; Config::MAX_TABLES as usize],
    /// What is known of each cursor.
    pub(super) slots: BTreeMap<(u8, u8), Slot>,
    /// How many writes were made.
    writes: u64,
    /// Whether nothing more is recorded.
    pub(super) is_cut: bool,
    /// Whether the node has a stable timestamp.
    has_stable: bool,
    /// Whether something was asked for that the session which looks on must not be there for, be it refused.
    looked_away: bool,
    /// Whether the program reads what is not committed.
    pub(super) reads_uncommitted: bool,
    /// Whether the script has physical events.
    has_events: bool,
}

impl Recorder {
    /// A recorder of a run of `program`.
    pub fn new(program: &Program) -> Self {
        let script = Script {
            config: program.config.clone(),
            tables: program.config.tables,
            entries: Vec::new(),
            withheld: BTreeMap::new(),
            last_ts: 0,
            needs_fresh: false,
        };
        Recorder {
            script,
            step: 0,
            standing: Default::default(),
            begun: Default::default(),
            hints: Vec::new(),
            tables: std::array::from_fn(|table| table as u8),
            slots: BTreeMap::new(),
            writes: 0,
            is_cut: false,
            has_stable: false,
            looked_away: false,
            reads_uncommitted: detour::reads_uncommitted(program),
            has_events: false,
        }
    }

    /// A recorder of a run of `program`, the physical events included: for nodes that have layered tables.
    pub fn with_events(program: &Program) -> Self {
        Recorder { has_events: true, ..Recorder::new(program) }
    }

    /// What was recorded.
    pub fn into_script(self) -> Script {
        self.script
    }

    fn record(&mut self, who: Who, call: &Call<'_>, reply: &Reply, expected: Expected) {
        let hints = std::mem::take(&mut self.hints);
        if self.is_cut {
            return;
        }
        let session = usize::from(who.session);
        let Some(&standing) = self.standing.get(session) else { return };
        let (on_random, placed) = (self.slot(who).random, self.any_placed(who.session));
        let doomed = hints.iter().any(|hint| matches!(hint, Hint::Doomed));
        let in_variable = self.format() == Format::Variable;
        let standing = Standing { in_variable, doomed, on_random, placed, looked_away: self.looked_away, ..standing };
        if let Some(rule) = withheld::rule(call, reply, standing) {
            return self.count(rule.name);
        }
        let call = self.on_its_table(call);
        match detour::instead(&call, reply, standing, self.slot(who), &hints) {
            Some(Detour::NewTable(table)) => self.new_table(table),
            Some(Detour::End(name)) => self.cut(name),
            Some(Detour::OwnTransaction(name)) => {
                self.count(name);
                self.record_in_transaction(who, &call, reply);
            }
            None if self.ends_out_of_bounds(&hints, reply) => self.cut(detour::STOP_OUT_OF_BOUNDS),
            None if matches!(call, Call::Next | Call::Prev) && self.has_old_gap(who) => self.cut(detour::OLD_GAP),
            None => {
                self.before(who, &call, reply, &hints);
                self.learn(session, &call, reply);
                self.learn_of_slot(who, &call, reply, &hints);
                let near = reply.key.get().filter(|_| reply.code == Code::Ok);
                self.push(wire::line(who, &call, near), expected);
                self.after_call(who, &call, reply, &hints);
            }
        }
    }

    pub(super) fn count(&mut self, name: &'static str) {
        *self.script.withheld.entry(name).or_default() += 1;
    }

    pub(super) fn push(&mut self, line: String, expected: Expected) {
        self.script.entries.push(Entry { step: self.step, line, expected });
    }

    /// The call with the number that its table has in the script.
    fn on_its_table<'a>(&self, call: &Call<'a>) -> Call<'a> {
        let now = |table: u8| self.tables.get(usize::from(table)).copied().unwrap_or(table);
        match *call {
            Call::Open(config) => Call::Open(CursorConfig { table: now(config.table), ..config }),
            Call::TruncateTable { table } => Call::TruncateTable { table: now(table) },
            call => call,
        }
    }

    /// A table of the program is another one from now on.
    fn new_table(&mut self, table: u8) {
        if let Some(number) = self.tables.get_mut(usize::from(table)) {
            *number = self.script.tables;
            self.script.tables += 1;
        }
    }

    /// The format of the tables.
    pub(super) fn format(&self) -> Format {
        self.script.config.format
    }

    /// What is known of a cursor.
    pub(super) fn slot(&self, who: Who) -> Slot {
        self.slots.get(&(who.session, who.cursor)).copied().unwrap_or_default()
    }

    /// Whether a cursor of the session holds a place.
    pub(super) fn any_placed(&self, session: u8) -> bool {
        self.slots.iter().any(|(&(of, _), slot)| of == session && slot.placed)
    }

    /// Whether a truncate ends at the place of a cursor with bounds that has lost its record: with its key set anew it
    /// would be looked for within them.
    fn ends_out_of_bounds(&self, hints: &[Hint], reply: &Reply) -> bool {
        let is_bounded = |hint: &Hint| matches!(hint, Hint::StopIsGone(stop, _) if self.slot(*stop).bounded);
        reply.code == Code::Ok && hints.iter().any(is_bounded)
    }

    /// Whether a cursor stands on a zero of a fixed-length table in which something was written since it came there.
    fn has_old_gap(&self, who: Who) -> bool {
        self.format() == Format::Fixed && self.slot(who).on_zero.is_some_and(|writes| writes < self.writes)
    }

    /// Whether a cursor of the session may have bounds.
    pub(super) fn any_bounded(&self, session: u8) -> bool {
        self.slots.iter().any(|(&(of, _), slot)| of == session && slot.bounded)
    }

    /// What the call means for the cursor.
    fn learn_of_slot(&mut self, who: Who, call: &Call<'_>, reply: &Reply, hints: &[Hint]) {
        let name = (who.session, who.cursor);
        let ok = reply.code == Code::Ok;
        match *call {
            Call::Close => {
                self.slots.remove(&name);
                return;
            }
            Call::Open(CursorConfig { random, .. }) if ok => {
                self.slots.insert(name, Slot { random, ..Slot::default() });
            }
            Call::Duplicate { .. } if ok => {
                self.slots.insert(name, Slot::default());
            }
            _ => {}
        }
        if !call.is_on_cursor() {
            return;
        }
        let writes = matches!(call, Call::Insert | Call::Update | Call::Remove | Call::Modify(_) | Call::Reserve);
        self.writes += u64::from(writes);
        let slot = self.slots.entry(name).or_default();
        let on_zero = reply.key.is_internal() && reply.value.get().is_some_and(|value| value.as_bytes() == [0]);
        let moves = matches!(call, Call::Search | Call::SearchNear | Call::Next | Call::Prev);
        // Its place is what counts, whatever key or value was set since, or what was refused there.
        let stays = reply.placed && !moves && !(writes && ok);
        if !stays && (moves || !on_zero) {
            slot.on_zero = on_zero.then_some(self.writes);
        }
        slot.stands = reply.key.is_internal();
        slot.placed = reply.placed;
        if ok && !matches!(call, Call::State | Call::GetKey | Call::GetValue | Call::SetKey(_) | Call::SetValue(_)) {
            slot.went_before_all &= matches!(call, Call::Prev | Call::Compare { .. } | Call::Equals { .. });
            slot.went_before_all |= goes_before_all(reply, hints);
        }
        match call {
            Call::Bound { .. } => slot.bounded = true,
            Call::ClearBounds | Call::Reset => slot.bounded = false,
            _ => {}
        }
    }

    /// What the call means for those that come after it.
    fn learn(&mut self, session: usize, call: &Call<'_>, reply: &Reply) {
        let standing = &mut self.standing[session];
        let ok = reply.code == Code::Ok;
        match *call {
            Call::Begin(_) if ok => {
                *standing = Standing { running: true, ..Standing::default() };
                self.begun[session] = Some(self.script.entries.len());
            }
            Call::Rollback if ok => *standing = Standing::default(),
            Call::Commit { .. } if ok || !standing.prepared => *standing = Standing::default(),
            Call::Prepare(_) if ok => standing.prepared = true,
            Call::RollbackToStable => {
                self.looked_away = true;
                self.script.needs_fresh |= !self.has_stable;
            }
            Call::Recreate { .. } => self.looked_away = true,
            _ => {}
        }
        if let Call::SetTimestamp { oldest, stable, .. } = *call {
            // Where a clock has run before, stable is not unset but behind.
            self.script.needs_fresh |= oldest.is_some() && stable.is_none() && !self.has_stable;
            self.has_stable |= ok && stable.is_some();
        }
        for ts in timestamps(call).into_iter().flatten() {
            self.script.last_ts = self.script.last_ts.max(ts);
        }
    }
}

/// Whether a step back in a fixed-length table has come to before all records that were ever written.
pub(super) fn goes_before_all(reply: &Reply, hints: &[Hint]) -> bool {
    hints.iter().any(|hint| matches!(hint, Hint::FirstWritten(first) if reply.key.get() < Some(first)))
}

fn timestamps(call: &Call<'_>) -> [Option<Timestamp>; 3] {
    match *call {
        Call::Begin(begin) => [begin.read_ts, None, None],
        Call::Commit { ts, durable } => [ts, durable, None],
        Call::Prepare(ts) => [ts, None, None],
        Call::TimestampTransaction(_, ts) => [Some(ts), None, None],
        Call::SetTimestamp { oldest, stable, durable } => [oldest, stable, durable],
        _ => [None; 3],
    }
}

impl Observer for Recorder {
    const LISTENS: bool = true;

    fn before(&mut self, index: usize, _step: &Step) {
        self.step = index;
    }

    fn after(&mut self, index: usize, _step: &Step, _done: &Done<'_>) {
        self.step = index + 1;
    }

    fn about_to_ask(&mut self, _who: Who, hint: Hint) {
        self.hints.push(hint);
    }

    fn told(&mut self, who: Who, call: &Call<'_>, code: Code) {
        let reply = Reply { placed: self.slot(who).placed, ..Reply::code(code) };
        self.record(who, call, &reply, Expected::Code(code));
    }

    fn answered(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        self.record(who, call, reply, Expected::Reply(reply.clone()));
    }

    fn physical(&mut self, event: Physical) {
        if self.has_events && !self.is_cut {
            self.push(wire::event(event), Expected::Code(Code::Ok));
        }
    }

    fn left_open(&mut self, who: Who, open: Open) {
        let Some(entry) = self.script.entries.last_mut().filter(|_| !self.is_cut) else { return };
        match open {
            Open::Random { .. } => entry.expected = Expected::Open(open),
            Open::Largest { at_least, written } => {
                let open = Open::Largest { at_least, written: distinct(written) };
                if let Expected::Reply(reply) = std::mem::replace(&mut entry.expected, Expected::Open(open)) {
                    self.align_key(who, reply.key.get());
                }
            }
        }
    }
}

fn distinct(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort();
    keys.dedup();
    keys
}
