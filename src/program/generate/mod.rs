//! Programs from a seed: the same seed, the same program, on every machine.
//!
//! Each step is drawn by weight, with a plan of what is probably going on, so that most steps mean something. All
//! randomness is one ChaCha stream per purpose: stream 0 draws configuration and weights, stream 1 the length of swarm
//! programs, stream 2 the steps.

mod choose;
mod hooks;
mod interplay;
mod nodes;
mod prepared;
mod ranges;
mod time;
mod writes;

use super::clock::Txn;
use super::dice::{Dice, Table};
use super::limits;
use super::ops::{Class, Legal, Op, OpKind, Weight};
use super::plan::Plan;
use super::profile::{Mix, Profile, choose_format};
use super::record::Block;
use super::rewrite::OperandMut;
use super::step::{Config, Program, Step};
use crate::backend::{IgnorePrepare, Isolation, Key, Who};
use std::collections::VecDeque;

/// Places of the table of weights: enough for a weight of a tenth of a percent.
const PLACES: usize = 2048;
/// How often an operation is drawn again because it would make no sense.
const TRIES: usize = 8;
/// A program of so many steps turns nodes or tables over twice at most; one of twice as many three times; and so on.
const STEPS_PER_UPHEAVAL: usize = 256;
/// Calls that a step of a swarm program may cost, on average.
const CALLS_PER_STEP: usize = 4;

