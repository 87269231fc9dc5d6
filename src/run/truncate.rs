//! Truncates: from cursor to cursor, from key to key, and of a whole table.

use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use super::step::Ending;
use crate::backend::{Backend, Call, Code, CursorConfig, Key, Timestamp, Who};

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// From the key of one cursor of the session to that of another.
    pub(super) fn truncate(&mut self, who: Who, start: Option<u8>, stop: Option<u8>, ts: Timestamp) -> Checked<Ending> {
        let ending = self.wrapped(who, ts, |lockstep| {
            let code = lockstep.call(who, Call::Truncate { start, stop })?;
            lockstep.compare_session(who.session)?;
            Ok(code)
        })?;
        Ok(Ending { on_cursor: false, ..ending })
    }

    /// From one key to another, through cursors that are opened for it.
    pub(super) fn truncate_range(
        &mut self,
        who: Who,
        [first, last]: [Option<&Key>; 2],
        table: u8,
        ts: Timestamp,
    ) -> Checked<Ending> {
        let ends = [(self.scratch(who.session, 0), first), (self.scratch(who.session, 1), last)];
        let ending = self.wrapped(who, ts, |lockstep| {
            let mut slots = [None; 2];
            let mut code = Code::Ok;
            for (slot, (scratch, key)) in slots.iter_mut().zip(ends) {
                let Some(key) = key.filter(|_| code == Code::Ok) else { continue };
                code = lockstep.call(scratch, Call::Open(CursorConfig { table, ..CursorConfig::default() }))?;
                if code == Code::Ok {
                    *slot = Some(scratch.cursor);
                    code = lockstep.call(scratch, Call::SetKey(key))?;
                }
            }
            let [start, stop] = slots;
            if code == Code::Ok {
                code = lockstep.call(who, Call::Truncate { start, stop })?;
            }
            for cursor in slots.into_iter().flatten() {
                lockstep.call(Who { cursor, ..who }, Call::State)?;
                lockstep.call(Who { cursor, ..who }, Call::Close)?;
            }
            lockstep.compare_session(who.session)?;
            Ok(code)
        })?;
        Ok(Ending { on_cursor: false, ..ending })
    }

    /// The whole table that the cursor is on.
    pub(super) fn truncate_all(&mut self, who: Who, ts: Timestamp) -> Checked<Ending> {
        let table = self.sessions.config(who).table;
        self.wrapped(who, ts, |lockstep| {
            let code = lockstep.call(who, Call::TruncateTable { table })?;
            lockstep.compare_session_last(who)?;
            Ok(code)
        })
    }
}
