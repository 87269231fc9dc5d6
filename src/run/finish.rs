//! The end of a run: everybody looks at everything that the program has left.

use super::entry::Outcome;
use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use crate::backend::{Backend, Call, Direction, Who};

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// What a hook in the last step asked for; then full scans of every table by every session: in both directions as
    /// the program left them, then with the open transactions rolled back, then with the data aged.
    pub(super) fn finish(mut self) -> Checked<Outcome> {
        self.index = self.program.steps.len();
        self.outcome.steps = self.index as u64;
        self.settle_last_hook()?;
        for session in 0..self.program.config.sessions {
            self.scan_tables(session, &[Direction::Next, Direction::Prev])?;
        }
        for session in 0..self.program.config.sessions {
            if self.sessions.is_running(session) {
                self.end_transaction(Who { session, cursor: 0 }, Call::Rollback)?;
                self.scan_tables(session, &[Direction::Next])?;
            }
        }
        self.outcome.counters = self.nodes.counters();
        self.scan_aged()?;
        Ok(self.outcome)
    }

    /// Once more, after as much of ingest as may go has gone. What this reads does not count as the program's doing.
    fn scan_aged(&mut self) -> Checked<()> {
        self.nodes.age();
        self.compare_all()?;
        for session in 0..self.program.config.sessions {
            self.scan_tables(session, &[Direction::Next])?;
        }
        Ok(())
    }

    fn scan_tables(&mut self, session: u8, directions: &[Direction]) -> Checked<()> {
        for table in 0..self.program.config.tables {
            for &direction in directions {
                self.scan(session, direction, table)?;
            }
        }
        Ok(())
    }
}
