//! The executors of real WiredTiger answer alike: PyPI's package driven by Python, and a linked library, in this process
//! and in a child. Needs `make wiredtiger`, and `WIREDTIGER_DIR` at build time.
#![cfg(wiredtiger_linked)]

use lockstep::oracle::wiredtiger::{ChildProcess, Ending, Executor, Settings, linked::Plain};
use lockstep::program::{Profile, generate};
use lockstep::run::{Oracles, run};
use lockstep::script::Recorder;

fn python() -> ChildProcess {
    Settings::python().and_then(ChildProcess::start).unwrap_or_else(|error| panic!("{error}"))
}

fn child() -> ChildProcess {
    let settings = Settings::linked(env!("CARGO_BIN_EXE_lockstep").into());
    ChildProcess::start(settings).unwrap_or_else(|error| panic!("{error}"))
}

fn in_process() -> Plain {
    Plain::open().unwrap_or_else(|error| panic!("{error}"))
}

fn execute(executor: &mut impl Executor, requests: &[String]) -> Vec<Ending> {
    executor.execute(requests).unwrap_or_else(|error| panic!("{error}"))
}

/// Every verb, with and without success.
const EVERYTHING: &str = "\
program 1 fresh 2 3 2 snapshot,read-committed
open 0 0 0 1 0
open 0 1 1 0 0
open 1 0 0 1 0
settimestamp 0 0 oldest_timestamp=1,stable_timestamp=1
begin 0 0 isolation=snapshot
key 0 0 0010
value 0 0 61
insert 0 0
key 0 0 0020
value 0 0 -
update 0 0
state 0 0
timestamp 0 0 commit_timestamp=5
query 0 0 session get=read
query 0 0 node get=all_durable
commit 0 0 -
query 0 0 node get=all_durable
key 1 0 0015
near 1 0 0010
key 1 0 0015
near 1 0 0020
getkey 1 0
getvalue 1 0
prev 1 0
compare 0 0 1 0
equals 0 0 0 0
equals 0 0 0 1
key 0 0 0020
bound 0 0 upper 0
key 0 0 0010
bound 0 0 lower 1
next 0 0
next 0 0
clear 0 0
reset 0 0
key 0 0 0010
search 0 0
duplicate 0 2 0 0
duplicate 0 1 0 2
begin 0 0 -
modify 0 0 6263:1:0,-:0:1
reserve 0 0
largest 0 0
rollback 0 0
close 0 2
reconfigure 0 0 0
key 0 0 0010
value 0 0 7a
insert 0 0
open 0 2 1 1 0
key 0 2 0030
value 0 2 31
insert 0 2
key 0 2 0030
truncate 0 0 2 -
truncate 0 0 - -
begin 0 0 no_timestamp=true
truncatetable 0 0 0
commit 0 0 -
next 0 2
rts 0 0
reset 0 2
reset 1 0
rts 0 0
recreate 0 0 1
begin 1 0 read_timestamp=4
snapshot 1 0
begin 1 0 -
rollback 1 0
rollback 1 0
begin 0 0 -
key 0 0 0040
value 0 0 40
insert 0 0
prepare 0 0 prepare_timestamp=9
next 1 0
search 0 0
commit 0 0 commit_timestamp=a,durable_timestamp=b
next 1 0
prev 1 0
key 0 0 0050
remove 0 0
end
";

#[test]
fn every_verb_is_answered_alike() {
    let requests = [EVERYTHING.to_owned()];
    let answers = execute(&mut in_process(), &requests);
    let Ending::Complete(lines) = &answers[0] else { panic!("{answers:?}") };
    assert_eq!(lines.len(), EVERYTHING.lines().count() - 2);
    assert_eq!(execute(&mut child(), &requests), answers);
    let mut python = python();
    if python.version() == in_process().version() {
        assert_eq!(execute(&mut python, &requests), answers);
    }
}

/// The requests of generated programs, on connections of their own and on used ones. Without random cursors: what those
/// answer is up to WiredTiger.
fn generated(programs: u64) -> Vec<String> {
    let request = |seed| {
        let program = generate(Profile::Swarm, seed, 200);
        let mut recorder = Recorder::new(&program);
        run(&program, Oracles::default(), &mut recorder).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        recorder.into_script().request(seed, None)
    };
    let is_random = |line: &str| line.starts_with("open ") && line.ends_with(" 1");
    (0..programs).map(request).filter(|request: &String| !request.lines().any(is_random)).collect()
}

#[test]
fn generated_programs_are_answered_alike() {
    let [mut python, mut child] = [python(), child()];
    if python.version() != child.version() {
        return;
    }
    let requests = generated(30);
    assert!(requests.len() > 10, "{} requests", requests.len());
    let endings = execute(&mut python, &requests);
    for ((request, one), other) in requests.iter().zip(endings).zip(execute(&mut child, &requests)) {
        let entries = request.lines().skip(1);
        for ((entry, one), other) in entries.zip(answers(&one)).zip(answers(&other)) {
            assert_eq!(one, other, "{entry} in {}", request.lines().next().unwrap_or_default());
        }
    }
}

/// The answers up to where a process may have died: a diagnostic build does sooner.
fn answers(ending: &Ending) -> &[String] {
    match ending {
        Ending::Complete(answers) | Ending::Died { answers, .. } => answers,
    }
}

#[test]
fn what_cannot_be_executed_ends_the_program_and_no_other() {
    let bad = "program 1 reuse 1 1 1 snapshot\nopen 0 0 0 1 0\nfly 0 0\nnext 0 0\nend\n";
    let good = "program 2 reuse 1 1 1 snapshot\nopen 0 0 0 1 0\nnext 0 0\nend\n";
    let requests = [bad, good, "program 3 reuse 1 1 1 snapshot\nnext 0 0\nend\n"].map(str::to_owned);
    let endings = execute(&mut in_process(), &requests);
    assert_eq!(endings[1], Ending::Complete(["0 0 - - 0", "-31803 0 - - 0"].map(str::to_owned).to_vec()));
    assert_eq!(
        endings[0],
        Ending::Died { answers: vec!["0 0 - - 0".into()], reason: "bad entry fly 0 0".into(), hung: false }
    );
    assert_eq!(endings[2], Ending::Died { answers: vec![], reason: "bad slot 0.0 is empty".into(), hung: false });
    assert_eq!(execute(&mut child(), &requests), endings);
    assert_eq!(execute(&mut python(), &requests), endings);
}
