//! The examples: every operation at least once, with the replies written beside it.

use expect_test::expect_file;
use lockstep::program::{Op, Program};
use lockstep::run::{Oracles, Trace, run};
use std::path::{Path, PathBuf};

fn examples() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let entries = std::fs::read_dir(directory).expect("the examples are beside this test");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

fn parse(file: &Path) -> (String, Program) {
    let text = std::fs::read_to_string(file).expect("an example is text");
    let program = text.parse().unwrap_or_else(|error| panic!("{}:{error}", file.display()));
    (text, program)
}

/// Comments stay, replies are filled in: what an example should say.
fn annotated(text: &str, program: &Program) -> String {
    let mut trace = Trace::default();
    let mut bare = program.clone();
    bare.steps.iter_mut().for_each(|step| step.expect = None);
    run(&bare, Oracles::default(), &mut trace).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    let mut steps = 0..program.steps.len();
    let is_step = |line: &str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("config ");
    let lines = text.lines().map(|line| match is_step(line) {
        true => trace.line(&bare, steps.next().expect("a step for each line")),
        false => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn examples_say_what_happens() {
    for file in examples() {
        let (text, program) = parse(&file);
        expect_file![&file].assert_eq(&annotated(&text, &program));
        run(&program, Oracles::default(), &mut ()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn every_operation_has_an_example() {
    let mut used = [false; Op::COUNT];
    for file in examples() {
        for step in &parse(&file).1.steps {
            used[step.op.index()] = true;
        }
    }
    let missing: Vec<&str> = Op::NAMES.iter().zip(used).filter(|(_, used)| !used).map(|(name, _)| *name).collect();
    assert!(missing.is_empty(), "no example uses {missing:?}");
}
