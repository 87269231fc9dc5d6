//! The alarm rings: a follower that falsifies a single answer is found out, whatever the answer and wherever it is given.
//! Without these tests a comparison that compares nothing would pass everything.

use lockstep::backend::{Backend, Call, Code, Field, Reply, Who};
use lockstep::engine::EngineBackend;
use lockstep::program::Program;
use lockstep::run::{Mismatch, Oracles, run_with};
use std::cell::Cell;

/// What is made of an answer, with the part that is falsified.
type Lie<'a> = (&'static str, &'a dyn Fn(&mut Reply));

/// The follower's layered table, but for one answer; the other backends are as honest as ever.
struct Liar<'a> {
    honest: EngineBackend,
    /// Whether a call is of the kind that is lied about.
    about: &'a dyn Fn(Who, &Call<'_>, &Reply) -> bool,
    /// Which of the calls of that kind, from 0.
    nth: Cell<usize>,
    lie: &'a dyn Fn(&mut Reply),
}

impl Backend for Liar<'_> {
    fn name(&self) -> &'static str {
        self.honest.name()
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let mut reply = self.honest.call(who, call);
        if self.name() == "follower-layered" && (self.about)(who, &call, &reply) {
            if self.nth.get() == 0 {
                (self.lie)(&mut reply);
            }
            self.nth.set(self.nth.get().wrapping_sub(1));
        }
        reply
    }
}

const PROGRAM: &str = r#"# lockstep 1
config sessions=2 cursors=2 keys=8
inject s0.c0 bulk_insert 0 4 ts=1
inject advance oldest=1 stable=1
inject evict 100
s0.c0 insert 0015 "fresh" ts=2
s0.c0 search 0020
s0.c0 next
s0.c1 search_near 0025
s0.c0 compare s0.c1
query oldest
s0 begin
s0.c0 update "new"
s0 commit ts=3
s0.c0 update 0020 "wrapped" ts=4
s0.c0 update "implicit"
s0.c0 largest_key
s0 next_random
s0 scan next
s0 scan prev
inject evict 100
inject s0.c1 remove_all ts=5
s1.c0 insert 0030 "last" ts=6
"#;

/// Runs the program with a follower that lies in the `nth` answer that `about` chooses.
fn caught(about: &dyn Fn(Who, &Call<'_>, &Reply) -> bool, nth: usize, lie: &dyn Fn(&mut Reply)) -> Box<Mismatch> {
    let program: Program = PROGRAM.parse().expect("the program is well-formed");
    let wrap = |honest| Liar { honest, about, nth: Cell::new(nth), lie };
    run_with(&program, Oracles::default(), &mut (), wrap).expect_err("the lie was not noticed")
}

fn value(text: &str) -> Field {
    Field::Internal(text.into())
}

#[test]
fn an_honest_follower_is_believed() {
    let program: Program = PROGRAM.parse().unwrap();
    let honest = |honest| Liar { honest, about: &|_, _, _| true, nth: Cell::new(usize::MAX / 2), lie: &|_| {} };
    run_with(&program, Oracles::default(), &mut (), honest).unwrap();
}

#[test]
fn every_part_of_an_answer_counts() {
    let next = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::Next);
    let lies: [Lie<'_>; 5] = [
        ("code", &|reply| reply.code = Code::NotFound),
        ("key", &|reply| reply.key = value("0099")),
        ("key", &|reply| reply.key = Field::External(reply.key.get().unwrap().clone())),
        ("value", &|reply| reply.value = value("other")),
        ("placed", &|reply| reply.placed = false),
    ];
    for (field, lie) in lies {
        let mismatch = caught(&next, 0, lie);
        assert_eq!((mismatch.field.name(), mismatch.step, mismatch.op), (field, 5, "next"));
    }
    let exact = caught(&|_, call, _| matches!(call, Call::SearchNear), 0, &|reply| reply.exact = -1);
    assert_eq!((exact.field.name(), exact.op), ("exact", "search_near"));
    let compare = caught(&|_, call, _| matches!(call, Call::Compare { .. }), 0, &|reply| reply.exact += 1);
    assert_eq!((compare.field.name(), compare.op), ("exact", "compare"));
    // `advance` asks for oldest and stable before the step `query` does.
    let query = caught(&|_, call, _| matches!(call, Call::Query(_)), 2, &|reply| reply.timestamp += 1);
    assert_eq!((query.field.name(), query.op), ("timestamp", "query"));
}

