//! Shrinking: what comes out still fails in the same way, is as small as it gets, and is always the same.

use assert_cmd::Command;
use lockstep::backend::{Backend, Call, Code, Reply, TxnTimestamp, Who};
use lockstep::engine::EngineBackend;
use lockstep::program::{Op, Profile, Program, Step, generate};
use lockstep::run::{Class, Oracles, Trace, run, run_by_the_model, run_with};
use lockstep::shrink::{Budget, Failing, Shrunk, regression, shrink, shrink_failure, shrink_mismatch};

/// A predicate on the steps of a program and the codes that they answered.
type Holds = fn(&[(&Step, Code)]) -> bool;

/// What stands in for a failure: something that a run does, with a name and the shortest program known to do it.
const PREDICATES: [(&str, usize, Holds); 6] = [
    ("an old record read after an eviction", 5, old_read_after_evict),
    ("a walk that turns at the end", 3, turn_at_the_end),
    ("a duplicate key", 3, |run| run.iter().any(|(_, code)| *code == Code::DuplicateKey)),
    ("a write conflict", 3, |run| run.iter().any(|(_, code)| *code == Code::Rollback)),
    ("a long value under a cursor", 2, long_value),
    ("two sessions write", 2, two_writers),
];

/// A search in a transaction with a read timestamp finds a record, after an eviction, after a pick-up.
fn old_read_after_evict(run: &[(&Step, Code)]) -> bool {
    let mut run = run.iter().filter(|(_, code)| *code == Code::Ok);
    run.any(|(step, _)| matches!(step.op, Op::Adopt | Op::Advance { .. }))
        && run.any(|(step, _)| matches!(step.op, Op::Evict { .. } | Op::Prune))
        && run.any(|(step, _)| matches!(step.op, Op::Begin { read_ts: Some(_), .. }))
        && run.any(|(step, _)| matches!(step.op, Op::Search { .. }))
}

fn turn_at_the_end(run: &[(&Step, Code)]) -> bool {
    run.windows(2).any(|pair| {
        let [(a, first), (b, second)] = pair else { return false };
        let turns = matches!((&a.op, &b.op), (Op::Next, Op::Prev));
        turns && a.who == b.who && *first == Code::NotFound && *second == Code::Ok
    })
}

fn long_value(run: &[(&Step, Code)]) -> bool {
    let is_long = |step: &Step| matches!(&step.op, Op::Insert { value: Some(value), .. } if value.len() > 30);
    let mut run = run.iter();
    run.any(|(step, code)| is_long(step) && *code == Code::Ok)
        && run.any(|(step, code)| matches!(step.op, Op::Next | Op::Prev) && *code == Code::Ok)
}

fn two_writers(run: &[(&Step, Code)]) -> bool {
    let wrote = |session: u8| {
        run.iter().any(|(step, code)| {
            step.who.session == session && matches!(step.op, Op::Insert { .. }) && *code == Code::Ok
        })
    };
    wrote(0) && wrote(1)
}

/// Whether a run of the program does what the predicate says.
fn does(program: &Program, holds: Holds) -> bool {
    let mut trace = Trace::default();
    run(program, Oracles { plain: false, model: true, twin: false }, &mut trace).expect("the backends agree");
    let codes = trace.replies().iter().map(|reply| reply.code);
    holds(&program.steps.iter().zip(codes).collect::<Vec<_>>())
}

/// The first programs of a profile that do it.
fn programs(holds: Holds, profile: Profile, count: usize) -> Vec<Program> {
    let generated = (0..500).map(|seed| generate(profile, seed, 250));
    let found: Vec<Program> = generated.filter(|program| does(program, holds)).take(count).collect();
    assert_eq!(found.len(), count, "generated programs do it");
    found
}

fn shrink_by(program: &Program, holds: Holds) -> Shrunk {
    shrink(program, |candidate| does(candidate, holds), Budget::default()).expect("it does it")
}

