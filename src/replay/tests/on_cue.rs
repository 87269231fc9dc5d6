//! Threads whose turns are not left to chance: a session goes on when something else has happened, and no sooner.

use super::*;
use crate::backend::Timestamp;
use crate::bytes::ByteStr;
use crate::replay::plan::{OpNumber, Plan};
use crate::replay::request::{Answer, Exchange, Request};
use crate::replay::source::{Source, Take, Why};
use crate::replay::step::Step;
use crate::replay::store::{Store, StoreError};
use crate::replay::threads::{self, Failure, Stalls, Upkeep};
use crate::replay::toy::ToySession;
use crate::replay::worker::Counts;
use parking_lot::Mutex;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ThreadId};

/// What happens before each call of a session.
type Cue = Box<dyn FnMut(&Request) -> Result<(), StoreError> + Send>;

/// A session of the toy store with a cue.
struct Cued {
    session: ToySession,
    cue: Cue,
    /// How many calls each burst had that began a transaction.
    begun: Option<Arc<Mutex<Vec<usize>>>>,
}

impl Cued {
    fn new(store: &ToyStore, cue: Cue) -> Self {
        Cued { session: store.session(), cue, begun: None }
    }
}

impl Store for Cued {
    fn serve(&mut self, request: &Request) -> Result<Answer, StoreError> {
        (self.cue)(request)?;
        self.session.serve(request)
    }

    fn burst(sessions: &mut [Self], calls: &mut [Exchange]) {
        if let Some(begun) = &sessions[0].begun {
            begun.lock().push(calls.iter().filter(|call| matches!(call.request, Request::Begin { .. })).count());
        }
        for call in calls {
            call.answer = sessions[call.session].serve(&call.request);
        }
    }

    fn scan(&mut self, table: u16, at: Timestamp) -> Result<Vec<(u64, ByteStr)>, StoreError> {
        self.session.scan(table, at)
    }
}

/// Lanes that tell which threads were told to wait, and why.
struct Telling {
    lanes: Lanes,
    told: Sender<(ThreadId, Why)>,
}

impl Source for Telling {
    type Ticket = <Lanes as Source>::Ticket;

    fn take(&mut self) -> Take<Self::Ticket> {
        let take = self.lanes.take();
        if let Take::Wait(why) = take {
            // Whoever was interested may be gone.
            let _ = self.told.send((thread::current().id(), why));
        }
        take
    }

    fn release(&mut self, ticket: Self::Ticket) -> Option<Self::Ticket> {
        self.lanes.release(ticket)
    }

    fn all_done(&self) -> OpNumber {
        self.lanes.all_done()
    }

    fn resolve(plan: &Plan, ticket: &mut Self::Ticket) -> Step {
        Lanes::resolve(plan, ticket)
    }

    fn number(ticket: &Self::Ticket) -> OpNumber {
        Lanes::number(ticket)
    }
}

/// Plans whose numbers are done one after the other, so that one thread does them all and the others wait.
const ONE_BY_ONE: [(&str, u32, Option<u64>, Why); 3] = [
    ("row:base=5:update=100", 1, None, Why::Lanes),
    ("row:base=96:update=100", 96, Some(1), Why::Lead),
    ("row:base=99:truncate=100", 96, None, Why::Barrier),
];

/// Does such a plan. Before each of the first transactions all other threads are told to wait once more, as whoever is
/// done with a number wakes them; there are some numbers after these, since nobody has to wait for the end.
fn one_by_one((text, lanes, lead, why): (&str, u32, Option<u64>, Why), threads: usize, crew: usize) -> Counts {
    let plan = plan(text, lanes, 7);
    let store = store(&plan);
    let (told, hear) = channel();
    let hear = Arc::new(Mutex::new((hear, 10)));
    let cue = || -> Cue {
        let hear = Arc::clone(&hear);
        Box::new(move |request| {
            let (hear, left) = &mut *hear.lock();
            if *left > 0 && matches!(request, Request::Begin { .. }) {
                *left -= 1;
                hear_of_others(hear, threads - 1, why);
            }
            Ok(())
        })
    };
    let crews = (0..threads).map(|_| (0..crew).map(|_| Cued::new(&store, cue())).collect()).collect();
    let mut source = Telling { lanes: Lanes::new(Arc::clone(&plan), 40), told };
    source.lanes.limit_lead(lead);
    let counts = threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut ());
    let counts = counts.unwrap_or_else(|failure| panic!("{failure}"));
    assert_is_planned(&plan, &store, 40);
    counts
}

