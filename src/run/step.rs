//! Turns a step of a program into calls. An operation with a key is `set_key` and the operation; values likewise.

use super::hook::Hook;
use super::lockstep::{Checked, Lockstep};
use super::observer::{Done, Observer};
use crate::backend::{Backend, Begin, Call, Code, CursorConfig, Isolation, Key, Timestamp, Value, Who};
use crate::program::{Op, Step};

/// How a step ended; see [`Done`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub code: Code,
    pub commit: Option<Code>,
    pub on_cursor: bool,
}

impl Ending {
    /// Of a step through a cursor, whose state the last replies carry.
    pub(super) fn cursor(code: Code) -> Self {
        Ending { code, commit: None, on_cursor: true }
    }

    /// Of a step without a cursor.
    pub(super) fn plain(code: Code) -> Self {
        Ending { code, commit: None, on_cursor: false }
    }
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Executes step `index`, compares it and checks what it expects.
    #[inline]
    pub(super) fn execute(&mut self, index: usize) -> Checked<()> {
        let program = self.program;
        let step = &program.steps[index];
        self.index = index;
        self.observer.before(index, step);
        if self.hook.is_some() {
            self.arm(step);
        }
        let Ending { code, commit, on_cursor } = self.step(step)?;
        if self.special {
            self.settle_hook()?;
        }
        if let Some(expect) = &step.expect {
            self.check(expect, code, commit)?;
        }
        self.observer.after(index, step, &Done { code, commit, on_cursor, replies: &self.replies });
        if self.special { self.twin_events() } else { Ok(()) }
    }

    fn step(&mut self, step: &Step) -> Checked<Ending> {
        let who = step.who;
        match &step.op {
            Op::Key { key } => self.on_cursor(who, None, Call::SetKey(key)),
            Op::Value { value } => self.on_cursor(who, None, Call::SetValue(value)),
            Op::Search { key } => self.on_cursor(who, key.as_ref(), Call::Search),
            Op::SearchNear { key } => self.on_cursor(who, key.as_ref(), Call::SearchNear),
            Op::Next => self.next(who),
            Op::Prev => self.on_cursor(who, None, Call::Prev),
            Op::Insert { key, value, ts } => self.write(who, key.as_ref(), value.as_ref(), Call::Insert, *ts),
            Op::Update { key, value, ts } => self.write(who, key.as_ref(), value.as_ref(), Call::Update, *ts),
            Op::Remove { key, ts } => self.write(who, key.as_ref(), None, Call::Remove, *ts),
            Op::Modify { key, deltas, ts } => self.write(who, key.as_ref(), None, Call::Modify(deltas), *ts),
            Op::Reserve { key, ts } => self.write(who, key.as_ref(), None, Call::Reserve, *ts),
            Op::LargestKey => self.largest_key(who),
            Op::Bound { side, key, inclusive } => {
                self.on_cursor(who, key.as_ref(), Call::Bound { side: *side, inclusive: *inclusive })
            }
            Op::ClearBounds => self.on_cursor(who, None, Call::ClearBounds),
            Op::Reset => self.on_cursor(who, None, Call::Reset),
            Op::Reopen { overwrite, random, table, append } => {
                let (table, overwrite, random, append) = (*table, *overwrite, *random, *append);
                self.reopen(who, CursorConfig { table, overwrite, random, append })
            }
            Op::Reconfigure { overwrite } => self.reconfigure(who, *overwrite),
            Op::Duplicate { from } => self.duplicate(who, *from),
            Op::Compare { with } => self.on_cursor(who, None, Call::Compare { with: *with }),
            Op::Equals { with } => self.on_cursor(who, None, Call::Equals { with: *with }),
            Op::State => self.on_cursor(who, None, Call::State),
            Op::GetKey => self.on_cursor(who, None, Call::GetKey),
            Op::GetValue => self.on_cursor(who, None, Call::GetValue),
            Op::NextRandom { table } => self.next_random(who.session, *table),
            Op::Scan { direction, table } => self.scan_step(step, *direction, *table),
            Op::Begin { isolation, read_ts, roundup, no_timestamp, ignore_prepare, roundup_prepared } => self.begin(
                who,
                Begin {
                    isolation: *isolation,
                    read_ts: *read_ts,
                    roundup_read: *roundup,
                    no_timestamp: *no_timestamp,
                    ignore_prepare: *ignore_prepare,
                    roundup_prepared: *roundup_prepared,
                },
            ),
            Op::Prepare { ts } => self.prepare(who, *ts),
            Op::Commit { ts, durable } => self.end_transaction(who, Call::Commit { ts: *ts, durable: *durable }),
            Op::Rollback => self.end_transaction(who, Call::Rollback),
            Op::TimestampTransaction { which, ts } => self.on_session(who, Call::TimestampTransaction(*which, *ts)),
            Op::ResetSnapshot => {
                let ending = self.on_session(who, Call::ResetSnapshot)?;
                if ending.code == Code::Ok {
                    self.sessions.took_snapshot(who.session);
                }
                Ok(ending)
            }
            Op::Query { what } => Ok(Ending::plain(self.call(who, Call::Query(*what))?)),
            Op::Truncate { start, stop, ts } => self.truncate(who, *start, *stop, *ts),
            Op::TruncateRange { first, last, table, ts } => {
                self.truncate_range(who, [first.as_ref(), last.as_ref()], *table, *ts)
            }
            Op::SetTimestamp { oldest, stable, durable } => {
                let call = Call::SetTimestamp { oldest: *oldest, stable: *stable, durable: *durable };
                let code = self.call(who, call)?;
                self.compare_all()?;
                Ok(Ending::plain(code))
            }
            Op::Checkpoint => self.checkpoint(),
            Op::Adopt => self.adopt(),
            Op::Advance { oldest, stable } => self.beginning(step).advance(*oldest, *stable),
            Op::Evict { percent } => self.evict(*percent),
            Op::Prune => self.prune(),
            Op::BulkInsert { first, count, ts } => self.beginning(step).bulk_insert(who, *first, *count, *ts),
            Op::BulkRemove { first, count, ts } => self.beginning(step).bulk_remove(who, *first, *count, *ts),
            Op::RemoveAll { ts } => self.beginning(step).remove_all(who, *ts),
            Op::InsertBeside { at, direction, value, ts } => {
                self.beginning(step).insert_beside(who, *at, *direction, value, *ts)
            }
            Op::TruncateAll { ts } => self.beginning(step).truncate_all(who, *ts),
            Op::PrepareFlood { first, count, ts } => self.beginning(step).prepare_flood(who, *first, *count, *ts),
            Op::RollbackToStable => self.rollback_to_stable(),
            Op::Recreate { table } => self.recreate(*table),
            Op::Quiesce => self.quiesce(),
            Op::StepDown => self.step_down(),
            Op::StepUp { node } => self.step_up(*node),
            Op::Restart { node, at } => self.restart(*node, *at),
            Op::Hook { at, action, ts } => {
                self.hook = Some(Hook { who, at: *at, action: *action, ts: *ts });
                Ok(Ending::plain(Code::Ok))
            }
        }
    }

