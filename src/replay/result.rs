//! What a run left, as a text file: its plan's fingerprint, how far it came, and every change of every key.
//!
//! ```text
//! lockstep predict result 1
//! plan lockstep plan 1
//! plan seed 7
//! ...
//! done 5000
//! failed operation 5001, table 0, ...  only if something was not as planned: what
//! change 12 0 1017 3030303030303063    operation, table, key, value in hexadecimal digits; - for none
//! ...
//! end 4711                             how many changes there are
//! ```

use super::change::{Change, Divergence, first_difference};
use super::oracle::Oracle;
use super::plan::{AnotherPlan, Fingerprint, OpNumber, Plan, PlanError};
use super::run::MAX_OPS;
use crate::bytes::ByteStr;
use crate::count::count;
use std::fmt::{self, Write as _};
use thiserror::Error;

/// What such a file begins with.
pub const HEADER: &str = "lockstep predict result 1";

/// What a run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// Its plan's.
    pub fingerprint: Fingerprint,
    /// All numbers up to this one were done.
    pub done: OpNumber,
    /// What was not as planned. `None`: all was, as far as the run came.
    pub failure: Option<String>,
    /// All that happened, in the order of numbers, tables and keys.
    pub changes: Vec<Change>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct ResultError {
    /// Where, from 1.
    pub line: usize,
    /// What.
    pub what: String,
}

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.fingerprint.text().lines().try_for_each(|line| writeln!(f, "plan {line}"))?;
        writeln!(f, "done {}", self.done)?;
        if let Some(failure) = &self.failure {
            writeln!(f, "failed {}", failure.replace(['\r', '\n'], " "))?;
        }
        for Change { t, table, key, value } in &self.changes {
            write!(f, "change {t} {table} {key} ")?;
            match value {
                None => f.write_char('-')?,
                Some(value) => value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?,
            }
            f.write_char('\n')?;
        }
        writeln!(f, "end {}", self.changes.len())
    }
}

impl RunResult {
    /// Reads what [`RunResult`]'s `Display` has written, and holds it against the plan's tables and the last number; not
    /// against what the plan leaves.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, ResultError> {
        let mut reader = Reader::default();
        for (line, words) in (1..).zip(text.lines()) {
            reader.last = line;
            reader.line(line, words)?;
        }
        reader.end()
    }

    /// Where this one and another differ first, as far as both go.
    ///
    /// # Errors
    /// If they are of different plans.
    pub fn divergence(&self, other: &RunResult) -> Result<Option<Divergence>, AnotherPlan> {
        other.fingerprint.continues(&self.fingerprint)?;
        let common = self.done.min(other.done);
        let known = |result: &RunResult| result.changes.partition_point(|change| change.t <= common);
        Ok(first_difference(&self.changes[..known(self)], &other.changes[..known(other)]))
    }
}

/// What was read of a file so far. Lines come in the order in which they are written: each needs those before it.
#[derive(Default)]
struct Reader {
    /// The line that was read last.
    last: usize,
    /// The plan's lines, and where they are.
    text: String,
    lines: Vec<usize>,
    plan: Option<Plan>,
    done: Option<OpNumber>,
    failure: Option<String>,
    changes: Vec<Change>,
    is_over: bool,
}

impl Reader {
    fn line(&mut self, line: usize, words: &str) -> Result<(), ResultError> {
        let wrong = |what: &str| ResultError { line, what: what.to_owned() };
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        match name {
            _ if line == 1 && words == HEADER => {}
            _ if line == 1 => {
                return Err(wrong(&format!("no result of 'lockstep predict run': it has to begin '{HEADER}'")));
            }
            _ if self.is_over => return Err(wrong("nothing may come after 'end'")),
            "plan" if self.done.is_none() => {
                self.text.extend([rest, "\n"]);
                self.lines.push(line);
            }
            "done" if self.done.is_none() => {
                self.plan = Some(self.whole_plan(line)?);
                let done = rest.parse().map_err(|_| wrong(&format!("'{rest}' is no number of operations")))?;
                if done > MAX_OPS {
                    return Err(wrong(&format!("no run has {done} operations: there are {MAX_OPS} at most")));
                }
                self.done = Some(done);
            }
            "failed" if self.failure.is_none() && self.changes.is_empty() => self.failure = Some(rest.to_owned()),
            "change" => {
                let change = change(rest).ok_or_else(|| wrong("no change: write operation, table, key, value"))?;
                self.hold(&change).map_err(|what| wrong(&what))?;
                self.changes.push(change);
            }
            "end" if rest.parse() == Ok(self.changes.len()) => self.is_over = true,
            "end" => return Err(wrong(&format!("it ends after {}, not {rest}", count(self.changes.len(), "change")))),
            "plan" | "done" | "failed" => {
                return Err(wrong(&format!("'{name}' has no place here: it comes earlier, and once")));
            }
            _ => return Err(wrong(&format!("'{name}' is none of plan, done, failed, change, end"))),
        }
        Ok(())
    }

