//! Real WiredTiger in a child process: batches, connections, deaths, and what is said when there is no WiredTiger.
//! Needs `make wiredtiger`. What the verbs answer is in `wiredtiger_verbs.rs`.

use lockstep::oracle::wiredtiger::{ChildProcess, Ending, Executor, Settings};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The ordinary settings, or the one line that says how to get there.
fn settings() -> Settings {
    Settings::python().unwrap_or_else(|error| panic!("{error}"))
}

/// Settings with another runner: what is `from` in the ordinary one is `to` in it.
fn altered(from: &str, to: &str) -> Settings {
    let mut settings = settings();
    let runner = settings.arguments.pop().and_then(|runner| runner.into_string().ok()).unwrap_or_default();
    assert!(runner.contains(from), "the runner has no {from:?}");
    settings.arguments.push(runner.replace(from, to).into());
    settings
}

/// Settings with a runner that knows one verb more, whose body is `what`.
fn with_verb(verb: &str, what: &str) -> Settings {
    altered("\n\nmain()\n", &format!("\n\nVERBS[b\"{verb}\"] = lambda program, tokens: {what}\nmain()\n"))
}

fn start(settings: Settings) -> ChildProcess {
    ChildProcess::start(settings).unwrap_or_else(|error| panic!("{error}"))
}

/// A request with one session and one slot.
fn request(base: &str, entries: &[&str]) -> String {
    format!("program 1 {base} 1 1 1 snapshot\n{}\nend\n", entries.join("\n"))
}

fn execute(child: &mut ChildProcess, requests: &[String]) -> Vec<Ending> {
    child.execute(requests).unwrap_or_else(|error| panic!("{error}"))
}

/// How it died: the answers and the reason.
fn death(ending: &Ending) -> (Vec<&str>, &str) {
    match ending {
        Ending::Died { answers, reason, .. } => (answers.iter().map(String::as_str).collect(), reason),
        Ending::Complete(answers) => panic!("complete: {answers:?}"),
    }
}

fn complete(answers: &[&str]) -> Ending {
    Ending::Complete(answers.iter().map(|&answer| answer.to_owned()).collect())
}

/// Entries that are answered, and their answers.
const OPEN: &str = "open 0 0 0 1 0";
const OPENED: &str = "0 0 - - 0";
const NOTHING: &str = "-31803 0 - - 0";
/// A commit at a timestamp.
const WRITE: [&str; 6] =
    [OPEN, "key 0 0 6b", "value 0 0 76", "begin 0 0 -", "update 0 0", "commit 0 0 commit_timestamp=1e"];

#[test]
fn a_batch_is_answered_in_order() {
    let mut child = start(settings());
    assert_eq!(child.version(), "11.3.1");
    let base = |n: usize| if n.is_multiple_of(7) { "fresh" } else { "reuse" };
    let entries = |n: usize| &[OPEN, "state 0 0", "next 0 0"][..1 + n % 3];
    let requests: Vec<String> = (0..300).map(|n| request(base(n), entries(n))).collect();
    let endings = execute(&mut child, &requests);
    assert_eq!(endings.len(), requests.len());
    for (n, ending) in endings.iter().enumerate() {
        assert_eq!(ending, &complete(&[OPENED, OPENED, NOTHING][..1 + n % 3]), "{n}");
    }
    assert_eq!(execute(&mut child, &[]), []);
}

/// All that a program leaves open is closed: the next one has clean tables and sessions without a transaction.
#[test]
fn a_connection_is_reused_with_clean_tables_and_a_clock_that_goes_on() {
    const LATEST: &str = "query 0 0 node get=all_durable";
    let mut child = start(settings());
    let left_open =
        [&WRITE[..], &["begin 0 0 -", "key 0 0 6c", "update 0 0", "prepare 0 0 prepare_timestamp=1f"]].concat();
    let requests = [
        request("fresh", &left_open),
        request("reuse", &[LATEST, OPEN, "next 0 0", "rollback 0 0"]),
        request("fresh", &[LATEST, OPEN, "next 0 0"]),
    ];
    let endings = execute(&mut child, &requests);
    assert!(matches!(endings[0], Ending::Complete(_)), "{endings:?}");
    assert_eq!(endings[1], complete(&["0 0 - - 30", OPENED, NOTHING, "22 0 - - 0"]));
    assert_eq!(endings[2], complete(&["0 0 - - 0", OPENED, NOTHING]));
}

