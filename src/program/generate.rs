//! Programs from a seed: the same seed, the same program, on every machine.
//!
//! Each step is drawn by weight, with a plan of what is probably going on, so that most steps mean something. All
//! randomness is one ChaCha stream per purpose: stream 0 draws configuration and weights, stream 1 the length of swarm
//! programs, stream 2 the steps.

use super::clock::Txn;
use super::dice::{Dice, Table};
use super::keys::ODD_KEYS;
use super::limits;
use super::ops::{Class, Legal, Op, OpKind, Weight};
use super::plan::Plan;
use super::profile::{Mix, Profile};
use super::record::Block;
use super::step::{Config, Program, Step};
use super::values::{self, LONG_MAX, LONG_MIN, ODD_VALUES};
use crate::backend::{Delta, Direction, Isolation, Key, Side, Timestamp, TimestampQuery, TxnTimestamp, Value, Who};

/// Places of the table of weights: enough for a weight of a tenth of a percent.
const PLACES: usize = 2048;
/// How often an operation is drawn again because it would make no sense.
const TRIES: usize = 8;
/// Calls that a step of a swarm program may cost, on average.
const CALLS_PER_STEP: usize = 4;

/// Makes a program of `ops` steps.
pub fn generate(profile: Profile, seed: u64, ops: usize) -> Program {
    let (config, mix) = profile.draw(&mut Dice::stream(seed, 0));
    Generator::new(config, mix, Dice::stream(seed, 2)).run(ops)
}

/// The length of a swarm program: 16 to 1024 steps, equally likely in each power of two.
pub fn swarm_length(seed: u64) -> usize {
    Dice::stream(seed, 1).log_uniform(16, limits::MAX_STEPS as u32) as usize
}

/// Records of `len` steps of a swarm program with this configuration, for a mutator to insert somewhere. What they
/// refer to in a literal pool is not there.
pub(super) fn segment(config: &Config, dice: &mut Dice, len: usize) -> Vec<Block> {
    let (_, mix) = Profile::Swarm.draw(dice);
    // The first steps run on an empty table: what comes after them is more like a part of a program.
    let warm_up = dice.index(2 * len);
    let seed = u64::from(dice.bits());
    let program = Generator::new(config.clone(), mix, Dice::new(seed)).run(warm_up + len);
    let (records, _) = program.records();
    records[warm_up..].to_vec()
}

/// A program in the making.
struct Generator {
    config: Config,
    mix: Mix,
    table: Table<PLACES>,
    dice: Dice,
    plan: Plan,
    /// The cursor of the last step.
    who: Who,
    /// The pool index of the record that the step being drawn is about.
    index: Option<u16>,
    /// A step that has to come next.
    next: Option<Op>,
    /// The first of the hot keys; they are an eighth of all.
    hot: u16,
    work: usize,
}

impl Generator {
    fn new(config: Config, mix: Mix, mut dice: Dice) -> Self {
        Generator {
            table: Table::new(&mix.ops),
            plan: Plan::new(&config),
            who: Who::default(),
            index: None,
            next: None,
            hot: dice.below(config.keys.into()) as u16,
            work: 0,
            config,
            mix,
            dice,
        }
    }

    fn run(mut self, ops: usize) -> Program {
        let mut steps = Vec::with_capacity(ops);
        for _ in 0..ops {
            let step = self.step();
            self.plan.observe(&step, self.index, &self.config);
            self.work += step.op.work(&self.config);
            steps.push(step);
        }
        Program { config: self.config, steps }
    }

    fn step(&mut self) -> Step {
        self.index = None;
        if self.plan.index == 0 && self.dice.percent(self.mix.load) {
            self.next = Some(self.bulk_insert());
        }
        let op = match self.next.take() {
            Some(op) => op,
            None => {
                self.move_on();
                self.remedy().unwrap_or_else(|| self.draw())
            }
        };
        let who = match op.class() {
            Class::Cursor | Class::Burst => self.who,
            Class::Session => Who { cursor: 0, ..self.who },
            Class::Global | Class::Injection => Who::default(),
        };
        Step { who, op, expect: None }
    }

