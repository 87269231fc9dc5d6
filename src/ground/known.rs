//! Failures that are known: each with a ticket or a note, and with the operations that are switched off while it stands,
//! so that one easy bug does not hide the rest. Nothing is compared less: a program is made without such steps before it
//! runs.
//!
//! ```toml
//! [[failure]]
//! op = "next"
//! field = "key"
//! backend = "wiredtiger-follower-layered"
//! note = "short scans after not found"
//!
//! [[failure]]
//! hang = "prev"
//! ticket = "WT-1"
//! without = ["scan", { op = "prev", adopted = true }]
//!
//! [[limit]]
//! op = "duplicate"
//! note = "not supported"
//! ```
//!
//! `without` has operations, or operations with conditions ([`Trigger`]): `code` is what the model ends the step with, `after`
//! what the step before it on the same cursor was or ended with, `text` what the step has in it, `adopted` is once the
//! follower has picked a checkpoint up.

#[cfg(feature = "wiredtiger-layered")]
use super::four::SITES;
use super::four::{culprit, is_death};
use super::limits::limit;
#[cfg(feature = "wiredtiger-layered")]
use super::trigger::is_op;
use super::trigger::{Trigger, adopts, triggers};
use crate::backend::Format;
use crate::program::{Op, Program, Step};
use crate::run::{Aspect, Mismatch};
use crate::script::{Entry, Script};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How often triggers are looked for and taken out: without them, others may show.
const ROUNDS: u32 = 12;

/// The known failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    #[serde(default, rename = "failure")]
    failures: Vec<Known>,
    #[serde(default, rename = "limit")]
    limits: Vec<Unsupported>,
}

/// An operation that the version that is tested does not support, as it should be or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsupported {
    op: String,
    note: String,
}

/// One of them: a difference in an operation, a field and a table; or what a death is named after; or the operation in
/// which something hangs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Known {
    op: Option<String>,
    field: Option<String>,
    backend: Option<String>,
    /// What stands for what, as `notfound for ok`; `None`: whatever.
    how: Option<String>,
    death: Option<String>,
    hang: Option<String>,
    ticket: Option<String>,
    note: Option<String>,
    without: Vec<Trigger>,
}

/// What is wrong with a list of known failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKnown(String);

