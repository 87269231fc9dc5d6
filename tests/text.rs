//! The `.ops` text: it round-trips, and what is wrong with a text is said with its place.

use lockstep::program::{Op, Profile, Program, Step, generate, swarm_length};

fn round_trip(program: &Program) {
    let text = program.to_string();
    let parsed: Program = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&parsed, program);
    assert_eq!(parsed.to_string(), text);
}

#[test]
fn generated_programs_round_trip() {
    for seed in 0..2000 {
        round_trip(&generate(Profile::Swarm, seed, swarm_length(seed).min(32)));
    }
    for profile in Profile::ALL {
        round_trip(&generate(profile, 1, 500));
    }
}

/// One of each, in the form that is printed.
const EVERY_FORM: &str = r#"# lockstep 1
config sessions=3 cursors=2 keys=55 tables=2 isolation=snapshot,read-committed,read-uncommitted
s0.c0 key 0120
s0.c0 key 0x00ff
s0.c0 key 0x
s0.c0 value "a \"quoted\" \\ \n\r\t \x14\xff"
s0.c0 search
s0.c0 search 0120
s0.c1 search_near 0125
s0.c0 next
s0.c0 prev
s0.c0 insert 0120 "v1" ts=5
s0.c0 insert 0120
s0.c0 insert "v1"
s0.c0 insert
s0.c0 update 0120 "v1" ts=5
s0.c0 remove ts=18446744073709551615
s0.c0 reserve 0x2d
s0.c0 modify 0120 "ab":0:1 "":65536:4294967295 ts=9
s0.c0 modify
s0.c0 largest_key
s0.c0 reset
s0.c0 get_key
s0.c0 state
s0.c0 get_value
s0.c0 bound lower 0010
s0.c0 bound upper 0100 inclusive=false
s0.c0 bound lower
s0.c0 bound clear
s0.c0 reopen
s0.c0 reopen overwrite=false random=true
s0.c0 reopen overwrite=false random=true table=1
s0.c0 reconfigure overwrite=true
s0.c0 reconfigure overwrite=false
s0.c0 duplicate s2.c1
s0.c0 compare s0.c1
s0.c0 equals s0.c1
s0 scan next
s0 scan prev
s0 scan next table=1
s0 next_random
s0 next_random table=1
s1 begin
s1 begin isolation=read-committed read_ts=5 roundup=true no_timestamp=true
s1 begin ignore_prepare=true
s1 begin isolation=snapshot roundup=true no_timestamp=true ignore_prepare=force roundup_prepared=true
s1 prepare
s1 prepare ts=12
s1 commit
s1 commit ts=12
s1 commit ts=12 durable=14
s1 commit durable=18446744073709551615
s1 rollback
s1 reset_snapshot
s1 set_commit_ts 7
s1 set_durable_ts 8
s1 set_prepare_ts 6
s1 set_read_ts 7
s1 query read
s1 query prepare
s1 truncate
s1 truncate start=c0
s1 truncate start=c0 stop=c1 ts=9
s1 truncate_range
s1 truncate_range first=0010 last=0x00 table=1 ts=9
s1 truncate_range last=0055
query all_durable
query oldest
query oldest_reader
query pinned
query stable
set_timestamp
set_timestamp oldest=1 stable=2
set_timestamp oldest=1 stable=2 durable=3
rollback_to_stable
recreate
recreate table=1
inject checkpoint
inject adopt
inject advance oldest=1 stable=2
inject evict 40
inject prune
inject quiesce
inject step_down
inject step_up node=0
inject step_up node=1
inject restart node=0 at=rest
inject restart node=1 at=checkpoint
inject restart node=0 at=adopt
inject s0.c0 bulk_insert 0 55 ts=3
inject s0.c0 bulk_remove 54 1
inject s0.c0 remove_all ts=4
inject s0.c0 insert_beside s0.c1 prev "v" ts=5
inject s0.c0 truncate_all
inject s0.c1 truncate_all ts=6
inject s0.c0 prepare_flood 3 20 ts=7
inject s0.c0 hook at=ingest_probed do=prune
inject s0.c0 hook at=search_missed do=evict
inject s0.c0 hook at=side_moved do=adopt
inject s0.c0 hook at=stalled do=checkpoint
inject s1.c0 hook at=looked_up do=commit
inject s1.c1 hook at=table_adopted do=commit ts=12
s0.c0 next => ok 0120 "v1"
s0.c0 next => notfound - -
s0.c0 next => ok E(0x00) E("\x14\x14")
s0.c0 next => prepare_conflict 0120
s0.c0 insert 0120 "v" ts=3 => einval commit=einval E(0120) E("v")
s0.c0 search_near 0x656d707479 => ok exact=-1 0x656d707479 "v"
s0.c0 compare s0.c1 => ok exact=1 - -
query stable => ok ts=17
s0 scan next => ok
s0 scan next => ok empty
s0 scan next => ok 0010="v =\"1\"" ts="x" 0x2d=""
"#;