    /// Chooses the cursor of the next step: mostly the last one.
    fn move_on(&mut self) {
        if !self.dice.percent(self.mix.sticky) {
            self.who = self.any_cursor();
        }
    }

    fn any_cursor(&mut self) -> Who {
        let session = self.dice.below(self.config.sessions.into()) as u8;
        Who { session, cursor: self.dice.below(self.config.cursors.into()) as u8 }
    }

    /// What has gone on for long enough ends, so that it does not spoil all that follows.
    fn remedy(&mut self) -> Option<Op> {
        if let Some((session, steps)) = self.plan.longest_txn(&self.config) {
            let limit = self.mix.txn_steps * if self.plan.txn(session).wrote { 1 } else { 4 };
            if steps > limit && self.dice.percent(30) {
                self.who.session = session;
                return Some(if self.dice.percent(15) { Op::Rollback } else { self.commit() });
            }
        }
        let place = self.plan.place(self.who);
        if place.random && self.dice.percent(30) {
            return Some(Op::Reopen { overwrite: true, random: false });
        }
        (place.bounded && self.dice.percent(6)).then_some(Op::ClearBounds)
    }

    /// Draws an operation that makes sense here.
    fn draw(&mut self) -> Op {
        let mut kind = OpKind::Next;
        for attempt in 0..TRIES {
            // Perhaps another session has more to do.
            if attempt == TRIES / 2 {
                self.who = self.any_cursor();
            }
            kind = self.table.draw(&mut self.dice);
            let anyway = !self.mix.orderly && self.dice.percent(3);
            let wanted = (anyway || self.suits(kind)) && self.affordable(kind);
            if let Some(op) = wanted.then(|| self.operands(kind)).flatten() {
                return op;
            }
        }
        let stand_in = if self.mix.orderly || !self.affordable(kind) { OpKind::Next } else { kind };
        self.operands(stand_in).unwrap_or(Op::Next)
    }

    /// Whether an operation that costs many calls may be used now.
    fn affordable(&self, kind: OpKind) -> bool {
        let spare = CALLS_PER_STEP * self.plan.index + 2 * usize::from(self.config.keys);
        self.mix.orderly || kind.row().weight != Weight::Heavy || self.work <= spare
    }

    /// Whether an operation makes sense here.
    fn suits(&mut self, kind: OpKind) -> bool {
        let row = kind.row();
        let txn = self.plan.clock.txn(self.who.session);
        let legal = match row.legal {
            Legal::Always => true,
            Legal::Inside => txn != Txn::Idle,
            Legal::Outside => txn == Txn::Idle,
        };
        let writes = row.weight == Weight::Write || row.class == Class::Burst;
        let able = !writes || self.may_write(txn);
        let physical = row.weight == Weight::Physical;
        let disorderly = self.mix.orderly && physical && (txn != Txn::Idle || self.plan.clock.now == 0);
        legal && able && !disorderly && (self.mix.orderly || self.is_of_use(kind, txn))
    }

    /// Whether an operation does something here, as far as the plan can tell.
    fn is_of_use(&mut self, kind: OpKind, txn: Txn) -> bool {
        let place = self.plan.place(self.who);
        let own = self.plan.txn(self.who.session);
        match kind {
            OpKind::GetKey | OpKind::Compare | OpKind::Equals => place.has_key,
            OpKind::GetValue => self.plan.on_record(self.who),
            OpKind::Bound => place.at.is_none(),
            OpKind::TimestampTransaction => txn == Txn::Snapshot,
            OpKind::ResetSnapshot => txn == Txn::Snapshot && !own.wrote,
            OpKind::Checkpoint | OpKind::Prune => self.plan.clock.stable > 0,
            OpKind::Adopt => self.plan.has_checkpoint,
            OpKind::Advance | OpKind::SetTimestamp => self.plan.clock.now > 0,
            // An empty table is a case, too, but not one for half of a program.
            OpKind::Next | OpKind::Prev | OpKind::Search | OpKind::SearchNear | OpKind::Remove | OpKind::Modify
                if self.plan.is_empty() =>
            {
                self.dice.percent(15)
            }
            _ => true,
        }
    }

