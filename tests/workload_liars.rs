//! Databases that are wrong are found out, and what shows it becomes small.

use lockstep::backend::{Call, Code, Field, Format, Key, Reply, Value, Who};
use lockstep::shrink::{Budget, Failing};
use lockstep::workload::shrink::{Shrunk, shrink};
use lockstep::workload::{
    Aspect, Database, Death, Difference, Knobs, Moment, Workload, check, databases, generate, run_on,
};

fn parse(text: &str) -> Workload {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// A conflict goes unnoticed.
    NoConflict,
    /// What is read is another value.
    OtherValue,
    /// A record is missing when a table is walked over.
    LostRecord,
    /// What a crash should have taken is still there.
    NoCrash,
    /// A checkpoint has nothing.
    EmptyCheckpoint,
}

/// A database that makes a mistake.
struct Liar {
    database: Box<dyn Database>,
    lie: Lie,
    /// How many records this walk has come to.
    walked: usize,
}

impl Database for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn create_table(&mut self, format: Format) {
        self.database.create_table(format);
    }

    fn call(&mut self, who: Who, call: Call<'_>) -> Reply {
        let mut reply = self.database.call(who, call);
        match (self.lie, call) {
            (Lie::NoConflict, Call::Insert) if reply.code == Code::Rollback => reply.code = Code::Ok,
            (Lie::OtherValue, Call::Search) if reply.code == Code::Ok => {
                reply.value = Field::External(Value::new(&9u64.to_be_bytes()));
            }
            (Lie::LostRecord, Call::Open(_)) => self.walked = 0,
            (Lie::LostRecord, Call::Next) => {
                self.walked += 1;
                if self.walked == 2 {
                    return self.database.call(who, call);
                }
            }
            _ => {}
        }
        reply
    }

    fn checkpoint(&mut self, name: Option<&str>) -> Code {
        self.database.checkpoint(name)
    }

    fn crash(&mut self, death: Death) {
        match self.lie {
            Lie::NoCrash => self.database.restart(),
            _ => self.database.crash(death),
        }
    }

    fn rollback_to_stable(&mut self) -> Code {
        self.database.rollback_to_stable()
    }

    fn checkpointed(&self, name: Option<&str>, table: u8) -> Vec<(Key, Value)> {
        match self.lie {
            Lie::EmptyCheckpoint => Vec::new(),
            _ => self.database.checkpointed(name, table),
        }
    }
}