#[test]
fn what_comes_out_is_minimal_and_always_the_same() {
    for (name, shortest, holds) in PREDICATES {
        for program in programs(holds, Profile::Swarm, 3) {
            let shrunk = shrink_by(&program, holds);
            let small = &shrunk.program;
            assert!(shrunk.complete && does(small, holds), "{name}: {small}");
            assert!(small.steps.len() <= program.steps.len(), "{name}: {small}");
            // A fifth more than the shortest is what a shrinker may miss.
            assert!(small.steps.len() * 5 <= shortest * 6, "{name}: {shortest} steps are enough\n{small}");
            for gone in 0..small.steps.len() {
                let mut shorter = small.clone();
                shorter.steps.remove(gone);
                assert!(!does(&shorter, holds), "{name}: it does without step {gone}\n{small}");
            }
            let again = shrink_by(small, holds);
            assert_eq!(again.program, *small, "{name}: shrinking what is shrunk changes nothing");
            let twice = shrink_by(&program, holds);
            assert_eq!((&twice.program, &twice.log), (small, &shrunk.log), "{name}: twice the same");
            assert_eq!(small.to_string().parse(), Ok(small.clone()), "{name}: it has a text");
        }
    }
}

#[test]
fn nothing_but_the_essence_is_left() {
    let text = "# lockstep 1
config sessions=3 cursors=2 keys=40 isolation=snapshot,read-committed,snapshot
s0.c1 reconfigure overwrite=true
inject s0.c0 bulk_insert 7 20 ts=30
s1.c1 bound lower 0100 inclusive=false
s1.c1 next
inject advance oldest=20 stable=30
inject evict 60
s2 begin isolation=read-committed
s2.c0 value \"something\"
s2 commit
s0 begin isolation=snapshot
s0.c0 key 0200
s0.c0 value \"twenty\"
s0.c0 insert
s0.c0 modify 0190 \"xyz\":0:3 \"q\":1:1
s0 set_commit_ts 55
s0.c0 update \"again\"
s0 commit
s2 begin read_ts=40 roundup=true
s2.c1 search_near 0200
s2.c1 update 0200 \"conflict\"
s2 rollback
s1.c0 next
";
    let program: Program = text.parse().expect("a program");
    let refused =
        |run: &[(&Step, Code)]| run.iter().any(|(step, code)| *code == Code::Rollback && step.op.name() == "update");
    let expected = "# lockstep 1
config sessions=2 cursors=1 keys=2
s0 begin
s0.c0 insert 0010 \"a\"
s1.c0 update 0010 \"b\"
";
    assert_eq!(shrink_by(&program, refused).program.to_string(), expected);
}

/// The first step that answers a conflict or a duplicate key, as a failure of that class.
fn first_refusal(program: &Program) -> Option<Failing<Code>> {
    let mut trace = Trace::default();
    run(program, Oracles::default(), &mut trace).expect("the backends agree");
    let mut codes = trace.replies().iter().map(|reply| reply.code);
    let step = codes.position(|code| matches!(code, Code::Rollback | Code::DuplicateKey))?;
    Some(Failing { class: trace.replies()[step].code, steps: step + 1 })
}

#[test]
fn the_class_stays_and_nothing_follows_the_failing_step() {
    for class in [Code::Rollback, Code::DuplicateKey] {
        let generated = (0..200).map(|seed| generate(Profile::Swarm, seed, 200));
        let failing = generated.filter(|program| first_refusal(program).is_some_and(|first| first.class == class));
        let mut count = 0;
        for program in failing.take(4) {
            let (kept, shrunk) = shrink_failure(&program, first_refusal, Budget::default()).expect("it fails");
            let after = first_refusal(&shrunk.program).expect("it still fails");
            assert_eq!((kept, after.class), (class, class), "it drifts to another failure");
            assert_eq!(after.steps, shrunk.program.steps.len(), "something follows the failing step");
            assert!(shrunk.program.steps.len() <= 4, "{}", shrunk.program);
            count += 1;
        }
        assert_eq!(count, 4, "generated programs fail with {class}");
    }
}

/// A follower with a bug: the third and later steps of a walk in one direction say that the table has ended.
struct Tired {
    engine: EngineBackend,
    moves: u32,
}

impl Backend for Tired {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let reply = self.engine.call(who, call);
        match call {
            // Scans are by cursors of their own, and know no fatigue.
            Call::Next if who == Who::default() && self.name() == "follower-layered" => self.moves += 1,
            Call::State => {}
            _ => self.moves = 0,
        }
        if self.moves > 2 { Reply { code: Code::NotFound, ..reply } } else { reply }
    }
}

fn tires(program: &Program) -> Option<Failing<Class>> {
    let tired = |engine| Tired { engine, moves: 0 };
    let mismatch = run_with(program, Oracles::default(), &mut (), tired).err()?;
    Some(Failing { class: mismatch.class(), steps: mismatch.step + 1 })
}

