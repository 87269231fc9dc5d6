//! Other ways to plan inserts, to compare the birth lane with.
//!
//! All of them give a key to the lane that its low bits say, whoever inserts it. So an insert is done in another lane
//! than the key's later operations, and each has its own remedy: [`Jump`] does it in the key's lane by leaving
//! numbers out, [`Delayed`] lets nobody see the key for a while and makes who comes too early wait, [`Append`] has
//! none.
//!
//! They know no truncation: it becomes a read.

mod append;
mod book;
mod delayed;
mod jump;
mod queues;

pub use append::Append;
pub use delayed::Delayed;
pub use jump::Jump;
pub use queues::{Queued, Queues};

use super::plan::OpNumber;
use super::step::Step;

/// A way to plan.
pub trait Strategy {
    /// The next operation, after one with number `last`. Operations are planned in order, under the source's lock.
    fn plan(&mut self, last: OpNumber) -> Planned;

    /// A step is committed; `key` is its key.
    fn committed(&mut self, _step: &Step, _key: u64) {}
}

/// An operation, and what it has to wait for.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is to be done. Its number may leave others out.
    pub step: Step,
    /// The number that has to be done before; 0: none.
    pub after: OpNumber,
}
