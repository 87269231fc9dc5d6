//! The binary form of a program: a sequence of blocks of 8 bytes.
//!
//! ```text
//! block 0      version, sizes, keys (2 bytes), isolation, tables and format, number of pool blocks (2 bytes)
//! block 1      swarm set: bit i is operation i; none set: all are on
//! block 2      seed of the weights
//! then         the literal pool: byte strings, each after its length (2 bytes)
//! then         one record per step: operation, who and flags, slots A, B and C (2 bytes each)
//! ```
//!
//! All numbers are little endian. Everything is whole blocks, so a damaged pool length moves records, but does
//! not tear them. What a slot means depends on the kind of operand that uses it (`bytes.rs`, `times.rs`, `small.rs`): its upper 4 bits
//! are a *mode*, the rest an argument. In two modes the argument is an index into the literal pool; with these
//! any program has a binary form.

mod bytes;
mod pool;
mod small;
mod times;

use super::clock::Clock;
use super::limits;
use super::step::Config;
use crate::backend::{Format, Isolation, Key, Timestamp, TxnTimestamp, Value, Who};
pub(super) use pool::{Pool, PoolBuilder};
use small::isolation_code;

/// The version of the format that this build reads and writes.
pub(super) const VERSION: u8 = 2;
/// Bytes of a block.
pub(super) const BLOCK: usize = 8;
/// Bytes of the header.
pub(super) const HEADER: usize = 3 * BLOCK;

/// One record, or another block.
pub(super) type Block = [u8; BLOCK];

/// The header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub version: u8,
    pub config: Config,
    /// The operations that are on.
    pub swarm: u64,
    /// The seed of the weights by which an operation byte without a meaning of its own gets one.
    pub seed: u64,
    /// The length of the literal pool.
    pub pool_blocks: u16,
}

/// In `keys`: the argument is the number itself and not a size for swarm programs.
const EXACT_KEYS: u16 = 0xf000;

/// In the upper half of the byte that has the tables: the formats of column stores. All else is a row store.
const VARIABLE: u8 = 14;
const FIXED: u8 = 15;

impl Header {
    /// Reads a header; total.
    pub fn from_bytes(bytes: &[u8; HEADER]) -> Self {
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let sessions = 1 + bytes[1] % Config::MAX_SESSIONS;
        let mut isolation = [Isolation::Snapshot; Config::MAX_SESSIONS as usize];
        for (session, level) in isolation.iter_mut().take(sessions.into()).enumerate() {
            *level = match bytes[4] >> (2 * session) & 3 {
                1 => Isolation::ReadCommitted,
                2 => Isolation::ReadUncommitted,
                _ => Isolation::Snapshot,
            };
        }
        let config = Config {
            sessions,
            cursors: 1 + (bytes[1] >> 4) % Config::MAX_CURSORS,
            tables: 1 + bytes[5] % Config::MAX_TABLES,
            keys: keys(short(2)),
            format: match bytes[5] >> 4 {
                VARIABLE => Format::Variable,
                FIXED => Format::Fixed,
                _ => Format::Row,
            },
            isolation,
        };
        Header { version: bytes[0], config, swarm: word(8), seed: word(16), pool_blocks: short(6) }
    }

    /// The bytes that `from_bytes` reads as this header.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let config = &self.config;
        bytes[0] = self.version;
        bytes[1] = config.sessions.wrapping_sub(1) | config.cursors.wrapping_sub(1) << 4;
        bytes[2..4].copy_from_slice(&(EXACT_KEYS | config.keys.wrapping_sub(limits::MIN_KEYS) & 0xfff).to_le_bytes());
        for (session, &level) in config.isolation.iter().enumerate() {
            bytes[4] |= isolation_code(level) << (2 * session);
        }
        bytes[5] = config.tables.wrapping_sub(1);
        bytes[5] |= match config.format {
            Format::Row => 0,
            Format::Variable => VARIABLE << 4,
            Format::Fixed => FIXED << 4,
        };
        bytes[6..8].copy_from_slice(&self.pool_blocks.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.swarm.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.seed.to_le_bytes());
        bytes
    }
}

/// The size of the key pool: mostly small, so that steps meet.
fn keys(raw: u16) -> u16 {
    if raw & EXACT_KEYS == EXACT_KEYS {
        limits::MIN_KEYS + (raw & !EXACT_KEYS) % (limits::MAX_KEYS - limits::MIN_KEYS + 1)
    } else {
        limits::MIN_KEYS + (raw & 0xff) % (limits::MAX_SWARM_KEYS - limits::MIN_KEYS + 1)
    }
}

