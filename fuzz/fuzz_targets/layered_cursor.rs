//! The fuzz target: bytes -> program -> lockstep run. A mismatch panics with the program's tail and all replies.
#![no_main]

use arbitrary::{Arbitrary, Error, Unstructured};
use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use lockstep::program::{self, Program};
use lockstep::run::{self, Oracles};
use sha1::{Digest, Sha1};

fuzz_target!(|input: Input| check(&input));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    program::mutate(data, size, max_size, seed)
});
fuzz_crossover!(|a: &[u8], b: &[u8], out: &mut [u8], seed: u32| { program::crossover(a, b, out, seed) });

/// A program, shown as `.ops` text, and the bytes that it was decoded from. What `lockstep replay` would refuse is no
/// input.
struct Input<'a> {
    program: Program,
    bytes: &'a [u8],
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self, Error> {
        let bytes = bytes.bytes(bytes.len())?;
        let program = Program::from_artifact(bytes).map_err(|_| Error::IncorrectFormat)?;
        Ok(Input { program, bytes })
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.program.fmt(f)
    }
}

fn check(input: &Input<'_>) {
    if let Err(mut mismatch) = run::run(&input.program, Oracles::default(), &mut ()) {
        mismatch.replay = format!("lockstep replay {}", artifact(input.bytes));
        panic!("{mismatch}");
    }
}

/// Where libFuzzer keeps an input that crashed, under the name that it makes of the bytes.
fn artifact(bytes: &[u8]) -> String {
    let name: String = Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("artifacts/layered_cursor/crash-{name}")
}
