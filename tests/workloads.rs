//! Workloads of WiredTiger's test/model: those under `tests/workloads` agree and use the whole language, what they answer is
//! recorded, and databases that are wrong are found out.

use expect_test::expect_file;
use lockstep::backend::{Call, Code, Format, Key, Reply, Value, Who};
use lockstep::shrink::{Budget, Failing};
use lockstep::workload::shrink::{Shrunk, shrink};
use lockstep::workload::{
    Answer, Aspect, Database, Death, Difference, Knobs, Line, Listener, Moment, Operation, Workload, check, databases,
    generate, run, run_on,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

/// The files, by name.
fn files() -> Vec<(String, String)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/workloads");
    let entries = std::fs::read_dir(directory).expect("a directory of workloads");
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

fn parse(text: &str) -> Workload {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Writes down what is answered.
#[derive(Default)]
struct Recorder(String);

impl Listener for Recorder {
    fn answered(&mut self, line: &Line, answer: &Answer) {
        writeln!(self.0, "{:>4} {} => {answer}", line.place.line, line.op).expect("a string");
    }
}

#[test]
fn files_agree_and_answer_as_recorded() {
    let mut recorded = String::new();
    for (name, text) in files() {
        assert!(text.starts_with("# "), "{name}: a workload begins with what it is for");
        let mut recorder = Recorder::default();
        let result = run(&parse(&text), &mut recorder).unwrap_or_else(|error| panic!("{name}:{error}"));
        let outcome = result.unwrap_or_else(|difference| panic!("{name}: {difference}"));
        assert!(outcome.tables >= 2, "{name}: {outcome:?}");
        writeln!(recorded, "{name}\n{}", recorder.0).expect("a string");
    }
    expect_file!["recorded/workloads.txt"].assert_eq(&recorded);
}

#[test]
fn files_use_the_whole_language() {
    let files = files();
    assert!(files.len() >= 15);
    let used: BTreeSet<&str> = files.iter().flat_map(|(_, text)| names(text)).collect();
    let all: BTreeSet<&str> = Operation::NAMES.iter().copied().collect();
    assert_eq!(used, all);
}

fn names(text: &str) -> Vec<&'static str> {
    parse(text).operations().map(Operation::name).collect()
}

#[test]
fn files_read_back_what_they_print() {
    for (name, text) in files() {
        let workload = parse(&text);
        assert_eq!(parse(&workload.to_string()), workload, "{name}");
    }
}

// ---- what cannot be run

fn refused(text: &str) -> String {
    check(&parse(text)).expect_err(text).to_string()
}

#[test]
fn what_is_not_there_is_named_with_its_place() {
    let table = "create_table(1, \"t\", \"Q\", \"Q\")\nbegin_transaction(7)\n";
    assert_eq!(refused("insert(1, 7, 1, 1)"), "1:8: there is no table 1: create it first");
    assert_eq!(refused(&format!("{table}insert(1, 8, 1, 1)")), "3:11: transaction 8 is not running: begin it first");
    assert_eq!(
        refused(&format!("{table}begin_transaction(7)")),
        "3:19: transaction 7 is running already: end it first"
    );
    assert_eq!(refused(&format!("{table}crash()\nget(1, 7, 1)")), "4:8: transaction 7 is not running: begin it first");
    assert_eq!(
        refused(&format!("{table}create_table(1, a, Q, Q)")),
        "3:14: table 1 is there already: take another number"
    );
    assert_eq!(
        refused(&format!("{table}create_table(2, t, Q, Q)")),
        "3:17: there is a table `t` already: take another name"
    );
    let formats = "Q and Q (row store), r and Q (variable-length columns) or r and 1t to 8t (fixed-length columns)";
    assert_eq!(refused("create_table(2, t, S, Q)"), format!("1:20: no numbers fit into S and Q: write {formats}"));
    let fixed = "create_table(1, t, r, 3t)\nbegin_transaction(7)\n";
    assert_eq!(refused(&format!("{fixed}insert(1, 7, 1, 8)")), "3:17: the largest value of table 1 is 7");
    let numbers = "table 1 is a column store: record numbers begin at 1";
    assert_eq!(refused(&format!("{fixed}insert(1, 7, 0, 1)")), format!("3:14: {numbers}"));
    assert_eq!(refused(&format!("{fixed}truncate(1, 7, 1, 0)")), format!("3:19: {numbers}"));
    assert_eq!(refused(&format!("{fixed}evict(1, 0)")), format!("3:10: {numbers}"));
    assert_eq!(refused(&format!("{table}config(database, leader)")), "3:1: config comes before all other operations");
    assert_eq!(refused("config(table, \"\")"), "1:8: `table` cannot be configured: it is database");
    assert_eq!(
        refused("config(database, \"logging=true\")"),
        "1:18: `logging` is no setting of a database: there are disaggregated and leader"
    );
    assert_eq!(refused("wt_config(session, a)"), "1:11: `session` cannot be configured: it is connection or table");
    let layered = "config(database, \"disaggregated=true\")\n";
    assert_eq!(
        refused(&format!("{layered}create_table(1, t, r, Q)")),
        "2:20: layered tables are row stores: write Q and Q"
    );
    let lost = format!("{layered}create_table(1, t, Q, Q)\ncrash()\nevict(1, 1)");
    assert_eq!(refused(&lost), "4:7: there is no table 1: create it first");
}

// ---- databases that are wrong

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// A conflict goes unnoticed.
    NoConflict,
    /// What is read is another value.
    OtherValue,
    /// A record is missing when a table is walked over.
    LostRecord,
    /// What a crash should have taken is still there.
    NoCrash,
    /// A checkpoint has nothing.
    EmptyCheckpoint,
}

