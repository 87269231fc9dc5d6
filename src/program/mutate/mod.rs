//! Mutation of fuzz inputs by whole steps, for libFuzzer's custom mutator: pure functions of their input and the seed.
//!
//! Timestamps and values of records are relative to what comes before them, so that steps keep their meaning
//! where they are moved to.

mod edits;

use super::dice::Dice;
use super::limits;
use super::record::{BLOCK, Block, HEADER, Header, VERSION};

/// At most so many edits at once; two are half as likely as one, and so on.
const MAX_EDITS: u32 = 5;

/// Changes the input in `data[..size]` into another one of at most `max_size` bytes and returns its size.
///
/// With `max_size` below `size` it shrinks: runs of steps go, and nothing else changes.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let room = max_size.min(data.len());
    let mut dice = Dice::new(seed.into());
    let mut input = Input::read(&data[..size.min(data.len())]);
    if max_size < size {
        input.shrink(room, &mut dice);
    } else {
        let edits = 1 + dice.bits().trailing_ones().min(MAX_EDITS - 1);
        for _ in 0..edits {
            input.edit(&mut dice);
        }
    }
    input.write(&mut data[..room])
}

/// Makes an input out of two: a run of steps of one takes the place of a run of the other. Returns its size.
pub fn crossover(a: &[u8], b: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut dice = Dice::new(seed.into());
    let (a, b) = if dice.percent(50) { (a, b) } else { (b, a) };
    let mut input = Input::read(a);
    let other = Input::read(b);
    let gone = dice.run(input.records.len());
    let run = dice.run(other.records.len());
    input.records.splice(gone, other.records[run].iter().copied());
    input.header.swarm = match (input.header.swarm, other.header.swarm) {
        (0, _) | (_, 0) => 0,
        (one, two) => one | two,
    };
    input.write(out)
}

/// An input, taken apart.
struct Input {
    header: Header,
    pool: Vec<u8>,
    records: Vec<Block>,
}

impl Input {
    /// Reads any bytes, as decoding does.
    fn read(bytes: &[u8]) -> Self {
        let (head, rest) = bytes.split_at(bytes.len().min(HEADER));
        let mut header = [0; HEADER];
        header[..head.len()].copy_from_slice(head);
        let mut header = Header::from_bytes(&header);
        header.version = VERSION;
        let (pool, rest) = rest.split_at((usize::from(header.pool_blocks) * BLOCK).min(rest.len() / BLOCK * BLOCK));
        let record = |bytes: &[u8]| {
            let mut record = [0; BLOCK];
            record[..bytes.len()].copy_from_slice(bytes);
            record
        };
        Input { header, pool: pool.to_vec(), records: rest.chunks(BLOCK).take(limits::MAX_STEPS).map(record).collect() }
    }

    /// Writes as many steps as there is room for and returns the number of bytes, at least 1 if there is any room.
    fn write(mut self, out: &mut [u8]) -> usize {
        if HEADER + self.pool.len() > out.len() {
            self.pool.clear();
        }
        self.header.pool_blocks = (self.pool.len() / BLOCK) as u16;
        let room = out.len().saturating_sub(HEADER + self.pool.len()) / BLOCK;
        self.records.truncate(room.min(limits::MAX_STEPS));
        let header = self.header.to_bytes();
        let parts = [&header[..], &self.pool, self.records.as_flattened()];
        let mut size = 0;
        for &byte in parts.into_iter().flatten().take(out.len()) {
            out[size] = byte;
            size += 1;
        }
        size
    }

    /// Deletes runs of steps until the rest fits.
    fn shrink(&mut self, room: usize, dice: &mut Dice) {
        if !self.records.iter().any(uses_pool) {
            self.pool.clear();
        }
        let fits = room.saturating_sub(HEADER + self.pool.len()) / BLOCK;
        let excess = self.records.len().saturating_sub(fits);
        if excess > 0 {
            let more = dice.log_uniform(1, self.records.len() as u32) as usize - 1;
            self.delete(excess + if dice.percent(50) { 0 } else { more }, dice);
        }
    }

    /// Deletes `count` steps, in one run or in a few.
    fn delete(&mut self, mut count: usize, dice: &mut Dice) {
        while count > 0 && !self.records.is_empty() {
            let len = if dice.percent(60) { count } else { dice.range(1, count as u32) as usize };
            let len = len.min(self.records.len());
            let from = dice.index(self.records.len() - len + 1);
            self.records.drain(from..from + len);
            count -= len;
        }
    }
}

/// Whether any slot of a record may refer to the literal pool.
fn uses_pool(record: &Block) -> bool {
    [3, 5, 7].into_iter().any(|high| record[high] >= 0xe0)
}

impl Dice {
    /// A place among `len` records, the end included.
    fn gap(&mut self, len: usize) -> usize {
        self.index(len + 1)
    }

