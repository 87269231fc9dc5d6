//! What a run looks at besides the answers of its steps: the states of the cursors that a step may have touched, and, at
//! its end, everything that is left. Most of it is looked at again soon, so that a look less shows only here.

use lockstep::backend::{Backend, Call, Direction, Reply, Who};
use lockstep::engine::EngineBackend;
use lockstep::program::{Program, Step};
use lockstep::run::{Observer, Oracles, run_with};
use std::cell::RefCell;
use std::rc::Rc;

/// What the follower was asked, and in which step.
#[derive(Default)]
struct Asked {
    step: Option<usize>,
    states: Vec<(usize, Who)>,
    moves: Vec<(usize, Who, Direction)>,
}

type Record = Rc<RefCell<Asked>>;

/// A backend that writes down what it is asked, if it is the follower.
struct Clerk {
    honest: EngineBackend,
    record: Option<Record>,
}

impl Backend for Clerk {
    fn name(&self) -> &'static str {
        self.honest.name()
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        if let Some(record) = &self.record {
            let mut record = record.borrow_mut();
            if let Some(step) = record.step {
                match call {
                    Call::State => record.states.push((step, who)),
                    Call::Next => record.moves.push((step, who, Direction::Next)),
                    Call::Prev => record.moves.push((step, who, Direction::Prev)),
                    _ => {}
                }
            }
        }
        self.honest.call(who, call)
    }
}

/// Tells the clerk which step it is.
struct Page(Record);

impl Observer for Page {
    fn before(&mut self, index: usize, _: &Step) {
        self.0.borrow_mut().step = Some(index);
    }
}

fn record(text: &str) -> Asked {
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let record = Record::default();
    let wrap = |honest: EngineBackend| {
        let own = honest.name() == "follower-layered";
        Clerk { honest, record: own.then(|| Rc::clone(&record)) }
    };
    run_with(&program, Oracles::default(), &mut Page(Rc::clone(&record)), wrap)
        .unwrap_or_else(|error| panic!("{error}"));
    record.take()
}

/// Two sessions with two cursors each; all of the first session stand on records.
const BEFORE: &str = r#"# lockstep 1
config sessions=2 cursors=2 keys=8
inject s1.c0 bulk_insert 0 4 ts=1
s0.c0 search 0010
s0.c1 search 0020
"#;

/// The cursors whose states are asked for in the last of `steps`, each once, in the order of their slots.
fn looked_at(steps: &str) -> String {
    // What the end of the run looks at counts as the query's.
    let text = format!("{BEFORE}{steps}\nquery stable\n");
    let last = text.lines().count() - 4; // the index before that of the query; two lines are no steps
    let asked = record(&text);
    let mut slots: Vec<Who> = asked.states.iter().filter(|(step, _)| *step == last).map(|&(_, who)| who).collect();
    slots.sort_by_key(|who| (who.session, who.cursor));
    slots.dedup();
    let names: Vec<String> = slots.iter().map(|who| format!("s{}.c{}", who.session, who.cursor)).collect();
    names.join(" ")
}

#[test]
fn a_step_looks_at_every_cursor_that_it_may_have_touched() {
    const OWN: &str = "s0.c0 s0.c1";
    const ALL: &str = "s0.c0 s0.c1 s1.c0 s1.c1";
    for (steps, expected) in [
        ("s0.c0 search 0030", ""),
        ("s0.c0 update \"implicit\"", OWN),
        ("s0.c0 update \"wrapped\" ts=2", OWN),
        ("s0 begin", OWN),
        ("s0 begin\ns0 reset_snapshot", OWN),
        ("s0 begin\ns0 set_commit_ts 5", OWN),
        ("s0 begin\ns0 prepare ts=5", OWN),
        ("s0 begin\ns0 commit", OWN),
        ("s0 begin\ns0 rollback", OWN),
        ("s0 truncate start=c0", OWN),
        ("s0 truncate start=c0 ts=2", OWN),
        ("s0 begin\ns0 truncate start=c0", OWN),
        // The scratch cursors, too.
        ("s0 begin\ns0 truncate_range first=0010 last=0020", "s0.c0 s0.c1 s0.c2 s0.c3"),
        ("inject s0.c0 truncate_all ts=2", OWN),
        ("set_timestamp stable=1", ALL),
        ("inject evict 100", ALL),
        ("inject checkpoint", ALL),
        ("inject prune", ALL),
        ("inject adopt", ALL),
        ("inject advance oldest=1 stable=1", ALL),
        ("inject quiesce", ALL),
        ("rollback_to_stable", ALL),
        ("recreate table=0", ALL),
        ("inject restart node=0 at=rest", ALL),
    ] {
        assert_eq!(looked_at(steps), expected, "{steps}");
    }
}

#[test]
fn a_wrapped_write_looks_at_the_other_cursors_once_its_transaction_has_begun() {
    let text = format!("{BEFORE}s0.c0 update \"wrapped\" ts=2\nquery stable\n");
    let states = record(&text).states;
    let other = states.iter().filter(|(step, who)| *step == 3 && who.cursor == 1).count();
    assert_eq!(other, 2, "after the begin, and after the commit");
}

#[test]
fn a_run_ends_with_scans_of_all_that_is_left() {
    let text = format!("{BEFORE}s0 begin\ns0.c0 update 0030 \"running\"\ns0.c0 reset\n");
    let last = text.lines().count() - 3;
    let scratch = 2;
    let mut scans: Vec<(u8, Direction)> = Vec::new();
    let moves = record(&text).moves;
    for &(_, who, direction) in moves.iter().filter(|(step, who, _)| *step == last && who.cursor == scratch) {
        // Four records and the end: a scan is five moves.
        scans.push((who.session, direction));
    }
    let scans: Vec<_> = scans.chunks(5).map(|scan| scan[0]).collect();
    use Direction::{Next, Prev};
    let left = [(0, Next), (0, Prev), (1, Next), (1, Prev)];
    let rolled_back = [(0, Next)];
    let aged = [(0, Next), (1, Next)];
    assert_eq!(scans, [&left[..], &rolled_back, &aged].concat());
}
