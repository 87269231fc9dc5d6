//! What a generator believes about the program so far: enough to make most steps meaningful, cheap, and often wrong:
//! it knows nothing of conflicts, snapshots or errors.

use super::clock::{Clock, Txn};
use super::limits;
use super::ops::Op;
use super::step::{Config, Step};
use crate::backend::{Isolation, Timestamp, TxnTimestamp, Value, Who};

const CURSORS: usize = Config::MAX_CURSORS as usize;
const SESSIONS: usize = Config::MAX_SESSIONS as usize;

/// The beliefs.
pub(super) struct Plan {
    pub clock: Clock,
    pub present: Present,
    /// The value that was written last.
    pub last_value: Value,
    /// The index of the next step.
    pub index: usize,
    /// Whether there is a checkpoint to pick up.
    pub has_checkpoint: bool,
    cursors: [[Place; CURSORS]; SESSIONS],
    txns: [TxnPlan; SESSIONS],
}

/// Where a cursor stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// On the record of this pool key.
    pub at: Option<u16>,
    /// Whether it has a key at all.
    pub has_key: bool,
    /// Whether bounds may be set.
    pub bounded: bool,
    /// Whether it was opened as a random cursor.
    pub random: bool,
}

/// A session's transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TxnPlan {
    /// The index of the step that began it.
    pub began: usize,
    /// Whether it has written.
    pub wrote: bool,
    /// Its read timestamp, if it has one.
    pub read_ts: Option<Timestamp>,
    /// The commit timestamp that it set last before its commit, if it did.
    pub commit_ts: Option<Timestamp>,
    /// Whether it began at read-uncommitted.
    pub uncommitted: bool,
}

impl Plan {
    pub fn new(config: &Config) -> Self {
        Plan {
            clock: Clock::new(),
            present: Present::new(config.keys),
            last_value: Value::EMPTY,
            index: 0,
            has_checkpoint: false,
            cursors: Default::default(),
            txns: Default::default(),
        }
    }

    #[inline]
    pub fn place(&self, who: Who) -> Place {
        self.cursors[usize::from(who.session)][usize::from(who.cursor)]
    }

    #[inline]
    fn place_mut(&mut self, who: Who) -> &mut Place {
        &mut self.cursors[usize::from(who.session)][usize::from(who.cursor)]
    }

    #[inline]
    pub fn txn(&self, session: u8) -> TxnPlan {
        self.txns[usize::from(session)]
    }

    /// Whether the cursor stands on a record that is there; one that it has removed is not.
    pub fn on_record(&self, who: Who) -> bool {
        self.place(who).at.is_some_and(|at| self.present.has(at))
    }

    /// Whether there is no record at all.
    pub fn is_empty(&self) -> bool {
        self.present.from(0).is_none()
    }

    /// The session whose transaction has been running longest, and for how many steps.
    pub fn longest_txn(&self, config: &Config) -> Option<(u8, usize)> {
        let running = (0..config.sessions).filter(|&session| self.clock.txn(session) != Txn::Idle);
        running.map(|session| (session, self.index - self.txn(session).began)).max_by_key(|&(_, steps)| steps)
    }

    /// The smallest read timestamp of a running transaction.
    pub fn oldest_reader(&self) -> Option<Timestamp> {
        self.txns.iter().filter_map(|txn| txn.read_ts).min()
    }

    /// The largest read timestamp of a running transaction.
    pub fn newest_reader(&self) -> Option<Timestamp> {
        self.txns.iter().filter_map(|txn| txn.read_ts).max()
    }

    /// A session other than this one with a running transaction that has written.
    pub fn writer_beside(&self, session: u8) -> Option<u8> {
        (0..Config::MAX_SESSIONS)
            .find(|&other| other != session && self.clock.txn(other) != Txn::Idle && self.txn(other).wrote)
    }

