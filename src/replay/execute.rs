//! Executes a step against a store: one call at a time, so that whoever schedules can let others run between any two.
//!
//! An [`Execution`] makes no calls. It says which one comes next and takes the answer, so that calls of several steps can be
//! made together. A transaction that meets a conflict is rolled back and the same step begins again: the number is
//! not lost, and nothing is drawn anew. What a store answers is compared with what the plan expects.

use super::check::show;
use super::plan::{Draws, Percent, Plan, Purpose, TableKind};
use super::request::{Answer, Request};
use super::step::{Action, Before, Step};
use super::store::StoreError;
use crate::bytes::ByteStr;
use std::fmt;
use thiserror::Error;

/// A step that meets so many conflicts is stuck: whoever else has a key will never give it up.
const MAX_ATTEMPTS: u32 = 1000;

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

/// Which call comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Begin,
    Act,
    /// The second half of a modify of a fixed-length table: a number is written that was read.
    Rewrite(ByteStr),
    Prepare,
    End,
    /// After a conflict: the rollback; then all begins again.
    Undo,
    /// After any other error: the rollback, however that goes.
    GiveUp,
    Done,
}

/// A step on its way.
#[derive(Debug)]
pub struct Execution {
    step: Step,
    phase: Phase,
    /// How many conflicts it has met. Those that are made up do not count: they come to an end.
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

    /// The call that comes next; `None` if there is nothing left to be done. The answer is to be [`Execution::take`]n.
    pub fn request(&self, plan: &Plan) -> Option<Request> {
        let (clock, t) = (plan.clock(), self.step.t);
        let at_end = |ts| self.is_prepared.then_some(ts);
        Some(match &self.phase {
            Phase::Begin => Request::Begin { read_at: self.read_before.then(|| clock.after(t - 1)) },
            Phase::Act => self.act(plan),
            Phase::Rewrite(value) => {
                Request::Update { table: self.step.table, key: self.step.key, value: value.clone() }
            }
            Phase::Prepare => Request::Prepare { at: clock.prepare(t) },
            Phase::End if self.in_vain => Request::Rollback { at: at_end(clock.rollback(t)) },
            Phase::End => Request::Commit { at: clock.commit(t), durable: at_end(clock.durable(t)) },
            Phase::Undo | Phase::GiveUp => Request::Rollback { at: None },
            Phase::Done => return None,
        })
    }

    /// What the step is about.
    fn act(&self, plan: &Plan) -> Request {
        let Step { t, table, key, action, .. } = self.step;
        let value = || plan.bytes(table, key, plan.written(table, key, t));
        match action {
            Action::Insert => Request::Insert { table, key, value: value() },
            Action::Append => Request::Append { table, value: value() },
            Action::Update => Request::Update { table, key, value: value() },
            Action::Remove => Request::Remove { table, key },
            Action::Modify if !self.is_fixed(plan) => Request::Modify { table, key, edit: plan.edit(table, t) },
            Action::Modify | Action::Read | Action::Nothing => Request::Read { table, key },
            Action::Truncate { last } => Request::Truncate { table, first: key, last },
        }
    }

    fn is_fixed(&self, plan: &Plan) -> bool {
        matches!(plan.table(self.step.table).kind, TableKind::Fixed { .. })
    }

    /// Takes the answer to the call that came next.
    ///
    /// # Errors
    /// What the store did wrong. If it was an answer that another run could go on with, the execution does.
    pub fn take(
        &mut self,
        plan: &Plan,
        answer: Result<Answer, StoreError>,
        count: &mut Attempts,
    ) -> Result<(), Violation> {
        match answer {
            Ok(answer) => self.go_on(plan, answer, count).map_or(Ok(()), |what| Err(self.violation(what))),
            // It has failed before. Whether the store can still roll back does not matter.
            Err(_) if self.phase == Phase::GiveUp => {
                self.phase = Phase::Done;
                Ok(())
            }
            Err(error @ (StoreError::Conflict | StoreError::MadeUp))
                if self.phase != Phase::Undo && self.attempt < MAX_ATTEMPTS =>
            {
                count.conflicts += 1;
                self.attempt += u32::from(error == StoreError::Conflict);
                self.phase = Phase::Undo;
                Ok(())
            }
            Err(error) => {
                self.phase = if self.phase == Phase::Undo { Phase::Done } else { Phase::GiveUp };
                Err(self.violation(error.to_string()))
            }
        }
    }

    fn violation(&self, what: String) -> Violation {
        Violation { step: Step { key: self.key, ..self.step.clone() }, what }
    }

