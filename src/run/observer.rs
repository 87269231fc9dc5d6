//! How others watch a run without slowing it down: every hook is empty unless an observer fills it in.

use super::compare::Replies;
use super::situation::Situation;
use crate::backend::{Call, Code, Key, Point, Reply, Value, Who};
use crate::program::Step;

/// How a step ended.
pub struct Done<'a> {
    /// The code of the step. A burst's is the first code that is neither `Ok` nor `NotFound`, else `Ok`.
    pub code: Code,
    /// The code of the commit that a write with a timestamp of its own ended with, if that was not `Ok`.
    pub commit: Option<Code>,
    /// Whether the step went through a cursor, so that [`Done::replies`] carry a cursor's state.
    pub on_cursor: bool,
    /// What every backend answered last: the state that the step leaves its cursor in.
    pub replies: &'a Replies,
}

/// What is true of an answer that the contract leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// The record of a random cursor.
    Random {
        /// The records that the session sees.
        seen: Vec<(Key, Value)>,
        /// Whether a prepared update is in its way.
        conflict: bool,
        /// Whether there is nothing to meet.
        nothing: bool,
    },
    /// The largest key.
    Largest {
        /// The largest key that somebody may still ask for.
        at_least: Option<Key>,
        /// The keys that were ever written.
        written: Vec<Key>,
    },
}

/// What an engine that keeps more than it needs, or checks less, would trip over in the call that comes next.
#[derive(Clone, Debug)]
pub enum Hint {
    /// A write on top of a version whose timestamp nobody minds any more, because oldest has passed it.
    ForgottenTimestamp,
    /// A prepared transaction is to commit before a version whose timestamp nobody minds any more.
    BehindForgotten,
    /// A walk or a search over a table of which the session sees nothing, but in which there have been records.
    NothingButRemains,
    /// A transaction that is to be prepared has failed after it has written: it can only be rolled back.
    Doomed,
    /// A modify of a value that has been replaced since the cursor got it, by the cursor's own transaction.
    Stale,
    /// A truncate of a table in which there has never been a record.
    Untouched,
    /// A cursor that is to remove stands where no record is any more.
    PlaceIsGone,
    /// A truncate up to the place of a cursor that has lost its record: the cursor, and the key.
    StopIsGone(Who, Key),
    /// A step back in a fixed-length table: the first record that was ever written.
    FirstWritten(Key),
}

/// A physical event that has happened to the nodes, and changes no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Physical {
    /// The leader took a checkpoint.
    Checkpoint,
    /// The followers picked up the newest checkpoint, which they did not have.
    Adopt,
    /// The followers evicted so many of a hundred keys of ingest.
    Evict(u8),
    /// The followers evicted all of ingest that may go.
    Prune,
}

/// Watches a run.
pub trait Observer {
    /// Whether it wants to hear every call. What only listeners need is not worked out for others.
    const LISTENS: bool = false;

    /// The model has answered a call.
    #[inline]
    fn answered(&mut self, _who: Who, _call: &Call<'_>, _reply: &Reply) {}

    /// The model has answered a call of which only the code was asked.
    #[inline]
    fn told(&mut self, _who: Who, _call: &Call<'_>, _code: Code) {}

    /// The model is about to be asked.
    #[inline]
    fn about_to_ask(&mut self, _who: Who, _hint: Hint) {}

    /// The contract leaves open what the last call answers.
    #[inline]
    fn left_open(&mut self, _who: Who, _open: Open) {}

    /// Step `index` is about to be executed.
    #[inline]
    fn before(&mut self, _index: usize, _step: &Step) {}

    /// The step being executed is a scan and has read a record.
    #[inline]
    fn row(&mut self, _reply: &Reply) {}

    /// Something happened to a node, or a step of many calls began, while the sessions were in a certain situation.
    #[inline]
    fn event(&mut self, _event: &'static str, _situation: &Situation) {}

    /// A physical event has happened, as it was meant to.
    #[inline]
    fn physical(&mut self, _event: Physical) {}

    /// What was to happen inside a step when a point was passed has happened: there, or else after the step.
    #[inline]
    fn hooked(&mut self, _at: Point, _action: &'static str, _passed: bool) {}

    /// Step `index` has been executed and all backends agreed on it.
    #[inline]
    fn after(&mut self, _index: usize, _step: &Step, _done: &Done<'_>) {}
}

/// Nobody watches.
impl Observer for () {}

/// Two observers at once.
impl<A: Observer, B: Observer> Observer for (&mut A, &mut B) {
    const LISTENS: bool = A::LISTENS || B::LISTENS;

    #[inline]
    fn answered(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        self.0.answered(who, call, reply);
        self.1.answered(who, call, reply);
    }

    #[inline]
    fn told(&mut self, who: Who, call: &Call<'_>, code: Code) {
        self.0.told(who, call, code);
        self.1.told(who, call, code);
    }

    fn about_to_ask(&mut self, who: Who, hint: Hint) {
        self.0.about_to_ask(who, hint.clone());
        self.1.about_to_ask(who, hint);
    }

    fn left_open(&mut self, who: Who, open: Open) {
        self.0.left_open(who, open.clone());
        self.1.left_open(who, open);
    }

    fn before(&mut self, index: usize, step: &Step) {
        self.0.before(index, step);
        self.1.before(index, step);
    }

    fn row(&mut self, reply: &Reply) {
        self.0.row(reply);
        self.1.row(reply);
    }

    fn event(&mut self, event: &'static str, situation: &Situation) {
        self.0.event(event, situation);
        self.1.event(event, situation);
    }

    fn physical(&mut self, event: Physical) {
        self.0.physical(event);
        self.1.physical(event);
    }

    fn hooked(&mut self, at: Point, action: &'static str, passed: bool) {
        self.0.hooked(at, action, passed);
        self.1.hooked(at, action, passed);
    }

    fn after(&mut self, index: usize, step: &Step, done: &Done<'_>) {
        self.0.after(index, step, done);
        self.1.after(index, step, done);
    }
}
