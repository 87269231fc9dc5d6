//! What is said about a difference: where it is, what each side answered, and what came before as far as it concerns it.

use super::perform::Answer;
use super::{Operation, Workload};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// When a difference showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// In the answer to an operation.
    In,
    /// After an operation that was answered alike.
    After,
    /// At the end of the workload.
    End,
    /// After the restart that follows the end.
    LastRestart,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The return code.
    Code,
    /// The record that was read.
    Record,
    /// What is in a table.
    Table,
    /// What is in a checkpoint, with its name.
    Checkpoint(Option<String>),
    /// One side panicked.
    Panic(String),
}

/// What two differences must share to be taken for the same bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Class {
    /// The name of the operation, `end` or `last restart`.
    pub at: &'static str,
    /// What differs; of a panic also where it is.
    pub what: String,
    /// The side that is not the model.
    pub database: &'static str,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Class { at, what, database } = self;
        write!(f, "{at}: {what} of {database}")
    }
}

/// A difference between a database and the model.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The line of the last operation, from 1; 0 if there was none.
    pub line: usize,
    /// How many operations had been done, that one included.
    pub operations: usize,
    /// The operation as text.
    pub operation: String,
    /// When it showed.
    pub moment: Moment,
    /// What differs.
    pub aspect: Aspect,
    /// The class.
    pub class: Class,
    /// The databases: the one that differs, and the model.
    pub databases: [&'static str; 2],
    /// What each of them has.
    pub answers: [String; 2],
    /// The table, if its content differs.
    pub table: Option<u64>,
    /// The first key that differs.
    pub key: Option<u64>,
    /// What came before: lines with their answers.
    pub context: Vec<String>,
}

/// What a run has found.
pub(super) struct Found {
    pub moment: Moment,
    pub aspect: Aspect,
    /// The one that differs, and the model.
    pub databases: [&'static str; 2],
    /// The table and the key, if it is its content.
    pub at: Option<(u64, Option<u64>)>,
    /// What each of the databases has.
    pub says: [String; 2],
}

/// The most lines of context about the same key or the same transactions.
const CLOSE: usize = 16;
/// The most lines about what concerns everything.
const GENERAL: usize = 6;

impl Difference {
    /// What is to be said about what was found after `done` operations, to which there are `answers`.
    pub(super) fn new(workload: &Workload, done: usize, answers: &[Answer], found: Found) -> Self {
        let Found { moment, aspect, databases, at, says } = found;
        let last = done.checked_sub(1).map(|index| &workload.lines[index]);
        let name = match (moment, last) {
            (Moment::In | Moment::After, Some(line)) => line.op.name(),
            (Moment::LastRestart, _) => "last restart",
            _ => "end",
        };
        let what = match &aspect {
            Aspect::Code => "code".to_owned(),
            Aspect::Record => "record".to_owned(),
            Aspect::Table => "table".to_owned(),
            Aspect::Checkpoint(_) => "checkpoint".to_owned(),
            Aspect::Panic(location) => format!("panic at {location}"),
        };
        Difference {
            line: last.map_or(0, |line| line.place.line),
            operations: done,
            operation: last.map_or_else(String::new, |line| line.op.to_string()),
            moment,
            class: Class { at: name, what, database: databases[0] },
            aspect,
            databases,
            answers: says,
            table: at.map(|(table, _)| table),
            key: at.and_then(|(_, key)| key),
            context: context(workload, done, answers, at),
        }
    }

    /// What is to be said about a panic during the operation that comes after `done` others (or at the end).
    pub fn panicked(workload: &Workload, done: usize, location: String, message: String) -> Self {
        let moment = if done < workload.lines.len() { Moment::In } else { Moment::End };
        let found = Found {
            moment,
            aspect: Aspect::Panic(location),
            databases: ["engine", "model"],
            at: None,
            says: [message, String::new()],
        };
        Difference::new(workload, (done + 1).min(workload.lines.len()), &[], found)
    }

