//! What the harness knows of the sessions on its own: which run a transaction, and how each cursor was opened. All
//! backends agree on it.

use crate::backend::{CursorConfig, Isolation, Who};
use crate::program::Config;

const SESSIONS: usize = Config::MAX_SESSIONS as usize;
const CURSORS: usize = Config::MAX_CURSORS as usize;

/// The sessions of a program.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    running: [bool; SESSIONS],
    prepared: [bool; SESSIONS],
    /// Whether it may hold a snapshot that it has asked for outside a transaction.
    snapshot: [bool; SESSIONS],
    /// The isolation of the transaction that is running.
    isolation: [Isolation; SESSIONS],
    cursors: [[Opened; CURSORS]; SESSIONS],
    opened: u64,
}

/// A cursor's opening.
#[derive(Clone, Copy, Debug, Default)]
struct Opened {
    config: CursorConfig,
    /// The place in the order of all openings.
    order: u64,
}

impl Sessions {
    /// Whether the session has a transaction running, prepared or not.
    #[inline]
    pub fn is_running(&self, session: u8) -> bool {
        self.running[usize::from(session)]
    }

    /// Whether the session has a prepared transaction.
    pub fn is_prepared(&self, session: u8) -> bool {
        self.prepared[usize::from(session)]
    }

    /// Whether any session has a transaction running.
    pub fn any_running(&self) -> bool {
        self.running.contains(&true)
    }

    /// Whether any session has a transaction running that is not prepared.
    pub fn any_unprepared(&self) -> bool {
        self.running.iter().zip(&self.prepared).any(|(&running, &prepared)| running && !prepared)
    }

    /// The session's transaction has begun.
    pub fn begun(&mut self, session: u8, isolation: Isolation) {
        self.running[usize::from(session)] = true;
        self.isolation[usize::from(session)] = isolation;
        self.snapshot[usize::from(session)] = false;
    }

    /// The session has asked for a snapshot, which it may hold without a transaction and without a place.
    pub fn took_snapshot(&mut self, session: u8) {
        self.snapshot[usize::from(session)] = !self.is_running(session);
    }

    /// Takes out the sessions that may hold such a snapshot.
    pub fn take_snapshots(&mut self) -> impl Iterator<Item = u8> + use<> {
        let snapshots = std::mem::take(&mut self.snapshot);
        (0..).zip(snapshots).filter(|&(_, held)| held).map(|(session, _)| session)
    }

    /// The isolation of the session's transaction, or else what the session has outside transactions.
    pub fn isolation(&self, session: u8, config: &Config) -> Isolation {
        if self.is_running(session) { self.isolation[usize::from(session)] } else { config.isolation_of(session) }
    }

    /// The session's transaction is prepared.
    pub fn prepared(&mut self, session: u8) {
        self.prepared[usize::from(session)] = true;
    }

    /// The session's transaction is over.
    pub fn ended(&mut self, session: u8) {
        self.running[usize::from(session)] = false;
        self.prepared[usize::from(session)] = false;
    }

    /// How the cursor was opened.
    #[inline]
    pub fn config(&self, who: Who) -> CursorConfig {
        self.cursor(who).config
    }

    /// A cursor was opened.
    pub fn opened(&mut self, who: Who, config: CursorConfig) {
        self.opened += 1;
        let order = self.opened;
        *self.cursor_mut(who) = Opened { config, order };
    }

    /// The cursor's overwrite setting was changed.
    pub fn reconfigured(&mut self, who: Who, overwrite: bool) {
        self.cursor_mut(who).config.overwrite = overwrite;
    }

    /// All cursors of `config`'s sessions in the order of their slots.
    pub fn slots(config: &Config) -> impl Iterator<Item = Who> + use<> {
        let (sessions, cursors) = (config.sessions, config.cursors);
        (0..sessions).flat_map(move |session| (0..cursors).map(move |cursor| Who { session, cursor }))
    }

    /// All cursors of `config`'s sessions, the one that was opened first before the others.
    pub fn by_age(&self, config: &Config) -> Vec<Who> {
        let mut slots: Vec<Who> = Sessions::slots(config).collect();
        slots.sort_by_key(|&who| self.cursor(who).order);
        slots
    }

    #[inline]
    fn cursor(&self, who: Who) -> &Opened {
        &self.cursors[usize::from(who.session)][usize::from(who.cursor)]
    }

    fn cursor_mut(&mut self, who: Who) -> &mut Opened {
        &mut self.cursors[usize::from(who.session)][usize::from(who.cursor)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_known_by_age() {
        let config = Config { sessions: 2, cursors: 2, ..Config::default() };
        let mut sessions = Sessions::default();
        for who in Sessions::slots(&config) {
            sessions.opened(who, CursorConfig::default());
        }
        let first = Who { session: 0, cursor: 0 };
        sessions.opened(first, CursorConfig { overwrite: false, ..CursorConfig::default() });
        let ages = sessions.by_age(&config);
        assert_eq!((ages.len(), ages[3]), (4, first));
        sessions.reconfigured(first, true);
        assert_eq!(sessions.config(first), CursorConfig::default());
    }

    #[test]
    fn a_prepared_transaction_is_a_running_one() {
        let mut sessions = Sessions::default();
        sessions.begun(1, Isolation::Snapshot);
        assert!(sessions.any_unprepared() && sessions.any_running() && !sessions.is_prepared(1));
        sessions.prepared(1);
        assert!(!sessions.any_unprepared() && sessions.is_running(1) && sessions.is_prepared(1));
        sessions.ended(1);
        assert!(!sessions.any_running() && !sessions.is_prepared(1));
    }
}