    /// Whether the session is able to write: snapshot isolation, and in orderly programs no read timestamp.
    fn may_write(&self, txn: Txn) -> bool {
        match txn {
            Txn::Idle => self.config.isolation_of(self.who.session) == Isolation::Snapshot,
            Txn::Snapshot => !self.mix.orderly || self.plan.txn(self.who.session).read_ts.is_none(),
            Txn::Lower => false,
        }
    }

    /// An operation with operands; `None` if it makes no sense after all.
    fn operands(&mut self, kind: OpKind) -> Option<Op> {
        Some(match kind {
            OpKind::Key => Op::Key { key: self.search_key() },
            OpKind::Value => Op::Value { value: self.value(&Key::EMPTY) },
            OpKind::Search => Op::Search { key: self.optional_search_key() },
            OpKind::SearchNear => Op::SearchNear { key: self.optional_search_key() },
            OpKind::Next => Op::Next,
            OpKind::Prev => Op::Prev,
            OpKind::Insert => self.insert(),
            OpKind::Update => return self.update(),
            OpKind::Remove => return self.remove(),
            OpKind::Modify => Op::Modify { key: self.update_key()?, deltas: self.deltas(), ts: self.write_ts() },
            OpKind::Reserve => Op::Reserve { key: self.update_key()?, ts: self.write_ts() },
            OpKind::LargestKey => Op::LargestKey,
            OpKind::Bound => self.bound(),
            OpKind::ClearBounds => Op::ClearBounds,
            OpKind::Reset => Op::Reset,
            OpKind::Reopen => Op::Reopen { overwrite: self.dice.percent(60), random: self.dice.percent(10) },
            OpKind::Reconfigure => Op::Reconfigure { overwrite: self.dice.percent(60) },
            OpKind::Duplicate => Op::Duplicate { from: self.placed_cursor()? },
            OpKind::Compare => Op::Compare { with: self.placed_cursor()? },
            OpKind::Equals => Op::Equals { with: self.placed_cursor()? },
            OpKind::State => Op::State,
            OpKind::GetKey => Op::GetKey,
            OpKind::GetValue => Op::GetValue,
            OpKind::NextRandom => Op::NextRandom,
            OpKind::Scan => Op::Scan { direction: self.direction() },
            OpKind::Begin => self.begin(),
            OpKind::Commit => self.commit(),
            OpKind::Rollback => Op::Rollback,
            OpKind::TimestampTransaction => self.stamp(),
            OpKind::ResetSnapshot => Op::ResetSnapshot,
            OpKind::Query => Op::Query { what: self.query() },
            OpKind::SetTimestamp => self.set_timestamp(),
            OpKind::Checkpoint => Op::Checkpoint,
            OpKind::Adopt => Op::Adopt,
            OpKind::Advance => self.advance(),
            OpKind::Evict => self.evict(),
            OpKind::Prune => Op::Prune,
            OpKind::BulkInsert => self.bulk_insert(),
            OpKind::BulkRemove => self.bulk_remove(),
            OpKind::RemoveAll => Op::RemoveAll { ts: self.write_ts() },
            OpKind::InsertBeside => return self.insert_beside(),
        })
    }
}

// ---- keys and values
impl Generator {
    /// Any pool index; hot ones more often.
    fn any_index(&mut self) -> u16 {
        let keys = self.config.keys;
        if self.dice.percent(self.mix.hot) {
            (self.hot + self.dice.below(u32::from(keys / 8).max(2)) as u16) % keys
        } else {
            self.dice.below(keys.into()) as u16
        }
    }

