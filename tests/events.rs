//! What happens to the nodes, by example: roles, restarts, rollbacks, new tables, hooks. Whatever a run is compared with,
//! the replies are those that are written beside the steps.

use expect_test::expect_file;
use lockstep::program::Program;
use lockstep::run::{Oracles, Trace, run};
use std::path::{Path, PathBuf};

fn programs() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events");
    let entries = std::fs::read_dir(directory).expect("the programs are beside this test");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Comments stay, replies are filled in.
fn annotated(file: &Path, text: &str) -> String {
    let mut program: Program = text.parse().unwrap_or_else(|error| panic!("{}:{error}", file.display()));
    program.steps.iter_mut().for_each(|step| step.expect = None);
    let mut trace = Trace::default();
    run(&program, Oracles::default(), &mut trace).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut steps = 0..program.steps.len();
    let is_step = |line: &str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("config ");
    let lines = text.lines().map(|line| match is_step(line) {
        true => trace.line(&program, steps.next().expect("a step for each line")),
        false => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn events_change_what_they_say_and_nothing_else() {
    for file in programs() {
        let text = std::fs::read_to_string(&file).expect("a program is text");
        expect_file![&file].assert_eq(&annotated(&file, &text));
    }
}

#[test]
fn every_set_of_oracles_agrees() {
    for file in programs() {
        let text = std::fs::read_to_string(&file).expect("a program is text");
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{}:{error}", file.display()));
        for oracles in ["plain,model,twin", "plain,model", "plain", "model", "model,twin"] {
            let oracles = oracles.parse().expect("a list of oracles");
            run(&program, oracles, &mut ()).unwrap_or_else(|error| panic!("{} ({oracles}): {error}", file.display()));
        }
    }
}