/// Makes a program of `ops` steps.
pub fn generate(profile: Profile, seed: u64, ops: usize) -> Program {
    let (mut config, mix) = profile.draw(&mut Dice::stream(seed, 0));
    if profile == Profile::Swarm {
        choose_format(&mut config, &mut Dice::stream(seed, 3));
    }
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
    /// Steps that have to come next, and whose.
    next: VecDeque<(Who, Op)>,
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
            next: VecDeque::new(),
            hot: dice.below(config.keys.into()) as u16,
            work: 0,
            config,
            mix,
            dice,
        }
    }

    fn run(mut self, ops: usize) -> Program {
        self.open_append_cursors();
        let mut steps = Vec::with_capacity(ops);
        for _ in 0..ops {
            let step = self.step();
            self.plan.observe(&step, self.index, &self.config);
            self.work += step.op.work(&self.config);
            steps.push(step);
        }
        Program { config: self.config, steps }
    }

    /// In column stores some of the cursors append from the beginning.
    fn open_append_cursors(&mut self) {
        if !self.config.format.is_column() || !self.is_on(OpKind::Reopen) {
            return;
        }
        for session in 0..self.config.sessions {
            for cursor in 0..self.config.cursors {
                let who = Who { session, cursor };
                if self.dice.percent(if cursor == 0 { 20 } else { 50 }) {
                    let (overwrite, table) = (self.dice.percent(70), self.config.table_of(who));
                    self.then(who, Op::Reopen { overwrite, random: false, table, append: true });
                }
            }
        }
    }

    fn step(&mut self) -> Step {
        self.index = None;
        if self.plan.index == 0 && self.dice.percent(self.mix.load) {
            let load = self.bulk_insert();
            self.next.push_back((self.who, load));
        }
        let op = if self.next.is_empty() {
            self.move_on();
            self.remedy().or_else(|| self.interplay()).unwrap_or_else(|| self.draw())
        } else {
            self.first_of_next()
        };
        let who = match op.class() {
            Class::Cursor | Class::Burst => self.who,
            Class::Session => Who { cursor: 0, ..self.who },
            Class::Global | Class::Injection => Who::default(),
        };
        Step { who, op, expect: None }
    }

    /// The pool index of the record that an operation names.
    fn index_of(&self, op: &Op) -> Option<u16> {
        op.clone().operands_mut().into_iter().find_map(|operand| match operand {
            OperandMut::Key(key) | OperandMut::OptionalKey(Some(key)) => self.config.pool_index(key),
            _ => None,
        })
    }

    /// What comes next, whatever else is wanted.
    fn then(&mut self, who: Who, op: Op) {
        self.next.push_back((who, op));
    }

    /// The step that has to come next; it is made the present one.
    pub(super) fn first_of_next(&mut self) -> Op {
        let Some((who, op)) = self.next.pop_front() else { return Op::Next };
        if !matches!(op.class(), Class::Global | Class::Injection) {
            self.who = who;
        }
        self.index = self.index_of(&op);
        op
    }

    /// Chooses the cursor of the next step: mostly the last one. A prepared transaction leaves little to do.
    fn move_on(&mut self) {
        let stuck = self.is_prepared(self.who.session) && self.dice.percent(85);
        if stuck || !self.dice.percent(self.mix.sticky) {
            self.who = self.any_cursor();
        }
        if stuck && self.is_prepared(self.who.session) {
            self.who = self.any_cursor();
        }
    }

    fn is_prepared(&self, session: u8) -> bool {
        self.plan.clock.txn(session) == Txn::Prepared
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
        let alone = self.config.sessions == 1 && self.is_prepared(self.who.session);
        if alone && self.dice.percent(35) {
            return Some(self.commit());
        }
        if let Some(op) = self.lead_again() {
            return Some(op);
        }
        let place = self.plan.place(self.who);
        if place.random && self.dice.percent(30) {
            return Some(Op::Reopen { overwrite: true, random: false, table: place.table, append: false });
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
            let anyway = !self.mix.orderly && self.dice.percent(1);
            let wanted = (anyway || self.suits(kind)) && self.affordable(kind);
            if let Some(op) = wanted.then(|| self.operands(kind)).flatten() {
                return op;
            }
        }
        self.operands(self.stand_in(kind)).unwrap_or(Op::Next)
    }

    /// What to do where only `kind` is wanted, which makes no sense here.
    fn stand_in(&self, kind: OpKind) -> OpKind {
        let idle = self.plan.clock.txn(self.who.session) == Txn::Idle;
        match kind.row().legal {
            _ if self.mix.orderly || !self.affordable(kind) => OpKind::Next,
            _ if self.is_prepared(self.who.session) => OpKind::Commit,
            Legal::Inside if idle && self.mix.ops[OpKind::Begin as usize] > 0 => OpKind::Begin,
            Legal::Outside if !idle => OpKind::Commit,
            _ => kind,
        }
    }

    /// Whether an operation that costs many calls may be used now.
    fn affordable(&self, kind: OpKind) -> bool {
        let spare = CALLS_PER_STEP * self.plan.index + 2 * usize::from(self.config.keys);
        match kind.row().weight {
            Weight::Heavy => self.mix.orderly || self.work <= spare,
            Weight::Upheaval => self.work <= spare && self.plan.upheavals <= self.plan.index / STEPS_PER_UPHEAVAL,
            _ => !matches!(kind, OpKind::Truncate | OpKind::TruncateRange) || self.work <= spare,
        }
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
        let able = !kind.writes() || self.may_write(txn);
        let idle_hands = txn != Txn::Prepared || kind.suits_prepared();
        let physical = row.weight == Weight::Physical;
        let disorderly = self.mix.orderly && physical && (txn != Txn::Idle || self.plan.clock.now == 0);
        legal && able && idle_hands && !disorderly && (self.mix.orderly || self.is_of_use(kind, txn))
    }

    /// Whether an operation does something here, as far as the plan can tell.
    fn is_of_use(&mut self, kind: OpKind, txn: Txn) -> bool {
        let place = self.plan.place(self.who);
        let own = self.plan.txn(self.who.session);
        match kind {
            OpKind::GetKey => place.has_key,
            OpKind::Compare | OpKind::Equals => place.has_key || place.random,
            OpKind::GetValue => self.plan.on_record(self.who),
            OpKind::Bound => place.at.is_none(),
            OpKind::TimestampTransaction => matches!(txn, Txn::Snapshot | Txn::Prepared),
            OpKind::Prepare => {
                let able = txn == Txn::Snapshot && own.commit_ts.is_none();
                able && self.dice.percent(if own.wrote { 35 } else { 2 })
            }
            OpKind::PrepareFlood => own.commit_ts.is_none() || txn == Txn::Idle,
            OpKind::Commit if txn == Txn::Prepared => self.dice.percent(40),
            OpKind::StepUp => self.plan.leader.0.is_none(),
            OpKind::StepDown if self.plan.leader.0.is_none() => self.dice.percent(10),
            OpKind::StepDown => self.plan.has_checkpoint || self.dice.percent(20),
            OpKind::RollbackToStable => self.plan.clock.stable > 0 || self.dice.percent(5),
            OpKind::Checkpoint | OpKind::Advance if self.plan.leader.0.is_none() => self.dice.percent(10),
            OpKind::ResetSnapshot => txn == Txn::Snapshot && !own.wrote,
            OpKind::Checkpoint | OpKind::Prune => self.plan.clock.stable > 0,
            OpKind::Adopt => self.plan.has_checkpoint,
            OpKind::Advance | OpKind::SetTimestamp => self.plan.clock.now > 0,
            // An empty table is a case, too, but not one for half of a program.
            OpKind::Next | OpKind::Prev | OpKind::Search | OpKind::SearchNear | OpKind::Remove | OpKind::Modify
                if self.plan.is_empty(place.table) =>
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
            Txn::Snapshot => {
                let own = self.plan.txn(self.who.session);
                (!self.mix.orderly || own.read_ts.is_none()) && own.ignore_prepare != IgnorePrepare::ReadOnly
            }
            Txn::Lower | Txn::Prepared => false,
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
            OpKind::Reopen => {
                let (overwrite, random) = (self.dice.percent(60), self.dice.percent(10));
                let append = self.config.format.is_column() && self.dice.percent(50);
                Op::Reopen { overwrite, random, table: self.table(70), append }
            }
            OpKind::Reconfigure => Op::Reconfigure { overwrite: self.dice.percent(60) },
            OpKind::Duplicate => Op::Duplicate { from: self.placed_cursor()? },
            OpKind::Compare => Op::Compare { with: self.comparable_cursor()? },
            OpKind::Equals => Op::Equals { with: self.comparable_cursor()? },
            OpKind::State => Op::State,
            OpKind::GetKey => Op::GetKey,
            OpKind::GetValue => Op::GetValue,
            OpKind::NextRandom => Op::NextRandom { table: self.table(50) },
            OpKind::Scan => Op::Scan { direction: self.direction(), table: self.table(60) },
            OpKind::Begin => self.begin(),
            OpKind::Commit => self.commit(),
            OpKind::Rollback => Op::Rollback,
            OpKind::TimestampTransaction => self.stamp(),
            OpKind::ResetSnapshot => Op::ResetSnapshot,
            OpKind::Query => Op::Query { what: self.query() },
            OpKind::Prepare => self.prepare(),
            OpKind::Truncate => self.truncate(),
            OpKind::TruncateRange => self.truncate_range(),
            OpKind::RollbackToStable => self.rollback_to_stable(),
            OpKind::Recreate => self.recreate(),
            OpKind::SetTimestamp => self.set_timestamp(),
            OpKind::Checkpoint => Op::Checkpoint,
            OpKind::Adopt => Op::Adopt,
            OpKind::Advance => self.advance(),
            OpKind::Evict => self.evict(),
            OpKind::Prune => Op::Prune,
            OpKind::Quiesce => Op::Quiesce,
            OpKind::StepDown => self.step_down(),
            OpKind::StepUp => self.step_up(),
            OpKind::Restart => self.restart(),
            OpKind::BulkInsert => self.bulk_insert(),
            OpKind::BulkRemove => self.bulk_remove(),
            OpKind::RemoveAll => Op::RemoveAll { ts: self.write_ts() },
            OpKind::InsertBeside => return self.insert_beside(),
            OpKind::TruncateAll => Op::TruncateAll { ts: self.write_ts() },
            OpKind::PrepareFlood => self.prepare_flood(),
            OpKind::Hook => return self.hook(),
        })
    }
}
