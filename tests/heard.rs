//! Every backend is heard, in each of the ways in which a run makes calls: whichever of them answers otherwise than the
//! rest is named, even where it is the leader, the plain table or the twin, and not the follower under test.

use lockstep::backend::{Backend, Begin, Call, Code, Field, Isolation, Reply, Who};
use lockstep::engine::{EngineBackend, Node};
use lockstep::program::{Program, Step};
use lockstep::run::{Mismatch, Observer, Oracles, run, run_with};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A backend that falsifies its first answer of a kind if it has one of the names.
struct Liar<'a> {
    honest: EngineBackend,
    lies: bool,
    about: &'a dyn Fn(Who, &Call<'_>, &Reply) -> bool,
    lie: &'a dyn Fn(&mut Reply),
    done: Cell<bool>,
}

impl Backend for Liar<'_> {
    fn name(&self) -> &'static str {
        self.honest.name()
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let mut reply = self.honest.call(who, call);
        if self.lies && !self.done.get() && (self.about)(who, &call, &reply) {
            self.done.set(true);
            (self.lie)(&mut reply);
        }
        reply
    }
}

const EVERYBODY: Oracles = Oracles { plain: true, model: true, twin: true };
const ENGINE: [&str; 4] = ["follower-layered", "leader-layered", "follower-plain", "twin-layered"];

/// Runs a program in which the backends of these names lie; the difference that it ends with, if it does.
fn lied_to(
    text: &str,
    oracles: Oracles,
    names: &[&str],
    about: &dyn Fn(Who, &Call<'_>, &Reply) -> bool,
    lie: &dyn Fn(&mut Reply),
) -> Option<Box<Mismatch>> {
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let wrap = |honest: EngineBackend| {
        let lies = names.contains(&honest.name());
        Liar { honest, lies, about, lie, done: Cell::new(false) }
    };
    run_with(&program, oracles, &mut (), wrap).err()
}

const USUAL: &str = r#"# lockstep 1
config sessions=2 cursors=1 keys=8
s0.c0 insert 0010 "a" ts=1
s0.c0 search 0010
s1 begin
s1.c0 insert 0020 "b"
"#;

/// Steps for which a log is kept, so that calls are made in another way.
const CHANGES_NODES: &str = "inject quiesce\ninject restart node=1 at=rest\n";

#[test]
fn each_backend_is_heard_in_each_kind_of_run() {
    let without_twin = Oracles { twin: false, ..EVERYBODY };
    let kinds = [(USUAL.to_owned(), without_twin), (USUAL.to_owned(), EVERYBODY)]
        .into_iter()
        .chain([without_twin, EVERYBODY].map(|oracles| (format!("{USUAL}{CHANGES_NODES}"), oracles)))
        .chain([("plain", false), ("model", true)].map(|(name, model)| {
            let oracles: Oracles = name.parse().expect("an oracle");
            assert_eq!(oracles.model, model);
            (format!("{USUAL}{CHANGES_NODES}"), oracles)
        }));
    for (text, oracles) in kinds {
        for name in ENGINE {
            let takes_part = match name {
                "follower-plain" => oracles.plain,
                "twin-layered" => oracles.twin,
                _ => true,
            };
            for call in ["search", "set_key", "set_value", "begin"] {
                let about = |_: Who, made: &Call<'_>, _: &Reply| {
                    matches!(
                        (call, made),
                        ("search", Call::Search)
                            | ("set_key", Call::SetKey(_))
                            | ("set_value", Call::SetValue(_))
                            | ("begin", Call::Begin(_))
                    )
                };
                let mismatch = lied_to(&text, oracles, &[name], &about, &|reply| reply.code = Code::Busy);
                assert_eq!(mismatch.is_some(), takes_part, "{call} of {name} in a run with {oracles}");
                let Some(mismatch) = mismatch else { continue };
                // Where there is no model, the plain table is what the others are compared with.
                let (found, reference) = mismatch.backends;
                assert!([found, reference].contains(&name), "{call} of {name}, not {found} against {reference}");
            }
        }
    }
}

/// Session 1 commits inside a search of session 0.
const INTERRUPTED: &str = r#"# lockstep 1
config sessions=2 cursors=1 keys=8
s0.c0 insert 0010 "a" ts=1
s1 begin
s1.c0 insert 0020 "b"
inject s1.c0 hook at=ingest_probed do=commit ts=5
s0.c0 search 0030
"#;

#[test]
fn a_call_that_was_interrupted_is_compared_and_so_is_what_interrupted_it() {
    let search = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::Search);
    let lie = |reply: &mut Reply| reply.code = Code::Ok;
    let mismatch = lied_to(INTERRUPTED, EVERYBODY, &["follower-layered"], &search, &lie).expect("a lie");
    assert_eq!((mismatch.op, mismatch.backends.0), ("search", "follower-layered"));
    let commit = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::Commit { ts: Some(5), .. });
    // The follower's own commit happens inside its call, beyond the reach of a liar.
    for name in &ENGINE[1..] {
        let mismatch = lied_to(INTERRUPTED, EVERYBODY, &[name], &commit, &|reply| reply.code = Code::Rollback);
        let mismatch = mismatch.unwrap_or_else(|| panic!("the commit of {name} is not compared"));
        assert_eq!((mismatch.field.name(), mismatch.backends.0), ("code", *name));
    }
}