    /// A pool index to write to, so that sessions mostly keep out of each other's way.
    fn write_index(&mut self) -> u16 {
        let index = self.any_index();
        let sessions = u16::from(self.config.sessions);
        if !self.mix.lanes || sessions == 1 || self.dice.percent(20) {
            return index;
        }
        let own = index - index % sessions + u16::from(self.who.session);
        if own < self.config.keys { own } else { index }
    }

    fn pool_key(&mut self, index: u16) -> Key {
        self.index = Some(index);
        Config::pool_key(index)
    }

    /// A key that is not in the pool.
    fn stray_key(&mut self) -> Key {
        if !self.mix.orderly && self.dice.percent(25) {
            return Key::new(ODD_KEYS[self.dice.index(ODD_KEYS.len())]);
        }
        let index = self.any_index();
        Config::gap_key(index)
    }

    /// A key that is (probably) there, or one that is not.
    fn key(&mut self, existing: u32, any: fn(&mut Self) -> u16) -> Key {
        let start = any(self);
        let found = if self.dice.percent(existing) {
            self.plan.present.from(start).or_else(|| self.plan.present.from(0))
        } else if self.dice.percent(self.mix.gap_keys) {
            None
        } else {
            self.plan.present.gap_from(start).or_else(|| self.plan.present.gap_from(0))
        };
        match found {
            Some(index) => self.pool_key(index),
            None => self.stray_key(),
        }
    }

    fn search_key(&mut self) -> Key {
        self.key(self.mix.search_existing, Self::any_index)
    }

    /// No key, if the cursor has one and the draw says so.
    fn positional(&mut self, percent: u32) -> bool {
        let place = self.plan.place(self.who);
        // On a record that it has removed itself, less often: there is little left to find out.
        let gone = place.at.is_some() && !self.plan.on_record(self.who);
        let percent = if gone && !self.mix.orderly { percent / 3 } else { percent };
        let positional = percent > 0 && place.has_key && self.dice.percent(percent);
        if positional {
            self.index = place.at;
        }
        positional
    }

    fn optional_search_key(&mut self) -> Option<Key> {
        (!self.positional(self.mix.other_positional / 4)).then(|| self.search_key())
    }

    /// The key of a write to an existing record; none if it is the one that the cursor stands on.
    fn update_key(&mut self) -> Option<Option<Key>> {
        if self.positional(self.mix.update_positional) {
            return Some(None);
        }
        // Where updates are always positional, one that cannot be is none.
        let by_key = self.mix.update_positional < 100;
        by_key.then(|| Some(self.key(80, Self::write_index)))
    }

    /// A value; `key` goes into a unique one.
    fn value(&mut self, key: &Key) -> Value {
        let seq = self.plan.index;
        if !self.dice.percent(self.mix.odd_values) {
            return values::unique(key, seq);
        }
        match self.dice.weighted(&[60, 8, 20]) {
            0 => Value::new(ODD_VALUES[self.dice.index(ODD_VALUES.len())]),
            1 => values::long(key, seq, self.dice.log_uniform(LONG_MIN as u32, LONG_MAX as u32) as usize),
            _ => self.plan.last_value.clone(),
        }
    }

    fn deltas(&mut self) -> Box<[Delta]> {
        let count = self.dice.weighted(&[2, 70, 18, 10]);
        (0..count).map(|_| values::delta(self.dice.index(values::DELTAS.len()))).collect()
    }

    fn direction(&mut self) -> Direction {
        if self.dice.percent(50) { Direction::Next } else { Direction::Prev }
    }

    /// A cursor that has a key; any other one now and then.
    fn placed_cursor(&mut self) -> Option<Who> {
        let who = self.other_cursor();
        (self.plan.place(who).has_key || self.dice.percent(5)).then_some(who)
    }

    fn other_cursor(&mut self) -> Who {
        // Mostly of the same session.
        let session =
            if self.dice.percent(70) { self.who.session } else { self.dice.below(self.config.sessions.into()) as u8 };
        Who { session, cursor: self.dice.below(self.config.cursors.into()) as u8 }
    }
}

