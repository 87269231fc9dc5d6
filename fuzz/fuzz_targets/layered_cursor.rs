//! The fuzz target: bytes -> program -> lockstep run. A mismatch panics with the program's tail and all replies.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use lockstep::program;
use lockstep::run::{self, Oracles};
use lockstep_fuzz::Input;

fuzz_target!(|input: Input| check(&input));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    program::mutate(data, size, max_size, seed)
});
fuzz_crossover!(|a: &[u8], b: &[u8], out: &mut [u8], seed: u32| { program::crossover(a, b, out, seed) });

fn check(input: &Input<'_>) {
    if let Err(mut mismatch) = run::run(&input.program, Oracles::default(), &mut ()) {
        mismatch.replay = format!("lockstep replay {}", input.artifact("layered_cursor"));
        panic!("{mismatch}");
    }
}
