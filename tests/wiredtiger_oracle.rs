//! Engine, model and real WiredTiger: what the conformance suite says WiredTiger answers it does answer, and generated
//! programs get the same answers from it as from the model.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn lockstep(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lockstep")
        .expect("the binary is built")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .args(["--oracle", "plain,model,wiredtiger"])
        .assert()
}

/// The programs, run on WiredTiger itself; so suite, model and engine cannot drift from it together.
#[test]
fn the_suites_are_what_wiredtiger_answers() {
    let assert = lockstep(&["replay", "tests/conformance", "tests/regressions"]).success();
    assert.stdout(contains(" agree, 0 mismatch, 0 bad input"));
}

#[test]
fn the_profiles_agree_with_wiredtiger() {
    let artifacts = tempfile::tempdir().expect("a temporary directory");
    let directory = artifacts.path().to_str().expect("a path in UTF-8");
    let run = ["run", "--profile", "all", "--seeds", "1", "--ops", "2000", "--artifacts", directory];
    lockstep(&run).success().stdout(contains("wiredtiger: ").and(contains("programs: all agree")));
}

#[test]
fn swarm_programs_agree_with_wiredtiger() {
    let artifacts = tempfile::tempdir().expect("a temporary directory");
    let directory = artifacts.path().to_str().expect("a path in UTF-8");
    let run = ["run", "--seeds", "300", "--artifacts", directory];
    lockstep(&run).success().stdout(contains("300 programs: all agree"));
}

#[test]
fn what_is_compared_is_counted() {
    let assert = lockstep(&["run", "--seeds", "20", "--json"]).success();
    let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
    let answers = report["wiredtiger"]["answers"].as_u64().expect("a count");
    assert!(answers > 5000, "{answers}");
    assert_eq!(report["wiredtiger"]["programs"], 20);
}
