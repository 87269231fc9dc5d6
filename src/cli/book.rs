//! What `run --sut` keeps of failures: the classes that it met, each with its first program. Such a run goes on after a
//! failure.

use super::guard::{Failure, FailureClass};
use lockstep::ground::KnownFailures;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What is said of a failure that shows whenever its program runs, and of one that showed once and not again.
pub const ALWAYS: &str = "";
/// See [`ALWAYS`].
pub const ONCE: &str = "once";

/// The classes met so far, in the order in which they were.
#[derive(Debug, Default, Serialize)]
pub struct Book {
    /// The classes.
    classes: Vec<Met>,
    /// Steps that were left out, by operation.
    left_out: BTreeMap<&'static str, u64>,
}

/// A class of failures.
#[derive(Debug, Serialize)]
pub struct Met {
    class: FailureClass,
    /// [`ALWAYS`] or [`ONCE`].
    standing: &'static str,
    /// The ticket or note, if it is known.
    known: Option<String>,
    /// How often it was met.
    count: u64,
    /// What the first program of the class is kept as, and what it did.
    first: Option<First>,
}

/// The first program of a class.
#[derive(Debug, Serialize)]
pub struct First {
    /// The file.
    pub file: Option<String>,
    /// Its failure.
    pub failure: Failure,
}

impl Book {
    /// Counts a failure; `keep` keeps its program if it is the first of its class.
    pub fn enter<E>(
        &mut self,
        standing: &'static str,
        known: &KnownFailures,
        failure: Failure,
        keep: impl FnOnce(Failure) -> Result<First, E>,
    ) -> Result<(), E> {
        let class = failure.class();
        if let Some(met) = self.classes.iter_mut().find(|met| met.class == class && met.standing == standing) {
            met.count += 1;
            return Ok(());
        }
        let why = match &failure {
            Failure::Mismatch(mismatch) => known.find(mismatch).map(|known| known.why()),
            Failure::Panic(_) | Failure::Hang(_) => None,
        };
        self.classes.push(Met { class, standing, known: why, count: 1, first: Some(keep(failure)?) });
        Ok(())
    }

    /// Counts steps that were left out.
    pub fn leave_out(&mut self, steps: &BTreeMap<&'static str, u64>) {
        for (op, count) in steps {
            *self.left_out.entry(op).or_default() += count;
        }
    }

    /// Whether no failure was met.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Whether a class was met that is not known.
    pub fn has_news(&self) -> bool {
        self.classes.iter().any(Met::is_news)
    }
}

impl Met {
    /// Whether it is not known, and shows again.
    fn is_news(&self) -> bool {
        self.known.is_none() && self.standing == ALWAYS
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (op, count) in &self.left_out {
            writeln!(f, "{count:>9} steps left out: {op}")?;
        }
        for met in &self.classes {
            let Met { class, standing, known, count, first } = met;
            match known {
                Some(why) => writeln!(f, "{count:>9} known    {class} ({why})")?,
                None if *standing == ONCE => writeln!(f, "{count:>9} once     {class}: not when it was run again")?,
                None => writeln!(f, "{count:>9} NEW      {class}")?,
            }
            if let (None, Some(First { file: Some(file), .. })) = (known, first) {
                writeln!(f, "{:>9}          {file}", "")?;
            }
        }
        let news = self.classes.iter().filter(|met| met.is_news()).count();
        write!(f, "{} classes of failures, {news} of them new", self.classes.len())
    }
}
