//! The one comparison: the replies of all backends to a call, and the first thing in which two of them differ.

use crate::backend::{Code, Field, Reply};
use serde::Serialize;
use std::fmt;

/// What two replies differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// The return code.
    Code,
    /// The state of the cursor's key.
    Key,
    /// The state of the cursor's value.
    Value,
    /// The sign of exact, or the result of a comparison of cursors.
    Exact,
    /// Whether the cursor holds a place in the table.
    Placed,
    /// A queried timestamp.
    Timestamp,
    /// The records of a scan.
    Rows,
}

impl Aspect {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Aspect::Code => "code",
            Aspect::Key => "key",
            Aspect::Value => "value",
            Aspect::Exact => "exact",
            Aspect::Placed => "placed",
            Aspect::Timestamp => "timestamp",
            Aspect::Rows => "rows",
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first aspect in which two replies differ, in the order of [`Aspect`].
pub(super) fn first_difference(a: &Reply, b: &Reply) -> Option<Aspect> {
    if a.code != b.code {
        Some(Aspect::Code)
    } else if a.key != b.key {
        Some(Aspect::Key)
    } else if a.value != b.value {
        Some(Aspect::Value)
    } else if a.exact != b.exact {
        Some(Aspect::Exact)
    } else if a.placed != b.placed {
        Some(Aspect::Placed)
    } else if a.timestamp != b.timestamp {
        Some(Aspect::Timestamp)
    } else {
        None
    }
}

/// Which of the replies differ: two places in [`Replies`], and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub aspect: Aspect,
    pub slot: usize,
    pub reference: usize,
}

/// The layered table of the follower: the system under test.
pub(super) const FOLLOWER: usize = 0;
/// The layered table of the leader.
pub(super) const LEADER: usize = 1;
/// The plain table of the follower.
pub(super) const PLAIN: usize = 2;
/// The model.
pub(super) const MODEL: usize = 3;

/// What every backend of a run answered to the last call.
#[derive(Clone, Debug)]
pub struct Replies {
    slots: [Reply; 4],
    /// The slots in use, ascending. The last one is what the others are compared with.
    active: &'static [usize],
}

impl Replies {
    /// The names of the backends, by slot.
    pub(super) const NAMES: [&'static str; 4] = ["follower-layered", "leader-layered", "follower-plain", "model"];

    pub(super) fn new(plain: bool, model: bool) -> Self {
        let active: &'static [usize] = match (plain, model) {
            (true, true) => &[FOLLOWER, LEADER, PLAIN, MODEL],
            (true, false) => &[FOLLOWER, LEADER, PLAIN],
            (false, true) => &[FOLLOWER, LEADER, MODEL],
            (false, false) => &[FOLLOWER, LEADER],
        };
        Replies { slots: std::array::from_fn(|_| Reply::code(Code::Ok)), active }
    }

    #[inline]
    pub(super) fn set(&mut self, slot: usize, reply: Reply) {
        self.slots[slot] = reply;
    }

    #[inline]
    pub(super) fn slot(&self, slot: usize) -> &Reply {
        &self.slots[slot]
    }

