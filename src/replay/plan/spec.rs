//! What a plan is made from: tables with their percentages, the number of lanes, a seed.
//!
//! Tables as text, for the command line and for fingerprints: `TYPE:NAME=NUMBER:...`, separated by commas, `10x` before
//! one for ten of them. `row:base=1000:insert=53:remove=5,4xfix:bits=4:insert=100`.

use super::left_out::LeftOut;
use super::percent::Percent;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a table stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Any key, any value. Private to each node.
    Row,
    /// The same, shared between nodes through checkpoints: ingest and stable.
    Layered,
    /// Record numbers, any value.
    Variable,
    /// Record numbers, values of so many bits, 1 to 8. 0 is the same as no value, and is never written.
    Fixed {
        /// Bits per value.
        bits: u8,
    },
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpKind {
    /// Makes the next key of the table.
    Insert,
    /// Writes a key, whether it is there or not.
    Update,
    /// Removes a key.
    Remove,
    /// Changes a part of a key's value.
    Modify,
    /// Reads a key.
    Read,
    /// Removes a range of keys.
    Truncate,
}

impl OpKind {
    /// All of them, in the order in which percentages are added up.
    pub const ALL: [OpKind; 6] =
        [OpKind::Insert, OpKind::Update, OpKind::Remove, OpKind::Modify, OpKind::Read, OpKind::Truncate];

    /// The name in specifications and reports.
    pub const fn name(self) -> &'static str {
        match self {
            OpKind::Insert => "insert",
            OpKind::Update => "update",
            OpKind::Remove => "remove",
            OpKind::Modify => "modify",
            OpKind::Read => "read",
            OpKind::Truncate => "truncate",
        }
    }
}

/// A table of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// What it stores.
    pub kind: TableKind,
    /// Keys 1 to `base` are there before the first operation.
    pub base: u64,
    /// How much more often than a table of weight 1 it is chosen.
    pub weight: u32,
    /// Of the operations on this table, how many are of each kind. All in all 100 %.
    pub percent: [Percent; OpKind::ALL.len()],
}

impl TableSpec {
    /// A table that is only read.
    pub fn new(kind: TableKind, base: u64) -> Self {
        let mut percent = [Percent::NONE; OpKind::ALL.len()];
        percent[OpKind::Read as usize] = Percent::ALL;
        TableSpec { kind, base, weight: 1, percent }
    }

    /// The same with another percentage of one kind, taken from the reads.
    pub fn with(mut self, kind: OpKind, percent: Percent) -> Self {
        self.percent[kind as usize] = percent;
        let others = OpKind::ALL.into_iter().filter(|&other| other != OpKind::Read);
        let sum: u32 = others.map(|other| self.percent[other as usize].thousandths()).sum();
        self.percent[OpKind::Read as usize] = Percent::milli(Percent::ALL.thousandths().saturating_sub(sum));
        self
    }

    /// The percentage of a kind.
    pub fn percent(&self, kind: OpKind) -> Percent {
        self.percent[kind as usize]
    }
}

/// All that a plan depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The seed of all draws.
    pub seed: u64,
    /// How many lanes: operation t is done in lane t modulo this. Should be many times the number of threads.
    pub lanes: u32,
    /// The tables.
    pub tables: Vec<TableSpec>,
    /// How many of the writing transactions are prepared before they commit.
    pub prepared: Percent,
    /// What is left out of it. Usually nothing.
    pub left_out: LeftOut,
}

impl Spec {
    /// The most lanes there may be.
    pub const MAX_LANES: u32 = 65_535;
    /// The most tables there may be.
    pub const MAX_TABLES: usize = 1024;
    /// The most keys a table may begin with.
    pub const MAX_BASE: u64 = 1 << 22;
    /// The lanes of a plan that asks for no other number.
    pub const LANES: u32 = 1024;