#[test]
fn sessions_have_their_isolation_and_tables_their_own_records() {
    let entries = [
        "open 0 0 0 1 0",
        "open 1 0 0 1 0",
        "open 1 1 1 1 0",
        "begin 0 0 -",
        "key 0 0 6b",
        "value 0 0 76",
        "update 0 0",
        "next 1 0",
        "next 1 1",
    ];
    let request = format!("program 1 fresh 2 2 2 snapshot,read-uncommitted\n{}\nend\n", entries.join("\n"));
    let endings = execute(&mut start(settings()), &[request]);
    let Ending::Complete(answers) = &endings[0] else { panic!("{endings:?}") };
    assert_eq!(answers[7..], ["0 0 i6b i76 0", NOTHING]);
}

#[test]
fn the_batch_goes_on_after_a_death_which_is_reported_with_its_answers() {
    let mut child = start(with_verb("abort", "(os.write(2, b'[1:2][3:0x4], dying: alas\\n'), os.abort())"));
    let good = request("reuse", &[OPEN]);
    let requests = [good.clone(), request("reuse", &[OPEN, "state 0 0", "abort 0 0", "next 0 0"]), good.clone(), good];
    let endings = execute(&mut child, &requests);
    let (answers, reason) = death(&endings[1]);
    assert_eq!(answers, [OPENED, OPENED]);
    assert!(reason.starts_with("signal: 6") && reason.ends_with(": dying: alas"), "{reason}");
    assert_eq!([&endings[0], &endings[2], &endings[3]], [&complete(&[OPENED]); 3]);
}

#[test]
fn a_death_that_does_not_repeat_alone_says_so() {
    let mut child = start(with_verb("second", "'0 0 - - 0' if program.connection.programs < 2 else os.abort()"));
    let request = request("reuse", &["second 0 0"]);
    let endings = execute(&mut child, &[request.clone(), request]);
    assert_eq!(endings[0], complete(&[OPENED]));
    let (answers, reason) = death(&endings[1]);
    assert!(answers.is_empty());
    assert!(reason.starts_with("died after other programs, but not alone: signal: 6"), "{reason}");
}

/// WiredTiger repeats a write outside a transaction until it succeeds: here it never can.
#[test]
fn a_hang_is_a_death_as_well() {
    let mut settings = settings();
    settings.limit = Duration::from_secs(3);
    let entries = [&WRITE[..5], &["open 1 0 0 1 0", "key 1 0 6b", "remove 1 0"]].concat();
    let hanging = format!("program 1 fresh 2 1 1 snapshot,snapshot\n{}\nend\n", entries.join("\n"));
    let endings = execute(&mut start(settings), &[hanging, request("reuse", &[OPEN])]);
    let (answers, reason) = death(&endings[0]);
    assert_eq!(answers.last(), Some(&"0 0 e6b - 0"), "{answers:?}");
    assert_eq!((answers.len(), reason), (entries.len() - 1, "no answer for 3 s"));
    assert!(matches!(endings[0], Ending::Died { hung: true, .. }));
    assert_eq!(endings[1], complete(&[OPENED]));
}

/// A release build answers `WT_PANIC`, a diagnostic one aborts at once.
#[test]
fn a_panic_ends_the_program_and_the_next_one_has_a_new_connection() {
    let mut child = start(settings());
    let entries = [OPEN, "key 0 0 -", "search 0 0", "state 0 0"];
    let endings = execute(&mut child, &[request("reuse", &entries), request("reuse", &[OPEN])]);
    let (answers, reason) = death(&endings[0]);
    if reason.starts_with("panic: ") {
        assert_eq!(answers, [OPENED, "0 0 - - 0", "-31804 0 - - 0"]);
    } else {
        assert!(reason.starts_with("signal: 6"), "{reason}");
    }
    assert_eq!(endings[1], complete(&[OPENED]));
}

