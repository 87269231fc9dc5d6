//! The backends of a run, and one call made on all of them.

use super::compare::{Aspect, FOLLOWER, LEADER, MODEL, PLAIN, Replies, SLOTS, TWIN};
use super::entry::Outcome;
use super::failure::Mismatch;
use super::hook::{Armed, Hook};
use super::invariants;
use super::journal::Stamps;
use super::log::Log;
use super::nodes::{Engines, Nodes, slots};
use super::observer::{Hint, Observer};
use super::oracles::Oracles;
use super::sessions::Sessions;
use super::situation::Situation;
use super::twin::Schedule;
use crate::backend::{Backend, Call, Code, CursorConfig, Isolation, Timestamp, TimestampQuery, Who};
use crate::engine::EngineBackend;
use crate::oracle::Model;
use crate::program::Program;

/// A run in progress.
pub(super) struct Lockstep<'p, O, B> {
    pub(super) program: &'p Program,
    pub(super) observer: &'p mut O,
    pub(super) nodes: Nodes,
    pub(super) follower: B,
    pub(super) leader: B,
    pub(super) plain: Option<B>,
    pub(super) twin: Option<B>,
    /// What is still to happen to the twin.
    pub(super) schedule: Schedule,
    pub(super) model: Option<Model>,
    /// Whether the model's replies are compared; if not, it only says what was committed.
    pub(super) model_is_compared: bool,
    /// What was committed and is in no checkpoint yet, where a node may have to get it back. A node with column stores
    /// keeps them: nobody could say which records rolled back appends had used up.
    pub(super) log: Option<Log>,
    /// What the running transactions are going to be committed with.
    pub(super) stamps: Stamps,
    /// What is to happen inside the next step.
    pub(super) hook: Option<Hook>,
    /// What is to happen inside this step.
    pub(super) armed: Option<Armed>,
    /// Whether calls are more than calls on the usual backends.
    pub(super) special: bool,
    /// What the backends answered last.
    pub(super) replies: Replies,
    /// The step being executed, from 0.
    pub(super) index: usize,
    /// What is known of the sessions.
    pub(super) sessions: Sessions,
    /// Bursts so far; makes their values unique.
    pub(super) bursts: u32,
    pub(super) outcome: Outcome,
    /// Whether the model's reply replaces one that differs, instead of ending the run.
    pub(super) by_the_model: bool,
}

/// The result of anything that compares.
pub(super) type Checked<T> = Result<T, Box<Mismatch>>;

impl<'p, O: Observer, B: Backend> Lockstep<'p, O, B> {
    pub(super) fn new(
        program: &'p Program,
        oracles: Oracles,
        observer: &'p mut O,
        wrap: &impl Fn(EngineBackend) -> B,
    ) -> Checked<Self> {
        let config = &program.config;
        let (nodes, Engines { follower, leader, plain, twin }) = Nodes::new(program, oracles);
        let needs_log = program.changes_nodes();
        let mut isolation = config.isolation[..usize::from(config.sessions)].to_vec();
        if needs_log {
            isolation.push(Isolation::Snapshot); // one that sees what is committed, and which no program knows
        }
        let mut lockstep = Lockstep {
            program,
            observer,
            nodes,
            follower: wrap(follower),
            leader: wrap(leader),
            plain: plain.map(wrap),
            twin: twin.map(wrap),
            schedule: Schedule::default(),
            model: (oracles.model || needs_log)
                .then(|| Model::new(&isolation, slots(config), config.tables, config.format)),
            model_is_compared: oracles.model,
            log: (needs_log && !config.format.is_column()).then(Log::default),
            stamps: Stamps::default(),
            hook: None,
            armed: None,
            special: needs_log || oracles.twin,
            replies: Replies::new(oracles),
            index: 0,
            sessions: Sessions::default(),
            bursts: 0,
            outcome: Outcome::default(),
            by_the_model: false,
        };
        for who in Sessions::slots(config) {
            lockstep.open(who, CursorConfig { table: config.table_of(who), ..CursorConfig::default() })?;
        }
        Ok(lockstep)
    }

    /// One of the two passing cursors of a session, beyond those that programs name.
    pub(super) fn scratch(&self, session: u8, which: u8) -> Who {
        Who { session, cursor: self.program.config.cursors + which }
    }

    /// Opens a cursor that programs name.
    pub(super) fn open(&mut self, who: Who, config: CursorConfig) -> Checked<Code> {
        let code = self.call(who, Call::Open(config))?;
        if code == Code::Ok {
            self.sessions.opened(who, config);
        }
        Ok(code)
    }

    /// Makes a call on every backend. Compares nothing.
    #[inline]
    pub(super) fn dispatch(&mut self, who: Who, call: Call<'_>) {
        self.outcome.calls += 1;
        if self.special {
            return self.dispatch_specially(who, call);
        }
        match (&mut self.plain, &mut self.model) {
            (None, None) => self.replies.expect(self.leader.call(who, call)),
            (Some(plain), None) => {
                self.replies.expect(plain.call(who, call));
                self.replies.hear(LEADER, &mut self.leader, who, call);
            }
            (plain, Some(model)) => {
                hint(self.observer, model, who, call);
                let reply = model.call(who, call);
                self.observer.answered(who, &call, &reply);
                self.replies.expect(reply);
                self.replies.hear(LEADER, &mut self.leader, who, call);
                if let Some(plain) = plain {
                    self.replies.hear(PLAIN, plain, who, call);
                }
            }
        }
        self.replies.hear(FOLLOWER, &mut self.follower, who, call);
    }