// ---- writes
impl Generator {
    /// The timestamp of a write's own transaction: it needs one outside a transaction.
    fn write_ts(&mut self) -> Timestamp {
        match self.plan.clock.txn(self.who.session) {
            Txn::Idle if !self.dice.percent(self.mix.unwrapped) => self.plan.clock.next(),
            _ => 0,
        }
    }

    fn insert(&mut self) -> Op {
        let key = if self.positional(self.mix.other_positional / 4) {
            None
        } else if !self.mix.orderly && self.dice.percent(self.mix.gap_keys / 4) {
            Some(self.stray_key())
        } else {
            let index = self.write_index();
            Some(self.pool_key(index))
        };
        let value = self.optional_value(key.as_ref());
        Op::Insert { key, value, ts: self.write_ts() }
    }

    /// A value, or none now and then: the one that the cursor has, if it has one.
    fn optional_value(&mut self, key: Option<&Key>) -> Option<Value> {
        let without = self.mix.other_positional > 0 && self.dice.percent(2);
        (!without).then(|| self.value(key.unwrap_or(&Key::EMPTY)))
    }

    fn update(&mut self) -> Option<Op> {
        let key = self.update_key()?;
        let value = self.optional_value(key.as_ref());
        Some(Op::Update { key, value, ts: self.write_ts() })
    }

    fn remove(&mut self) -> Option<Op> {
        let key = if self.positional(self.mix.remove_positional) {
            None
        } else {
            Some(self.key(self.mix.remove_existing, Self::write_index))
        };
        Some(Op::Remove { key, ts: self.write_ts() })
    }

    fn share_of_pool(&self, percent: u32) -> u16 {
        (u32::from(self.config.keys) * percent / 100).max(1) as u16
    }

    fn bulk_insert(&mut self) -> Op {
        let [low, high] = self.mix.bulk_insert;
        let percent = self.dice.range(low, high);
        Op::BulkInsert { first: self.any_index(), count: self.share_of_pool(percent), ts: self.write_ts() }
    }

    fn bulk_remove(&mut self) -> Op {
        let start = self.any_index();
        let first = self.plan.present.from(start).unwrap_or(start);
        let percent = [40, 80][self.dice.index(2)];
        Op::BulkRemove { first, count: self.share_of_pool(percent), ts: self.write_ts() }
    }

    fn insert_beside(&mut self) -> Option<Op> {
        let at = self.placed_cursor()?;
        let direction = self.direction();
        Some(Op::InsertBeside { at, direction, value: self.value(&Key::EMPTY), ts: self.write_ts() })
    }

    fn bound(&mut self) -> Op {
        let side = if self.dice.percent(50) { Side::Lower } else { Side::Upper };
        // Wide bounds: lower ones in the lower half, upper ones in the upper half.
        let half = u32::from(self.config.keys / 2);
        let index = match side {
            Side::Lower => self.dice.below(half),
            Side::Upper => half + self.dice.below(half),
        };
        let key = match self.dice.weighted(&[70, 15, 10, 5]) {
            0 => Some(self.pool_key(index as u16)),
            1 => Some(Config::gap_key(index as u16)),
            2 => Some(self.search_key()),
            _ => None,
        };
        Op::Bound { side, key, inclusive: self.dice.percent(70) }
    }
}

// ---- transactions and time
impl Generator {
    fn begin(&mut self) -> Op {
        let flavour = self.dice.weighted(&self.mix.begin);
        let isolation = match flavour {
            1 => Isolation::ReadCommitted,
            2 => Isolation::ReadUncommitted,
            _ => Isolation::Snapshot,
        };
        let usual = self.config.isolation_of(self.who.session);
        let isolation = (self.mix.orderly || isolation != usual || self.dice.percent(50)).then_some(isolation);
        let read_ts = if flavour == 3 { self.read_ts() } else { None };
        let (roundup, no_timestamp) = if self.mix.orderly {
            (false, false)
        } else {
            (self.dice.percent(if read_ts.is_some() { 15 } else { 2 }), self.dice.percent(3))
        };
        Op::Begin { isolation, read_ts, roundup, no_timestamp }
    }

