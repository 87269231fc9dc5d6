//! Who leads. A node that stops leading forgets what its last checkpoint does not have, and gets it back from the log.

use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use super::reapply::Lost;
use super::sessions::Sessions;
use super::situation::Situation;
use super::step::Ending;
use crate::backend::{Backend, Call, Code, Who};
use std::rc::Rc;

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Nobody is at work any more: rolls back every transaction and resets every cursor.
    pub(super) fn quiesce(&mut self) -> Checked<Ending> {
        self.happened("quiesce")?;
        self.roll_back_all()?;
        self.reset_all()?;
        Ok(Ending::plain(Code::Ok))
    }

    pub(super) fn roll_back_all(&mut self) -> Checked<()> {
        for session in 0..self.program.config.sessions {
            if self.sessions.is_running(session) {
                self.end_transaction(Who { session, cursor: 0 }, Call::Rollback)?;
            }
        }
        Ok(())
    }

    pub(super) fn reset_all(&mut self) -> Checked<()> {
        for who in Sessions::slots(&self.program.config) {
            self.call(who, Call::Reset)?;
        }
        Ok(())
    }

    /// A snapshot that a session has asked for and that no cursor holds goes with the next reset: no node keeps it when it
    /// changes its role.
    fn let_go_of_snapshots(&mut self) -> Checked<()> {
        for session in self.sessions.take_snapshots() {
            self.call(Who { session, cursor: 0 }, Call::Reset)?;
        }
        Ok(())
    }

    /// Whether a node might change its role though cursors are on records: on column stores, which have no part in it, it
    /// depends on what snapshots these hold. So it is not asked to.
    fn minds_no_cursors(&self, situation: &Situation) -> bool {
        self.program.config.format.is_column() && situation.any_placed()
    }

    /// The leader becomes a follower, unless somebody is at work.
    pub(super) fn step_down(&mut self) -> Checked<Ending> {
        let situation = self.happened("step_down")?;
        let Some(leader) = self.nodes.leader else {
            return Ok(Ending::plain(Code::Invalid));
        };
        if self.minds_no_cursors(&situation) {
            return Ok(Ending::plain(Code::Busy));
        }
        let busy = self.sessions.any_running() || situation.any_placed();
        if !busy {
            self.let_go_of_snapshots()?;
        }
        let node = Rc::clone(&self.nodes.member(leader).node);
        let answered = node.borrow_mut().step_down(self.nodes.newest.as_deref()).map_or(Code::Busy, |()| Code::Ok);
        self.judge(leader, "step_down", answered, if busy { Code::Busy } else { Code::Ok })?;
        if answered == Code::Ok {
            self.nodes.leader = None;
            self.nodes.knows_newest(leader);
            self.give_back(leader, Lost::Layered)?;
            self.compare_all()?;
        }
        Ok(Ending::plain(answered))
    }

    /// A follower becomes the leader, if there is none and nobody is at work but those who wait for the end of a prepared
    /// transaction.
    pub(super) fn step_up(&mut self, node: u8) -> Checked<Ending> {
        let situation = self.happened("step_up")?;
        if self.nodes.leader.is_some() {
            return Ok(Ending::plain(Code::Invalid));
        }
        if self.minds_no_cursors(&situation) {
            return Ok(Ending::plain(Code::Busy));
        }
        let number = usize::from(node);
        let expected = self.step_up_answers(number, &situation);
        if expected == Code::Ok {
            self.let_go_of_snapshots()?;
        }
        let node = Rc::clone(&self.nodes.member(number).node);
        let answered = node.borrow_mut().step_up(self.nodes.newest.as_deref()).map_or(Code::Busy, |()| Code::Ok);
        self.judge(number, "step_up", answered, expected)?;
        if answered == Code::Ok {
            self.nodes.leader = Some(number);
            self.nodes.knows_newest(number);
            self.compare_all()?;
        }
        Ok(Ending::plain(answered))
    }

    /// It picks up the newest checkpoint first, which may be refused, too.
    fn step_up_answers(&mut self, number: usize, situation: &Situation) -> Code {
        let pinned = self.pinned();
        let busy = self.sessions.any_unprepared() || situation.any_placed();
        if busy || self.nodes.adoption(number, pinned) == Code::Busy { Code::Busy } else { Code::Ok }
    }
}