    /// The same where something is to happen inside a call, a twin takes part, or what is committed has to be known.
    #[cold]
    fn dispatch_specially(&mut self, who: Who, call: Call<'_>) {
        let pending = self.about_to_commit(who, call);
        let asked = self.ask_armed(who, call);
        if let Some(model) = &self.model {
            hint(self.observer, model, who, call);
        }
        let model = self.model.as_mut().map(|model| model.call(who, call));
        if let Some(reply) = &model {
            self.observer.answered(who, &call, reply);
            self.has_committed(pending, reply.code);
        }
        match (&mut self.plain, model.filter(|_| self.model_is_compared)) {
            (None, None) => self.replies.expect(self.leader.call(who, call)),
            (Some(plain), None) => {
                self.replies.expect(plain.call(who, call));
                self.replies.hear(LEADER, &mut self.leader, who, call);
            }
            (plain, Some(reply)) => {
                self.replies.expect(reply);
                self.replies.hear(LEADER, &mut self.leader, who, call);
                if let Some(plain) = plain {
                    self.replies.hear(PLAIN, plain, who, call);
                }
            }
        }
        if let Some(twin) = &mut self.twin {
            self.replies.hear(TWIN, twin, who, call);
        }
        match asked {
            Some(reply) => self.replies.heard(FOLLOWER, reply),
            None => self.replies.hear(FOLLOWER, &mut self.follower, who, call),
        }
        self.after_armed_call();
    }

    /// Makes a call on every backend and compares the codes. For `set_key` and `set_value`, which another call of the
    /// same step follows: its reply shows what this one has left.
    #[inline]
    pub(super) fn tell(&mut self, who: Who, call: Call<'_>) -> Checked<Code> {
        self.outcome.calls += 1;
        let follower = self.follower.tell(who, call);
        let leader = self.leader.tell(who, call);
        let plain = self.plain.as_mut().map_or(follower, |plain| plain.tell(who, call));
        let twin = self.twin.as_mut().map_or(follower, |twin| twin.tell(who, call));
        let mut model = self.model.as_mut().map_or(follower, |model| model.tell(who, call));
        if self.model.is_some() {
            self.observer.told(who, &call, model);
        }
        if !self.model_is_compared {
            model = follower;
        }
        if leader != follower || plain != follower || model != follower || twin != follower {
            let mut codes = [follower; SLOTS];
            (codes[LEADER], codes[PLAIN], codes[TWIN], codes[MODEL]) = (leader, plain, twin, model);
            return Err(self.tells_differ(who, call, codes));
        }
        Ok(follower)
    }

    #[cold]
    fn tells_differ(&mut self, who: Who, call: Call<'_>, codes: [Code; SLOTS]) -> Box<Mismatch> {
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

    /// Does `work`, after which the replies are those from before: what a step answered outlives what is only looked at.
    pub(super) fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        let before = self.replies.clone();
        let result = work(self)?;
        self.replies = before;
        Ok(result)
    }

    /// A timestamp of the nodes, asked of one who knows. Compares nothing.
    pub(super) fn ask(&mut self, what: TimestampQuery) -> Timestamp {
        let call = Call::Query(what);
        match &mut self.model {
            Some(model) => model.call(Who::default(), call).timestamp,
            None => self.leader.call(Who::default(), call).timestamp,
        }
    }

    /// Compares the states of all cursors of a session.
    pub(super) fn compare_session(&mut self, session: u8) -> Checked<()> {
        for cursor in 0..self.program.config.cursors {
            self.call(Who { session, cursor }, Call::State)?;
        }
        Ok(())
    }

    /// Compares the states of all cursors of all sessions, and says what they are up to.
    pub(super) fn compare_all(&mut self) -> Checked<Situation> {
        let mut situation = Situation { in_transaction: self.sessions.any_running(), ..Situation::default() };
        for who in Sessions::slots(&self.program.config) {
            self.call(who, Call::State)?;
            situation.add(who, self.replies.expected());
        }
        Ok(situation)
    }
}

/// Tells a listener what is special about the call that the model is about to answer.
#[inline]
pub(super) fn hint<O: Observer>(observer: &mut O, model: &Model, who: Who, call: Call<'_>) {
    if !O::LISTENS {
        return;
    }
    if model.overwrites_forgotten(who, call) {
        observer.about_to_ask(who, Hint::ForgottenTimestamp);
    }
    if model.looks_over_remains(who, call) {
        observer.about_to_ask(who, Hint::NothingButRemains);
    }
    if model.commits_behind_forgotten(who, call) {
        observer.about_to_ask(who, Hint::BehindForgotten);
    }
    if matches!(call, Call::Prepare(_)) && model.is_doomed(who.session) {
        observer.about_to_ask(who, Hint::Doomed);
    }
    if matches!(call, Call::Modify(_)) && model.is_stale(who) {
        observer.about_to_ask(who, Hint::Stale);
    }
    if model.truncates_untouched(who, call) {
        observer.about_to_ask(who, Hint::Untouched);
    }
    if matches!(call, Call::Remove) && model.gone_under(who).is_some() {
        observer.about_to_ask(who, Hint::PlaceIsGone);
    }
    if matches!(call, Call::Prev)
        && let Some(first) = model.first_written_fixed(who)
    {
        observer.about_to_ask(who, Hint::FirstWritten(first));
    }
    if let Call::Truncate { stop: Some(cursor), .. } = call {
        let stop = Who { cursor, ..who };
        if let Some(key) = model.gone_under(stop) {
            observer.about_to_ask(who, Hint::StopIsGone(stop, key));
        }
    }
}