/// A program without the steps that are switched off.
#[derive(Clone, Debug)]
pub struct Masked {
    /// What is left.
    pub program: Program,
    /// How many steps of each operation were left out.
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Known {
    /// Whether a failure is this one.
    pub fn explains(&self, mismatch: &Mismatch) -> bool {
        match (&self.death, &self.hang) {
            (Some(death), _) => is_death(mismatch) && *death == culprit(mismatch),
            (_, Some(hang)) => mismatch.field == Aspect::Hang && hang == mismatch.op,
            _ => {
                let class = [mismatch.op, mismatch.field.name(), mismatch.backends.0];
                [&self.op, &self.field, &self.backend]
                    .into_iter()
                    .zip(class)
                    .all(|(own, its)| own.as_deref() == Some(its))
                    && self
                        .how
                        .as_ref()
                        .is_none_or(|own| mismatch.how.is_some_and(|(has, right)| *own == format!("{has} for {right}")))
            }
        }
    }

    /// Its ticket or note.
    pub fn why(&self) -> String {
        let parts: Vec<&str> = [&self.ticket, &self.note].into_iter().flatten().map(String::as_str).collect();
        parts.join(": ")
    }

    /// Whether it names a class.
    ///
    /// # Errors
    /// It names what is not there, or too little, or too much.
    #[cfg(feature = "wiredtiger-layered")]
    fn check(&self) -> Result<(), String> {
        let difference = [&self.op, &self.field, &self.backend];
        match (difference.iter().filter(|part| part.is_some()).count(), &self.death, &self.hang) {
            (3, None, None) => {}
            (0, Some(_), None) | (0, None, Some(_)) if self.how.is_none() => {}
            _ => return Err("needs op, field and backend, or death, or hang".to_owned()),
        }
        let named = |what: &str, name: &str, good: bool| if good { Ok(()) } else { Err(format!("no {what} '{name}'")) };
        for op in self.op.iter().chain(&self.hang) {
            named("operation", op, is_op(op))?;
        }
        self.without.iter().try_for_each(Trigger::check)?;
        if let Some(field) = &self.field {
            named("field", field, Aspect::ALL.iter().any(|aspect| aspect.name() == field))?;
        }
        if let Some(backend) = &self.backend {
            named("backend", backend, SITES.contains(&backend.as_str()))?;
        }
        if self.why().is_empty() { Err("needs a ticket or a note".to_owned()) } else { Ok(()) }
    }
}

impl KnownFailures {
    /// Reads a list.
    ///
    /// # Errors
    /// It is no list of known failures; which line or which of them is wrong.
    #[cfg(feature = "wiredtiger-layered")]
    pub fn parse(text: &str) -> Result<Self, BadKnown> {
        let known: KnownFailures = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
            BadKnown(format!("line {line}: {}", error.message()))
        })?;
        for (index, failure) in known.failures.iter().enumerate() {
            failure.check().map_err(|wrong| BadKnown(format!("failure {}: {wrong}", index + 1)))?;
        }
        for (index, limit) in known.limits.iter().enumerate() {
            let wrong = if !Op::NAMES.contains(&limit.op.as_str()) {
                format!("no operation '{}'", limit.op)
            } else if limit.note.is_empty() {
                "needs a note".to_owned()
            } else {
                continue;
            };
            return Err(BadKnown(format!("limit {}: {wrong}", index + 1)));
        }
        Ok(known)
    }

    /// The known failure that a failure is, if it is one.
    pub fn find(&self, mismatch: &Mismatch) -> Option<&Known> {
        self.failures.iter().find(|known| known.explains(mismatch))
    }

    /// Why an operation is left out of every program, if that is because it cannot be done.
    pub fn limit(&self, op: &str) -> Option<&str> {
        let own = || self.limits.iter().find(|limit| limit.op == op).map(|limit| limit.note.as_str());
        limit(op).or_else(own)
    }

    fn all_triggers(&self) -> impl Iterator<Item = &Trigger> {
        self.failures.iter().flat_map(|known| &known.without)
    }

    /// Whether an operation is left out of every program.
    fn is_off(&self, op: &str) -> bool {
        self.limit(op).is_some() || self.all_triggers().any(|trigger| trigger.is_all_of(op))
    }

    /// Cuts the final scans from the script of `program` where they come to a trigger.
    pub fn cut_final_scans(&self, program: &Program, script: &mut Script) {
        let adopted = adopts(script);
        let is_off = |entry: &Entry| {
            entry.step >= program.steps.len()
                && self.all_triggers().any(|trigger| trigger.is_in_final_scan(entry, adopted))
        };
        if let Some(first) = script.entries.iter().position(is_off) {
            script.entries.truncate(first);
        }
    }

    /// A program without what is switched off or cannot be done.
    pub fn mask(&self, program: &Program) -> Masked {
        if program.config.format.is_column() {
            // Layered tables are row stores. Nothing is left of such a program.
            let mut masked = Masked { program: program.clone(), left_out: BTreeMap::new() };
            masked.leave_out(|_, _| true);
            masked.program.config.format = Format::Row;
            return masked;
        }
        let off: BTreeSet<&str> = Op::NAMES.into_iter().filter(|name| self.is_off(name)).collect();
        let mut masked = Masked { program: program.clone(), left_out: BTreeMap::new() };
        masked.leave_out(|_, step| off.contains(step.op.name()));
        let fine: Vec<&Trigger> = self.all_triggers().filter(|trigger| !off.contains(trigger.op())).collect();
        if fine.is_empty() {
            return masked;
        }
        for _ in 0..ROUNDS {
            let found = triggers(&masked.program, &fine);
            if found.is_empty() {
                return masked;
            }
            masked.leave_out(|index, _| found.binary_search(&index).is_ok());
        }
        // So many depend on each other that the operations go.
        masked.leave_out(|_, step| fine.iter().any(|trigger| trigger.op() == step.op.name()));
        masked
    }
}

impl Masked {
    fn leave_out(&mut self, which: impl Fn(usize, &Step) -> bool) {
        let steps = std::mem::take(&mut self.program.steps);
        for (index, step) in steps.into_iter().enumerate() {
            if which(index, &step) {
                *self.left_out.entry(step.op.name()).or_default() += 1;
            } else {
                self.program.steps.push(step);
            }
        }
    }
}

#[cfg(all(test, feature = "wiredtiger-layered"))]
mod tests {
    use super::*;
    use crate::run::{Oracles, run};
    use crate::script::Recorder;

