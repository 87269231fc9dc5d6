//! A hook strikes where it says: inside the calls that pass its point, and after the step if none does. What happens is
//! the same for the replies in either case, so that nothing but these tests notices a point that is never passed.

use lockstep::backend::{Backend, Call, Code, Point, Reply, Who};
use lockstep::engine::EngineBackend;
use lockstep::program::Program;
use lockstep::run::{Observer, Oracles, run, run_with};
use std::cell::Cell;
use std::rc::Rc;

/// Where hooks were to strike, and whether they did.
#[derive(Default)]
struct Struck(Vec<(Point, bool)>);

impl Observer for Struck {
    fn hooked(&mut self, at: Point, _: &'static str, passed: bool) {
        self.0.push((at, passed));
    }
}

/// Two tables in stable, a little in ingest, and a prepared record.
const BEFORE: &str = r#"# lockstep 1
config sessions=2 cursors=2 tables=2 keys=8
inject s0.c0 bulk_insert 0 4 ts=1
inject s0.c1 bulk_insert 0 4 ts=1
inject advance oldest=1 stable=1
inject evict 100
s0.c0 insert 0015 "in ingest" ts=2
s1 begin
s1.c1 update 0040 "prepared"
s1 prepare ts=9
"#;

/// Whether a hook at `at` strikes inside `step`, which comes after `setup`.
fn strikes(at: &str, setup: &str, step: &str) -> bool {
    let text = format!("{BEFORE}{setup}\ninject s1.c0 hook at={at} do=prune\n{step}\n");
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut struck = Struck::default();
    run(&program, Oracles::default(), &mut struck).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    match struck.0[..] {
        [(point, passed)] if point.name() == at => passed,
        ref other => panic!("one hook at {at} was armed, and not {other:?}"),
    }
}

#[test]
fn every_call_that_passes_a_point_is_interrupted_there() {
    let standing = "s0.c0 search 0020\ns0.c0 next\ns0.c0 prev";
    let inside = "s0 begin\ns0.c0 search 0020";
    for (at, setup, step) in [
        ("ingest_probed", "", "s0.c0 search 0010"),
        ("ingest_probed", "", "s0.c0 search 0099"),
        ("search_missed", standing, "s0.c0 search 0099"),
        ("search_missed", standing, "s0.c0 search_near 0099"),
        ("side_moved", "", "s0.c0 next"),
        ("side_moved", standing, "s0.c0 next"),
        ("side_moved", standing, "s0.c0 prev"),
        ("stalled", "s0.c0 search 0030", "s0.c0 next"),
        ("stalled", "", "s0.c0 prev"),
        ("looked_up", "", "s0.c0 insert 0025 \"new\" ts=3"),
        ("looked_up", "", "s0.c0 update 0020 \"new\" ts=3"),
        ("looked_up", "", "s0.c0 remove 0020 ts=3"),
        ("looked_up", standing, "s0.c0 remove"),
        ("looked_up", inside, "s0.c0 modify 0010 \"m\":0:1"),
        ("looked_up", inside, "s0.c0 reserve 0010"),
        ("looked_up", "", "s0 truncate_range first=0010 last=0020 ts=3"),
        ("table_adopted", "set_timestamp stable=2\ninject checkpoint", "inject adopt"),
    ] {
        assert!(strikes(at, setup, step), "{at}: {step}");
    }
}

#[test]
fn a_hook_that_no_step_follows_strikes_at_the_end() {
    assert!(!strikes("ingest_probed", "", ""));
    let after = |steps: &str| {
        let text = format!("# lockstep 1\nconfig sessions=2\ns1 begin\ns1.c0 insert 0010 \"v\"\n{steps}\n");
        rows_at_the_end(&text.parse().unwrap_or_else(|error| panic!("{text}: {error}")))
    };
    // Both sessions see it, in both directions, once more without their transactions, and once more aged.
    let committed = after("s1 commit ts=2");
    assert_eq!(after("inject s1.c0 hook at=side_moved do=commit ts=2"), committed);
    assert_ne!(after(""), committed);
}

/// How many walks of the final scans answer a record.
fn rows_at_the_end(program: &Program) -> usize {
    let rows = Rc::new(Cell::new(0));
    let wrap = |honest: EngineBackend| {
        let counts = (honest.name() == "follower-layered").then(|| Rc::clone(&rows));
        Teller { honest, counts }
    };
    run_with(program, Oracles::default(), &mut (), wrap).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    rows.get()
}

/// A backend that counts the records that its walks come by, if it is the follower.
struct Teller {
    honest: EngineBackend,
    counts: Option<Rc<Cell<usize>>>,
}

impl Backend for Teller {
    fn name(&self) -> &'static str {
        self.honest.name()
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let reply = self.honest.call(who, call);
        if let Some(rows) = &self.counts
            && matches!(call, Call::Next | Call::Prev)
            && reply.code == Code::Ok
        {
            rows.set(rows.get() + 1);
        }
        reply
    }
}

#[test]
fn a_hook_does_not_strike_at_another_point() {
    for (at, step) in [
        ("ingest_probed", "s0.c0 next"),
        ("search_missed", "s0.c0 search 0010"),
        ("side_moved", "s0.c0 search 0010"),
        ("stalled", "s0.c0 next"),
        ("looked_up", "s0.c0 next"),
        ("table_adopted", "s0.c0 search 0010"),
    ] {
        assert!(!strikes(at, "", step), "{at}: {step}");
    }
}

/// How many keys leave ingest in a run of `steps`, which come after two records that only a new checkpoint takes over.
fn pruned(steps: &str) -> u64 {
    let text = format!("{BEFORE}s1.c1 reset\ns0.c0 insert 0016 \"too\" ts=2\nset_timestamp stable=2\n{steps}\n");
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    run(&program, Oracles::default(), &mut ()).unwrap_or_else(|mismatch| panic!("{mismatch}")).counters.pruned_keys
}

#[test]
fn what_a_hook_does_is_done_inside_the_step_or_after_it() {
    for step in ["s0.c0 search 0010", "query stable", ""] {
        for (before, action, after) in [
            ("inject checkpoint\ninject adopt", "prune", ""),
            ("inject checkpoint\ninject adopt", "evict", ""),
            ("inject checkpoint", "adopt", "s0.c0 reset\ninject prune"),
            ("", "checkpoint", "s0.c0 reset\ninject adopt\ninject prune"),
        ] {
            // Where the hook comes last, what it does itself has to show.
            if step.is_empty() && !after.is_empty() {
                continue;
            }
            let hook = format!("inject s1.c0 hook at=ingest_probed do={action}");
            let with = pruned(&format!("{before}\n{hook}\n{step}\n{after}"));
            let without = pruned(&format!("{before}\n{step}\n{after}"));
            assert!(with > without, "{action} in `{step}`: {with} keys have left, {without} without it");
        }
    }
}
