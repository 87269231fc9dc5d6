//! Writes a workload that does to the tables what a program of Lockstep's does.
//!
//! The program is run by the model, and what it does there is written down (`scribe.rs`): transactions, writes by key,
//! whatever cursor made them, reads by key in transactions, timestamps, checkpoints, evictions. What leaves no trace in the
//! tables, such as walks, is left out, and counted. What does and cannot be said is left out with a comment at its place.
//! Keys and values become numbers: keys keep their order, equal values stay equal.

mod scribe;

use super::{Operation, Slot};
use crate::backend::{Format, Key, Value, record_number_of};
use crate::count::count;
use crate::program::Program;
use crate::run::run_by_the_model;
use scribe::{Item, OPEN_START, Scribe};
use std::collections::BTreeMap;

/// What is not in the language and was to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The workload as text, comments included.
    pub text: String,
    /// How many things were left out though they can matter: each has a comment at its place.
    pub left_out: usize,
}

/// The workload of a program. `disaggregated`: its tables are layered; that is possible for row stores only.
pub fn emit(program: &Program, disaggregated: bool) -> Emitted {
    let mut scribe = Scribe::new(&program.config);
    run_by_the_model(program, &mut scribe);
    let layered = disaggregated && !program.config.format.is_column();
    let Scribe { items, keys, values, reads, .. } = &mut scribe;
    let keys = key_numbers(keys, program.config.format);
    let values = value_numbers(values, program.config.format);
    let first = u64::from(program.config.format.is_column());
    let left_out = items.iter().filter(|item| matches!(item, Item::LeftOut(_))).count();
    let mut text = format!("# Of a program of {}.\n", count(program.steps.len(), "step"));
    if *reads > 0 {
        text.push_str(&format!("# Left out: reads and moves of cursors, which change nothing ({reads}).\n"));
    }
    if layered {
        let (object, config) = ("database".to_owned(), "disaggregated=true".to_owned());
        text.push_str(&format!("{}\n", Operation::Config { object, config }));
    }
    let (key_format, value_format) = formats(program.config.format);
    for table in 0..program.config.tables {
        text.push_str(&format!("{}\n", scribe::create(u64::from(table) + 1, key_format, value_format)));
    }
    for item in items {
        let line = match item {
            Item::LeftOut(comment) | Item::Comment(comment) => format!("# {comment}\n"),
            Item::Op(op) => {
                number(op, &keys, &values, first);
                format!("{op}\n")
            }
        };
        text.push_str(&line);
    }
    Emitted { text, left_out }
}

/// The formats that keep the numbers which stand for what tables of this format keep.
fn formats(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Row => ("Q", "Q"),
        Format::Variable => ("r", "Q"),
        Format::Fixed => ("r", "8t"),
    }
}

/// Puts numbers in the place of indices. `first` is the first key that there can be.
fn number(op: &mut Operation, keys: &[u64], values: &[u64], first: u64) {
    for slot in op.slots() {
        let (index, numbers) = match slot {
            Slot::Key(index) => (index, keys),
            Slot::Value(index) => (index, values),
            _ => continue,
        };
        if *index == OPEN_START {
            *index = first;
            continue;
        }
        *index = usize::try_from(*index).ok().and_then(|index| numbers.get(index)).copied().unwrap_or(*index);
    }
}

/// The number of each key. Text that is a decimal number stands for it as long as that keeps the order.
fn key_numbers(keys: &[Key], format: Format) -> Vec<u64> {
    if format.is_column() {
        return keys.iter().map(|key| record_number_of(key).unwrap_or(1)).collect();
    }
    let mut sorted: Vec<&Key> = keys.iter().collect();
    sorted.sort_unstable();
    let decimal = |key: &Key| std::str::from_utf8(key).ok().filter(|text| text.len() < 19)?.parse::<u64>().ok();
    let numbers: Option<Vec<u64>> = sorted.iter().map(|key| decimal(key)).collect();
    let numbers = numbers.filter(|numbers| numbers.is_sorted_by(|left, right| left < right));
    let numbers = numbers.unwrap_or_else(|| (1..=sorted.len() as u64).map(|rank| rank * 10).collect());
    let by_key: BTreeMap<&Key, u64> = sorted.into_iter().zip(numbers).collect();
    keys.iter().map(|key| by_key[key]).collect()
}

/// The number of each value: what it is in a fixed-length table, else its place in the order of appearance.
fn value_numbers(values: &[Value], format: Format) -> Vec<u64> {
    match format {
        Format::Fixed => values.iter().map(|value| u64::from(value.first().copied().unwrap_or(0))).collect(),
        Format::Row | Format::Variable => (1..=values.len() as u64).collect(),
    }
}