    /// The difference in one line.
    pub fn headline(&self) -> String {
        let Difference { line, operation, databases: [database, _], .. } = self;
        let key = self.key.map_or_else(String::new, |key| format!(", key {key}"));
        let table = self.table.map_or_else(String::new, |table| format!("table {table}{key}"));
        let what = match &self.aspect {
            Aspect::Code => "return code".to_owned(),
            Aspect::Record => "record".to_owned(),
            Aspect::Table => table,
            Aspect::Checkpoint(None) => format!("{table} in the checkpoint"),
            Aspect::Checkpoint(Some(name)) => format!("{table} in the checkpoint \"{name}\""),
            Aspect::Panic(location) => format!("panic at {location}"),
        };
        match self.moment {
            Moment::In => format!("at line {line}, {operation}: {what} of {database}"),
            Moment::After => format!("after line {line}, {operation}: {what} of {database}"),
            Moment::End => format!("at the end, after line {line}: {what} of {database}"),
            Moment::LastRestart => format!("after a restart at the end: {what} of {database}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "difference {}", self.headline())?;
        let width = self.databases.iter().map(|name| name.len()).max().unwrap_or(0);
        for (name, answer) in self.databases.iter().zip(&self.answers).filter(|(_, answer)| !answer.is_empty()) {
            writeln!(f, "    {name:<width$}  {answer}")?;
        }
        write!(f, "what it comes from:")?;
        self.context.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// The last lines that concern what differs: about the same key and the transactions that wrote it, or about the same
/// transaction; and about whatever concerns everything.
fn context(workload: &Workload, done: usize, answers: &[Answer], at: Option<(u64, Option<u64>)>) -> Vec<String> {
    let lines = &workload.lines[..done];
    let last = lines.last().map(|line| &line.op);
    let key = at.and_then(|(table, key)| Some((table, key?))).or_else(|| last.and_then(key_of));
    let mut txns: BTreeSet<u64> = last.and_then(Operation::txn).into_iter().filter(|_| at.is_none()).collect();
    if let Some((table, key)) = key {
        txns.extend(lines.iter().filter(|line| touches(&line.op, table, key)).filter_map(|line| line.op.txn()));
    }
    let is_close = |op: &Operation| match (op.txn(), key) {
        _ if key_of(op).is_some() || matches!(op, Operation::Truncate { .. }) => match key {
            Some((table, key)) => touches(op, table, key),
            None => op.txn().is_some_and(|txn| txns.contains(&txn)),
        },
        (Some(txn), _) => txns.contains(&txn),
        (None, _) => false,
    };
    let is_general = |op: &Operation| {
        let concerns = !matches!(op, Operation::Nop | Operation::Breakpoint | Operation::Evict { .. });
        concerns && op.txn().is_none()
    };
    let newest = |count: usize, is_wanted: &dyn Fn(&Operation) -> bool| -> Vec<usize> {
        (0..done).rev().filter(|&index| is_wanted(&lines[index].op)).take(count).collect()
    };
    let mut shown: BTreeSet<usize> = newest(CLOSE, &is_close).into_iter().collect();
    shown.extend(newest(GENERAL, &is_general));
    shown.extend(done.checked_sub(1));
    let says = |index: usize| {
        let answer = answers.get(index).map_or_else(String::new, |answer| format!(" => {answer}"));
        format!("{:>6} {}{answer}", lines[index].place.line, lines[index].op)
    };
    shown.into_iter().map(says).collect()
}

/// The table and the key that an operation is about.
fn key_of(op: &Operation) -> Option<(u64, u64)> {
    match *op {
        Operation::Insert { table, key, .. }
        | Operation::Remove { table, key, .. }
        | Operation::Get { table, key, .. }
        | Operation::Evict { table, key } => Some((table, key)),
        _ => None,
    }
}

/// Whether an operation is about a record.
fn touches(op: &Operation, table: u64, key: u64) -> bool {
    match *op {
        Operation::Truncate { table: of, start, stop, .. } => of == table && (start..=stop).contains(&key),
        _ => key_of(op) == Some((table, key)),
    }
}
