//! Everything has been tried: each operation has come to every outcome that it can have, hooks have struck at every
//! point, and every event has met what makes it hard to survive. Counted over generated programs.

use lockstep::backend::{Code, Point};
use lockstep::program::{Op, Profile, Program, generate, swarm_length};
use lockstep::run::{Oracles, Stats, Summary, run};
use std::path::Path;
use std::sync::OnceLock;

/// How many generated programs are counted.
const PROGRAMS: u64 = 3000;

/// A program for an outcome that takes more luck than generated programs have.
const REMOVE_ALL: &str = "remove-all-of-what-is-gone.ops";

/// `+`: it can occur. `.`: it cannot, for the reason that its column gives below. A letter: it cannot, for a reason of its
/// own.
const OUTCOMES: &str = "
                       ok notfound dupkey rollback prepare_conflict einval enotsup ebusy enoent commit_failed
key                    +  .        .      .        .                +      .       .     .      .
value                  +  .        .      .        .                +      .       .     .      .
search                 +  +        .      .        +                +      +       .     .      .
search_near            +  +        .      .        +                +      +       .     .      .
next                   +  +        .      .        +                +      .       .     .      .
prev                   +  +        .      .        +                +      +       .     .      .
insert                 +  +        +      +        .                +      +       .     .      +
update                 +  +        .      +        .                +      +       .     .      +
remove                 +  +        .      +        .                +      +       .     .      +
modify                 +  +        .      +        .                +      +       .     .      +
reserve                +  +        .      +        .                +      +       .     .      +
largest_key            +  +        .      .        l                +      .       .     .      .
bound                  +  .        .      .        .                +      +       .     .      .
clear_bounds           +  .        .      .        .                +      +       .     .      .
reset                  +  .        .      .        .                .      .       .     .      .
reopen                 +  .        .      .        .                +      +       .     .      .
reconfigure            +  .        .      .        .                +      .       .     .      .
duplicate              +  d        .      .        +                +      .       .     +      .
compare                +  .        .      .        .                +      +       .     .      .
equals                 +  .        .      .        .                +      .       .     .      .
get_key                +  .        .      .        .                +      .       .     .      .
state                  +  .        .      .        .                .      .       .     .      .
get_value              +  .        .      .        .                +      .       .     .      .
next_random            +  +        .      .        +                +      +       .     .      .
scan                   +  a        .      .        +                +      .       .     .      .
begin                  +  .        .      .        .                +      .       .     .      .
prepare                +  .        .      .        .                +      .       .     .      .
commit                 +  .        .      c        .                +      .       .     .      .
rollback               +  .        .      .        .                +      .       .     .      .
timestamp_transaction  +  .        .      .        .                +      .       .     .      .
reset_snapshot         +  .        .      .        .                .      +       .     .      .
query                  +  .        .      .        .                .      .       .     .      .
truncate               +  a        .      +        .                +      +       .     .      +
truncate_range         +  a        .      +        .                +      +       .     .      +
set_timestamp          +  .        .      .        .                +      .       .     .      .
rollback_to_stable     +  .        .      .        .                .      .       +     .      .
recreate               +  .        .      .        .                .      .       +     .      .
checkpoint             +  .        .      .        .                +      .       .     .      .
adopt                  +  +        .      .        .                .      .       +     .      .
advance                +  t        .      .        .                +      .       +     .      .
evict                  +  .        .      .        .                .      .       .     .      .
prune                  +  .        .      .        .                .      .       .     .      .
quiesce                +  .        .      .        .                .      .       .     .      .
step_down              +  .        .      .        .                +      .       +     .      .
step_up                +  .        .      .        .                +      .       +     .      .
restart                +  .        .      .        .                .      .       .     .      .
bulk_insert            +  a        +      +        .                +      +       .     .      +
bulk_remove            +  a        .      +        .                +      +       .     .      +
remove_all             +  +        .      +        +                +      +       .     .      +
insert_beside          +  +        +      +        .                +      +       .     .      +
truncate_all           +  a        .      +        .                +      +       .     .      +
prepare_flood          +  a        +      +        .                +      +       .     .      .
hook                   +  .        .      .        .                .      .       .     .      .
";

/// Why an operation cannot have an outcome, where its cell has a `.`.
const BY_COLUMN: [(&str, &str); 10] = [
    ("ok", "everything can succeed"),
    ("notfound", "it looks for no record, and for no checkpoint"),
    ("dupkey", "only an insert minds a record that is there already"),
    ("rollback", "only a write can be in conflict"),
    ("prepare_conflict", "it reads no record, or it writes: then what is prepared is a conflict as any other"),
    ("einval", "nothing can be wrong with it at any time"),
    ("enotsup", "random cursors do it, too, column stores as well, and it does not write"),
    ("ebusy", "it is in nobody's way, and nobody in its"),
    ("enoent", "only a duplicate needs another cursor's record"),
    ("commit_failed", "it does not commit what it does"),
];

