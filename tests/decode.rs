//! Any bytes are a program, and any program within the limits has bytes.

use lockstep::program::limits::{MAX_STEPS, MAX_WORK};
use lockstep::program::{EncodeError, Op, Profile, Program, generate, swarm_length};
use std::collections::BTreeSet;

/// A stream of bytes that is the same everywhere.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// What holds of every decoded program.
fn check_limits(program: &Program) {
    assert!(program.config.is_valid());
    assert!(program.steps.len() <= MAX_STEPS);
    let work: usize = program.steps.iter().map(|step| step.op.work(&program.config)).sum();
    assert!(work <= MAX_WORK);
    assert!(program.steps.iter().all(|step| program.config.has(step.who)));
    let bytes = program.encode().expect("a decoded program has bytes");
    assert_eq!(&Program::decode(&bytes), program);
    assert_eq!(Program::from_artifact(&bytes).as_ref(), Ok(program));
    assert_eq!(program.to_string().parse().as_ref(), Ok(program));
}

#[test]
fn random_bytes_decode_to_programs_within_the_limits() {
    let mut noise = Noise(1);
    for _ in 0..400 {
        let len = noise.next() as usize % 2000;
        check_limits(&Program::decode(&noise.bytes(len)));
    }
    for byte in 0..=255 {
        check_limits(&Program::decode(&vec![byte; 10_000]));
    }
}

/// Random operands of every operation: each survives bytes and text.
#[test]
fn random_operands_of_every_operation_are_kept() {
    let mut noise = Noise(2);
    let mut forms = BTreeSet::new();
    for _ in 0..60 {
        let mut bytes = noise.bytes(24);
        // A header of this version, every operation on, no literals.
        bytes[0] = 2;
        bytes[6..16].fill(0);
        for operation in 0..Op::COUNT {
            bytes.push(operation as u8);
            bytes.extend(noise.bytes(7));
        }
        let program = Program::decode(&bytes);
        check_limits(&program);
        for (index, step) in program.steps.iter().enumerate() {
            assert_eq!(step.op.index(), index);
            let words = step.op.to_string();
            forms.extend(words.split([' ', '=']).filter(|word| word.ends_with(char::is_alphabetic)).map(str::to_owned));
        }
    }
    for word in ["ignore_prepare", "force", "roundup_prepared", "durable", "table", "start", "stop", "first", "last"] {
        assert!(forms.contains(word), "{word} never occurs");
    }
    for word in ["set_durable_ts", "set_prepare_ts", "adopt", "rest", "table_adopted", "looked_up", "do"] {
        assert!(forms.contains(word), "{word} never occurs");
    }
}

#[test]
fn a_commit_has_a_durable_timestamp_where_it_needs_one() {
    let text = |prepare: &str| format!("# lockstep 1\ns0 begin\ns0.c0 insert 0010 \"v\"\n{prepare}s0 commit ts=3\n");
    let plain: Program = text("").parse().unwrap();
    let mut bytes = plain.encode().unwrap();
    bytes[8..16].fill(0); // every operation is on
    let commit = bytes.len() - 8;
    // The same record after a prepare: whoever commits a prepared transaction has to say from when on it is durable.
    let prepared: Program = text("s0 prepare ts=2\n").parse().unwrap();
    let with = prepared.encode().unwrap();
    let record = with[with.len() - 16..with.len() - 8].to_vec();
    bytes.splice(commit..commit, record);
    let steps = Program::decode(&bytes).steps;
    assert_eq!(steps.last().unwrap().to_string(), "s0 commit ts=3 durable=3");
    assert_eq!(Program::decode(&with), prepared);
}

#[test]
fn a_hook_has_a_timestamp_only_if_it_commits() {
    let text = "# lockstep 1\ninject s0.c0 hook at=stalled do=commit ts=77777\n";
    let bytes = text.parse::<Program>().unwrap().encode().unwrap();
    // With every other byte in the place of each of the record's, the literal of the timestamp stays.
    let mut actions = BTreeSet::new();
    for at in bytes.len() - 8..bytes.len() {
        for byte in 0..=255 {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            let program = Program::decode(&bytes);
            check_limits(&program);
            actions.extend(program.steps[0].to_string().split_once("do=").map(|(_, action)| action.to_owned()));
        }
    }
    assert!(actions.contains("prune") && actions.contains("commit ts=77777"), "{actions:?}");
    assert!(actions.iter().all(|action| !action.contains("ts=") || action.starts_with("commit")), "{actions:?}");
}

