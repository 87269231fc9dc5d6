//! What a run left, as a text file: its plan's fingerprint, how far it came, and every change of every key.
//!
//! ```text
//! lockstep predict result 1
//! plan lockstep plan 1
//! plan seed 7
//! ...
//! done 5000
//! change 12 0 1017 3030303030303063    operation, table, key, value in hexadecimal digits; - for none
//! ...
//! end 4711                             how many changes there are
//! ```

use super::keeper::Change;
use super::oracle::Oracle;
use super::plan::{AnotherPlan, Fingerprint, OpNumber, Plan};
use crate::bytes::ByteStr;
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

/// Where two results differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The number by which they do.
    pub t: OpNumber,
    /// The table.
    pub table: u16,
    /// The key.
    pub key: u64,
    /// What the first has from then on; `None` if nothing happened there.
    pub one: Option<Option<ByteStr>>,
    /// And the second.
    pub other: Option<Option<ByteStr>>,
}

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.fingerprint.text().lines().try_for_each(|line| writeln!(f, "plan {line}"))?;
        writeln!(f, "done {}", self.done)?;
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
    /// Reads what [`RunResult`]'s `Display` has written.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, ResultError> {
        let (mut plan, mut done, mut changes, mut is_over) = (String::new(), None, Vec::new(), false);
        let mut last = 0;
        for (line, words) in (1..).zip(text.lines()) {
            last = line;
            let wrong = |what: &str| ResultError { line, what: what.to_owned() };
            if line == 1 {
                if words != HEADER {
                    return Err(wrong(&format!("no result of 'lockstep predict run': it has to begin '{HEADER}'")));
                }
                continue;
            }
            let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
            match name {
                _ if is_over => return Err(wrong("nothing may come after 'end'")),
                "plan" => plan.extend([rest, "\n"]),
                "done" => done = Some(rest.parse().map_err(|_| wrong("no number"))?),
                "change" => {
                    let change = change(rest).ok_or_else(|| wrong("no change: write operation, table, key, value"))?;
                    if changes.last().is_some_and(|last: &Change| *last >= change) {
                        return Err(wrong("changes have to ascend"));
                    }
                    changes.push(change);
                }
                "end" if rest.parse() == Ok(changes.len()) => is_over = true,
                "end" => return Err(wrong(&format!("there are {} changes, not {rest}", changes.len()))),
                _ => return Err(wrong(&format!("'{name}' is none of plan, done, change, end"))),
            }
        }
        let wrong = |what: &str| ResultError { line: last, what: what.to_owned() };
        let done = done.ok_or_else(|| wrong("it does not say how far the run came"))?;
        if !is_over {
            return Err(wrong("the end is missing: was it cut off?"));
        }
        Ok(RunResult { fingerprint: Fingerprint::from_text(&plan), done, changes })
    }

    /// Where this one and another differ first, as far as both go.
    ///
    /// # Errors
    /// If they are of different plans.
    pub fn divergence(&self, other: &RunResult) -> Result<Option<Divergence>, AnotherPlan> {
        other.fingerprint.continues(&self.fingerprint)?;
        let common = self.done.min(other.done);
        let ends = |result: &RunResult| result.changes.partition_point(|change| change.t <= common);
        let (one, two) = (&self.changes[..ends(self)], &other.changes[..ends(other)]);
        let same = one.iter().zip(two).take_while(|(one, two)| one == two).count();
        let (one, two) = (one.get(same), two.get(same));
        let place = |change: &Change| (change.t, change.table, change.key);
        Ok(one.into_iter().chain(two).map(place).min().map(|(t, table, key)| {
            let of =
                |change: Option<&Change>| change.filter(|it| place(it) == (t, table, key)).map(|it| it.value.clone());
            Divergence { t, table, key, one: of(one), other: of(two) }
        }))
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

/// The lines of a key's expected history around number `t`: which operation, at which timestamp, leaves what.
pub fn expected_history(plan: &Plan, oracle: &Oracle, table: u16, key: u64, t: OpNumber) -> Vec<String> {
    /// Versions before the place in question, and after it.
    const AROUND: usize = 8;
    let history = oracle.history(table, key);
    let place = history.partition_point(|(at, _)| *at < t);
    let from = place.saturating_sub(AROUND);
    let shown = history[from..].iter().take(2 * AROUND).map(|&(at, content)| {
        let value = content.map(|content| plan.bytes(table, key, content));
        let value = value.map_or("no value".to_owned(), |value| format!("\"{}\"", value.as_bytes().escape_ascii()));
        let mark = if at == t { " <" } else { "" };
        format!("operation {at} (lane {}, timestamp {}): {value}{mark}", plan.lane(at), plan.clock().commit(at))
    });
    let left_out = (from > 0).then(|| format!("{from} earlier ones"));
    let lines: Vec<_> = left_out.into_iter().chain(shown).collect();
    if lines.is_empty() { vec!["there never is such a key".to_owned()] } else { lines }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Spec, tables};
    use super::*;

    fn result(changes: Vec<Change>) -> RunResult {
        let plan = Plan::new(Spec::new(7, tables("row:base=9:update=50").expect("tables"))).expect("a plan");
        RunResult { fingerprint: plan.fingerprint(), done: 100, changes }
    }

    fn change(t: u64, key: u64, value: Option<&str>) -> Change {
        Change { t, table: 0, key, value: value.map(|value| ByteStr::new(value.as_bytes())) }
    }

    #[test]
    fn a_result_is_read_as_it_was_written() {
        let result = result(vec![change(1, 5, Some("a")), change(2, 5, None), change(2, 6, Some(""))]);
        let text = result.to_string();
        assert_eq!(RunResult::parse(&text), Ok(result));
        let wrong = |from: &str, to: &str| RunResult::parse(&text.replace(from, to)).expect_err(to).to_string();
        assert!(wrong("result 1", "result 2").starts_with("line 1: no result"));
        assert!(wrong("done 100\n", "").contains("how far"));
        assert!(wrong("change 2 0 5 -", "change 2 0 5 xy").contains("no change"));
        assert!(wrong("change 2 0 5 -\n", "").contains("2 changes, not 3"));
        assert!(wrong("end 3\n", "").contains("cut off"));
        assert!(wrong("change 1 0 5", "change 9 0 5").contains("ascend"));
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
