//! The same program gives the same trace: twice in a row, and in every build. The recorded traces are the same file
//! for debug and release builds; `UPDATE_EXPECT=1 cargo test` records them anew after a change that is meant.

use expect_test::expect_file;
use lockstep::program::{Profile, Program, generate};
use lockstep::run::{Oracles, Trace, run};
use std::fmt::Write;

/// The trace of a run as text.
fn trace(program: &Program) -> String {
    let mut trace = Trace::default();
    run(program, Oracles::default(), &mut trace).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    trace.fill(program).to_string()
}

/// FNV-1a, 64 bits: short, and the same everywhere.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn twice_in_a_row_the_trace_is_the_same() {
    for seed in 0..40 {
        let program = generate(Profile::Swarm, seed, 300);
        assert_eq!(trace(&program), trace(&program), "seed {seed}");
    }
}

#[test]
fn every_build_gives_the_recorded_traces() {
    let mut recorded = String::new();
    for profile in Profile::ALL {
        for seed in 0..8 {
            let program = generate(profile, seed, 400);
            writeln!(recorded, "{} {seed} {:016x}", profile.name(), fingerprint(&trace(&program))).unwrap();
        }
    }
    expect_file!["recorded/fingerprints.txt"].assert_eq(&recorded);
}

#[test]
fn the_recorded_trace_is_readable_in_full() {
    expect_file!["recorded/swarm-3.ops"].assert_eq(&trace(&generate(Profile::Swarm, 3, 120)));
}

#[test]
fn a_trace_replays_as_a_program_that_expects_it() {
    for seed in 0..40 {
        let program = generate(Profile::Swarm, seed, 200);
        let expecting: Program = trace(&program).parse().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(expecting.steps.iter().all(|step| step.expect.is_some()));
        run(&expecting, Oracles::default(), &mut ()).unwrap_or_else(|mismatch| panic!("seed {seed}: {mismatch}"));
    }
}

#[test]
fn a_program_runs_the_same_as_bytes_and_as_text() {
    for seed in 0..40 {
        let program = generate(Profile::Swarm, seed, 200);
        let bytes = program.encode().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let text: Program = program.to_string().parse().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(trace(&Program::decode(&bytes)), trace(&text), "seed {seed}");
    }
}
