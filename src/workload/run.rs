//! Runs a workload: every operation on every database, answer by answer; then table by table.
//!
//! Tables are compared whenever nobody is in a transaction by rule, so after a crash, a restart and a rollback to stable, and
//! at the end: as they are, and once more after a last restart. A checkpoint is compared when it has been taken, and those
//! with a name once more at the end.

use super::check::{Needs, check, sets_logging};
use super::database::Database;
use super::difference::{Aspect, Difference, Found, Moment};
use super::engine::{LayeredDatabase, PlainDatabase};
use super::format::{TableFormat, number_of};
use super::model::ModelDatabase;
use super::perform::{Answer, Content, Site, perform, scan};
use super::{Line, Operation, Workload, WorkloadError};
use crate::backend::{Code, Format, Who};
use crate::count::count;
use std::collections::{BTreeMap, BTreeSet};

/// What a run that found no difference did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// Operations.
    pub operations: u64,
    /// Those that did not answer `ok`.
    pub errors: u64,
    /// Tables that were compared, counted once for each time.
    pub tables: u64,
    /// Their records.
    pub records: u64,
    /// Times that the process died or was restarted.
    pub deaths: u64,
}

/// Hears what is answered.
pub trait Listener {
    /// All databases have given this answer to the operation in this line.
    fn answered(&mut self, line: &Line, answer: &Answer);
}

impl Listener for () {
    fn answered(&mut self, _line: &Line, _answer: &Answer) {}
}

/// The databases that a workload is run on: the engine, in one form or two, and last the model.
pub fn databases(needs: &Needs) -> Vec<Box<dyn Database>> {
    // The last session is for reading.
    let sessions = needs.transactions + 1;
    let mut databases: Vec<Box<dyn Database>> = if needs.disaggregated {
        LayeredDatabase::pair(sessions).into_iter().map(|node| Box::new(node) as Box<dyn Database>).collect()
    } else {
        vec![Box::new(PlainDatabase::new(sessions))]
    };
    databases.push(Box::new(ModelDatabase::new(sessions, needs.disaggregated)));
    databases
}

/// Runs a workload on the engine and on the model. The first difference ends the run.
///
/// # Errors
/// A workload that cannot be run.
pub fn run(
    workload: &Workload,
    listener: &mut dyn Listener,
) -> Result<Result<Outcome, Box<Difference>>, WorkloadError> {
    let needs = check(workload)?;
    Ok(run_on(workload, &needs, databases(&needs), listener))
}

/// Runs a workload that has been checked on databases of one's own. The last one is what the others are compared with.
///
/// # Errors
/// The first difference.
pub fn run_on(
    workload: &Workload,
    needs: &Needs,
    databases: Vec<Box<dyn Database>>,
    listener: &mut dyn Listener,
) -> Result<Outcome, Box<Difference>> {
    let mut run = Run::new(workload, needs, databases);
    for (index, line) in workload.lines.iter().enumerate() {
        run.line(index, line, listener)?;
    }
    run.end()?;
    Ok(run.outcome)
}

/// A run in progress.
struct Run<'a> {
    workload: &'a Workload,
    needs: &'a Needs,
    databases: Vec<Box<dyn Database>>,
    outcome: Outcome,
    /// The operations done so far, the current one included.
    done: usize,
    answers: Vec<Answer>,
    /// By number: the order of creation, and the format.
    tables: BTreeMap<u64, (u8, TableFormat)>,
    /// Tables created so far, those that are gone included.
    created: usize,
    /// The sessions of running transactions, and those that are free.
    sessions: BTreeMap<u64, u8>,
    free: BTreeSet<u8>,
    logging: bool,
    /// The names of checkpoints so far.
    checkpoints: BTreeSet<Option<String>>,
    /// The tables that a crash leaves, where it takes some.
    kept: BTreeMap<u64, (u8, TableFormat)>,
}

impl<'a> Run<'a> {
    fn new(workload: &'a Workload, needs: &'a Needs, databases: Vec<Box<dyn Database>>) -> Self {
        Run {
            workload,
            needs,
            databases,
            outcome: Outcome::default(),
            done: 0,
            answers: Vec::new(),
            tables: BTreeMap::new(),
            created: 0,
            sessions: BTreeMap::new(),
            free: (0..needs.transactions as u8).collect(),
            logging: false,
            checkpoints: BTreeSet::new(),
            kept: BTreeMap::new(),
        }
    }

    /// The session that has no transaction.
    fn reader(&self) -> Who {
        Who { session: self.needs.transactions as u8, cursor: 0 }
    }

    fn line(&mut self, index: usize, line: &Line, listener: &mut dyn Listener) -> Result<(), Box<Difference>> {
        self.done = index + 1;
        let site = self.site(&line.op);
        let mut answers: Vec<Answer> =
            self.databases.iter_mut().map(|database| perform(&mut **database, &line.op, &site)).collect();
        let expected = answers.pop().unwrap_or_else(|| Code::Ok.into());
        for (number, answer) in answers.iter().enumerate() {
            if *answer != expected {
                let aspect = if answer.code == expected.code { Aspect::Record } else { Aspect::Code };
                let says = [answer, &expected].map(ToString::to_string);
                return Err(self.difference(Moment::In, aspect, number, None, says));
            }
        }
        listener.answered(line, &expected);
        self.outcome.operations += 1;
        self.outcome.errors += u64::from(expected.code != Code::Ok);
        let code = expected.code;
        self.answers.push(expected);
        self.after(&line.op, code)
    }