/// A database that makes a mistake.
struct Liar {
    database: Box<dyn Database>,
    lie: Lie,
    /// How many records this walk has come to.
    walked: usize,
}

impl Database for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn create_table(&mut self, format: Format) {
        self.database.create_table(format);
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let mut reply = self.database.call(who, call);
        match (self.lie, call) {
            (Lie::NoConflict, Call::Insert) if reply.code == Code::Rollback => reply.code = Code::Ok,
            (Lie::OtherValue, Call::Search) if reply.code == Code::Ok => {
                reply.value = lockstep::backend::Field::External(Value::new(&9u64.to_be_bytes()));
            }
            (Lie::LostRecord, Call::Open(_)) => self.walked = 0,
            (Lie::LostRecord, Call::Next) => {
                self.walked += 1;
                if self.walked == 2 {
                    return self.database.call(who, call);
                }
            }
            _ => {}
        }
        reply
    }

    fn checkpoint(&mut self, name: Option<&str>) -> Code {
        self.database.checkpoint(name)
    }

    fn crash(&mut self, death: Death) {
        match self.lie {
            Lie::NoCrash => self.database.restart(),
            _ => self.database.crash(death),
        }
    }

    fn rollback_to_stable(&mut self) -> Code {
        self.database.rollback_to_stable()
    }

    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)> {
        match self.lie {
            Lie::EmptyCheckpoint => Vec::new(),
            _ => self.database.checkpointed(name, table),
        }
    }
}

