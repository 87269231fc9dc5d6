//! Where workers get their numbers from.

use super::plan::{OpNumber, Plan};
use super::step::Step;

/// Why a worker has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// All lanes are taken: there are more workers than lanes.
    Lanes,
    /// A truncation is due or being done.
    Barrier,
    /// The limit of how far numbers may run ahead.
    Lead,
    /// The key that the step needs is not made yet, or another has to be made first.
    Creator,
}

impl Why {
    /// All of them.
    pub const ALL: [Why; 4] = [Why::Lanes, Why::Barrier, Why::Lead, Why::Creator];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Why::Lanes => "lanes",
            Why::Barrier => "barrier",
            Why::Lead => "lead",
            Why::Creator => "creator",
        }
    }
}

/// What a worker that asks for a number gets.
#[derive(Debug)]
pub enum Take<T> {
    /// One.
    Ticket(T),
    /// None now: ask again after the next release.
    Wait(Why),
    /// No more.
    Done,
}

/// Hands out numbers. Shared by all workers, under a lock if they are threads.
pub trait Source {
    /// A number and what it takes to do it. Belongs to one worker.
    type Ticket;

    /// The next number.
    fn take(&mut self) -> Take<Self::Ticket>;

    /// A number is done. Returns the one that has to be done next by the same worker, if there is one.
    fn release(&mut self, ticket: Self::Ticket) -> Option<Self::Ticket>;

    /// Why the number that a worker has cannot be done yet: to be asked again after the next release.
    fn is_blocked(&self, _ticket: &Self::Ticket) -> Option<Why> {
        None
    }

    /// All numbers up to this one are done. Never gets smaller.
    fn all_done(&self) -> OpNumber;

    /// What a number does; to be asked once. Needs no lock.
    fn resolve(plan: &Plan, ticket: &mut Self::Ticket) -> Step;

    /// The number of a ticket.
    fn number(ticket: &Self::Ticket) -> OpNumber;

    /// A step is committed; `key` is its key, chosen by the table if it was appended.
    fn committed(&mut self, _ticket: &Self::Ticket, _step: &Step, _key: u64) {}
}
