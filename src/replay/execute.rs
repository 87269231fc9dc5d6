//! Executes a step against a store: one call at a time, so that whoever schedules can let others run between any two.
//!
//! A transaction that meets a conflict is rolled back and the same step begins again: the number is not lost, and
//! nothing is drawn anew. What a store answers is compared with what the plan expects.

use super::plan::{Draws, Edit, Percent, Plan, Purpose, TableKind};
use super::step::{Action, Before, Step};
use super::store::{Store, StoreError};
use crate::bytes::ByteStr;
use std::fmt;
use thiserror::Error;

/// A step that meets so many conflicts is stuck.
const MAX_ATTEMPTS: u32 = 100_000;

/// What two runs of the same plan may do differently: it leaves no trace in the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// The seed of the draws for it.
    pub seed: u64,
    /// How many writing steps are rolled back on purpose, once, before they are done.
    pub rolled_back: Percent,
    /// How many steps read at the timestamp right before their own, instead of what is newest.
    pub read_before: Percent,
}

/// The store did something else than the plan says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Violation {
    /// What was to be done.
    pub step: Step,
    /// What went wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { t, table, action, key, .. } = &self.step;
        write!(f, "operation {t}, table {table}, key {key}, {action:?}: {}", self.what)
    }
}

/// What steps took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts that met a conflict.
    pub conflicts: u64,
    /// Attempts that were rolled back on purpose.
    pub rolled_back: u64,
    /// Transactions that were prepared and committed.
    pub prepared: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Begin,
    Act,
    Prepare,
    End,
    Done,
}

/// A step on its way.
#[derive(Debug)]
pub struct Execution {
    step: Step,
    phase: Phase,
    attempt: u32,
    /// Whether this attempt is to be rolled back in the end.
    in_vain: bool,
    read_before: bool,
    is_prepared: bool,
    /// The key; known to begin with unless the table chooses it.
    key: u64,
}

impl Execution {
    /// A step that nothing was done of yet.
    pub fn new(plan: &Plan, step: Step, extra: &Extra) -> Self {
        let mut draws = Draws::new(extra.seed, Purpose::Extra, step.t);
        let mut toss = |percent: Percent| {
            percent > Percent::NONE && draws.below(Percent::ALL.thousandths().into()) < percent.thousandths().into()
        };
        let phase = if step.action == Action::Nothing { Phase::Done } else { Phase::Begin };
        let writes = step.writes();
        Execution {
            phase,
            attempt: 0,
            in_vain: writes && toss(extra.rolled_back),
            read_before: toss(extra.read_before),
            is_prepared: writes && plan.is_prepared(step.t),
            key: step.key,
            step,
        }
    }

    /// The step.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// The key that the step worked on.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Whether there is nothing left to be done.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Makes the next call.
    ///
    /// # Errors
    /// What the store did wrong. If it was an answer that another run could go on with, the execution does.
    pub fn advance(&mut self, plan: &Plan, store: &mut impl Store, count: &mut Attempts) -> Result<(), Violation> {
        match self.call(plan, store, count) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(self.violation(what)),
            Err(StoreError::Conflict) if self.attempt < MAX_ATTEMPTS => {
                count.conflicts += 1;
                self.attempt += 1;
                self.phase = Phase::Begin;
                store.rollback(None).map_err(|error| self.violation(error.to_string()))
            }
            Err(error) => {
                self.phase = Phase::Done;
                // Whether the store can still do it does not matter: it has failed.
                let _ = store.rollback(None);
                Err(self.violation(error.to_string()))
            }
        }
    }

    fn violation(&self, what: String) -> Violation {
        Violation { step: Step { key: self.key, ..self.step.clone() }, what }
    }

    /// The call of this phase. Says what is wrong with the answer.
    fn call(
        &mut self,
        plan: &Plan,
        store: &mut impl Store,
        count: &mut Attempts,
    ) -> Result<Option<String>, StoreError> {
        let (clock, t) = (plan.clock(), self.step.t);
        match self.phase {
            Phase::Begin => {
                store.begin(self.read_before.then(|| clock.after(t - 1)))?;
                self.phase = Phase::Act;
            }
            Phase::Act => {
                let wrong = self.act(plan, store)?;
                self.phase = if self.is_prepared { Phase::Prepare } else { Phase::End };
                return Ok(wrong);
            }
            Phase::Prepare => {
                store.prepare(clock.prepare(t))?;
                self.phase = Phase::End;
            }
            Phase::End if self.in_vain => {
                store.rollback(self.is_prepared.then(|| clock.rollback(t)))?;
                self.in_vain = false;
                count.rolled_back += 1;
                self.phase = Phase::Begin;
            }
            Phase::End => {
                store.commit(clock.commit(t), self.is_prepared.then(|| clock.durable(t)))?;
                count.prepared += u64::from(self.is_prepared);
                self.phase = Phase::Done;
            }
            Phase::Done => {}
        }
        Ok(None)
    }

    /// What the step is about. Says what is wrong with the answer.
    fn act(&mut self, plan: &Plan, store: &mut impl Store) -> Result<Option<String>, StoreError> {
        let Step { t, table, key, action, before, .. } = self.step;
        let value = || plan.bytes(table, key, plan.written(table, key, t));
        match action {
            Action::Nothing => {}
            Action::Insert => {
                if !store.insert(table, key, &value())? {
                    return Ok(Some("the key that is to be inserted has a value already".to_owned()));
                }
            }
            Action::Append => {
                self.key = store.append(table, &value())?;
                if key != 0 && self.key != key {
                    return Ok(Some(format!("the table chose another record number: {}", self.key)));
                }
            }
            Action::Update => store.update(table, key, &value())?,
            Action::Remove => {
                let found = store.remove(table, key)?;
                return Ok(presence(before, found));
            }
            Action::Modify if matches!(plan.table(table).kind, TableKind::Fixed { .. }) => {
                let old = store.read(table, key)?;
                if let Some(old) = &old {
                    store.update(table, key, &plan.edit(table, t).apply(old.as_bytes()))?;
                }
                return Ok(wrong_value(plan, &self.step, old.as_ref()));
            }
            Action::Modify => {
                let edit: Edit = plan.edit(table, t);
                let found = store.modify(table, key, &edit)?;
                return Ok(presence(before, found));
            }
            Action::Read => {
                let found = store.read(table, key)?;
                return Ok(wrong_value(plan, &self.step, found.as_ref()));
            }
            Action::Truncate { last } => store.truncate(table, key, last)?,
        }
        Ok(None)
    }
}

/// What is wrong with a key having a value, or none.
fn presence(before: Before, found: bool) -> Option<String> {
    match (before, found) {
        (Before::Has(_), false) => Some("the key has no value, but should have".to_owned()),
        (Before::Nothing, true) => Some("the key has a value, but should have none".to_owned()),
        _ => None,
    }
}

/// What is wrong with a key's value.
fn wrong_value(plan: &Plan, step: &Step, found: Option<&ByteStr>) -> Option<String> {
    let expected = match step.before {
        Before::Unknown => return None,
        Before::Nothing => None,
        Before::Has(content) => Some(plan.bytes(step.table, step.key, content)),
    };
    let show = |value: Option<&ByteStr>| {
        value.map_or("no value".to_owned(), |value| format!("\"{}\"", value.as_bytes().escape_ascii()))
    };
    (found != expected.as_ref()).then(|| format!("found {}, expected {}", show(found), show(expected.as_ref())))
}
