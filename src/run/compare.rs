//! The one comparison: the replies of all backends to a call, and the first thing in which two of them differ.

use super::oracles::Oracles;
use crate::backend::{Backend, Call, Code, Field, Reply, Who, record_number_of};
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
    /// Whether a walk comes to an end.
    Hang,
    /// Whether it is there to answer at all.
    Death,
}

impl Aspect {
    /// Every one.
    pub const ALL: [Aspect; 9] = [
        Aspect::Code,
        Aspect::Key,
        Aspect::Value,
        Aspect::Exact,
        Aspect::Placed,
        Aspect::Timestamp,
        Aspect::Rows,
        Aspect::Hang,
        Aspect::Death,
    ];

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
            Aspect::Hang => "hang",
            Aspect::Death => "death",
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
/// The layered table of the twin: a follower to which physical events happen at other moments.
pub(super) const TWIN: usize = 4;
/// How many backends there may be.
pub(super) const SLOTS: usize = 5;

/// What every backend of a run answered to the last call.
#[derive(Clone, Debug)]
pub struct Replies {
    /// The reply that the others are compared with.
    expected: Reply,
    /// The replies that are not equal to it, by slot.
    unlike: [Option<Reply>; SLOTS],
    /// Whether there are any.
    differ: bool,
    /// The slots in use. The last one is what the others are compared with.
    active: &'static [usize],
}

impl Replies {
    /// The names of the backends, by slot.
    pub(super) const NAMES: [&'static str; SLOTS] =
        ["follower-layered", "leader-layered", "follower-plain", "model", "twin-layered"];

    pub(super) fn new(oracles: Oracles) -> Self {
        let Oracles { plain, model, twin } = oracles;
        let active: &'static [usize] = match (twin, plain, model) {
            (false, true, true) => &[FOLLOWER, LEADER, PLAIN, MODEL],
            (false, true, false) => &[FOLLOWER, LEADER, PLAIN],
            (false, false, true) => &[FOLLOWER, LEADER, MODEL],
            (false, false, false) => &[FOLLOWER, LEADER],
            (true, true, true) => &[FOLLOWER, TWIN, LEADER, PLAIN, MODEL],
            (true, true, false) => &[FOLLOWER, TWIN, LEADER, PLAIN],
            (true, false, true) => &[FOLLOWER, TWIN, LEADER, MODEL],
            (true, false, false) => &[FOLLOWER, TWIN, LEADER],
        };
        Replies { expected: Reply::code(Code::Ok), unlike: [const { None }; SLOTS], differ: false, active }
    }

    /// Begins with the replies to the next call: here is the one that the others are compared with.
    #[inline]
    pub(super) fn expect(&mut self, reply: Reply) {
        if self.differ {
            self.settle();
        }
        self.expected = reply;
    }

    /// A backend has made the call that a reply is expected to.
    #[inline]
    pub(super) fn hear(&mut self, slot: usize, backend: &mut impl Backend, who: Who, call: Call<'_>) {
        if let Some(reply) = backend.unlike(who, call, &self.expected) {
            self.differ = true;
            self.unlike[slot] = Some(reply);
        }
    }

    /// The reply of a backend that made the call before the one that is expected was known.
    pub(super) fn heard(&mut self, slot: usize, reply: Reply) {
        if reply != self.expected {
            self.differ = true;
            self.unlike[slot] = Some(reply);
        }
    }

    /// The replies to a call of which only the codes are known.
    pub(super) fn set_codes(&mut self, codes: [Code; SLOTS]) {
        self.expect(Reply::code(codes[self.reference()]));
        for &slot in self.active {
            self.heard(slot, Reply::code(codes[slot]));
        }
    }

    #[inline]
    pub(super) fn slot(&self, slot: usize) -> &Reply {
        self.unlike[slot].as_ref().unwrap_or(&self.expected)
    }

    pub(super) fn active(&self) -> &'static [usize] {
        self.active
    }