#[test]
fn a_broken_follower_is_reduced_to_its_bug() {
    let generated = (0..200).map(|seed| generate(Profile::Iterate, seed, 300));
    let failing = generated.filter(|program| tires(program).is_some_and(|first| first.class.op == "next"));
    let small = "s0.c0 next
s0.c0 next
s0.c0 next
";
    let mut count = 0;
    for program in failing.take(3) {
        let (class, shrunk) = shrink_failure(&program, tires, Budget::default()).expect("it fails");
        assert_eq!(tires(&shrunk.program).map(|first| first.class), Some(class));
        let text = shrunk.program.to_string();
        assert!(text.ends_with(small) && shrunk.program.steps.len() <= 6, "three records, three moves:\n{text}");
        count += 1;
    }
    assert_eq!(count, 3, "generated programs tire it");
}

#[test]
fn the_budget_is_kept() {
    let (.., holds) = PREDICATES[0];
    let program = &programs(holds, Profile::Mixed, 1)[0];
    let small = shrink_by(program, holds);
    for executions in [1, 2, 20, small.executions - 1] {
        let budget = Budget { executions, ..Budget::default() };
        let mut asked = 0;
        let shrunk = shrink(program, |candidate| (asked += 1, does(candidate, holds)).1, budget).expect("it does it");
        assert!(!shrunk.complete && does(&shrunk.program, holds));
        assert_eq!((shrunk.executions, asked), (executions, executions));
    }
    let budget = Budget { steps: 1_000, ..Budget::default() };
    let shrunk = shrink(program, |candidate| does(candidate, holds), budget).expect("it does it");
    assert!(!shrunk.complete && shrunk.steps < 1_000 + program.steps.len() as u64);
}

#[test]
fn a_program_that_does_not_fail_is_not_shrunk() {
    let wrong: Program = "# lockstep 1\ns0.c0 insert 0010 \"a\" => rollback\n".parse().expect("a program");
    assert!(run(&wrong, Oracles::default(), &mut ()).is_err());
    assert!(shrink_mismatch(&wrong, Oracles::default(), Budget::default()).is_none(), "what it expects is left out");
    assert!(shrink(&wrong, |_| false, Budget::default()).is_none());
}

#[test]
fn a_shrunk_program_says_what_it_should_answer() {
    let (.., holds) = PREDICATES[0];
    let shrunk = shrink_by(&programs(holds, Profile::Swarm, 1)[0], holds);
    let mut answers = Trace::default();
    run_by_the_model(&shrunk.program, &mut answers);
    let text = regression(&shrunk, "search: value of one against another", &answers);
    let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let from = format!("# Shrunk from {} steps to {}", shrunk.from_steps, shrunk.program.steps.len());
    assert_eq!(comments[..2], ["# lockstep 1", "# search: value of one against another"]);
    assert!(comments[2].starts_with(&from) && comments.len() == 3, "{text}");
    let read: Program = text.parse().expect("a program");
    let replies = |step: &&Step| !step.to_string().starts_with("inject ") || step.op.name().starts_with("bulk");
    assert!(read.steps.iter().filter(replies).all(|step| step.expect.is_some()), "{text}");
    assert!(read.steps.iter().any(|step| step.expect.is_none()), "physical events have no reply: {text}");
    run(&read, Oracles::default(), &mut ()).expect("it does what it expects");
    let bare = Shrunk { program: read.clone(), ..shrunk };
    let bare = regression(&bare, "search: value of one against another", &answers);
    assert_eq!(bare, text, "what a program expected before does not matter");
}

#[test]
fn the_model_answers_what_all_answer() {
    for seed in 0..10 {
        let program = generate(Profile::Swarm, seed, 150);
        let (mut all, mut model) = (Trace::default(), Trace::default());
        run(&program, Oracles { plain: false, model: true, twin: false }, &mut all).expect("the backends agree");
        run_by_the_model(&program, &mut model);
        assert_eq!(all.replies(), model.replies());
    }
}

/// Exactly one line on stderr, with exit code 2 and `parts` in it.
fn refuses(command: &mut Command, parts: &[&str]) {
    let output = command.assert().code(2).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(parts.iter().all(|part| stderr.contains(part)), "{stderr}");
}

