//! The alarm rings: every planted fault is found by its program, generated programs find most of them, and without a
//! fault nothing rings. `cargo test --release --features faults --test faults -- --nocapture` shows what found what.

use assert_cmd::Command;
use lockstep::engine::faults::{Fault, VARIABLE, plant};
use lockstep::program::{Profile, Program, generate, swarm_length};
use lockstep::run::{Class, Oracles, run};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, ends_with};
use std::panic;
use std::path::{Path, PathBuf};

/// The faults that generated programs have to find, but for [`MAY_BE_MISSED`] of them.
const MUST_BE_FOUND: &[Fault] = Fault::ALL.split_at(10).0;
const MAY_BE_MISSED: usize = 2;
/// Swarm programs that are tried, from seed 0 on.
const PROGRAMS: u64 = 3_000;

/// How a run with a fault ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kill {
    /// All agreed: the fault was missed.
    None,
    /// The comparison found it, at a step.
    Mismatch { class: Class, step: usize },
    /// The engine noticed by itself. That is not what is being tested.
    Panic,
}

fn run_with(fault: Option<Fault>, program: &Program) -> Kill {
    plant(fault);
    let result = panic::catch_unwind(|| run(program, Oracles::default(), &mut ()));
    plant(None);
    match result {
        Ok(Ok(_)) => Kill::None,
        Ok(Err(mismatch)) => Kill::Mismatch { class: mismatch.class(), step: mismatch.step },
        Err(_) => Kill::Panic,
    }
}

/// The program that was written for a fault, and the class of the mismatch that it says it shows.
struct Exposing {
    program: Program,
    shows: String,
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let entries = std::fs::read_dir(directory).expect("the programs are beside this test");
    entries.map(|entry| entry.expect("readable").path()).collect()
}

fn exposing(fault: Fault) -> Exposing {
    let prefix = format!("{fault}-");
    let is_its = |file: &PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    let mut its = files().into_iter().filter(is_its);
    let (Some(file), None) = (its.next(), its.next()) else { panic!("{fault} needs one program, {prefix}....ops") };
    let text = std::fs::read_to_string(&file).expect("a program is text");
    assert!(text.contains(fault.ticket()), "{} should name {}", file.display(), fault.ticket());
    let program = text.parse().unwrap_or_else(|error| panic!("{}:{error}", file.display()));
    let shows = text.lines().find_map(|line| line.strip_prefix("# Shows as: "));
    let shows = shows.unwrap_or_else(|| panic!("{} should say `# Shows as: CLASS`", file.display())).to_owned();
    Exposing { program, shows }
}

#[test]
fn every_fault_is_found_by_its_program() {
    let mut wrong = Vec::new();
    for &fault in Fault::ALL {
        let Exposing { program, shows } = exposing(fault);
        let without = run_with(None, &program);
        if without != Kill::None {
            wrong.push(format!("{fault}: its program fails without it: {without:?}"));
        }
        match run_with(Some(fault), &program) {
            Kill::Mismatch { class, .. } if class.to_string() == shows => {}
            Kill::Mismatch { class, step } => {
                wrong.push(format!("{fault} shows as `{class}` at step {step}, not {shows}"))
            }
            Kill::Panic => wrong.push(format!("{fault} panics instead of {shows}")),
            Kill::None => wrong.push(format!("{fault} is not found by its program")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(files().len(), Fault::ALL.len(), "every program belongs to a fault");
}

/// The first generated program that the comparison fails on: its seed, how many steps were run, and how it failed.
/// Beside it the number of programs before it that ended in a panic.
fn search(fault: Fault) -> (Option<(u64, usize, Class)>, usize) {
    let (mut steps, mut panics) = (0, 0);
    for seed in 0..PROGRAMS {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        match run_with(Some(fault), &program) {
            Kill::Mismatch { class, step } => return (Some((seed, steps + step + 1, class)), panics),
            Kill::Panic => panics += 1,
            Kill::None => {}
        }
        steps += program.steps.len();
    }
    (None, panics)
}

#[test]
fn generated_programs_find_most_faults() {
    let mut missed = Vec::new();
    let mut last = 0;
    for &fault in Fault::ALL {
        let (found, panics) = search(fault);
        let after = if panics == 0 { String::new() } else { format!(", after {panics} panics") };
        match found {
            Some((seed, steps, class)) => {
                last = last.max(seed);
                println!("{fault:<4} {:>5} programs {steps:>7} steps  {class}{after}", seed + 1);
            }
            None => {
                println!("{fault:<4} missed by {PROGRAMS} programs{after}: {}", fault.what());
                missed.push(fault);
            }
        }
    }
    let failed: Vec<Fault> = missed.iter().copied().filter(|fault| MUST_BE_FOUND.contains(fault)).collect();
    assert!(failed.len() <= MAY_BE_MISSED, "{PROGRAMS} generated programs miss {failed:?}");
    // The other way round: what rang for a fault is silent without one.
    for seed in 0..=last {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        assert_eq!(run_with(None, &program), Kill::None, "seed {seed} without a fault");
    }
}

fn lockstep() -> Command {
    let mut command = Command::cargo_bin("lockstep").expect("the binary is built with the tests");
    command.env_remove(VARIABLE);
    command
}

#[test]
fn the_environment_plants_a_fault_in_every_thread() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let run = |fault: &str, jobs: &str| {
        let args = ["run", "--seeds", "200", "--jobs", jobs, "--artifacts"];
        lockstep().env(VARIABLE, fault).args(args).arg(directory.path()).assert()
    };
    for fault in ["D1", "A1"] {
        let one = run(fault, "1").code(1).get_output().stdout.clone();
        assert_eq!(run(fault, "2").code(1).get_output().stdout, one);
    }
    run("", "2").success().stdout(ends_with("200 programs: all agree\n"));
    let unknown = run("Z9", "2").code(2);
    unknown.stderr("lockstep: LOCKSTEP_FAULT: `Z9` is not a fault: `lockstep faults list` shows them\n");
}

#[test]
fn the_list_shows_every_fault() {
    let mut assert = lockstep().args(["faults", "list"]).assert().success();
    for &fault in Fault::ALL {
        assert = assert.stdout(contains(fault.name()).and(contains(fault.ticket())).and(contains(fault.what())));
    }
}
