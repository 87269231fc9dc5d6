//! What happens inside a step: when the tested node passes a point during a call, something else happens there before the
//! call goes on; right after the step if the node did not pass, and at the end of the program if there is no next step.
//!
//! A physical event in the middle of a call changes no reply. The commit of another session changes what is read after
//! it, so the others, who cannot be interrupted, commit before or after the call, wherever the contract says that the
//! caller reads from then on.

use super::compare::{LEADER, MODEL, PLAIN, SLOTS, TWIN};
use super::lockstep::{Checked, Lockstep, hint};
use super::nodes::FIRST;
use super::observer::Observer;
use crate::backend::{Backend, Call, Code, Isolation, Point, Reply, Timestamp, Who};
use crate::engine::{Checkpoint, Node};
use crate::program::ops::Class;
use crate::program::{HookAction, Op, Step};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// How much of ingest goes when a hook evicts, in percent.
const EVICTED: u8 = 50;

/// What is to happen inside the next step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hook {
    /// Whose transaction a commit is of.
    pub who: Who,
    pub at: Point,
    pub action: HookAction,
    /// The timestamp of a commit.
    pub ts: Timestamp,
}

/// A hook in its step.
pub(super) struct Armed {
    hook: Hook,
    /// Whether the step passes the point within calls that it makes, if at all.
    in_calls: bool,
    trace: Rc<RefCell<Happened>>,
    /// What each backend answered to the commit.
    commit: Option<[Code; SLOTS]>,
}

/// What became of the action.
#[derive(Default)]
struct Happened {
    passed: bool,
    /// Whether the call has then found nothing under the snapshot that a place held, and looked again under a new one.
    missed: bool,
    checkpoint: Option<Arc<Checkpoint>>,
    adopted: bool,
    commit: Option<Code>,
}