    const LIST: &str = "
[[failure]]
op = \"next\"
field = \"key\"
backend = \"wiredtiger-follower-layered\"
note = \"short scans\"

[[failure]]
hang = \"prev\"
ticket = \"WT-1\"
note = \"for ever\"
without = [\"prev\", \"scan\"]

[[failure]]
death = \"__iterate\"
ticket = \"WT-2\"
";

    fn failure(op: &'static str, field: Aspect, backend: &'static str, reason: &str) -> Mismatch {
        Mismatch {
            step: 0,
            op,
            field,
            backends: (backend, "model"),
            how: Some(("none", "one")),
            reason: reason.to_owned(),
            call: String::new(),
            replies: Vec::new(),
            tail: Vec::new(),
            replay: String::new(),
        }
    }

    #[test]
    fn a_failure_is_known_by_its_class() {
        let known = KnownFailures::parse(LIST).unwrap();
        let why = |mismatch: &Mismatch| known.find(mismatch).map(Known::why);
        let (follower, leader) = (SITES[0], SITES[1]);
        assert_eq!(why(&failure("next", Aspect::Key, follower, "")), Some("short scans".to_owned()));
        assert_eq!(why(&failure("next", Aspect::Key, leader, "")), None);
        assert_eq!(why(&failure("next", Aspect::Code, follower, "")), None);
        assert_eq!(why(&failure("prev", Aspect::Key, follower, "")), None);
        assert_eq!(why(&failure("prev", Aspect::Hang, "any", "")), Some("WT-1: for ever".to_owned()));
        assert_eq!(why(&failure("next", Aspect::Hang, "any", "")), None);
        let died = |reason| why(&failure("end", Aspect::Death, "any", reason));
        assert_eq!(died("any: signal: 6: __log, 3: x; __iterate, 77: assertion failed"), Some("WT-2".to_owned()));
        assert_eq!(died("any: signal: 6: __other, 77: assertion failed in __iterate"), None);
    }

    #[test]
    fn what_is_switched_off_is_left_out_before_the_run() {
        let known = KnownFailures::parse(LIST).unwrap();
        let text = "# lockstep 1\nconfig sessions=1 cursors=1 keys=9\ns0.c0 insert 0010 \"a\"\ns0.c0 prev\ns0.c0 next\n\
                    s0.c0 prev\ns0 scan next\ninject restart node=0 at=rest\n";
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let Masked { program, left_out } = known.mask(&program);
        assert_eq!(program.steps.iter().map(|step| step.op.name()).collect::<Vec<_>>(), ["insert", "next"]);
        assert_eq!(left_out.into_iter().collect::<Vec<_>>(), [("prev", 2), ("restart", 1), ("scan", 1)]);
        let mut recorder = Recorder::with_events(&program);
        run(&program, Oracles::default(), &mut recorder).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        let mut script = recorder.into_script();
        assert!(script.entries.iter().any(|entry| entry.verb() == "prev"));
        let before = script.len();
        KnownFailures::default().cut_final_scans(&program, &mut script);
        assert_eq!(script.len(), before);
        known.cut_final_scans(&program, &mut script);
        assert!(!script.entries.iter().any(|entry| entry.verb() == "prev"));
        assert!(script.entries.iter().any(|entry| entry.step == 2), "the scans forwards stay");
        let all_off = KnownFailures::parse("[[failure]]\nhang = \"end\"\nnote = \"n\"\nwithout = [\"end\"]").unwrap();
        all_off.cut_final_scans(&program, &mut script);
        assert!(script.entries.iter().all(|entry| entry.step < 2));
    }

    /// What is left of steps, with `without` for a list.
    fn left(without: &str, steps: &str) -> Vec<String> {
        let list = format!("[[failure]]\nhang = \"next\"\nnote = \"n\"\nwithout = [{without}]");
        let known = KnownFailures::parse(&list).unwrap_or_else(|error| panic!("{error}"));
        let text = format!("# lockstep 1\nconfig sessions=2 cursors=2 keys=9\n{steps}");
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        known.mask(&program).program.steps.iter().map(|step| step.to_string()).collect()
    }

    #[test]
    fn a_trigger_may_be_finer_than_an_operation() {
        let steps = "s0.c0 search 0010\ns0.c0 insert 0010 \"a\"\ns0.c0 search 0010\n";
        let by_code = left("{ op = \"search\", code = \"notfound\" }", steps);
        assert_eq!(by_code, ["s0.c0 insert 0010 \"a\"", "s0.c0 search 0010"]);
        let by_text = left("{ op = \"insert\", text = \"\\\"a\" }", steps);
        assert_eq!(by_text, ["s0.c0 search 0010"; 2]);
        let steps = "s0.c0 search 0010\ns0.c1 next\ns0.c0 next\ns0.c0 next\n";
        let by_step_before = left("{ op = \"next\", after = \"search\" }", steps);
        assert_eq!(by_step_before, ["s0.c0 search 0010", "s0.c1 next"], "the second, too, comes after a search then");
        let by_code_before = left("{ op = \"next\", after = \"notfound\" }", steps);
        assert_eq!(by_code_before, ["s0.c0 search 0010", "s0.c1 next"]);
        let steps = "s0.c0 prev\ninject advance oldest=1 stable=1\ns0.c0 prev\n";
        let after_pick_up = left("{ op = \"prev\", adopted = true }", steps);
        assert_eq!(after_pick_up, ["s0.c0 prev", "inject advance oldest=1 stable=1"]);
    }

    #[test]
    fn limits_are_left_out_whatever_the_rest_says() {
        let known = KnownFailures::parse("[[limit]]\nop = \"duplicate\"\nnote = \"not there\"").unwrap();
        assert_eq!(known.limit("duplicate"), Some("not there"));
        assert_eq!(known.limit("recreate"), Some("the nodes keep their tables"));
        assert_eq!(known.limit("next"), None);
        let text = "# lockstep 1\nconfig sessions=1 cursors=2 keys=9\ns0.c0 next\ns0.c0 duplicate s0.c1\n";
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(known.mask(&program).left_out.into_iter().collect::<Vec<_>>(), [("duplicate", 1)]);
    }

    #[test]
    fn what_stands_for_what_tells_failures_apart() {
        let list = "[[failure]]\nop = \"next\"\nfield = \"key\"\nbackend = \"wiredtiger-follower-layered\"\n\
                    how = \"none for one\"\nnote = \"n\"";
        let known = KnownFailures::parse(list).unwrap();
        let mut other = failure("next", Aspect::Key, SITES[0], "");
        assert!(known.find(&other).is_some());
        other.how = Some(("smaller", "the right one"));
        assert!(known.find(&other).is_none());
    }

    #[test]
    fn a_list_that_is_none_is_refused_in_a_line() {
        let refused = |text: &str| KnownFailures::parse(text).unwrap_err().to_string();
        let entry = |text: &str| refused(&format!("[[failure]]\n{text}"));
        assert!(refused("[[failure]]\nnote = \"n\"\ncolour = 1").starts_with("line 3: unknown field `colour`"));
        assert!(refused("[[failure]").starts_with("line 1: "));
        assert_eq!(entry("note = \"n\""), "failure 1: needs op, field and backend, or death, or hang");
        assert_eq!(entry("op = \"next\"\nnote = \"n\""), "failure 1: needs op, field and backend, or death, or hang");
        assert_eq!(entry("hang = \"next\""), "failure 1: needs a ticket or a note");
        assert_eq!(entry("hang = \"jump\"\nnote = \"n\""), "failure 1: no operation 'jump'");
        let difference = |field: &str, backend: &str| {
            entry(&format!("op = \"next\"\nfield = \"{field}\"\nbackend = \"{backend}\"\nnote = \"n\""))
        };
        assert_eq!(difference("colour", SITES[0]), "failure 1: no field 'colour'");
        assert_eq!(difference("key", "follower"), "failure 1: no backend 'follower'");
        let without = |trigger: &str| entry(&format!("hang = \"next\"\nnote = \"n\"\nwithout = [{trigger}]"));
        assert_eq!(without("\"jump\""), "failure 1: no operation 'jump'");
        assert_eq!(without("{ op = \"next\", code = \"bad\" }"), "failure 1: no code 'bad'");
        assert_eq!(without("{ op = \"next\", after = \"bad\" }"), "failure 1: no operation or code 'bad'");
        assert!(without("{ op = \"next\", colour = 1 }").starts_with("line 4: "));
        assert_eq!(refused("[[limit]]\nop = \"jump\"\nnote = \"n\""), "limit 1: no operation 'jump'");
        assert_eq!(refused("[[limit]]\nop = \"next\"\nnote = \"\""), "limit 1: needs a note");
    }
}
