//! Timestamps in a record: relative to the running clock, so that they keep their meaning when steps come and go.
//! Modes 0-12 are told for each kind below, 13 is an odd timestamp, 14-15 a literal.

use super::{BLOCK, Part, Pool, Reader, Slot, Writer};
use crate::backend::{Timestamp, TxnTimestamp};
use crate::program::clock::Txn;
use crate::program::operand::*;

/// The same timestamp as the last one.
const AGAIN: u16 = 12;
/// One that is out of the ordinary.
const ODD_TS: u16 = 13;

#[inline]
fn literal_ts(from: &Reader<'_>, place: Part) -> Option<Timestamp> {
    let literal = from.pool.get(from.slot(place))?;
    let mut bytes = [0; 8];
    let len = literal.len().min(8);
    bytes[..len].copy_from_slice(&literal[..len]);
    Some(Timestamp::from_le_bytes(bytes))
}

/// Timestamps at and beyond the edges of what is allowed.
fn odd_ts(from: &Reader<'_>, place: Part) -> Timestamp {
    let clock = &from.context.clock;
    match from.slot(place).argument() % 8 {
        0 => clock.oldest.saturating_sub(1),
        1 => clock.oldest,
        2 => clock.stable,
        3 => clock.stable + 1,
        4 => clock.now,
        5 => clock.now + 10,
        6 => clock.now / 2,
        _ => 0,
    }
}

/// Finds the slot that is read as `wanted`: a relative one if there is any, else a literal.
fn write_ts<T: PartialEq>(
    to: &mut Writer<'_, '_>,
    place: Part,
    wanted: &T,
    exact: Option<Timestamp>,
    read: impl Fn(&Reader<'_>) -> T,
) {
    let none = Pool::new(&[]);
    let mut reader = Reader::new(&[0; BLOCK], to.context, &none);
    reader.who = to.who;
    reader.told = to.told;
    let now = to.context.clock.now;
    let back = exact.and_then(|ts| now.checked_sub(ts)).filter(|&back| back < 4096).unwrap_or(0) as u16;
    for mode in 0..Slot::LITERAL {
        for argument in [back, 0, 1, 2, 3, 4, 5, 6, 7] {
            reader.slots[place as usize] = Slot::new(mode, argument);
            if read(&reader) == *wanted {
                to.set(place, Slot::new(mode, argument));
                return;
            }
        }
    }
    let slot = to.pool.literal(&exact.unwrap_or(0).to_le_bytes());
    to.set(place, slot);
}

/// A write's own transaction: modes 0-10 the next timestamp unless a transaction is running, 11 none, 12 the last one again.
#[inline]
fn read_wrap(from: &Reader<'_>) -> Timestamp {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        11 => 0,
        AGAIN => clock.now,
        ODD_TS => odd_ts(from, Part::C),
        _ => literal_ts(from, Part::C).unwrap_or_else(|| match clock.txn(from.who.session) {
            Txn::Idle => clock.next(),
            Txn::Snapshot | Txn::Lower | Txn::Prepared => 0,
        }),
    }
}

impl RecordOperand<Timestamp> for Wrap {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_wrap(from)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), read_wrap);
    }
}

/// Modes 0-9 the next timestamp if the transaction may have one, 10-11 none, 12 the last one again.
#[inline]
fn read_commit(from: &Reader<'_>) -> Option<Timestamp> {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        10 | 11 => None,
        AGAIN => Some(clock.now),
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => match (literal_ts(from, Part::C), clock.txn(from.who.session)) {
            (Some(ts), _) => Some(ts),
            (None, Txn::Lower) => None,
            (None, Txn::Idle | Txn::Snapshot | Txn::Prepared) => Some(clock.next()),
        },
    }
}

impl RecordOperand<Option<Timestamp>> for CommitAt {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        from.told.commit_ts = read_commit(from);
        from.told.commit_ts
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        to.told.commit_ts = *value;
        write_ts(to, Part::C, value, *value, read_commit);
    }
}

/// Of a prepared transaction: modes 0-7 the commit timestamp, or just above stable, 8-9 later than that, 10-11 none,
/// 12 the last timestamp again. Any other transaction has none of its own, unless it is an odd one.
fn read_durable(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::B);
    let clock = &from.context.clock;
    let at_commit = from.told.commit_ts.unwrap_or(clock.now).max(clock.stable.saturating_add(1));
    match (slot.mode(), clock.txn(from.who.session)) {
        (10 | 11, _) => None,
        (ODD_TS, _) => Some(odd_ts(from, Part::B)),
        (Slot::LITERAL.., _) if literal_ts(from, Part::B).is_some() => literal_ts(from, Part::B),
        (_, Txn::Idle | Txn::Snapshot | Txn::Lower) => None,
        (8 | 9, Txn::Prepared) => Some(at_commit.saturating_add(u64::from(slot.argument() % 16))),
        (AGAIN, Txn::Prepared) => Some(clock.now),
        (_, Txn::Prepared) => Some(at_commit),
    }
}

impl RecordOperand<Option<Timestamp>> for DurableAt {
    const PART: Part = Part::B;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_durable(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::B, value, *value, read_durable);
    }
}

