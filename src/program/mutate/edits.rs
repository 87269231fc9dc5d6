//! The edits: what one mutation does to an input.

use super::{Input, uses_pool};
use crate::backend::Isolation;
use crate::program::decode::operation_bytes;
use crate::program::dice::Dice;
use crate::program::generate::segment;
use crate::program::limits;
use crate::program::ops::{Op, OpKind};
use crate::program::profile::choose_format;
use crate::program::record::{Block, Part};
use crate::program::step::Config;

/// Steps of a segment, or copies of a step, at most.
const MAX_SEGMENT: u32 = 32;

/// What a session's isolation may become.
const ISOLATION: [Isolation; 4] =
    [Isolation::Snapshot, Isolation::Snapshot, Isolation::ReadCommitted, Isolation::ReadUncommitted];

/// One edit.
type Edit = fn(&mut Input, &mut Dice);

/// The edits and how often each is used, in percent.
const EDITS: [(u32, Edit); 17] = [
    (13, insert_segment),
    (7, insert_record),
    (9, delete_run),
    (7, duplicate_run),
    (6, repeat_record),
    (5, swap_records),
    (6, move_run),
    (4, overwrite_run),
    (12, redraw_field),
    (7, nudge_slot),
    (5, change_operation),
    (4, change_cursor),
    (3, flip_swarm),
    (3, change_sizes),
    (4, insert_hook),
    (3, prepare_before_commit),
    (2, insert_upheaval),
];

impl Input {
    /// Makes one edit. An input without steps gets some.
    pub(super) fn edit(&mut self, dice: &mut Dice) {
        let edit = if self.records.is_empty() {
            insert_segment
        } else {
            EDITS[dice.weighted(&EDITS.map(|(weight, _)| weight))].1
        };
        edit(self, dice);
        self.records.truncate(limits::MAX_STEPS);
    }

    fn any_record(&mut self, dice: &mut Dice) -> &mut Block {
        let index = dice.index(self.records.len());
        &mut self.records[index]
    }

    /// Where a slot begins that the operation of a record uses.
    fn any_slot(&self, index: usize, dice: &mut Dice) -> Option<usize> {
        // A byte that names no operation means one by weight; any slot may do.
        let kind = OpKind::ALL.get(usize::from(self.records[index][0]));
        let parts = kind.map_or(&[Part::A, Part::B, Part::C][..], |&kind| Op::parts(kind));
        let slots: Vec<_> = parts.iter().filter(|&&part| part != Part::Flags).collect();
        slots.get(dice.index(slots.len())).map(|&&part| 2 + 2 * part as usize)
    }

    fn insert(&mut self, records: &[Block], dice: &mut Dice) {
        let at = dice.gap(self.records.len());
        self.records.splice(at..at, records.iter().copied());
        records.iter().for_each(|record| self.switch_on(record));
    }

    /// Makes sure that a record means the operation that it names.
    fn switch_on(&mut self, record: &Block) {
        if self.header.swarm != 0 && usize::from(record[0]) < Op::COUNT {
            self.header.swarm |= 1 << record[0];
        }
    }

    /// An operation that is on, by weight; any other one now and then.
    fn any_operation(&self, dice: &mut Dice) -> u8 {
        if dice.percent(20) {
            dice.index(Op::COUNT) as u8
        } else {
            operation_bytes(&self.header)[dice.index(256)] as u8
        }
    }
}

/// Steps that a generator makes.
fn insert_segment(input: &mut Input, dice: &mut Dice) {
    let len = dice.log_uniform(2, MAX_SEGMENT) as usize;
    let mut records = segment(&input.header.config, dice, len);
    records.retain(|record| !uses_pool(record));
    input.insert(&records, dice);
}

/// A random step.
fn insert_record(input: &mut Input, dice: &mut Dice) {
    let operation = input.any_operation(dice);
    let [a, b, c, d] = dice.bits().to_le_bytes();
    let [e, f, g, _] = dice.bits().to_le_bytes();
    input.insert(&[[operation, usual_flags(a, dice), b, c, d, e, f, g]], dice);
}

/// Flags are unusual settings: mostly clear.
fn usual_flags(who: u8, dice: &mut Dice) -> u8 {
    if dice.percent(70) { who & 0x0f } else { who }
}

fn delete_run(input: &mut Input, dice: &mut Dice) {
    let run = dice.run(input.records.len());
    input.records.drain(run);
}

/// Copies a run to somewhere else.
fn duplicate_run(input: &mut Input, dice: &mut Dice) {
    let run = dice.run(input.records.len());
    let records = input.records[run].to_vec();
    input.insert(&records, dice);
}

/// The same step several times in a row.
fn repeat_record(input: &mut Input, dice: &mut Dice) {
    let index = dice.index(input.records.len());
    let times = dice.log_uniform(1, MAX_SEGMENT) as usize;
    let record = input.records[index];
    input.records.splice(index..index, std::iter::repeat_n(record, times));
}

fn swap_records(input: &mut Input, dice: &mut Dice) {
    let (one, two) = (dice.index(input.records.len()), dice.index(input.records.len()));
    input.records.swap(one, two);
}

fn move_run(input: &mut Input, dice: &mut Dice) {
    let run = dice.run(input.records.len());
    let records: Vec<_> = input.records.drain(run).collect();
    input.insert(&records, dice);
}

/// Copies a run over others.
fn overwrite_run(input: &mut Input, dice: &mut Dice) {
    let run = dice.run(input.records.len());
    let at = dice.index(input.records.len() - run.len() + 1);
    input.records.copy_within(run, at);
}

