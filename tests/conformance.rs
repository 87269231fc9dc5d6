//! Replays the programs under `tests/` with the replies that they expect, on every backend.
//!
//! - `conformance/`: what WiredTiger answered to short programs on a plain table, restated; one rule a file;
//! - `truth_table/`: every operation on a record just removed, for each way in which the layers may hold the data (and
//!   so folders called `layers`);
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
    replay_all("conformance", 411);
}

#[test]
fn truth_table() {
    replay_all("truth_table", 4);
}

#[test]
fn regressions() {
    replay_all("regressions", 131);
}

/// Files that differ in how the data got where it is, and in nothing else: the folder, and the line with which they
/// begin to be the same.
const BY_LAYER: [(&str, &str); 3] = [
    ("truth_table", "# nothing between; then next"),
    ("conformance/stalled-walks/layers", "# a record is prepared: forward, then back and forth"),
    ("conformance/truncate/layers", "# a range in the middle, seen by the transaction that truncated it"),
];

#[test]
fn files_by_layer_ask_the_same() {
    for (folder, first_block) in BY_LAYER {
        let blocks = |file: &PathBuf| {
            let text = fs::read_to_string(file).unwrap();
            let start = text.find(first_block).unwrap_or_else(|| panic!("{}: no `{first_block}`", file.display()));
            text[start..].to_owned()
        };
        let files = programs_in(folder);
        for file in &files[1..] {
            let same = blocks(file) == blocks(&files[0]);
            assert!(same, "{} asks otherwise than {}", file.display(), files[0].display());
        }
    }
}

/// What such files say of where their records are is so.
#[test]
fn files_by_layer_are_served_by_the_layers_that_they_name() {
    const LAST_BLOCKS: &str = "# from here on the data changes";
    for (folder, _) in BY_LAYER {
        for file in programs_in(folder) {
            let text = fs::read_to_string(&file).unwrap();
            let program: Program = text.split(LAST_BLOCKS).next().unwrap_or_default().parse().unwrap();
            let counters = run(&program, Oracles::default(), &mut ()).unwrap().counters;
            let (ingest, stable) = (counters.served_by_ingest, counters.served_by_stable);
            let both = counters.both_on_one_key;
            let said = match file.file_stem().and_then(|name| name.to_str()).unwrap_or_default() {
                "all-in-ingest" => ingest > 50 && stable == 0,
                // What a block writes is in ingest until it is rolled back.
                "all-in-stable" => stable > 50 && stable > 10 * ingest,
                "mixed" | "mixed-other-way" => ingest > 20 && stable > 20,
                "in-both" => ingest > 50 && both > 50,
                // A leader merges nothing; before that its truncate walked over some records.
                "after-step-up" => ingest == 0 && stable < 10,
                other => panic!("{other} does not say where its records are"),
            };
            assert!(said, "{}: ingest {ingest}, stable {stable}, both on one key {both}", file.display());
        }
    }
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