    /// A run of records, mostly a short one; empty only if there are none.
    fn run(&mut self, len: usize) -> std::ops::Range<usize> {
        if len == 0 {
            return 0..0;
        }
        let from = self.index(len);
        let longest = (len - from) as u32;
        from..from + self.log_uniform(1, longest) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Op, Profile, Program, generate};

    fn seed_input() -> Vec<u8> {
        generate(Profile::Swarm, 11, 100).encode().unwrap()
    }

    #[test]
    fn results_fit_and_are_whole_programs() {
        let mut noise = Dice::new(1);
        let original = seed_input();
        for seed in 0..2000 {
            let capacity = noise.index(2 * original.len());
            let mut data = original.clone();
            data.resize(capacity.max(1), 0);
            let size = noise.index(data.len()) + 1;
            let max_size = noise.index(data.len() + 20) + 1;
            let result = mutate(&mut data, size, max_size, seed);
            assert!((1..=max_size.min(data.len())).contains(&result), "{size} {max_size} {result}");
            if max_size.min(data.len()) >= HEADER {
                assert!(Program::from_artifact(&data[..result]).is_ok());
            }
        }
    }

    #[test]
    fn is_a_function_of_its_seed_and_usually_changes_the_program() {
        let original = seed_input();
        let mutant = |seed| {
            let mut data = original.clone();
            data.resize(4096, 0);
            let size = mutate(&mut data, original.len(), 4096, seed);
            data.truncate(size);
            data
        };
        let program = Program::decode(&original);
        let changed = (0..500).filter(|&seed| Program::decode(&mutant(seed)) != program).count();
        assert!(changed > 400, "{changed}");
        assert!((0..100).all(|seed| mutant(seed) == mutant(seed)));
    }

    #[test]
    fn mutants_come_by_hooks_prepared_transactions_and_upheavals() {
        let original = "# lockstep 1\nconfig tables=2\ns0 begin\ns0.c0 insert 0010\ns0 commit ts=1\n";
        let original = original.parse::<Program>().unwrap().encode().unwrap();
        let mut found = [0; 3];
        for seed in 0..2000 {
            let mut data = original.clone();
            data.resize(1024, 0);
            let size = mutate(&mut data, original.len(), 1024, seed);
            let steps = Program::decode(&data[..size]).steps;
            let hook = steps.windows(2).any(|pair| matches!(pair[0].op, Op::Hook { .. }));
            let commit = steps.iter().any(|step| matches!(step.op, Op::Commit { durable: Some(_), .. }));
            let upheaval = steps.windows(2).any(|pair| (&pair[0].op, &pair[1].op) == (&Op::Quiesce, &Op::StepDown));
            for (count, is_there) in found.iter_mut().zip([hook, commit, upheaval]) {
                *count += usize::from(is_there);
            }
        }
        assert!(found.into_iter().all(|count| count > 10), "{found:?}");
    }

    #[test]
    fn shrinking_keeps_a_part_of_the_steps() {
        let original = seed_input();
        let steps = Input::read(&original).records;
        let mut sizes = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let mut data = original.clone();
            let size = mutate(&mut data, original.len(), original.len() - 1, seed);
            let shorter = Input::read(&data[..size]).records;
            assert!(shorter.len() < steps.len());
            let mut rest = steps.iter();
            assert!(shorter.iter().all(|record| rest.any(|other| other == record)));
            sizes.insert(shorter.len());
        }
        assert!(sizes.contains(&(steps.len() - 1)) && sizes.len() > 30, "{sizes:?}");
    }

    #[test]
    fn an_empty_corpus_grows_into_programs() {
        let mut data = vec![0; 4096];
        let mut size = 1;
        let mut seen = [false; Op::COUNT];
        for seed in 0..3000 {
            size = mutate(&mut data, size, 4096, seed);
            Program::decode(&data[..size]).steps.iter().for_each(|step| seen[step.op.index()] = true);
        }
        assert!(seen.iter().all(|&seen| seen));
    }

    #[test]
    fn crossover_takes_from_both() {
        let a = generate(Profile::Mixed, 1, 50).encode().unwrap();
        let b = generate(Profile::Swarm, 2, 50).encode().unwrap();
        let (one, two) = (Input::read(&a).records, Input::read(&b).records);
        let mut both = 0;
        for seed in 0..200 {
            let mut out = vec![0; 1024];
            let size = crossover(&a, &b, &mut out, seed);
            assert!((1..=1024).contains(&size) && Program::from_artifact(&out[..size]).is_ok());
            let child = Input::read(&out[..size]).records;
            both += usize::from([&one, &two].iter().all(|parent| child.iter().any(|record| parent.contains(record))));
            assert_eq!(crossover(&a, &b, &mut [0; 3], seed), 3);
        }
        assert!(both > 150, "{both}");
    }
}
