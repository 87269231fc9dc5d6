//! The fuzz target: bytes -> program -> lockstep run. A mismatch panics with the program's tail and all replies.
#![no_main]

use arbitrary::{Arbitrary, Error, Unstructured};
use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use lockstep::program::{self, Program};
use lockstep::run::{self, Oracles};

fuzz_target!(|input: Input| check(&input.0));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    program::mutate(data, size, max_size, seed)
});
fuzz_crossover!(|a: &[u8], b: &[u8], out: &mut [u8], seed: u32| { program::crossover(a, b, out, seed) });

/// A program, shown as `.ops` text. What `lockstep replay` would refuse is no input.
struct Input(Program);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self, Error> {
        let bytes = bytes.bytes(bytes.len())?;
        Program::from_artifact(bytes).map(Input).map_err(|_| Error::IncorrectFormat)
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn check(program: &Program) {
    if let Err(mismatch) = run::run(program, Oracles::default(), &mut ()) {
        panic!("{mismatch}");
    }
}
