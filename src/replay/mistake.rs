//! Mistakes that can be planted in the planner, to see that they are caught.

use super::plan::{OpNumber, Plan};
use super::source::{Source, Take, Why};
use super::step::{Action, Step};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Inserts leave it to the table which record number they make, instead of counting.
    Append,
    /// One insert in twenty has a rank that lacks one.
    Rank,
    /// One update in twenty is taken for a read.
    Lost,
    /// One update in twenty writes the key before its own, which belongs to another lane.
    Lane,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 4] = [Mistake::Append, Mistake::Rank, Mistake::Lost, Mistake::Lane];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Mistake::Append => "append",
            Mistake::Rank => "rank",
            Mistake::Lost => "lost",
            Mistake::Lane => "lane",
        }
    }

    /// What becomes of a step.
    fn spoil(self, step: Step) -> Step {
        let is_chosen = |action| step.action == action && step.t.is_multiple_of(20);
        let (is_insert, is_update) = (is_chosen(Action::Insert), is_chosen(Action::Update));
        match self {
            Mistake::Append if step.action == Action::Insert => Step { action: Action::Append, key: 0, ..step },
            Mistake::Rank if is_insert => Step { key: step.key.saturating_sub(1).max(1), ..step },
            Mistake::Lost if is_update => Step { action: Action::Read, ..step },
            Mistake::Lane if is_update && step.key > 1 => Step { key: step.key - 1, ..step },
            _ => step,
        }
    }
}

/// A source that makes a mistake, or none.
#[derive(Debug)]
pub struct Mistaken<Q> {
    source: Q,
    mistake: Option<Mistake>,
}

/// A source's ticket, and the mistake that is to be made with it.
#[derive(Debug)]
pub struct Spoiled<T>(T, Option<Mistake>);

impl<Q> Mistaken<Q> {
    /// A source that makes this mistake.
    pub fn new(source: Q, mistake: Option<Mistake>) -> Self {
        Mistaken { source, mistake }
    }

    /// The source.
    pub fn into_inner(self) -> Q {
        self.source
    }
}

impl<Q: Source> Source for Mistaken<Q> {
    type Ticket = Spoiled<Q::Ticket>;

    fn take(&mut self) -> Take<Self::Ticket> {
        match self.source.take() {
            Take::Ticket(ticket) => Take::Ticket(Spoiled(ticket, self.mistake)),
            Take::Wait(why) => Take::Wait(why),
            Take::Done => Take::Done,
        }
    }

    fn release(&mut self, ticket: Self::Ticket) -> Option<Self::Ticket> {
        self.source.release(ticket.0).map(|ticket| Spoiled(ticket, self.mistake))
    }

    fn is_blocked(&self, ticket: &Self::Ticket) -> Option<Why> {
        self.source.is_blocked(&ticket.0)
    }

    fn all_done(&self) -> OpNumber {
        self.source.all_done()
    }

    fn resolve(plan: &Plan, ticket: &mut Self::Ticket) -> Step {
        let step = Q::resolve(plan, &mut ticket.0);
        match ticket.1 {
            Some(mistake) => mistake.spoil(step),
            None => step,
        }
    }

    fn number(ticket: &Self::Ticket) -> OpNumber {
        Q::number(&ticket.0)
    }

    fn committed(&mut self, ticket: &Self::Ticket, step: &Step, key: u64) {
        self.source.committed(&ticket.0, step, key);
    }
}
