//! Gives a node back what it lost: commits once more what the log has, and looks whether nothing is missing.

use super::compare::Aspect;
use super::journal::records;
use super::lockstep::{Checked, Lockstep};
use super::log::{Entry, Update};
use super::observer::Observer;
use crate::backend::{Backend, Begin, Call, Code, CursorConfig, Timestamp, TimestampQuery, TxnTimestamp, Who};
use crate::engine::EngineBackend;

/// What a node lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// What its layered tables have beyond the last complete checkpoint.
    Layered,
    /// The same of all its tables.
    Everything,
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Gives a node, on which nobody is at work, back what it lost, and compares what it has then with what is committed.
    /// Where there is no log it has lost no more than its timestamps.
    pub(super) fn give_back(&mut self, number: usize, lost: Lost) -> Checked<()> {
        let tables = self.program.config.tables;
        let slots = match lost {
            Lost::Everything if self.nodes.member(number).has_plain() => 2 * tables,
            _ => tables,
        };
        let Some(mut applier) = self.nodes.member_mut(number).applier.take() else {
            return Ok(());
        };
        if let Some(log) = self.log.take() {
            let result = Redo { node: &mut applier, tables, slots }.all(log.entries());
            self.log = Some(log);
            if let Err(refused) = result {
                return Err(self.not_given_back(number, Aspect::Code, refused));
            }
        }
        self.restore_timestamps(number, &mut applier)?;
        self.check_given_back(number, &mut applier)?;
        self.nodes.member_mut(number).applier = Some(applier);
        Ok(())
    }

    /// Gives a node the timestamps that all others have.
    fn restore_timestamps(&mut self, number: usize, applier: &mut EngineBackend) -> Checked<()> {
        let who = Who::default();
        let mut differing =
            |what, wanted: Timestamp| (applier.call(who, Call::Query(what)).timestamp != wanted).then_some(wanted);
        let stable = self.ask(TimestampQuery::Stable);
        let (oldest, durable) = (self.ask(TimestampQuery::Oldest), self.ask(TimestampQuery::AllDurable));
        let [mut oldest, mut stable, mut durable] = [
            differing(TimestampQuery::Oldest, oldest),
            differing(TimestampQuery::Stable, stable),
            differing(TimestampQuery::AllDurable, durable),
        ];
        if durable == Some(0) {
            // Nobody can go back to none, so that all others have to have one.
            let some = self.ask(TimestampQuery::Stable).max(1);
            self.call(who, Call::SetTimestamp { oldest: None, stable: None, durable: Some(some) })?;
            durable = None;
        }
        (oldest, stable) = (oldest.filter(|&ts| ts != 0), stable.filter(|&ts| ts != 0));
        if [oldest, stable, durable] == [None; 3] {
            return Ok(());
        }
        match applier.tell(who, Call::SetTimestamp { oldest, stable, durable }) {
            Code::Ok => Ok(()),
            code => Err(self.not_given_back(number, Aspect::Code, format!("set_timestamp answered {code}"))),
        }
    }

    /// What is committed has to be there: as of now, and as of the checkpoint that was left if that may be read.
    fn check_given_back(&mut self, number: usize, applier: &mut EngineBackend) -> Checked<()> {
        let tables = self.program.config.tables;
        let slots = if self.nodes.member(number).has_plain() { 2 * tables } else { tables };
        let checkpoint = self.nodes.newest.as_ref().map(|newest| newest.timestamp);
        let oldest = self.ask(TimestampQuery::Oldest);
        for read_ts in [None].into_iter().chain(checkpoint.filter(|&ts| ts >= oldest).map(Some)) {
            for slot in 0..slots {
                let expected = self.committed(slot % tables, read_ts);
                let found = records(applier, Who { session: 0, cursor: slot }, slot, read_ts);
                if found == expected {
                    continue;
                }
                let place = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
                let of = if slot < tables { "layered" } else { "plain" };
                let at = read_ts.map_or_else(String::new, |ts| format!(", read at {ts},"));
                let (found, expected) = (found.get(place), expected.get(place));
                let reason =
                    format!("record {place} of {of} table {}{at} is {found:?}, not {expected:?}", slot % tables);
                return Err(self.not_given_back(number, Aspect::Rows, reason));
            }
        }
        Ok(())
    }

    fn not_given_back(&self, number: usize, aspect: Aspect, reason: String) -> Box<super::Mismatch> {
        let name = self.nodes.member(number).name;
        let call = format!("what {name} lost is committed once more");
        self.failure(aspect, (name, "log"), reason, call)
    }
}

