//! What a difference between backends is reported as.

use super::clip::clip;
use super::compare::{Aspect, Difference, Replies, Shown};
use super::lockstep::Lockstep;
use super::observer::Observer;
use crate::backend::{Backend, Call, Reply, Who};
use serde::Serialize;
use std::fmt;

/// How many steps up to the failing one a report shows.
pub(super) const TAIL_STEPS: usize = 12;

/// The first difference of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Mismatch {
    /// The step, from 0. As many as the program has steps: the final scans.
    pub step: usize,
    /// The name of the operation, or `end` for the final scans.
    pub op: &'static str,
    /// What differs.
    pub field: Aspect,
    /// The backend that differs, and what it differs from: another backend, `rule` or `expected`.
    pub backends: (&'static str, &'static str),
    /// What stands for what, where that is told apart: see [`Class::how`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<(&'static str, &'static str)>,
    /// What is wrong, in words.
    pub reason: String,
    /// The primitive call that showed it.
    pub call: String,
    /// What every backend answered to that call.
    pub replies: Vec<(&'static str, String)>,
    /// The program's configuration and last steps as numbered `.ops` lines, the failing step last.
    pub tail: Vec<String>,
    /// The command that runs the program again.
    pub replay: String,
}

/// What two failures must share to be taken for the same bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Class {
    /// The name of the operation.
    pub op: &'static str,
    /// What differs.
    pub field: Aspect,
    /// Between whom.
    pub backends: (&'static str, &'static str),
    /// What stands for what, in words such as (`notfound`, `ok`) or (`smaller`, `larger`): what one backend has, and what
    /// is right. Only where it is real WiredTiger that differs, whose bugs are many and stay for long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<(&'static str, &'static str)>,
}

impl Mismatch {
    /// The class of the failure.
    pub fn class(&self) -> Class {
        Class { op: self.op, field: self.field, backends: self.backends, how: self.how }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} against {}", self.op, self.field, self.backends.0, self.backends.1)?;
        self.how.map_or(Ok(()), |(has, right)| write!(f, ", {has} for {right}"))
    }
}

/// The report for people: long values are clipped.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "mismatch at step {}, {}", self.step, self.class())?;
        writeln!(f, "{}", clip(&self.reason))?;
        for line in &self.tail {
            writeln!(f, "    {}", clip(line))?;
        }
        writeln!(f, "in the call {}:", clip(&self.call))?;
        for (name, reply) in &self.replies {
            writeln!(f, "    {name:<16}  {}", clip(reply))?;
        }
        write!(f, "replay with: {}", self.replay)
    }
}

impl std::error::Error for Mismatch {}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    fn shown(&self, reply: &Reply) -> String {
        let shown = Shown(reply);
        if self.program.config.format.is_column() { format!("{shown:#}") } else { shown.to_string() }
    }

    /// The failure of a call on which backends differ.
    #[cold]
    pub(super) fn differs(&self, who: Who, call: Call<'_>, found: Option<Difference>) -> Box<Mismatch> {
        let found = found.expect("a failure is reported only where replies differ");
        let backends = (Replies::NAMES[found.slot], Replies::NAMES[found.reference]);
        let at = self.replies.first_differing_byte(found).map_or_else(String::new, |at| format!(" from byte {at} on"));
        let reason = format!("{} and {} differ in the {}{at}", backends.0, backends.1, found.aspect);
        self.failure(found.aspect, backends, reason, format!("{} {call:?}", Place(who)))
    }

    /// The failure of a call whose answer is judged by a rule, not by equality.
    #[cold]
    pub(super) fn breaks_rule(
        &self,
        who: Who,
        call: Call<'_>,
        aspect: Aspect,
        slot: usize,
        reason: &str,
    ) -> Box<Mismatch> {
        let backends = (Replies::NAMES[slot], "rule");
        self.failure(aspect, backends, reason.to_owned(), format!("{} {call:?}", Place(who)))
    }

    /// A failure at the current step, with what the backends answered last.
    #[cold]
    pub(super) fn failure(
        &self,
        field: Aspect,
        backends: (&'static str, &'static str),
        reason: String,
        call: String,
    ) -> Box<Mismatch> {
        Box::new(Mismatch {
            step: self.index,
            op: self.program.steps.get(self.index).map_or("end", |step| step.op.name()),
            field,
            backends,
            how: None,
            reason,
            call,
            replies: self.replies.iter().map(|(name, reply)| (name, self.shown(reply))).collect(),
            tail: Vec::new(),
            replay: "lockstep replay artifacts/layered_cursor/crash-...".to_owned(),
        })
    }
}

/// `sN.cM`.
struct Place(Who);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}.c{}", self.0.session, self.0.cursor)
    }
}
