//! The comparison of a script's answers.

use super::allowed::ALLOWED;
use crate::backend::{Code, Field, Reply, Timestamp};
use crate::program::Program;
use crate::run::{Aspect, Mismatch, Open, Shown};
use crate::script::{Answer, Answered, Ending, Entry, Expected, Script};
use std::collections::BTreeMap;

/// Calls that have an outcome of their own, as statistics count them: of the rest either nothing is asked but a state, or
/// little can go wrong.
const OPERATIONS: [&str; 14] = [
    "search",
    "near",
    "next",
    "prev",
    "insert",
    "update",
    "remove",
    "modify",
    "reserve",
    "largest",
    "compare",
    "equals",
    "truncate",
    "truncatetable",
];

/// What became of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many answers were compared.
    pub compared: u64,
    /// How many of them are of calls that have an outcome of their own, by the number of tables that such a call was made on.
    pub operations: u64,
    /// How often each row of [`ALLOWED`] was used.
    pub allowed: BTreeMap<&'static str, u64>,
    /// The first difference that nothing allows.
    pub mismatch: Option<Box<Mismatch>>,
    /// Known differences besides that one.
    pub besides: Vec<Mismatch>,
    /// The entry at which that is.
    pub at: Option<usize>,
}

/// An entry with its answer.
pub(super) struct Seen<'a> {
    pub script: &'a Script,
    pub index: usize,
    pub answered: &'a Answered,
    /// What the connection's clock showed.
    pub base: Timestamp,
}

impl Seen<'_> {
    pub fn entry(&self) -> &Entry {
        &self.script.entries[self.index]
    }

    pub fn verb(&self) -> &str {
        self.entry().verb()
    }

    /// The reply, where exactly one is right.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.entry().expected {
            Expected::Reply(reply) => Some(reply),
            _ => None,
        }
    }

    /// In what the answer differs from what is expected.
    fn difference(&self) -> Option<Aspect> {
        let Answered { first, .. } = self.answered;
        let code = first.code();
        let wrong = |aspect, wrong: bool| wrong.then_some(aspect);
        match &self.entry().expected {
            Expected::Code(expected) => wrong(Aspect::Code, code != Some(*expected)),
            Expected::Reply(reply) => wrong(Aspect::Code, code != Some(reply.code))
                .or(wrong(Aspect::Key, first.key != reply.key))
                .or(wrong(Aspect::Value, first.value != reply.value))
                .or(wrong(Aspect::Exact, first.exact != reply.exact))
                .or(wrong(Aspect::Timestamp, !self.is_timestamp(first.timestamp, reply.timestamp))),
            Expected::Open(Open::Random { seen, conflict, nothing }) => match (code, &first.key, &first.value) {
                (Some(Code::Ok), Field::Internal(key), Field::Internal(value)) => {
                    let is_seen = seen.iter().any(|(seen, record)| seen == key && record == value);
                    wrong(Aspect::Key, !is_seen)
                }
                (Some(Code::NotFound), Field::Unset, Field::Unset) => wrong(Aspect::Code, !nothing),
                (Some(Code::PrepareConflict), Field::Unset, Field::Unset) => wrong(Aspect::Code, !conflict),
                _ => Some(Aspect::Code),
            },
            Expected::Open(Open::Largest { at_least, written }) => match (code, &first.key, &first.value) {
                (Some(Code::NotFound), Field::Unset, Field::Unset) => wrong(Aspect::Code, at_least.is_some()),
                (Some(Code::Ok), Field::External(key), Field::Unset) => {
                    let is_large = at_least.as_ref().is_none_or(|least| key >= least);
                    wrong(Aspect::Key, !is_large || written.binary_search(key).is_err())
                }
                _ => Some(Aspect::Code),
            },
        }
    }

    /// A timestamp on a connection whose clock has run before: what is unset here may be set to something earlier there.
    fn is_timestamp(&self, answered: Timestamp, expected: Timestamp) -> bool {
        if expected == 0 { answered <= self.base } else { answered == expected + self.base }
    }
}