    /// The plan, when all its lines were read.
    fn whole_plan(&self, line: usize) -> Result<Plan, ResultError> {
        Fingerprint::from_text(&self.text).plan().map_err(|PlanError { index, what }| {
            let line = index.and_then(|index| self.lines.get(index)).copied().unwrap_or(line);
            ResultError { line, what }
        })
    }

    /// What is wrong with a change that comes next.
    fn hold(&self, change: &Change) -> Result<(), String> {
        let (Some(plan), Some(done)) = (&self.plan, self.done) else {
            return Err("it does not say how far the run came: 'done' comes before changes".to_owned());
        };
        if self.changes.last().is_some_and(|last| last >= change) {
            return Err("changes have to ascend".to_owned());
        }
        if !(1..=done).contains(&change.t) {
            return Err(format!("the run has no operation {}: it has 1 to {done}", change.t));
        }
        if usize::from(change.table) >= plan.tables().len() {
            return Err(format!(
                "the plan has no table {}: it has {}",
                change.table,
                count(plan.tables().len(), "table")
            ));
        }
        Ok(())
    }

    fn end(self) -> Result<RunResult, ResultError> {
        let wrong = |what: &str| Err(ResultError { line: self.last, what: what.to_owned() });
        if self.last == 0 {
            return Err(ResultError { line: 1, what: "the file is empty".to_owned() });
        }
        let Some(done) = self.done else { return wrong("it does not say how far the run came") };
        if !self.is_over {
            return wrong("the end is missing: was it cut off?");
        }
        let fingerprint = Fingerprint::from_text(&self.text);
        Ok(RunResult { fingerprint, done, failure: self.failure, changes: self.changes })
    }
}

/// A change from `OPERATION TABLE KEY VALUE`.
fn change(text: &str) -> Option<Change> {
    let mut words = text.split(' ');
    let (t, table, key) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let value = match words.next()? {
        "-" => None,
        digits => {
            let bytes =
                digits.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
            Some(ByteStr::new(&bytes.collect::<Option<Vec<_>>>().filter(|_| digits.len() % 2 == 0)?))
        }
    };
    words.next().is_none().then_some(Change { t, table, key, value })
}

