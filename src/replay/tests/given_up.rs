//! Who ends in the middle of something leaves no transaction on the engine's nodes.

use super::*;
use crate::replay::cluster::Cluster;
use crate::replay::mistake::{Mistake, Mistaken};
use crate::replay::request::{Answer, Request};
use crate::replay::store::Store;
use crate::replay::threads::{self, Stalls};
use crate::replay::worker::Worker;

/// No node has a transaction of these sessions any more: each of them can begin one.
fn assert_nothing_runs(cluster: &mut Cluster, sessions: usize) {
    for number in 1..=sessions {
        let mut session = cluster.session(number);
        assert_eq!(session.serve(&Request::Begin { read_at: None }), Ok(Answer::Done), "session {number}");
        session.serve(&Request::Rollback { at: None }).expect("rolled back");
    }
}

#[test]
fn a_worker_that_is_abandoned_rolls_back_on_all_nodes() {
    let tables = tables("layered:base=99:update=100").expect("tables");
    let spec = Spec { lanes: 16, prepared: Percent::whole(100), ..Spec::new(1, tables) };
    let plan = Arc::new(Plan::new(spec).expect("a plan"));
    // Begin, update, prepare, commit.
    for calls in 0..=4 {
        let mut cluster = Cluster::new(&plan, 2).expect("loaded");
        let mut lanes = Lanes::new(Arc::clone(&plan), 100);
        let (mut worker, mut session) = (Worker::new(Arc::clone(&plan), Extra::default()), cluster.session(1));
        worker.ask(&mut lanes);
        for _ in 0..calls {
            let request = worker.request::<Lanes>().expect("there is more to do");
            worker.take(session.serve(&request)).expect("as planned");
        }
        let is_done = calls == 4;
        assert_eq!(worker.abandon(&mut session).done, u64::from(is_done));
        assert_nothing_runs(&mut cluster, 1);
        let oracle = Oracle::at(Arc::clone(&plan), 1);
        let found = check::state(&plan, &oracle, &mut cluster.session(1), 1);
        assert_eq!(found.is_ok(), is_done, "after {calls} calls");
    }
}

#[test]
fn threads_that_a_failure_ends_roll_back_on_all_nodes() {
    let plan = plan("row:base=100:insert=50:update=50,layered:base=100:insert=50:update=50", 1024, 3);
    let mut cluster = Cluster::new(&plan, 2).expect("loaded");
    let mut source = Mistaken::new(Lanes::new(Arc::clone(&plan), 4000), Some(Mistake::Rank));
    let crews = (0..2).map(|crew| (1..=8).map(|number| cluster.session(8 * crew + number)).collect()).collect();
    threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut ()).expect_err("a mistake");
    assert_nothing_runs(&mut cluster, 16);
}
