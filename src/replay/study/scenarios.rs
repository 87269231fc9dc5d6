//! Workloads that planners are compared on.

use crate::replay::plan::{OpKind, Percent, TableKind, TableSpec};

/// A workload with a name.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A letter, or what the user calls it.
    pub name: String,
    /// What it is.
    pub what: String,
    /// Its tables.
    pub tables: Vec<TableSpec>,
}

/// The keys that a table of a scenario begins with: no multiple of any number of lanes that is likely.
const BASE: u64 = 5003;

impl Scenario {
    /// The workloads A to F.
    pub fn all() -> Vec<Scenario> {
        let scenario =
            |name: &str, what: &str, tables| Scenario { name: name.to_owned(), what: what.to_owned(), tables };
        let others = [0, 1, 3, 5, 8, 12, 17, 23, 30].map(|percent| table(BASE, Percent::whole(percent)));
        let ten = [table(BASE, Percent::whole(53))].into_iter().chain(others).collect();
        let three = [33, 5, 80].map(|percent| table(BASE, Percent::whole(percent))).to_vec();
        vec![
            scenario("A", "one table, 53 % inserts", vec![table(BASE, Percent::whole(53))]),
            scenario("B", "ten tables: 53 % inserts, the others 0 to 30 %", ten),
            scenario("C", "one table, 0.1 % inserts", vec![table(BASE, Percent::milli(100))]),
            scenario("D", "four tables, inserts only", vec![table(BASE, Percent::ALL); 4]),
            scenario("E", "three tables: 33, 5 and 80 % inserts", three),
            scenario("F", "one table of 700 rows, 5 % inserts", vec![table(700, Percent::whole(5))]),
        ]
    }
}

/// A table with so many inserts; half of the rest are updates, some remove or modify, and what is left reads.
fn table(base: u64, inserts: Percent) -> TableSpec {
    let rest = Percent::ALL.thousandths() - inserts.thousandths();
    TableSpec::new(TableKind::Variable, base)
        .with(OpKind::Insert, inserts)
        .with(OpKind::Update, Percent::milli(rest / 2))
        .with(OpKind::Remove, Percent::milli(rest / 10))
        .with(OpKind::Modify, Percent::milli(rest / 10))
}
