//! The backends of a run, and one call made on all of them.

use super::compare::{Aspect, Difference, FOLLOWER, LEADER, PLAIN, Replies, Shown};
use super::failure::{Mismatch, TAIL_STEPS};
use super::inject::Nodes;
use super::invariants;
use super::observer::Observer;
use super::trace::Trace;
use crate::backend::{Backend, Call, Code, CursorConfig, Direction, Isolation, Who};
use crate::engine::{Counters, EngineBackend};
use crate::oracle::Model;
use crate::program::{Config, Program};
use std::fmt;
use std::str::FromStr;

/// What the layered tables of follower and leader are compared with. Both nodes always take part: without the
/// leader's checkpoints the follower would have nothing to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oracles {
    /// A plain table of the follower, driven by twins of the sessions.
    pub plain: bool,
    /// The executable specification.
    pub model: bool,
}

impl Default for Oracles {
    fn default() -> Self {
        Oracles { plain: true, model: true }
    }
}

/// A list of oracles that names one that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no oracle '{0}': the oracles are plain and model, separated by commas")]
pub struct UnknownOracle(String);

impl FromStr for Oracles {
    type Err = UnknownOracle;

    fn from_str(text: &str) -> Result<Self, UnknownOracle> {
        let mut oracles = Oracles { plain: false, model: false };
        for name in text.split(',') {
            match name.trim() {
                "plain" => oracles.plain = true,
                "model" => oracles.model = true,
                other => return Err(UnknownOracle(other.to_owned())),
            }
        }
        Ok(oracles)
    }
}

impl fmt::Display for Oracles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.plain, "plain"), (self.model, "model")];
        let chosen: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        f.write_str(&chosen.join(","))
    }
}

/// What a run without a mismatch has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps executed.
    pub steps: u64,
    /// Primitive calls made on every backend, those of the final scans included.
    pub calls: u64,
    /// Checkpoints that the follower picked up.
    pub adoptions: u64,
    /// Those of them made while a cursor held a place.
    pub adoptions_while_placed: u64,
    /// What the follower counted.
    pub counters: Counters,
}

/// Runs `program` on both nodes and on `oracles`; `observer` watches.
///
/// The run is a function of its arguments: no clock, no randomness, no address enters it.
///
/// # Errors
/// The first difference between the backends, or from a reply that the program expects.
pub fn run<O: Observer>(program: &Program, oracles: Oracles, observer: &mut O) -> Result<Outcome, Box<Mismatch>> {
    run_with(program, oracles, observer, |follower| follower)
}

/// Like [`run`], with something else in the place of the follower's layered table: what `wrap` makes of it. A backend
/// that passes calls on and falsifies an answer shows what a run would notice.
///
/// # Errors
/// As for [`run`].
pub fn run_with<O: Observer, B: Backend>(
    program: &Program,
    oracles: Oracles,
    observer: &mut O,
    wrap: impl Fn(EngineBackend) -> B,
) -> Result<Outcome, Box<Mismatch>> {
    execute(program, oracles, observer, &wrap).map_err(|mut mismatch| {
        mismatch.tail = tail(program, oracles, mismatch.step, &wrap);
        mismatch
    })
}

fn execute<O: Observer, B: Backend>(
    program: &Program,
    oracles: Oracles,
    observer: &mut O,
    wrap: &impl Fn(EngineBackend) -> B,
) -> Result<Outcome, Box<Mismatch>> {
    let mut lockstep = Lockstep::new(program, oracles, observer, wrap)?;
    for index in 0..program.steps.len() {
        lockstep.execute(index)?;
    }
    lockstep.finish()
}

/// Runs `program` with the model's word for every reply, whatever the engine says: `observer` sees what each step
/// should answer. Ends early where a backend breaks a rule that no other backend's reply can stand in for.
pub fn run_by_the_model<O: Observer>(program: &Program, observer: &mut O) {
    let oracles = Oracles { plain: false, model: true };
    let Ok(mut lockstep) = Lockstep::new(program, oracles, observer, &|follower| follower) else { return };
    lockstep.by_the_model = true;
    // An error is the end of what can be told.
    let _ = (0..program.steps.len()).try_for_each(|index| lockstep.execute(index));
}

/// The last steps up to `failing` with their replies. A run is deterministic, so a second one has the replies that
/// the first did not spend time on.
fn tail<B: Backend>(
    program: &Program,
    oracles: Oracles,
    failing: usize,
    wrap: &impl Fn(EngineBackend) -> B,
) -> Vec<String> {
    let mut trace = Trace::default();
    // It ends in the mismatch that is being reported.
    let _ = execute(program, oracles, &mut trace, wrap);
    let end = program.steps.len().min(failing + 1);
    let start = end.saturating_sub(TAIL_STEPS);
    let steps = (start..end).map(|index| format!("{index:>6} {}", trace.line(program, index)));
    std::iter::once(program.config.to_string()).chain(steps).collect()
}

