//! What holds for the reply of a single backend, whatever the others say: it catches what all of them get wrong.

use crate::backend::{Direction, Field, Key, Reply};

/// A cursor whose key or value refers to a record stands on that record.
#[inline]
pub(super) fn refers_only_where_it_stands(reply: &Reply) -> bool {
    reply.placed || !(reply.key.is_internal() || reply.value.is_internal())
}

/// Keys that a walk returns: strictly ascending or strictly descending, so that every walk ends.
pub(super) struct Order {
    direction: Direction,
    last: Option<Key>,
}

impl Order {
    pub(super) fn new(direction: Direction) -> Self {
        Order { direction, last: None }
    }

    /// Whether `reply`, the next one of the walk, has a key and goes on in the walk's direction.
    pub(super) fn admits(&mut self, reply: &Reply) -> bool {
        let Field::Internal(key) = &reply.key else {
            return false;
        };
        let admitted = match (&self.last, self.direction) {
            (None, _) => true,
            (Some(last), Direction::Next) => last < key,
            (Some(last), Direction::Prev) => last > key,
        };
        self.last = Some(key.clone());
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Code;

    fn at(key: &str) -> Reply {
        Reply { key: Field::Internal(key.into()), placed: true, ..Reply::code(Code::Ok) }
    }

    #[test]
    fn a_walk_never_stands_still_or_turns() {
        let mut next = Order::new(Direction::Next);
        assert!(next.admits(&at("a")) && next.admits(&at("b")));
        assert!(!next.admits(&at("b")));
        let mut prev = Order::new(Direction::Prev);
        assert!(prev.admits(&at("b")) && prev.admits(&at("a")));
        assert!(!prev.admits(&at("b")));
        assert!(!prev.admits(&Reply::code(Code::Ok)));
    }

    #[test]
    fn a_record_without_a_place_is_refused() {
        assert!(refers_only_where_it_stands(&at("a")));
        assert!(!refers_only_where_it_stands(&Reply { placed: false, ..at("a") }));
        assert!(refers_only_where_it_stands(&Reply { key: Field::External("a".into()), ..Reply::code(Code::Ok) }));
    }
}
