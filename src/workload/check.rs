//! What a workload needs, and whether it can be run at all: what it names has to exist. Timestamps that break a rule are no
//! business of this: they have return codes.

use super::format::TableFormat;
use super::{Line, Operation, Workload, WorkloadError};
use crate::backend::Format;
use std::collections::{BTreeMap, BTreeSet};

/// The most tables that a workload may have, those included that a crash takes.
pub const MAX_TABLES: usize = 256;
/// The most transactions that may run at the same time.
pub const MAX_TRANSACTIONS: usize = 250;
/// The largest record number of a fixed-length table: every record before the last one is there, and is walked over.
pub const MAX_FIXED: u64 = 1_000_000;

/// What a run of a workload needs to know before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Tables are layered, and there is a leader and a follower.
    pub disaggregated: bool,
    /// The most transactions that run at the same time.
    pub transactions: usize,
}

/// Checks a workload.
///
/// # Errors
/// The first line of which no run could make sense, and the argument that is to blame.
pub fn check(workload: &Workload) -> Result<Needs, WorkloadError> {
    let mut checker = Checker { leads: true, ..Checker::default() };
    for line in &workload.lines {
        checker.line(line).map_err(|(argument, message)| wrong(line, argument, message))?;
    }
    Ok(checker.needs)
}

/// Whether a configuration of the database is one of disaggregated storage.
pub(super) fn is_disaggregated(config: &str) -> Result<bool, String> {
    let mut disaggregated = false;
    for setting in config.split(',').map(str::trim).filter(|setting| !setting.is_empty()) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
        let value = match value.trim() {
            "true" | "1" => true,
            "false" | "0" => false,
            other => return Err(format!("`{other}` is neither true nor false")),
        };
        match key.trim() {
            "disaggregated" => disaggregated = value,
            // Both roles are there in any case.
            "leader" => {}
            other => return Err(format!("`{other}` is no setting of a database: there are disaggregated and leader")),
        }
    }
    Ok(disaggregated)
}

/// Whether a configuration of a connection switches its log on or off; `None`: neither.
pub(super) fn sets_logging(config: &str) -> Option<bool> {
    let start = config.rfind("log=(")? + "log=(".len();
    let inner = config[start..].split(')').next()?;
    let enabled = inner.split(',').map(str::trim).rfind(|setting| setting.split('=').next() == Some("enabled"))?;
    Some(!matches!(enabled.split_once('='), Some((_, "false" | "0"))))
}

/// What is wrong with the brackets of a configuration of WiredTiger's. Those within quotes are text.
fn unbalanced(config: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut chars = config.chars();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if is_quoted => drop(chars.next()),
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => {
                return Some(format!("a `{c}` in `{config}` closes nothing: leave it out"));
            }
            _ => {}
        }
    }
    if is_quoted {
        return Some(format!("a quote in `{config}` is not closed: add one"));
    }
    open.pop().map(|close| format!("a `{close}` is missing in `{config}`"))
}

fn wrong(line: &Line, argument: Option<usize>, message: String) -> WorkloadError {
    let place = &line.place;
    let column = argument.and_then(|argument| place.arguments.get(argument)).copied().unwrap_or(place.column);
    WorkloadError { line: place.line, column, message }
}

/// What is wrong, and with which argument (`None`: with the operation).
type Wrong = (Option<usize>, String);

/// What there is at a line.
#[derive(Default)]
struct Checker {
    needs: Needs,
    /// Only configurations have come so far.
    leads: bool,
    tables: BTreeMap<u64, (TableFormat, String)>,
    /// The tables that a crash leaves, where it takes some.
    kept: BTreeMap<u64, (TableFormat, String)>,
    created: usize,
    running: BTreeSet<u64>,
}

impl Checker {
    fn line(&mut self, line: &Line) -> Result<(), Wrong> {
        if let Operation::Config { object, config } = &line.op {
            return self.config(object, config);
        }
        self.leads = false;
        match &line.op {
            Operation::WtConfig { object, .. } if object != "connection" && object != "table" => {
                return Err((Some(0), format!("`{object}` cannot be configured: it is connection or table")));
            }
            Operation::WtConfig { config, .. } => {
                if let Some(message) = unbalanced(config) {
                    return Err((Some(1), message));
                }
            }
            Operation::CreateTable { table, name, key_format, value_format } => {
                self.create(*table, name, key_format, value_format)?;
            }
            Operation::Checkpoint { .. } => self.kept = self.tables.clone(),
            _ => {}
        }
        self.table(&line.op)?;
        self.transaction(&line.op)
    }

    fn config(&mut self, object: &str, config: &str) -> Result<(), Wrong> {
        if object != "database" {
            return Err((Some(0), format!("`{object}` cannot be configured: it is database")));
        }
        if !self.leads {
            return Err((None, "config comes before all other operations".to_owned()));
        }
        self.needs.disaggregated = is_disaggregated(config).map_err(|message| (Some(1), message))?;
        Ok(())
    }