#[test]
fn every_oracle_is_asked() {
    let program: Program = PROGRAM.parse().unwrap();
    let next = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::Next);
    let wrap = |honest| Liar { honest, about: &next, nth: Cell::new(0), lie: &|reply| reply.value = value("other") };
    for (plain, model, reference) in [
        (true, true, "model"),
        (false, true, "model"),
        (true, false, "follower-plain"),
        (false, false, "leader-layered"),
    ] {
        let mismatch = run_with(&program, Oracles { plain, model, twin: false }, &mut (), wrap).expect_err("a lie");
        assert_eq!(mismatch.backends, ("follower-layered", reference));
    }
}

#[test]
fn a_write_that_expects_to_be_done_expects_its_commit() {
    let text = "# lockstep 1\ns0.c0 insert 0010 \"a\" ts=5\nset_timestamp stable=9\n";
    for (expected, agrees) in [("ok", false), ("ok commit=einval", true), ("ok commit=rollback", false)] {
        let program = format!("{text}s0.c0 insert 0020 \"b\" ts=7 => {expected}\n").parse().unwrap();
        assert_eq!(lockstep::run::run(&program, Oracles::default(), &mut ()).is_ok(), agrees, "{expected}");
    }
}

#[test]
fn the_calls_that_prepare_a_step_count() {
    for call in ["set_key", "set_value", "begin", "commit"] {
        let about = |_: Who, made: &Call<'_>, _: &Reply| {
            matches!(
                (call, made),
                ("set_key", Call::SetKey(_))
                    | ("set_value", Call::SetValue(_))
                    | ("begin", Call::Begin(_))
                    | ("commit", Call::Commit { .. })
            )
        };
        let mismatch = caught(&about, 1, &|reply| reply.code = Code::Invalid);
        assert_eq!(mismatch.field.name(), "code", "{call}");
    }
}

#[test]
fn cursors_are_looked_at_after_transactions_and_physical_events() {
    let state_of = |slot: u8| {
        move |who: Who, call: &Call<'_>, _: &Reply| {
            matches!(call, Call::State) && who == Who { session: 0, cursor: slot }
        }
    };
    // After the begin and the commit of step 9 to 11, after a wrapped write, after an implicit one, after an eviction.
    let mut steps = Vec::new();
    for nth in 0..12 {
        for slot in 0..2 {
            let mismatch = caught(&state_of(slot), nth, &|reply| reply.value = value("other"));
            assert_eq!(mismatch.field.name(), "value");
            steps.push(mismatch.op);
        }
    }
    for op in ["bulk_insert", "advance", "evict", "insert", "begin", "commit", "update"] {
        assert!(steps.contains(&op), "no cursor was looked at after {op}: {steps:?}");
    }
}

#[test]
fn scans_compare_every_record() {
    let scanned = |who: Who, call: &Call<'_>, reply: &Reply| {
        who.cursor == 2 && matches!(call, Call::Next | Call::Prev) && reply.code == Code::Ok
    };
    // The first is the random record; five records forward and five backward follow.
    for nth in 1..11 {
        let mismatch = caught(&scanned, nth, &|reply| reply.value = value("other"));
        assert_eq!((mismatch.op, mismatch.field.name()), ("scan", "value"), "record {nth}");
        let mismatch = caught(&scanned, nth, &|reply| reply.key = value("9999"));
        assert_eq!((mismatch.op, mismatch.field.name()), ("scan", "key"), "record {nth}");
    }
    let mismatch = caught(&scanned, 11, &|reply| reply.value = value("other"));
    assert_eq!(mismatch.op, "end", "every program ends with scans of what it leaves");
}

#[test]
fn open_answers_obey_their_rules() {
    let random = |who: Who, call: &Call<'_>, _: &Reply| who.cursor == 2 && matches!(call, Call::Next);
    let lies: [Lie<'_>; 4] = [
        ("key", &|reply| reply.key = value("0099")),
        ("value", &|reply| reply.value = value("other")),
        ("code", &|reply| *reply = Reply::code(Code::NotFound)),
        ("placed", &|reply| reply.placed = false),
    ];
    for (field, lie) in lies {
        let mismatch = caught(&random, 0, lie);
        assert_eq!((mismatch.op, mismatch.field.name()), ("next_random", field));
    }
    let largest = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::LargestKey);
    let lies: [&dyn Fn(&mut Reply); 4] = [
        &|reply| reply.key = Field::External("0010".into()),
        &|reply| reply.key = Field::External("9999".into()),
        &|reply| reply.key = value("0040"),
        &|reply| *reply = Reply::code(Code::NotFound),
    ];
    for lie in lies {
        assert_eq!(caught(&largest, 0, lie).op, "largest_key");
    }
}