#[test]
fn every_form_round_trips() {
    let program: Program = EVERY_FORM.parse().unwrap();
    assert_eq!(program.to_string(), EVERY_FORM);
    for index in 0..Op::COUNT {
        assert!(program.steps.iter().any(|step| step.op.index() == index), "{} is missing", Op::NAMES[index]);
    }
    let without =
        Program { steps: program.steps.into_iter().map(|step| Step { expect: None, ..step }).collect(), ..program };
    assert_eq!(Program::decode(&without.encode().unwrap()), without);
}

#[test]
fn comments_blanks_and_defaults_are_as_documented() {
    let program: Program =
        "# lockstep 1\r\n\n  # a comment\n\tconfig cursors=2 isolation=read-committed\n  s0.c1   next\t=> ok\n"
            .parse()
            .unwrap();
    assert_eq!(
        program.to_string(),
        "# lockstep 1\nconfig sessions=1 cursors=2 keys=55 isolation=read-committed\ns0.c1 next => ok\n"
    );
    let bare: Program = "\u{feff}# lockstep 1\ns0.c0 insert ts=3 0120 \"v\"".parse().unwrap();
    assert_eq!(bare.steps[0].to_string(), "s0.c0 insert 0120 \"v\" ts=3");
}

#[test]
fn a_hook_has_a_timestamp_if_it_commits() {
    let line = |hook: &str| hook.parse::<Step>().map(|step| step.to_string()).map_err(|error| error.column);
    assert_eq!(line("inject s0.c0 hook at=stalled do=prune ts=0"), Ok("inject s0.c0 hook at=stalled do=prune".into()));
    assert_eq!(
        line("inject s0.c0 hook at=stalled do=commit ts=4").as_deref(),
        Ok("inject s0.c0 hook at=stalled do=commit ts=4")
    );
    assert_eq!(line("inject s0.c0 hook at=stalled do=evict ts=4"), Err(39));
}

