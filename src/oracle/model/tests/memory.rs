//! What is kept and what is dropped.

use super::super::version::*;
use super::*;

/// All chains of up to three versions, all states of the world, all readers: what `trim` drops is missed by none.
#[test]
fn nobody_misses_what_is_trimmed() {
    let shapes: Vec<(bool, Timestamp)> = [true, false].map(|put| [(put, 0), (put, 1), (put, 2)]).concat();
    let mut dropped = 0;
    for code in 0..6_usize.pow(3) * 3 {
        let picks = [code % 6, code / 6 % 6, code / 36 % 6];
        let (running, everyones) = (code / 216, [0, 1, 2, 3]);
        for (moment, pinned_ts) in everyones.into_iter().flat_map(|moment| (0..3).map(move |ts| (moment, ts))) {
            let build = || chain(&picks.map(|pick| shapes[pick]), running);
            let (whole, mut trimmed) = (build(), build());
            trimmed.trim(&Everyone { moment, pinned_ts });
            dropped += whole.len() - trimmed.len();
            for reader in readers(moment, pinned_ts) {
                assert_eq!(whole.read(&reader), trimmed.read(&reader), "{whole:?} {reader:?}");
                assert_eq!(whole.conflicts_with(&reader), trimmed.conflicts_with(&reader), "{whole:?} {reader:?}");
            }
        }
    }
    assert!(dropped > 0);
}

/// Three versions, committed one after the other, of which the last `running` are not.
fn chain(shapes: &[(bool, Timestamp); 3], running: usize) -> Chain {
    let mut chain = Chain::default();
    for (index, &(put, ts)) in shapes.iter().enumerate() {
        let commit = index as Moment + 1;
        let kind = if put { Kind::Put(index.to_string().as_str().into()) } else { Kind::Delete };
        let state = if index + running < 3 { State::Committed(commit) } else { State::Running };
        chain.push(Version { kind, txn: commit, state, start_ts: ts, durable_ts: ts, replaced_ts: 0 });
    }
    chain
}

/// Everybody who may exist if nobody reads at a moment before `moment` or at a timestamp below `pinned_ts`.
fn readers(moment: Moment, pinned_ts: Timestamp) -> Vec<Reader> {
    let horizons = (moment..5).map(Horizon::Moment).chain([Horizon::Uncommitted]);
    let read_timestamps: Vec<Timestamp> = [0].into_iter().chain(pinned_ts.max(1)..4).collect();
    let at = |horizon| {
        read_timestamps.iter().map(move |&read_ts| Reader { txn: 0, horizon, read_ts, ignores_prepared: false })
    };
    horizons.flat_map(at).collect()
}

#[test]
fn does_not_grow_where_nobody_reads_the_past() {
    let mut table = ten_to_fifty();
    for ts in 1..5000 {
        table.commits("30", SNAPSHOT, Some(ts), "ok");
        table.does(A, Call::SetTimestamp { oldest: Some(ts), stable: Some(ts), durable: None }, "ok");
    }
    assert!(table.0.versions() < 20, "{} versions", table.0.versions());
}

#[test]
fn removed_keys_are_forgotten_but_known_to_have_been_written() {
    let mut table = ten_to_fifty();
    for key in 1000..4000 {
        table.puts(OTHER, &key.to_string(), "once").key(OTHER, &key.to_string());
        table.does(OTHER, Call::Remove, "ok - -");
    }
    assert!(table.0.versions() < 1000, "{} versions", table.0.versions());
    let ever_written = |key: &str| table.0.ever_written(0, &key.into());
    assert!(ever_written("1000") && ever_written("3999") && !ever_written("4000"));
    assert_eq!((table.0.peek(0, 0, &"1000".into()), table.0.peek(0, 0, &"10".into())), (None, Some("v10".into())));
    assert_eq!(table.0.largest_visible(0, 0), Some("50".into()));
}