/// Commits once more what a log has.
struct Redo<'a> {
    node: &'a mut EngineBackend,
    tables: u8,
    /// How many cursors are open: one for each layered table, and one for each plain one that lost something.
    slots: u8,
}

/// What was refused, in words.
type Done = Result<(), String>;

impl Redo<'_> {
    fn all(&mut self, entries: &[Entry]) -> Done {
        for slot in 0..self.slots {
            self.call(slot, Call::Open(CursorConfig { table: slot, ..CursorConfig::default() }))?;
        }
        for entry in entries {
            match entry {
                Entry::Transaction(updates) => self.transaction(updates)?,
                &Entry::Timestamps { oldest, stable } => {
                    self.call(0, Call::SetTimestamp { oldest, stable, durable: None })?;
                }
            }
        }
        (0..self.slots).try_for_each(|slot| self.call(slot, Call::Close))
    }

    /// One transaction. What is durable later than it is visible was prepared. What has no timestamp may follow something
    /// that has one: it did so before.
    fn transaction(&mut self, updates: &[Update]) -> Done {
        let earliest = updates.iter().map(|update| update.start).min().unwrap_or(0);
        let prepared = updates.iter().find(|update| update.durable != update.start);
        let begin = Begin { no_timestamp: earliest == 0, roundup_prepared: prepared.is_some(), ..Begin::default() };
        self.call(0, Call::Begin(begin))?;
        // What the transaction wrote before it had a commit timestamp comes first here, too.
        let mut commit = None;
        for update in updates.iter().filter(|update| !update.stamped) {
            self.write_everywhere(update)?;
            commit = Some(update.start).filter(|&ts| ts != 0);
        }
        let mut current = 0;
        for update in updates.iter().filter(|update| update.stamped) {
            if current == 0 {
                self.stamp(&mut current, earliest)?; // no later one may be below the first
            }
            self.stamp(&mut current, update.start)?;
            self.write_everywhere(update)?;
        }
        match prepared {
            None => self.call(0, Call::Commit { ts: commit, durable: None }),
            Some(update) => {
                self.call(0, Call::Prepare(Some(update.start)))?;
                self.call(0, Call::Commit { ts: Some(update.start), durable: Some(update.durable) })
            }
        }
    }

    /// Writes to every table that has lost the update.
    fn write_everywhere(&mut self, update: &Update) -> Done {
        (update.table..self.slots).step_by(usize::from(self.tables)).try_for_each(|slot| self.write(slot, update))
    }

    /// Moves the commit timestamp of the transaction from `current` to `start`.
    fn stamp(&mut self, current: &mut Timestamp, start: Timestamp) -> Done {
        if *current == start {
            return Ok(());
        }
        *current = start;
        self.call(0, Call::TimestampTransaction(TxnTimestamp::Commit, start))
    }

    fn write(&mut self, slot: u8, update: &Update) -> Done {
        self.call(slot, Call::SetKey(&update.key))?;
        // What follows a place-holder of its own transaction need not be later than what lies below that. Whether there
        // was one the log does not say, so there is one now.
        match self.answer(slot, Call::Reserve) {
            Code::Ok | Code::NotFound => {}
            code => return Err(refused(Call::Reserve, code)),
        }
        match &update.value {
            Some(value) => {
                self.call(slot, Call::SetValue(value))?;
                self.call(slot, Call::Insert)
            }
            // What it removed need not be there: it may have become durable later in the same transaction and not be given
            // back, or have gone with an untimestamped remove. What the table has in the end is compared at once.
            None => match self.answer(slot, Call::Remove) {
                Code::Ok | Code::NotFound => Ok(()),
                code => Err(refused(Call::Remove, code)),
            },
        }
    }

    fn call(&mut self, slot: u8, call: Call<'_>) -> Done {
        match self.answer(slot, call) {
            Code::Ok => Ok(()),
            code => Err(refused(call, code)),
        }
    }

    fn answer(&mut self, slot: u8, call: Call<'_>) -> Code {
        self.node.tell(Who { session: 0, cursor: slot }, call)
    }
}

