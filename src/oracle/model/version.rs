//! Versions of a key, and the one rule that says who sees them.

use crate::backend::{Timestamp, Value};

/// A point in the order of commits. A snapshot is a moment: it sees what was committed at it or before it.
pub(super) type Moment = u64;
/// Names a transaction. Never used twice; 0 is nobody.
pub(super) type TxnId = u64;

/// What an update did to its key.
#[derive(Debug)]
pub(super) enum Kind {
    /// Gave it a value.
    Put(Value),
    /// Removed it.
    Delete,
    /// Claimed it without changing it: nobody reads this version, but it conflicts with other writers until its
    /// transaction ends.
    Reserve,
}

/// How far an update has come. (A rolled back update is taken out of its chain. A prepared one will be a state
/// of its own here, and reading it an error.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its transaction is running.
    Running,
    /// Its transaction committed at this moment.
    Committed(Moment),
}

/// One update of a key.
#[derive(Debug)]
pub(super) struct Version {
    /// What it did.
    pub kind: Kind,
    /// Whose it is.
    pub txn: TxnId,
    /// How far it has come.
    pub state: State,
    /// From which read timestamp on it is seen; 0: at all of them.
    pub start_ts: Timestamp,
    /// When it is durable. Differs from `start_ts` for prepared transactions only.
    pub durable_ts: Timestamp,
    /// The durable timestamp of the version that this one was written on top of; 0 if there was none.
    pub replaced_ts: Timestamp,
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
}

/// THE visibility rule: everybody sees their own updates; those of others if they are within the reader's horizon
/// and, where the reader has a read timestamp, not newer than that.
pub(super) fn visible(version: &Version, reader: &Reader) -> bool {
    if version.txn == reader.txn {
        return true;
    }
    let within_horizon = match (reader.horizon, version.state) {
        (Horizon::Uncommitted, _) => true,
        (Horizon::Moment(snapshot), State::Committed(commit)) => commit <= snapshot,
        (Horizon::Moment(_), State::Running) => false,
    };
    let not_too_new = reader.read_ts == 0 || version.start_ts <= reader.read_ts;
    within_horizon && not_too_new
}

/// What all present and future readers have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Everyone {
    /// The oldest snapshot that is held, or now if none is: nobody reads at an earlier moment.
    pub moment: Moment,
    /// The oldest timestamp that anybody may read at; 0 if there is no limit.
    pub pinned_ts: Timestamp,
}

impl Everyone {
    /// Whether every present and future reader sees `version`, unless a newer one hides it.
    fn sees(&self, version: &Version) -> bool {
        matches!(version.state, State::Committed(commit) if commit <= self.moment) && version.start_ts <= self.pinned_ts
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

    /// The value that the reader sees: that of the newest visible version. `None`: no record.
    pub fn read(&self, reader: &Reader) -> Option<&Value> {
        let seen = self.versions.iter().rev().filter(|version| !matches!(version.kind, Kind::Reserve));
        match &seen.into_iter().find(|version| visible(version, reader))?.kind {
            Kind::Put(value) => Some(value),
            Kind::Delete | Kind::Reserve => None,
        }
    }

    /// The newest version, whoever's it is.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether a write of `writer` comes too late: the newest version is one that it does not see.
    pub fn conflicts_with(&self, writer: &Reader) -> bool {
        self.newest().is_some_and(|newest| !visible(newest, writer))
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
    pub fn of_running(&mut self, txn: TxnId) -> &mut [Version] {
        let others = self.len_of_others(txn);
        &mut self.versions[others..]
    }

    /// Ends a transaction with a commit: its place-holders go, its updates become visible from `commit` on.
    pub fn commit(&mut self, txn: TxnId, commit: Moment, commit_ts: Timestamp) {
        self.versions.retain(|version| version.txn != txn || !matches!(version.kind, Kind::Reserve));
        for version in self.of_running(txn) {
            version.state = State::Committed(commit);
            if version.start_ts == 0 {
                version.start_ts = commit_ts;
                version.durable_ts = commit_ts;
            }
        }
    }

    /// Ends a transaction with a rollback: its versions go.
    pub fn roll_back(&mut self, txn: TxnId) {
        let others = self.len_of_others(txn);
        self.versions.truncate(others);
    }

    fn len_of_others(&self, txn: TxnId) -> usize {
        self.versions.len() - self.versions.iter().rev().take_while(|version| version.txn == txn).count()
    }

    /// Whether the chain has doubled since it was last trimmed.
    pub fn is_due(&self) -> bool {
        self.versions.len() >= self.trim_at.max(Self::TRIM_MIN)
    }

    /// Drops the versions that nobody can ever ask for again. A version that everyone sees hides all older ones from
    /// everyone; and if it is the newest and a removal, its absence says the same.
    pub fn trim(&mut self, everyone: &Everyone) {
        if let Some(base) = self.versions.iter().rposition(|version| everyone.sees(version)) {
            self.versions.drain(..base);
            if matches!(self.versions[..], [Version { kind: Kind::Delete, .. }]) {
                self.versions.clear();
            }
        }
        self.trim_at = 2 * self.versions.len();
    }
}