    /// Follows a step. `index` is the pool index of the record that it is about, if it has one.
    pub fn observe(&mut self, step: &Step, index: Option<u16>, config: &Config) {
        let who = step.who;
        let running = self.clock.txn(who.session);
        self.clock.observe(step, config);
        self.index += 1;
        self.has_checkpoint |= matches!(step.op, Op::Checkpoint | Op::Advance { .. }) && self.clock.stable > 0;
        self.follow_txn(step, running, config);
        self.follow_cursor(step, index);
    }

    fn follow_txn(&mut self, step: &Step, running: Txn, config: &Config) {
        let session = usize::from(step.who.session);
        match &step.op {
            Op::Begin { isolation, read_ts, .. } if running == Txn::Idle => {
                let isolation = isolation.unwrap_or(config.isolation_of(step.who.session));
                let uncommitted = isolation == Isolation::ReadUncommitted && read_ts.is_none();
                let began = self.index;
                self.txns[session] = TxnPlan { began, read_ts: *read_ts, uncommitted, ..TxnPlan::default() };
            }
            Op::TimestampTransaction { which: TxnTimestamp::Read, ts } => self.txns[session].read_ts = Some(*ts),
            Op::TimestampTransaction { which: TxnTimestamp::Commit, ts } if running == Txn::Snapshot => {
                self.txns[session].commit_ts = Some(*ts);
            }
            Op::Commit { .. } => self.txns[session] = TxnPlan::default(),
            Op::Rollback => {
                self.txns[session] = TxnPlan::default();
                for place in &mut self.cursors[session] {
                    *place = Place { at: None, has_key: false, ..*place };
                }
            }
            _ => {}
        }
    }

    fn follow_cursor(&mut self, step: &Step, index: Option<u16>) {
        let who = step.who;
        let place = self.place(who);
        match &step.op {
            Op::Next => self.stand(who, self.present.from(place.at.map_or(0, |at| at + 1))),
            Op::Prev => self.stand(who, self.present.to(place.at.unwrap_or(limits::MAX_KEYS))),
            Op::Search { .. } => self.stand(who, index.filter(|&index| self.present.has(index))),
            Op::SearchNear { .. } => {
                let near = index.and_then(|index| self.present.from(index).or_else(|| self.present.to(index)));
                self.stand(who, near);
            }
            Op::Insert { value, .. } => {
                self.wrote(who, value.as_ref());
                self.put(index);
                self.stand(who, None);
            }
            Op::Update { value, .. } => {
                self.wrote(who, value.as_ref());
                self.put(index);
                self.stand(who, index);
            }
            Op::Remove { key, .. } => {
                self.wrote(who, None);
                index.into_iter().for_each(|at| self.present.clear(at));
                self.stand(who, index.filter(|_| key.is_none()));
            }
            Op::Modify { .. } => self.wrote(who, None),
            Op::Key { .. } => self.place_mut(who).has_key = true,
            Op::Value { value } => self.last_value = value.clone(),
            Op::Reset => *self.place_mut(who) = Place { random: place.random, ..Place::default() },
            Op::Reopen { random, .. } => *self.place_mut(who) = Place { random: *random, ..Place::default() },
            Op::LargestKey | Op::Reconfigure { .. } => self.stand(who, None),
            Op::Bound { .. } => self.place_mut(who).bounded = true,
            Op::ClearBounds => self.place_mut(who).bounded = false,
            Op::Duplicate { from } => {
                let at = self.place(*from).at;
                self.stand(who, at);
            }
            Op::BulkInsert { first, count, .. } => {
                self.wrote(who, None);
                self.present.fill(*first, *count, true);
                self.stand(who, None);
            }
            Op::BulkRemove { first, count, .. } => {
                self.wrote(who, None);
                self.present.fill(*first, *count, false);
                self.stand(who, None);
            }
            Op::RemoveAll { .. } => {
                self.wrote(who, None);
                self.present.fill(0, self.present.keys, false);
                self.stand(who, None);
            }
            Op::InsertBeside { value, .. } => {
                self.wrote(who, Some(value));
                self.stand(who, None);
            }
            _ => {}
        }
    }

