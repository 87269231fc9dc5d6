//! Workloads of WiredTiger's test/model: those under `tests/workloads` agree and use the whole language, what they answer is
//! recorded; generated ones agree, too.

use expect_test::expect_file;
use lockstep::workload::{Answer, Knobs, Line, Listener, Operation, Workload, check, generate, run};
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

#[test]
fn layered_tables_without_a_stable_timestamp_are_empty_after_a_crash() {
    let text = "\
config(\"database\", \"disaggregated=true\")
create_table(1, \"a\", \"Q\", \"Q\")
create_table(2, \"b\", \"Q\", \"Q\")
begin_transaction(1)
insert(2, 1, 1, 1)
commit_transaction(1)
checkpoint()
crash()
begin_transaction(1)
get(2, 1, 1)
insert(2, 1, 1, 2)
commit_transaction(1)
restart()
begin_transaction(1)
get(2, 1, 1)
";
    let mut recorder = Recorder::default();
    let outcome = run(&parse(text), &mut recorder).expect("it can be run").expect("no difference");
    assert_eq!(outcome.deaths, 3);
    let not_ok: Vec<&str> = recorder.0.lines().filter(|line| !line.ends_with(" => ok")).collect();
    assert_eq!(
        not_ok,
        ["   7 checkpoint() => einval", "  10 get(2, 1, 1) => notfound", "  15 get(2, 1, 1) => notfound"]
    );
}

// ---- generated

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