/// Why an operation cannot have an outcome, where its cell has a letter.
const BY_LETTER: [(&str, &str); 5] = [
    ("a", "what is not there, or out of bounds, is passed over"),
    ("c", "what cannot commit is rolled back, and the answer is einval"),
    ("d", "it says enoent"),
    ("l", "it does not look at what the key has"),
    ("t", "it has just taken a checkpoint"),
];

/// What happens to nodes, inside steps or as one, and the steps of many calls.
const EVENTS: [&str; 22] = [
    "adopt",
    "advance",
    "bulk_insert",
    "bulk_remove",
    "checkpoint",
    "evict",
    "hook adopt",
    "hook checkpoint",
    "hook commit",
    "hook evict",
    "hook prune",
    "insert_beside",
    "prepare_flood",
    "prune",
    "quiesce",
    "recreate",
    "remove_all",
    "restart",
    "rollback_to_stable",
    "step_down",
    "step_up",
    "truncate_all",
];

fn count(program: &Program, name: &str, stats: &mut Stats) {
    let outcome = run(program, Oracles::default(), stats).unwrap_or_else(|mismatch| panic!("{name}: {mismatch}"));
    stats.finish(Some(&outcome));
}

/// What every `step`th program from `first` on does.
fn generated(first: u64, step: u64) -> Stats {
    let mut stats = Stats::default();
    for seed in (first..PROGRAMS).step_by(step as usize) {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        count(&program, &format!("swarm {seed}"), &mut stats);
    }
    stats
}

/// What all programs do, counted once for all tests.
fn counted() -> &'static Summary {
    static COUNTED: OnceLock<Summary> = OnceLock::new();
    COUNTED.get_or_init(|| {
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
        let mut stats = std::thread::scope(|scope| {
            let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || generated(first, threads))).collect();
            let mut all = Stats::default();
            for part in parts {
                all.merge(&part.join().expect("all backends agree"));
            }
            all
        });
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outcomes").join(REMOVE_ALL);
        let text = std::fs::read_to_string(path).expect("a program");
        count(&text.parse().expect("a program"), REMOVE_ALL, &mut stats);
        stats.summary()
    })
}

/// Why a cell of the table has to be empty; `None` if it may not be.
fn excuse(column: &str, cell: &str) -> Option<&'static str> {
    let reason = |reasons: &'static [(&str, &str)], name: &str| {
        let found = reasons.iter().find(|(key, _)| *key == name);
        Some(found.unwrap_or_else(|| panic!("no reason for {name}")).1)
    };
    match cell {
        "+" => None,
        "." => reason(&BY_COLUMN, column),
        letter => reason(&BY_LETTER, letter),
    }
}

#[test]
fn every_operation_has_every_outcome_that_it_can_have() {
    let mut lines = OUTCOMES.trim().lines();
    let columns: Vec<&str> = lines.next().expect("the names of the columns").split_whitespace().collect();
    let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).chain(["commit_failed"]).collect();
    assert_eq!(columns, names);
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let operations: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(operations, Op::NAMES);
    let mut wrong = Vec::new();
    for (row, counts) in rows.iter().zip(&counted().operations) {
        for (column, cell) in columns.iter().zip(&row[1..]) {
            let count = counts.outcomes.get(column).copied().unwrap_or(0);
            match excuse(column, cell) {
                None if count == 0 => wrong.push(format!("{} never answered {column}", row[0])),
                Some(reason) if count > 0 => wrong.push(format!("{} answered {column}, though {reason}", row[0])),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn hooks_strike_at_every_point_with_every_action() {
    let hooks = &counted().hooks;
    let mut never = Vec::new();
    for at in Point::ALL.map(Point::name) {
        for action in EVENTS.iter().filter_map(|event| event.strip_prefix("hook ")) {
            let struck = hooks.iter().any(|counts| (counts.at, counts.action) == (at, action) && counts.passed > 0);
            if !struck {
                never.push(format!("{action} at {at}"));
            }
        }
    }
    assert!(never.is_empty(), "never: {never:#?}");
}

#[test]
fn every_event_meets_cursors_walks_transactions_and_stalls() {
    let events = &counted().events;
    assert_eq!(events.keys().copied().collect::<Vec<_>>(), EVENTS);
    let mut never = Vec::new();
    for (event, counts) in events {
        let situations = [
            ("a cursor on a record", counts.positioned),
            ("a walk", counts.walking),
            ("a transaction", counts.in_transaction),
            ("a walk that a prepared update has stopped", counts.stalled),
        ];
        let missing = situations.into_iter().filter(|&(_, count)| count == 0);
        never.extend(missing.map(|(situation, _)| format!("{event} with {situation}")));
    }
    assert!(never.is_empty(), "never: {never:#?}");
}
