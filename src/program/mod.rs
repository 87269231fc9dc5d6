//! Programs: what to do. Plain data, complete before anything runs.
//!
//! A program has three forms: in memory ([`Program`]), as a fuzz input ([`Program::decode`], [`Program::encode`]) and as
//! `.ops` text (`Display`, `FromStr`). [`ops`] declares the operations; [`generate()`] makes programs from a seed and
//! [`mutate()`] makes fuzz inputs from others.

mod clock;
mod decode;
pub(crate) mod dice;
mod encode;
mod event;
pub mod generate;
pub mod keys;
pub mod limits;
pub mod mutate;
pub mod operand;
pub mod ops;
mod plan;
pub mod profile;
mod record;
mod rewrite;
pub mod step;
pub mod text;
pub mod values;

pub use decode::DecodeError;
pub use encode::EncodeError;
pub use event::{CrashPoint, HookAction};
pub use generate::{generate, swarm_length};
pub use mutate::{crossover, mutate};
pub use ops::{Op, OpKind};
pub use profile::Profile;
pub use rewrite::OperandMut;
pub use step::{Config, Expect, Program, Step};
pub use text::ParseError;
