//! What is left out of a plan, to find out what a failure needs: numbers that are used up and not done.
//!
//! The ranks of inserts stay: an insert that is left out has its record number, and nobody else gets it.

use super::OpNumber;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Numbers and tables that are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Tables to which nothing is done; they keep what they begin with.
    pub tables: BTreeSet<u16>,
    /// Numbers that are not done.
    pub numbers: BTreeSet<OpNumber>,
}

impl LeftOut {
    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.numbers.is_empty()
    }

    /// Whether a number that is for `table` is left out.
    #[inline]
    pub fn has(&self, t: OpNumber, table: u16) -> bool {
        !self.is_empty() && (self.tables.contains(&table) || self.numbers.contains(&t))
    }
}

/// As text: `tables 0,3 numbers 5,7-12`, each part only if there is something.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if !self.tables.is_empty() {
            write!(f, "tables {}", ranges(self.tables.iter().map(|&table| u64::from(table))))?;
            between = " ";
        }
        if !self.numbers.is_empty() {
            write!(f, "{between}numbers {}", ranges(self.numbers.iter().copied()))?;
        }
        Ok(())
    }
}

impl FromStr for LeftOut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut left_out = LeftOut::default();
        let mut words = text.split_whitespace();
        let mut said = Vec::new();
        while let (Some(what), list) = (words.next(), words.next().unwrap_or_default()) {
            if said.contains(&what) {
                return Err(format!("'{what}' comes twice: write one list"));
            }
            said.push(what);
            match what {
                "tables" => {
                    let tables = numbers(list)?.into_iter().map(u16::try_from);
                    left_out.tables = tables.collect::<Result<_, _>>().map_err(|_| format!("no table '{list}'"))?;
                }
                "numbers" => {
                    left_out.numbers = numbers(list)?;
                    if left_out.numbers.contains(&0) {
                        return Err("there is no number 0: the first one is 1".to_owned());
                    }
                }
                _ => return Err(format!("'{what}' cannot be left out: write tables or numbers, each with a list")),
            }
        }
        Ok(left_out)
    }
}

/// The most numbers that a list may name.
const MOST: u64 = 1 << 24;

/// Numbers from a list such as `5,7-12`.
fn numbers(list: &str) -> Result<BTreeSet<u64>, String> {
    let mut numbers = BTreeSet::new();
    for part in list.split(',') {
        let wrong = || format!("'{part}' is no number and no range of some: write 5,7-12");
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if last < first || last - first >= MOST {
            return Err(wrong());
        }
        numbers.extend(first..=last);
    }
    Ok(numbers)
}

/// Ascending numbers as a list, those that follow each other as a range.
fn ranges(numbers: impl Iterator<Item = u64>) -> String {
    spans(numbers).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Numbers that follow each other. As text `5` or `7-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span { first, last } if first == last => first.fmt(f),
            Span { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

/// Ascending numbers as spans, as few as there can be.
pub fn spans(numbers: impl Iterator<Item = u64>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some(Span { last, .. }) if *last + 1 == number => *last = number,
            _ => spans.push(Span { first: number, last: number }),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_as_they_are_read() {
        for text in ["", "tables 3", "numbers 1-4,6,8-9", "tables 0,2-3 numbers 7"] {
            assert_eq!(text.parse::<LeftOut>().map(|left_out| left_out.to_string()), Ok(text.to_owned()));
        }
        for wrong in
            ["numbers", "numbers 5-4", "numbers x", "tables 70000", "rows 3", "numbers 1-99999999999", "numbers 0-4"]
        {
            assert!(wrong.parse::<LeftOut>().is_err(), "{wrong}");
        }
        assert!("tables 1 tables 2".parse::<LeftOut>().is_err_and(|what| what.contains("comes twice")));
    }
}