    /// Where an operation is to be done. What it names is there: the workload has been checked.
    fn site(&mut self, op: &Operation) -> Site {
        match op {
            Operation::BeginTransaction { txn } => {
                if let Some(session) = self.free.pop_first() {
                    self.sessions.insert(*txn, session);
                }
            }
            Operation::CreateTable { table, key_format, value_format, .. } => {
                if let Some(format) = TableFormat::new(key_format, value_format) {
                    self.tables.insert(*table, (self.created as u8, format));
                    self.created += 1;
                }
            }
            Operation::WtConfig { object, config } if object == "connection" => {
                // Shared storage knows no log.
                self.logging = sets_logging(config).unwrap_or(self.logging) && !self.needs.disaggregated;
            }
            _ => {}
        }
        let session = op.txn().and_then(|txn| self.sessions.get(&txn)).copied();
        let table = op.table().and_then(|table| self.tables.get(&table)).copied();
        let row_store = TableFormat { format: Default::default(), largest: u64::MAX };
        Site {
            session: session.unwrap_or(self.reader().session),
            table: table.unwrap_or((0, row_store)),
            logging: self.logging,
        }
    }

    /// What follows from an operation that all databases have done alike.
    fn after(&mut self, op: &Operation, code: Code) -> Result<(), Box<Difference>> {
        if let Some(txn) = op.txn().filter(|_| op.ends_transaction()) {
            self.free.extend(self.sessions.remove(&txn));
        }
        match op {
            Operation::Checkpoint { name } => {
                // As for a checker, which does not know how it ends.
                self.kept = self.tables.clone();
                if code != Code::Ok {
                    return Ok(());
                }
                self.checkpoints.insert(name.clone());
                self.compare_checkpoint(Moment::After, name.clone())
            }
            Operation::RollbackToStable if code == Code::Ok => self.compare_tables(Moment::After),
            _ if op.ends_process() => {
                self.free.extend(std::mem::take(&mut self.sessions).into_values());
                self.outcome.deaths += 1;
                if self.needs.disaggregated && *op != Operation::Restart {
                    self.tables = self.kept.clone();
                } else {
                    self.kept = self.tables.clone();
                }
                self.compare_tables(Moment::After)
            }
            _ => Ok(()),
        }
    }

    /// The tables as they are at the end, what is in named checkpoints, and what a restart makes of it all.
    fn end(&mut self) -> Result<(), Box<Difference>> {
        self.compare_tables(Moment::End)?;
        for name in std::mem::take(&mut self.checkpoints) {
            self.compare_checkpoint(Moment::End, name)?;
        }
        self.databases.iter_mut().for_each(|database| database.restart());
        self.outcome.deaths += 1;
        self.compare_tables(Moment::LastRestart)
    }

    fn compare_tables(&mut self, moment: Moment) -> Result<(), Box<Difference>> {
        let reader = self.reader();
        for (number, (table, _)) in self.tables.clone() {
            let scans = self.databases.iter_mut().map(|database| scan(&mut **database, reader, table));
            let contents = scans.collect();
            self.compare(moment, Aspect::Table, number, contents)?;
        }
        Ok(())
    }

    fn compare_checkpoint(&mut self, moment: Moment, name: Option<String>) -> Result<(), Box<Difference>> {
        for (number, (table, format)) in self.tables.clone() {
            // In a fixed-length table 0 says no more than that the record is before the end.
            let is_shown = |record: &(u64, u64)| format.format != Format::Fixed || record.1 != 0;
            let content = |database: &dyn Database| {
                let records = database.checkpointed(name.as_deref(), table);
                let records = records.iter().map(|(key, value)| (number_of(key), number_of(value)));
                Content { records: records.filter(is_shown).collect(), ended: Code::NotFound }
            };
            let contents = self.databases.iter().map(|database| content(&**database)).collect();
            self.compare(moment, Aspect::Checkpoint(name.clone()), number, contents)?;
        }
        Ok(())
    }

    fn compare(
        &mut self,
        moment: Moment,
        aspect: Aspect,
        table: u64,
        mut contents: Vec<Content>,
    ) -> Result<(), Box<Difference>> {
        let expected = contents.pop().unwrap_or(Content { records: Vec::new(), ended: Code::NotFound });
        self.outcome.tables += 1;
        self.outcome.records += expected.records.len() as u64;
        for (number, content) in contents.iter().enumerate() {
            if *content != expected {
                let (key, says) = first_difference(content, &expected);
                return Err(self.difference(moment, aspect, number, Some((table, key)), says));
            }
        }
        Ok(())
    }

    fn difference(
        &self,
        moment: Moment,
        aspect: Aspect,
        number: usize,
        at: Option<(u64, Option<u64>)>,
        says: [String; 2],
    ) -> Box<Difference> {
        let names = [number, self.databases.len() - 1].map(|number| self.databases[number].name());
        let found = Found { moment, aspect, databases: names, at, says };
        Box::new(Difference::new(self.workload, self.done, &self.answers, found))
    }
}

/// The first key at which two contents differ (`None`: only the ends do), and what each has there.
fn first_difference(got: &Content, expected: &Content) -> (Option<u64>, [String; 2]) {
    let sides = [got, expected];
    let maps = sides.map(|content| content.records.iter().copied().collect::<BTreeMap<u64, u64>>());
    let keys: BTreeSet<u64> = maps.iter().flat_map(|map| map.keys().copied()).collect();
    match keys.into_iter().find(|key| maps[0].get(key) != maps[1].get(key)) {
        Some(key) => {
            let says = |map: &BTreeMap<u64, u64>| map.get(&key).map_or("no record".to_owned(), u64::to_string);
            (Some(key), [says(&maps[0]), says(&maps[1])])
        }
        None => {
            (None, sides.map(|content| format!("{}, then {}", count(content.records.len(), "record"), content.ended)))
        }
    }
}
