//! What a generator believes about the program so far: enough to make most steps meaningful, cheap, and often wrong:
//! it knows nothing of conflicts, snapshots or errors.

mod follow;
mod present;

use super::clock::{Clock, Txn};
use super::step::Config;
use crate::backend::{Direction, IgnorePrepare, Timestamp, Value, Who};
pub(super) use present::Present;

const CURSORS: usize = Config::MAX_CURSORS as usize;
const SESSIONS: usize = Config::MAX_SESSIONS as usize;
const TABLES: usize = Config::MAX_TABLES as usize;

/// The beliefs.
pub(super) struct Plan {
    pub clock: Clock,
    /// The value that was written last.
    pub last_value: Value,
    /// The index of the next step.
    pub index: usize,
    /// Whether there is a checkpoint to pick up.
    pub has_checkpoint: bool,
    /// The node that leads, and the index of the step since which it does, or since which none does.
    pub leader: (Option<u8>, usize),
    /// How often nodes or tables were turned over.
    pub upheavals: usize,
    /// The truncate that was made last.
    pub truncated: Option<Truncated>,
    present: [Present; TABLES],
    /// What was there when stable was the newest timestamp.
    stable: [Present; TABLES],
    cursors: [[Place; CURSORS]; SESSIONS],
    txns: [TxnPlan; SESSIONS],
    /// The records that each session's running transaction has written: the table and the pool index.
    written: [Vec<(u8, u16)>; SESSIONS],
}

/// Where a cursor stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// On the record of this pool key, or stalled there.
    pub at: Option<u16>,
    /// The pool key that it was given last and has not used up.
    pub key: Option<u16>,
    /// Whether it has a key at all.
    pub has_key: bool,
    /// Whether a prepared record has stopped its walk.
    pub stalled: bool,
    /// Whether bounds may be set.
    pub bounded: bool,
    /// Whether it was opened as a random cursor.
    pub random: bool,
    /// The table that it is on.
    pub table: u8,
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
    /// What it does about prepared records.
    pub ignore_prepare: IgnorePrepare,
    /// Whether timestamps around its prepare may be rounded up.
    pub roundup_prepared: bool,
    /// The index of the step that prepared it.
    pub prepared: usize,
}

/// A stretch of the pool that was truncated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truncated {
    pub table: u8,
    pub first: u16,
    pub last: u16,
    /// The index of the step.
    pub step: usize,
}

impl Plan {
    pub fn new(config: &Config) -> Self {
        let mut cursors: [[Place; CURSORS]; SESSIONS] = Default::default();
        for (session, places) in (0..).zip(&mut cursors) {
            for (cursor, place) in (0..).zip(places) {
                place.table = config.table_of(Who { session, cursor });
            }
        }
        let empty = || [(); TABLES].map(|()| Present::new(config.keys));
        Plan {
            clock: Clock::new(),
            last_value: Value::EMPTY,
            index: 0,
            has_checkpoint: false,
            leader: (Some(1), 0),
            upheavals: 0,
            truncated: None,
            present: empty(),
            stable: empty(),
            cursors,
            txns: Default::default(),
            written: Default::default(),
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

    /// What is there in a table.
    #[inline]
    pub fn present(&self, table: u8) -> &Present {
        &self.present[usize::from(table)]
    }

    #[inline]
    fn present_mut(&mut self, table: u8) -> &mut Present {
        &mut self.present[usize::from(table)]
    }

    /// Whether the cursor stands on a record that is there; one that it has removed is not.
    pub fn on_record(&self, who: Who) -> bool {
        let place = self.place(who);
        place.at.is_some_and(|at| self.present(place.table).has(at))
    }

    /// Whether there is no record at all in a table.
    pub fn is_empty(&self, table: u8) -> bool {
        self.present(table).from(0).is_none()
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

    /// A session other than this one with a running transaction that has written and may go on.
    pub fn writer_beside(&self, session: u8) -> Option<u8> {
        let goes_on = |txn| !matches!(txn, Txn::Idle | Txn::Prepared);
        (0..Config::MAX_SESSIONS)
            .find(|&other| other != session && goes_on(self.clock.txn(other)) && self.txn(other).wrote)
    }

    // ---- prepared transactions

    /// The sessions whose transactions are prepared.
    pub fn prepared(&self) -> impl Iterator<Item = u8> {
        (0..Config::MAX_SESSIONS).filter(|&session| self.clock.txn(session) == Txn::Prepared)
    }

    /// The records that a session's running transaction has written.
    pub fn written(&self, session: u8) -> &[(u8, u16)] {
        &self.written[usize::from(session)]
    }

    /// Whether a session would stop at what another one has prepared.
    pub fn stops_at(&self, session: u8, other: u8) -> bool {
        let own = self.txn(session);
        let running = !matches!(self.clock.txn(session), Txn::Idle | Txn::Lower);
        let before = running && own.began < self.txn(other).prepared;
        let below = own.read_ts.is_some_and(|read| read < self.clock.prepare_ts(other));
        session != other && own.ignore_prepare == IgnorePrepare::No && !before && !below
    }

    /// The next prepared record from `index` on that stops a session's walk.
    fn prepared_from(&self, session: u8, table: u8, index: u16, direction: Direction) -> Option<u16> {
        let others = self.prepared().filter(|&other| self.stops_at(session, other));
        let records = others.flat_map(|other| self.written(other)).filter(|record| record.0 == table);
        let records = records.map(|record| record.1);
        match direction {
            Direction::Next => records.filter(|&at| at >= index).min(),
            Direction::Prev => records.filter(|&at| at < index).max(),
        }
    }
}