#[test]
fn every_record_of_a_walk_that_removes_counts() {
    let walked = |who: Who, call: &Call<'_>, _: &Reply| {
        who == Who { session: 0, cursor: 1 } && matches!(call, Call::Next | Call::Remove)
    };
    for nth in 0..11 {
        let mismatch = caught(&walked, nth, &|reply| reply.code = Code::Rollback);
        assert_eq!((mismatch.op, mismatch.field.name()), ("remove_all", "code"), "call {nth}");
    }
}

const UPHEAVALS: &str = r#"# lockstep 1
config sessions=2 cursors=1 keys=8
inject s0.c0 bulk_insert 0 6 ts=1
inject advance oldest=1 stable=1
s0 begin
s0.c0 update 0020 "prepared"
s0 prepare ts=3
s1.c0 search 0020
s1.c0 next
s1.c0 next
s0 query prepare
s0 set_commit_ts 4
s0 commit durable=5
s0 truncate_range first=0010 last=0020 ts=6
inject s1.c0 truncate_all ts=7
s1.c0 insert 0030 "again" ts=8
set_timestamp durable=9
inject quiesce
rollback_to_stable
inject step_down
inject step_up node=1
inject restart node=0 at=rest
recreate table=0
inject s0.c0 bulk_insert 0 2 ts=12
"#;

/// Runs the program with the upheavals; the follower lies in the `nth` answer that `about` chooses.
fn caught_in_upheavals(
    about: &dyn Fn(Who, &Call<'_>, &Reply) -> bool,
    nth: usize,
    lie: &dyn Fn(&mut Reply),
) -> Box<Mismatch> {
    let program: Program = UPHEAVALS.parse().expect("the program is well-formed");
    let wrap = |honest| Liar { honest, about, nth: Cell::new(nth), lie };
    run_with(&program, Oracles::default(), &mut (), wrap).expect_err("the lie was not noticed")
}

#[test]
fn an_honest_follower_survives_upheavals() {
    let program: Program = UPHEAVALS.parse().expect("the program is well-formed");
    run_with(&program, Oracles { twin: true, ..Oracles::default() }, &mut (), |honest| honest).unwrap();
}

#[test]
fn the_calls_of_upheavals_count() {
    for call in
        ["prepare", "set_commit_ts", "commit", "truncate", "truncate_table", "set_timestamp", "recreate", "open"]
    {
        let about = |_: Who, made: &Call<'_>, _: &Reply| {
            matches!(
                (call, made),
                ("prepare", Call::Prepare(_))
                    | ("set_commit_ts", Call::TimestampTransaction(..))
                    | ("commit", Call::Commit { durable: Some(_), .. })
                    | ("truncate", Call::Truncate { .. })
                    | ("truncate_table", Call::TruncateTable { .. })
                    | ("set_timestamp", Call::SetTimestamp { durable: Some(_), .. })
                    | ("recreate", Call::Recreate { .. })
                    | ("open", Call::Open(_))
            )
        };
        let mismatch = caught_in_upheavals(&about, 0, &|reply| reply.code = Code::Busy);
        assert_eq!(mismatch.field.name(), "code", "{call}");
    }
}

#[test]
fn a_stalled_walk_counts() {
    let stalled = |_: Who, _: &Call<'_>, reply: &Reply| reply.code == Code::PrepareConflict;
    let lies: [Lie<'_>; 3] = [
        ("code", &|reply| reply.code = Code::NotFound),
        ("key", &|reply| reply.key = value("0020")),
        ("placed", &|reply| reply.placed = !reply.placed),
    ];
    for (field, lie) in lies {
        for (nth, op) in [(0, "search"), (1, "next")] {
            let mismatch = caught_in_upheavals(&stalled, nth, lie);
            assert_eq!((mismatch.op, mismatch.field.name()), (op, field));
        }
    }
}

#[test]
fn cursors_are_looked_at_around_every_upheaval() {
    let state = |_: Who, call: &Call<'_>, _: &Reply| matches!(call, Call::State);
    let mut steps = Vec::new();
    for nth in 0..80 {
        let program: Program = UPHEAVALS.parse().expect("the program is well-formed");
        let lie = |reply: &mut Reply| reply.key = Field::External("other".into());
        let wrap = |honest| Liar { honest, about: &state, nth: Cell::new(nth), lie: &lie };
        match run_with(&program, Oracles::default(), &mut (), wrap) {
            Err(mismatch) => steps.push(mismatch.op),
            Ok(_) => break,
        }
    }
    for op in [
        "prepare",
        "truncate_range",
        "truncate_all",
        "rollback_to_stable",
        "step_down",
        "step_up",
        "restart",
        "recreate",
    ] {
        assert!(steps.contains(&op), "no cursor was looked at around {op}: {steps:?}");
    }
}
