//! Profiles: what programs are made of, as data.

use super::dice::Dice;
use super::limits;
use super::ops::{Op, OpKind, Weight};
use super::step::Config;
use crate::backend::{Format, Isolation};
use std::fmt;
use std::str::FromStr;

/// A kind of program to generate. All but [`Profile::Swarm`] are those of WiredTiger's cursor stress test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// A bit of everything.
    Mixed,
    /// Long walks.
    Iterate,
    /// Searches.
    Lookup,
    /// Writes, mostly in place.
    WriteChurn,
    /// Transactions of every isolation level.
    Txn,
    /// The table grows and shrinks by halves.
    BulkSwing,
    /// Reads of what has just left the ingest table.
    MergeDrain,
    /// Random weights and sizes for each program, many operations switched off. The default.
    #[default]
    Swarm,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 8] = [
        Profile::Mixed,
        Profile::Iterate,
        Profile::Lookup,
        Profile::WriteChurn,
        Profile::Txn,
        Profile::BulkSwing,
        Profile::MergeDrain,
        Profile::Swarm,
    ];

    /// The name, as in flags.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Mixed => "mixed",
            Profile::Iterate => "iterate",
            Profile::Lookup => "lookup",
            Profile::WriteChurn => "write_churn",
            Profile::Txn => "txn",
            Profile::BulkSwing => "bulk_swing",
            Profile::MergeDrain => "merge_drain",
            Profile::Swarm => "swarm",
        }
    }

    /// The number of steps of a program of full size.
    pub fn sizes(self) -> usize {
        match self {
            Profile::Mixed => 22_000,
            Profile::Iterate => 16_000,
            Profile::Lookup => 20_000,
            Profile::WriteChurn => 14_000,
            Profile::Txn => 20_000,
            Profile::BulkSwing => 6_000,
            Profile::MergeDrain => 14_000,
            Profile::Swarm => limits::MAX_STEPS,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a profile's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a profile: write one of {names}", names = Profile::ALL.map(Profile::name).join(", "))]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| UnknownProfile(name.into()))
    }
}

/// What a program is made of. Shares are in percent; weights are relative to each other.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    /// The weight of each operation.
    pub ops: [u32; Op::COUNT],
    /// Searches for a key that is (probably) there.
    pub search_existing: u32,
    /// Removes by key of one that is there.
    pub remove_existing: u32,
    /// Updates of the record that the cursor stands on.
    pub update_positional: u32,
    /// Removes of the record that the cursor stands on.
    pub remove_positional: u32,
    /// Other operations that can do without a key and do.
    pub other_positional: u32,
    /// The weights of what begins: snapshot, read-committed, read-uncommitted, snapshot with a read timestamp.
    pub begin: [u32; 4],
    /// The share of the pool that a bulk insert writes.
    pub bulk_insert: [u32; 2],
    /// Programs that begin with a bulk insert, whatever the weights.
    pub load: u32,
    /// Only what makes sense where it stands, writes only where they can succeed, physical events only between transactions.
    pub orderly: bool,
    /// Evict means: advance first, then evict all.
    pub evict_advances: bool,
    /// Writes outside a transaction that are not wrapped in one of their own.
    pub unwrapped: u32,
    /// Keys from gaps and odd ones, where a key need not exist; odd ones are a quarter of them.
    pub gap_keys: u32,
    /// Values that look like tombstones, long ones, repeated ones.
    pub odd_values: u32,
    /// Keys out of a small hot range.
    pub hot: u32,
    /// Steps that go on with the cursor of the step before.
    pub sticky: u32,
    /// Steps after which a transaction that has written ends soon; readers last four times as long.
    pub txn_steps: usize,
    /// Sessions write to keys of their own, most of the time.
    pub lanes: bool,
}

/// A row of the table of WiredTiger's profiles; weights in tenths.
struct Stress {
    /// next, prev, search, search_near, positional update, positional remove, put, remove, reset, scan, advance, evict,
    /// bulk insert, bulk remove, begin.
    weights: [u32; 15],
    search_existing: u32,
    remove_existing: u32,
    begin: [u32; 4],
    bulk: u32,
}

/// What WiredTiger's profiles have where they do not say otherwise.
const STRESS: Stress =
    Stress { weights: [0; 15], search_existing: 50, remove_existing: 80, begin: [72, 16, 12, 30], bulk: 40 };

const MIXED: Stress = Stress {
    weights: [180, 180, 160, 140, 100, 40, 40, 20, 10, 5, 16, 22, 12, 4, 40],
    search_existing: 80,
    begin: [72, 16, 12, 40],
    ..STRESS
};
const ITERATE: Stress =
    Stress { weights: [350, 350, 120, 100, 80, 30, 30, 15, 5, 4, 50, 50, 10, 4, 30], search_existing: 85, ..STRESS };
