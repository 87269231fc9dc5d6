//! The fuzz target: bytes -> plan, stages, schedule -> a run in virtual time on one thread. Any difference from the plan
//! panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep::replay::case::Case;

fuzz_target!(|bytes: &[u8]| {
    let case = Case::decode(bytes);
    if let Err(what) = case.run() {
        panic!("{what}\n{case}");
    }
});