/// Malformed programs: line, column, a part of the message.
const MALFORMED: &[(&str, usize, usize, &str)] = &[
    ("", 1, 1, "its first line has to be `# lockstep 1`"),
    ("s0.c0 next\n", 1, 1, "its first line has to be `# lockstep 1`"),
    ("# lockstep 2\n", 1, 12, "format version `2`, this build reads 1"),
    ("# lockstep\n", 1, 11, "format version ``, this build reads 1"),
    ("# lockstep 1\nconfig sessions=5\n", 2, 17, "5 is too large for a number of sessions: write a number up to 4"),
    ("# lockstep 1\nconfig keys=1\n", 2, 13, "1 is too small for a number of keys: write a number from 2 to 4096"),
    ("# lockstep 1\nconfig rows=2\n", 2, 8, "`rows=2` is not a setting: write sessions=N, cursors=N, keys=N, tables=N"),
    ("# lockstep 1\nconfig tables=3\n", 2, 15, "3 is too large for a number of tables: write a number up to 2"),
    ("# lockstep 1\nconfig tables=0\n", 2, 15, "0 is too small for a number of tables: write a number from 1 to 2"),
    ("# lockstep 1\ns0 scan next table=1\n", 2, 20, "there is no table 1: the program has tables=1, counted from 0"),
    ("# lockstep 1\nrecreate table=x\n", 2, 16, "`x` is not a table: write a decimal number"),
    ("# lockstep 1\ns0 truncate start=c1\n", 2, 19, "there is no cursor 1: the program has cursors=1"),
    ("# lockstep 1\ns0 truncate stop=s0.c0\n", 2, 18, "`s0.c0` is not a cursor of the session: write c0"),
    ("# lockstep 1\ns0 truncate 0010\n", 2, 13, "write truncate [start=cN] [stop=cN] [ts=T]"),
    ("# lockstep 1\ns0 truncate_range first=\n", 2, 25, "`` is not a key"),
    ("# lockstep 1\ns0 truncate_range 0010\n", 2, 19, "write truncate_range [first=KEY] [last=KEY] [table=N] [ts=T]"),
    ("# lockstep 1\ns0 begin ignore_prepare=yes\n", 2, 25, "`yes` is not known here: write one of false|true|force"),
    ("# lockstep 1\ninject step_up\n", 2, 15, "`step_up` needs node=0 or node=1 here"),
    ("# lockstep 1\ninject step_up node=2\n", 2, 21, "2 is too large for a node: write a number up to 1"),
    ("# lockstep 1\ninject restart node=0\n", 2, 22, "`restart` needs at=rest|checkpoint|adopt here"),
    ("# lockstep 1\ninject restart node=0 at=night\n", 2, 26, "`night` is not known here: write one of rest|"),
    ("# lockstep 1\ninject s0.c0 hook at=stalled\n", 2, 29, "needs do=prune|evict|adopt|checkpoint|commit here"),
    (
        "# lockstep 1\ninject s0.c0 hook ts=4 at=stalled do=prune\n",
        2,
        19,
        "only a commit has a timestamp, and this is do=prune: leave `ts=4` out",
    ),
    ("# lockstep 1\ninject hook at=stalled do=prune\n", 2, 1, "write `inject sN.cM hook`"),
    ("# lockstep 1\ninject s0.c0 prepare_flood 0 1\n", 2, 31, "`prepare_flood` needs ts=T here"),
    ("# lockstep 1\ns0 query prepared\n", 2, 10, "`prepared` is not known here: write one of read|prepare"),
    ("# lockstep 1\nquery commit\n", 2, 7, "write one of all_durable|oldest|oldest_reader|pinned|stable"),
    ("# lockstep 1\ninject query commit\n", 2, 14, "write one of all_durable|oldest|oldest_reader|pinned|stable|read|"),
    ("# lockstep 1\ns0 query\n", 2, 9, "`query` needs one of read|prepare here"),
    ("# lockstep 1\nquery read\n", 2, 1, "write `sN query`"),
    ("# lockstep 1\ninject s0 evict 20\n", 2, 1, "write `inject evict`"),
    ("# lockstep 1\nconfig isolation=snapshot,snapshot\n", 2, 27, "is for session 1, but sessions=1"),
    ("# lockstep 1\nconfig isolation=serial\n", 2, 18, "write one of snapshot|read-committed|read-uncommitted"),
    ("# lockstep 1\nconfig\nconfig\n", 3, 1, "a second configuration"),
    ("# lockstep 1\ns0.c0 next\nconfig\n", 3, 1, "put it before the first step"),
    ("# lockstep 1\ns1.c0 next\n", 2, 1, "there is no session 1: the program has sessions=1"),
    ("# lockstep 1\ns99999999999999999999999.c0 next\n", 2, 1, "there is no session 18446744073709551615"),
    ("# lockstep 1\ns0.c0 next\n\ns0.c1 next\n", 4, 1, "there is no cursor 1: the program has cursors=1"),
    ("# lockstep 1\ns0.c0 compare s0.c3\n", 2, 15, "there is no cursor 3"),
    ("# lockstep 1\ns0.c0 compare 0120\n", 2, 15, "`0120` is not a cursor: write s0.c0"),
    ("# lockstep 1\ns0.x0 next\n", 2, 1, "`s0.x0` is not a cursor: write s0.c0"),
    ("# lockstep 1\ns0 next\n", 2, 1, "write `sN.cM next`"),
    ("# lockstep 1\ncheckpoint\n", 2, 1, "write `inject checkpoint`"),
    ("# lockstep 1\ninject s0.c0 evict 20\n", 2, 1, "write `inject evict`"),
    ("# lockstep 1\ns0 query stable\n", 2, 1, "write `query`"),
    ("# lockstep 1\ns0.c0\n", 2, 6, "the operation is missing"),
    ("# lockstep 1\ns0.c0 serch 0120\n", 2, 7, "unknown operation `serch`: did you mean"),
    ("# lockstep 1\ns0.c0 zap\n", 2, 7, "unknown operation `zap`: write one of key, value, search"),
    ("# lockstep 1\ns0.c0 key\n", 2, 10, "`key` needs a key here"),
    ("# lockstep 1\ns0.c0 key => ok\n", 2, 11, "`key` needs a key here"),
    ("# lockstep 1\ns0.c0 next 0120\n", 2, 12, "`0120` is not expected here: write next"),
    ("# lockstep 1\ns0.c0 search 0120 0130\n", 2, 19, "`0130` is not expected here: write search [KEY]"),
    ("# lockstep 1\ns0.c0 insert 0120 v\n", 2, 19, "write insert [KEY] [\"VALUE\"] [ts=T]"),
    ("# lockstep 1\ns0.c0 search 01,20\n", 2, 14, "`01,20` is not a key"),
    ("# lockstep 1\ns0.c0 search 0x123\n", 2, 16, "an odd number of hex digits"),
    ("# lockstep 1\ns0.c0 search 0x12g4\n", 2, 18, "this is no hex digit"),
    ("# lockstep 1\ns0.c0 insert 0120 \"v\n", 2, 19, "this quoted string does not end"),
    ("# lockstep 1\ns0.c0 insert 0120 \"v\\q\"\n", 2, 21, "unknown escape"),
    ("# lockstep 1\ns0.c0 insert 0120 \"v\\x1\"\n", 2, 21, "\\x needs two hex digits"),
    ("# lockstep 1\ns0.c0 insert 0120 \"é\"\n", 2, 20, "write other bytes as \\xNN"),
    ("# lockstep 1\ns0.c0 insert 0120 \"é\" \"v\"\n", 2, 20, "write other bytes as \\xNN"),
    ("# lockstep 1\ns0.c0 insert 0120 \"v\"x\n", 2, 22, "`x` after a quoted string"),
    ("# lockstep 1\ns0.c0 modify \"v\"\n", 2, 17, "\"DATA\":OFFSET:SIZE"),
    ("# lockstep 1\ns0.c0 modify \"v\":99999999:1\n", 2, 18, "99999999 is too large for an offset"),
    ("# lockstep 1\ns0.c0 insert ts=18446744073709551616\n", 2, 17, "is too large for a timestamp"),
    ("# lockstep 1\ns0 commit ts=0x1f\n", 2, 14, "`0x1f` is not a timestamp: write a decimal number"),
    ("# lockstep 1\ns0 set_commit_ts\n", 2, 17, "`set_commit_ts` needs a timestamp here"),
    ("# lockstep 1\ns0 begin isolation=serial\n", 2, 20, "`serial` is not known here: write one of snapshot|"),
    ("# lockstep 1\ns0 begin roundup=yes\n", 2, 18, "`yes` is neither true nor false"),
    ("# lockstep 1\ns0.c0 reconfigure\n", 2, 18, "needs overwrite=true or overwrite=false here"),
    ("# lockstep 1\ninject advance oldest=1\n", 2, 24, "needs stable=T here"),
    ("# lockstep 1\ninject evict 101\n", 2, 14, "101 is too large for a share in percent"),
    (
        "# lockstep 1\ninject s0.c0 bulk_insert 55 1\n",
        2,
        26,
        "55 is too large for an index into this pool: write a number up to 54",
    ),
    ("# lockstep 1\ns0.c0 next =>\n", 2, 14, "the expected reply is missing"),
    ("# lockstep 1\ns0.c0 next => fine\n", 2, 15, "`fine` is not a return code: write one of ok, notfound"),
    ("# lockstep 1\ns0.c0 next => ok - - -\n", 2, 22, "`-` is one too many"),
    ("# lockstep 1\ns0.c0 next => ok exact=2\n", 2, 24, "write -1, 0 or 1"),
    ("# lockstep 1\ns0.c0 next => ok E(0120\n", 2, 18, "close it with `)`"),
    ("# lockstep 1\ns0.c0 next => ok 0120 v\n", 2, 23, "`v` is not a quoted string"),
];

