//! What calls do to their cursor.

use super::*;

#[test]
fn a_failed_search_keeps_what_the_application_set() {
    let mut table = ten_to_fifty();
    table.finds(A, "30", "ok I(30) I(v30)").finds(A, "35", "notfound E(35) -");
    table.value(A, "mine").does(A, Call::Search, "notfound E(35) E(mine)");
    table.does(A, Call::Next, "ok I(10) I(v10)");
}

#[test]
fn a_new_key_leaves_value_and_place_and_the_next_step_goes_from_there() {
    let mut table = ten_to_fifty();
    table.finds(A, "30", "ok I(30) I(v30)");
    table.key(A, "10").does(A, Call::State, "ok E(10) I(v30) at 30");
    table.does(A, Call::Next, "ok I(40) I(v40)");
}

#[test]
fn after_the_end_a_step_begins_anew() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Prev, "ok I(50) I(v50)");
    table.does(A, Call::Next, "notfound - -").does(A, Call::Next, "ok I(10) I(v10)");
}

#[test]
fn search_near_prefers_the_larger_neighbour() {
    let mut table = ten_to_fifty();
    table.key(A, "30").does(A, Call::SearchNear, "ok x=0 I(30) I(v30)");
    table.key(A, "35").does(A, Call::SearchNear, "ok x=1 I(40) I(v40)");
    table.key(A, "55").does(A, Call::SearchNear, "ok x=-1 I(50) I(v50)");
    Table::new(&[]).key(A, "30").does(A, Call::SearchNear, "notfound E(30) -");
}

#[test]
fn an_insert_never_keeps_the_position() {
    let mut table = ten_to_fifty();
    table.finds(A, "30", "ok I(30) I(v30)").does(A, Call::Insert, "ok - -");
    table.0.call(B, Call::Open(NO_OVERWRITE));
    table.key(B, "30").value(B, "mine").does(B, Call::Insert, "dupkey E(30) E(v30)");
}

#[test]
fn an_update_stands_on_its_record() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok");
    table.key(A, "35").value(A, "new").does(A, Call::Update, "ok I(35) I(new)");
    table.does(A, Call::Next, "ok I(40) I(v40)");
    table.does(A, Call::Reconfigure { overwrite: false }, "ok - -");
    table.key(A, "36").value(A, "new").does(A, Call::Update, "notfound E(36) E(new)");
}

#[test]
fn a_positioned_remove_keeps_the_position_once() {
    let mut table = ten_to_fifty();
    table.finds(A, "30", "ok I(30) I(v30)").does(A, Call::Remove, "ok I(30) -");
    table.does(A, Call::GetKey, "ok I(30) -").does(A, Call::GetValue, "einval I(30) -");
    table.does(A, Call::Remove, "notfound - -").does(A, Call::Next, "ok I(10) I(v10)");
}

/// What each call does on a record that the cursor stands on and has just removed.
#[test]
fn on_a_removed_record() {
    let after = |calls: &[(Call<'_>, &str)]| {
        let mut table = ten_to_fifty();
        table.does(A, Call::Begin(SNAPSHOT), "ok");
        table.finds(A, "30", "ok I(30) I(v30)").does(A, Call::Remove, "ok I(30) -");
        for (call, expected) in calls {
            table.does(A, *call, expected);
        }
    };
    let (thirty, new) = (Key::from("30"), Value::from("new"));
    let delta = [Delta { data: "Z".into(), offset: 0, size: 1 }];
    after(&[(Call::Next, "ok I(40) I(v40)"), (Call::Next, "ok I(50) I(v50)")]);
    after(&[(Call::Prev, "ok I(20) I(v20)"), (Call::Next, "ok I(40) I(v40)")]);
    after(&[(Call::Search, "notfound E(30) -"), (Call::Next, "ok I(10) I(v10)")]);
    after(&[(Call::SetKey(&thirty), "ok E(30) - at 30"), (Call::SearchNear, "ok x=1 I(40) I(v40)")]);
    after(&[(Call::LargestKey, "ok E(50) -"), (Call::Next, "ok I(10) I(v10)")]);
    after(&[(Call::SetValue(&new), "ok I(30) E(new)"), (Call::Update, "ok I(30) I(new)")]);
    after(&[(Call::Reserve, "notfound E(30) -"), (Call::Next, "ok I(10) I(v10)")]);
    after(&[(Call::Modify(&delta), "notfound E(30) -"), (Call::Next, "ok I(10) I(v10)")]);
}

#[test]
fn what_is_missing_changes_nothing() {
    let mut table = ten_to_fifty();
    for call in [Call::Search, Call::SearchNear, Call::Insert, Call::Update, Call::Remove, Call::Reserve] {
        table.does(A, call, "einval - -");
    }
    table.key(A, "30").does(A, Call::Insert, "einval E(30) -");
    table.does(A, Call::SetKey(&Key::EMPTY), "einval E(30) -");
    table.does(A, Call::Reserve, "einval E(30) -");
    let delta = [Delta { data: "Z".into(), offset: 0, size: 1 }];
    table.does(A, Call::Modify(&delta), "enotsup E(30) -");
}

#[test]
fn modify_fills_gaps_with_zeros_and_clips() {
    let mut table = ten_to_fifty();
    let delta = |data: &str, offset, size| Delta { data: data.into(), offset, size };
    table.does(A, Call::Begin(SNAPSHOT), "ok").key(A, "30");
    let deltas = [delta("ZZ", 0, 1), delta("!", 6, 9), delta("", 1, 1)];
    table.does(A, Call::Modify(&deltas), "ok I(30) I(Z30\\x00\\x00!)");
    table.does(A, Call::Modify(&[]), "einval I(30) I(Z30\\x00\\x00!)");
}

#[test]
fn a_duplicate_stands_where_its_source_has_its_key() {
    let mut table = ten_to_fifty();
    table.does(OTHER, Call::Duplicate { from: A }, "einval - -");
    table.key(A, "30").does(OTHER, Call::Duplicate { from: A }, "ok I(30) I(v30)");
    table.key(A, "35").does(OTHER, Call::Duplicate { from: A }, "enoent I(30) I(v30)");
    table.does(A, Call::Compare { with: OTHER }, "ok x=1 E(35) -");
    table.does(A, Call::Equals { with: A }, "ok x=1 E(35) -");
}

#[test]
fn a_random_cursor_can_do_little() {
    let mut table = ten_to_fifty();
    table.does(A, Call::Begin(SNAPSHOT), "ok");
    table.does(A, Call::Open(CursorConfig { random: true, ..CursorConfig::default() }), "ok - -");
    table.does(A, Call::Next, "ok I(10) I(v10)").does(A, Call::Search, "enotsup I(10) I(v10)");
    table.puts(B, "60", "v60").does(A, Call::Commit { ts: None, durable: None }, "ok");
}