const LOOKUP: Stress =
    Stress { weights: [150, 150, 310, 220, 90, 30, 30, 20, 5, 4, 20, 25, 15, 4, 30], search_existing: 55, ..STRESS };
const WRITE_CHURN: Stress = Stress {
    weights: [110, 110, 100, 70, 240, 140, 130, 90, 5, 4, 35, 50, 20, 6, 30],
    search_existing: 70,
    remove_existing: 70,
    ..STRESS
};
const TXN: Stress = Stress {
    weights: [180, 180, 160, 100, 100, 40, 40, 20, 5, 4, 15, 35, 15, 4, 180],
    begin: [40, 25, 25, 90],
    ..STRESS
};
const BULK_SWING: Stress =
    Stress { weights: [180, 180, 160, 100, 80, 40, 40, 20, 5, 5, 150, 180, 50, 25, 30], bulk: 50, ..STRESS };
const MERGE_DRAIN: Stress = Stress { weights: [200, 200, 180, 120, 60, 20, 20, 10, 4, 4, 40, 60, 20, 4, 30], ..STRESS };

impl Stress {
    fn mix(&self) -> Mix {
        let [
            next,
            prev,
            search,
            near,
            pos_update,
            pos_remove,
            put,
            remove,
            reset,
            scan,
            advance,
            evict,
            grow,
            shrink,
            begin,
        ] = self.weights;
        let mut ops = [0; Op::COUNT];
        // In tenths of tenths, so that the shares below stay whole.
        let mut set = |kind: OpKind, weight: u32| ops[kind as usize] = weight * 10;
        set(OpKind::Next, next);
        set(OpKind::Prev, prev);
        set(OpKind::Search, search);
        set(OpKind::SearchNear, near);
        set(OpKind::Update, pos_update);
        set(OpKind::Remove, pos_remove + remove);
        set(OpKind::Insert, put);
        set(OpKind::Reset, reset);
        set(OpKind::Scan, scan);
        set(OpKind::Advance, advance);
        set(OpKind::Evict, evict);
        set(OpKind::BulkInsert, grow);
        set(OpKind::Begin, begin);
        // A transaction ends as often as one begins: 9 times of 10 it commits.
        ops[OpKind::Commit as usize] = begin * 9;
        ops[OpKind::Rollback as usize] = begin;
        // A bulk remove takes 40, 80 or 100 %; the last is a walk over all.
        ops[OpKind::BulkRemove as usize] = shrink * 20 / 3;
        ops[OpKind::RemoveAll as usize] = shrink * 10 / 3;
        Mix {
            ops,
            search_existing: self.search_existing,
            remove_existing: self.remove_existing,
            update_positional: 100,
            remove_positional: pos_remove * 100 / (pos_remove + remove),
            other_positional: 0,
            begin: self.begin,
            bulk_insert: [self.bulk, self.bulk],
            load: 0,
            orderly: true,
            evict_advances: true,
            unwrapped: 0,
            gap_keys: 50,
            odd_values: 0,
            hot: 0,
            sticky: 100,
            txn_steps: usize::MAX / 4,
            lanes: false,
        }
    }
}

impl Profile {
    /// The configuration and the mix of a program.
    pub(super) fn draw(self, dice: &mut Dice) -> (Config, Mix) {
        let stress = match self {
            Profile::Mixed => MIXED,
            Profile::Iterate => ITERATE,
            Profile::Lookup => LOOKUP,
            Profile::WriteChurn => WRITE_CHURN,
            Profile::Txn => TXN,
            Profile::BulkSwing => BULK_SWING,
            Profile::MergeDrain => MERGE_DRAIN,
            Profile::Swarm => return (swarm_config(dice), swarm_mix(dice)),
        };
        (Config::default(), stress.mix())
    }
}

/// One swarm program in eight is on column stores. Scans of fixed-length ones have every record to pass.
pub(super) fn choose_format(config: &mut Config, dice: &mut Dice) {
    config.format = match dice.weighted(&[88, 6, 6]) {
        0 => Format::Row,
        1 => Format::Variable,
        _ => Format::Fixed,
    };
    if config.format == Format::Fixed {
        config.keys = config.keys.min(MAX_FIXED_KEYS);
    }
}

/// The largest key pool of a generated program on fixed-length tables.
const MAX_FIXED_KEYS: u16 = 64;