    fn create(&mut self, table: u64, name: &str, key_format: &str, value_format: &str) -> Result<(), Wrong> {
        if self.tables.contains_key(&table) {
            return Err((Some(0), format!("table {table} is there already: take another number")));
        }
        if self.tables.values().any(|(_, taken)| taken == name) {
            return Err((Some(1), format!("there is a table `{name}` already: take another name")));
        }
        let Some(format) = TableFormat::new(key_format, value_format) else {
            let formats =
                "Q and Q (row store), r and Q (variable-length columns) or r and 1t to 8t (fixed-length columns)";
            return Err((Some(2), format!("no numbers fit into {key_format} and {value_format}: write {formats}")));
        };
        if self.needs.disaggregated && format.format.is_column() {
            return Err((Some(2), "layered tables are row stores: write Q and Q".to_owned()));
        }
        self.created += 1;
        if self.created > MAX_TABLES {
            return Err((None, format!("there can be {MAX_TABLES} tables at most")));
        }
        self.tables.insert(table, (format, name.to_owned()));
        Ok(())
    }

    /// The table that the operation names, and what it would have to keep.
    fn table(&self, op: &Operation) -> Result<(), Wrong> {
        let Some(table) = op.table() else {
            return Ok(());
        };
        let Some(&(format, _)) = self.tables.get(&table) else {
            return Err((Some(0), format!("there is no table {table}: create it first")));
        };
        let keys = match *op {
            Operation::Insert { key, .. } | Operation::Remove { key, .. } | Operation::Get { key, .. } => {
                vec![(2, key)]
            }
            Operation::Evict { key, .. } => vec![(1, key)],
            Operation::Truncate { start, stop, .. } => vec![(2, start), (3, stop)],
            _ => Vec::new(),
        };
        if let Some((argument, _)) = keys.iter().find(|(_, key)| *key < format.smallest_key()) {
            return Err((Some(*argument), format!("table {table} is a column store: record numbers begin at 1")));
        }
        match *op {
            Operation::Insert { key, .. } if format.format == Format::Fixed && key > MAX_FIXED => {
                Err((Some(2), format!("table {table} has all records up to the last one: at most {MAX_FIXED}")))
            }
            Operation::Insert { value, .. } if value > format.largest => {
                Err((Some(3), format!("the largest value of table {table} is {}", format.largest)))
            }
            _ => Ok(()),
        }
    }

    fn transaction(&mut self, op: &Operation) -> Result<(), Wrong> {
        if op.ends_process() {
            self.running.clear();
            self.after_death(op);
            return Ok(());
        }
        let Some(txn) = op.txn() else {
            return Ok(());
        };
        // Operations on tables name their table first.
        let argument = Some(usize::from(op.table().is_some()));
        if matches!(op, Operation::BeginTransaction { .. }) {
            if !self.running.insert(txn) {
                return Err((argument, format!("transaction {txn} is running already: end it first")));
            }
            if self.running.len() > MAX_TRANSACTIONS {
                return Err((None, format!("no more than {MAX_TRANSACTIONS} transactions can run at the same time")));
            }
            self.needs.transactions = self.needs.transactions.max(self.running.len());
        } else if !self.running.contains(&txn) {
            return Err((argument, format!("transaction {txn} is not running: begin it first")));
        } else if op.ends_transaction() {
            self.running.remove(&txn);
        }
        Ok(())
    }

    /// Of disaggregated storage nothing is left but what a checkpoint has.
    fn after_death(&mut self, op: &Operation) {
        if self.needs.disaggregated && !matches!(op, Operation::Restart) {
            self.tables = self.kept.clone();
        } else {
            self.kept = self.tables.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_of_configurations_are_closed() {
        for fine in ["", "cache_size=1GB", "log=(enabled,file_max=(a))", "columns=[a,b],x=(y=[])", "a=\"(\\\"\",b=()"] {
            assert_eq!(unbalanced(fine), None, "{fine}");
        }
        for (config, what) in [
            ("log=(enabled=true", "a `)` is missing"),
            ("log=enabled)", "closes nothing"),
            ("a=([)]", "a `)` in `a=([)]` closes nothing"),
            ("a=[(b)", "a `]` is missing"),
            ("a=\"b", "a quote in"),
        ] {
            assert!(unbalanced(config).is_some_and(|message| message.contains(what)), "{config}");
        }
    }

    #[test]
    fn the_log_is_on_or_off() {
        assert_eq!(sets_logging("cache_size=1GB"), None);
        assert_eq!(sets_logging("log=(enabled=true)"), Some(true));
        assert_eq!(sets_logging("log=(file_max=1MB,enabled)"), Some(true));
        assert_eq!(sets_logging("cache_size=1GB,log=(enabled=false)"), Some(false));
        assert_eq!(sets_logging("log=(enabled=false),log=(enabled=true)"), Some(true));
    }
}
