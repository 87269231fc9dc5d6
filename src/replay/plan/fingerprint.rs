//! A plan's fingerprint: what has to be the same for a run to be continued.

use super::{Plan, Spec, SpecError};
use std::fmt;
use thiserror::Error;

/// Changes whenever the same specification means another plan.
const VERSION: u32 = 1;

/// All that a plan depends on as text, one thing per line. Kept with the tables that the plan filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

/// The tables were filled by another plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("another plan: it was '{was}', it is '{is}'")]
pub struct AnotherPlan {
    /// The first line that differs, as it was.
    pub was: String,
    /// As it is.
    pub is: String,
}

/// Why a text is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}")]
pub struct PlanError {
    /// Which of its lines is to blame, from 0; `None`: one that is missing.
    pub index: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl Plan {
    /// Its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        let spec = self.spec();
        let mut text = format!(
            "lockstep plan {VERSION}\nseed {}\nlanes {}\nprepared {}\nfirst commit {} second {}\n",
            spec.seed,
            spec.lanes,
            spec.prepared,
            self.clock().commit(1),
            self.clock().commit(2)
        );
        for (index, table) in spec.tables.iter().enumerate() {
            text.push_str(&format!("table {index} {table}\n"));
        }
        if !spec.left_out.is_empty() {
            text.push_str(&format!("left out {}\n", spec.left_out));
        }
        Fingerprint(text)
    }
}

impl Fingerprint {
    /// As it was kept.
    pub fn from_text(text: &str) -> Self {
        Fingerprint(text.to_owned())
    }

    /// The text to keep.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The plan that has it.
    ///
    /// # Errors
    /// If the text is no fingerprint, or that of another version's plan: which line says so.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        let mut spec = Spec::new(0, Vec::new());
        let at = |index: usize| move |what: String| PlanError { index: Some(index), what };
        for (index, line) in self.0.lines().enumerate() {
            read_line(line, &mut spec).map_err(at(index))?;
        }
        let line_of = |start: &str| self.0.lines().position(|line| line.starts_with(start));
        let plan = Plan::new(spec).map_err(|error| {
            let index = match &error {
                SpecError::Lanes => line_of("lanes "),
                SpecError::LeftOut { .. } => line_of("left out "),
                _ => error.table().and_then(|table| line_of(&format!("table {table} "))),
            };
            PlanError { index, what: error.to_string() }
        })?;
        let own = plan.fingerprint();
        let index = own.0.lines().zip(self.0.lines()).position(|(own, line)| own != line);
        own.continues(self).map_err(|error| PlanError { index, what: error.to_string() })?;
        Ok(plan)
    }

    /// A short form for names and messages: the text's FNV-1a hash.
    pub fn hash(&self) -> u64 {
        let (basis, prime) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);
        self.0.bytes().fold(basis, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(prime))
    }

    /// Whether what was begun with `before` may be continued with this.
    ///
    /// # Errors
    /// If it may not: the first line that differs.
    pub fn continues(&self, before: &Fingerprint) -> Result<(), AnotherPlan> {
        let mut lines = (before.0.lines(), self.0.lines());
        loop {
            let (was, is) = (lines.0.next(), lines.1.next());
            if was.is_none() && is.is_none() {
                return Ok(());
            }
            if was != is {
                let text = |line: Option<&str>| line.unwrap_or("nothing").to_owned();
                return Err(AnotherPlan { was: text(was), is: text(is) });
            }
        }
    }
}

/// Takes what a line of a fingerprint says into a specification.
fn read_line(line: &str, spec: &mut Spec) -> Result<(), String> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let wrong = || format!("'{line}' is no line of a fingerprint");
    match name {
        "lockstep" | "first" => {}
        "seed" => spec.seed = rest.parse().map_err(|_| wrong())?,
        "lanes" => spec.lanes = rest.parse().map_err(|_| wrong())?,
        "prepared" => spec.prepared = rest.parse()?,
        "table" => {
            let table = rest.split_once(' ').ok_or_else(wrong)?.1;
            spec.tables.push(table.parse().map_err(|error: SpecError| error.to_string())?);
        }
        "left" => spec.left_out = rest.strip_prefix("out ").ok_or_else(wrong)?.parse()?,
        _ => return Err(wrong()),
    }
    Ok(())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.hash())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Percent, Spec, tables};
    use super::*;

    fn fingerprint(change: impl FnOnce(&mut Spec)) -> Fingerprint {
        let mut spec = Spec::new(1, tables("row:base=5:insert=53,fix:bits=2").expect("tables"));
        change(&mut spec);
        Plan::new(spec).expect("a plan").fingerprint()
    }

    #[test]
    fn a_plan_continues_itself_only() {
        let own = fingerprint(|_| {});
        assert_eq!(fingerprint(|_| {}).continues(&own), Ok(()));
        assert_eq!(own.continues(&Fingerprint::from_text(own.text())), Ok(()));
        let others = [
            fingerprint(|spec| spec.seed = 2),
            fingerprint(|spec| spec.lanes = 96),
            fingerprint(|spec| spec.prepared = Percent::milli(1)),
            fingerprint(|spec| spec.tables[0].base = 6),
            fingerprint(|spec| spec.tables[0].weight = 2),
            fingerprint(|spec| spec.tables.truncate(1)),
            fingerprint(|spec| spec.left_out = "numbers 3-5".parse().expect("numbers")),
        ];
        for other in others {
            assert!(other.continues(&own).is_err() && own.continues(&other).is_err(), "{}", other.text());
            assert_ne!(other.hash(), own.hash());
        }
    }

    #[test]
    fn a_plan_can_be_made_from_its_fingerprint() {
        let left_out = "tables 0 numbers 7,9-12".parse().expect("left out");
        let own = fingerprint(|spec| (spec.left_out, spec.prepared) = (left_out, Percent::milli(1500)));
        assert_eq!(own.plan().map(|plan| plan.fingerprint()), Ok(own.clone()));
        let newer = Fingerprint::from_text(&own.text().replace("plan 1", "plan 2"));
        assert!(newer.plan().is_err_and(|error| error.what.contains("another plan")));
        assert!(Fingerprint::from_text("seed x").plan().is_err_and(|error| error.what.contains("'seed x'")));
    }

    #[test]
    fn what_differs_is_named() {
        let error = fingerprint(|spec| spec.lanes = 96).continues(&fingerprint(|_| {})).expect_err("another");
        assert_eq!(error.to_string(), "another plan: it was 'lanes 1024', it is 'lanes 96'");
    }

    #[test]
    fn the_fingerprint_is_the_same_everywhere() {
        let text = "lockstep plan 1\nseed 1\nlanes 1024\nprepared 0\nfirst commit 8 second 12\n\
                    table 0 row:base=5:insert=53\ntable 1 fix:bits=2:base=0\n";
        assert_eq!(fingerprint(|_| {}).text(), text);
    }
}
