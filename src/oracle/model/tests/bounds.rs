//! Bounds.

use super::*;

fn twenty_to_forty(inclusive: bool) -> Table {
    let mut table = ten_to_fifty();
    table.key(A, "20").does(
        A,
        Call::Bound {
            side: Side::Lower,
            inclusive,
        },
        "ok E(20) -",
    );
    table.key(A, "40").does(
        A,
        Call::Bound {
            side: Side::Upper,
            inclusive,
        },
        "ok E(40) -",
    );
    table
}

#[test]
fn limit_every_call_and_outlast_all_but_reset() {
    let mut table = twenty_to_forty(false);
    table
        .does(A, Call::Next, "ok I(30) I(v30)")
        .does(A, Call::Next, "notfound - -");
    table
        .value(A, "new")
        .finds(A, "40", "notfound E(40) E(new)");
    for call in [Call::Insert, Call::Update, Call::Remove] {
        table.does(A, call, "notfound E(40) E(new)");
    }
    table
        .does(A, Call::LargestKey, "einval - -")
        .does(A, Call::Prev, "ok I(30) I(v30)");
    table
        .does(A, Call::Reset, "ok - -")
        .does(A, Call::Next, "ok I(10) I(v10)");
}

#[test]
fn tell_search_near_on_which_side_the_key_was() {
    let mut table = twenty_to_forty(true);
    table
        .key(A, "05")
        .does(A, Call::SearchNear, "ok x=1 I(20) I(v20)");
    table
        .key(A, "99")
        .does(A, Call::SearchNear, "ok x=-1 I(40) I(v40)");
    let mut table = twenty_to_forty(false);
    table
        .key(A, "20")
        .does(A, Call::SearchNear, "ok x=1 I(30) I(v30)");
    table
        .key(A, "35")
        .does(A, Call::SearchNear, "ok x=-1 I(30) I(v30)");
}

#[test]
fn must_not_be_inverted_nor_set_on_a_placed_cursor() {
    let mut table = twenty_to_forty(true);
    table.key(A, "10").does(
        A,
        Call::Bound {
            side: Side::Upper,
            inclusive: true,
        },
        "einval E(10) -",
    );
    table.key(A, "20").does(
        A,
        Call::Bound {
            side: Side::Upper,
            inclusive: false,
        },
        "einval E(20) -",
    );
    table.does(
        A,
        Call::Bound {
            side: Side::Upper,
            inclusive: true,
        },
        "ok E(20) -",
    );
    table.does(A, Call::Next, "ok I(20) I(v20)");
    table.does(
        A,
        Call::Bound {
            side: Side::Lower,
            inclusive: true,
        },
        "einval I(20) I(v20)",
    );
    table
        .does(A, Call::ClearBounds, "ok I(20) I(v20)")
        .does(A, Call::Next, "ok I(30) I(v30)");
}
