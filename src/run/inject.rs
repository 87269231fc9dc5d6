//! The physical events as steps. The model never hears of them, and right after one all cursors must still be in the
//! model's state. What the event itself answers is known beforehand, too.

use super::compare::Aspect;
use super::lockstep::{Checked, Lockstep};
use super::nodes::FIRST;
use super::observer::{Observer, Physical};
use super::sessions::Sessions;
use super::situation::Situation;
use super::step::Ending;
use super::twin::Event;
use crate::backend::{Backend, Call, Code, Timestamp, TimestampQuery, Who};
use crate::program::Step;

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// The leader takes a checkpoint.
    pub(super) fn checkpoint(&mut self) -> Checked<Ending> {
        let may = self.nodes.leader.is_some() && self.ask(TimestampQuery::Stable) != 0;
        let code = self.nodes.checkpoint();
        if code == Code::Ok {
            self.checkpoint_is_complete();
            self.observer.physical(Physical::Checkpoint);
            self.twin_later(Event::Adopt);
        }
        let leader = self.nodes.leader.unwrap_or(FIRST);
        self.judge(leader, "checkpoint", code, if may { Code::Ok } else { Code::Invalid })?;
        self.happened("checkpoint")?;
        Ok(Ending::plain(code))
    }

    /// The newest checkpoint is complete: what it has no longer needs to be remembered.
    pub(super) fn checkpoint_is_complete(&mut self) {
        if let (Some(log), Some(newest)) = (&mut self.log, &self.nodes.newest) {
            log.checkpointed(newest.timestamp);
        }
    }

    /// Every node that follows picks up the newest checkpoint. All answer the same, as the same is read on all.
    pub(super) fn adopt(&mut self) -> Checked<Ending> {
        let pinned = self.pinned();
        let (mut code, mut any) = (None, false);
        for number in self.nodes.followers() {
            let expected = self.nodes.adoption(number, pinned);
            let (answered, adopted) = self.nodes.adopt(number);
            self.judge(number, "adopt", answered, expected)?;
            code.get_or_insert(answered);
            any |= adopted;
        }
        if any {
            self.observer.physical(Physical::Adopt);
        }
        self.after_armed_call();
        self.twin_later(Event::Adopt);
        let situation = self.happened("adopt")?;
        if any {
            self.outcome.adoptions += 1;
            self.outcome.adoptions_while_placed += u64::from(situation.any_placed());
        }
        Ok(Ending::plain(code.unwrap_or(Code::Ok)))
    }

    /// The smallest timestamp that somebody on a node may read at; 0: none is known.
    pub(super) fn pinned(&mut self) -> Timestamp {
        let timestamps = [self.ask(TimestampQuery::Oldest), self.ask(TimestampQuery::OldestReader)];
        timestamps.into_iter().filter(|&ts| ts != 0).min().unwrap_or(0)
    }

    /// Moves stable and oldest forward where they are behind, then checkpoint and pick-up.
    pub(super) fn advance(&mut self, oldest: Timestamp, stable: Timestamp) -> Checked<Ending> {
        let oldest = self.ahead(TimestampQuery::Oldest, oldest)?;
        let stable = self.ahead(TimestampQuery::Stable, stable)?;
        let mut code = Code::Ok;
        if oldest.is_some() || stable.is_some() {
            code = self.call(Who::default(), Call::SetTimestamp { oldest, stable, durable: None })?;
        }
        if code == Code::Ok {
            code = self.checkpoint()?.code;
        }
        if code == Code::Ok {
            code = self.adopt()?.code;
        }
        Ok(Ending::plain(code))
    }

    /// `wanted`, if that is ahead of the node's timestamp.
    fn ahead(&mut self, what: TimestampQuery, wanted: Timestamp) -> Checked<Option<Timestamp>> {
        self.call(Who::default(), Call::Query(what))?;
        Ok((wanted > self.replies.expected().timestamp).then_some(wanted))
    }

    /// Evicts a share of the followers' ingest tables.
    pub(super) fn evict(&mut self, percent: u8) -> Checked<Ending> {
        for number in self.nodes.followers() {
            self.nodes.evict(number, percent);
        }
        self.observer.physical(Physical::Evict(percent));
        self.twin_later(Event::Evict(percent));
        self.happened("evict")?;
        Ok(Ending::plain(Code::Ok))
    }

    /// Prunes the followers.
    pub(super) fn prune(&mut self) -> Checked<Ending> {
        for number in self.nodes.followers() {
            self.nodes.prune(number);
        }
        self.observer.physical(Physical::Prune);
        self.twin_later(Event::Prune);
        self.happened("prune")?;
        Ok(Ending::plain(Code::Ok))
    }

    /// An event that changes no state has happened, or one that does is about to: compares the states of all cursors, and
    /// tells the observer what they are up to.
    pub(super) fn happened(&mut self, event: &'static str) -> Checked<Situation> {
        let situation = self.compare_all()?;
        self.observer.event(event, &situation);
        Ok(situation)
    }

    /// A step of many calls is about to begin: tells the observer what the sessions are up to. Compares nothing.
    pub(super) fn beginning(&mut self, step: &Step) -> &mut Self {
        let mut situation = Situation { in_transaction: self.sessions.any_running(), ..Situation::default() };
        for who in Sessions::slots(&self.program.config) {
            situation.add(who, &self.leader.call(who, Call::State));
        }
        self.observer.event(step.op.name(), &situation);
        self
    }

    /// Compares what an event on a node answered with what it has to answer.
    pub(super) fn judge(&self, number: usize, event: &str, answered: Code, expected: Code) -> Checked<()> {
        if answered == expected {
            return Ok(());
        }
        let name = self.nodes.member(number).name;
        let reason = format!("{event} of {name} answered {answered}, where {expected} is right");
        Err(self.failure(Aspect::Code, (name, "rule"), reason, event.to_owned()))
    }
}
