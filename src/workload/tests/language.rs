//! Reading and printing.

use super::super::*;

fn parse(text: &str) -> Workload {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn wrong(text: &str) -> String {
    text.parse::<Workload>().expect_err(text).to_string()
}

#[test]
fn every_operation_reads_back_what_it_prints() {
    let text = "\
config(\"database\", \"disaggregated=true\")
wt_config(\"connection\", \"cache_size=1GB\")
create_table(1, \"table1\", \"Q\", \"Q\")
begin_transaction(7)
set_commit_timestamp(7, 5)
insert(1, 7, 10, 100)
get(1, 7, 10)
remove(1, 7, 10)
truncate(1, 7, 5, 15)
commit_transaction(7)
begin_transaction(8)
prepare_transaction(8, 20)
commit_transaction(8, 21, 22)
begin_transaction(8)
rollback_transaction(8)
commit_transaction(9, 0, 5)
commit_transaction(9, 5)
evict(1, 10)
checkpoint()
checkpoint(\"a\")
checkpoint_crash(500)
checkpoint_crash_trigger(\"before_metadata_sync\")
crash()
restart()
rollback_to_stable()
set_oldest_timestamp(3)
set_stable_timestamp(4)
breakpoint()
nop()
";
    let workload = parse(text);
    assert_eq!(workload.to_string(), text);
    for name in Operation::NAMES {
        assert!(workload.operations().any(|op| op.name() == *name), "{name}");
    }
}

#[test]
fn old_forms_are_read() {
    let workload =
        parse("\u{feff}# old\r\n\r\n  create_table ( 4 , table4,r, Q )  \r\ncommit_transaction(1, 0x10, 020)\r\n");
    let expected = "create_table(4, \"table4\", \"r\", \"Q\")\ncommit_transaction(1, 16, 16)\n";
    assert_eq!(workload.to_string(), expected);
    assert_eq!((workload.lines[0].place.line, workload.lines[0].place.column), (3, 3));
    assert_eq!(parse("commit_transaction(1, 5, 0)").to_string(), "commit_transaction(1, 5)\n");
    assert_eq!(parse("checkpoint(\"\")").to_string(), "checkpoint()\n");
    assert_eq!(parse("checkpoint(a\"b c\\\"\\\\\"d)").to_string(), "checkpoint(\"ab c\\\"\\\\d\")\n");
    assert_eq!(parse("create_table(1, , Q, \"\")").to_string(), "create_table(1, \"\", \"Q\", \"\")\n");
    assert_eq!(parse("begin_transaction(1,)").to_string(), wrong_count());
}

/// One comma makes one argument, and nothing after it none.
fn wrong_count() -> String {
    "begin_transaction(1)\n".to_owned()
}

#[test]
fn errors_name_line_and_column() {
    assert_eq!(
        wrong("nop()\n\n  foo(1)"),
        "3:3: there is no operation `foo`: there are begin_transaction, \
        commit_transaction, prepare_transaction, rollback_transaction, set_commit_timestamp, insert, remove, get, truncate, \
        create_table, evict, checkpoint, checkpoint_crash, checkpoint_crash_trigger, crash, restart, rollback_to_stable, \
        set_oldest_timestamp, set_stable_timestamp, config, wt_config, breakpoint, nop"
    );
    assert_eq!(wrong("begin(1)"), "1:1: there is no operation `begin`: is it begin_transaction?");
    assert_eq!(wrong("nop"), "1:4: `(` is missing: write nop()");
    assert_eq!(wrong("nop("), "1:5: `)` is missing");
    assert_eq!(wrong("nop() x"), "1:7: nothing may follow `)`: one operation in a line");
    assert_eq!(wrong("(1)"), "1:1: a line begins with the name of an operation");
    assert_eq!(wrong("checkpoint(\"a)"), "1:12: the quote that begins here is not closed");
    for (text, column) in [("checkpoint(\"a\0b\")", 14), ("checkpoint(a\0b)", 13), ("checkpoint(\"a\\\0\")", 15)] {
        assert!(wrong(text).starts_with(&format!("1:{column}: a NUL byte")), "{}", wrong(text));
    }
    assert_eq!(wrong("nop(1)"), "1:5: 1 argument given: write nop()");
    assert_eq!(wrong("remove(1, 2)"), "1:12: 2 arguments given: write remove(table, txn, key)");
    let usage = "commit_transaction(txn[, commit_ts[, durable_ts]])";
    assert_eq!(wrong("commit_transaction(1, 2, 3, 4)"), format!("1:29: 4 arguments given: write {usage}"));
    assert_eq!(wrong("checkpoint(a, b)"), "1:15: 2 arguments given: write checkpoint([name])");
    assert_eq!(wrong("insert(1, 2, ä, 4)"), "1:14: `ä` is no number: write one as 17, 0x11 or 021");
    assert_eq!(wrong("insert(1, 2, , 4)"), "1:14: `` is no number: write one as 17, 0x11 or 021");
    assert_eq!(
        wrong("checkpoint_crash(1001)"),
        "1:18: 1001 is beyond the end of the checkpoint: at most 1000 per mille"
    );
    let names = "before_checkpoint_commit and before_metadata_sync";
    assert_eq!(
        wrong("checkpoint_crash_trigger(now)"),
        format!("1:26: `now` is no place to crash at: there are {names}")
    );
}
