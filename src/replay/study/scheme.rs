//! The planners that are compared.

use crate::replay::lanes::Lanes;
use crate::replay::plan::{OpNumber, Plan};
use crate::replay::source::Source;
use crate::replay::strategies::{Append, Delayed, Jump, Queues};
use std::sync::Arc;

/// A planner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The table chooses record numbers. A control: the result depends on timing.
    Append,
    /// Record numbers by rank, keys in the lane of their low bits at once. A control: operations come before their key.
    NoDelay,
    /// Inserts leave numbers out.
    Jump,
    /// Keys are hidden for a round of lanes, and the table chooses record numbers.
    DelayedAppend,
    /// Keys are hidden for a round of lanes.
    Delayed,
    /// Keys belong to the lane of their birth.
    Birth,
    /// The same, and nobody runs further ahead than 8 rounds of lanes.
    BirthLead,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Scheme; 7] = [
        Scheme::Append,
        Scheme::NoDelay,
        Scheme::Jump,
        Scheme::DelayedAppend,
        Scheme::Delayed,
        Scheme::Birth,
        Scheme::BirthLead,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Append => "naive append",
            Scheme::NoDelay => "no delay",
            Scheme::Jump => "timestamp jump",
            Scheme::DelayedAppend => "delayed append",
            Scheme::Delayed => "delayed",
            Scheme::Birth => "birth lane",
            Scheme::BirthLead => "birth lane, lead 8 L",
        }
    }

    /// Whether the plan is another one's, and only the execution differs.
    pub const fn plans_as(self) -> Scheme {
        match self {
            Scheme::BirthLead => Scheme::Birth,
            other => other,
        }
    }

    /// Lets a visitor have the planner for so many operations.
    pub fn visit<V: Visitor>(self, plan: &Arc<Plan>, operations: OpNumber, visitor: V) -> V::Result {
        let own = || Arc::clone(plan);
        let delay = plan.lanes();
        match self {
            Scheme::Append => visitor.visit(Queues::new(own(), Append::new(own()), operations)),
            Scheme::NoDelay => visitor.visit(Queues::new(own(), Delayed::without_delay(own()), operations)),
            Scheme::Jump => visitor.visit(Queues::new(own(), Jump::new(own()), operations)),
            Scheme::DelayedAppend => visitor.visit(Queues::new(own(), Delayed::new(own(), delay, true), operations)),
            Scheme::Delayed => visitor.visit(Queues::new(own(), Delayed::new(own(), delay, false), operations)),
            Scheme::Birth => visitor.visit(Lanes::new(own(), operations)),
            Scheme::BirthLead => {
                let mut lanes = Lanes::new(own(), operations);
                lanes.limit_lead(Some(8 * plan.lanes()));
                visitor.visit(lanes)
            }
        }
    }
}

/// Does something with a planner, whichever it is.
pub trait Visitor {
    /// What comes of it.
    type Result;

    /// Does it.
    fn visit<Q: Source>(self, source: Q) -> Self::Result;
}