    fn stand(&mut self, who: Who, at: Option<u16>) {
        let place = self.place_mut(who);
        place.at = at;
        place.has_key = at.is_some();
    }

    fn put(&mut self, at: Option<u16>) {
        if let Some(at) = at {
            self.present.set(at);
        }
    }

    fn wrote(&mut self, who: Who, value: Option<&Value>) {
        self.txns[usize::from(who.session)].wrote = true;
        if let Some(value) = value {
            self.last_value = value.clone();
        }
    }
}

/// Which pool keys have a record.
pub(super) struct Present {
    words: [u64; limits::MAX_KEYS as usize / 64],
    keys: u16,
}

impl Present {
    fn new(keys: u16) -> Self {
        Present { words: [0; limits::MAX_KEYS as usize / 64], keys }
    }

    #[inline]
    pub fn has(&self, index: u16) -> bool {
        self.words[usize::from(index / 64)] >> (index % 64) & 1 == 1
    }

    fn set(&mut self, index: u16) {
        self.words[usize::from(index / 64)] |= 1 << (index % 64);
    }

    fn clear(&mut self, index: u16) {
        self.words[usize::from(index / 64)] &= !(1 << (index % 64));
    }

    fn fill(&mut self, first: u16, count: u16, present: bool) {
        for offset in 0..count.min(self.keys) {
            let index = (first + offset) % self.keys;
            if present { self.set(index) } else { self.clear(index) }
        }
    }

    /// The first key with a record from `index` on.
    pub fn from(&self, index: u16) -> Option<u16> {
        self.find(index, |word| word)
    }

    /// The first key without a record from `index` on.
    pub fn gap_from(&self, index: u16) -> Option<u16> {
        self.find(index, |word| !word).filter(|&index| index < self.keys)
    }

    /// The last key with a record before `index`.
    pub fn to(&self, index: u16) -> Option<u16> {
        let index = index.min(self.keys);
        let mut mask = (1u64 << (index % 64)).wrapping_sub(1);
        let mut word = usize::from(index / 64).min(self.words.len() - 1);
        if usize::from(index / 64) >= self.words.len() {
            mask = u64::MAX;
        }
        loop {
            let bits = self.words[word] & mask;
            if bits != 0 {
                return Some((word * 64 + 63 - bits.leading_zeros() as usize) as u16);
            }
            word = word.checked_sub(1)?;
            mask = u64::MAX;
        }
    }

    #[inline]
    fn find(&self, index: u16, flip: impl Fn(u64) -> u64) -> Option<u16> {
        let mut mask = u64::MAX << (index % 64);
        let last = usize::from(self.keys.div_ceil(64)).min(self.words.len());
        for word in usize::from(index / 64)..last {
            let bits = flip(self.words[word]) & mask;
            if bits != 0 {
                return Some((word * 64) as u16 + bits.trailing_zeros() as u16);
            }
            mask = u64::MAX;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_agrees_with_a_set() {
        let keys = 200;
        let mut present = Present::new(keys);
        let mut set = std::collections::BTreeSet::new();
        for step in 0..2000u32 {
            let index = (step.wrapping_mul(2_654_435_761) >> 16) as u16 % keys;
            if step % 3 == 0 {
                present.clear(index);
                set.remove(&index);
            } else {
                present.set(index);
                set.insert(index);
            }
            let probe = (step * 7 % u32::from(keys)) as u16;
            assert_eq!(present.has(probe), set.contains(&probe));
            assert_eq!(present.from(probe), set.range(probe..).next().copied());
            assert_eq!(present.to(probe), set.range(..probe).next_back().copied());
            assert_eq!(present.gap_from(probe), (probe..keys).find(|index| !set.contains(index)));
            assert_eq!(present.to(limits::MAX_KEYS), set.last().copied());
        }
        present.fill(190, 20, false);
        assert!(present.from(190).is_none() && !present.has(9));
    }
}