/// The lines of a key's expected history around number `t`, as far as the oracle knows it: which operation, at which
/// timestamp, leaves what.
pub fn expected_history(plan: &Plan, oracle: &Oracle, table: u16, key: u64, t: OpNumber) -> Vec<String> {
    /// Versions before the place in question, and from it on.
    const AROUND: usize = 8;
    let history = oracle.history(table, key);
    let place = history.partition_point(|(at, _)| *at < t);
    let shown = place.saturating_sub(AROUND)..history.len().min(place + AROUND);
    let (earlier, later) = (shown.start, history.len() - shown.end);
    let version = |&(at, content): &(OpNumber, Option<_>)| {
        let value = content.map(|content| plan.bytes(table, key, content));
        let value = value.map_or("no value".to_owned(), |value| format!("\"{}\"", value.as_bytes().escape_ascii()));
        let mark = if at == t { " <" } else { "" };
        format!("operation {at} (lane {}, timestamp {}): {value}{mark}", plan.lane(at), plan.clock().commit(at))
    };
    let before = (earlier > 0).then(|| count(earlier, "earlier version"));
    let after = (later > 0).then(|| count(later, "later version"));
    let lines: Vec<_> = before.into_iter().chain(history[shown].iter().map(version)).chain(after).collect();
    if lines.is_empty() { vec!["there never is such a key".to_owned()] } else { lines }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Spec, tables};
    use super::*;

    fn result(changes: Vec<Change>) -> RunResult {
        let plan = Plan::new(Spec::new(7, tables("row:base=9:update=50").expect("tables"))).expect("a plan");
        RunResult { fingerprint: plan.fingerprint(), done: 100, failure: None, changes }
    }

    fn change(t: u64, key: u64, value: Option<&str>) -> Change {
        Change { t, table: 0, key, value: value.map(|value| ByteStr::new(value.as_bytes())) }
    }

    #[test]
    fn a_result_is_read_as_it_was_written() {
        let result = result(vec![change(1, 5, Some("a")), change(2, 5, None), change(2, 6, Some(""))]);
        let text = result.to_string();
        assert_eq!(RunResult::parse(&text), Ok(result.clone()));
        let failed = RunResult { failure: Some("operation 101: \"x\" found".to_owned()), ..result };
        assert_eq!(RunResult::parse(&failed.to_string()), Ok(failed));
        let wrong = |from: &str, to: &str| RunResult::parse(&text.replace(from, to)).expect_err(to).to_string();
        assert!(wrong("result 1", "result 2").starts_with("line 1: no result"));
        assert!(wrong("done 100\n", "").contains("how far"));
        assert!(wrong("change 2 0 5 -", "change 2 0 5 xy").contains("no change"));
        assert!(wrong("change 2 0 5 -\n", "").contains("after 2 changes, not 3"));
        assert!(wrong("end 3\n", "").contains("cut off"));
        assert!(wrong("change 1 0 5", "change 9 0 5").contains("ascend"));
        assert!(RunResult::parse("").is_err_and(|error| error.to_string() == "line 1: the file is empty"));
    }

    #[test]
    fn files_are_held_against_their_plans() {
        let text = result(vec![change(1, 5, Some("a")), change(2, 5, None)]).to_string();
        let lines: Vec<_> = text.lines().collect();
        let line = |part: &str| 1 + lines.iter().position(|line| line.starts_with(part)).expect(part);
        for (from, to, at, what) in [
            ("done 100", "done 100000001", "done", "no run has 100000001 operations"),
            ("done 100", "done many", "done", "'many' is no number of operations"),
            ("done 100", "done 1", "change 2", "the run has no operation 2: it has 1 to 1"),
            ("change 1 ", "change 0 ", "change 1", "the run has no operation 0"),
            ("change 2 0", "change 2 1", "change 2", "the plan has no table 1: it has 1 table"),
            ("done 100\n", "done 100\ndone 100\n", "change 1", "'done' has no place here"),
            ("plan seed 7", "plan seed x", "plan seed", "'seed x' is no line of a fingerprint"),
            ("plan seed 7", "plan sea 7", "plan seed", "'sea 7' is no line of a fingerprint"),
            ("plan lanes 1024", "plan lanes 0", "plan lanes", "write 1 to 65535 lanes"),
            ("plan prepared 0", "plan prepared 101", "plan prepared", "'101' is no percentage"),
            ("plan first commit 8", "plan first commit 9", "plan first", "another plan"),
            ("plan lockstep plan 1", "plan lockstep plan 2", "plan lockstep", "another plan"),
            ("row:base=9", "rows:base=9", "plan table", "begin with row"),
            ("row:base=9", "row:base=99999999", "plan table", "base may be"),
            ("update=50", "update=150", "plan table", "'150' is no percentage"),
            ("plan table 0", "plan table 3", "plan table", "another plan"),
        ] {
            let error = RunResult::parse(&text.replacen(from, to, 1)).expect_err(to);
            assert!(error.what.contains(what), "{to}: {error}");
            assert_eq!(error.line, line(at), "{to}: {error}");
        }
    }

    #[test]
    fn the_first_difference_is_found() {
        let one = result(vec![change(1, 5, Some("a")), change(3, 5, None)]);
        assert_eq!(one.divergence(&one), Ok(None));
        let other = result(vec![change(1, 5, Some("a")), change(2, 7, Some("b")), change(3, 5, None)]);
        let found = one.divergence(&other).expect("one plan").expect("a difference");
        assert_eq!((found.t, found.key, found.one, found.other.is_some()), (2, 7, None, true));
        let shorter = RunResult { done: 2, changes: vec![change(1, 5, Some("a"))], ..one.clone() };
        assert_eq!(one.divergence(&shorter), Ok(None));
        let another = RunResult { fingerprint: Fingerprint::from_text("seed 8\n"), ..one.clone() };
        assert!(one.divergence(&another).is_err());
    }
}
