//! Versions of a key, and the one rule that says who sees them.

use crate::backend::{Timestamp, Value};

/// A point in the order of commits. A snapshot is a moment: it sees what was committed at it or before it.
pub(super) type Moment = u64;
/// Names a transaction. Never used twice; 0 is nobody.
pub(super) type TxnId = u64;

/// What an update did to its key.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Gave it a value.
    Put(Value),
    /// Removed it.
    Delete,
    /// Claimed it without changing it: nobody reads this version, but it conflicts with other writers until its
    /// transaction ends.
    Reserve,
}

/// How far an update has come. (A rolled back update is taken out of its chain.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its transaction is running.
    Running,
    /// Its transaction was prepared at this moment, and nobody knows yet how it will end.
    Prepared(Moment),
    /// Its transaction committed at this moment; if it was prepared before: it was prepared at this moment, and
    /// snapshots taken since see it as soon as it has committed.
    Committed(Moment),
}

/// One update of a key.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// What it did.
    pub kind: Kind,
    /// Whose it is.
    pub txn: TxnId,
    /// How far it has come.
    pub state: State,
    /// From which read timestamp on it is seen; 0: at all of them. While it is prepared: from which on it is met.
    pub start_ts: Timestamp,
    /// When it is durable. Differs from `start_ts` for prepared transactions only.
    pub durable_ts: Timestamp,
    /// The durable timestamp of the version that this one was written on top of; 0 if there was none.
    pub replaced_ts: Timestamp,
}

impl Version {
    /// The commit timestamp that an update got when it was made, 0 if its transaction had none then.
    pub fn own_timestamp(&self) -> Timestamp {
        match self.state {
            State::Prepared(_) => 0,
            State::Running | State::Committed(_) => self.start_ts,
        }
    }
}

/// Which updates of others a reader may see, timestamps aside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Horizon {
    /// Those committed at this moment or before it.
    Moment(Moment),
    /// All that are not rolled back.
    Uncommitted,
}

/// Somebody who reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    /// Its transaction, 0 if none is running.
    pub txn: TxnId,
    /// What it sees of others.
    pub horizon: Horizon,
    /// Its read timestamp, 0 if it has none.
    pub read_ts: Timestamp,
    /// Whether it reads on past prepared updates.
    pub ignores_prepared: bool,
}

/// What a reader makes of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is not there for this reader.
    Hidden,
    /// It would be seen, were it known how its transaction ends.
    InTheWay,
    /// It is seen.
    Seen,
}

/// THE visibility rule: everybody sees their own updates; those of others if they are within the reader's horizon
/// and, where the reader has a read timestamp, not newer than that. What would be seen and is prepared is in the way.
pub(super) fn sight(version: &Version, reader: &Reader) -> Sight {
    if version.txn == reader.txn {
        return Sight::Seen;
    }
    let within_horizon = match (reader.horizon, version.state) {
        (Horizon::Uncommitted, _) => true,
        (Horizon::Moment(snapshot), State::Committed(since) | State::Prepared(since)) => since <= snapshot,
        (Horizon::Moment(_), State::Running) => false,
    };
    let not_too_new = reader.read_ts == 0 || version.start_ts <= reader.read_ts;
    match version.state {
        _ if !within_horizon || !not_too_new => Sight::Hidden,
        State::Prepared(_) => Sight::InTheWay,
        State::Running | State::Committed(_) => Sight::Seen,
    }
}

/// What a read answers that meets a prepared update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrepareConflict;

/// What all present and future readers have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Everyone {
    /// The oldest snapshot that is held, or now if none is: nobody reads at an earlier moment.
    pub moment: Moment,
    /// The oldest timestamp that anybody may read at; 0 if there is no limit.
    pub pinned_ts: Timestamp,
}

impl Everyone {
    /// Whether every present and future reader sees `version`, unless a newer one hides it, and no rollback to stable
    /// takes it away: an update is durable no earlier than it is seen, and stable never before oldest.
    fn sees(&self, version: &Version) -> bool {
        matches!(version.state, State::Committed(since) if since <= self.moment) && version.durable_ts <= self.pinned_ts
    }
}

/// All versions of one key in the order of writing, the newest last.
#[derive(Debug, Default)]
pub(super) struct Chain {
    versions: Vec<Version>,
    /// The length at which it pays to look for versions that nobody needs.
    trim_at: usize,
}

impl Chain {
    /// The shortest chain that is worth trimming.
    const TRIM_MIN: usize = 4;

