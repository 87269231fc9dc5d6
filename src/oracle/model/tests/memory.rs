//! What is kept and what is dropped.

use super::super::version::*;
use super::*;

/// All chains of three versions, all states of the world, all readers: what `trim` drops is missed by none, not even
/// after a rollback to stable.
#[test]
fn nobody_misses_what_is_trimmed() {
    let mut dropped = 0;
    let picks = (0..8_usize.pow(3)).map(|code| [code % 8, code / 8 % 8, code / 64].map(|pick| SHAPES[pick]));
    for (shapes, unfinished) in picks.flat_map(|shapes| UNFINISHED.map(|unfinished| (shapes, unfinished))) {
        for (moment, pinned_ts) in (0..4).flat_map(|moment| (0..3).map(move |ts| (moment, ts))) {
            let trim = |mut chain: Chain| {
                chain.trim(&Everyone { moment, pinned_ts });
                chain
            };
            let (whole, trimmed) = (chain(&shapes, unfinished), trim(chain(&shapes, unfinished)));
            dropped += whole.len() - trimmed.len();
            assert_missed_by_nobody(&whole, &trimmed, moment, pinned_ts);
            let stables = if unfinished.is_empty() { pinned_ts.max(1)..4 } else { 0..0 };
            for stable in stables {
                let [mut whole, mut trimmed] = [chain(&shapes, &[]), trim(chain(&shapes, &[]))];
                whole.roll_back_to_stable(stable);
                trimmed.roll_back_to_stable(stable);
                assert_missed_by_nobody(&whole, &trimmed, moment, pinned_ts);
            }
        }
    }
    assert!(dropped > 0);
}

#[track_caller]
fn assert_missed_by_nobody(whole: &Chain, trimmed: &Chain, moment: Moment, pinned_ts: Timestamp) {
    for reader in readers(moment, pinned_ts) {
        assert_eq!(whole.read(&reader), trimmed.read(&reader), "{whole:?} {reader:?}");
        assert_eq!(whole.conflicts_with(&reader), trimmed.conflicts_with(&reader), "{whole:?} {reader:?}");
    }
}

/// Whether a version puts or removes, since when it is seen, and since when durable.
const SHAPES: [(bool, Timestamp, Timestamp); 8] = [
    (true, 0, 0),
    (true, 1, 1),
    (true, 1, 3),
    (true, 2, 2),
    (false, 0, 0),
    (false, 1, 1),
    (false, 1, 3),
    (false, 2, 2),
];

/// What the last versions are, if they are not committed.
const UNFINISHED: [&[State]; 5] = [
    &[],
    &[State::Running],
    &[State::Running, State::Running],
    &[State::Prepared(3)],
    &[State::Prepared(2), State::Prepared(2)],
];

/// Three versions, one after the other, of which the last are unfinished.
fn chain(shapes: &[(bool, Timestamp, Timestamp); 3], unfinished: &[State]) -> Chain {
    let mut chain = Chain::default();
    let finished = shapes.len() - unfinished.len();
    for (index, &(put, start_ts, durable_ts)) in shapes.iter().enumerate() {
        let commit = index as Moment + 1;
        let kind = if put { Kind::Put(index.to_string().as_str().into()) } else { Kind::Delete };
        let state = if index < finished { State::Committed(commit) } else { unfinished[index - finished] };
        chain.push(Version { kind, txn: commit, state, start_ts, durable_ts, replaced_ts: 0 });
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
}
