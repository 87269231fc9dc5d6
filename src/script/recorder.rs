//! Records what a run asks of the model, and what is true of the answers that the contract leaves open.

use super::withheld::{self, Standing};
use super::{Entry, Expected, Script, wire};
use crate::backend::{Begin, Call, Code, Isolation, Key, Reply, Timestamp, Who};
use crate::program::{Config, Program, Step};
use crate::run::{Observer, Open};
use std::collections::BTreeMap;

/// Watches a run and keeps its script.
#[derive(Clone, Debug)]
pub struct Recorder {
    script: Script,
    step: usize,
    standing: [Standing; Config::MAX_SESSIONS as usize],
    /// Whether the node has a stable timestamp.
    has_stable: bool,
}

impl Recorder {
    /// A recorder of a run of `program`.
    pub fn new(program: &Program) -> Self {
        let script = Script {
            config: program.config.clone(),
            entries: Vec::new(),
            withheld: BTreeMap::new(),
            last_ts: 0,
            needs_fresh: false,
        };
        Recorder { script, step: 0, standing: Default::default(), has_stable: false }
    }

    /// What was recorded.
    pub fn into_script(self) -> Script {
        self.script
    }

    fn record(&mut self, who: Who, call: &Call<'_>, reply: &Reply, expected: Expected) {
        let session = usize::from(who.session);
        let Some(&standing) = self.standing.get(session) else { return };
        if let Some(rule) = withheld::rule(call, reply, standing) {
            *self.script.withheld.entry(rule.name).or_default() += 1;
            return;
        }
        if standing.would_not_end(call, reply) {
            *self.script.withheld.entry(withheld::ENDLESS).or_default() += 1;
            return self.record_in_transaction(who, call, reply);
        }
        self.learn(session, call, reply);
        let near = reply.key.get().filter(|_| reply.code == Code::Ok);
        self.push(wire::line(who, call, near), expected);
    }

    fn push(&mut self, line: String, expected: Expected) {
        self.script.entries.push(Entry { step: self.step, line, expected });
    }

    /// A write that is rolled back, in a transaction that then is rolled back.
    fn record_in_transaction(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        let begin = Begin { isolation: Some(Isolation::Snapshot), ..Begin::default() };
        self.push(wire::line(who, &Call::Begin(begin), None), Expected::Code(Code::Ok));
        self.push(wire::line(who, call, None), Expected::Code(Code::Rollback));
        self.push(wire::line(who, &Call::Rollback, None), Expected::Code(Code::Ok));
        let left = Reply { code: Code::Ok, ..reply.clone() };
        self.push(wire::line(who, &Call::State, None), Expected::Reply(left));
    }

    /// What the call means for those that come after it.
    fn learn(&mut self, session: usize, call: &Call<'_>, reply: &Reply) {
        let standing = &mut self.standing[session];
        let ok = reply.code == Code::Ok;
        match *call {
            Call::Begin(_) if ok => *standing = Standing { running: true, ..Standing::default() },
            Call::Rollback if ok => *standing = Standing::default(),
            Call::Commit { .. } if ok || !standing.prepared => *standing = Standing::default(),
            Call::Prepare(_) if ok => standing.prepared = true,
            Call::RollbackToStable if !self.has_stable => self.script.needs_fresh = true,
            _ => {}
        }
        let harmless = [Code::Ok, Code::NotFound, Code::DuplicateKey, Code::PrepareConflict].contains(&reply.code);
        self.standing[session].failed |= !harmless;
        if let Call::SetTimestamp { oldest, stable, .. } = *call {
            // Where a clock has run before, stable is not unset but behind.
            self.script.needs_fresh |= oldest.is_some() && stable.is_none() && !self.has_stable;
            self.has_stable |= ok && stable.is_some();
        }
        for ts in timestamps(call).into_iter().flatten() {
            self.script.last_ts = self.script.last_ts.max(ts);
        }
    }
}

fn timestamps(call: &Call<'_>) -> [Option<Timestamp>; 3] {
    match *call {
        Call::Begin(begin) => [begin.read_ts, None, None],
        Call::Commit { ts, durable } => [ts, durable, None],
        Call::Prepare(ts) => [ts, None, None],
        Call::TimestampTransaction(_, ts) => [Some(ts), None, None],
        Call::SetTimestamp { oldest, stable, durable } => [oldest, stable, durable],
        _ => [None; 3],
    }
}

impl Observer for Recorder {
    const LISTENS: bool = true;

    fn before(&mut self, index: usize, _step: &Step) {
        self.step = index;
    }

    fn after(&mut self, index: usize, _step: &Step, _done: &crate::run::Done<'_>) {
        self.step = index + 1;
    }

    fn told(&mut self, who: Who, call: &Call<'_>, code: Code) {
        self.record(who, call, &Reply::code(code), Expected::Code(code));
    }

    fn answered(&mut self, who: Who, call: &Call<'_>, reply: &Reply) {
        self.record(who, call, reply, Expected::Reply(reply.clone()));
    }

    fn left_open(&mut self, open: Open) {
        let Some(entry) = self.script.entries.last_mut() else { return };
        entry.expected = match open {
            Open::Random { seen, conflict, nothing } => Expected::Random { seen, conflict, nothing },
            Open::Largest { at_least, written } => Expected::Largest { at_least, written: distinct(written) },
        };
    }
}

fn distinct(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort();
    keys.dedup();
    keys
}
