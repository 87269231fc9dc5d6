//! A run as an input of the fuzz target `predictable_replay` says it: tables, lanes, schedule, stops, crashes.
//!
//! Any bytes are a run, and where they end all that comes is 0. Workers take turns on one thread, as the schedule's seed
//! says, so that the same bytes are the same run.

use super::execute::Extra;
use super::plan::{LeftOut, OpKind, Percent, Plan, Spec, TableKind, TableSpec};
use super::run::{Outcome, Settings, Stage, run};
use crate::count::count;
use arbitrary::{Result, Unstructured};
use std::fmt;
use std::sync::Arc;

/// The most tables.
const TABLES: u8 = 4;
/// The most operations of a stage.
const OPERATIONS: u64 = 250;
/// The most stages.
const STAGES: u8 = 4;

/// A run.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is planned.
    pub spec: Spec,
    /// Its parts.
    pub stages: Vec<Stage>,
    /// How it goes.
    pub settings: Settings,
}

impl Case {
    /// The run that bytes mean.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut bytes = Unstructured::new(bytes);
        Case::take(&mut bytes).unwrap_or_else(|_| unreachable!("what is missing is 0"))
    }

    fn take(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let tables = (0..=below(bytes, TABLES)?).map(|_| table(bytes)).collect::<Result<Vec<_>>>()?;
        let lanes = pick(bytes, &[96, 1, 2, 3, 16, 64, 128, 1024])?;
        let prepared = Percent::whole(pick(bytes, &[0, 5, 30, 100])?);
        let seed = u64::from(bytes.arbitrary::<u16>()?);
        let spec = Spec { seed, lanes, tables, prepared, left_out: LeftOut::default() };
        let timing = u64::from(bytes.arbitrary::<u32>()?);
        let rolled_back = Percent::whole(pick(bytes, &[0, 5, 30, 100])?);
        let read_before = Percent::whole(pick(bytes, &[0, 20, 100])?);
        let settings = Settings {
            nodes: pick(bytes, &[2, 2, 2, 1])?,
            threads: false,
            stalls: pick(bytes, &[0, 3, 20, 100])?,
            conflicts: pick(bytes, &[0, 10, 100, 400])?,
            extra: Extra { seed: timing, rolled_back, read_before },
            every: 1 + u64::from(bytes.arbitrary::<u8>()?),
            lead: pick(bytes, &[None, None, None, Some(1), Some(10), Some(100)])?,
            ..Settings::new(timing)
        };
        let mut stages = Vec::new();
        let mut stop = 0;
        for _ in 0..=below(bytes, STAGES)? {
            stop += 1 + u64::from(bytes.arbitrary::<u8>()?) % OPERATIONS;
            let workers = 1 + usize::from(below(bytes, 16)?);
            stages.push(Stage { stop, workers, crash: below(bytes, 4)? == 3 });
        }
        Ok(Case { spec, stages, settings })
    }

    /// Runs it.
    ///
    /// # Errors
    /// What is not as planned, as text.
    pub fn run(&self) -> std::result::Result<Outcome, String> {
        let plan = Plan::new(self.spec.clone()).map_err(|error| error.to_string())?;
        let outcome = run(&Arc::new(plan), &self.stages, &self.settings).map_err(|error| error.to_string())?;
        match &outcome.failure {
            Some(failure) => Err(failure.to_string()),
            None => Ok(outcome),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { spec, stages, settings } = self;
        write!(f, "seed {}, {}, prepared {} %: ", spec.seed, count(spec.lanes, "lane"), spec.prepared)?;
        let tables = spec.tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        writeln!(f, "{tables}")?;
        let Settings { nodes, timing, stalls, conflicts, extra, every, lead, .. } = settings;
        let Extra { rolled_back, read_before, .. } = extra;
        writeln!(
            f,
            "timing {timing}, stalls {stalls}, conflicts {conflicts}, rolled back {rolled_back} %, read before \
             {read_before} %, {}, every {every}, lead {}",
            count(*nodes as u64, "node"),
            lead.map_or("unlimited".to_owned(), |lead| lead.to_string())
        )?;
        for Stage { stop, workers, crash } in stages {
            writeln!(f, "{} up to {stop}{}", count(*workers, "worker"), if *crash { ", crash" } else { "" })?;
        }
        Ok(())
    }
}

fn table(bytes: &mut Unstructured<'_>) -> Result<TableSpec> {
    let kinds = [TableKind::Layered, TableKind::Variable, TableKind::Fixed { bits: 8 }, TableKind::Row];
    let mut kind = pick(bytes, &kinds)?;
    if let TableKind::Fixed { bits } = &mut kind {
        *bits = 1 + below(bytes, 8)?;
    }
    let base = pick(bytes, &[50, 0, 1, 7, 95, 96, 97, 300])?;
    let mut table = TableSpec { weight: pick(bytes, &[1, 1, 2, 7])?, ..TableSpec::new(kind, base) };
    let mut left = 100;
    for op in [OpKind::Insert, OpKind::Update, OpKind::Remove, OpKind::Modify] {
        let percent = pick(bytes, &[20, 0, 5, 33, 53, 100])?.min(left);
        left -= percent;
        table = table.with(op, Percent::whole(percent));
    }
    let truncate = pick(bytes, &[0, 0, 500, 5000])?.min(left * 1000);
    Ok(table.with(OpKind::Truncate, Percent::milli(truncate)))
}

fn pick<T: Clone>(bytes: &mut Unstructured<'_>, of: &[T]) -> Result<T> {
    let index = usize::from(bytes.arbitrary::<u8>()?) % of.len();
    Ok(of[index].clone())
}

fn below(bytes: &mut Unstructured<'_>, bound: u8) -> Result<u8> {
    Ok(bytes.arbitrary::<u8>()? % bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_run() {
        for length in [0, 1, 7, 40, 300] {
            for byte in [0, 1, 77, 255] {
                let case = Case::decode(&vec![byte; length]);
                if let Err(what) = case.run() {
                    panic!("{what}\n{case}");
                }
            }
        }
    }
}