const WORKLOAD: &str = "\
create_table(1, \"t\", \"Q\", \"Q\")
begin_transaction(1)
insert(1, 1, 10, 1)
insert(1, 1, 20, 2)
insert(1, 1, 30, 3)
commit_transaction(1)
checkpoint(\"early\")
begin_transaction(2)
begin_transaction(3)
insert(1, 2, 10, 4)
insert(1, 3, 10, 5)
get(1, 3, 20)
rollback_transaction(3)
commit_transaction(2)
crash()
";

/// What a run says about a database with a mistake.
fn found_out(lie: Lie) -> Difference {
    run_with(&parse(WORKLOAD), lie).expect("it is wrong")
}

/// The same for any workload. `None`: it does not show, or the workload cannot be run.
fn run_with(workload: &Workload, lie: Lie) -> Option<Difference> {
    let needs = check(workload).ok()?;
    let mut databases = databases(&needs);
    let model = databases.pop().expect("the model");
    let database = databases.pop().expect("the engine");
    let liar = Box::new(Liar { database, lie, walked: 0 });
    run_on(workload, &needs, vec![liar, model], &mut ()).err().map(|difference| *difference)
}

#[test]
fn wrong_return_codes_are_found() {
    let difference = found_out(Lie::NoConflict);
    assert_eq!((difference.line, difference.moment, &difference.aspect), (11, Moment::In, &Aspect::Code));
    let expected = "\
difference at line 11, insert(1, 3, 10, 5): return code of liar
    liar   ok
    model  rollback
what it comes from:
     1 create_table(1, \"t\", \"Q\", \"Q\") => ok
     2 begin_transaction(1) => ok
     3 insert(1, 1, 10, 1) => ok
     6 commit_transaction(1) => ok
     7 checkpoint(\"early\") => ok
     8 begin_transaction(2) => ok
     9 begin_transaction(3) => ok
    10 insert(1, 2, 10, 4) => ok
    11 insert(1, 3, 10, 5)";
    assert_eq!(difference.to_string(), expected);
}

#[test]
fn wrong_values_are_found() {
    let difference = found_out(Lie::OtherValue);
    assert_eq!(difference.headline(), "at line 12, get(1, 3, 20): record of liar");
    assert_eq!(difference.answers, ["ok 20=9", "ok 20=2"]);
}

#[test]
fn wrong_tables_are_found() {
    let difference = found_out(Lie::LostRecord);
    assert_eq!(difference.headline(), "after line 15, crash(): table 1, key 20 of liar");
    assert_eq!(difference.answers, ["no record", "2"]);
    assert_eq!(difference.class.to_string(), "crash: table of liar");
}

#[test]
fn what_survives_a_crash_by_mistake_is_found() {
    let difference = found_out(Lie::NoCrash);
    assert_eq!(difference.headline(), "after line 15, crash(): table 1, key 10 of liar");
    assert_eq!(difference.answers, ["4", "1"]);
}

#[test]
fn wrong_checkpoints_are_found() {
    let difference = found_out(Lie::EmptyCheckpoint);
    assert_eq!(
        difference.headline(),
        "after line 7, checkpoint(\"early\"): table 1, key 10 in the checkpoint \"early\" of liar"
    );
}

// ---- shrunk

/// Shrinks a workload that fails on a database with a mistake.
fn shrunk(workload: &Workload, lie: Lie, budget: Budget) -> Option<Shrunk> {
    let fails = |candidate: &Workload| {
        let difference = run_with(candidate, lie)?;
        Some(Failing { class: difference.class.clone(), steps: difference.operations })
    };
    shrink(workload, fails, budget).map(|(_, shrunk)| shrunk)
}

#[test]
fn a_failure_shrinks_to_what_it_takes() {
    let knobs = Knobs { sequences: 200, tables: 4, disaggregated: Some(false) };
    let workload = (0..)
        .map(|seed| generate(seed, &knobs))
        .find(|workload| run_with(workload, Lie::NoCrash).is_some_and(|difference| difference.class.at == "crash"));
    let workload = workload.expect("there are many seeds");
    let small = shrunk(&workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert!(small.complete);
    let expected = "\
create_table(1, \"table1\", \"Q\", \"Q\")
begin_transaction(1)
insert(1, 1, 1, 1)
commit_transaction(1)
crash()
";
    assert_eq!(small.workload.to_string(), expected);
    let again = shrunk(&workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert_eq!(again.workload, small.workload);
    let once_more = shrunk(&small.workload, Lie::NoCrash, Budget::default()).expect("it fails");
    assert_eq!(once_more.workload, small.workload);
    let poor = shrunk(&workload, Lie::NoCrash, Budget { executions: 3, ..Budget::default() }).expect("it fails");
    assert!(!poor.complete && poor.executions <= 3);
}

#[test]
fn shrinking_keeps_the_class() {
    let small = shrunk(&parse(WORKLOAD), Lie::NoConflict, Budget::default()).expect("it fails");
    let expected = "\
create_table(1, \"t\", \"Q\", \"Q\")
begin_transaction(1)
begin_transaction(2)
insert(1, 1, 1, 1)
insert(1, 2, 1, 1)
";
    assert_eq!(small.workload.to_string(), expected);
    assert!(shrunk(&parse("nop()"), Lie::NoConflict, Budget::default()).is_none());
}