    /// Replaces every reply by the one that is expected.
    pub(super) fn settle(&mut self) {
        self.unlike = [const { None }; SLOTS];
        self.differ = false;
    }

    fn reference(&self) -> usize {
        self.active[self.active.len() - 1]
    }

    /// What the others are compared with: the model's reply, where the model takes part.
    #[inline]
    pub fn expected(&self) -> &Reply {
        &self.expected
    }

    /// The reply of the system under test.
    #[inline]
    pub fn follower(&self) -> &Reply {
        self.slot(FOLLOWER)
    }

    /// The replies with the names of the backends that gave them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Reply)> {
        self.active.iter().map(|&slot| (Self::NAMES[slot], self.slot(slot)))
    }

    /// Whether all replies are equal.
    #[inline]
    pub fn agree(&self) -> bool {
        !self.differ
    }

    /// The first difference from the reference, by slot.
    pub(super) fn difference(&self) -> Option<Difference> {
        self.difference_by(first_difference)
    }

    /// The first difference in the codes.
    pub(super) fn code_difference(&self) -> Option<Difference> {
        self.difference_by(|a, b| (a.code != b.code).then_some(Aspect::Code))
    }

    /// Where two values or keys begin to differ; nothing where anyone sees it.
    pub(super) fn first_differing_byte(&self, found: Difference) -> Option<usize> {
        let bytes = |slot| {
            let reply: &Reply = self.slot(slot);
            let field = if found.aspect == Aspect::Key { &reply.key } else { &reply.value };
            field.get().map(|bytes| bytes.as_bytes())
        };
        let (a, b) = (bytes(found.slot)?, bytes(found.reference)?);
        let is_of_bytes = matches!(found.aspect, Aspect::Key | Aspect::Value);
        let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        (is_of_bytes && at >= 16).then_some(at)
    }

    fn difference_by(&self, differ: impl Fn(&Reply, &Reply) -> Option<Aspect>) -> Option<Difference> {
        let reference = self.reference();
        self.active.iter().find_map(|&slot| {
            let aspect = differ(self.slot(slot), &self.expected)?;
            Some(Difference { aspect, slot, reference })
        })
    }
}

