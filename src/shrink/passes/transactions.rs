//! Drops transactions: with all that is done in them, or only their begin and end. Where only the end gives the writes
//! a timestamp, the writes take it with them: `begin`, `insert`, `commit ts=5` becomes `insert ts=5`.

use super::is_by_session;
use crate::backend::{Timestamp, TxnTimestamp};
use crate::program::{Op, OperandMut, Program, Step};
use crate::shrink::shrinker::Shrinker;

/// A transaction.
struct Span {
    session: u8,
    begin: usize,
    /// The step that commits it or rolls it back; the end of the program if none does.
    end: usize,
}

impl Span {
    /// The transaction that the step `begin` starts.
    fn from(steps: &[Step], begin: usize) -> Option<Span> {
        let session = steps[begin].who.session;
        matches!(steps[begin].op, Op::Begin { .. }).then_some(())?;
        let is_end = |step: &Step| step.who.session == session && matches!(step.op, Op::Commit { .. } | Op::Rollback);
        let end = steps[begin..].iter().position(is_end).map_or(steps.len(), |offset| begin + offset);
        Some(Span { session, begin, end })
    }

    fn is_edge(&self, index: usize) -> bool {
        index == self.begin || index == self.end
    }

    /// Whether a step is done in the transaction; its begin and its end are.
    fn has(&self, index: usize, step: &Step) -> bool {
        (self.begin..=self.end).contains(&index) && is_by_session(step) && step.who.session == self.session
    }
}

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, begin| {
        let Some(span) = Span::from(shrinker.steps(), begin) else { return };
        let _ = shrinker.attempt_without(|index, step| span.has(index, step))
            || shrinker.attempt_without(|index, _| span.is_edge(index))
            || attempt_wrapped(shrinker, &span);
    });
}

/// Attempts each write of a committed transaction in a transaction of its own, with the timestamp that it had; then all
/// of them at the place of the commit.
fn attempt_wrapped(shrinker: &mut Shrinker<'_>, span: &Span) -> bool {
    let Some(Step { op: Op::Commit { ts, .. }, .. }) = shrinker.steps().get(span.end) else {
        return false;
    };
    let set = shrinker.steps()[span.begin..span.end].iter().find_map(|step| match step.op {
        Op::TimestampTransaction { which: TxnTimestamp::Commit, ts } if step.who.session == span.session => Some(ts),
        _ => None,
    });
    let ts = ts.or(set).unwrap_or(0);
    [false, true].into_iter().any(|at_the_end| shrinker.attempt_change(|program| wrap(program, span, ts, at_the_end)))
}

/// Takes begin and end of a transaction away and gives the writes between them `ts`; moves what was done in it to its
/// end, if wanted.
fn wrap(program: &mut Program, span: &Span, ts: Timestamp, at_the_end: bool) {
    let mut own = Vec::new();
    let mut others = Vec::new();
    for (index, mut step) in (span.begin..).zip(program.steps.drain(span.begin..=span.end)) {
        if !span.has(index, &step) {
            others.push(step);
        } else if !span.is_edge(index) && !matches!(step.op, Op::TimestampTransaction { .. } | Op::Prepare { .. }) {
            for operand in step.op.operands_mut() {
                if let OperandMut::Wrap(wrap) = operand {
                    *wrap = ts;
                }
            }
            if at_the_end { own.push(step) } else { others.push(step) }
        }
    }
    others.append(&mut own);
    program.steps.splice(span.begin..span.begin, others);
}
