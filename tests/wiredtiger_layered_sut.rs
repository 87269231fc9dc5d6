//! `--sut wiredtiger-layered` from the outside. Needs `WIREDTIGER_DIR` at build time, with disaggregated storage, and
//! `WIREDTIGER_PAGE_LOG`. Nothing here depends on which bugs a version has.
#![cfg(wiredtiger_page_log)]

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_match, starts_with};
use std::io::Write;
use std::path::Path;
use std::sync::Once;

const NODES: &str = "disaggregated=(leaf_page_delta=false,internal_page_delta=false)";

/// The tool in a directory; `None`, and a line that says so, without the variable.
fn lockstep(directory: &Path) -> Option<Command> {
    if std::env::var_os("WIREDTIGER_PAGE_LOG").is_none_or(|path| path.is_empty()) {
        skipped("WIREDTIGER_PAGE_LOG is not set");
        return None;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.current_dir(directory);
    Some(command)
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
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
fn a_program_over_both_layers_agrees() {
    let home = directory();
    let Some(mut command) = lockstep(home.path()) else { return };
    let text = "# lockstep 1\nconfig sessions=1 cursors=1 keys=9\ns0.c0 insert 0010 \"a\" ts=1\n\
                inject advance oldest=1 stable=1\ninject evict 100\ns0.c0 insert 0020 \"b\" ts=2\ns0.c0 search 0010\n";
    std::fs::write(home.path().join("both.ops"), text).unwrap_or_else(|error| panic!("{error}"));
    // Backward scans do not end on every version.
    let known = "[[failure]]\nhang = \"end\"\nnote = \"backwards\"\nwithout = [\"prev\"]\n";
    std::fs::write(home.path().join("known.toml"), known).unwrap_or_else(|error| panic!("{error}"));
    let flags = ["replay", "both.ops", "--sut", "wiredtiger-layered", "--nodes", NODES, "--known", "known.toml"];
    command.args(flags).assert().code(0).stdout(contains("agree     both.ops"));
}

#[test]
fn programs_over_column_stores_are_for_others() {
    let home = directory();
    let Some(mut command) = lockstep(home.path()) else { return };
    let text = "# lockstep 1\nconfig format=var\ns0.c0 insert 1 \"a\"\n";
    std::fs::write(home.path().join("var.ops"), text).unwrap_or_else(|error| panic!("{error}"));
    let flags = ["replay", "var.ops", "--sut", "wiredtiger-layered", "--nodes", NODES];
    command.args(flags).assert().code(2).stderr(contains("var.ops: is about column stores"));
}

#[test]
fn a_run_goes_on_after_failures_and_counts_them() {
    let home = directory();
    let Some(mut command) = lockstep(home.path()) else { return };
    let flags =
        ["run", "--sut", "wiredtiger-layered", "--nodes", NODES, "--seeds", "6", "--ops", "40", "--patience", "2s"];
    let ended = command.args(flags).assert().stdout(contains("6 programs\n"));
    ended.stdout(is_match("[0-9]+ classes of failures, [0-9]+ of them new").unwrap_or_else(|error| panic!("{error}")));
    let kept =
        std::fs::read_dir(home.path().join("artifacts/wiredtiger_layered")).unwrap_or_else(|error| panic!("{error}"));
    for file in kept.map(|file| file.unwrap_or_else(|error| panic!("{error}")).file_name()) {
        assert!(!file.to_string_lossy().starts_with("running"), "{file:?}");
    }
    let ledger = home.path().join("artifacts/wiredtiger_layered/failures.txt");
    assert!(ledger.is_file(), "failures are written down as they are met");
}

#[test]
fn what_is_missing_is_said_in_a_line() {
    let home = directory();
    let one_line = |words: &'static str| starts_with("lockstep: ").and(contains(words)).and(contains("\n").count(1));
    let refused = |words: &'static str, variable: Option<&str>, more: &[&str]| {
        let Some(mut command) = lockstep(home.path()) else { return };
        if let Some(variable) = variable {
            command.env("WIREDTIGER_PAGE_LOG", variable);
        }
        command.args(["run", "--sut", "wiredtiger-layered", "--seeds", "1"]).args(more);
        command.assert().code(2).stdout("").stderr(one_line(words));
    };
    refused("WIREDTIGER_PAGE_LOG is not set", Some(""), &[]);
    refused("there is no such file", Some("/nowhere.so"), &[]);
    refused("cannot read", None, &["--known", "nowhere.toml"]);
    std::fs::write(home.path().join("bad.toml"), "[[failure]]\nhang = \"jump\"")
        .unwrap_or_else(|error| panic!("{error}"));
    refused("bad.toml: failure 1: no operation 'jump'", None, &["--known", "bad.toml"]);
    refused("cannot be used with", None, &["--twin"]);
}
