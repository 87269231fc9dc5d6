//! Triggers: which steps lead to a known failure, as finely as that is known. Whether a step is one is decided by what the
//! model says to it and to the steps before it.

use crate::backend::Code;
#[cfg(feature = "wiredtiger-layered")]
use crate::program::Op;
use crate::program::{Program, Step};
use crate::run::{Done, Observer, Physical, run_by_the_model};
use crate::script::{Entry, Script};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What stands for the final scans where operations are named.
const FINAL_SCANS: &str = "end";

/// The steps that lead to a failure: those of an operation, all of them or only such as meet every condition given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Trigger {
    /// The operation, or `end` for the final scans.
    op: String,
    /// The code that the step ends with.
    code: Option<String>,
    /// What the step before it on the same cursor was, or the code that it ended with.
    after: Option<String>,
    /// What the step as text has in it.
    text: Option<String>,
    /// Only once the follower has picked a checkpoint up.
    adopted: bool,
}

/// A trigger in a list: the name of an operation, or that with conditions.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(String),
    Conditions(Conditions),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    op: String,
    code: Option<String>,
    after: Option<String>,
    text: Option<String>,
    #[serde(default)]
    adopted: bool,
}

impl From<Written> for Trigger {
    fn from(written: Written) -> Self {
        match written {
            Written::Whole(op) => Trigger { op, code: None, after: None, text: None, adopted: false },
            Written::Conditions(Conditions { op, code, after, text, adopted }) => {
                Trigger { op, code, after, text, adopted }
            }
        }
    }
}

/// What is known of a step.
struct Fact<'a> {
    step: &'a Step,
    code: Code,
    /// The operation and the code of the step before it on the same cursor.
    before: Option<(&'static str, Code)>,
    adopted: bool,
}

impl Trigger {
    /// Whether it names what there is.
    ///
    /// # Errors
    /// What there is not.
    #[cfg(feature = "wiredtiger-layered")]
    pub fn check(&self) -> Result<(), String> {
        let is_code = |name: &str| Code::ALL.iter().any(|code| code.name() == name);
        if !is_op(&self.op) {
            return Err(format!("no operation '{}'", self.op));
        }
        if let Some(code) = self.code.as_ref().filter(|code| !is_code(code)) {
            return Err(format!("no code '{code}'"));
        }
        match self.after.as_ref().filter(|after| !is_op(after) && !is_code(after)) {
            Some(after) => Err(format!("no operation or code '{after}'")),
            None => Ok(()),
        }
    }

    /// Whether every step of an operation is one.
    pub fn is_all_of(&self, op: &str) -> bool {
        self.op == op && self.code.is_none() && self.after.is_none() && self.text.is_none() && !self.adopted
    }

    /// The operation, or `end`.
    pub fn op(&self) -> &str {
        &self.op
    }

    fn applies(&self, fact: &Fact<'_>) -> bool {
        let is = |name: &str, (op, code): (&str, Code)| name == op || name == code.name();
        self.op == fact.step.op.name()
            && self.code.as_ref().is_none_or(|code| code == fact.code.name())
            && self.after.as_ref().is_none_or(|after| fact.before.is_some_and(|before| is(after, before)))
            && self.text.as_ref().is_none_or(|text| fact.step.to_string().contains(text.as_str()))
            && (fact.adopted || !self.adopted)
    }

    /// Whether it is met by an entry of the final scans of a program that has picked a checkpoint up, or has not.
    pub fn is_in_final_scan(&self, entry: &Entry, adopted: bool) -> bool {
        let code = entry.expected.code();
        (self.op == FINAL_SCANS || self.op == entry.verb())
            && self.code.as_ref().is_none_or(|own| code.is_some_and(|code| own == code.name()))
            && self.after.is_none()
            && self.text.is_none()
            && (adopted || !self.adopted)
    }
}

/// Whether there is such an operation.
#[cfg(feature = "wiredtiger-layered")]
pub fn is_op(name: &str) -> bool {
    name == FINAL_SCANS || Op::NAMES.contains(&name)
}

/// Whether a script has a pick-up before its final scans.
pub fn adopts(script: &Script) -> bool {
    script.entries.iter().any(|entry| entry.verb() == "adopt")
}

/// The steps of a program that are triggers.
pub fn triggers(program: &Program, triggers: &[&Trigger]) -> Vec<usize> {
    let mut watch = Watch { triggers, last: BTreeMap::new(), adopted: false, found: Vec::new() };
    run_by_the_model(program, &mut watch);
    watch.found
}

/// Watches a run for triggers.
struct Watch<'a> {
    triggers: &'a [&'a Trigger],
    /// What was last done with each cursor, and what came of it.
    last: BTreeMap<(u8, u8), (&'static str, Code)>,
    adopted: bool,
    found: Vec<usize>,
}

impl Observer for Watch<'_> {
    fn physical(&mut self, event: Physical) {
        self.adopted |= event == Physical::Adopt;
    }

    fn after(&mut self, index: usize, step: &Step, done: &Done<'_>) {
        let place = (step.who.session, step.who.cursor);
        let before = self.last.get(&place).copied();
        let fact = Fact { step, code: done.code, before, adopted: self.adopted };
        if self.triggers.iter().any(|trigger| trigger.applies(&fact)) {
            self.found.push(index);
        }
        if done.on_cursor {
            self.last.insert(place, (step.op.name(), done.code));
        }
    }
}
