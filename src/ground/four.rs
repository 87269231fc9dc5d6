//! The comparison of four answers to each entry: those of a layered and a plain table on a follower and on a leader, as
//! the executor on layered tables gives them.
//!
//! Each is held against the model by the one comparison. The plain answers come first: where one of them differs, the
//! script asks for something that no table does, which is a matter of the model or of the recorder and not of layered
//! tables. Where a node's plain table agrees with the model, its layered table is compared with both by being compared
//! with the model.

use super::compare::{Comparison, compare};
use super::known::KnownFailures;
use crate::backend::Timestamp;
use crate::program::Program;
use crate::run::{Aspect, Mismatch};
use crate::script::{Ending, Script};

/// What the executor is called where it is not known which table it was.
#[cfg(feature = "wiredtiger")]
pub(super) const NAME: &str = "wiredtiger-layered";
/// The tables, in the order of their answers, as failures call them.
pub(super) const SITES: [&str; 4] =
    ["wiredtiger-follower-layered", "wiredtiger-leader-layered", "wiredtiger-plain", "wiredtiger-plain"];
/// The tables, in the order of their answers, as replies call them.
const SHOWN: [&str; 4] = ["follower-layered", "leader-layered", "follower-plain", "leader-plain"];
/// The order in which differences in one entry are looked for.
const ORDER: [usize; 4] = [2, 3, 0, 1];

/// The answer of a table that an event does not concern.
const NOTHING: &str = "0 0 - - 0";

/// Compares the answers to `script`, which is a run of `program`'s, made on nodes whose clock showed `base`. Where a table
/// differs in what is `known`, the others are compared on.
pub fn compare_four(
    program: &Program,
    script: &Script,
    base: Timestamp,
    ending: &Ending,
    name: &'static str,
    known: &KnownFailures,
) -> Comparison {
    let (lines, died) = match ending {
        Ending::Complete(answers) => (answers, None),
        Ending::Died { answers, reason, hung } => (answers, Some((reason, *hung))),
    };
    let columns = columns(script, lines);
    let by_itself = |site: usize, name| {
        let answers = columns[site].clone();
        let ending = match died {
            None => Ending::Complete(answers),
            Some((reason, hung)) => Ending::Died { answers, reason: reason.clone(), hung },
        };
        compare(program, script, base, &ending, name)
    };
    let mut all = Comparison::default();
    let mut found: Vec<(usize, usize, Box<Mismatch>)> = Vec::new();
    for site in ORDER {
        let comparison = by_itself(site, SITES[site]);
        all.compared += comparison.compared;
        all.operations += comparison.operations;
        for (row, count) in comparison.allowed {
            *all.allowed.entry(row).or_default() += count;
        }
        if let (Some(at), Some(mismatch)) = (comparison.at, comparison.mismatch) {
            found.push((at, site, mismatch));
        }
    }
    all.operations /= SITES.len() as u64;
    // A stable sort: in one entry, the order of tables counts.
    found.sort_by_key(|&(at, ..)| at);
    let is_known =
        |(at, _, mismatch): &(usize, usize, Box<Mismatch>)| *at < lines.len() && known.find(mismatch).is_some();
    let Some(first) = found.iter().position(|found| !is_known(found)).or((!found.is_empty()).then_some(0)) else {
        return all;
    };
    let (at, site, mut mismatch) = found.remove(first);
    all.at = Some(at);
    all.besides = found.into_iter().filter(is_known).map(|(.., mismatch)| *mismatch).collect();
    if at >= lines.len() {
        // A death has no table.
        all.mismatch = by_itself(site, name).mismatch;
    } else {
        show_all(&mut mismatch, &columns, at);
        all.mismatch = Some(mismatch);
    }
    all
}

/// The answers of each table.
fn columns(script: &Script, lines: &[String]) -> [Vec<String>; 4] {
    let mut columns: [Vec<String>; 4] = Default::default();
    for (index, line) in lines.iter().enumerate() {
        let of_event = match script.entries.get(index).map(|entry| entry.verb()) {
            Some("checkpoint") => Some(1),
            Some("adopt" | "evict" | "prune") => Some(0),
            _ => None,
        };
        let mut answers = line.split('\t');
        for (site, column) in columns.iter_mut().enumerate() {
            column.push(match of_event {
                Some(node) if node != site => NOTHING.to_owned(),
                Some(_) => line.clone(),
                None => answers.next().unwrap_or_default().to_owned(),
            });
        }
    }
    columns
}

/// Has a failure show what all tables answered.
fn show_all(mismatch: &mut Mismatch, columns: &[Vec<String>; 4], at: usize) {
    let model = mismatch.replies.pop();
    let shown = |line: &String| {
        line.parse::<crate::script::Answered>().map_or_else(|error| error.to_string(), |answered| answered.to_string())
    };
    mismatch.replies = SHOWN.iter().zip(columns).map(|(&name, column)| (name, shown(&column[at]))).collect();
    mismatch.replies.extend(model);
}

/// What a death is named after: the function whose assertion failed, or else the first that its last words name, or else
/// how it died, and in which operation.
pub fn culprit(mismatch: &Mismatch) -> String {
    let reason = mismatch.reason.as_str();
    let before_assertion = reason.find("assertion failed").map_or("", |at| &reason[..at]);
    let last = before_assertion.rfind("__").map(|at| &before_assertion[at..]);
    let function = last.or_else(|| reason.find("__").map(|at| &reason[at..]));
    if let Some(text) = function {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        return text[..end].to_owned();
    }
    let how = reason.strip_prefix(mismatch.backends.0).map_or(reason, |rest| rest.trim_start_matches([':', ' ']));
    let how = how.split([':', ';']).take(2).collect::<Vec<_>>().join(":");
    format!("{how} in {}", mismatch.op)
}

/// Whether a failure is the end of a process.
pub(super) fn is_death(mismatch: &Mismatch) -> bool {
    mismatch.field == Aspect::Death
}
