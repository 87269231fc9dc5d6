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

/// Attempts each write of a transaction in a transaction of its own, with the timestamp that it had.
fn attempt_wrapped(shrinker: &mut Shrinker<'_>, span: &Span) -> bool {
    let Some(Step { op: Op::Commit { ts }, .. }) = shrinker.steps().get(span.end) else {
        return false;
    };
    let set = shrinker.steps()[span.begin..span.end].iter().find_map(|step| match step.op {
        Op::TimestampTransaction { which: TxnTimestamp::Commit, ts } if step.who.session == span.session => Some(ts),
        _ => None,
    });
    let Some(ts) = ts.or(set) else { return false };
    shrinker.attempt_change(|program| wrap(program, span, ts))
}

fn wrap(program: &mut Program, span: &Span, ts: Timestamp) {
    let mut index = 0;
    program.steps.retain_mut(|step| {
        let stays =
            !(span.is_edge(index) || span.has(index, step) && matches!(step.op, Op::TimestampTransaction { .. }));
        if span.has(index, step) {
            for operand in step.op.operands_mut() {
                if let OperandMut::Wrap(wrap) = operand {
                    *wrap = ts;
                }
            }
        }
        index += 1;
        stays
    });
}
