//! A session of the cluster: what it does is done on all nodes, and they have to answer alike.

use super::node::{NodeSession, Walk};
use crate::backend::{Direction, Timestamp};
use crate::bytes::ByteStr;
use crate::engine::{Node, SharedNode};
use crate::replay::plan::Draws;
use crate::replay::request::{Answer, Exchange, Request};
use crate::replay::store::{Store, StoreError};
use parking_lot::MutexGuard;

/// A session on each node.
#[derive(Debug)]
pub struct ClusterSession {
    nodes: Vec<NodeSession>,
    /// For made-up conflicts: how many in a thousand writes, prepares and commits.
    conflicts: Option<(Draws, u64)>,
}

impl ClusterSession {
    /// Sessions of the nodes as one.
    pub fn new(nodes: Vec<NodeSession>, conflicts: Option<(Draws, u64)>) -> Self {
        ClusterSession { nodes, conflicts }
    }

    /// The sessions, leader first.
    pub fn nodes(&mut self) -> &mut [NodeSession] {
        &mut self.nodes
    }

    /// Perhaps a conflict, without a reason: after writes, before prepares and commits.
    fn stumble(&mut self) -> Result<(), StoreError> {
        let stumbles = |(draws, per_mille): &mut (Draws, u64)| draws.below(1000) < *per_mille;
        if self.conflicts.as_mut().is_some_and(stumbles) { Err(StoreError::MadeUp) } else { Ok(()) }
    }

    /// Makes calls on all nodes: all calls on one, then all on the next. `order` says where to begin; a conflict that was
    /// made up for a call keeps it from being made. Nodes that answer unlike, be it with an error, are one.
    fn on_all(sessions: &mut [Self], calls: &mut [Exchange], nodes: &[SharedNode], order: Order<'_>) {
        let Order { first, mut held } = order;
        for turn in 0..nodes.len() {
            let number = (first + turn) % nodes.len();
            let mut node = held.take().unwrap_or_else(|| nodes[number].lock());
            for Exchange { session, request, answer } in calls.iter_mut() {
                if *answer == Err(StoreError::MadeUp) {
                    continue;
                }
                let all = &mut sessions[*session].nodes;
                assert!(all[number].node().is(&nodes[number]), "sessions of one cluster");
                let own = all[number].calls_on(&mut node).serve(request);
                if turn == 0 {
                    *answer = own;
                } else if *answer != own {
                    let (one, other) = (said(all[first].name(), answer), said(all[number].name(), &own));
                    *answer = Err(StoreError::Unexpected(format!("the nodes differ: {one}, but {other}")));
                }
            }
        }
    }
}

/// What a node answered.
fn said(name: &str, answer: &Result<Answer, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?} on the {name}"),
        Err(error) => format!("{error} on the {name}"),
    }
}

/// In which order nodes are asked.
struct Order<'a> {
    /// The first; those after it follow, then those before.
    first: usize,
    /// That one, if it is locked already.
    held: Option<MutexGuard<'a, Node>>,
}

impl<'a> Order<'a> {
    /// Who finds the leader taken begins with the follower rather than wait.
    fn of(nodes: &'a [SharedNode]) -> Self {
        let held = nodes[0].try_lock();
        Order { first: if held.is_some() { 0 } else { nodes.len() - 1 }, held }
    }
}

impl Store for ClusterSession {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        let mut calls = [Exchange::new(0, request.clone())];
        Self::burst(std::slice::from_mut(self), &mut calls);
        let [Exchange { answer, .. }] = calls;
        answer
    }

    /// All calls on one node, then all on the other: so a thread has one of them while another has the other.
    fn burst(sessions: &mut [Self], calls: &mut [Exchange]) {
        let nodes: Vec<_> = match sessions.first() {
            Some(session) => session.nodes.iter().map(|session| session.node().clone()).collect(),
            None => return,
        };
        for call in calls.iter_mut().filter(|call| is_at_end(&call.request)) {
            call.answer = sessions[call.session].stumble().map(|()| Answer::Done);
        }
        Self::on_all(sessions, calls, &nodes, Order::of(&nodes));
        for call in calls.iter_mut().filter(|call| call.answer.is_ok() && is_write(&call.request)) {
            if let Err(error) = sessions[call.session].stumble() {
                call.answer = Err(error);
            }
        }
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        let mut first = None;
        for node in &mut self.nodes {
            let rows = scan(node, table, at)?;
            match &first {
                Some(first) if *first != rows => {
                    let what = format!("the nodes differ in table {table} at timestamp {at}");
                    return Err(StoreError::Unexpected(what));
                }
                _ => first = Some(rows),
            }
        }
        Ok(first.unwrap_or_default())
    }
}

/// What a node has for a reader at `at`.
fn scan(node: &mut NodeSession, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
    node.calls().begin(Some(at))?;
    let mut walk = Walk::new(Direction::Next);
    node.calls().reset(table);
    let mut walked = Ok(false);
    while let Ok(false) = walked {
        walked = node.calls().walk(table, &mut walk);
    }
    node.calls().reset(table);
    node.calls().rollback()?;
    walked.map(|_| walk.into_rows())
}