    /// The value that the reader sees: that of the newest version that is not hidden. `None`: no record.
    pub fn read(&self, reader: &Reader) -> Result<Option<&Value>, PrepareConflict> {
        for version in self.versions.iter().rev() {
            match (sight(version, reader), &version.kind) {
                (Sight::Hidden, _) | (_, Kind::Reserve) => {}
                (Sight::InTheWay, _) if reader.ignores_prepared => {}
                (Sight::InTheWay, _) => return Err(PrepareConflict),
                (Sight::Seen, Kind::Put(value)) => return Ok(Some(value)),
                (Sight::Seen, Kind::Delete) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The newest version, whoever's it is.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether a write of `writer` comes too late: the newest version is one that it does not see. Whoever reads on
    /// past prepared updates does not write past them.
    pub fn conflicts_with(&self, writer: &Reader) -> bool {
        self.newest().is_some_and(|newest| sight(newest, writer) != Sight::Seen)
    }

    /// Puts a new version on top.
    pub fn push(&mut self, version: Version) {
        self.versions.push(version);
    }

    /// Nobody has written the key, or nothing of it is left.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// The number of versions.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// The versions of a running transaction. They are on top: nobody else could write since.
    pub fn of_running(&self, txn: TxnId) -> &[Version] {
        &self.versions[self.len_of_others(txn)..]
    }

    /// Prepares a transaction: its place-holders go, its updates are in the way of readers from `moment` and
    /// `prepare_ts` on. Whether it has any.
    pub fn prepare(&mut self, txn: TxnId, moment: Moment, prepare_ts: Timestamp) -> bool {
        self.drop_reserved(txn);
        let others = self.len_of_others(txn);
        for version in &mut self.versions[others..] {
            version.state = State::Prepared(moment);
            version.start_ts = prepare_ts;
        }
        others < self.versions.len()
    }

    /// Ends a transaction with a commit: its place-holders go, its updates become visible from `moment` on. Those that
    /// have a timestamp of their own keep it, unless they were prepared.
    pub fn commit(&mut self, txn: TxnId, moment: Moment, commit_ts: Timestamp, durable_ts: Timestamp) {
        self.drop_reserved(txn);
        let others = self.len_of_others(txn);
        for version in &mut self.versions[others..] {
            let prepared_at = match version.state {
                State::Prepared(prepared_at) => Some(prepared_at),
                State::Running | State::Committed(_) => None,
            };
            if prepared_at.is_some() || version.start_ts == 0 {
                version.start_ts = commit_ts;
                version.durable_ts = durable_ts;
            }
            version.state = State::Committed(prepared_at.unwrap_or(moment));
        }
    }

    /// Ends a transaction with a rollback: its versions go.
    pub fn roll_back(&mut self, txn: TxnId) {
        let others = self.len_of_others(txn);
        self.versions.truncate(others);
    }

    /// Takes back what is durable only after `stable`.
    pub fn roll_back_to_stable(&mut self, stable: Timestamp) {
        self.versions.retain(|version| version.durable_ts <= stable);
    }

    /// What a checkpoint keeps of the versions: those that are committed, and durable by `stable` if that is given.
    /// What was durable by `oldest` has no timestamp in it any more.
    pub fn checkpointed(&self, stable: Option<Timestamp>, oldest: Timestamp) -> Chain {
        let is_kept = |version: &&Version| {
            let committed = matches!(version.state, State::Committed(_));
            committed && stable.is_none_or(|stable| version.durable_ts <= stable)
        };
        let mut versions: Vec<Version> = self.versions.iter().filter(is_kept).cloned().collect();
        for version in versions.iter_mut().filter(|version| version.durable_ts <= oldest) {
            (version.start_ts, version.durable_ts) = (0, 0);
        }
        Chain { versions, trim_at: 0 }
    }

    fn drop_reserved(&mut self, txn: TxnId) {
        self.versions.retain(|version| version.txn != txn || !matches!(version.kind, Kind::Reserve));
    }

    fn len_of_others(&self, txn: TxnId) -> usize {
        self.versions.len() - self.versions.iter().rev().take_while(|version| version.txn == txn).count()
    }

    /// Whether the chain has doubled since it was last trimmed.
    pub fn is_due(&self) -> bool {
        self.versions.len() >= self.trim_at.max(Self::TRIM_MIN)
    }

    /// Drops the versions that nobody needs.
    pub fn trim(&mut self, everyone: &Everyone) {
        let needed = self.needed_from(everyone);
        self.versions.drain(..needed);
        self.trim_at = 2 * self.versions.len();
    }

    /// Whether anybody, present or to come, needs any of the versions.
    pub fn is_needed(&self, everyone: &Everyone) -> bool {
        self.needed_from(everyone) < self.versions.len()
    }

    /// The number of versions that nobody can ever ask for again. A version that everyone sees hides all older ones
    /// from everyone; and if it is the newest and a removal, its absence says the same.
    fn needed_from(&self, everyone: &Everyone) -> usize {
        match self.versions.iter().rposition(|version| everyone.sees(version)) {
            Some(base) if matches!(self.versions[base..], [Version { kind: Kind::Delete, .. }]) => base + 1,
            Some(base) => base,
            None => 0,
        }
    }
}
