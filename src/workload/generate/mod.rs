//! Workloads from seeds, in the manner of test/model: first a serial list of *sequences*, each a transaction or one operation
//! that is none (`serial.rs`), with what each has to wait for; then timestamps and an interleaving that keep to it
//! (`schedule.rs`). So no workload has a write conflict or a timestamp that breaks a rule, and transactions still overlap
//! each other, checkpoints and crashes in all ways that leave the outcome to nobody's luck.

mod schedule;
mod serial;

use super::{Operation, Workload};
use crate::program::dice::Dice;

/// Sizes of generated workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// The most sequences. Each workload has at least a fifth of them.
    pub sequences: u32,
    /// The most tables.
    pub tables: u32,
    /// Whether tables are layered; `None`: in a quarter of the workloads.
    pub disaggregated: Option<bool>,
}

impl Default for Knobs {
    fn default() -> Self {
        Knobs { sequences: 1000, tables: 10, disaggregated: None }
    }
}

/// What a workload is about.
pub(super) struct Sizes {
    pub sequences: u32,
    pub tables: Vec<TableSizes>,
    pub disaggregated: bool,
    /// Whether the connection has a log.
    pub logging: bool,
}

/// A table.
pub(super) struct TableSizes {
    pub formats: (&'static str, &'static str),
    pub largest_key: u32,
    pub largest_value: u32,
}

impl TableSizes {
    pub fn is_fixed(&self) -> bool {
        self.formats.1 == "8t"
    }
}

/// A workload.
pub fn generate(seed: u64, knobs: &Knobs) -> Workload {
    let dice = &mut Dice::new(seed);
    let sizes = Sizes::draw(dice, knobs);
    let mut operations = Vec::new();
    if sizes.disaggregated {
        let (object, config) = ("database".to_owned(), "disaggregated=true".to_owned());
        operations.push(Operation::Config { object, config });
    }
    if sizes.logging {
        let (object, config) = ("connection".to_owned(), "log=(enabled=true)".to_owned());
        operations.push(Operation::WtConfig { object, config });
    }
    for (table, TableSizes { formats: (key_format, value_format), .. }) in (1..).zip(&sizes.tables) {
        let (key_format, value_format) = ((*key_format).to_owned(), (*value_format).to_owned());
        operations.push(Operation::CreateTable { table, name: format!("table{table}"), key_format, value_format });
    }
    let sequences = serial::sequences(dice, &sizes);
    schedule::schedule(dice, sequences, sizes.logging, &mut operations);
    Workload::new(operations)
}

impl Sizes {
    fn draw(dice: &mut Dice, knobs: &Knobs) -> Sizes {
        let disaggregated = knobs.disaggregated.unwrap_or_else(|| dice.percent(25));
        let count = dice.range(knobs.tables.min(3), knobs.tables);
        let largest_key = [10, 100, 10_000, 100_000][dice.index(4)];
        let sequences = dice.range(knobs.sequences.div_ceil(5), knobs.sequences);
        let tables = (0..count).map(|_| match dice.below(10) {
            0 if !disaggregated => {
                TableSizes { formats: ("r", "8t"), largest_key: largest_key.min(500), largest_value: 255 }
            }
            1 if !disaggregated => TableSizes { formats: ("r", "Q"), largest_key, largest_value: 1_000_000 },
            _ => TableSizes { formats: ("Q", "Q"), largest_key, largest_value: 1_000_000 },
        });
        Sizes { sequences, tables: tables.collect(), disaggregated, logging: !disaggregated && dice.percent(50) }
    }
}
