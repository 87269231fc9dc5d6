//! `lockstep predict` from the outside: threads agree with the plan, runs are continued and compared, mistakes are found
//! and made small; and the seeds of the fuzz target are as planned.

use assert_cmd::Command;
use lockstep::replay::case::Case;
use lockstep::replay::oracle::Oracle;
use lockstep::replay::plan::{self, OpKind, Percent, Plan, Spec};
use predicates::str::contains;
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

const TABLES: &str =
    "layered:base=100:insert=20:update=40:remove=15:modify=15,var:base=97:insert=53:update=20:remove=10";

fn predict(command: &str) -> Command {
    let mut lockstep = Command::cargo_bin("lockstep").expect("the binary is built with the tests");
    lockstep.args(["predict", command]);
    lockstep
}

/// A run of the tables that writes to `name` in `directory`.
fn run(directory: &Path, name: &str, args: &[&str]) -> Command {
    let mut command = predict("run");
    command.args(args).arg("-o").arg(directory.join(name));
    command
}

/// Exactly one line on stderr, with exit code 2 and `part` in it.
fn refuses(command: &mut Command, part: &str) {
    let output = command.assert().code(2).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(stderr.contains(part), "{part:?} should be in {stderr}");
}

#[test]
fn threads_agree_with_the_plan() {
    let args = ["--tables", TABLES, "--ops", "1500", "--every", "300"];
    let all = predict("check").args(args).args(["--threads", "1,2,4,8", "--json"]).assert().success();
    let lines: Json = serde_json::from_slice(&all.get_output().stdout).expect("JSON");
    assert_eq!(lines.as_array().map(Vec::len), Some(4));
    assert!(lines.as_array().into_iter().flatten().all(|line| line["waits"] == 0 && line["operations"] == 1500));
    let crashes = ["--threads", "1,3", "--stop", "400,900", "--crash"];
    predict("check").args(args).args(crashes).assert().success().stdout(contains("all agree with plan"));
    predict("check").args(args).args(crashes).arg("--simulate").assert().success();
}

#[test]
fn runs_are_continued_by_other_threads_and_compared() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    let (part, rest, whole) = ("part", "rest", "whole");
    run(directory, part, &["--tables", TABLES, "--ops", "500", "--threads", "3"]).assert().success();
    let from = directory.join(part);
    let from = from.to_str().expect("a path that is text");
    run(directory, rest, &["--from", from, "--ops", "1200", "--threads", "1,8", "--stop", "700"]).assert().success();
    run(directory, whole, &["--tables", TABLES, "--ops", "1200", "--threads", "2"]).assert().success();
    let compare = |one: &str, other: &str| {
        let mut command = predict("compare");
        command.arg(directory.join(one)).arg(directory.join(other));
        command
    };
    compare(rest, whole).assert().success().stdout(contains("the same up to operation 1200"));
    compare(part, whole).assert().success().stdout(contains("the same up to operation 500, where"));

    refuses(
        &mut run(directory, "no", &["--from", from, "--ops", "1200", "--seed", "2"]),
        "it was 'seed 1', it is 'seed 2'",
    );
    refuses(&mut run(directory, "no", &["--from", from, "--ops", "500"]), "it has 500 operations already");
    refuses(&mut run(directory, whole, &["--tables", TABLES, "--ops", "500"]), "--force replaces it");
    refuses(&mut compare(part, "none"), "cannot read it");
    run(directory, "other", &["--tables", TABLES, "--ops", "500", "--seed", "2"]).assert().success();
    // The same again changes nothing.
    run(directory, part, &["--tables", TABLES, "--ops", "500", "--threads", "1"]).assert().success();
    refuses(&mut compare(part, "other"), "another plan");

    // What the plan does not leave is not gone on with, wherever it comes from.
    let text = std::fs::read_to_string(from).expect("it was written");
    let (before, change) = text.split_once("\nchange ").expect("there are changes");
    let (operation, rest_of_it) = change.split_once(' ').expect("there is more to a change");
    let (_, rest_of_it) = rest_of_it.split_once(' ').expect("there is a table");
    let altered = directory.join("altered");
    let alter = |change: &str| std::fs::write(&altered, format!("{before}\nchange {change}")).expect("writable");
    let altered = altered.to_str().expect("a path that is text");
    alter(&format!("{operation} 99 {rest_of_it}"));
    refuses(
        &mut run(directory, "no", &["--from", altered, "--ops", "1200"]),
        "altered: line 10: the plan has no table 99",
    );
    let (key, rest_of_it) = rest_of_it.split_once(' ').expect("there is a key");
    alter(&format!("{operation} 0 {key}9999 {rest_of_it}"));
    refuses(&mut run(directory, "no", &["--from", altered, "--ops", "1200"]), "does not leave that at table");
    // Two that are the same need not be right.
    compare("altered", "altered").assert().code(1).stdout(contains("the first operation that is not as planned is 1"));
    std::fs::write(altered, text.replacen("plan seed 1", "plan seed one", 1)).expect("writable");
    refuses(&mut compare("altered", part), "altered: line 3: 'seed one' is no line of a fingerprint");
    std::fs::write(altered, text.replacen("done 500", "done 100000001", 1)).expect("writable");
    refuses(&mut compare("altered", part), "altered: line 9: no run has 100000001 operations");
    assert!(!directory.join("no").exists());

    let lost = ["--tables", TABLES, "--ops", "1200", "--threads", "1", "--mistake", "lost"];
    let failed = run(directory, "lost", &lost).assert().code(1).stdout(contains("NOT as planned"));
    let failed = String::from_utf8(failed.get_output().stdout.clone()).expect("text");
    let differ = compare(whole, "lost").assert().code(1);
    let differ = differ.stdout(contains("they differ first at operation")).stdout(contains("timestamp"));
    differ.stdout(contains("lane")).stdout(contains("lost failed: "));
    // The file says so, and is not gone on with.
    let failure = failed.lines().nth(1).expect("what failed");
    let text = std::fs::read_to_string(directory.join("lost")).expect("it was written");
    assert!(text.contains(&format!("\nfailed {failure}\n")), "{failure}");
    let from = directory.join("lost");
    let from = from.to_str().expect("a path that is text");
    refuses(&mut run(directory, "no", &["--from", from, "--ops", "2000"]), "lost: that run failed");
    compare("lost", "lost").assert().code(1);
}