/// Compares the answers to `script`, which is a run of `program`'s, made on a connection whose clock showed `base`.
/// `name` is who answered.
pub fn compare(program: &Program, script: &Script, base: Timestamp, ending: &Ending, name: &'static str) -> Comparison {
    let mut comparison = Comparison::default();
    let lines = match ending {
        Ending::Complete(answers) | Ending::Died { answers, .. } => answers,
    };
    let report = Report { program, script, name };
    for (index, line) in lines.iter().take(script.len()).enumerate() {
        let answered: Answered = match line.parse() {
            Ok(answered) => answered,
            Err(error) => {
                let words = format!("{name}: {error}");
                comparison.mismatch = Some(report.failure(index, Aspect::Death, words, None));
                comparison.at = Some(index);
                return comparison;
            }
        };
        comparison.compared += 1;
        comparison.operations += u64::from(OPERATIONS.contains(&script.entries[index].verb()));
        let seen = Seen { script, index, answered: &answered, base };
        let Some(aspect) = seen.difference() else { continue };
        if let Some(row) = ALLOWED.iter().find(|row| (row.applies)(&seen)) {
            *comparison.allowed.entry(row.name).or_default() += 1;
            continue;
        }
        let words = format!("{name} and model differ in the {aspect}");
        comparison.mismatch = Some(report.failure(index, aspect, words, Some(&answered)));
        comparison.at = Some(index);
        return comparison;
    }
    comparison.mismatch = match ending {
        Ending::Died { answers, reason, hung } => {
            let aspect = if *hung { Aspect::Hang } else { Aspect::Death };
            Some(report.failure(answers.len(), aspect, format!("{name}: {reason}"), None))
        }
        Ending::Complete(answers) if answers.len() != script.len() => {
            let words = format!("{name} gave {} answers to {} calls", answers.len(), script.len());
            Some(report.failure(answers.len().min(script.len()), Aspect::Death, words, None))
        }
        Ending::Complete(_) => None,
    };
    comparison.at = comparison.mismatch.as_ref().map(|_| lines.len().min(script.len()));
    comparison
}

/// Writes failures.
struct Report<'a> {
    program: &'a Program,
    script: &'a Script,
    name: &'static str,
}

impl Report<'_> {
    fn failure(&self, index: usize, field: Aspect, reason: String, answered: Option<&Answered>) -> Box<Mismatch> {
        let end = self.program.steps.len();
        let step = self.script.entries.get(index).map_or(end, |entry| entry.step);
        let expected = self.script.entries.get(index).map(|entry| match &entry.expected {
            Expected::Code(code) => code.to_string(),
            Expected::Reply(reply) => Shown(reply).to_string(),
            open => format!("{open:?}"),
        });
        let mut replies = Vec::new();
        if let Some(answered) = answered {
            replies.push((self.name, answered.to_string()));
        }
        replies.extend(expected.map(|expected| ("model", expected)));
        let right = self.script.entries.get(index).map(|entry| &entry.expected);
        Box::new(Mismatch {
            step,
            op: self.program.steps.get(step).map_or("end", |step| step.op.name()),
            field,
            backends: (self.name, "model"),
            how: answered.zip(right).and_then(|(answered, right)| how(field, &answered.first, right)),
            reason,
            call: self.script.shown(index),
            replies,
            tail: crate::run::tail_of(self.program, step),
            replay: String::new(),
        })
    }
}

/// What stands for what in a difference.
fn how(aspect: Aspect, answered: &Answer, right: &Expected) -> Option<(&'static str, &'static str)> {
    let code = right.code()?;
    let reply = if let Expected::Reply(reply) = right { Some(reply) } else { None };
    match aspect {
        Aspect::Code => Some((answered.code().map_or("an error", Code::name), code.name())),
        Aspect::Key => reply.and_then(|reply| fields(&answered.key, &reply.key, KEYS)),
        Aspect::Value => reply.and_then(|reply| fields(&answered.value, &reply.value, VALUES)),
        _ => None,
    }
}

/// What keys and values are that are not right, by whether they are smaller or larger.
const KEYS: [&str; 2] = ["smaller", "larger"];
const VALUES: [&str; 2] = ["another", "another"];

fn fields(has: &Field, right: &Field, names: [&'static str; 2]) -> Option<(&'static str, &'static str)> {
    Some(match (has, right) {
        (Field::Unset, Field::Unset) => return None,
        (Field::Unset, _) => ("none", "one"),
        (_, Field::Unset) => ("one", "none"),
        _ if has.get() == right.get() && has.is_internal() => ("internal", "external"),
        _ if has.get() == right.get() => ("external", "internal"),
        _ if has.get() < right.get() => (names[0], "the right one"),
        _ => (names[1], "the right one"),
    })
}
