//! What comparisons with an executor have seen, as numbers.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What the comparisons so far have seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grounding {
    /// Programs compared.
    pub programs: u64,
    /// Those of them that needed a connection of their own.
    pub fresh: u64,
    /// Those that differed once and not again: what WiredTiger does in the background may show.
    pub unconfirmed: u64,
    /// Answers compared.
    pub answers: u64,
    /// Calls compared that have an outcome of their own: reads, writes, truncates, comparisons of cursors. However many
    /// tables such a call was made on, it counts once; what leads to it, such as keys and transactions, does not count.
    pub operations: u64,
    /// Differences that are allowed, by the name of the row.
    pub allowed: BTreeMap<&'static str, u64>,
    /// Calls that were not made because WiredTiger does not survive them, by the name of the rule.
    pub withheld: BTreeMap<&'static str, u64>,
}

impl Grounding {
    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Grounding) {
        self.programs += other.programs;
        self.fresh += other.fresh;
        self.unconfirmed += other.unconfirmed;
        self.answers += other.answers;
        self.operations += other.operations;
        for (mine, theirs) in [(&mut self.allowed, &other.allowed), (&mut self.withheld, &other.withheld)] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Grounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Grounding { programs, fresh, unconfirmed, answers, operations, allowed, withheld } = self;
        writeln!(
            f,
            "wiredtiger: {answers} answers to {programs} programs ({operations} operations), {fresh} of them on a connection \
             of their own"
        )?;
        if *unconfirmed > 0 {
            writeln!(f, "    {unconfirmed:>9} differed once, and not when they were run again")?;
        }
        for (name, count) in allowed {
            writeln!(f, "    {count:>9} allowed: {name}")?;
        }
        for (name, count) in withheld {
            writeln!(f, "    {count:>9} withheld: {name}")?;
        }
        Ok(())
    }
}