#[test]
fn what_all_get_wrong_breaks_a_rule() {
    let nobody = Oracles { plain: false, model: false, twin: false };
    let engine = ["follower-layered", "leader-layered"];
    let search = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::Search);
    let mismatch = lied_to(USUAL, nobody, &engine, &search, &|reply| reply.placed = false).expect("no place");
    assert_eq!((mismatch.field.name(), mismatch.backends.1), ("placed", "rule"));
    let text = format!("{USUAL}s1 rollback\ns0.c0 insert 0020 \"b\" ts=2\ns0 scan next\n");
    let second = |who: Who, call: &Call<'_>, reply: &Reply| {
        who.cursor == 1 && matches!(call, Call::Next) && reply.key.get().is_some_and(|key| **key == *b"0020")
    };
    let back = |reply: &mut Reply| reply.key = Field::Internal("0010".into());
    let mismatch = lied_to(&text, nobody, &engine, &second, &back).expect("the walk turns");
    assert_eq!((mismatch.op, mismatch.field.name(), mismatch.backends.1), ("scan", "rows", "rule"));
}

#[test]
fn a_random_cursor_meets_nothing_prepared_where_nothing_is() {
    let text = format!("{USUAL}s0 next_random\n");
    let random = |who: Who, call: &Call<'_>, _: &Reply| who.cursor == 1 && matches!(call, Call::Next);
    let stalls = |reply: &mut Reply| *reply = Reply { placed: true, ..Reply::code(Code::PrepareConflict) };
    for name in ENGINE {
        let mismatch = lied_to(&text, EVERYBODY, &[name], &random, &stalls).expect("nothing is prepared");
        assert_eq!((mismatch.op, mismatch.backends), ("next_random", (name, "rule")));
    }
}

#[test]
fn a_program_is_told_when_it_expects_something_else() {
    for (step, expected) in [
        ("s0.c0 search 0010", "notfound"),
        ("s0.c0 search 0010", "ok 0020"),
        ("s0.c0 search 0010", "ok 0010 \"b\""),
        ("s0.c0 search 0010", "ok E(0010)"),
        ("s0.c0 search_near 0015", "ok exact=1"),
        ("query oldest", "ok ts=1"),
        ("s0 scan next", "ok empty"),
        ("s0 scan next", "ok 0010=\"b\""),
        ("s0 scan next", "ok 0020=\"a\""),
        ("s0 scan next", "ok 0010=\"a\" 0020=\"b\""),
    ] {
        let program: Program = format!("{USUAL}{step} => {expected}\n").parse().expect("well-formed");
        let mismatch = run(&program, EVERYBODY, &mut ()).expect_err(expected);
        assert_eq!(mismatch.backends.1, "expected", "{step} => {expected}: {}", mismatch.reason);
    }
}

/// Opens a session that no program knows on the node of the backend of that name, and begins a transaction in it.
fn with_stranger(text: &str, name: &str, begin: Begin) -> Box<Mismatch> {
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let wrap = |honest: EngineBackend| {
        if honest.name() == name {
            let node = Rc::clone(honest.node());
            let mut node = node.borrow_mut();
            let stranger = node.open_session(Isolation::Snapshot, 1);
            assert_eq!(node.act(&[], stranger, Who::default(), Call::Begin(begin)).code, Code::Ok);
        }
        honest
    };
    let oracles = Oracles { plain: true, model: true, twin: false };
    run_with(&program, oracles, &mut (), wrap).expect_err("an event is refused though nobody is in its way")
}

#[test]
fn what_events_answer_is_known_beforehand() {
    let aged = "# lockstep 1\nconfig sessions=1 cursors=1 keys=8\ns0.c0 insert 0010 \"a\" ts=5\n";
    let reader = Begin { read_ts: Some(1), ..Begin::default() };
    let pinned = with_stranger(&format!("{aged}inject advance oldest=5 stable=5\n"), "follower-layered", reader);
    assert_eq!((pinned.op, pinned.backends.1, pinned.field.name()), ("advance", "rule", "code"));
    for (step, name) in [
        ("inject step_down", "leader-layered"),
        ("rollback_to_stable", "leader-layered"),
        ("inject step_down\ninject step_up node=0", "follower-layered"),
    ] {
        let busy = with_stranger(&format!("{aged}{step}\n"), name, Begin::default());
        let last = step.split_whitespace().find(|word| !word.starts_with("inject")).unwrap_or_default();
        assert!(busy.op == last || step.contains(busy.op), "{step}: {}", busy.op);
        assert_eq!((busy.backends, busy.field.name()), ((name, "rule"), "code"), "{step}");
    }
}

#[test]
fn what_happens_to_the_follower_happens_to_the_twin_some_steps_later() {
    for event in ["evict 100", "prune"] {
        let text = format!(
            "{USUAL}s1 rollback\ns0.c0 reset\ninject advance oldest=1 stable=1\nquery stable\nquery stable\ninject {event}\n"
        );
        let program: Program = format!("{text}{}", "query stable\n".repeat(3)).parse().expect("well-formed");
        let twin = RefCell::new(None);
        let wrap = |honest: EngineBackend| {
            if honest.name() == "twin-layered" {
                *twin.borrow_mut() = Some(Rc::clone(honest.node()));
            }
            honest
        };
        run_with(&program, EVERYBODY, &mut CountAtEnd(&twin, program.steps.len() - 1), wrap).expect("agrees");
    }
}

/// Looks at the twin after the last step: the end of a run prunes everybody.
struct CountAtEnd<'a>(&'a RefCell<Option<Rc<RefCell<Node>>>>, usize);

impl Observer for CountAtEnd<'_> {
    fn before(&mut self, index: usize, step: &Step) {
        if index == self.1 {
            let twin = self.0.borrow();
            let pruned = twin.as_ref().expect("a twin").borrow().counters().pruned_keys;
            assert!(pruned > 0, "nothing has left the twin's ingest table before `{step}`");
        }
    }
}