    /// A timestamp that may be read, if there is any; now and then one that may not.
    fn read_ts(&mut self) -> Option<Timestamp> {
        let clock = &self.plan.clock;
        if !self.mix.orderly && self.dice.percent(5) {
            let odd = [clock.oldest.saturating_sub(1), clock.oldest, clock.stable, clock.now + 10, 0];
            return Some(odd[self.dice.index(odd.len())]);
        }
        // WiredTiger's test reads in the past only once there is an oldest timestamp.
        let none = if self.mix.orderly { clock.oldest == 0 } else { clock.now == 0 };
        let back = self.dice.bits();
        (!none).then(|| clock.readable(back.into())).filter(|&ts| ts != 0)
    }

    /// A commit: with a timestamp if there is something to commit.
    fn commit(&mut self) -> Op {
        let stamp = match self.plan.clock.txn(self.who.session) {
            Txn::Idle => 50,
            Txn::Lower => 2 * u32::from(!self.mix.orderly),
            Txn::Snapshot if self.plan.txn(self.who.session).wrote => 100 - 2 * u32::from(!self.mix.orderly),
            Txn::Snapshot => 30 * u32::from(!self.mix.orderly),
        };
        Op::Commit { ts: self.dice.percent(stamp).then(|| self.plan.clock.next()) }
    }

    fn stamp(&mut self) -> Op {
        let reads = self.plan.txn(self.who.session).read_ts.is_some();
        if self.dice.percent(if reads { 95 } else { 60 }) {
            return Op::TimestampTransaction { which: TxnTimestamp::Commit, ts: self.plan.clock.next() };
        }
        let ts = self.read_ts().unwrap_or(self.plan.clock.now);
        Op::TimestampTransaction { which: TxnTimestamp::Read, ts }
    }

    fn query(&mut self) -> TimestampQuery {
        use TimestampQuery::*;
        if self.plan.clock.txn(self.who.session) != Txn::Idle && self.dice.percent(40) {
            return Read;
        }
        [AllDurable, Oldest, OldestReader, Pinned, Stable, Read][self.dice.weighted(&[10, 10, 10, 10, 10, 2])]
    }

    /// A stable timestamp: now, or some way back to the one so far.
    fn stable(&mut self, lagging: u32) -> Timestamp {
        let clock = &self.plan.clock;
        let room = clock.now.saturating_sub(clock.stable);
        if self.dice.percent(lagging) { clock.now - u64::from(self.dice.below(room as u32 + 1)) } else { clock.now }
    }

    /// An oldest timestamp one advance behind; nearly always low enough for those who read in the past.
    fn oldest(&mut self) -> Timestamp {
        let oldest = self.plan.clock.lagging_oldest();
        match self.plan.oldest_reader() {
            Some(reader) if !self.dice.percent(8) => oldest.min(reader).max(self.plan.clock.oldest),
            _ => oldest,
        }
    }

    fn set_timestamp(&mut self) -> Op {
        let (oldest, stable) = match self.dice.weighted(&[50, 15, 30, 5]) {
            0 => (None, Some(self.stable(60))),
            1 => (Some(self.oldest()), None),
            2 => (Some(self.oldest()), Some(self.stable(60))),
            _ => (Some(u64::from(self.dice.below(self.plan.clock.now as u32 + 3))), None),
        };
        Op::SetTimestamp { oldest, stable }
    }

    fn advance(&mut self) -> Op {
        let lagging = if self.mix.orderly { 0 } else { 25 };
        Op::Advance { oldest: self.oldest(), stable: self.stable(lagging) }
    }

    fn evict(&mut self) -> Op {
        let percent = if self.mix.orderly { 100 } else { [20, 40, 60, 80, 100][self.dice.index(5)] };
        let evict = Op::Evict { percent };
        if !self.mix.evict_advances {
            return evict;
        }
        self.next = Some(evict);
        self.advance()
    }
}