/// A reply as `.ops` text writes it, and whether the cursor holds a place, which that text leaves out.
/// In the alternate form (`{:#}`) its key is that of a column store.
pub(crate) struct Shown<'a>(pub &'a Reply);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reply { code, exact, key, value, placed, timestamp } = self.0;
        match key.get().and_then(|key| record_number_of(key)).filter(|_| f.alternate()) {
            None => write!(f, "{code} key={}", FieldText(key))?,
            Some(number) if key.is_internal() => write!(f, "{code} key={number}")?,
            Some(number) => write!(f, "{code} key=E({number})")?,
        }
        write!(f, " value={}", FieldText(value))?;
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
    use crate::backend::{CursorConfig, Isolation};
    use crate::engine::{EngineBackend, Node, Role, TableKind};
    use std::cell::RefCell;
    use std::rc::Rc;

    fn reply() -> Reply {
        Reply {
            placed: true,
            key: Field::Internal("k".into()),
            value: Field::Internal("v".into()),
            ..Reply::code(Code::Ok)
        }
    }

    /// A backend that always answers the same.
    struct Always(Reply);

    impl Backend for Always {
        fn name(&self) -> &'static str {
            "always"
        }

        fn call(&mut self, _: Who, _: Call<'_>) -> Reply {
            self.0.clone()
        }
    }

    fn hear(replies: &mut Replies, slot: usize, reply: Reply) {
        replies.hear(slot, &mut Always(reply), Who::default(), Call::State);
    }

    /// One change for every part of a reply.
    type Change = fn(&mut Reply);
    const CHANGES: [(Aspect, Change); 6] = [
        (Aspect::Code, |r| r.code = Code::Busy),
        (Aspect::Key, |r| r.key = Field::External("k".into())),
        (Aspect::Value, |r| r.value = Field::Unset),
        (Aspect::Exact, |r| r.exact = -1),
        (Aspect::Placed, |r| r.placed = false),
        (Aspect::Timestamp, |r| r.timestamp = 5),
    ];

    #[test]
    fn every_part_of_a_reply_counts() {
        assert_eq!(first_difference(&reply(), &reply()), None);
        for (aspect, change) in CHANGES {
            for changed in [FOLLOWER, TWIN, LEADER, PLAIN, MODEL] {
                let answer = |slot| {
                    let mut reply = reply();
                    if slot == changed {
                        change(&mut reply);
                    }
                    reply
                };
                let mut replies = Replies::new(Oracles { twin: true, ..Oracles::default() });
                replies.expect(answer(MODEL));
                for slot in [FOLLOWER, TWIN, LEADER, PLAIN] {
                    hear(&mut replies, slot, answer(slot));
                }
                assert!(!replies.agree(), "{aspect} of slot {changed}");
                assert!((0..SLOTS).all(|slot| *replies.slot(slot) == answer(slot)));
                let found = replies.difference().unwrap();
                let differing = if changed == MODEL { FOLLOWER } else { changed };
                assert_eq!(found, Difference { aspect, slot: differing, reference: MODEL });
                replies.expect(reply());
                assert!(replies.agree(), "what was before the last call does not count");
            }
        }
    }

    #[test]
    fn an_engine_notices_every_part_of_a_reply() {
        let mut node = Node::new(Role::Leader);
        let table = node.create_table(TableKind::Plain(crate::backend::Format::Row), "records");
        let first = node.open_session(Isolation::Snapshot, 1);
        let mut engine = EngineBackend::new("engine", Rc::new(RefCell::new(node)), vec![table], first);
        let who = Who::default();
        let key = "k".into();
        let put = [Call::Open(CursorConfig::default()), Call::SetKey(&key), Call::SetValue(&key), Call::Update];
        assert!(put.into_iter().all(|call| engine.tell(who, call) == Code::Ok));
        let actual = engine.call(who, Call::Search);
        assert_eq!(engine.unlike(who, Call::Search, &actual), None);
        for (aspect, change) in CHANGES {
            let mut other = actual.clone();
            change(&mut other);
            assert_eq!(engine.unlike(who, Call::Search, &other).as_ref(), Some(&actual), "{aspect}");
        }
        let stateless = Reply::code(Code::Ok);
        assert_eq!(engine.unlike(who, Call::ResetSnapshot, &stateless), None);
        for (aspect, change) in CHANGES.into_iter().filter(|&(aspect, _)| aspect != Aspect::Value) {
            let mut other = Reply { placed: aspect == Aspect::Placed, ..stateless.clone() };
            if aspect != Aspect::Placed {
                change(&mut other);
            }
            assert_eq!(engine.unlike(who, Call::ResetSnapshot, &other).as_ref(), Some(&stateless), "{aspect}");
        }
    }

    #[test]
    fn backends_that_take_no_part_are_not_compared() {
        let mut replies = Replies::new(Oracles { plain: false, model: false, twin: false });
        replies.expect(Reply::code(Code::Ok));
        assert!(replies.agree());
        assert_eq!(replies.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["follower-layered", "leader-layered"]);
        hear(&mut replies, FOLLOWER, Reply::code(Code::Busy));
        assert_eq!(replies.difference().unwrap().reference, LEADER);
    }

    #[test]
    fn a_reply_is_shown_with_everything_that_is_compared() {
        let mut shown = reply();
        shown.exact = -1;
        shown.timestamp = 7;
        assert_eq!(Shown(&shown).to_string(), r#"ok key="k" value="v" exact=-1 ts=7 placed"#);
    }

    #[test]
    fn settled_replies_are_the_expected_one() {
        let mut replies = Replies::new(Oracles::default());
        replies.expect(reply());
        hear(&mut replies, FOLLOWER, Reply::code(Code::Busy));
        assert!(!replies.agree());
        replies.settle();
        assert!(replies.agree() && *replies.follower() == reply());
    }
}
