//! What takes committed data from a node, or everything from everybody: the death of a node, a rollback to stable, a
//! table that is dropped.

use super::compare::{Aspect, FOLLOWER, LEADER, PLAIN, Replies, TWIN};
use super::lockstep::{Checked, Lockstep};
use super::nodes::{FIRST, SECOND};
use super::observer::Observer;
use super::reapply::Lost;
use super::sessions::Sessions;
use super::step::Ending;
use crate::backend::{Backend, Call, Code, Timestamp, TimestampQuery, Who};
use crate::engine::Checkpoint;
use crate::program::CrashPoint;
use std::rc::Rc;

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// A node dies and comes back. Its sessions are gone, and with them those of all others that do the same; they are
    /// opened anew.
    pub(super) fn restart(&mut self, node: u8, at: CrashPoint) -> Checked<Ending> {
        self.happened("restart")?;
        let number = usize::from(node);
        self.roll_back_all()?;
        let slots: Vec<Who> = Sessions::slots(&self.program.config).collect();
        self.close_slots(&slots)?;
        self.crash(number, at)?;
        self.come_back(number)?;
        self.open_slots(&slots)?;
        self.compare_all()?;
        Ok(Ending::plain(Code::Ok))
    }

    fn close_slots(&mut self, slots: &[Who]) -> Checked<()> {
        slots.iter().try_for_each(|&who| self.call(who, Call::Close).map(|_| ()))
    }

    /// Opens cursors as they were opened before.
    fn open_slots(&mut self, slots: &[Who]) -> Checked<()> {
        slots.iter().try_for_each(|&who| self.open(who, self.sessions.config(who)).map(|_| ()))
    }

    /// A node is struck in the middle of its work, if it has such work.
    fn crash(&mut self, number: usize, at: CrashPoint) -> Checked<()> {
        let leads = self.nodes.leader == Some(number);
        let may_checkpoint = leads && self.ask(TimestampQuery::Stable) != 0;
        let node = Rc::clone(&self.nodes.member(number).node);
        let answered = match (at, &self.nodes.newest) {
            (CrashPoint::Checkpoint, _) if may_checkpoint => node.borrow_mut().abandon_checkpoint().is_ok(),
            (CrashPoint::Adopt, Some(newest)) if !leads && self.nodes.is_behind(number) => {
                node.borrow_mut().abandon_adoption(newest).is_ok()
            }
            _ => true,
        };
        let code = if answered { Code::Ok } else { Code::Busy };
        self.judge(number, "half a checkpoint or pick-up", code, Code::Ok)
    }

    /// A node comes back with what the last complete checkpoint has, and gets back the rest.
    fn come_back(&mut self, number: usize) -> Checked<()> {
        if self.program.config.format.is_column() {
            return self.come_back_with_all(number, Timestamp::MAX);
        }
        let node = Rc::clone(&self.nodes.member(number).node);
        node.borrow_mut().restart(self.nodes.newest.as_deref());
        self.nodes.started_from_newest(number);
        self.give_back(number, Lost::Everything)
    }

    /// A node with column stores comes back with what it had that is durable by `upto`: it had time for a local
    /// checkpoint.
    fn come_back_with_all(&mut self, number: usize, upto: Timestamp) -> Checked<()> {
        let node = Rc::clone(&self.nodes.member(number).node);
        let order = self.nodes.newest.as_ref().map_or(0, |newest| newest.order);
        let [oldest, stable] = [TimestampQuery::Oldest, TimestampQuery::Stable].map(|what| self.ask(what));
        let kept = Checkpoint { order, timestamp: upto, oldest, tables: Vec::new() };
        node.borrow_mut().checkpoint_plain(&kept);
        node.borrow_mut().restart(Some(&Checkpoint { timestamp: stable, ..kept }));
        self.nodes.knows_newest(number);
        self.give_back(number, Lost::Everything)
    }

    /// A follower is without what became durable after stable.
    fn come_back_stable(&mut self, number: usize, stable: Timestamp) -> Checked<()> {
        match (self.program.config.format.is_column(), stable) {
            (true, 1..) => self.come_back_with_all(number, stable),
            _ => self.come_back(number), // the log has nothing else, or nothing was undone
        }
    }

    /// Everything above stable is undone: by the leader, which has a call for it; by a follower in that it is started
    /// again, and given back only what is stable. Not while anybody is at work.
    pub(super) fn rollback_to_stable(&mut self) -> Checked<Ending> {
        let situation = self.happened("rollback_to_stable")?;
        if self.sessions.any_running() || situation.any_placed() {
            return self.rolled_back_to_stable(Code::Busy);
        }
        self.reset_all()?;
        let ending = self.rolled_back_to_stable(Code::Ok)?;
        let stable = self.ask(TimestampQuery::Stable);
        if let Some(log) = &mut self.log {
            log.rolled_back_to(stable);
        }
        for number in self.nodes.all_followers() {
            self.come_back_stable(number, stable)?;
            self.reopen_on(number)?;
        }
        self.compare_all()?;
        Ok(ending)
    }

    /// Makes the call where it is one, and compares with what it has to answer.
    fn rolled_back_to_stable(&mut self, expected: Code) -> Checked<Ending> {
        let (who, call) = (Who::default(), Call::RollbackToStable);
        self.outcome.calls += 1;
        let mut answers = Vec::new();
        if let Some(model) = &mut self.model {
            let code = model.tell(who, call);
            self.observer.told(who, &call, code);
            answers.push(("model", code));
        }
        match self.nodes.leader {
            Some(FIRST) => {
                answers.push((Replies::NAMES[FOLLOWER], self.follower.tell(who, call)));
                if let Some(plain) = &mut self.plain {
                    answers.push((Replies::NAMES[PLAIN], plain.tell(who, call)));
                }
            }
            Some(_) => answers.push((Replies::NAMES[LEADER], self.leader.tell(who, call))),
            None => {}
        }
        match answers.into_iter().find(|&(_, code)| code != expected) {
            None => Ok(Ending::plain(expected)),
            Some((name, code)) => {
                let reason = format!("{name} answered {code}, where {expected} is right");
                Err(self.failure(Aspect::Code, (name, "rule"), reason, format!("{call:?}")))
            }
        }
    }

    /// Opens all cursors on a node that was started again, in the order in which the others opened theirs.
    fn reopen_on(&mut self, number: usize) -> Checked<()> {
        for who in self.sessions.by_age(&self.program.config) {
            let call = Call::Open(self.sessions.config(who));
            let mut answers = Vec::new();
            match number {
                FIRST => {
                    answers.push((FOLLOWER, self.follower.tell(who, call)));
                    answers.extend(self.plain.as_mut().map(|plain| (PLAIN, plain.tell(who, call))));
                }
                SECOND => answers.push((LEADER, self.leader.tell(who, call))),
                _ => answers.extend(self.twin.as_mut().map(|twin| (TWIN, twin.tell(who, call)))),
            }
            if let Some((slot, _)) = answers.into_iter().find(|&(_, code)| code != Code::Ok) {
                return Err(self.breaks_rule(who, call, Aspect::Code, slot, "a cursor can be opened on a new node"));
            }
        }
        Ok(())
    }

    /// Drops a table and creates it anew; its cursors are closed for it. While a transaction is running there is only
    /// the call, which is refused.
    pub(super) fn recreate(&mut self, table: u8) -> Checked<Ending> {
        self.happened("recreate")?;
        let running = self.sessions.any_running();
        let slots = Sessions::slots(&self.program.config);
        let on_it = slots.filter(|&who| !running && self.sessions.config(who).table == table).collect::<Vec<_>>();
        self.close_slots(&on_it)?;
        let code = self.call(Who::default(), Call::Recreate { table })?;
        self.open_slots(&on_it)?;
        self.compare_all()?;
        Ok(Ending::plain(code))
    }
}
