//! Workloads and the command line: `lockstep workload`, `lockstep emit --to workload`, `lockstep shrink FILE.workload`.

use assert_cmd::Command;
use expect_test::expect;
use lockstep::program::{Profile, Program, generate};
use lockstep::workload::{Workload, emit, run};
use predicates::str::{contains, is_empty};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const GOOD: &str =
    "create_table(1, \"t\", \"Q\", \"Q\")\nbegin_transaction(7)\ninsert(1, 7, 1, 1)\ncommit_transaction(7)\n";

fn lockstep() -> Command {
    Command::cargo_bin("lockstep").expect("the binary is built with the tests")
}

/// A directory with files in it.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).expect("a temporary file");
    }
    directory
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[test]
fn workloads_that_agree_are_a_success() {
    let directory = directory(&[("a.workload", GOOD), ("README", "no workload"), ("b.workload", "nop()\n")]);
    let stdout = "2 agree, 0 mismatch, 0 bad input";
    lockstep().arg("workload").arg(directory.path()).assert().code(0).stdout(contains(stdout)).stderr(is_empty());
    let file = directory.path().join("a.workload");
    let said = "     3 insert(1, 7, 1, 1) => ok\n";
    lockstep().args(["workload", "-v"]).arg(&file).assert().code(0).stdout(contains(said));
    let json = lockstep().args(["workload", "--json"]).arg(&file).assert().code(0).get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((&json["agree"], &json["files"][0]["outcome"]["operations"]), (&1.into(), &4.into()));
}

#[test]
fn bad_input_is_named_with_its_place() {
    let wrong = format!("{GOOD}insert(1, 8, 1, 1)\n");
    let directory = directory(&[("bad.workload", &wrong), ("worse.workload", "nop(\n"), ("good.workload", GOOD)]);
    lockstep()
        .arg("workload")
        .arg(directory.path())
        .assert()
        .code(2)
        .stdout(contains("1 agree, 0 mismatch, 2 bad input"))
        .stderr(contains("bad.workload:5:11: transaction 8 is not running: begin it first"))
        .stderr(contains("worse.workload:1:5: `)` is missing"));
    lockstep().args(["workload", "absent.workload"]).assert().code(2).stderr(contains("absent.workload: cannot read"));
    lockstep().arg("workload").assert().code(2).stderr(contains("lockstep: "));
    let empty = tempfile::tempdir().expect("a temporary directory");
    lockstep().arg("workload").arg(empty.path()).assert().code(2).stderr(contains("has no workloads in it"));
}

#[test]
fn what_would_be_ignored_is_refused() {
    let directory = directory(&[("a.workload", GOOD), ("file", "precious")]);
    let file = directory.path().join("a.workload");
    for flag in
        [&["--seed", "3"][..], &["--sequences", "3"], &["--tables", "2"], &["--artifacts", "."], &["--seeds", "2"]]
    {
        let refused = lockstep().arg("workload").arg(&file).args(flag).assert().code(2);
        refused.stderr(contains(flag[0])).stdout(is_empty());
    }
    lockstep().args(["workload", "--seeds", "2", "-v"]).assert().code(2);
    // Where it could not be kept, nothing is looked for.
    let artifacts = directory.path().join("file/artifacts");
    let refused = lockstep().args(["workload", "--seeds", "1", "--artifacts"]).arg(artifacts).assert().code(2);
    refused.stderr(contains("file: is no directory")).stdout(is_empty());
    let brackets = format!("{GOOD}wt_config(\"connection\", \"log=(enabled=true\")\n");
    let nul = format!("{GOOD}checkpoint(\"a\0b\")\n");
    for (text, what) in [(brackets, ":5:25: a `)` is missing in `log=(enabled=true`"), (nul, ":5:14: a NUL byte")] {
        std::fs::write(&file, text).expect("a temporary file");
        lockstep().arg("workload").arg(&file).assert().code(2).stderr(contains(what));
    }
}

#[test]
fn one_is_not_many() {
    let directory = directory(&[("a.workload", "create_table(1, \"t\", \"Q\", \"Q\")\n")]);
    let file = directory.path().join("a.workload");
    let said = "(1 operation; 2 tables with 0 records compared)";
    lockstep().arg("workload").arg(&file).assert().code(0).stdout(contains(said));
    let seeds = ["workload", "--seeds", "1", "--sequences", "5"];
    lockstep().args(seeds).assert().code(0).stdout(contains("1 workload agrees: "));
}

#[test]
fn workloads_come_from_seeds() {
    let flags = ["--sequences", "40", "--tables", "3"];
    lockstep().args(["workload", "--seeds", "3"]).args(flags).assert().code(0).stdout(contains("3 workloads agree: "));
    let print =
        || lockstep().args(["workload", "--print", "--seed", "5"]).args(flags).assert().code(0).get_output().clone();
    assert_eq!(print().stdout, print().stdout);
    let text = String::from_utf8(print().stdout).expect("text");
    let workload: Workload = text.parse().expect("a workload");
    assert!(run(&workload, &mut ()).expect("it can be run").is_ok());
}

#[test]
fn what_agrees_cannot_be_shrunk() {
    let directory = directory(&[("a.workload", GOOD)]);
    let (file, output) = (directory.path().join("a.workload"), directory.path().join("b.workload"));
    let mut shrink = lockstep();
    shrink.arg("shrink").arg(&file).arg("-o").arg(&output);
    shrink.assert().code(2).stderr(contains("nothing to shrink: engine and model agree"));
    assert!(!output.exists());
}

// ---- emitted