    /// A call on a cursor, after `set_key` if there is a key.
    #[inline]
    fn on_cursor(&mut self, who: Who, key: Option<&Key>, call: Call<'_>) -> Checked<Ending> {
        if let Some(key) = key {
            self.tell(who, Call::SetKey(key))?;
        }
        Ok(Ending::cursor(self.call(who, call)?))
    }

    /// A call on a session, which may change the state of its cursors.
    fn on_session(&mut self, who: Who, call: Call<'_>) -> Checked<Ending> {
        let code = self.call(who, call)?;
        self.compare_session(who.session)?;
        Ok(Ending::plain(code))
    }

    /// A write, in a transaction of its own if it has a timestamp and none is running.
    fn write(
        &mut self,
        who: Who,
        key: Option<&Key>,
        value: Option<&Value>,
        call: Call<'_>,
        ts: Timestamp,
    ) -> Checked<Ending> {
        self.wrapped(who, ts, |lockstep| {
            if let Some(key) = key {
                lockstep.tell(who, Call::SetKey(key))?;
            }
            if let Some(value) = value {
                lockstep.tell(who, Call::SetValue(value))?;
            }
            lockstep.call(who, call)
        })
    }

    /// Closes the cursor and opens another one in its place.
    fn reopen(&mut self, who: Who, config: CursorConfig) -> Checked<Ending> {
        Ok(Ending::cursor(self.open(who, config)?))
    }

    fn reconfigure(&mut self, who: Who, overwrite: bool) -> Checked<Ending> {
        let code = self.call(who, Call::Reconfigure { overwrite })?;
        if code == Code::Ok {
            self.sessions.reconfigured(who, overwrite);
        }
        Ok(Ending::cursor(code))
    }

    /// Replaces the cursor by a duplicate of another one.
    fn duplicate(&mut self, who: Who, from: Who) -> Checked<Ending> {
        let code = self.call(who, Call::Duplicate { from })?;
        if code == Code::Ok {
            let table = self.sessions.config(from).table;
            self.sessions.opened(who, CursorConfig { table, ..CursorConfig::default() });
        }
        Ok(Ending::cursor(code))
    }

    pub(super) fn begin(&mut self, who: Who, config: Begin) -> Checked<Ending> {
        let code = self.call(who, Call::Begin(config))?;
        if code == Code::Ok {
            self.begun(who, &config);
        }
        self.compare_session(who.session)?;
        Ok(Ending::plain(code))
    }

    /// A transaction has begun as `config` says.
    pub(super) fn begun(&mut self, who: Who, config: &Begin) {
        let own = self.program.config.isolation_of(who.session);
        let isolation = match config.read_ts {
            Some(_) => Isolation::Snapshot,
            None => config.isolation.unwrap_or(own),
        };
        self.sessions.begun(who.session, isolation);
    }

    pub(super) fn prepare(&mut self, who: Who, ts: Option<Timestamp>) -> Checked<Ending> {
        let code = self.call(who, Call::Prepare(ts))?;
        if code == Code::Ok {
            self.sessions.prepared(who.session);
        }
        self.compare_session(who.session)?;
        Ok(Ending::plain(code))
    }

    /// Commit or rollback. Whatever it answers, no transaction is running afterwards, unless it was prepared.
    pub(super) fn end_transaction(&mut self, who: Who, call: Call<'_>) -> Checked<Ending> {
        let code = self.call(who, call)?;
        if code == Code::Ok || !self.sessions.is_prepared(who.session) {
            self.sessions.ended(who.session);
        }
        self.compare_session(who.session)?;
        Ok(Ending::plain(code))
    }
}
