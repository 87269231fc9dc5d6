//! What a comparison notices: the answers that the model gave, falsified one at a time.

use super::{ALLOWED, Comparison, compare};
use crate::backend::{Code, Field, Reply};
use crate::program::Program;
use crate::run::{Aspect, Oracles, run};
use crate::script::{Ending, Expected, Recorder, Script};
use std::fmt::Write;

fn recorded(text: &str) -> (Program, Script) {
    let program: Program = format!("# lockstep 1\n{text}").parse().expect("a program");
    let mut recorder = Recorder::new(&program);
    run(&program, Oracles::default(), &mut recorder).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    let script = recorder.into_script();
    (program, script)
}

fn number(code: Code) -> i32 {
    match code {
        Code::Ok => 0,
        Code::NotFound => -31803,
        Code::DuplicateKey => -31801,
        Code::Rollback => -31800,
        Code::PrepareConflict => -31808,
        Code::Invalid => 22,
        Code::NotSupported => 95,
        Code::Busy => 16,
        Code::NoEntry => 2,
    }
}

fn field(field: &Field) -> String {
    let (letter, bytes) = match field {
        Field::Unset => return "-".to_owned(),
        Field::External(bytes) => ('e', bytes),
        Field::Internal(bytes) => ('i', bytes),
    };
    bytes.iter().fold(letter.to_string(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn line(reply: &Reply, base: u64) -> String {
    let Reply { code, exact, key, value, timestamp, .. } = reply;
    let timestamp = if *timestamp == 0 { 0 } else { timestamp + base };
    format!("{} {exact} {} {} {timestamp}", number(*code), field(key), field(value))
}

/// What WiredTiger would answer if it were the model.
fn answers(script: &Script, base: u64) -> Vec<String> {
    let answer = |expected: &Expected| match expected {
        Expected::Code(code) => format!("{} 0 - - 0", number(*code)),
        Expected::Reply(reply) => line(reply, base),
        Expected::Random { seen, .. } => match seen.first() {
            Some((key, value)) => {
                let (key, value) = (Field::Internal(key.clone()), Field::Internal(value.clone()));
                format!("0 0 {} {} 0", field(&key), field(&value))
            }
            None => "-31803 0 - - 0".to_owned(),
        },
        Expected::Largest { at_least, .. } => match at_least {
            Some(key) => format!("0 0 {} - 0", field(&Field::External(key.clone()))),
            None => "-31803 0 - - 0".to_owned(),
        },
    };
    script.entries.iter().map(|entry| answer(&entry.expected)).collect()
}

const PROGRAM: &str = "config sessions=2 cursors=1 keys=9
set_timestamp oldest=1 stable=1
s0.c0 insert 0010 \"a\"
s0.c0 insert 0030 \"b\"
s1 begin read_ts=5
s1 query read
s1.c0 search 0010
s1.c0 next
s1.c0 search_near 0020
s1.c0 largest_key
s0.c0 key 0010
s0.c0 compare s1.c0
s0 next_random
s1 commit
";

fn compared(answers: Vec<String>) -> Comparison {
    let (program, script) = recorded(PROGRAM);
    compare(&program, &script, 0, &Ending::Complete(answers), "wiredtiger")
}

/// The first answer to the verb from entry `from` on, replaced by what `falsify` makes of it.
fn falsified(verb: &str, falsify: impl Fn(&str) -> String) -> Option<Aspect> {
    let (_, script) = recorded(PROGRAM);
    let mut lines = answers(&script, 0);
    let at = script.entries.iter().position(|entry| entry.verb() == verb && entry.step > 0).expect("such an entry");
    lines[at] = falsify(&lines[at]);
    compared(lines).mismatch.map(|mismatch| {
        assert_eq!(mismatch.step, script.entries[at].step);
        assert_eq!(mismatch.backends, ("wiredtiger", "model"));
        mismatch.field
    })
}

#[test]
fn the_models_own_answers_agree_whatever_the_clock_shows() {
    let (program, script) = recorded(PROGRAM);
    assert!(!script.needs_fresh);
    for base in [0, 1000] {
        let comparison = compare(&program, &script, base, &Ending::Complete(answers(&script, base)), "wiredtiger");
        assert!(comparison.mismatch.is_none(), "{:?}", comparison.mismatch);
        assert_eq!(comparison.compared, script.len() as u64);
        assert!(comparison.allowed.is_empty());
    }
    let request = script.request(7, Some(1000));
    assert!(request.starts_with("program 7 reuse 2 3 1 snapshot,snapshot\nopen 0 0 0 1 0\n"), "{request}");
    assert!(request.contains("\nbegin 1 0 read_timestamp=3ed\n"), "{request}");
    assert!(script.request(7, None).contains("\nbegin 1 0 read_timestamp=5\n"));
}

#[test]
fn every_part_of_an_answer_is_compared() {
    let other = |from: &'static str, to: &'static str| {
        move |line: &str| {
            assert!(line.contains(from), "{line} has no {from}");
            line.replacen(from, to, 1)
        }
    };
    assert_eq!(falsified("key", |_| "22 0 - - 0".to_owned()), Some(Aspect::Code));
    assert_eq!(falsified("begin", |_| "22 0 - - 0".to_owned()), Some(Aspect::Code));
    assert_eq!(falsified("insert", |_| "-31800 0 - - 0".to_owned()), Some(Aspect::Code));
    assert_eq!(falsified("search", other("i30303130", "i30303330")), Some(Aspect::Key));
    assert_eq!(falsified("search", other("i30303130", "e30303130")), Some(Aspect::Key));
    assert_eq!(falsified("search", other("i61", "i62")), Some(Aspect::Value));
    assert_eq!(falsified("search", other("0 0", "-31804 0")), Some(Aspect::Code));
    assert_eq!(falsified("compare", other("0 -1", "0 1")), Some(Aspect::Exact));
    assert_eq!(falsified("query", other(" 5", " 6")), Some(Aspect::Timestamp));
    assert_eq!(falsified("search", |_| "nonsense".to_owned()), Some(Aspect::Death));
    let largest = |key: &'static str| move |_: &str| format!("0 0 {key} - 0");
    assert_eq!(falsified("largest", largest("e30303330")), None);
    assert_eq!(falsified("largest", largest("e30303130")), Some(Aspect::Key), "there is a larger one");
    assert_eq!(falsified("largest", largest("e30303930")), Some(Aspect::Key), "nobody wrote it");
    assert_eq!(falsified("largest", |_| "-31803 0 - - 0".to_owned()), Some(Aspect::Code));
}

#[test]
fn a_random_record_is_any_that_is_seen() {
    let random = |answer: &'static str| {
        let (_, script) = recorded(PROGRAM);
        let at = script.entries.iter().position(|entry| matches!(entry.expected, Expected::Random { .. }));
        let mut lines = answers(&script, 0);
        lines[at.expect("a random cursor")] = answer.to_owned();
        compared(lines).mismatch.map(|mismatch| mismatch.field)
    };
    assert_eq!(random("0 0 i30303130 i61 0"), None);
    assert_eq!(random("0 0 i30303330 i62 0"), None);
    assert_eq!(random("0 0 i30303330 i61 0"), Some(Aspect::Key));
    assert_eq!(random("-31803 0 - - 0"), Some(Aspect::Code));
    assert_eq!(random("-31808 0 - - 0"), Some(Aspect::Code));
}

#[test]
fn the_other_neighbour_is_allowed_only_beside_the_expected_one() {
    let (_, script) = recorded(PROGRAM);
    let at = script.entries.iter().position(|entry| entry.verb() == "near").expect("a search_near");
    let near = |answer: &str| {
        let mut lines = answers(&script, 0);
        lines[at] = answer.to_owned();
        compared(lines)
    };
    let allowed = near("0 -1 i30303130 i61 0 | 0 0 i30303330 i62 0");
    assert!(allowed.mismatch.is_none());
    assert_eq!(allowed.allowed.into_iter().collect::<Vec<_>>(), [(ALLOWED[0].name, 1)]);
    for wrong in [
        "0 -1 i30303130 i61 0",
        "0 -1 i30303130 i61 0 | -31803 0 - - 0",
        "0 -1 i30303130 i61 0 | 0 0 i30303330 i61 0",
        "0 1 i30303130 i61 0 | 0 0 i30303330 i62 0",
        "0 -1 i30303430 i61 0 | 0 0 i30303330 i62 0",
    ] {
        assert!(near(wrong).mismatch.is_some(), "{wrong}");
    }
}

#[test]
fn a_death_is_where_the_answers_end() {
    let (program, script) = recorded(PROGRAM);
    let at = script.entries.iter().position(|entry| entry.verb() == "search").expect("a search");
    let mut lines = answers(&script, 0);
    lines.truncate(at);
    for (hung, aspect) in [(false, Aspect::Death), (true, Aspect::Hang)] {
        let ending = Ending::Died { answers: lines.clone(), reason: "aborted".to_owned(), hung };
        let mismatch = compare(&program, &script, 0, &ending, "wiredtiger").mismatch.expect("a death");
        assert_eq!((mismatch.field, mismatch.step), (aspect, script.entries[at].step));
        assert!(mismatch.to_string().contains("wiredtiger: aborted"), "{mismatch}");
    }
    let short = compare(&program, &script, 0, &Ending::Complete(lines), "wiredtiger");
    assert!(short.mismatch.is_some_and(|mismatch| mismatch.field == Aspect::Death));
}

#[test]
fn a_script_that_asks_for_what_was_never_set_wants_its_own_connection() {
    let fresh = |text| recorded(text).1.needs_fresh;
    assert!(fresh("config sessions=1 cursors=1 keys=9\nset_timestamp oldest=5\n"));
    assert!(!fresh("config sessions=1 cursors=1 keys=9\nset_timestamp oldest=5 stable=6\n"));
    assert!(!fresh("config sessions=1 cursors=1 keys=9\nset_timestamp stable=6\nset_timestamp oldest=5\n"));
    assert!(fresh("config sessions=1 cursors=1 keys=9\nrollback_to_stable\n"));
}