    /// The call of this phase went well. Says what is wrong with the answer.
    fn go_on(&mut self, plan: &Plan, answer: Answer, count: &mut Attempts) -> Option<String> {
        let after_writes = if self.is_prepared { Phase::Prepare } else { Phase::End };
        let mut wrong = None;
        self.phase = match self.phase {
            Phase::Begin => Phase::Act,
            Phase::Act => {
                wrong = self.wrong(plan, &answer);
                self.rewritten(plan, answer).map_or(after_writes, Phase::Rewrite)
            }
            Phase::Rewrite(_) => after_writes,
            Phase::Prepare => Phase::End,
            Phase::End if self.in_vain => {
                self.in_vain = false;
                count.rolled_back += 1;
                Phase::Begin
            }
            Phase::End => {
                count.prepared += u64::from(self.is_prepared);
                Phase::Done
            }
            Phase::Undo => Phase::Begin,
            Phase::GiveUp | Phase::Done => Phase::Done,
        };
        wrong
    }

    /// What a modify of a fixed-length table makes of what it found.
    fn rewritten(&self, plan: &Plan, answer: Answer) -> Option<ByteStr> {
        let Step { t, table, action, .. } = self.step;
        match answer {
            Answer::Value(Some(old)) if action == Action::Modify => Some(plan.edit(table, t).apply(old.as_bytes())),
            _ => None,
        }
    }

    /// What is wrong with the answer to what the step is about.
    fn wrong(&mut self, plan: &Plan, answer: &Answer) -> Option<String> {
        let Step { key, action, before, .. } = self.step;
        match (action, answer) {
            (Action::Update | Action::Truncate { .. }, Answer::Done) => None,
            (Action::Insert, Answer::Found(true)) => None,
            (Action::Insert, Answer::Found(false)) => {
                Some("the key that is to be inserted has a value already".to_owned())
            }
            (Action::Append, &Answer::Key(chosen)) => {
                self.key = chosen;
                (key != 0 && chosen != key).then(|| format!("the table chose another record number: {chosen}"))
            }
            (Action::Remove | Action::Modify, &Answer::Found(found)) => presence(before, found),
            (Action::Read | Action::Modify, Answer::Value(found)) => wrong_value(plan, &self.step, found.as_ref()),
            _ => Some(format!("the store answers something else than it was asked: {answer:?}")),
        }
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
    (found != expected.as_ref()).then(|| format!("found {}, expected {}", show(found), show(expected.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::lanes::Lanes;
    use crate::replay::plan::{Spec, tables};
    use crate::replay::source::{Source, Take};
    use std::sync::Arc;

    fn execution() -> (Arc<Plan>, Execution) {
        let plan = Arc::new(Plan::new(Spec::new(1, tables("row:base=9:update=100").expect("tables"))).expect("a plan"));
        let Take::Ticket(mut ticket) = Lanes::new(Arc::clone(&plan), 1).take() else { panic!("there is a number") };
        let step = Lanes::resolve(&plan, &mut ticket);
        let execution = Execution::new(&plan, step, &Extra::default());
        (plan, execution)
    }

    /// Answers all calls alike until it is over or there were `most`. How many there were, and what was wrong.
    fn answer(most: u32, of: impl Fn(&Request) -> Result<Answer, StoreError>) -> (u32, Option<Violation>) {
        let ((plan, mut execution), mut count) = (execution(), Attempts::default());
        for calls in 0..most {
            let Some(request) = execution.request(&plan) else { return (calls, None) };
            if let Err(violation) = execution.take(&plan, of(&request), &mut count) {
                return (calls, Some(violation));
            }
        }
        (most, None)
    }

    #[test]
    fn who_is_in_the_way_for_ever_is_a_violation_and_what_is_made_up_is_not() {
        let refuse = |error: StoreError| {
            move |request: &Request| match request {
                Request::Update { .. } => Err(error.clone()),
                _ => Ok(Answer::Done),
            }
        };
        let (calls, violation) = answer(10_000, refuse(StoreError::Conflict));
        assert!(calls < 4 * MAX_ATTEMPTS && violation.expect("it is stuck").what.contains("a conflict"));
        assert_eq!(answer(10_000, refuse(StoreError::MadeUp)), (10_000, None));
        assert_eq!(answer(10_000, |_| Ok(Answer::Done)), (3, None));
    }

    #[test]
    fn an_answer_to_another_question_is_a_violation() {
        let (_, violation) = answer(9, |request| match request {
            Request::Update { .. } => Ok(Answer::Found(true)),
            _ => Ok(Answer::Done),
        });
        assert!(violation.expect("an update finds nothing").what.contains("something else"));
    }
}