const WORKLOAD: &str = "\
create_table(1, \"t\", \"Q\", \"Q\")
begin_transaction(1)
insert(1, 1, 10, 1)
insert(1, 1, 20, 2)
insert(1, 1, 30, 3)
commit_transaction(1)
checkpoint(\"early\")
begin_transaction(2)
begin_transaction(3)
insert(1, 2, 10, 4)
insert(1, 3, 10, 5)
get(1, 3, 20)
rollback_transaction(3)
commit_transaction(2)
crash()
";

/// What a run says about a database with a mistake.
fn found_out(lie: Lie) -> Difference {
    run_with(&parse(WORKLOAD), lie).expect("it is wrong")
}

/// The same for any workload. `None`: it does not show, or the workload cannot be run.
fn run_with(workload: &Workload, lie: Lie) -> Option<Difference> {
    let needs = check(workload).ok()?;
    let mut databases = databases(&needs);
    let model = databases.pop().expect("the model");
    let database = databases.pop().expect("the engine");
    let liar = Box::new(Liar { database, lie, walked: 0 });
    run_on(workload, &needs, vec![liar, model], &mut ()).err().map(|difference| *difference)
}

#[test]
fn wrong_return_codes_are_found() {
    let difference = found_out(Lie::NoConflict);
    assert_eq!((difference.line, difference.moment, &difference.aspect), (11, Moment::In, &Aspect::Code));
    let expected = "\
difference at line 11, insert(1, 3, 10, 5): return code of liar
    liar   ok
    model  rollback
what it comes from:
     1 create_table(1, \"t\", \"Q\", \"Q\") => ok
     2 begin_transaction(1) => ok
     3 insert(1, 1, 10, 1) => ok
     6 commit_transaction(1) => ok
     7 checkpoint(\"early\") => ok
     8 begin_transaction(2) => ok
     9 begin_transaction(3) => ok
    10 insert(1, 2, 10, 4) => ok
    11 insert(1, 3, 10, 5)";
    assert_eq!(difference.to_string(), expected);
}

#[test]
fn wrong_values_are_found() {
    let difference = found_out(Lie::OtherValue);
    assert_eq!(difference.headline(), "at line 12, get(1, 3, 20): record of liar");
    assert_eq!(difference.answers, ["ok 20=9", "ok 20=2"]);
}

#[test]
fn wrong_tables_are_found() {
    let difference = found_out(Lie::LostRecord);
    assert_eq!(difference.headline(), "after line 15, crash(): table 1, key 20 of liar");
    assert_eq!(difference.answers, ["no record", "2"]);
    assert_eq!(difference.class.to_string(), "crash: table of liar");
}

#[test]
fn what_survives_a_crash_by_mistake_is_found() {
    let difference = found_out(Lie::NoCrash);
    assert_eq!(difference.headline(), "after line 15, crash(): table 1, key 10 of liar");
    assert_eq!(difference.answers, ["4", "1"]);
}

#[test]
fn wrong_checkpoints_are_found() {
    let difference = found_out(Lie::EmptyCheckpoint);
    assert_eq!(
        difference.headline(),
        "after line 7, checkpoint(\"early\"): table 1, key 10 in the checkpoint \"early\" of liar"
    );
}

// ---- generated and shrunk

#[test]
fn generated_workloads_agree_and_use_the_language() {
    let knobs = Knobs { sequences: 120, tables: 5, disaggregated: None };
    let mut used = BTreeSet::new();
    let mut errors = 0;
    for seed in 0..40 {
        let workload = generate(seed, &knobs);
        assert_eq!(workload, generate(seed, &knobs));
        used.extend(workload.operations().map(Operation::name));
        let result = run(&workload, &mut ()).unwrap_or_else(|error| panic!("seed {seed}:{error}"));
        let outcome = result.unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
        errors += outcome.errors;
    }
    assert!(errors > 100, "{errors}");
    // Nops are time that passes, and a breakpoint is for somebody who waits there.
    let never = ["breakpoint", "nop"];
    let all: Vec<&str> = Operation::NAMES.iter().copied().filter(|name| !never.contains(name)).collect();
    assert_eq!(all.into_iter().filter(|name| !used.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Shrinks a workload that fails on a database with a mistake.
fn shrunk(workload: &Workload, lie: Lie, budget: Budget) -> Option<Shrunk> {
    let fails = |candidate: &Workload| {
        let difference = run_with(candidate, lie)?;
        Some(Failing { class: difference.class.clone(), steps: difference.operations })
    };
    shrink(workload, fails, budget).map(|(_, shrunk)| shrunk)
}

#[test]
fn a_failure_shrinks_to_what_it_takes() {
    let knobs = Knobs { sequences: 200, tables: 4, disaggregated: Some(false) };
    let workload = (0..)
        .map(|seed| generate(seed, &knobs))
        .find(|workload| run_with(workload, Lie::NoCrash).is_some_and(|difference| difference.class.at == "crash"));
    let workload = workload.expect("there are many seeds");
    let small = shrunk(&workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert!(small.complete);
    let expected = "\
create_table(1, \"table1\", \"Q\", \"Q\")
begin_transaction(1)
insert(1, 1, 1, 1)
commit_transaction(1)
crash()
";
    assert_eq!(small.workload.to_string(), expected);
    let again = shrunk(&workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert_eq!(again.workload, small.workload);
    let once_more = shrunk(&small.workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert_eq!(once_more.workload, small.workload);
    let poor = shrunk(&workload, Lie::NoCrash, Budget { executions: 3, ..Budget::default() }).expect("it fails");
    assert!(!poor.complete && poor.executions <= 3);
}

#[test]
fn shrinking_keeps_the_class() {
    let small = shrunk(&parse(WORKLOAD), Lie::NoConflict, Budget::default()).expect("it fails");
    let expected = "\
create_table(1, \"t\", \"Q\", \"Q\")
begin_transaction(1)
begin_transaction(2)
insert(1, 1, 1, 1)
insert(1, 2, 1, 1)
";
    assert_eq!(small.workload.to_string(), expected);
    assert!(shrunk(&parse("nop()"), Lie::NoConflict, Budget::default()).is_none());
}

/// Bugs that layered cursors really had, in the engine itself.
#[cfg(feature = "faults")]
#[test]
fn planted_faults_are_found() {
    use lockstep::engine::faults::{Fault, plant};
    let text = "\
config(\"database\", \"disaggregated=true\")
create_table(1, \"t\", \"Q\", \"Q\")
begin_transaction(1)
insert(1, 1, 10, 1)
insert(1, 1, 20, 2)
commit_transaction(1, 5)
set_stable_timestamp(5)
checkpoint()
set_oldest_timestamp(5)
set_stable_timestamp(6)
checkpoint()
evict(1, 10)
begin_transaction(2)
insert(1, 2, 15, 0x1414)
remove(1, 2, 10)
truncate(1, 2, 12, 20)
commit_transaction(2, 7)
";
    let mut found = Vec::new();
    for fault in [Fault::D1, Fault::B1, Fault::E3] {
        plant(Some(fault));
        let result = run(&parse(text), &mut ()).expect("it can be run");
        plant(None);
        found.extend(result.err().map(|difference| format!("{fault}: {}", difference.headline())));
    }
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(run(&parse(text), &mut ()).expect("it can be run").is_ok());
}