fn refused(call: Call<'_>, code: Code) -> String {
    format!("{call:?} answered {code}")
}

#[cfg(test)]
mod tests {
    use super::super::Oracles;
    use super::super::log::Log;
    use super::super::nodes::FIRST;
    use super::*;
    use crate::program::Program;
    use std::rc::Rc;

    const PROGRAM: &str = r#"# lockstep 1
config sessions=1 cursors=1 keys=8
s0.c0 insert 0010 "in the checkpoint" ts=10
inject advance oldest=5 stable=20
s0.c0 insert 0020 "in the log" ts=30
inject restart node=0 at=rest
"#;

    fn put(key: &str, ts: Timestamp) -> Update {
        Update { table: 0, key: key.into(), value: Some("put".into()), start: ts, durable: ts, stamped: false }
    }

    /// The first node dies after the program; what `give_back` answers then, with the log that `change` makes.
    fn given_back(lost: Lost, change: impl FnOnce(&mut Log)) -> Result<(), (Aspect, String)> {
        let program: Program = PROGRAM.parse().expect("well-formed");
        let mut observer = ();
        let mut lockstep =
            Lockstep::new(&program, Oracles::default(), &mut observer, &|engine| engine).expect("agrees");
        (0..program.steps.len()).try_for_each(|index| lockstep.execute(index)).expect("agrees");
        change(lockstep.log.as_mut().expect("nodes change"));
        let node = Rc::clone(&lockstep.nodes.member(FIRST).node);
        node.borrow_mut().restart(lockstep.nodes.newest.as_deref());
        lockstep.nodes.started_from_newest(FIRST);
        lockstep.give_back(FIRST, lost).map_err(|mismatch| {
            assert_eq!(mismatch.backends, ("follower-layered", "log"));
            (mismatch.field, mismatch.reason)
        })
    }

    #[test]
    fn what_is_in_the_log_is_enough() {
        assert_eq!(given_back(Lost::Everything, |_| {}), Ok(()));
    }

    #[test]
    fn what_is_missing_is_noticed_in_every_table() {
        let (aspect, reason) = given_back(Lost::Everything, |log| *log = Log::default()).expect_err("forgotten");
        assert!(aspect == Aspect::Rows && reason.contains("layered table 0"), "{reason}");
        let (aspect, reason) = given_back(Lost::Layered, |_| {}).expect_err("the plain table has lost as much");
        assert!(aspect == Aspect::Rows && reason.contains("plain table 0"), "{reason}");
    }

    #[test]
    fn a_record_too_many_is_noticed() {
        let (aspect, reason) =
            given_back(Lost::Everything, |log| log.committed(vec![put("0015", 0)])).expect_err("odd");
        assert!(aspect == Aspect::Rows && reason.contains("layered table 0"), "{reason}");
    }

    #[test]
    fn what_is_refused_is_noticed() {
        let (aspect, reason) = given_back(Lost::Everything, |log| {
            log.committed(vec![put("0010", 3)]);
        })
        .expect_err("stable is later");
        assert!(aspect == Aspect::Code && reason.contains("answered einval"), "{reason}");
    }
}