/// Sessions, cursors and keys of a swarm program: any number, small ones more often.
fn swarm_config(dice: &mut Dice) -> Config {
    let mut config = Config {
        sessions: 1 + dice.weighted(&[35, 30, 20, 15]) as u8,
        cursors: 1 + dice.weighted(&[50, 30, 20]) as u8,
        tables: 1 + u8::from(dice.percent(33)),
        keys: dice.log_uniform(limits::MIN_KEYS.into(), limits::MAX_SWARM_KEYS.into()) as u16,
        ..Config::default()
    };
    // Two tables are of little use to a session with one cursor.
    if config.tables > 1 && dice.percent(70) {
        config.cursors = config.cursors.max(2);
    }
    // The first session is nearly always able to write without further ado.
    for (session, level) in config.isolation.iter_mut().take(config.sessions.into()).enumerate() {
        *level = match dice.weighted(if session == 0 { &[96, 3, 1] } else { &[80, 13, 7] }) {
            0 => Isolation::Snapshot,
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
    }
    config
}

/// The weights of a swarm program: each operation is on or off, and some dominate.
fn swarm_mix(dice: &mut Dice) -> Mix {
    let mut ops = OpKind::ALL.map(|kind| swarm_weight(kind, dice));
    keep_possible(&mut ops, dice);
    let share = |dice: &mut Dice| dice.range(10, 90);
    Mix {
        ops,
        search_existing: share(dice),
        remove_existing: dice.range(50, 95),
        update_positional: share(dice),
        remove_positional: share(dice),
        other_positional: dice.range(0, 40),
        begin: [dice.range(1, 80), dice.below(20), dice.below(15), dice.below(60)],
        bulk_insert: [5, dice.range(10, 100)],
        load: 60,
        orderly: false,
        evict_advances: dice.percent(50),
        unwrapped: if dice.percent(30) { dice.range(1, 30) } else { 1 },
        gap_keys: dice.range(5, 50),
        odd_values: dice.below(40),
        hot: dice.below(80),
        sticky: dice.range(30, 95),
        txn_steps: dice.log_uniform(3, 40) as usize,
        lanes: dice.percent(60),
    }
}

fn swarm_weight(kind: OpKind, dice: &mut Dice) -> u32 {
    let weight = kind.row().weight;
    // Both draws are always made: one operation's luck does not change that of the others.
    let (factor, luck) = (dice.range(1, 8), dice.below(100));
    let (on, dominates) = match weight {
        // What costs many calls never dominates.
        Weight::Heavy => (50, 0),
        Weight::Upheaval => (20, 0),
        Weight::Rare => (40, 10),
        Weight::Walk => (70, 15),
        Weight::Transaction => (75, 15),
        _ => (55, 15),
    };
    match luck {
        _ if luck < dominates => weight.base() * factor * factor,
        _ if luck < on => weight.base() * factor,
        _ => 0,
    }
}

/// Most programs need something to write, a way to walk, and an end to what they begin.
fn keep_possible(ops: &mut [u32; Op::COUNT], dice: &mut Dice) {
    let writes = [OpKind::Insert, OpKind::BulkInsert, OpKind::Update];
    let reads = [OpKind::Next, OpKind::Prev, OpKind::Search, OpKind::SearchNear];
    let moves_data = [OpKind::Advance, OpKind::Adopt, OpKind::Evict, OpKind::Prune];
    ensure(ops, &writes, 95, dice);
    ensure(ops, &reads, 95, dice);
    ensure(ops, &moves_data, 70, dice);
    if [OpKind::Begin, OpKind::PrepareFlood].into_iter().any(|kind| ops[kind as usize] > 0) {
        ensure(ops, &[OpKind::Commit], 100, dice);
    }
    // Picking up means nothing without a checkpoint, a checkpoint without a stable timestamp, both without eviction.
    let is_on = |ops: &[u32; Op::COUNT], kind: OpKind| ops[kind as usize] > 0;
    if is_on(ops, OpKind::Adopt) {
        ensure(ops, &[OpKind::Checkpoint], 95, dice);
    }
    if is_on(ops, OpKind::Checkpoint) {
        ensure(ops, &[OpKind::SetTimestamp, OpKind::Advance], 95, dice);
    }
    if is_on(ops, OpKind::Adopt) || is_on(ops, OpKind::Advance) {
        ensure(ops, &[OpKind::Evict, OpKind::Prune], 85, dice);
    }
}

/// Switches one of `wanted` on if none of them is, in `percent` of 100 programs.
fn ensure(ops: &mut [u32; Op::COUNT], wanted: &[OpKind], percent: u32, dice: &mut Dice) {
    let missing = wanted.iter().all(|&kind| ops[kind as usize] == 0);
    let kind = wanted[dice.index(wanted.len())];
    if missing && dice.percent(percent) {
        ops[kind as usize] = kind.row().weight.base() * 4;
    }
}