#[test]
fn mistakes_are_named_with_their_place() {
    for &(text, line, column, message) in MALFORMED {
        let error = text.parse::<Program>().expect_err(text);
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn what_may_be_written_is_what_is_listed() {
    let error = "s0.c0 zap".parse::<Step>().unwrap_err().message;
    let (_, listed) = error.split_once(": write one of ").expect("a list");
    for form in ["bound clear", "set_commit_ts", "set_durable_ts", "hook"] {
        assert!(listed.split(", ").any(|name| name == form), "{form}: {error}");
    }
    for name in listed.split(", ") {
        let of_it = [format!("s0.c0 {name}"), format!("s0 {name}"), name.to_owned(), format!("inject {name}")];
        assert!(!of_it.iter().any(|step| unknown(step)), "{name} is listed and not known");
    }
    assert!(unknown("s0.c0 clear_bounds") && unknown("s0 timestamp_transaction 3"));
}

fn unknown(step: &str) -> bool {
    step.parse::<Step>().is_err_and(|error| error.message.contains("unknown operation"))
}

#[test]
fn damaged_texts_parse_or_say_where() {
    let damage = ["", "\"", "=", " ", "\\", "é", "9", "=> ", "0x", "("];
    for index in 0..EVERY_FORM.len() {
        let text = format!("{}{}{}", &EVERY_FORM[..index], damage[index % damage.len()], &EVERY_FORM[index + 1..]);
        if let Err(error) = text.parse::<Program>() {
            assert!(error.line >= 1 && error.line <= text.lines().count() && error.column >= 1);
        }
    }
}