/// Runs what a program is written as.
fn accepted(program: &Program, disaggregated: bool) -> String {
    let text = emit(program, disaggregated).text;
    let workload: Workload = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let result = run(&workload, &mut ()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    result.unwrap_or_else(|difference| panic!("{difference}\n{text}"));
    text
}

#[test]
fn emitted_programs_are_accepted() {
    let entries = std::fs::read_dir(tests().join("regressions")).expect("a directory of programs");
    let mut programs = 0;
    for entry in entries {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
        let program: Program = text.parse().expect("a program");
        accepted(&program, false);
        accepted(&program, true);
        programs += 1;
    }
    assert!(programs > 20);
    for profile in Profile::ALL {
        accepted(&generate(profile, 3, 400), false);
        accepted(&generate(profile, 4, 400), true);
    }
}

#[test]
fn what_is_emitted_is_what_the_program_does() {
    let program = "# lockstep 1
config sessions=2 cursors=2 tables=2 keys=8
s0.c0 insert 0010 \"a\" ts=5
s0.c1 insert 0020 \"b\" ts=6
s0 begin
s0.c0 search 0010
s0.c0 update \"c\"
s0.c0 modify 0010 \"x\":0:1
s1.c0 remove 0010
s0 prepare ts=10
s0 commit ts=12 durable=13
s0.c0 next
s0.c0 remove
set_timestamp oldest=3 stable=7
inject checkpoint
s0 begin read_ts=6
s0.c1 insert 0020 \"b\"
s0 commit ts=15
s0 truncate_range first=0010 ts=20
recreate
s0.c0 insert 0050 \"a\"
rollback_to_stable
";
    let text = accepted(&program.parse().expect("a program"), false);
    expect![[r##"
        # Of a program of 20 steps.
        # Left out: reads and moves of cursors, which change nothing (2).
        create_table(1, "table1", "Q", "Q")
        create_table(2, "table2", "Q", "Q")
        begin_transaction(1)
        insert(1, 1, 10, 1)
        commit_transaction(1, 5)
        begin_transaction(2)
        insert(2, 2, 20, 2)
        commit_transaction(2, 6)
        begin_transaction(3)
        get(1, 3, 10)
        insert(1, 3, 10, 3)
        insert(1, 3, 10, 4)
        begin_transaction(4)
        remove(2, 4, 10)
        rollback_transaction(4)
        prepare_transaction(3, 10)
        commit_transaction(3, 12, 13)
        set_stable_timestamp(7)
        set_oldest_timestamp(3)
        checkpoint()
        # left out at step 13: read_timestamp of transaction 5, and what only that makes it see
        begin_transaction(5)
        insert(2, 5, 20, 2)
        commit_transaction(5, 15)
        begin_transaction(6)
        truncate(1, 6, 10, 18446744073709551615)
        commit_transaction(6, 20)
        # step 17: table 1 is created anew
        create_table(3, "table3", "Q", "Q")
        begin_transaction(7)
        insert(3, 7, 50, 1)
        commit_transaction(7)
        rollback_to_stable()
    "##]]
    .assert_eq(&text);
}

#[test]
fn programs_are_emitted_on_the_command_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("a.workload");
    let program = tests().join("regressions/checkpoint-while-stalled.ops");
    let mut command = lockstep();
    command.args(["emit", "--to", "workload", "--disaggregated"]).arg(&program).arg("-o").arg(&file);
    command.assert().code(0).stderr(contains("1 thing cannot be said and it has a comment in its place"));
    let text = std::fs::read_to_string(&file).expect("it is written");
    assert!(text.contains("\n# left out at step 28: read_timestamp of transaction 9"), "{text}");
    assert!(text.contains("config(\"database\", \"disaggregated=true\")\n"), "{text}");
    lockstep().arg("workload").arg(&file).assert().code(0);
    std::fs::write(directory.path().join("bad.ops"), "# lockstep 1\nnonsense\n").expect("a temporary file");
    let bad = directory.path().join("bad.ops");
    lockstep().args(["emit", "--to", "workload"]).arg(bad).assert().code(2).stderr(contains("bad.ops:2:1: "));
}

/// A fault of the engine is found, in one line and in full, and what shows it becomes small.
#[cfg(feature = "faults")]
#[test]
fn a_fault_is_reported_and_shrunk() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    let with_fault = |arguments: &[&str]| {
        let mut command = lockstep();
        command.env("LOCKSTEP_FAULT", "D1").args(arguments).current_dir(directory.path());
        command
    };
    let seeds = ["workload", "--seeds", "50", "--sequences", "100", "--disaggregated", "true", "--artifacts", "."];
    let found = with_fault(&seeds).assert().code(1).stdout(contains("difference at line ")).get_output().stdout.clone();
    let found = String::from_utf8(found).expect("text");
    let file = found.split("run it again with: lockstep workload ").nth(1).and_then(|rest| rest.lines().next());
    let file = file.expect("the file is named");
    with_fault(&["workload", file]).assert().code(1).stdout(contains("0 agree, 1 mismatch, 0 bad input"));
    let shrink = ["shrink", file, "-o", "small.workload"];
    with_fault(&shrink).assert().code(0).stdout(contains("remove: code of follower-layered"));
    let small = std::fs::read_to_string(path("small.workload")).expect("it is written");
    assert!(small.lines().count() < 20, "{small}");
    with_fault(&["workload", "small.workload"]).assert().code(1);
    lockstep().arg("workload").arg(path("small.workload")).assert().code(0);
    with_fault(&shrink).assert().code(2).stderr(contains("exists; --force replaces it"));
}