#[test]
fn an_entry_that_cannot_be_executed_ends_its_program() {
    let mut child = start(settings());
    let requests = [
        request("fresh", &[OPEN, "fly 0 0", "next 0 0"]),
        request("reuse", &["next 0 0"]),
        request("reuse", &[OPEN, "key 0 0 6"]),
        request("reuse", &[OPEN, "key 0 0"]),
        request("reuse", &["begin 7 0 -"]),
        "program 1 fresh 2 1 1 snapshot\nend\n".to_owned(),
        request("reuse", &[OPEN, "next 0 0"]),
    ];
    let endings = execute(&mut child, &requests);
    assert_eq!(death(&endings[0]), (vec![OPENED], "bad entry fly 0 0"));
    assert_eq!(death(&endings[1]), (vec![], "bad slot 0.0 is empty"));
    assert_eq!(death(&endings[2]), (vec![OPENED], "bad entry key 0 0 6"));
    assert_eq!(death(&endings[3]), (vec![OPENED], "bad entry key 0 0"));
    assert_eq!(death(&endings[4]), (vec![], "bad entry begin 7 0 -"));
    assert_eq!(death(&endings[5]), (vec![], "bad program: as many isolation levels as sessions"));
    assert_eq!(endings[6], complete(&[OPENED, NOTHING]));
}

/// `rollback_to_stable` that is refused lists the transactions on standard output.
#[test]
fn what_wiredtiger_prints_is_not_taken_for_an_answer() {
    let endings = execute(&mut start(settings()), &[request("fresh", &["begin 0 0 -", "rts 0 0", "rollback 0 0"])]);
    assert_eq!(endings, [complete(&[OPENED, "16 0 - - 0", OPENED])]);
}

/// What starting says that cannot work.
fn refusal(settings: Settings) -> String {
    match ChildProcess::start(settings) {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn no_wiredtiger_or_another_one_is_refused_in_one_line() {
    let no_package = refusal(altered("find_spec(\"wiredtiger\")", "find_spec(\"no_such_package\")"));
    let other_version = refusal(altered("VERSION = (11, 3, 1)", "VERSION = (12, 0, 0)"));
    let other_layout = refusal(altered("pointers(\"session\", \"uri\",", "pointers(\"uri\", \"session\","));
    let mut no_python = settings();
    no_python.program = "target/no/such/python".into();
    let no_python = refusal(no_python);
    for (error, reason) in [
        (no_package, "has no package wiredtiger"),
        (other_version, "WiredTiger is 11.3.1, and only 12.0.0 is known to be laid out as is assumed"),
        (other_layout, "are not laid out as is assumed"),
        (no_python, "target/no/such/python cannot be started (No such file or directory"),
    ] {
        assert!(error.starts_with("no WiredTiger to compare with: "), "{error}");
        assert!(error.ends_with(": run 'make wiredtiger'"), "{error}");
        assert!(error.contains(reason) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_child_dies_with_its_parent_and_leaves_nothing_behind() {
    let mut child = start(with_verb("where", "f'{os.getpid()} {os.stat(\".\").st_nlink}'"));
    let endings = execute(&mut child, &[request("reuse", &["where 0 0"])]);
    let Ending::Complete(answers) = &endings[0] else { panic!("{endings:?}") };
    let (pid, links_to_its_home) = answers[0].split_once(' ').unwrap();
    assert_eq!(links_to_its_home, "0");
    let process = Path::new("/proc").join(pid);
    assert_eq!(process.exists(), Path::new("/proc").exists());
    drop(child);
    assert!(!process.exists());

    let settings = settings();
    let at_its_end =
        Command::new(&settings.program).args(&settings.arguments).arg("9").stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&at_its_end.stdout), "wiredtiger 11.3.1 python\n");
    assert!(at_its_end.status.success(), "{at_its_end:?}");
}