/// A run in progress.
pub(super) struct Lockstep<'p, O, B> {
    pub(super) program: &'p Program,
    pub(super) observer: &'p mut O,
    pub(super) nodes: Nodes,
    follower: B,
    leader: EngineBackend,
    plain: Option<EngineBackend>,
    pub(super) model: Option<Model>,
    /// What the backends answered last.
    pub(super) replies: Replies,
    /// The step being executed, from 0.
    pub(super) index: usize,
    /// Whether each session has a transaction running.
    pub(super) in_transaction: [bool; Config::MAX_SESSIONS as usize],
    /// Whether each cursor is a random one.
    pub(super) random: [[bool; Config::MAX_CURSORS as usize]; Config::MAX_SESSIONS as usize],
    /// Whether each session's transaction is prepared.
    pub(super) prepared: [bool; Config::MAX_SESSIONS as usize],
    /// The table that each cursor is on.
    pub(super) table: [[u8; Config::MAX_CURSORS as usize]; Config::MAX_SESSIONS as usize],
    /// Bursts so far; makes their values unique.
    pub(super) bursts: u32,
    pub(super) outcome: Outcome,
    /// Whether the model's reply replaces one that differs, instead of ending the run.
    by_the_model: bool,
}

/// The result of anything that compares.
pub(super) type Checked<T> = Result<T, Box<Mismatch>>;

impl<'p, O: Observer, B: Backend> Lockstep<'p, O, B> {
    fn new(
        program: &'p Program,
        oracles: Oracles,
        observer: &'p mut O,
        wrap: &impl Fn(EngineBackend) -> B,
    ) -> Checked<Self> {
        let config = &program.config;
        let isolation: &[Isolation] = &config.isolation[..usize::from(config.sessions)];
        let slots = config.cursors + 2;
        let mut nodes = Nodes::new();
        let (follower, plain) = nodes.open_follower(isolation, slots, oracles.plain);
        let leader = nodes.open_leader(isolation, slots);
        let mut lockstep = Lockstep {
            program,
            observer,
            nodes,
            follower: wrap(follower),
            leader,
            plain,
            model: oracles.model.then(|| Model::new(isolation, slots, 1)),
            replies: Replies::new(oracles.plain, oracles.model),
            index: 0,
            in_transaction: Default::default(),
            random: Default::default(),
            prepared: Default::default(),
            table: Default::default(),
            bursts: 0,
            outcome: Outcome::default(),
            by_the_model: false,
        };
        for session in 0..config.sessions {
            for cursor in 0..config.cursors {
                lockstep.call(Who { session, cursor }, Call::Open(CursorConfig::default()))?;
            }
        }
        Ok(lockstep)
    }

    /// The scratch cursor of a session, beyond those that programs name.
    pub(super) fn scratch(&self, session: u8) -> Who {
        Who { session, cursor: self.program.config.cursors }
    }

    /// The other scratch cursor of a session.
    pub(super) fn second_scratch(&self, session: u8) -> Who {
        Who { session, cursor: self.program.config.cursors + 1 }
    }

    /// Makes a call on every backend. Compares nothing.
    #[inline]
    pub(super) fn dispatch(&mut self, who: Who, call: Call<'_>) {
        self.outcome.calls += 1;
        match (&mut self.plain, &mut self.model) {
            (None, None) => self.replies.expect(self.leader.call(who, call)),
            (Some(plain), None) => {
                self.replies.expect(plain.call(who, call));
                self.replies.hear(LEADER, &mut self.leader, who, call);
            }
            (plain, Some(model)) => {
                self.replies.expect(model.call(who, call));
                self.replies.hear(LEADER, &mut self.leader, who, call);
                if let Some(plain) = plain {
                    self.replies.hear(PLAIN, plain, who, call);
                }
            }
        }
        self.replies.hear(FOLLOWER, &mut self.follower, who, call);
    }

    /// Makes a call on every backend and compares the codes. For a call that another one of the same step follows: its
    /// reply shows what this one has left.
    #[inline]
    pub(super) fn tell(&mut self, who: Who, call: Call<'_>) -> Checked<Code> {
        self.outcome.calls += 1;
        let follower = self.follower.tell(who, call);
        let leader = self.leader.tell(who, call);
        let plain = self.plain.as_mut().map_or(follower, |plain| plain.tell(who, call));
        let model = self.model.as_mut().map_or(follower, |model| model.tell(who, call));
        if leader != follower || plain != follower || model != follower {
            return Err(self.tells_differ(who, call, [follower, leader, plain, model]));
        }
        Ok(follower)
    }

    #[cold]
    fn tells_differ(&mut self, who: Who, call: Call<'_>, codes: [Code; 4]) -> Box<Mismatch> {
        self.replies.set_codes(codes);
        self.differs(who, call, self.replies.difference())
    }

