//! Column stores: random programs on variable- and fixed-length tables in lockstep, and what is left of a table when its
//! node is started again.

use lockstep::backend::{Begin, Call, Code, CursorConfig, Format, Isolation, Reply, Timestamp, Who, record_number_of};
use lockstep::engine::{Checkpoint, Node, Role, TableId, TableKind};
use lockstep::program::{Op, Profile, Program, generate, swarm_length};
use lockstep::run::{Done, Observer, Oracles, run};

const FORMATS: [Format; 2] = [Format::Variable, Format::Fixed];
/// The byte of a fuzz input that has the format in its upper half.
const FORMAT_BYTE: usize = 5;

/// A stream of bytes that is the same everywhere.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let byte = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 56) as u8
        };
        (0..len).map(byte).collect()
    }
}

/// Counts what is special about column stores.
#[derive(Debug, Default)]
struct Seen {
    appended: u64,
    refused: u64,
    zeros: u64,
}

impl Observer for Seen {
    fn after(&mut self, _: usize, step: &lockstep::program::Step, done: &Done<'_>) {
        let reply = done.replies.follower();
        let insert = matches!(step.op, Op::Insert { .. }) && done.code == Code::Ok;
        self.appended += u64::from(insert && reply.key.get().is_some());
        self.refused += u64::from(matches!(step.op, Op::Modify { .. }) && done.code == Code::NotSupported);
        self.zeros += u64::from(done.on_cursor && reply.value.get().is_some_and(|value| **value == [0]));
    }
}

fn agree(program: &Program, oracles: Oracles, seen: &mut Seen, what: &str) {
    run(program, oracles, seen).unwrap_or_else(|mismatch| panic!("{what}: {mismatch}\n{program}"));
}

#[test]
fn generated_programs_agree() {
    let mut seen = Seen::default();
    let mut formats = [0; 3];
    for seed in 0..1500 {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        formats[program.config.format as usize] += 1;
        if program.config.format.is_column() {
            let oracles = Oracles { twin: seed % 4 == 0, ..Oracles::default() };
            agree(&program, oracles, &mut seen, &format!("seed {seed}"));
        }
    }
    assert!(formats.iter().all(|&programs| programs > 50), "{formats:?} programs of the formats");
    assert!(
        seen.appended > 100 && seen.refused > 20 && seen.zeros > 1000,
        "{seen:?}",
        seen = (seen.appended, seen.refused, seen.zeros)
    );
}

#[test]
fn random_bytes_agree() {
    let mut noise = Noise(7);
    for index in 0..300 {
        let mut bytes = noise.bytes(24 + 8 * (index % 120));
        for format in FORMATS {
            bytes[FORMAT_BYTE] = bytes[FORMAT_BYTE] & 15 | if format == Format::Fixed { 0xf0 } else { 0xe0 };
            let program = Program::decode(&bytes);
            assert_eq!(program.config.format, format);
            assert_eq!(program.to_string().parse().as_ref(), Ok(&program));
            let encoded = program.encode().expect("what was decoded has bytes");
            assert_eq!(Program::decode(&encoded), program);
            agree(&program, Oracles::default(), &mut Seen::default(), &format!("input {index}"));
        }
    }
}

#[test]
fn a_row_store_knows_nothing_of_it() {
    let line = "# lockstep 1\nconfig sessions=1 cursors=1 keys=8\ns0.c0 reopen append=true\n";
    let error = line.parse::<Program>().expect_err("only column stores have append cursors").to_string();
    assert!(error.starts_with("line 3") && error.contains("format=var"), "{error}");
    let far = "# lockstep 1\nconfig sessions=1 cursors=1 keys=8 format=fix\ns0.c0 search 80\n";
    let error = far.parse::<Program>().expect_err("all records before it would have to be there").to_string();
    assert!(error.contains("80 is too far away"), "{error}");
}

/// One node with one table, and a cursor that appends.
struct Alone {
    node: Node,
    table: TableId,
}

