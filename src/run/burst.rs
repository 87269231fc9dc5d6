//! The composite steps: writes in a transaction of their own, scans, bursts of writes.

use super::compare::{Aspect, FOLLOWER};
use super::invariants::Order;
use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use super::step::Ending;
use crate::backend::{
    Backend, Begin, Call, Code, CursorConfig, Direction, Format, Key, Timestamp, Value, Who, record_number_of,
};
use crate::program::Step;

/// Whether a write that answered `code` leaves its transaction fit for nothing but rollback.
fn dooms(code: Code) -> bool {
    matches!(code, Code::Rollback | Code::Invalid | Code::NotSupported)
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Does `work`, in a transaction of its own if `ts` is not 0 and the session has none running. Ends with the
    /// state of the cursor.
    pub(super) fn wrapped(
        &mut self,
        who: Who,
        ts: Timestamp,
        work: impl FnOnce(&mut Self) -> Checked<Code>,
    ) -> Checked<Ending> {
        if self.sessions.is_running(who.session) {
            return Ok(Ending::cursor(work(self)?));
        }
        if ts == 0 {
            let code = work(self)?;
            // An autocommit write ends an implicit transaction, with effects on the session's other cursors.
            self.compare_session_last(who)?;
            return Ok(Ending::cursor(code));
        }
        self.call(who, Call::Begin(Begin::default()))?;
        self.begun(who, &Begin::default());
        self.compare_others(who)?;
        let code = work(self)?;
        let commit = if dooms(code) {
            self.call(who, Call::Rollback)?;
            None
        } else {
            let commit = self.call(who, Call::Commit { ts: Some(ts), durable: None })?;
            (commit != Code::Ok).then_some(commit)
        };
        self.sessions.ended(who.session);
        self.compare_session_last(who)?;
        Ok(Ending { code, commit, on_cursor: true })
    }

    /// Compares the states of the session's cursors other than `who`.
    fn compare_others(&mut self, who: Who) -> Checked<()> {
        for cursor in (0..self.program.config.cursors).filter(|&cursor| cursor != who.cursor) {
            self.call(Who { session: who.session, cursor }, Call::State)?;
        }
        Ok(())
    }

    /// Compares the states of the session's cursors, that of `who` last, so that it stays in the replies.
    pub(super) fn compare_session_last(&mut self, who: Who) -> Checked<()> {
        self.compare_others(who)?;
        self.call(who, Call::State)?;
        Ok(())
    }

    /// A scan that is a step: its records go to the observer and are compared with those that the step expects.
    pub(super) fn scan_step(&mut self, step: &Step, direction: Direction, table: u8) -> Checked<Ending> {
        let expected = step.expect.as_ref().and_then(|expect| expect.rows.as_deref());
        let (code, rows) = self.scan_rows(step.who.session, direction, table, true, expected)?;
        if let Some(expected) = expected
            && rows < expected.len()
        {
            let reason = format!("the scan ended after {rows} records, expected {}", expected.len());
            return Err(self.unexpected(Aspect::Rows, "all", reason));
        }
        Ok(Ending::plain(code))
    }

    /// A scan of a table by a cursor that is opened for it.
    pub(super) fn scan(&mut self, session: u8, direction: Direction, table: u8) -> Checked<()> {
        self.scan_rows(session, direction, table, false, None)?;
        Ok(())
    }

    /// The code that ended the scan (`Ok` for the end of the table), and the number of records.
    fn scan_rows(
        &mut self,
        session: u8,
        direction: Direction,
        table: u8,
        observed: bool,
        expected: Option<&[(Key, Value)]>,
    ) -> Checked<(Code, usize)> {
        let scratch = self.scratch(session, 0);
        let step = walk(direction);
        let code = self.call(scratch, Call::Open(CursorConfig { table, ..CursorConfig::default() }))?;
        if code != Code::Ok {
            return Ok((code, 0));
        }
        let mut order = Order::new(direction);
        let most = self.outcome.calls;
        let mut rows = 0;
        let code = loop {
            let code = self.call(scratch, step)?;
            if code != Code::Ok {
                break code;
            }
            self.check_order(&mut order, scratch, step)?;
            self.check_end(rows as u64, most, scratch, step)?;
            if let Some(expected) = expected {
                self.check_row(expected, rows)?;
            }
            if observed {
                self.observer.row(self.replies.follower());
            }
            rows += 1;
        };
        self.call(scratch, Call::Close)?;
        Ok((if code == Code::NotFound { Code::Ok } else { code }, rows))
    }

    fn check_order(&self, order: &mut Order, who: Who, call: Call<'_>) -> Checked<()> {
        if order.admits(self.replies.expected()) {
            return Ok(());
        }
        Err(self.breaks_rule(who, call, Aspect::Rows, 0, "the walk does not go on in its direction"))
    }

    /// A record takes a call that wrote it, unless it is there because a later one is: a walk that has more of them than there were calls will never end.
    fn check_end(&self, records: u64, most: u64, who: Who, call: Call<'_>) -> Checked<()> {
        let implicit = match self.program.config.format {
            Format::Fixed => self.program.config.end_of_records(),
            _ => 0,
        };
        if records < most + implicit {
            return Ok(());
        }
        Err(self.breaks_rule(who, call, Aspect::Hang, FOLLOWER, "the walk has more records than anybody wrote"))
    }

    /// Inserts `count` keys of the pool from index `first` on, going round at its end.
    pub(super) fn bulk_insert(&mut self, who: Who, first: u16, count: u16, ts: Timestamp) -> Checked<Ending> {
        self.bursts += 1;
        let (format, suffix) = (self.program.config.format, format!(".{}", self.bursts));
        self.wrapped(who, ts, |lockstep| {
            lockstep.for_pool(first, count, |lockstep, key| {
                let value = burst_value(format, key, &suffix);
                lockstep.tell(who, Call::SetKey(key))?;
                lockstep.tell(who, Call::SetValue(&value))?;
                lockstep.call(who, Call::Insert)
            })
        })
    }

    /// Inserts keys of the pool in a transaction, which is begun if none is running, and prepares it. It stays.
    pub(super) fn prepare_flood(&mut self, who: Who, first: u16, count: u16, ts: Timestamp) -> Checked<Ending> {
        if !self.sessions.is_running(who.session) {
            self.begin(who, Begin::default())?;
        }
        let Ending { mut code, .. } = self.bulk_insert(who, first, count, 0)?;
        if code == Code::Ok {
            code = self.prepare(who, Some(ts))?.code;
        }
        self.call(who, Call::State)?;
        Ok(Ending::cursor(code))
    }

    /// Removes `count` keys of the pool from index `first` on, going round at its end.
    pub(super) fn bulk_remove(&mut self, who: Who, first: u16, count: u16, ts: Timestamp) -> Checked<Ending> {
        self.wrapped(who, ts, |lockstep| {
            lockstep.for_pool(first, count, |lockstep, key| {
                lockstep.tell(who, Call::SetKey(key))?;
                lockstep.call(who, Call::Remove)
            })
        })
    }

    /// Does `write` for a stretch of the pool, until one of them dooms the transaction. The burst's code.
    fn for_pool(
        &mut self,
        first: u16,
        count: u16,
        mut write: impl FnMut(&mut Self, &Key) -> Checked<Code>,
    ) -> Checked<Code> {
        let config = &self.program.config;
        let keys = u32::from(config.keys);
        let mut burst = Code::Ok;
        for index in 0..u32::from(count) {
            let key = config.pool_key(((u32::from(first) + index) % keys) as u16);
            let code = write(self, &key)?;
            if burst == Code::Ok && code != Code::NotFound {
                burst = code;
            }
            if dooms(code) {
                break;
            }
        }
        Ok(burst)
    }

    /// Removes every record that the cursor sees, walking from the first to the last.
    pub(super) fn remove_all(&mut self, who: Who, ts: Timestamp) -> Checked<Ending> {
        self.wrapped(who, ts, |lockstep| {
            lockstep.call(who, Call::Reset)?;
            let mut order = Order::new(Direction::Next);
            let most = lockstep.outcome.calls;
            for removed in 0.. {
                let code = lockstep.next(who)?.code;
                if code != Code::Ok {
                    return Ok(if code == Code::NotFound { Code::Ok } else { code });
                }
                if !lockstep.sessions.config(who).random {
                    lockstep.check_order(&mut order, who, Call::Next)?;
                    lockstep.check_end(removed, most, who, Call::Next)?;
                }
                let code = lockstep.call(who, Call::Remove)?;
                if code != Code::Ok {
                    return Ok(code); // the cursor has lost its place: the walk would begin anew
                }
            }
            Ok(Code::Ok)
        })
    }

    /// Inserts the key beside the one that the cursor `at` has. Nothing happens if it has none.
    pub(super) fn insert_beside(
        &mut self,
        who: Who,
        at: Who,
        direction: Direction,
        value: &Value,
        ts: Timestamp,
    ) -> Checked<Ending> {
        self.call(at, Call::State)?;
        let key = self.replies.expected().key.get().and_then(|key| self.program.config.beside(key, direction));
        let Some(key) = key else {
            self.call(who, Call::State)?;
            return Ok(Ending::cursor(Code::Ok));
        };
        self.wrapped(who, ts, |lockstep| {
            lockstep.call(who, Call::SetKey(&key))?;
            lockstep.tell(who, Call::SetValue(value))?;
            lockstep.call(who, Call::Insert)
        })
    }
}

