//! Records a run: every step with its reply, as `.ops` text.

use super::expect;
use super::observer::{Done, Observer};
use crate::backend::{Code, Key, Reply, Value};
use crate::program::step::Expect;
use crate::program::{Op, Program, Step};

/// The replies of a run, one per step executed.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    replies: Vec<Expect>,
    /// The records of the scan in progress.
    rows: Vec<(Key, Value)>,
}

impl Trace {
    /// The replies so far; that of step i is the i-th.
    pub fn replies(&self) -> &[Expect] {
        &self.replies
    }

    /// `program`, whose run this is, with the replies filled in. Steps that were not executed have none.
    pub fn fill(&self, program: &Program) -> Program {
        let steps = (0..program.steps.len()).map(|index| self.filled(program, index)).collect();
        Program { config: program.config.clone(), steps }
    }

    /// Step `index` of `program` as a line of `.ops`, with its reply.
    pub fn line(&self, program: &Program, index: usize) -> String {
        self.filled(program, index).in_format(program.config.format)
    }

    fn filled(&self, program: &Program, index: usize) -> Step {
        let step = &program.steps[index];
        Step { who: step.who, op: step.op.clone(), expect: self.replies.get(index).cloned().map(Box::new) }
    }
}

impl Observer for Trace {
    fn before(&mut self, _index: usize, _step: &Step) {
        self.rows.clear();
    }

    fn row(&mut self, reply: &Reply) {
        let field = |field: &crate::backend::Field| field.get().cloned().unwrap_or_default();
        self.rows.push((field(&reply.key), field(&reply.value)));
    }

    fn after(&mut self, _index: usize, step: &Step, done: &Done<'_>) {
        let mut expect = expect::met(done.code, done.commit, done.on_cursor, done.replies);
        let reply = done.replies.follower();
        if done.code == Code::Ok {
            match step.op {
                Op::SearchNear { .. } | Op::Compare { .. } | Op::Equals { .. } => expect.exact = Some(reply.exact),
                Op::Query { .. } => expect.timestamp = Some(reply.timestamp),
                Op::Scan { .. } => expect.rows = Some(std::mem::take(&mut self.rows)),
                _ => {}
            }
        }
        self.replies.push(expect);
    }
}
