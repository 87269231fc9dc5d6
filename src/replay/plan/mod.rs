//! The plan: what every operation number does, as a pure function of the seed.
//!
//! Operations are numbered 1, 2, 3 and so on without a gap. Number t is done in lane t modulo L, at a commit timestamp
//! that follows from t. Its *head*, the table and the kind of operation, is drawn from t alone, so how many inserts a
//! table had up to t is known without doing any of them. That is what makes an insert predictable: it makes record
//! number base + rank, where rank counts the table's inserts up to and including t.

mod clock;
mod content;
mod draws;
mod fingerprint;
mod left_out;
mod percent;
mod spec;
mod windows;

pub use clock::Clock;
pub use content::{Content, Edit};
pub use draws::{Draws, Purpose};
pub use fingerprint::{AnotherPlan, Fingerprint, PlanError};
pub use left_out::{LeftOut, Span, spans};
pub use percent::Percent;
pub use spec::{OpKind, Spec, SpecError, TableKind, TableSpec, tables};
pub use windows::{Truncation, WINDOW, Window, Windows};

/// The number of an operation. 0 is what was there before the first.
pub type OpNumber = u64;

/// Draws that the head of a number takes.
const DRAWS_PER_HEAD: u64 = 2;

/// Table and kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The table's index.
    pub table: u16,
    /// What is to be done.
    pub kind: OpKind,
}

/// All that can be said of an operation without knowing the others. Shared by everybody, never changed.
#[derive(Debug)]
pub struct Plan {
    spec: Spec,
    clock: Clock,
    /// Sums of the tables' weights, up to and including each.
    weights: Vec<u64>,
    /// Per table, sums of its percentages in thousandths, up to and including each kind.
    kinds: Vec<[u64; OpKind::ALL.len()]>,
}

impl Plan {
    /// The plan for a specification.
    pub fn new(spec: Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let weights = running_sums(spec.tables.iter().map(|table| u64::from(table.weight))).collect();
        let kinds = spec.tables.iter().map(|table| {
            let mut sums = running_sums(table.percent.iter().map(|percent| u64::from(percent.thousandths())));
            std::array::from_fn(|_| sums.next().unwrap_or_default())
        });
        Ok(Plan { clock: Clock, weights, kinds: kinds.collect(), spec })
    }

    /// What it was made from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The tables.
    pub fn tables(&self) -> &[TableSpec] {
        &self.spec.tables
    }

    /// A table.
    #[inline]
    pub fn table(&self, table: u16) -> &TableSpec {
        &self.spec.tables[usize::from(table)]
    }

    /// How many lanes there are.
    #[inline]
    pub fn lanes(&self) -> u64 {
        u64::from(self.spec.lanes)
    }

    /// The lane of a number.
    #[inline]
    pub fn lane(&self, t: OpNumber) -> usize {
        (t % self.lanes()) as usize
    }

    /// From numbers to timestamps.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether a number that is for `table` is used up and not done.
    #[inline]
    pub fn leaves_out(&self, t: OpNumber, table: u16) -> bool {
        self.spec.left_out.has(t, table)
    }

    /// Table and kind of a number.
    pub fn head(&self, t: OpNumber) -> Head {
        let mut draws = self.heads(t);
        self.next_head(&mut draws)
    }

    /// The draws of heads from number `t` on; each [`Plan::next_head`] takes one head.
    pub fn heads(&self, t: OpNumber) -> Draws {
        let mut draws = Draws::new(self.spec.seed, Purpose::Head, 0);
        draws.seek(DRAWS_PER_HEAD * t);
        draws
    }

    /// The next head. Always two draws, so that number t has its own place in the stream.
    #[inline]
    pub fn next_head(&self, draws: &mut Draws) -> Head {
        let place = draws.below(self.weights.last().copied().unwrap_or_default());
        let table = self.weights.partition_point(|&sum| sum <= place);
        let place = draws.below(Percent::ALL.thousandths().into());
        let kind = self.kinds[table].partition_point(|&sum| sum <= place);
        Head { table: table as u16, kind: OpKind::ALL[kind] }
    }

    /// The draws by which a number chooses its key; or its range, if it truncates.
    #[inline]
    pub fn choices(&self, t: OpNumber) -> Draws {
        Draws::new(self.spec.seed, Purpose::Choice, t)
    }

    /// Whether the transaction of a number is prepared, if it writes.
    pub fn is_prepared(&self, t: OpNumber) -> bool {
        if self.spec.prepared == Percent::NONE {
            return false;
        }
        let mut draws = self.choices(t);
        draws.seek(PREPARED_DRAW);
        draws.below(Percent::ALL.thousandths().into()) < self.spec.prepared.thousandths().into()
    }

    /// The keys that number `t` truncates in a table that had `rows` record numbers before it: the first and the
    /// last. All of them in one of 16 cases. `None` if there is none.
    pub fn truncation(&self, t: OpNumber, rows: u64) -> Option<(u64, u64)> {
        if rows == 0 {
            return None;
        }
        let mut draws = self.choices(t);
        if draws.below(16) == 0 {
            return Some((1, rows));
        }
        let first = 1 + draws.below(rows);
        Some((first, (first + draws.span(rows) - 1).min(rows)))
    }
}

/// Behind all draws that choose a key.
const PREPARED_DRAW: u64 = 64;

/// Sums up to and including each.
fn running_sums(numbers: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    numbers.scan(0, |sum, number| {
        *sum += number;
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str, seed: u64) -> Plan {
        Plan::new(Spec::new(seed, tables(text).expect("tables"))).expect("a plan")
    }

    #[test]
    fn a_head_is_the_same_alone_and_in_its_row() {
        let plan = plan("row:insert=53,3xvar:weight=2:update=100", 9);
        let mut draws = plan.heads(1);
        for t in 1..3000 {
            assert_eq!(plan.next_head(&mut draws), plan.head(t), "{t}");
        }
    }

    #[test]
    fn what_has_no_percent_never_comes_and_what_has_all_always_does() {
        let plan = plan("var:insert=100,row:weight=3", 1);
        for t in 1..5000 {
            let head = plan.head(t);
            assert_eq!(head.kind, if head.table == 0 { OpKind::Insert } else { OpKind::Read });
        }
    }

    #[test]
    fn neighbouring_seeds_are_no_permutations_of_each_other() {
        let inserts = |seed| {
            let plan = plan("row:insert=50", seed);
            (1..=4096).filter(|&t| plan.head(t).kind == OpKind::Insert).count()
        };
        let counts: Vec<_> = (0..8).map(inserts).collect();
        assert!(counts.iter().any(|&count| count != counts[0]), "{counts:?}");
    }

    #[test]
    fn truncations_are_within_the_table() {
        let plan = plan("row", 1);
        assert_eq!(plan.truncation(1, 0), None);
        for t in 1..2000 {
            let (first, last) = plan.truncation(t, 1 + t % 50).expect("rows");
            assert!(1 <= first && first <= last && last <= 1 + t % 50);
        }
    }

    #[test]
    fn some_are_prepared() {
        let mut spec = Spec::new(4, vec![TableSpec::new(TableKind::Row, 5)]);
        spec.prepared = Percent::whole(10);
        let plan = Plan::new(spec).expect("a plan");
        let prepared = (1..=10_000).filter(|&t| plan.is_prepared(t)).count();
        assert!((880..1120).contains(&prepared), "{prepared}");
    }
}