/// A report names the first operation that is not as planned, and shows all that its key should have.
#[test]
fn the_first_difference_is_shown() {
    let tables = "row:base=64:update=40";
    let check = |threads: &str| {
        let args = ["--tables", tables, "--lanes", "64", "--ops", "900", "--every", "300", "--mistake", "lost"];
        let all = predict("check").args(args).args(["--threads", threads]).assert().code(1);
        String::from_utf8(all.get_output().stdout.clone()).expect("text")
    };
    let spec = Spec { lanes: 64, prepared: Percent::whole(5), ..Spec::new(1, plan::tables(tables).expect("tables")) };
    let plan = Arc::new(Plan::new(spec).expect("a plan"));
    // Every twentieth number that updates is lost.
    let t = (20..).step_by(20).find(|&t| plan.head(t).kind == OpKind::Update).expect("an update");
    let oracle = Oracle::at(Arc::clone(&plan), 900);
    let key = oracle.writes(0, t - 1, t)[0].1;
    let place = format!("  lane {}, timestamp {}, table 0 (row:base=64:update=40), key {key}\n", t % 64, 4 * (t + 1));
    let (alone, three) = (check("1"), check("3"));
    let first = format!("\nthe first operation that is not as planned is {t}:\n  found:    no change\n  expected: \"");
    assert!(alone.contains(&first), "{first}: {alone}");
    // With threads another may be noticed before all earlier ones are done, and by whoever finds what it left.
    assert!(three.contains("\n  what the key should have, from which operation on:\n"), "{three}");
    assert!(alone.contains(&place), "{place}: {alone}");
    let shown = oracle.history(0, key).iter().filter(|(at, _)| alone.contains(&format!("    operation {at} (")));
    assert!(shown.count() >= oracle.history(0, key).len().min(9), "{alone}");
}

#[test]
fn a_mistake_is_found_and_made_small() {
    let args = ["--tables", TABLES, "--ops", "800", "--mistake", "rank", "--threads", "1,2"];
    predict("check").args(args).assert().code(1).stdout(contains("NOT as planned")).stdout(contains("predict bisect"));
    let small = predict("bisect").args(args).args(["--tries", "1", "--budget", "60"]).assert().code(1);
    let small = small.stdout(contains("the same again: lockstep predict check --simulate"));
    let small = String::from_utf8(small.get_output().stdout.clone()).expect("text");
    assert!(small.contains(" left:\n") && small.contains("not as planned"), "{small}");
    // What it prints does show it.
    let again = small.split("lockstep predict check ").nth(1).expect("a command").trim();
    let leave_out = again.split('\'').nth(1).unwrap_or_default();
    let again = again.replace(&format!("'{leave_out}'"), "LIST");
    let again = again.split(' ').map(|word| if word == "LIST" { leave_out } else { word });
    predict("check").args(again).assert().code(1);
    // Of much that is left only some is printed.
    let much = predict("bisect").args(args).args(["--tries", "1", "--budget", "1"]).assert().code(1);
    let much = much.stdout(contains("the budget of 1 run is used up")).stdout(contains("\n  and "));
    let longest = String::from_utf8_lossy(&much.get_output().stdout).lines().map(str::len).max();
    assert!(longest < Some(1000) && much.get_output().stdout.len() < 20_000, "{longest:?}");
    let fine = ["--tables", TABLES, "--ops", "200", "--threads", "2", "--tries", "1"];
    predict("bisect").args(fine).assert().success().stdout(contains("no failure in 1 run of 200 operations"));
}

