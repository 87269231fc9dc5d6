//! `lockstep predict` from the outside: threads agree with the plan, runs are continued and compared, mistakes are found
//! and made small; and the seeds of the fuzz target are as planned.

use assert_cmd::Command;
use lockstep::replay::case::Case;
use predicates::str::contains;
use serde_json::Value as Json;
use std::path::Path;

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
    refuses(&mut compare(part, "other"), "another plan");

    // What the plan does not leave is not gone on with, wherever it comes from.
    let text = std::fs::read_to_string(from).expect("it was written");
    let (before, change) = text.split_once("\nchange ").expect("there are changes");
    let (operation, rest_of_it) = change.split_once(' ').expect("there is more to a change");
    let (_, rest_of_it) = rest_of_it.split_once(' ').expect("there is a table");
    std::fs::write(directory.join("altered"), format!("{before}\nchange {operation} 99 {rest_of_it}"))
        .expect("writable");
    let altered = directory.join("altered");
    let altered = altered.to_str().expect("a path that is text");
    refuses(&mut run(directory, "no", &["--from", altered, "--ops", "1200"]), "does not leave that at table");

    let lost = ["--tables", TABLES, "--ops", "1200", "--threads", "1", "--mistake", "lost"];
    run(directory, "lost", &lost).assert().code(1).stdout(contains("expected"));
    let differ = compare(whole, "lost").assert().code(1);
    differ.stdout(contains("they differ first at operation")).stdout(contains("timestamp")).stdout(contains("lane"));
}

#[test]
fn a_mistake_is_found_and_made_small() {
    let args = ["--tables", TABLES, "--ops", "800", "--mistake", "rank", "--threads", "1,2"];
    predict("check").args(args).assert().code(1).stdout(contains("NOT as planned")).stdout(contains("predict bisect"));
    let small = predict("bisect").args(args).args(["--tries", "1", "--budget", "60"]).assert().code(1);
    small.stdout(contains("operations are left")).stdout(contains("the same again: lockstep predict check --simulate"));
    let fine = ["--tables", TABLES, "--ops", "200", "--threads", "2", "--tries", "1"];
    predict("bisect").args(fine).assert().success().stdout(contains("no failure in 1 runs"));
}

#[test]
fn what_cannot_be_planned_is_refused() {
    refuses(predict("check").args(["--tables", "rows"]), "begin with row, layered, var or fix");
    refuses(predict("check").args(["--threads", "0"]), "write a whole number from 1 to 256");
    refuses(predict("check").args(["--ops", "100", "--stop", "50,40"]), "ascending");
    refuses(predict("check").args(["--mistake", "none"]), "append, rank, lost, lane");
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
