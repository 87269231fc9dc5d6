//! What was counted, in the form that is printed: as a table or as JSON.

use crate::backend::Code;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// [`Stats`](super::Stats) in the form that is printed, as a table or as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Programs run.
    pub programs: u64,
    /// Steps executed.
    pub steps: u64,
    /// Primitive calls made on every backend.
    pub calls: u64,
    /// The share of the follower's records that stable served, 0 to 1.
    pub stable_share: f64,
    /// Moves of the follower's cursors that found both constituents on one key.
    pub both_on_one_key: u64,
    /// Checkpoints that the follower picked up.
    pub adoptions: u64,
    /// Those of them made while a cursor held a place.
    pub adoptions_while_placed: u64,
    /// Times that a cursor of the follower moved on to a newer checkpoint.
    pub cursor_rebinds: u64,
    /// Those of them made with the cursor on a record.
    pub rebinds_while_placed: u64,
    /// Keys dropped from ingest.
    pub pruned_keys: u64,
    /// Versions that went from ingest to stable when the follower became the leader.
    pub drained_versions: u64,
    /// The mean number of consecutive steps of one cursor that leave it placed.
    pub mean_placed_run: f64,
    /// What happened to the nodes and which steps of many calls there were, and in which situations.
    pub events: BTreeMap<&'static str, EventCounts>,
    /// What was to happen inside calls.
    pub hooks: Vec<HookCounts>,
    /// One row per operation, in the order of the table of operations.
    pub operations: Vec<OperationCounts>,
}

/// How often an operation had which outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationCounts {
    /// The name.
    pub op: &'static str,
    /// How often it was executed.
    pub total: u64,
    /// By the name of the code; `commit_failed` for writes that were done but not committed. Zeros are left out.
    pub outcomes: BTreeMap<&'static str, u64>,
}

/// How often an event happened, and in which situations. One event may count for several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventCounts {
    /// All in all.
    pub total: u64,
    /// With a cursor on a record.
    pub positioned: u64,
    /// With a placed cursor whose last step was one of a walk.
    pub walking: u64,
    /// With a transaction running.
    pub in_transaction: u64,
    /// With a walk that a prepared update has stopped.
    pub stalled: u64,
}

/// How often something was to happen at a point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookCounts {
    /// The point.
    pub at: &'static str,
    /// What was to happen.
    pub action: &'static str,
    /// How often the step passed the point, so that it happened there.
    pub passed: u64,
    /// How often it did not, so that it happened after the step.
    pub not_passed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = Code::ALL
            .iter()
            .map(|code| code.name())
            .chain(["commit_failed"])
            .filter(|name| self.operations.iter().any(|row| row.outcomes.contains_key(name)))
            .collect();
        let names = self.operations.iter().map(|row| row.op.len()).chain([14]).max().unwrap_or_default();
        write!(f, "{:<names$}{:>12}", "operation", "total")?;
        for name in &columns {
            write!(f, "{:>w$}", name, w = width(name))?;
        }
        writeln!(f)?;
        for row in &self.operations {
            write!(f, "{:<names$}{:>12}", row.op, row.total)?;
            for name in &columns {
                match row.outcomes.get(name) {
                    Some(count) => write!(f, "{:>w$}", count, w = width(name))?,
                    None => write!(f, "{:>w$}", ".", w = width(name))?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        writeln!(f, "programs                          {:>14}", self.programs)?;
        writeln!(f, "steps                             {:>14}", self.steps)?;
        writeln!(f, "calls per backend                 {:>14}", self.calls)?;
        writeln!(f, "follower reads served by stable   {:>13.1}%", self.stable_share * 100.0)?;
        writeln!(f, "moves with both on one key        {:>14}", self.both_on_one_key)?;
        writeln!(f, "adoptions                         {:>14}", self.adoptions)?;
        writeln!(f, "adoptions under a placed cursor   {:>14}", self.adoptions_while_placed)?;
        writeln!(f, "cursors moved to a new checkpoint {:>14}", self.cursor_rebinds)?;
        writeln!(f, "  while on a record               {:>14}", self.rebinds_while_placed)?;
        writeln!(f, "keys pruned from ingest           {:>14}", self.pruned_keys)?;
        writeln!(f, "versions drained at step-up       {:>14}", self.drained_versions)?;
        write!(f, "mean placed run, steps            {:>14.1}", self.mean_placed_run)?;
        self.show_events(f)
    }
}

impl Summary {
    /// What happened to the nodes, where anything did.
    fn show_events(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.events.is_empty() {
            write!(f, "\n\n{:<22}{:>12}", "event", "total")?;
            for name in ["positioned", "walking", "transaction", "stalled"] {
                write!(f, "{name:>13}")?;
            }
        }
        for (name, counts) in &self.events {
            write!(f, "\n{name:<22}{:>12}", counts.total)?;
            for count in [counts.positioned, counts.walking, counts.in_transaction, counts.stalled] {
                write!(f, "{count:>13}")?;
            }
        }
        if !self.hooks.is_empty() {
            write!(f, "\n\n{:<22}{:<12}{:>13}{:>13}", "hook at", "does", "in the call", "after it")?;
        }
        for HookCounts { at, action, passed, not_passed } in &self.hooks {
            write!(f, "\n{at:<22}{action:<12}{passed:>13}{not_passed:>13}")?;
        }
        Ok(())
    }
}

fn width(name: &str) -> usize {
    name.len().max(10) + 2
}
