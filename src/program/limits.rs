//! The caps on programs, as data. What is larger is refused with a message (text, `encode`) or cut (`decode`).

/// Steps of a decoded program. Longer ones exist as text and in memory only.
pub const MAX_STEPS: usize = 1024;
/// Steps of a program in `.ops` text.
pub const MAX_TEXT_STEPS: usize = 4_000_000;
/// Calls that a decoded program may need, as [`super::Op::cost`] counts them. Keeps one input from taking seconds.
pub const MAX_WORK: usize = 1 << 17;
/// The smallest key pool.
pub const MIN_KEYS: u16 = 2;
/// The largest key pool.
pub const MAX_KEYS: u16 = 4096;
/// The largest key pool that random bytes usually ask for, and that swarm programs use.
pub const MAX_SWARM_KEYS: u16 = 256;
/// Length of a key, in bytes.
pub const MAX_KEY_BYTES: usize = 1024;
/// Length of a value or of one delta's data, in bytes.
pub const MAX_VALUE_BYTES: usize = 32 * 1024;
/// Entries of one `modify`.
pub const MAX_DELTAS: usize = 16;
/// Offset of one `modify` entry, in bytes: a gap before it is filled, so it bounds memory.
pub const MAX_OFFSET: u32 = 64 * 1024;
/// Timestamps from here on are legal operands, but no clock follows them there.
pub const MAX_CLOCK: u64 = 1 << 62;