/// The call that moves a cursor.
fn walk(direction: Direction) -> Call<'static> {
    match direction {
        Direction::Next => Call::Next,
        Direction::Prev => Call::Prev,
    }
}

/// A value that tells which burst wrote it: `b`, the key, and the burst's suffix, a dot and its number. In a fixed-length
/// table there is room for a byte only.
fn burst_value(format: Format, key: &Key, suffix: &str) -> Value {
    match (format, record_number_of(key)) {
        (Format::Fixed, _) => Value::new(&[suffix.bytes().fold(200, |byte, digit| byte.wrapping_mul(10) ^ digit)]),
        (Format::Variable, Some(number)) => Value::from(format!("b{number}{suffix}").as_str()),
        _ => Value::from([b"b", &key[..], suffix.as_bytes()].concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::record_number;

    #[test]
    fn a_bursts_values_are_its_own() {
        assert_eq!(&*burst_value(Format::Row, &Key::from("0120"), ".7"), b"b0120.7");
        assert_eq!(&*burst_value(Format::Variable, &record_number(120), ".7"), b"b120.7");
        let [first, second] = [".1", ".2"].map(|suffix| burst_value(Format::Fixed, &record_number(120), suffix));
        assert!(first.len() == 1 && second.len() == 1 && first != second);
    }
}