#[test]
fn the_command_refuses_what_it_cannot_do() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (good, output) = (directory.path().join("good.ops"), directory.path().join("small.ops"));
    std::fs::write(&good, "# lockstep 1\ns0.c0 next => ok\n").expect("a temporary file");
    let command = || {
        let mut command = Command::cargo_bin("lockstep").expect("the binary is built with the tests");
        command.arg("shrink").arg(&good).arg("-o").arg(&output);
        command
    };
    refuses(&mut command(), &["good.ops", "nothing to shrink", "lockstep replay"]);
    assert!(!output.exists());
    refuses(command().args(["--budget", "0"]), &["--budget"]);
    std::fs::write(&output, "precious").expect("a temporary file");
    refuses(&mut command(), &["small.ops", "--force"]);
    std::fs::remove_file(&good).expect("just written");
    refuses(command().arg("--force"), &["good.ops", "cannot read"]);
    assert_eq!(std::fs::read_to_string(&output).expect("still there"), "precious");
}

/// Shrinks a text by a predicate on its steps alone.
fn shrink_text(text: &str, holds: fn(&[Step]) -> bool) -> String {
    let program: Program = format!("# lockstep 1\n{text}").parse().unwrap();
    let shrunk = shrink(&program, |candidate| holds(&candidate.steps), Budget::default()).expect("it does it");
    let text = shrunk.program.to_string();
    text.trim_start_matches("# lockstep 1\n").to_owned()
}

#[test]
fn what_a_program_does_to_nodes_and_tables_becomes_plain() {
    let prepared = "config sessions=2 cursors=2 keys=20 tables=2\ns1 begin ignore_prepare=force\ns1.c1 insert 0030 \"v\"\n\
        s1 set_prepare_ts 5\ns1 prepare\ns1 set_commit_ts 6\ns1 set_durable_ts 7\ns1 commit\n";
    let holds = |steps: &[Step]| {
        use TxnTimestamp::{Durable, Prepare};
        let stamped = |wanted| {
            let stamps =
                move |step: &Step| matches!(step.op, Op::TimestampTransaction { which, .. } if which == wanted);
            steps.iter().any(stamps)
        };
        let (mut prepares, mut commits) = (None, None);
        for step in steps {
            match step.op {
                Op::Prepare { ts } => prepares = Some(ts.is_some()),
                Op::Commit { durable, .. } => commits = Some(durable.is_some()),
                _ => {}
            }
        }
        prepares.is_some_and(|own| own || stamped(Prepare)) && commits.is_some_and(|own| own || stamped(Durable))
    };
    let plain = "config sessions=1 cursors=1 keys=2\ns0 prepare ts=1\ns0 commit durable=1\n";
    assert_eq!(shrink_text(prepared, holds), plain);

    let truncated = "config sessions=2 cursors=2 keys=20 tables=2\ns1.c1 key 0050\ns1 truncate start=c0 stop=c1 ts=4\n";
    let holds = |steps: &[Step]| {
        let has_key = steps.iter().any(|step| matches!(step.op, Op::Key { .. }));
        steps.iter().any(|step| match &step.op {
            Op::Truncate { start, stop, .. } => has_key && (start.is_some() || stop.is_some()),
            Op::TruncateRange { first, last, .. } => first.is_some() || last.is_some(),
            Op::Remove { key, .. } => key.is_some(),
            _ => false,
        })
    };
    assert_eq!(shrink_text(truncated, holds), "config sessions=1 cursors=1 keys=2\ns0.c0 remove 0010\n");

    let hooked = "config sessions=2 cursors=2 keys=20\ninject s1.c0 hook at=stalled do=evict\ns0.c0 next\n";
    let holds = |steps: &[Step]| steps.iter().any(|step| matches!(step.op, Op::Hook { .. } | Op::Evict { .. }));
    assert_eq!(shrink_text(hooked, holds), "config sessions=1 cursors=1 keys=2\ninject evict 100\n");

    let flooded = "config sessions=1 cursors=1 keys=20\ninject s0.c0 prepare_flood 3 8 ts=9\n";
    let holds =
        |steps: &[Step]| steps.iter().any(|step| matches!(step.op, Op::Prepare { .. } | Op::PrepareFlood { .. }));
    assert_eq!(shrink_text(flooded, holds), "config sessions=1 cursors=1 keys=2\ns0 prepare\n");

    let crashed = "config sessions=1 cursors=1 keys=20\ninject quiesce\ninject restart node=1 at=adopt\n";
    let holds = |steps: &[Step]| steps.iter().any(|step| matches!(step.op, Op::Restart { .. }));
    assert_eq!(shrink_text(crashed, holds), "config sessions=1 cursors=1 keys=2\ninject restart node=0 at=rest\n");
}