#[test]
fn truncations_and_flipped_bits_decode() {
    let bytes = generate(Profile::Swarm, 3, 60).encode().unwrap();
    for len in 0..bytes.len() {
        check_limits(&Program::decode(&bytes[..len]));
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        check_limits(&Program::decode(&flipped));
    }
}

#[test]
fn a_truncated_input_is_a_prefix_of_the_program() {
    let program = generate(Profile::Mixed, 7, 200);
    let bytes = program.encode().unwrap();
    for steps in 0..200 {
        let shorter = Program::decode(&bytes[..bytes.len() - 8 * (200 - steps)]);
        assert_eq!(shorter.steps, program.steps[..steps]);
    }
}

#[test]
fn generated_programs_survive_encoding() {
    for seed in 0..300 {
        let program = generate(Profile::Swarm, seed, swarm_length(seed));
        let bytes = program.encode().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(Program::decode(&bytes), program, "seed {seed}");
    }
    for profile in Profile::ALL {
        let program = generate(profile, 5, 1000);
        assert_eq!(Program::decode(&program.encode().unwrap()), program, "{profile}");
    }
}

#[test]
fn most_steps_need_no_literals() {
    let (mut steps, mut bytes) = (0, 0);
    for seed in 0..100 {
        let program = generate(Profile::Swarm, seed, 500);
        steps += program.steps.len();
        bytes += program.encode().unwrap().len();
    }
    assert!(bytes < 9 * steps, "{bytes} bytes for {steps} steps");
}

#[test]
fn programs_beyond_the_limits_have_no_bytes() {
    let long = generate(Profile::Mixed, 0, MAX_STEPS + 1);
    assert_eq!(long.encode(), Err(EncodeError::TooManySteps { steps: MAX_STEPS + 1 }));
    let scans = "s0 scan next\n".repeat(MAX_STEPS);
    let costly: Program = format!("# lockstep 1\nconfig keys=4096\n{scans}").parse().unwrap();
    assert_eq!(costly.encode(), Err(EncodeError::TooMuchWork { step: MAX_WORK / 4096 }));
    let mut wild = generate(Profile::Mixed, 0, 10);
    wild.steps[4].op = Op::BulkInsert { first: 60_000, count: 1, ts: 0 };
    assert!(matches!(wild.encode(), Err(EncodeError::Unencodable { step: 4, .. })));
    wild.config.sessions = 9;
    assert_eq!(wild.encode(), Err(EncodeError::Config));
}

#[test]
fn damaged_artifacts_are_refused_with_the_place() {
    let bytes = generate(Profile::Swarm, 3, 60).encode().unwrap();
    let refusal = |bytes: &[u8]| Program::from_artifact(bytes).unwrap_err().to_string();
    assert!(refusal(&[]).starts_with("byte 0: the file is empty"));
    let mut other = bytes.clone();
    other[0] = 9;
    assert!(refusal(&other).starts_with("byte 0: not a fuzz input (first byte 9; this build writes 2): "));
    let mut older = bytes.clone();
    older[0] = 1;
    let hint = "give one of this version, or an .ops text, which begins with `# lockstep 1`";
    assert!(refusal(&older).ends_with(&format!("(first byte 1; this build writes 2): {hint}")));
    assert!(refusal(&bytes[..10]).starts_with("byte 10: the file ends within the header"));
    assert!(refusal(&bytes[..10]).ends_with("it has been cut, or is no fuzz input"));
    let torn = bytes.len() - 3;
    assert!(refusal(&bytes[..torn]).starts_with(&format!("byte {}: 5 bytes are left over", torn - 5)));
    let mut pool = bytes[..40].to_vec();
    pool[6] = 200;
    assert!(refusal(&pool).starts_with("byte 40: the file ends within its literal pool"));
    assert!(refusal(&pool).ends_with("it has been cut, or the header is damaged"));
    let longer = [&bytes[..], b"added"].concat();
    assert!(refusal(&longer).ends_with("the file has been cut, is damaged otherwise, or is no fuzz input"));
}