/// Whether an operation that passes the point no longer minds who is in its way. A commit that fails is a rollback,
/// after which nobody is, so that it may not strike before.
fn is_settled_by(at: Point, op: &Op) -> bool {
    match op {
        Op::Insert { .. } | Op::Update { .. } | Op::Remove { .. } | Op::Modify { .. } | Op::Reserve { .. } => {
            at == Point::LookedUp
        }
        Op::Truncate { .. } | Op::TruncateRange { .. } => false,
        _ => op.kind().row().class != Class::Burst,
    }
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Makes the hook that the step before set ready for `step`.
    #[cold]
    pub(super) fn arm(&mut self, step: &Step) {
        let Some(hook) = self.hook.take() else { return };
        let class = step.op.class();
        let own =
            matches!(class, Class::Cursor | Class::Session | Class::Burst) && step.who.session == hook.who.session;
        let commits = hook.action == HookAction::Commit;
        let armed = Armed {
            hook,
            in_calls: matches!(class, Class::Cursor | Class::Session | Class::Burst),
            trace: Rc::default(),
            commit: None,
        };
        // A commit may fail, and what is rolled back is gone from uncommitted reads at once: there is no one answer.
        let reads_uncommitted =
            self.sessions.isolation(step.who.session, &self.program.config) == Isolation::ReadUncommitted;
        let in_the_way = !is_settled_by(hook.at, &step.op);
        if commits && (own || reads_uncommitted || in_the_way || !self.may_commit(hook.who.session)) {
            return;
        }
        if matches!(step.op, Op::Adopt | Op::Advance { .. }) {
            let action = self.action(&armed);
            self.nodes.member(FIRST).node.borrow_mut().arm(hook.at, action);
        }
        self.special = true;
        self.armed = Some(armed);
    }

    /// Whether the session has a transaction that a hook may commit.
    fn may_commit(&self, session: u8) -> bool {
        self.sessions.is_running(session) && !self.sessions.is_prepared(session)
    }

    /// The action, to be carried out on the tested node, by itself or from outside.
    fn action(&self, armed: &Armed) -> Box<dyn FnOnce(&mut Node)> {
        let Hook { who, at, action, ts } = armed.hook;
        let trace = Rc::clone(&armed.trace);
        let newest = self.nodes.newest.clone();
        let leader = self.nodes.leader.map(|number| (number, Rc::clone(&self.nodes.member(number).node)));
        let first = self.nodes.member(FIRST).first_layered;
        Box::new(move |node| {
            let mut happened = trace.borrow_mut();
            happened.passed = true;
            match action {
                HookAction::Prune => node.prune(),
                HookAction::Evict => node.evict(EVICTED),
                HookAction::Adopt => happened.adopted = newest.is_some_and(|newest| node.adopt(&newest).is_ok()),
                HookAction::Checkpoint => {
                    happened.checkpoint = match leader {
                        None => None,
                        Some((FIRST, _)) => node.checkpoint().ok(),
                        Some((_, leader)) => leader.borrow_mut().checkpoint().ok(),
                    };
                }
                HookAction::Commit => {
                    let call = Call::Commit { ts: (ts != 0).then_some(ts), durable: None };
                    happened.commit = Some(node.act(&[], first, who, call).code);
                    if at == Point::IngestProbed {
                        let trace = Rc::clone(&trace);
                        node.arm(Point::SearchMissed, Box::new(move |_| trace.borrow_mut().missed = true));
                    }
                }
            }
        })
    }

    /// The follower's reply to a call, if it has to be asked before the others because the hook may strike in it.
    pub(super) fn ask_armed(&mut self, who: Who, call: Call<'_>) -> Option<Reply> {
        let armed = self.armed.as_ref().filter(|armed| armed.in_calls && !armed.trace.borrow().passed)?;
        let at = armed.hook.at;
        let action = self.action(armed);
        // Only this one call: the plain table's sessions are on the same node.
        let node = Rc::clone(&self.nodes.member(FIRST).node);
        node.borrow_mut().arm(at, action);
        let reply = self.follower.call(who, call);
        node.borrow_mut().disarm();
        let Happened { passed, missed, .. } = *self.armed.as_ref()?.trace.borrow();
        if !passed {
            return Some(reply);
        }
        self.take_over();
        if at == Point::SearchMissed || missed {
            self.commit_elsewhere();
        }
        Some(reply)
    }

    /// The commit that struck in the call just made, by all others.
    pub(super) fn after_armed_call(&mut self) {
        if self.armed.as_ref().is_some_and(|armed| armed.commit.is_none() && armed.trace.borrow().commit.is_some()) {
            self.commit_elsewhere();
        }
    }

    /// Learns from a checkpoint that was taken or picked up in the middle of a call.
    fn take_over(&mut self) {
        let Some(armed) = &self.armed else { return };
        let (checkpoint, adopted) = {
            let mut happened = armed.trace.borrow_mut();
            (happened.checkpoint.take(), std::mem::take(&mut happened.adopted))
        };
        if adopted {
            self.nodes.knows_newest(FIRST);
        }
        if let Some(checkpoint) = checkpoint {
            self.nodes.complete(checkpoint);
            self.checkpoint_is_complete();
        }
    }

    /// All backends but the follower commit what the hook committed there.
    fn commit_elsewhere(&mut self) {
        let Some(Armed { hook: Hook { who, ts, .. }, trace, .. }) = &self.armed else { return };
        let (who, call) = (*who, Call::Commit { ts: (*ts != 0).then_some(*ts), durable: None });
        let Some(code) = trace.borrow().commit else { return };
        self.outcome.calls += 1;
        let pending = self.about_to_commit(who, call);
        let mut codes = [code; SLOTS];
        codes[LEADER] = self.leader.tell(who, call);
        for (slot, backend) in [(PLAIN, &mut self.plain), (TWIN, &mut self.twin)] {
            if let Some(backend) = backend {
                codes[slot] = backend.tell(who, call);
            }
        }
        if let Some(model) = &mut self.model {
            hint(self.observer, model, who, call);
            codes[MODEL] = model.tell(who, call);
            self.observer.told(who, &call, codes[MODEL]);
            self.has_committed(pending, codes[MODEL]);
        }
        self.sessions.ended(who.session);
        if let Some(armed) = &mut self.armed {
            armed.commit = Some(codes);
        }
    }

    /// The step is over: does what did not happen inside it, and compares what came of it. The replies stay the step's.
    #[cold]
    pub(super) fn settle_hook(&mut self) -> Checked<()> {
        let Some(Armed { hook: Hook { who, at, action, ts }, .. }) = self.armed else { return Ok(()) };
        self.nodes.member(FIRST).node.borrow_mut().disarm();
        self.take_over();
        let (event, word) = names(action);
        let result = self.aside(|lockstep| {
            let passed = lockstep.armed.as_ref().is_some_and(|armed| armed.trace.borrow().passed);
            lockstep.observer.hooked(at, word, passed);
            if !passed && action != HookAction::Commit {
                lockstep.act_from_outside();
            }
            // From now on calls are again what they are without it.
            let armed = lockstep.disarm();
            let commit = Call::Commit { ts: (ts != 0).then_some(ts), durable: None };
            match armed.and_then(|armed| armed.commit) {
                Some(codes) => lockstep.compare_codes_of(who, commit, codes)?,
                None if action == HookAction::Commit && lockstep.may_commit(who.session) => {
                    lockstep.end_transaction(who, commit)?;
                }
                None => {}
            }
            lockstep.happened(event)
        });
        result.map(|_| ())
    }

    /// The last step of the program was a hook: there is no step for it to strike in, so it happens now.
    pub(super) fn settle_last_hook(&mut self) -> Checked<()> {
        let Some(hook) = self.hook.take() else { return Ok(()) };
        self.armed = Some(Armed { hook, in_calls: false, trace: Rc::default(), commit: None });
        self.settle_hook()?;
        self.twin_events()
    }

    fn act_from_outside(&mut self) {
        if let Some(armed) = &self.armed {
            let action = self.action(armed);
            let node = Rc::clone(&self.nodes.member(FIRST).node);
            action(&mut node.borrow_mut());
        }
        self.take_over();
    }

    fn disarm(&mut self) -> Option<Armed> {
        self.special = self.log.is_some() || self.twin.is_some();
        self.armed.take()
    }

    /// Compares the codes of a call that not all backends made at the same time.
    fn compare_codes_of(&mut self, who: Who, call: Call<'_>, codes: [Code; SLOTS]) -> Checked<()> {
        self.replies.set_codes(codes);
        match self.replies.code_difference() {
            None => Ok(()),
            found => Err(self.differs(who, call, found)),
        }
    }
}

/// An action as an event, and in a word.
fn names(action: HookAction) -> (&'static str, &'static str) {
    match action {
        HookAction::Prune => ("hook prune", "prune"),
        HookAction::Evict => ("hook evict", "evict"),
        HookAction::Adopt => ("hook adopt", "adopt"),
        HookAction::Checkpoint => ("hook checkpoint", "checkpoint"),
        HookAction::Commit => ("hook commit", "commit"),
    }
}