    /// A plan with the usual number of lanes, and nothing prepared.
    pub fn new(seed: u64, tables: Vec<TableSpec>) -> Self {
        Spec { seed, lanes: Spec::LANES, tables, prepared: Percent::NONE, left_out: LeftOut::default() }
    }

    /// Whether there is a plan for it.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.lanes == 0 || self.lanes > Spec::MAX_LANES {
            return Err(SpecError::Lanes);
        }
        if self.tables.is_empty() || self.tables.len() > Spec::MAX_TABLES {
            return Err(SpecError::Tables);
        }
        for (index, table) in self.tables.iter().enumerate() {
            let sum: u32 = table.percent.iter().map(|percent| percent.thousandths()).sum();
            if sum != Percent::ALL.thousandths() {
                return Err(SpecError::Percentages { table: index });
            }
            if table.base > Spec::MAX_BASE {
                return Err(SpecError::Base { table: index });
            }
            if !(1..=1_000_000).contains(&table.weight) {
                return Err(SpecError::Weight { table: index });
            }
            if matches!(table.kind, TableKind::Fixed { bits } if !(1..=8).contains(&bits)) {
                return Err(SpecError::Bits { table: index });
            }
        }
        match self.left_out.tables.last() {
            Some(&table) if usize::from(table) >= self.tables.len() => {
                Err(SpecError::LeftOut { table, tables: self.tables.len() })
            }
            _ => Ok(()),
        }
    }
}

/// Why there is no plan for a specification.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecError {
    /// No lanes, or too many.
    #[error("write 1 to {} lanes", Spec::MAX_LANES)]
    Lanes,
    /// No tables, or too many.
    #[error("write 1 to {} tables", Spec::MAX_TABLES)]
    Tables,
    /// More or less than everything.
    #[error("table {table}: the percentages of its operations have to add up to 100")]
    Percentages {
        /// The table's number.
        table: usize,
    },
    /// Too many rows.
    #[error("table {table}: base may be {} at most", Spec::MAX_BASE)]
    Base {
        /// The table's number.
        table: usize,
    },
    /// A weight of nothing, or too much.
    #[error("table {table}: weight has to be 1 to 1000000")]
    Weight {
        /// The table's number.
        table: usize,
    },
    /// No such values.
    #[error("table {table}: bits has to be 1 to 8")]
    Bits {
        /// The table's number.
        table: usize,
    },
    /// A table is left out that there is not.
    #[error("there is no table {table} to be left out: the last one is {}", .tables - 1)]
    LeftOut {
        /// The number that no table has.
        table: u16,
        /// How many there are.
        tables: usize,
    },
    /// Not a table as text.
    #[error("{0}")]
    Text(String),
}

impl SpecError {
    /// The table that is to blame.
    pub fn table(&self) -> Option<usize> {
        match *self {
            SpecError::Percentages { table }
            | SpecError::Base { table }
            | SpecError::Weight { table }
            | SpecError::Bits { table } => Some(table),
            SpecError::Lanes | SpecError::Tables | SpecError::LeftOut { .. } | SpecError::Text(_) => None,
        }
    }
}

impl fmt::Display for TableSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TableKind::Row => write!(f, "row")?,
            TableKind::Layered => write!(f, "layered")?,
            TableKind::Variable => write!(f, "var")?,
            TableKind::Fixed { bits } => write!(f, "fix:bits={bits}")?,
        }
        write!(f, ":base={}", self.base)?;
        if self.weight != 1 {
            write!(f, ":weight={}", self.weight)?;
        }
        for kind in OpKind::ALL {
            let percent = self.percent(kind);
            if percent > Percent::NONE && kind != OpKind::Read {
                write!(f, ":{}={percent}", kind.name())?;
            }
        }
        Ok(())
    }
}