/// Two bytes of a record, the argument of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub u16);

impl Slot {
    /// The first mode that means a literal.
    pub const LITERAL: u16 = 14;
    /// The largest number of literals.
    pub const MAX_LITERALS: usize = 1 << 13;

    pub const fn new(mode: u16, argument: u16) -> Self {
        Slot(mode << 12 | argument & 0xfff)
    }

    pub const fn literal(index: u16) -> Self {
        Slot(Slot::LITERAL << 12 | index)
    }

    #[inline]
    pub const fn mode(self) -> u16 {
        self.0 >> 12
    }

    #[inline]
    pub const fn argument(self) -> u16 {
        self.0 & 0xfff
    }
}

/// What the meaning of a record depends on beside its own bytes.
pub(super) struct Context<'p> {
    pub config: &'p Config,
    pub clock: Clock,
    /// The value that the last write with a value wrote.
    pub last_value: Value,
    /// The index of the record.
    pub index: usize,
}

/// The parts of a record that operands are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Slot A: keys, other cursors, pool indices, oldest, beginnings of ranges.
    A,
    /// Slot B: values, deltas, pool counts, stable, durable timestamps of commits, ends of ranges.
    B,
    /// Slot C: timestamps of writes and transactions.
    C,
    /// The flags: everything that has only a few values.
    Flags,
}

/// What earlier operands of a record say about later ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Which timestamp of the transaction is set.
    pub which: TxnTimestamp,
    /// The timestamp that is committed at.
    pub commit_ts: Option<Timestamp>,
    /// Whether the hook commits.
    pub commits: bool,
}

impl Told {
    const NOTHING: Told = Told { which: TxnTimestamp::Commit, commit_ts: None, commits: false };
}

/// Reads the operands of one record.
pub(super) struct Reader<'r> {
    pub context: &'r Context<'r>,
    pub pool: &'r Pool<'r>,
    pub who: Who,
    /// The key of this record, for its value.
    pub key: Key,
    pub told: Told,
    slots: [Slot; 3],
    flags: u8,
}

impl<'r> Reader<'r> {
    #[inline]
    pub fn new(record: &Block, context: &'r Context<'r>, pool: &'r Pool<'r>) -> Self {
        let slot = |at: usize| Slot(u16::from_le_bytes([record[at], record[at + 1]]));
        Reader {
            context,
            pool,
            who: who(record[1], context.config),
            key: Key::EMPTY,
            told: Told::NOTHING,
            slots: [slot(2), slot(4), slot(6)],
            flags: record[1] >> 4,
        }
    }

    #[inline]
    pub fn slot(&self, place: Part) -> Slot {
        self.slots[place as usize]
    }

    /// Takes the lowest flags.
    #[inline]
    pub fn flags(&mut self, bits: u32) -> u8 {
        let taken = self.flags & ((1 << bits) - 1);
        self.flags >>= bits;
        taken
    }
}

/// Writes the operands of one record.
pub(super) struct Writer<'r, 'p> {
    pub context: &'r Context<'p>,
    pub pool: &'r mut PoolBuilder,
    pub who: Who,
    pub key: Key,
    pub told: Told,
    slots: [Slot; 3],
    flags: u8,
    bits: u32,
}

impl<'r, 'p> Writer<'r, 'p> {
    pub fn new(who: Who, context: &'r Context<'p>, pool: &'r mut PoolBuilder) -> Self {
        Writer { context, pool, who, key: Key::EMPTY, told: Told::NOTHING, slots: [Slot(0); 3], flags: 0, bits: 0 }
    }

    pub fn set(&mut self, place: Part, slot: Slot) {
        self.slots[place as usize] = slot;
    }

    /// Appends flags.
    pub fn push_flags(&mut self, value: u8, bits: u32) {
        self.flags |= value << self.bits;
        self.bits += bits;
    }

    /// The record of an operation.
    pub fn finish(self, operation: u8) -> Block {
        let [a, b, c] = self.slots.map(|slot| slot.0.to_le_bytes());
        let who = who_code(self.who) | self.flags << 4;
        [operation, who, a[0], a[1], b[0], b[1], c[0], c[1]]
    }
}

/// A session and a cursor of the configuration, from 4 bits.
#[inline]
pub(super) fn who(code: u8, config: &Config) -> Who {
    Who { session: (code & 3) % config.sessions, cursor: (code >> 2 & 3) % config.cursors }
}

/// The bits that [`who`] reads.
pub(super) fn who_code(who: Who) -> u8 {
    who.session & 3 | (who.cursor & 3) << 2
}