/// Waits until so many other threads were told to wait.
fn hear_of_others(hear: &Receiver<(ThreadId, Why)>, most: usize, why: Why) {
    let mut others = Vec::new();
    while others.len() < most {
        let (who, reason) = hear.recv().expect("the source is there");
        assert_eq!(reason, why);
        if who != thread::current().id() && !others.contains(&who) {
            others.push(who);
        }
    }
}

#[test]
fn a_thread_that_waits_is_counted_once_however_often_it_is_woken() {
    for one in ONE_BY_ONE {
        for crew in [1, 3] {
            let counts = one_by_one(one, 4, crew);
            let waits = Why::ALL.map(|why| if why == one.3 { 3 } else { 0 });
            assert_eq!((counts.done, counts.waits), (40, waits), "{one:?}, crews of {crew}");
        }
    }
}

#[test]
fn one_thread_never_waits() {
    for one in ONE_BY_ONE {
        for crew in [1, 3] {
            assert_eq!(one_by_one(one, 1, crew).waited(), 0, "{one:?}, a crew of {crew}");
        }
    }
}

/// What ends a run before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Violation,
    Difference,
    Panic,
}

/// Ends a run, once another thread is in the middle of something.
struct Ending {
    how: End,
    begun: Arc<Mutex<Receiver<()>>>,
    has_ended: bool,
}

impl Ending {
    /// Before the first call, if that is how.
    fn end(&self) -> Result<(), StoreError> {
        self.begun.lock().recv().expect("another begins");
        match self.how {
            End::Violation => Err(StoreError::Unexpected("planted".to_owned())),
            // As panic! does, but without a message on the screen.
            End::Panic => resume_unwind(Box::new("planted")),
            End::Difference => Ok(()),
        }
    }
}

impl Upkeep for Ending {
    fn is_due(&self, _done: u64) -> bool {
        self.how == End::Difference && !self.has_ended
    }

    fn turn(&mut self, _done: u64) -> Result<bool, check::Difference> {
        self.has_ended = true;
        self.end().expect("that is how");
        Err(check::Difference { t: 0, table: 0, key: None, what: "planted".to_owned() })
    }
}

/// Of two threads one ends the run when the other is in its first call. That call goes on when the first thread is over.
/// What came of it, and all calls of the other thread.
fn two(how: End) -> (thread::Result<Failure>, Vec<Request>) {
    // All numbers have a key.
    let plan = plan("row:base=2000:update=100", 1024, 1);
    let store = store(&plan);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (begins, begun) = channel();
    let begun = Arc::new(Mutex::new(begun));
    let ending = || Ending { how, begun: Arc::clone(&begun), has_ended: false };
    let (alive, over) = (channel::<()>(), channel::<()>());
    let cue = |ending: Option<Ending>, alive: Sender<()>, over: Receiver<()>| {
        let (calls, begins) = (Arc::clone(&calls), begins.clone());
        let cue = move |request: &Request| {
            if let Some(ending) = &ending {
                return if matches!(request, Request::Begin { .. }) { ending.end() } else { Ok(()) };
            }
            calls.lock().push(request.clone());
            let _ = begins.send(());
            // Nobody sends anything: the other's session is gone, and so is the sender that it had.
            assert!(over.recv().is_err());
            // It lives as long as the session.
            let _ = &alive;
            Ok(())
        };
        vec![Cued::new(&store, Box::new(cue))]
    };
    let crews = vec![cue((how != End::Difference).then(ending), alive.0, over.1), cue(None, over.0, alive.1)];
    let mut source = Lanes::new(Arc::clone(&plan), 4000);
    let mut upkeep = ending();
    let run = || threads::run(&plan, &mut source, crews, Extra::default(), Stalls::default(), &mut upkeep);
    let ended = catch_unwind(AssertUnwindSafe(run)).map(|ended| ended.expect_err("it fails"));
    let calls = calls.lock().clone();
    (ended, calls)
}

