//! The alarm rings: every planted fault is found by its program, generated programs find most of them, and without a
//! fault nothing rings. `cargo test --release --features faults --test faults -- --nocapture` shows what found what.

use assert_cmd::Command;
use lockstep::engine::faults::{Fault, VARIABLE, plant};
use lockstep::program::{Op, Profile, Program, Step, generate, swarm_length};
use lockstep::run::{Class, Oracles, run};
use lockstep::shrink::{Budget, Shrunk, shrink_mismatch};
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

/// By what part of it a shrunk program may be longer than the hand-written one of its fault: a fifth, rounded up.
const PART: usize = 5;
/// The length of the programs that are shrunk.
const LONG: usize = 1_000;

/// The program with steps in between that have nothing to do with it, `LONG` in all.
fn padded(program: &Program) -> Program {
    let idle = |at: usize| -> Step {
        let text = ["s0.c0 state", "query pinned", "inject s0.c0 bulk_insert 0 0"][at % 3];
        text.parse().expect("a step")
    };
    let (last, before) = program.steps.split_last().expect("a program has steps");
    let between = (LONG - before.len()) / before.len().max(1);
    let padded = before.iter().enumerate().flat_map(|(index, step)| {
        let own = Step { expect: None, ..step.clone() };
        let between = if matches!(step.op, Op::Hook { .. }) { 0 } else { between }; // it is about the next step
        std::iter::once(own).chain((0..between).map(move |at| idle(index + at)))
    });
    let steps = padded.chain([Step { expect: None, ..last.clone() }]).collect();
    Program { config: program.config.clone(), steps }
}

/// Shrinks `program`, which fails with the fault, and says what is wrong with the result, if anything.
fn shrinks(fault: Fault, program: &Program, by_hand: usize, what: &str) -> Option<String> {
    plant(Some(fault));
    let shrunk = shrink_mismatch(program, Oracles::default(), Budget::default());
    plant(None);
    let Some((_, Shrunk { program: small, complete, .. })) = shrunk else {
        return Some(format!("{fault}: {what} does not fail"));
    };
    let steps = small.steps.len();
    println!("{fault:<4} {what}: {} steps to {steps}, by hand {by_hand}", program.steps.len());
    let fails = matches!(run_with(Some(fault), &small), Kill::Mismatch { .. });
    if !complete || !fails || run_with(None, &small) != Kill::None {
        return Some(format!("{fault}: {what} does not shrink to a program that fails with the fault alone:\n{small}"));
    }
    (steps > by_hand + by_hand.div_ceil(PART))
        .then(|| format!("{fault}: {what} shrinks to {steps} steps, by hand {by_hand}:\n{small}"))
}

#[test]
fn failures_shrink_to_about_what_a_hand_would_write() {
    let wrong: Vec<String> = Fault::ALL
        .iter()
        .flat_map(|&fault| {
            let Exposing { program, .. } = exposing(fault);
            let by_hand = program.steps.len();
            let generated = search(fault).0.map(|(seed, ..)| generate(Profile::Swarm, seed, swarm_length(seed)));
            let generated = generated.and_then(|program| shrinks(fault, &program, by_hand, "generated"));
            [shrinks(fault, &padded(&program), by_hand, "padded"), generated].into_iter().flatten()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