impl Alone {
    fn new(format: Format) -> Self {
        let mut node = Node::new(Role::Leader);
        let table = node.create_table(TableKind::Plain(format), "records");
        node.open_session(Isolation::Snapshot, 1);
        let mut alone = Alone { node, table };
        alone.reopen();
        alone
    }

    fn call(&mut self, call: Call<'_>) -> Reply {
        self.node.call(&[self.table], 0, Who::default(), call)
    }

    fn reopen(&mut self) {
        assert_eq!(self.call(Call::Open(CursorConfig { append: true, ..CursorConfig::default() })).code, Code::Ok);
    }

    /// Appends at a timestamp; the number.
    fn append(&mut self, value: &str, ts: Timestamp, outcome: Code) -> Option<u64> {
        self.call(Call::Begin(Begin::default()));
        self.call(Call::SetValue(&value.into()));
        let key = self.call(Call::Insert).key;
        let end = match outcome {
            Code::Ok => self.call(Call::Commit { ts: Some(ts), durable: None }),
            _ => self.call(Call::Rollback),
        };
        assert_eq!(end.code, Code::Ok);
        key.get().and_then(|key| record_number_of(key))
    }

    /// The records as text.
    fn scan(&mut self) -> String {
        let mut text = Vec::new();
        loop {
            let reply = self.call(Call::Next);
            let (Some(key), Some(value)) = (reply.key.get(), reply.value.get()) else { break };
            text.push(format!("{}={}", record_number_of(key).expect("a number"), value.escape_ascii()));
        }
        text.join(" ")
    }

    fn checkpoint(&mut self, timestamp: Timestamp) -> Checkpoint {
        let checkpoint = Checkpoint { order: 1, timestamp, oldest: 1, tables: Vec::new() };
        self.node.checkpoint_plain(&checkpoint);
        checkpoint
    }
}

#[test]
fn a_restart_cuts_a_table_to_what_the_checkpoint_knew() {
    for (format, at_checkpoint) in [(Format::Variable, "1=a"), (Format::Fixed, "1=a 2=\\x00 3=\\x00")] {
        let mut alone = Alone::new(format);
        assert_eq!(alone.append("a", 5, Code::Ok), Some(1));
        assert_eq!(alone.append("b", 20, Code::Ok), Some(2));
        assert_eq!(alone.append("c", 6, Code::Rollback), Some(3));
        let checkpoint = alone.checkpoint(10);
        for crash in 1..=2 {
            alone.call(Call::SetValue(&"d".into()));
            let appended = alone.call(Call::Insert).key.get().and_then(|key| record_number_of(key));
            assert_eq!(appended, Some(4), "what had been used by then stays used: crash {crash}");
            alone.node.restart(Some(&checkpoint));
            alone.reopen();
            assert_eq!(alone.scan(), at_checkpoint, "{format:?}, crash {crash}");
        }
        alone.node.restart(None);
        alone.reopen();
        assert_eq!(alone.append("f", 5, Code::Ok), Some(1), "nothing is left");
    }
}

#[test]
fn a_rollback_to_stable_keeps_the_end() {
    for (format, left) in [(Format::Variable, "1=a"), (Format::Fixed, "1=a 2=\\x00")] {
        let mut alone = Alone::new(format);
        alone.append("a", 5, Code::Ok);
        alone.append("b", 20, Code::Ok);
        alone.call(Call::SetTimestamp { oldest: None, stable: Some(10), durable: None });
        assert_eq!(alone.call(Call::RollbackToStable).code, Code::Ok);
        assert_eq!(alone.scan(), left, "{format:?}");
        assert_eq!(alone.append("c", 30, Code::Ok), Some(3));
        alone.call(Call::Close);
        assert_eq!(alone.call(Call::Recreate { table: 0 }).code, Code::Ok);
        alone.reopen();
        assert_eq!(alone.append("d", 40, Code::Ok), Some(1));
    }
}