/// What the other thread does: it makes the call to the end that it was making, and rolls back.
fn assert_ends_at_once(calls: &[Request]) {
    assert!(matches!(calls, [Request::Begin { .. }, Request::Rollback { .. }]), "{} calls: {calls:?}", calls.len());
}

#[test]
fn who_fails_ends_those_who_have_enough_to_do() {
    let (ended, calls) = two(End::Violation);
    let Ok(Failure::Violation(violation)) = ended else { panic!("{ended:?}") };
    assert_eq!(violation.what, "planted");
    assert_ends_at_once(&calls);
}

#[test]
fn who_finds_a_difference_ends_the_others() {
    let (ended, calls) = two(End::Difference);
    let Ok(Failure::Difference(difference)) = ended else { panic!("{ended:?}") };
    assert_eq!(difference.what, "planted");
    assert_ends_at_once(&calls);
}

#[test]
fn who_panics_ends_the_others_and_is_heard() {
    let (ended, calls) = two(End::Panic);
    let text = |panic: Box<dyn Any + Send>| panic.downcast_ref::<&str>().map(ToString::to_string);
    assert_eq!(ended.map_err(text), Err(Some("planted".to_owned())));
    assert_ends_at_once(&calls);
}

/// Upkeep that is due whenever something was done.
struct Always(u64);

impl Upkeep for Always {
    fn is_due(&self, done: u64) -> bool {
        done > self.0
    }

    fn turn(&mut self, done: u64) -> Result<bool, check::Difference> {
        self.0 = done;
        Ok(false)
    }
}

/// How many began in each round of a crew of nine, and what was counted.
fn rounds(stalls: u64, upkeep: &mut (impl Upkeep + Send)) -> (Vec<usize>, Counts) {
    let plan = plan("row:base=2000:update=100", 1024, 1);
    let store = store(&plan);
    let begun = Arc::new(Mutex::new(Vec::new()));
    let session = |_| Cued { begun: Some(Arc::clone(&begun)), ..Cued::new(&store, Box::new(|_| Ok(()))) };
    let crews = vec![(0..9).map(session).collect()];
    let mut source = Lanes::new(Arc::clone(&plan), 400);
    let stalls = Stalls { seed: 1, one_in: stalls };
    let counts = threads::run(&plan, &mut source, crews, Extra::default(), stalls, upkeep).expect("as planned");
    (begun.lock().clone(), counts)
}

#[test]
fn a_third_of_a_crew_begins_in_a_round_whatever_else_it_does() {
    let (begun, _) = rounds(0, &mut ());
    assert_eq!((begun.iter().sum::<usize>(), begun.iter().max()), (400, Some(&3)));
    let (begun_with_upkeep, _) = rounds(0, &mut Always(0));
    assert_eq!(begun, begun_with_upkeep);
}

#[test]
fn rounds_stall_if_they_should() {
    let gave_way = |one_in| {
        let (rounds, counts) = rounds(one_in, &mut ());
        (counts.gave_way, rounds.len() as u64)
    };
    assert_eq!(gave_way(0).0, 0);
    let (always, rounds) = gave_way(1);
    assert!(always > 2 * rounds, "{always} in {rounds} rounds");
    let (sometimes, rounds) = gave_way(10);
    assert!(sometimes > 0 && sometimes < always, "{sometimes} in {rounds} rounds, {always} if all stall");
}