    /// Makes a call on every backend and compares the replies. Returns the code, on which all agree.
    #[inline]
    pub(super) fn call(&mut self, who: Who, call: Call<'_>) -> Checked<Code> {
        self.dispatch(who, call);
        self.compare(who, call)
    }

    /// Compares the replies to the call just made.
    #[inline]
    pub(super) fn compare(&mut self, who: Who, call: Call<'_>) -> Checked<Code> {
        if !self.replies.agree() {
            if !self.by_the_model {
                return Err(self.differs(who, call, self.replies.difference()));
            }
            self.replies.settle();
        }
        let reply = self.replies.expected();
        if !invariants::refers_only_where_it_stands(reply) {
            let reason = "all refer to a record on which the cursor does not stand";
            return Err(self.breaks_rule(who, call, Aspect::Placed, FOLLOWER, reason));
        }
        Ok(reply.code)
    }

    /// Compares the states of all cursors of a session.
    pub(super) fn compare_session(&mut self, session: u8) -> Checked<()> {
        for cursor in 0..self.program.config.cursors {
            self.call(Who { session, cursor }, Call::State)?;
        }
        Ok(())
    }

    /// Compares the states of all cursors of all sessions. Whether one of them holds a place.
    pub(super) fn compare_all(&mut self) -> Checked<bool> {
        let mut placed = false;
        for session in 0..self.program.config.sessions {
            for cursor in 0..self.program.config.cursors {
                self.call(Who { session, cursor }, Call::State)?;
                placed |= self.replies.expected().placed;
            }
        }
        Ok(placed)
    }

    /// Full scans by every session: in both directions as the program left them, then with the open transactions rolled
    /// back, then with the data aged.
    fn finish(mut self) -> Checked<Outcome> {
        self.index = self.program.steps.len();
        self.outcome.steps = self.index as u64;
        for session in 0..self.program.config.sessions {
            self.scan(session, Direction::Next, false)?;
            self.scan(session, Direction::Prev, false)?;
        }
        for session in 0..self.program.config.sessions {
            if self.in_transaction[usize::from(session)] {
                self.call(Who { session, cursor: 0 }, Call::Rollback)?;
                self.compare_session(session)?;
                self.scan(session, Direction::Next, false)?;
            }
        }
        self.outcome.counters = self.nodes.follower_counters();
        self.scan_aged()?;
        Ok(self.outcome)
    }

    /// Once more, after as much of ingest as may go has gone. What this reads does not count as the program's doing.
    fn scan_aged(&mut self) -> Checked<()> {
        self.nodes.age();
        self.compare_all()?;
        for session in 0..self.program.config.sessions {
            self.scan(session, Direction::Next, false)?;
        }
        Ok(())
    }

    // ---- failures

    /// The failure of a call on which backends differ.
    #[cold]
    pub(super) fn differs(&self, who: Who, call: Call<'_>, found: Option<Difference>) -> Box<Mismatch> {
        let found = found.expect("a failure is reported only where replies differ");
        let backends = (Replies::NAMES[found.slot], Replies::NAMES[found.reference]);
        let at = self.replies.first_differing_byte(found).map_or_else(String::new, |at| format!(" from byte {at} on"));
        let reason = format!("{} and {} differ in the {}{at}", backends.0, backends.1, found.aspect);
        self.failure(found.aspect, backends, reason, format!("{} {call:?}", Place(who)))
    }

    /// The failure of a call whose answer is judged by a rule, not by equality.
    #[cold]
    pub(super) fn breaks_rule(
        &self,
        who: Who,
        call: Call<'_>,
        aspect: Aspect,
        slot: usize,
        reason: &str,
    ) -> Box<Mismatch> {
        let backends = (Replies::NAMES[slot], "rule");
        self.failure(aspect, backends, reason.to_owned(), format!("{} {call:?}", Place(who)))
    }

    /// A failure at the current step, with what the backends answered last.
    #[cold]
    pub(super) fn failure(
        &self,
        field: Aspect,
        backends: (&'static str, &'static str),
        reason: String,
        call: String,
    ) -> Box<Mismatch> {
        Box::new(Mismatch {
            step: self.index,
            op: self.program.steps.get(self.index).map_or("end", |step| step.op.name()),
            field,
            backends,
            reason,
            call,
            replies: self.replies.iter().map(|(name, reply)| (name, Shown(reply).to_string())).collect(),
            tail: Vec::new(),
            replay: "lockstep replay artifacts/layered_cursor/crash-...".to_owned(),
        })
    }
}

/// `sN.cM`.
struct Place(Who);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}.c{}", self.0.session, self.0.cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_are_a_list_of_names() {
        assert_eq!("plain,model".parse(), Ok(Oracles::default()));
        assert_eq!("model".parse(), Ok(Oracles { plain: false, model: true }));
        assert_eq!(Oracles::default().to_string(), "plain,model");
        let error = "plain,leader".parse::<Oracles>().unwrap_err();
        assert_eq!(error.to_string(), "no oracle 'leader': the oracles are plain and model, separated by commas");
    }
}
