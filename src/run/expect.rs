//! Checks the replies that a program itself expects (`=> ...`). What an expectation leaves out is not checked.

use super::compare::{Aspect, Replies};
use super::failure::Mismatch;
use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use crate::backend::{Backend, Code, Field, Key, Reply, Value};
use crate::program::step::Expect;

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Checks the step just executed on every backend.
    #[cold]
    pub(super) fn check(&self, expect: &Expect, code: Code, commit: Option<Code>) -> Checked<()> {
        if code != expect.code {
            let reason = format!("the step answered {code}, expected {}", expect.code);
            return Err(self.unexpected(Aspect::Code, "all", reason));
        }
        let (answered, wanted) = (commit.unwrap_or(Code::Ok), expect.commit.unwrap_or(Code::Ok));
        if answered != wanted {
            let reason = format!("the commit of the write answered {answered}, expected {wanted}");
            return Err(self.unexpected(Aspect::Code, "all", reason));
        }
        for (name, reply) in self.replies.iter() {
            if let Some(aspect) = first_unexpected(expect, reply) {
                let reason = format!("{name} answered another {aspect} than expected");
                return Err(self.unexpected(aspect, name, reason));
            }
        }
        Ok(())
    }

    /// Checks the record that a scan has just read.
    pub(super) fn check_row(&self, expected: &[(Key, Value)], index: usize) -> Checked<()> {
        let reason = match expected.get(index) {
            None => format!("the scan goes on after {} records, where its end is expected", expected.len()),
            Some((key, value)) => {
                let is = |field: &Field, wanted: &Key| field.get() == Some(wanted);
                if self.replies.iter().all(|(_, reply)| is(&reply.key, key) && is(&reply.value, value)) {
                    return Ok(());
                }
                format!("record {index} of the scan should be {key:?} with value {value:?}")
            }
        };
        Err(self.unexpected(Aspect::Rows, "all", reason))
    }

    /// The failure of a step that answered otherwise than the program expects.
    pub(super) fn unexpected(&self, aspect: Aspect, name: &'static str, reason: String) -> Box<Mismatch> {
        let step = self.program.steps.get(self.index).map_or_else(String::new, ToString::to_string);
        self.failure(aspect, (name, "expected"), reason, step)
    }
}

/// The first aspect in which a reply is not the expected one.
fn first_unexpected(expect: &Expect, reply: &Reply) -> Option<Aspect> {
    fn wrong<T: PartialEq>(expected: &Option<T>, actual: &T) -> bool {
        expected.as_ref().is_some_and(|expected| expected != actual)
    }
    if wrong(&expect.key, &reply.key) {
        Some(Aspect::Key)
    } else if wrong(&expect.value, &reply.value) {
        Some(Aspect::Value)
    } else if wrong(&expect.exact, &reply.exact) {
        Some(Aspect::Exact)
    } else if wrong(&expect.timestamp, &reply.timestamp) {
        Some(Aspect::Timestamp)
    } else {
        None
    }
}

/// The expectation that a finished step meets: what a trace writes down.
///
/// Where a step's answer is each backend's own affair, only the code is the same for all.
pub(super) fn met(code: Code, commit: Option<Code>, on_cursor: bool, replies: &Replies) -> Expect {
    let reply = replies.follower();
    let state = on_cursor && replies.agree();
    Expect {
        code,
        commit,
        exact: None,
        key: state.then(|| reply.key.clone()),
        value: state.then(|| reply.value.clone()),
        timestamp: None,
        rows: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracles;
    use super::*;

    #[test]
    fn what_is_not_written_is_not_checked() {
        let reply = Reply { exact: 1, key: Field::External("k".into()), ..Reply::code(Code::Ok) };
        let mut expect =
            Expect { code: Code::Ok, commit: None, exact: None, key: None, value: None, timestamp: None, rows: None };
        assert_eq!(first_unexpected(&expect, &reply), None);
        expect.value = Some(Field::Unset);
        expect.key = Some(Field::External("k".into()));
        assert_eq!(first_unexpected(&expect, &reply), None);
        expect.exact = Some(0);
        assert_eq!(first_unexpected(&expect, &reply), Some(Aspect::Exact));
        expect.key = Some(Field::Internal("k".into()));
        assert_eq!(first_unexpected(&expect, &reply), Some(Aspect::Key));
        expect.key = None;
        expect.value = Some(Field::Internal("v".into()));
        assert_eq!(first_unexpected(&expect, &reply), Some(Aspect::Value));
        let mut expect = met(Code::Ok, None, false, &Replies::new(Oracles::default()));
        expect.timestamp = Some(3);
        assert_eq!(first_unexpected(&expect, &reply), Some(Aspect::Timestamp));
    }
}
