//! The same with a plain table of real WiredTiger as one more oracle. Needs the feature `wiredtiger`, and WIREDTIGER_DIR
//! when it is built.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use lockstep::ground::Checker;
use lockstep::oracle::wiredtiger::linked::Plain;
use lockstep::program;
use lockstep::run::{self, Oracles};
use lockstep::script::Recorder;
use lockstep_fuzz::Input;
use std::cell::RefCell;

fuzz_target!(|input: Input| check(&input));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    program::mutate(data, size, max_size, seed)
});
fuzz_crossover!(|a: &[u8], b: &[u8], out: &mut [u8], seed: u32| { program::crossover(a, b, out, seed) });

thread_local! {
    static WIREDTIGER: RefCell<Checker<Plain>> =
        RefCell::new(Checker::new(Plain::open().unwrap_or_else(|error| panic!("{error}")), "wiredtiger"));
}

fn check(input: &Input<'_>) {
    let mut recorder = Recorder::new(&input.program);
    let ran = run::run(&input.program, Oracles::default(), &mut recorder).err();
    let script = recorder.into_script();
    let found = ran.or_else(|| {
        WIREDTIGER.with_borrow_mut(|it| it.check(&input.program, &script).unwrap_or_else(|error| panic!("{error}")))
    });
    if let Some(mut mismatch) = found {
        let file = input.artifact("layered_cursor_wiredtiger");
        mismatch.replay = format!("lockstep replay --oracle plain,model,wiredtiger {file}");
        panic!("{mismatch}");
    }
}