impl FromStr for TableSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wrong = |what: String| SpecError::Text(format!("table '{text}': {what}"));
        let mut parts = text.split(':');
        let kind = match parts.next() {
            Some("row") => TableKind::Row,
            Some("layered") => TableKind::Layered,
            Some("var") => TableKind::Variable,
            Some("fix") => TableKind::Fixed { bits: 8 },
            _ => return Err(wrong("begin with row, layered, var or fix".to_owned())),
        };
        let mut table = TableSpec::new(kind, 0);
        let mut reads = None;
        let mut names = Vec::new();
        for part in parts {
            let (name, number) = part.split_once('=').ok_or_else(|| wrong(format!("'{part}' is no NAME=NUMBER")))?;
            if names.contains(&name) {
                return Err(wrong(format!("it has '{name}' twice: leave one out")));
            }
            names.push(name);
            let whole = || number.parse::<u64>().map_err(|_| wrong(format!("'{number}' is no whole number")));
            match (name, &mut table.kind) {
                ("base", _) => table.base = whole()?,
                ("weight", _) => table.weight = whole()?.try_into().unwrap_or(0),
                ("bits", TableKind::Fixed { bits }) => *bits = whole()?.try_into().unwrap_or(0),
                _ => {
                    let op = OpKind::ALL.into_iter().find(|op| op.name() == name);
                    let op = op.ok_or_else(|| wrong(format!("it has no '{name}'")))?;
                    let percent = number.parse().map_err(wrong)?;
                    match op {
                        OpKind::Read => reads = Some(percent),
                        _ => table.percent[op as usize] = percent,
                    }
                }
            }
        }
        // What is left over is read, unless it is said how much that should be.
        let insert = table.percent(OpKind::Insert);
        let table = table.with(OpKind::Insert, insert);
        Ok(match reads {
            Some(reads) => {
                let mut table = table;
                table.percent[OpKind::Read as usize] = reads;
                table
            }
            None => table,
        })
    }
}

/// Tables as text.
pub fn tables(text: &str) -> Result<Vec<TableSpec>, SpecError> {
    let mut tables = Vec::new();
    for part in text.split(',') {
        let times = part.split_once('x').and_then(|(times, rest)| Some((times.parse::<usize>().ok()?, rest)));
        let (times, one) = times.unwrap_or((1, part));
        if times == 0 || tables.len() + times.min(Spec::MAX_TABLES + 1) > Spec::MAX_TABLES {
            return Err(SpecError::Tables);
        }
        let one: TableSpec = one.parse()?;
        tables.extend(std::iter::repeat_n(one, times));
    }
    Spec::new(0, tables.clone()).check().map(|()| tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_as_they_are_read() {
        for text in ["row:base=0", "var:base=1000:weight=3:insert=53:update=10.5", "fix:bits=4:base=7:insert=100"] {
            assert_eq!(text.parse::<TableSpec>().map(|table| table.to_string()), Ok(text.to_owned()));
        }
        let many = tables("2xrow:insert=5,fix:bits=1").expect("three tables");
        assert_eq!(many.len(), 3);
        assert_eq!(many[1], TableSpec::new(TableKind::Row, 0).with(OpKind::Insert, Percent::whole(5)));
        assert_eq!(many[0].percent(OpKind::Read), Percent::whole(95));
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said() {
        for (text, what) in [
            ("", "begin with row, layered, var or fix"),
            ("row:bits=1", "it has no 'bits'"),
            ("row:base", "'base' is no NAME=NUMBER"),
            ("var:insert=101", "'101' is no percentage"),
            ("var:insert=60:update=50", "table 0: the percentages of its operations have to add up to 100"),
            ("var:insert=60:read=30", "table 0: the percentages of its operations have to add up to 100"),
            ("row:insert=5:base=1:insert=5", "it has 'insert' twice"),
            ("fix:bits=4:bits=4", "it has 'bits' twice"),
            ("fix:bits=9", "table 0: bits has to be 1 to 8"),
            ("fix:weight=0", "table 0: weight has to be 1"),
            ("0xrow", "write 1 to 1024 tables"),
            ("9999999999999xrow", "write 1 to 1024 tables"),
        ] {
            let error = tables(text).expect_err(text).to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