/// New random bytes for one operand, or for who makes the call.
fn redraw_field(input: &mut Input, dice: &mut Dice) {
    let [low, high, who, _] = dice.bits().to_le_bytes();
    let who = usual_flags(who, dice);
    let index = dice.index(input.records.len());
    match input.any_slot(index, dice) {
        Some(at) if !dice.percent(20) => input.records[index][at..at + 2].copy_from_slice(&[low, high]),
        _ => input.records[index][1] = who,
    }
}

/// The argument of a slot a little up or down: a key's neighbour, a timestamp just before.
fn nudge_slot(input: &mut Input, dice: &mut Dice) {
    let by = [1, 2, 0xfff, 0xffe][dice.index(4)];
    let index = dice.index(input.records.len());
    let Some(at) = input.any_slot(index, dice) else {
        return redraw_field(input, dice);
    };
    let slot = u16::from_le_bytes([input.records[index][at], input.records[index][at + 1]]);
    let nudged = slot & 0xf000 | slot.wrapping_add(by) & 0x0fff;
    input.records[index][at..at + 2].copy_from_slice(&nudged.to_le_bytes());
}

fn change_operation(input: &mut Input, dice: &mut Dice) {
    let operation = input.any_operation(dice);
    let record = input.any_record(dice);
    record[0] = operation;
    let record = *record;
    input.switch_on(&record);
}

/// A run goes to another cursor.
fn change_cursor(input: &mut Input, dice: &mut Dice) {
    let run = dice.run(input.records.len());
    let who = dice.bits() as u8 & 0x0f;
    input.records[run].iter_mut().for_each(|record| record[1] = record[1] & 0xf0 | who);
}

/// Another operation on or off, mostly one that is there. One that is off means others.
fn flip_swarm(input: &mut Input, dice: &mut Dice) {
    let there = usize::from(input.any_record(dice)[0]) % Op::COUNT;
    let operation = if dice.percent(70) { there } else { dice.index(Op::COUNT) };
    input.header.swarm ^= 1 << operation;
    input.header.seed ^= 1 << dice.index(64);
}

fn change_sizes(input: &mut Input, dice: &mut Dice) {
    let config = &mut input.header.config;
    match dice.below(6) {
        0 => config.sessions = 1 + dice.below(Config::MAX_SESSIONS.into()) as u8,
        1 => config.cursors = 1 + dice.below(Config::MAX_CURSORS.into()) as u8,
        2 => config.tables = 1 + dice.below(Config::MAX_TABLES.into()) as u8,
        3 => config.keys = dice.log_uniform(limits::MIN_KEYS.into(), limits::MAX_SWARM_KEYS.into()) as u16,
        4 => choose_format(config, dice),
        _ => {
            let session = dice.index(config.sessions.into());
            config.isolation[session] = ISOLATION[dice.index(ISOLATION.len())];
        }
    }
    // Sessions that do not exist have no isolation.
    let sessions = usize::from(config.sessions);
    config.isolation[sessions..].fill(ISOLATION[0]);
}

/// A record of an operation whose operands are as random bytes have them, with the flags that `flags` is.
fn record_of(kind: OpKind, who: u8, flags: u8, dice: &mut Dice) -> Block {
    let [b, c, d, e] = dice.bits().to_le_bytes();
    let [f, g, ..] = dice.bits().to_le_bytes();
    // The upper bits of a slot are its mode: in the lower half it is the usual one.
    [kind as u8, who & 0x0f | flags << 4, b, c & 0x7f, d, e & 0x7f, f, g & 0x7f]
}

/// Something happens inside a step that is there.
fn insert_hook(input: &mut Input, dice: &mut Dice) {
    let at = dice.index(input.records.len());
    let [who, action, ..] = dice.bits().to_le_bytes();
    let hook = record_of(OpKind::Hook, who, action, dice);
    input.records.insert(at, hook);
    input.switch_on(&hook);
}

/// A transaction is prepared before it commits, at once or a few steps before. Its commit has a durable timestamp then.
fn prepare_before_commit(input: &mut Input, dice: &mut Dice) {
    let start = dice.index(input.records.len());
    let is_commit = |record: &Block| record[0] == OpKind::Commit as u8;
    let Some(offset) = input.records[start..].iter().position(is_commit) else {
        return insert_segment(input, dice);
    };
    let at = start + offset;
    let early = if dice.percent(50) { 0 } else { dice.index(8) };
    let prepare = record_of(OpKind::Prepare, input.records[at][1], 0, dice);
    input.records.insert(at.saturating_sub(early), prepare);
    input.switch_on(&prepare);
}

/// A node or a table is turned over, in quiet; the leader steps down and a node steps up a little later.
fn insert_upheaval(input: &mut Input, dice: &mut Dice) {
    let kinds = [OpKind::StepDown, OpKind::Restart, OpKind::RollbackToStable, OpKind::Recreate];
    let kind = kinds[dice.index(kinds.len())];
    let at = dice.gap(input.records.len());
    let quiesce = record_of(OpKind::Quiesce, 0, 0, dice);
    let flags = dice.bits() as u8;
    let mut pairs = vec![(at, record_of(kind, 0, flags, dice))];
    if kind == OpKind::StepDown {
        let later = at + dice.index(input.records.len() - at + 1).min(MAX_SEGMENT as usize);
        // The later one first: it does not move the other.
        pairs.insert(0, (later, record_of(OpKind::StepUp, 0, flags, dice)));
    }
    for (at, record) in pairs {
        input.records.splice(at..at, [quiesce, record]);
        input.switch_on(&quiesce);
        input.switch_on(&record);
    }
}