/// Modes 0-9 the next timestamp, 10-11 none (where that can be said), 12 the last one again.
fn read_prepare(from: &Reader<'_>) -> Option<Timestamp> {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        10 | 11 => None,
        AGAIN => Some(clock.now),
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => literal_ts(from, Part::C).or(Some(clock.next())),
    }
}

impl RecordOperand<Option<Timestamp>> for PrepareAt {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_prepare(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, *value, read_prepare);
    }
}

impl RecordOperand<Timestamp> for PrepareAt {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_prepare(from).unwrap_or(from.context.clock.next())
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), |from| read_prepare(from).unwrap_or(from.context.clock.next()));
    }
}

/// If the hook commits: modes 0-11 the next timestamp, 12 the last one again. Any other hook has none.
fn read_hook(from: &Reader<'_>) -> Timestamp {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        _ if !from.told.commits => 0,
        AGAIN => clock.now,
        ODD_TS => odd_ts(from, Part::C),
        _ => literal_ts(from, Part::C).unwrap_or(clock.next()),
    }
}

impl RecordOperand<Timestamp> for HookAt {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_hook(from)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), read_hook);
    }
}

/// Modes 0-8 none, 9-12 one that may be read, at or back from now.
#[inline]
fn read_read(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::C);
    match slot.mode() {
        0..=8 => None,
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => literal_ts(from, Part::C)
            .or_else(|| Some(from.context.clock.readable(slot.argument().into())).filter(|&ts| ts != 0)),
    }
}

impl RecordOperand<Option<Timestamp>> for ReadAt {
    const PART: Part = Part::C;
    #[inline]
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_read(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, *value, read_read);
    }
}

/// Modes 0-12 the next timestamp to commit at, or one that may be read.
fn read_stamp(from: &Reader<'_>) -> Timestamp {
    let slot = from.slot(Part::C);
    let clock = &from.context.clock;
    match (slot.mode(), from.told.which) {
        (ODD_TS, _) => odd_ts(from, Part::C),
        (_, TxnTimestamp::Commit | TxnTimestamp::Durable | TxnTimestamp::Prepare) => {
            literal_ts(from, Part::C).unwrap_or(clock.next())
        }
        (_, TxnTimestamp::Read) => literal_ts(from, Part::C).unwrap_or(clock.readable(slot.argument().into())),
    }
}

impl RecordOperand<Timestamp> for Stamp {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_stamp(from)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, Some(*value), read_stamp);
    }
}

/// Modes 0-9 the stable timestamp so far, 10 now, 11 the one that it is (none, where that can be said), 12 one in between.
fn read_oldest(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::A);
    let clock = &from.context.clock;
    match slot.mode() {
        10 => Some(clock.now),
        11 => None,
        AGAIN => Some(clock.readable(slot.argument().into())),
        ODD_TS => Some(odd_ts(from, Part::A)),
        _ => literal_ts(from, Part::A).or(Some(clock.lagging_oldest())),
    }
}

/// Modes 0-7 now, 8-10 a little back from now, 11 the one that it is (none, where that can be said), 12 the one that it is.
fn read_stable(from: &Reader<'_>) -> Option<Timestamp> {
    let slot = from.slot(Part::B);
    let clock = &from.context.clock;
    match slot.mode() {
        8..=10 => {
            let room = clock.now.saturating_sub(clock.stable) + 1;
            Some(clock.now - u64::from(slot.argument()) % room)
        }
        11 => None,
        AGAIN => Some(clock.stable),
        ODD_TS => Some(odd_ts(from, Part::B)),
        _ => literal_ts(from, Part::B).or(Some(clock.now)),
    }
}

impl RecordOperand<Option<Timestamp>> for Oldest {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_oldest(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::A, value, *value, read_oldest);
    }
}

impl RecordOperand<Option<Timestamp>> for Stable {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_stable(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::B, value, *value, read_stable);
    }
}

/// Modes 0-9 and 11 none, 10 now, 12 the stable timestamp.
fn read_node_durable(from: &Reader<'_>) -> Option<Timestamp> {
    let clock = &from.context.clock;
    match from.slot(Part::C).mode() {
        10 => Some(clock.now),
        AGAIN => Some(clock.stable),
        ODD_TS => Some(odd_ts(from, Part::C)),
        _ => literal_ts(from, Part::C),
    }
}

impl RecordOperand<Option<Timestamp>> for Durable {
    const PART: Part = Part::C;
    fn decode(from: &mut Reader<'_>) -> Option<Timestamp> {
        read_node_durable(from)
    }
    fn encode(value: &Option<Timestamp>, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::C, value, *value, read_node_durable);
    }
}

impl RecordOperand<Timestamp> for Oldest {
    const PART: Part = Part::A;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_oldest(from).unwrap_or(from.context.clock.oldest)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::A, value, Some(*value), |from| read_oldest(from).unwrap_or(from.context.clock.oldest));
    }
}

impl RecordOperand<Timestamp> for Stable {
    const PART: Part = Part::B;
    fn decode(from: &mut Reader<'_>) -> Timestamp {
        read_stable(from).unwrap_or(from.context.clock.stable)
    }
    fn encode(value: &Timestamp, to: &mut Writer<'_, '_>) {
        write_ts(to, Part::B, value, Some(*value), |from| read_stable(from).unwrap_or(from.context.clock.stable));
    }
}
