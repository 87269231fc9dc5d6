//! Transactions that read on past prepared updates.

use super::*;

const READ_ONLY: Begin = Begin { ignore_prepare: IgnorePrepare::ReadOnly, ..SNAPSHOT };
const FORCE: Begin = Begin { ignore_prepare: IgnorePrepare::Force, ..SNAPSHOT };

/// Past all of the transaction on that key, until it commits.
#[test]
fn see_what_was_there_before() {
    for begin in [READ_ONLY, FORCE] {
        let mut table = ten_to_fifty();
        table.prepares(&["10", "10", "35"], 5).does(A, Call::Begin(begin), "ok").finds(A, "10", "ok I(10) I(v10)");
        table.finds(A, "35", "notfound E(35) -").does(OTHER, commit_prepared(6, 6), "ok");
        table.finds(A, "10", "ok I(10) I(p)").finds(A, "35", "ok I(35) I(p)");
    }
}

#[test]
fn never_stall() {
    let mut table = ten_to_fifty();
    table.prepares(&["10", "35", "60"], 5).does(A, Call::Begin(READ_ONLY), "ok");
    table.scans(0, "10=v10 20=v20 30=v30 40=v40 50=v50 notfound");
    table.key(A, "34").does(A, Call::SearchNear, "ok x=1 I(40) I(v40)");
}

/// When it comes to the update: what is looked up before is told first.
#[test]
fn may_not_write_unless_forced() {
    let mut table = ten_to_fifty();
    table.prepares(&["30"], 5).does(A, Call::Begin(READ_ONLY), "ok").key(A, "30").value(A, "x");
    table.does(A, Call::Update, "rollback E(30) E(x)").key(A, "35").does(A, Call::Remove, "notfound E(35) E(x)");
    table.key(A, "20").does(A, Call::Update, "enotsup E(20) E(x)").does(A, COMMIT, "ok");
    table.does(A, Call::Begin(FORCE), "ok").key(A, "20").does(A, Call::Update, "ok I(20) I(x)");
    table.does(A, COMMIT, "ok");
}

#[test]
fn may_not_write_over_a_prepared_update_even_if_forced() {
    let mut table = ten_to_fifty();
    table.prepares(&["30", "35"], 5).does(A, Call::Begin(FORCE), "ok");
    table.finds(A, "30", "ok I(30) I(v30)").does(A, Call::Remove, "rollback - -");
    table.does(A, Call::Open(NO_OVERWRITE), "ok - -").key(A, "30").value(A, "x");
    table.does(A, Call::Insert, "dupkey E(30) E(v30)").key(A, "35").value(A, "x");
    table.does(A, Call::Insert, "rollback E(35) E(x)");
}
