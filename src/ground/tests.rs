//! What a comparison notices: the answers that the model gave, falsified one at a time.

use super::{ALLOWED, Comparison, compare, compare_four, culprit};
use crate::backend::{Code, Field, Reply};
use crate::program::Program;
use crate::run::{Aspect, Open, Oracles, run};
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
        Expected::Open(Open::Random { seen, .. }) => match seen.first() {
            Some((key, value)) => {
                let (key, value) = (Field::Internal(key.clone()), Field::Internal(value.clone()));
                format!("0 0 {} {} 0", field(&key), field(&value))
            }
            None => "-31803 0 - - 0".to_owned(),
        },
        Expected::Open(Open::Largest { at_least, .. }) => match at_least {
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
        let at = script.entries.iter().position(|entry| matches!(entry.expected, Expected::Open(Open::Random { .. })));
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

/// What the cursor then refers to is not WiredTiger's own copy, which it would give back written over or freed.
#[test]
fn before_a_modify_is_refused_the_value_is_set_anew() {
    let recorded_on = |format: &str| {
        let value = if format == "fix" { "1" } else { "whole" };
        let text = format!(
            "config sessions=1 cursors=1 keys=9 format={format}\ns0.c0 insert {key} \"{value}\"\ns0.c0 search {key}\n\
             s0 begin ignore_prepare=true\ns0.c0 modify {key} \"a\":0:1\n",
            key = if format == "row" { "0010" } else { "1" }
        );
        recorded(&text)
    };
    for format in ["row", "var"] {
        let (program, script) = recorded_on(format);
        let at = script.entries.iter().position(|entry| entry.verb() == "modify").expect("a modify");
        assert_eq!(script.shown(at - 1), "value 0 0 77686f6c65", "{format}");
        assert!(script.withheld.keys().any(|name| name.starts_with("refused modify")), "{:?}", script.withheld);
        let mut lines = answers(&script, 0);
        lines[at] = lines[at].replacen("e77686f6c65", "e61686f6c65", 1);
        let mismatch = compare(&program, &script, 0, &Ending::Complete(lines), "wiredtiger").mismatch;
        assert_eq!(mismatch.map(|mismatch| mismatch.field), Some(Aspect::Value), "{format}");
    }
    // There a value is a byte in the cursor.
    let (_, script) = recorded_on("fix");
    let at = script.entries.iter().position(|entry| entry.verb() == "modify").expect("a modify");
    assert_ne!(script.entries[at - 1].verb(), "value");
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

#[cfg(feature = "wiredtiger")]
mod clock {
    use super::{Ending, Script, answers, recorded};
    use crate::ground::Checker;
    use crate::oracle::wiredtiger::{Executor, ExecutorError};

    /// Gives the right answers to a script, and keeps how it was asked.
    struct Echo {
        script: Script,
        asked: Vec<String>,
    }

    impl Executor for &mut Echo {
        fn version(&self) -> &str {
            "0"
        }

        fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError> {
            self.asked.extend(requests.iter().cloned());
            Ok(vec![Ending::Complete(answers(&self.script, 0)); requests.len()])
        }
    }

    #[test]
    fn the_clock_of_a_connection_never_runs_over() {
        let asked = |ts: u64| {
            let (program, script) = recorded(&format!("s0.c0 insert 0010 \"a\" ts={ts}\n"));
            let mut echo = Echo { script: script.clone(), asked: Vec::new() };
            let mut checker = Checker::new(&mut echo, "wiredtiger");
            for _ in 0..4 {
                assert!(checker.check(&program, &script).expect("an executor").is_none());
            }
            let word = |request: &String| request.split(' ').nth(2).unwrap_or_default().to_owned();
            echo.asked.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(asked(5), "fresh reuse reuse reuse");
        assert_eq!(asked(u64::MAX / 5), "fresh reuse fresh reuse");
        assert_eq!(asked(u64::MAX / 2), "fresh fresh fresh fresh");
        assert_eq!(asked(u64::MAX), "fresh fresh fresh fresh");
    }
}

const EVENTS: &str = "config sessions=1 cursors=1 keys=9
s0.c0 insert 0010 \"a\" ts=3
inject advance oldest=1 stable=5
inject evict 50
inject prune
s0.c0 search 0010
s0.c0 reset
s0.c0 search_near 0005
";

/// A script with events and four right answers to each of its entries.
fn recorded_with_events() -> (Program, Script, Vec<String>) {
    let program: Program = format!("# lockstep 1\n{EVENTS}").parse().expect("a program");
    let mut recorder = Recorder::with_events(&program);
    run(&program, Oracles::default(), &mut recorder).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    let script = recorder.into_script();
    let is_event = |verb: &str| ["checkpoint", "adopt", "evict", "prune"].contains(&verb);
    let lines = answers(&script, 0).into_iter().zip(&script.entries);
    let lines = lines.map(|(line, entry)| if is_event(entry.verb()) { line } else { [&line[..]; 4].join("\t") });
    let lines = lines.collect();
    (program, script, lines)
}

#[test]
fn physical_events_are_recorded_only_when_asked_for() {
    let (_, script, _) = recorded_with_events();
    let events = |script: &Script| -> Vec<String> {
        let shown = (0..script.len()).map(|index| script.shown(index));
        shown
            .filter(|line| ["checkpoint", "adopt", "evict", "prune"].iter().any(|verb| line.starts_with(verb)))
            .collect()
    };
    assert_eq!(events(&script), ["checkpoint 0 0", "adopt 0 0", "evict 0 0 50", "prune 0 0"]);
    assert_eq!(events(&recorded(EVENTS).1), Vec::<String>::new());
}

/// What is found if the answers of some tables to the first such entry are others.
fn four(verb: &str, sites: &[usize], answer: &str) -> Comparison {
    let (program, script, mut lines) = recorded_with_events();
    let at = script.entries.iter().position(|entry| entry.verb() == verb).expect("such an entry");
    let mut four: Vec<&str> = lines[at].split('\t').collect();
    sites.iter().for_each(|&site| four[site] = answer);
    lines[at] = four.join("\t");
    compare_four(&program, &script, 0, &Ending::Complete(lines), "nodes", &Default::default())
}

#[test]
fn each_of_four_tables_is_compared_and_plain_ones_come_first() {
    let fine = four("search", &[], "");
    assert!(fine.mismatch.is_none(), "{:?}", fine.mismatch);
    assert_eq!(fine.compared, 4 * recorded_with_events().1.len() as u64);
    let wrong = "-31803 0 - - 0";
    let backend = |sites: &[usize]| four("search", sites, wrong).mismatch.expect("a difference").backends;
    assert_eq!(backend(&[0]), ("wiredtiger-follower-layered", "model"));
    assert_eq!(backend(&[0, 1]), ("wiredtiger-follower-layered", "model"));
    assert_eq!(backend(&[1]), ("wiredtiger-leader-layered", "model"));
    assert_eq!(backend(&[2]), ("wiredtiger-plain", "model"));
    assert_eq!(backend(&[0, 1, 3]), ("wiredtiger-plain", "model"));
    let mismatch = four("search", &[1], wrong).mismatch.expect("a difference");
    assert_eq!((mismatch.op, mismatch.field), ("search", Aspect::Code));
    let names: Vec<&str> = mismatch.replies.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["follower-layered", "leader-layered", "follower-plain", "leader-plain", "model"]);
    assert!(mismatch.replies[1].1.starts_with("notfound") && mismatch.replies[0].1.starts_with("ok"));
}

#[cfg(feature = "wiredtiger-layered")]
#[test]
fn where_one_table_is_known_to_differ_the_others_are_compared_on() {
    let (program, script, mut lines) = recorded_with_events();
    let verb = |verb: &str| script.entries.iter().position(|entry| entry.verb() == verb).expect("such an entry");
    for (at, site) in [(verb("search"), 0), (verb("reset"), 1)] {
        let mut four: Vec<&str> = lines[at].split('\t').collect();
        four[site] = "22 0 - - 0";
        lines[at] = four.join("\t");
    }
    let known = "[[failure]]\nop = \"search\"\nfield = \"code\"\nbackend = \"wiredtiger-follower-layered\"\n\
                 how = \"einval for ok\"\nnote = \"n\"";
    let compared = |known: &str| {
        let known = super::KnownFailures::parse(known).unwrap_or_else(|error| panic!("{error}"));
        let ending = Ending::Complete(lines.clone());
        let found = compare_four(&program, &script, 0, &ending, "nodes", &known);
        (found.mismatch.map(|found| found.class().to_string()), found.besides.len(), found.compared)
    };
    let search = "search: code of wiredtiger-follower-layered against model, einval for ok".to_owned();
    let reset = "reset: code of wiredtiger-leader-layered against model, einval for ok".to_owned();
    let (first, besides, answers) = compared("");
    assert_eq!((first, besides), (Some(search), 0));
    assert_eq!(compared(known), (Some(reset), 1, answers));
}

#[test]
fn an_event_that_fails_is_its_nodes_failure() {
    let backend = |verb| four(verb, &[0], "16 0 - - 0").mismatch.map(|mismatch| (mismatch.op, mismatch.backends.0));
    assert_eq!(backend("checkpoint"), Some(("advance", "wiredtiger-leader-layered")));
    for (verb, op) in [("adopt", "advance"), ("evict", "evict"), ("prune", "prune")] {
        assert_eq!(backend(verb), Some((op, "wiredtiger-follower-layered")), "{verb}");
    }
}

#[test]
fn the_smaller_neighbour_is_allowed_to_each_table() {
    assert!(four("near", &[], "").allowed.is_empty());
    let moved = four("near", &[0], "0 -1 i30303034 i78 0 | 0 0 i30303130 i61 0");
    assert!(moved.mismatch.is_none(), "{:?}", moved.mismatch);
    assert_eq!(moved.allowed.into_iter().collect::<Vec<_>>(), [(ALLOWED[0].name, 1)]);
}

#[test]
fn a_death_of_nodes_has_no_table_and_is_named_after_the_assertion() {
    let (program, script, mut lines) = recorded_with_events();
    lines.truncate(lines.len() - 1);
    let death = |reason: &str, hung| {
        let ending = Ending::Died { answers: lines.clone(), reason: reason.to_owned(), hung };
        compare_four(&program, &script, 0, &ending, "nodes", &Default::default()).mismatch.expect("a death")
    };
    let asserted = death("signal: 6 (SIGABRT): __wt_abort, 12: x; __walk, 77: WiredTiger assertion failed: 'a'", false);
    assert_eq!((asserted.field, asserted.backends.0), (Aspect::Death, "nodes"));
    assert_eq!(culprit(&asserted), "__walk");
    assert_eq!(culprit(&death("signal: 6 (SIGABRT): __wt_abort, 12: aborting", false)), "__wt_abort");
    assert_eq!(culprit(&death("signal: 11 (SIGSEGV)", false)), "signal: 11 (SIGSEGV) in end");
    assert_eq!(death("no answer for 2 s", true).field, Aspect::Hang);
}

#[test]
fn a_difference_before_a_death_comes_first() {
    let (program, script, mut lines) = recorded_with_events();
    let at = script.entries.iter().position(|entry| entry.verb() == "search").expect("a search");
    lines.truncate(at + 1);
    lines[at] = lines[at].replacen("i61", "i62", 1);
    let ending = Ending::Died { answers: lines, reason: "gone".to_owned(), hung: false };
    let mismatch =
        compare_four(&program, &script, 0, &ending, "nodes", &Default::default()).mismatch.expect("a difference");
    assert_eq!((mismatch.field, mismatch.backends.0), (Aspect::Value, "wiredtiger-follower-layered"));
}