fn is_write(request: &Request) -> bool {
    use Request::{Append, Insert, Modify, Remove, Truncate, Update};
    matches!(request, Insert { .. } | Append { .. } | Update { .. } | Remove { .. } | Modify { .. } | Truncate { .. })
}

/// Whether a conflict may be made up before it: what is prepared always commits.
fn is_at_end(request: &Request) -> bool {
    matches!(request, Request::Prepare { .. } | Request::Commit { durable: None, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::cluster::Cluster;
    use crate::replay::plan::{Edit, Plan, Spec, tables};
    use std::sync::Arc;

    fn cluster() -> Cluster {
        let spec = Spec::new(1, tables("layered:base=9:update=100,var:base=9:update=100").expect("tables"));
        Cluster::new(&Arc::new(Plan::new(spec).expect("a plan")), 2).expect("loaded")
    }

    fn update(key: u64) -> Request {
        Request::Update { table: 0, key, value: ByteStr::new(b"new") }
    }

    fn of_each(requests: impl IntoIterator<Item = Request>) -> Vec<Exchange> {
        (0..).zip(requests).map(|(session, request)| Exchange::new(session, request)).collect()
    }

    #[test]
    fn a_burst_is_what_its_calls_are_one_by_one() {
        let requests = [
            [Request::Begin { read_at: None }, Request::Begin { read_at: None }, Request::Begin { read_at: None }],
            [update(3), Request::Read { table: 1, key: 99 }, Request::Remove { table: 0, key: 4 }],
            [update(3), update(4), Request::Prepare { at: 500 }],
            [Request::Commit { at: 400, durable: None }, update(3), Request::Commit { at: 500, durable: Some(500) }],
        ];
        let (mut one, mut other) = (cluster(), cluster());
        let mut together: Vec<_> = (1..4).map(|number| one.session(number)).collect();
        let mut alone: Vec<_> = (1..4).map(|number| other.session(number)).collect();
        for round in requests {
            let mut calls = of_each(round.clone());
            ClusterSession::burst(&mut together, &mut calls);
            for (Exchange { session, request, answer }, asked) in calls.into_iter().zip(round) {
                assert_eq!((&request, &answer), (&asked, &alone[session].serve(&asked)));
            }
        }
        let all = |cluster: &mut Cluster| [0, 1].map(|table| cluster.session(0).scan(table, 600).expect("rows"));
        assert_eq!(all(&mut one), all(&mut other));
    }

    #[test]
    fn who_meets_a_conflict_is_told_and_nobody_else_is() {
        let mut cluster = cluster();
        let mut sessions: Vec<_> = (1..4).map(|number| cluster.session(number)).collect();
        ClusterSession::burst(&mut sessions, &mut of_each((0..3).map(|_| Request::Begin { read_at: None })));
        let mut calls = of_each([update(3), update(3), update(5)]);
        ClusterSession::burst(&mut sessions, &mut calls);
        let answers: Vec<_> = calls.into_iter().map(|call| call.answer).collect();
        assert_eq!(answers, [Ok(Answer::Done), Err(StoreError::Conflict), Ok(Answer::Done)]);
    }

    const BEGIN: Request = Request::Begin { read_at: None };
    const ROLLBACK: Request = Request::Rollback { at: None };

    /// Asked in any order, with a transaction that has written the key and is still running on some of the nodes.
    #[test]
    fn a_conflict_that_not_all_nodes_meet_is_told_on() {
        for (in_the_way, first) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut cluster = cluster();
            let mut other = cluster.session(2);
            let mut write = |node: usize, request| other.nodes()[node].calls().serve(&request).expect("served");
            write(in_the_way, BEGIN);
            write(in_the_way, update(3));
            let mut sessions = [cluster.session(1)];
            let mut ask = |request| {
                let mut calls = of_each([request]);
                let order = Order { first, held: None };
                ClusterSession::on_all(&mut sessions, &mut calls, cluster.nodes(), order);
                calls[0].answer.clone()
            };
            ask(BEGIN).expect("begun");
            let answers = |node| if node == in_the_way { "a conflict" } else { "Done" };
            let (one, two) = (["leader", "follower"][first], ["leader", "follower"][1 - first]);
            let (of_one, of_two) = (answers(first), answers(1 - first));
            let told = format!("the nodes differ: {of_one} on the {one}, but {of_two} on the {two}");
            assert_eq!(ask(update(3)), Err(StoreError::Unexpected(told)));
            // Met by both it is what it says.
            ask(ROLLBACK).expect("rolled back");
            write(1 - in_the_way, BEGIN);
            write(1 - in_the_way, update(3));
            ask(BEGIN).expect("begun");
            assert_eq!(ask(update(3)), Err(StoreError::Conflict));
        }
    }

    #[test]
    fn who_finds_the_leader_taken_begins_with_the_follower() {
        let cluster = cluster();
        let Order { first, held } = Order::of(cluster.nodes());
        assert_eq!((first, held.is_some()), (0, true));
        // That was the leader itself: now it is taken.
        let Order { first, held: of_another } = Order::of(cluster.nodes());
        assert_eq!((first, of_another.is_some()), (1, false));
        drop(held);
        assert_eq!(Order::of(cluster.nodes()).first, 0);
    }

    #[test]
    fn conflicts_are_made_up_after_writes_and_before_what_may_fail_at_the_end() {
        let mut cluster = cluster();
        cluster.make_up_conflicts(1, 1000);
        let mut session = cluster.session(1);
        let made_up = Err(StoreError::MadeUp);
        let (value, edit) = (ByteStr::new(b"new"), Edit::Replace { offset: 0, bytes: *b"modified" });
        for write in [
            Request::Insert { table: 0, key: 99, value: value.clone() },
            Request::Append { table: 1, value: value.clone() },
            update(3),
            Request::Remove { table: 0, key: 3 },
            Request::Modify { table: 0, key: 3, edit },
            Request::Truncate { table: 0, first: 3, last: 4 },
        ] {
            session.serve(&BEGIN).expect("begun");
            let before = session.serve(&Request::Read { table: 0, key: 3 }).expect("read");
            assert_eq!(session.serve(&write), made_up, "{write:?}");
            // It was made.
            let after = session.serve(&Request::Read { table: 0, key: 3 }).expect("read");
            let is_of_this_key = !matches!(write, Request::Insert { .. } | Request::Append { .. });
            assert_eq!(before != after, is_of_this_key, "{write:?}");
            session.serve(&ROLLBACK).expect("rolled back");
        }
        let (prepare, commit) = (Request::Prepare { at: 500 }, Request::Commit { at: 500, durable: None });
        for end in [&prepare, &commit] {
            session.serve(&BEGIN).expect("begun");
            assert_eq!(session.serve(end), made_up, "{end:?}");
            // It was not made: the transaction goes on.
            session.serve(&Request::Read { table: 0, key: 3 }).expect("read");
            session.serve(&ROLLBACK).expect("rolled back");
        }
        // What is prepared always commits.
        session.serve(&BEGIN).expect("begun");
        let conflicts = session.conflicts.take();
        session.serve(&prepare).expect("prepared");
        session.conflicts = conflicts;
        assert_eq!(session.serve(&Request::Commit { at: 500, durable: Some(500) }), Ok(Answer::Done));
    }

    #[test]
    fn as_many_conflicts_are_made_up_as_was_asked_for() {
        let mut cluster = cluster();
        for (per_mille, expected) in [(0, 0..=0), (100, 70..=130), (1000, 1000..=1000)] {
            cluster.make_up_conflicts(1, per_mille);
            let mut session = cluster.session(1);
            session.serve(&BEGIN).expect("begun");
            let met = (0..1000).filter(|_| session.serve(&update(3)) == Err(StoreError::MadeUp)).count();
            assert!(expected.contains(&met), "{met} of 1000, {per_mille} asked for");
            session.serve(&ROLLBACK).expect("rolled back");
        }
    }

    #[test]
    fn nodes_that_answer_unlike_are_told_on() {
        let mut cluster = cluster();
        let mut session = cluster.session(1);
        let mut follower = session.nodes()[1].calls();
        for request in [
            Request::Begin { read_at: None },
            Request::Remove { table: 0, key: 7 },
            Request::Commit { at: 9, durable: None },
        ] {
            follower.serve(&request).expect("served");
        }
        drop(follower);
        let error = session.scan(0, 10).expect_err("the follower lacks a row");
        assert!(error.to_string().contains("the nodes differ in table 0"), "{error}");
        session.serve(&Request::Begin { read_at: None }).expect("begun");
        let error = session.serve(&Request::Read { table: 0, key: 7 }).expect_err("the follower lacks a row");
        assert!(error.to_string().contains("but Value(None) on the follower"), "{error}");
    }

    #[test]
    fn tables_that_share_cursor_slots_are_told_apart() {
        let spec = Spec::new(1, tables("66xvar:base=3:update=100").expect("tables"));
        let mut cluster = Cluster::new(&Arc::new(Plan::new(spec).expect("a plan")), 2).expect("loaded");
        let mut session = cluster.session(1);
        let value = |table: u16| ByteStr::new(format!("of table {table}").as_bytes());
        session.serve(&Request::Begin { read_at: None }).expect("begun");
        for table in [0, 64, 1, 65, 0] {
            session.serve(&Request::Update { table, key: 2, value: value(table) }).expect("written");
        }
        for table in [64, 0, 65, 1] {
            let found = session.serve(&Request::Read { table, key: 2 });
            assert_eq!(found, Ok(Answer::Value(Some(value(table)))), "table {table}");
        }
    }
}
