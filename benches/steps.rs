//! How fast is a run? Compared steps per CPU second (a step is executed on all four backends), how the time per step
//! grows with the length of a program, and the memory that a long program takes.
//!
//! `cargo bench`; the numbers are of the machine that it runs on.

use cpu_time::ProcessTime;
use lockstep::program::{Profile, Program, generate};
use lockstep::run::{Oracles, run};
use std::hint::black_box;
use std::process::Command;

/// A length at which the fixed cost of a program no longer shows, and one a hundred times that.
const SHORT: usize = 1_000;
const LONG: usize = 100_000;
/// Set for the child process whose peak memory is measured.
const PEAK: &str = "LOCKSTEP_BENCH_PEAK";

fn main() {
    if std::env::var_os(PEAK).is_some() {
        execute(&generate(Profile::Mixed, 0, LONG));
        println!("{}", peak_memory_kib());
        return;
    }
    for profile in [Profile::Mixed, Profile::Iterate, Profile::Txn] {
        let programs: Vec<Program> = (0..50).map(|seed| generate(profile, seed, SHORT)).collect();
        execute(&programs[0]);
        report(profile, best_of_three(&programs));
    }
    let short: Vec<Program> = (0..(LONG / SHORT) as u64).map(|seed| generate(Profile::Mixed, seed, SHORT)).collect();
    let long = [generate(Profile::Mixed, 0, LONG)];
    let (short, long) = (best_of_three(&short), best_of_three(&long));
    println!("time per step at {SHORT} steps    {:>10.0} ns", short * 1e9);
    println!("time per step at {LONG} steps  {:>10.0} ns, {:.2} times as long", long * 1e9, long / short);
    println!("peak memory of {LONG} steps    {:>10.1} MB", peak_of_child_kib() as f64 / 1024.0);
}

fn report(profile: Profile, seconds: f64) {
    println!("{:<12} {:>12.0} compared steps per CPU second", profile.name(), 1.0 / seconds);
}

/// CPU seconds per step.
fn best_of_three(programs: &[Program]) -> f64 {
    let once = || {
        let start = ProcessTime::now();
        let steps: u64 = programs.iter().map(execute).sum();
        start.elapsed().as_secs_f64() / steps as f64
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn execute(program: &Program) -> u64 {
    match run(black_box(program), Oracles::default(), &mut ()) {
        Ok(outcome) => outcome.steps,
        Err(mismatch) => panic!("{mismatch}"),
    }
}

/// Memory is measured in a process that runs the long program and nothing else.
fn peak_of_child_kib() -> u64 {
    let own = std::env::current_exe().expect("a running program has a file");
    let output = Command::new(own).env(PEAK, "1").output().expect("this program can be started again");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)
}

/// The most memory that this process ever held, program included.
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