    pub(super) fn active(&self) -> &'static [usize] {
        self.active
    }

    fn reference(&self) -> usize {
        self.active[self.active.len() - 1]
    }

    /// What the others are compared with: the model's reply, where the model takes part.
    #[inline]
    pub fn expected(&self) -> &Reply {
        &self.slots[self.reference()]
    }

    /// The reply of the system under test.
    #[inline]
    pub fn follower(&self) -> &Reply {
        &self.slots[FOLLOWER]
    }

    /// The replies with the names of the backends that gave them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Reply)> {
        self.active.iter().map(|&slot| (Self::NAMES[slot], &self.slots[slot]))
    }

    /// Whether all replies are equal.
    #[inline]
    pub fn agree(&self) -> bool {
        let expected = self.expected();
        self.active[..self.active.len() - 1].iter().all(|&slot| self.slots[slot] == *expected)
    }

    /// The first difference from the reference, by slot.
    pub(super) fn difference(&self) -> Option<Difference> {
        self.difference_by(first_difference)
    }

    /// The first difference in the codes.
    pub(super) fn code_difference(&self) -> Option<Difference> {
        self.difference_by(|a, b| (a.code != b.code).then_some(Aspect::Code))
    }

    fn difference_by(&self, differ: impl Fn(&Reply, &Reply) -> Option<Aspect>) -> Option<Difference> {
        let reference = self.reference();
        self.active.iter().find_map(|&slot| {
            let aspect = differ(&self.slots[slot], &self.slots[reference])?;
            Some(Difference { aspect, slot, reference })
        })
    }
}

/// A reply as `.ops` text writes it, and whether the cursor holds a place, which that text leaves out.
pub(super) struct Shown<'a>(pub &'a Reply);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reply { code, exact, key, value, placed, timestamp } = self.0;
        write!(f, "{code} key={} value={}", FieldText(key), FieldText(value))?;
        if *exact != 0 {
            write!(f, " exact={exact}")?;
        }
        if *timestamp != 0 {
            write!(f, " ts={timestamp}")?;
        }
        f.write_str(if *placed { " placed" } else { "" })
    }
}

/// `-`, `"bytes"` for the record that the cursor stands on, `E("bytes")` for what the cursor owns.
struct FieldText<'a>(&'a Field);

impl fmt::Display for FieldText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Field::Unset => f.write_str("-"),
            Field::External(bytes) => write!(f, "E({bytes:?})"),
            Field::Internal(bytes) => write!(f, "{bytes:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        Reply {
            placed: true,
            key: Field::Internal("k".into()),
            value: Field::Internal("v".into()),
            ..Reply::code(Code::Ok)
        }
    }

    #[test]
    fn every_part_of_a_reply_counts() {
        type Change = fn(&mut Reply);
        let changes: [(Aspect, Change); 6] = [
            (Aspect::Code, |r| r.code = Code::Busy),
            (Aspect::Key, |r| r.key = Field::External("k".into())),
            (Aspect::Value, |r| r.value = Field::Unset),
            (Aspect::Exact, |r| r.exact = -1),
            (Aspect::Placed, |r| r.placed = false),
            (Aspect::Timestamp, |r| r.timestamp = 5),
        ];
        assert_eq!(first_difference(&reply(), &reply()), None);
        for (aspect, change) in changes {
            for slot in [FOLLOWER, LEADER, PLAIN, MODEL] {
                let mut replies = Replies::new(true, true);
                for to in [FOLLOWER, LEADER, PLAIN, MODEL] {
                    replies.set(to, reply());
                }
                assert!(replies.agree());
                change(&mut replies.slots[slot]);
                assert!(!replies.agree(), "{aspect} of slot {slot}");
                let found = replies.difference().unwrap();
                let differing = if slot == MODEL { FOLLOWER } else { slot };
                assert_eq!(found, Difference { aspect, slot: differing, reference: MODEL });
            }
        }
    }

    #[test]
    fn backends_that_take_no_part_are_not_compared() {
        let mut replies = Replies::new(false, false);
        replies.set(PLAIN, Reply::code(Code::Busy));
        assert!(replies.agree());
        assert_eq!(replies.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["follower-layered", "leader-layered"]);
        replies.set(FOLLOWER, Reply::code(Code::Busy));
        assert_eq!(replies.difference().unwrap().reference, LEADER);
    }

    #[test]
    fn a_reply_is_shown_with_everything_that_is_compared() {
        let mut shown = reply();
        shown.exact = -1;
        shown.timestamp = 7;
        assert_eq!(Shown(&shown).to_string(), r#"ok key="k" value="v" exact=-1 ts=7 placed"#);
    }
}
