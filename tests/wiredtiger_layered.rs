//! Layered tables of real WiredTiger in a child process. Needs `WIREDTIGER_DIR` at build time, with disaggregated storage,
//! and `WIREDTIGER_PAGE_LOG`.
#![cfg(wiredtiger_page_log)]

use assert_cmd::Command;
use lockstep::oracle::wiredtiger::{ChildProcess, Ending, Executor, Settings};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};
use std::io::Write;
use std::sync::Once;
use std::time::Duration;

const LOCKSTEP: &str = env!("CARGO_BIN_EXE_lockstep");

/// A child; `None`, and a line that says so, without the variable.
fn child(limit: Duration) -> Option<ChildProcess> {
    if std::env::var_os("WIREDTIGER_PAGE_LOG").is_none_or(|path| path.is_empty()) {
        skipped("WIREDTIGER_PAGE_LOG is not set");
        return None;
    }
    let settings = Settings { limit, ..Settings::layered(LOCKSTEP.into(), "") };
    Some(ChildProcess::start(settings).unwrap_or_else(|error| panic!("{error}")))
}

/// A follower that has one record in stable and another in ingest. `more` comes after that.
fn request(base: &str, more: &[&str]) -> String {
    let write = |key, ts| {
        let commit = format!("commit 0 0 commit_timestamp={ts}");
        [
            "begin 0 0 -".to_owned(),
            format!("key 0 0 {key}"),
            format!("value 0 0 {key}"),
            "insert 0 0".to_owned(),
            commit,
        ]
    };
    let mut lines = vec![format!("program 1 {base} 1 1 1 snapshot"), "open 0 0 0 1 0".to_owned()];
    lines.extend(write("0010", 5));
    let events = ["settimestamp 0 0 oldest_timestamp=5,stable_timestamp=5", "checkpoint 0 0", "adopt 0 0", "prune 0 0"];
    lines.extend(events.map(str::to_owned));
    lines.extend(write("0020", 8));
    lines.extend(more.iter().map(|&line| line.to_owned()));
    lines.push("end\n".to_owned());
    lines.join("\n")
}

/// Says, once and whether or not the test harness keeps what tests print, that nothing was tested.
fn skipped(why: &str) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        // Nobody can do anything about standard error that is gone.
        let _ = writeln!(std::io::stderr(), "layered tables of real WiredTiger: skipped: {why}");
    });
}

#[test]
fn four_tables_answer_side_by_side() {
    let Some(mut child) = child(Duration::from_secs(60)) else { return };
    let requests = [request("fresh", &["next 0 0", "next 0 0", "query 0 0 node get=stable"]), request("reuse", &[])];
    let endings = child.execute(&requests).unwrap_or_else(|error| panic!("{error}"));
    let Ending::Complete(answers) = &endings[0] else { panic!("{endings:?}") };
    assert_eq!(answers[7..10], ["0 0 - - 0"; 3], "events have one answer");
    let four = |answer: &str| [answer; 4].join("\t");
    let expected = ["0 0 i0010 i0010 0", "0 0 i0020 i0020 0", "0 0 - - 5"].map(four);
    assert_eq!(answers[answers.len() - 3..], expected);
    assert!(matches!(endings[1], Ending::Complete(_)), "{endings:?}");
}

#[test]
fn new_nodes_have_no_checkpoint() {
    let Some(mut child) = child(Duration::from_secs(60)) else { return };
    let adopt = "program 2 fresh 1 1 1 snapshot\nadopt 0 0\nend\n".to_owned();
    let requests = [request("fresh", &[]), adopt];
    let endings = child.execute(&requests).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(endings[1], Ending::Complete(vec!["-31803 0 - - 0".to_owned()]));
}

#[test]
fn what_cannot_be_opened_is_said_in_a_line() {
    let one_line = |words: &'static str| starts_with("lockstep: ").and(contains(words)).and(contains("\n").count(1));
    let serve = |page_log: &str| {
        let mut command = Command::new(LOCKSTEP);
        let home = std::env::temp_dir();
        command.current_dir(home).env("WIREDTIGER_PAGE_LOG", page_log).args(["wiredtiger-child", "--layered", "9"]);
        command.assert().code(2).stdout("")
    };
    serve("").stderr(one_line("WIREDTIGER_PAGE_LOG is not set; name"));
    serve("/nowhere/libwiredtiger_palm.so").stderr(one_line("/nowhere/libwiredtiger_palm.so: there is no such file"));
    let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let empty = directory.path().join("libwiredtiger_palm.so");
    std::fs::write(&empty, "").unwrap_or_else(|error| panic!("{error}"));
    serve(&empty.to_string_lossy()).stderr(one_line("opens no node of disaggregated storage"));
    let settings = Settings { program: "/nowhere/lockstep".into(), ..Settings::layered(LOCKSTEP.into(), "") };
    let error = ChildProcess::start(settings).map(drop).unwrap_err().to_string();
    assert!(error.contains("cannot be started") && error.contains("WIREDTIGER_PAGE_LOG"), "{error}");
}
