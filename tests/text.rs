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
        round_trip(&generate(Profile::Swarm, seed, swarm_length(seed).min(60)));
    }
    for profile in Profile::ALL {
        round_trip(&generate(profile, 1, 500));
    }
}

/// One of each, in the form that is printed.
const EVERY_FORM: &str = r#"# lockstep 1
config sessions=3 cursors=2 keys=55 isolation=snapshot,read-committed,read-uncommitted
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
s0.c0 get_value
s0.c0 bound lower 0010
s0.c0 bound upper 0100 inclusive=false
s0.c0 bound lower
s0.c0 bound clear
s0.c0 reopen
s0.c0 reopen overwrite=false random=true
s0.c0 reconfigure overwrite=true
s0.c0 reconfigure overwrite=false
s0.c0 duplicate s2.c1
s0.c0 compare s0.c1
s0.c0 equals s0.c1
s0 scan next
s0 scan prev
s0 next_random
s1 begin
s1 begin isolation=read-committed read_ts=5 roundup=true no_timestamp=true
s1 commit
s1 commit ts=12
s1 rollback
s1 reset_snapshot
s1 set_commit_ts 7
s1 set_read_ts 7
s1 query read
query all_durable
query oldest
query oldest_reader
query pinned
query stable
set_timestamp
set_timestamp oldest=1 stable=2
inject checkpoint
inject adopt
inject advance oldest=1 stable=2
inject evict 40
inject prune
inject s0.c0 bulk_insert 0 55 ts=3
inject s0.c0 bulk_remove 54 1
inject s0.c0 remove_all ts=4
inject s0.c0 insert_beside s0.c1 prev "v" ts=5
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
    let bare: Program = "# lockstep 1\ns0.c0 insert ts=3 0120 \"v\"".parse().unwrap();
    assert_eq!(bare.steps[0].to_string(), "s0.c0 insert 0120 \"v\" ts=3");
}
