//! Replays the programs under `tests/` with the replies that they expect, on every backend.
//!
//! - `conformance/`: what WiredTiger answered to short programs on a plain table, restated; one rule a file;
//! - `truth_table/`: every operation on a record just removed, for each way in which the layers may hold the data;
//! - `regressions/`: the triggers of bugs that layered cursors have had.
//!
//! A test names every file that fails, with the line of the step, so that one mistake does not hide the others.

use lockstep::program::Program;
use lockstep::run::{Oracles, run};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[test]
fn conformance() {
    replay_all("conformance", 190);
}

#[test]
fn truth_table() {
    replay_all("truth_table", 4);
}

#[test]
fn regressions() {
    replay_all("regressions", 51);
}

/// The files of the truth table differ in how the data got where it is, and in nothing else.
#[test]
fn truth_tables_ask_the_same() {
    const FIRST_BLOCK: &str = "# nothing between; then next";
    let blocks = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let start = text.find(FIRST_BLOCK).unwrap_or_else(|| panic!("{}: no `{FIRST_BLOCK}`", file.display()));
        text[start..].to_owned()
    };
    let files = programs_in("truth_table");
    for file in &files[1..] {
        assert!(blocks(file) == blocks(&files[0]), "{} asks otherwise than {}", file.display(), files[0].display());
    }
}

/// What the files of the truth table say of where their records are is so.
#[test]
fn truth_tables_are_served_by_the_layers_that_they_name() {
    let served = |name: &str| {
        let file = tests_folder().join("truth_table").join(name);
        let program: Program = fs::read_to_string(file).unwrap().parse().unwrap();
        let counters = run(&program, Oracles::default(), &mut ()).unwrap().counters;
        (counters.served_by_ingest, counters.served_by_stable, counters.both_on_one_key)
    };
    let (ingest, stable, _) = served("all-in-ingest.ops");
    assert!(ingest > 100 && stable == 0, "ingest {ingest}, stable {stable}");
    let (ingest, stable, _) = served("all-in-stable.ops");
    // What a block writes is in ingest until it is rolled back.
    assert!(stable > 100 && stable > 10 * ingest, "ingest {ingest}, stable {stable}");
    let (ingest, stable, _) = served("mixed.ops");
    assert!(ingest > 50 && stable > 50, "ingest {ingest}, stable {stable}");
    let (ingest, stable, both) = served("in-both.ops");
    assert!(ingest > 100 && both > 100, "ingest {ingest}, stable {stable}, both on one key {both}");
}

/// Replays every program below a folder; there have to be `at_least` so many.
fn replay_all(folder: &str, at_least: usize) {
    let files = programs_in(folder);
    assert!(files.len() >= at_least, "only {} programs in {folder}: there were {at_least}", files.len());
    let failures: Vec<String> = files.iter().filter_map(|file| replay(file).err()).collect();
    assert!(failures.is_empty(), "{} of {} fail:\n\n{}\n", failures.len(), files.len(), failures.join("\n\n"));
}

/// Replays one program with all oracles. The error begins with the place.
fn replay(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let program: Program = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
    if program.steps.iter().all(|step| step.expect.is_none()) {
        return Err(format!("{}: expects no reply at all", file.display()));
    }
    match catch_unwind(AssertUnwindSafe(|| run(&program, Oracles::default(), &mut ()))) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(mismatch)) => Err(format!("{}:{}: {mismatch}", file.display(), line_of_step(&text, mismatch.step))),
        Err(_) => Err(format!("{}: panicked, see above", file.display())),
    }
}

/// The line, from 1, that step `index` stands on; the line after the last for the checks at the end of a run.
fn line_of_step(text: &str, index: usize) -> usize {
    let is_step = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && line.split_whitespace().next() != Some("config")
    };
    let mut steps = text.lines().enumerate().filter(|(_, line)| is_step(line));
    steps.nth(index).map_or(text.lines().count() + 1, |(line, _)| line + 1)
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The programs below a folder of `tests/`, in order.
fn programs_in(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&tests_folder().join(folder), &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "ops") {
            files.push(path);
        }
    }
}