#[test]
fn what_cannot_be_planned_is_refused() {
    refuses(predict("check").args(["--tables", "rows"]), "begin with row, layered, var or fix");
    refuses(predict("check").args(["--threads", "0"]), "write a whole number from 1 to 256");
    refuses(predict("check").args(["--ops", "100", "--stop", "50,40"]), "ascending");
    refuses(predict("check").args(["--mistake", "none"]), "append, rank, lost, lane");
    refuses(predict("check").args(["--tables", "row:insert=5:insert=7"]), "it has 'insert' twice");
    refuses(predict("check").args(["--crash"]), "--crash: nodes die at stops: say where with --stop");
    for command in ["check", "bisect"] {
        let refuses = |list, what| refuses(predict(command).args(["--ops", "100", "--leave-out", list]), what);
        refuses("", "it names nothing");
        refuses("numbers 0", "there is no number 0");
        refuses("numbers 90-101", "there is no operation 101: the last one is 100");
        refuses("tables 1,4", "there is no table 4 to be left out: the last one is 3");
        refuses("tables 1 tables 2", "'tables' comes twice");
    }
}

/// An output that cannot be written is refused before the work, and nothing that is there is lost.
#[test]
fn outputs_are_looked_at_first() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    std::fs::write(directory.join("there"), "precious").expect("writable");
    // It would take hours.
    let long = ["--ops", "100000000"];
    refuses(&mut run(directory, "none/result", &long), "none/result: cannot write");
    refuses(&mut run(directory, "there/result", &long), "there/result: cannot write");
    refuses(&mut run(directory, "there", &long), "there: exists; --force replaces it");
    refuses(&mut run(directory, ".", &long), "no regular file");
    let study = |name: &str| {
        let mut command = predict("study");
        command.args(long).args(["--executed", "100000000", "--plot"]).arg(directory.join(name));
        command
    };
    refuses(&mut study("none/plot.svg"), "none/plot.svg: cannot write");
    refuses(&mut study("there"), "there: exists; --force replaces it");
    assert_eq!(std::fs::read_to_string(directory.join("there")).expect("it is there"), "precious");
    assert_eq!(std::fs::read_dir(directory).expect("a directory").count(), 1);
}

/// In a directory only what may be an input is run; any bytes may be one that is named.
#[test]
fn inputs_are_told_from_other_files() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    let path = |name: &str| directory.join(name);
    refuses(predict("replay").arg(directory), "the directory has no inputs of predictable_replay in it");
    run(directory, "result", &["--tables", TABLES, "--ops", "50"]).assert().success();
    let program = "# lockstep 1\ns0.c0 next\n";
    let others =
        [("notes.txt", "notes"), ("README", "Some inputs of the fuzzer.\n"), ("a.ops", program), (".hidden", "h")];
    for (name, content) in others {
        std::fs::write(path(name), content).expect("writable");
    }
    refuses(predict("replay").arg(directory), "the directory has no inputs of predictable_replay in it");
    std::fs::write(path("crash-1"), [7; 40]).expect("writable");
    std::fs::write(path("empty"), []).expect("writable");
    let both = predict("replay").arg(directory).assert().success();
    both.stdout(contains("2 agree, 0 mismatch, 0 bad input")).stderr(contains("4 files passed over"));
    for (name, what) in
        [("result", "it is what a run has left"), ("README", "it is text"), ("a.ops", "it is a program")]
    {
        refuses(predict("replay").arg(path(name)), what);
    }
    predict("replay").arg(path(".hidden")).assert().success().stdout(contains("1 agree"));
    let some = predict("replay").arg(path("README")).arg(path("crash-1")).assert().code(2);
    some.stdout(contains("1 agree, 0 mismatch, 1 bad input"));
    refuses(predict("replay").arg(path("none")), "cannot read");
}

#[test]
fn the_seeds_of_the_fuzz_target_are_as_planned() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/predictable_replay");
    let mut seen = 0;
    for entry in std::fs::read_dir(corpus).expect("seeds") {
        let path = entry.expect("a seed").path();
        let case = Case::decode(&std::fs::read(&path).expect("a seed"));
        if let Err(what) = case.run() {
            panic!("{}: {what}\n{case}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 16);
}
