//! What came of many files: a result for each, and how many of each kind.

use super::Verdict;
use super::output::Out;
use anyhow::Result;
use serde::Serialize;

/// The results of a call on files.
#[derive(Serialize)]
pub struct Report<F> {
    files: Vec<F>,
    agree: usize,
    mismatch: usize,
    bad_input: usize,
}

impl<F: Serialize> Report<F> {
    /// Without files so far.
    pub fn new() -> Self {
        Report { files: Vec::new(), agree: 0, mismatch: 0, bad_input: 0 }
    }

    /// A file, and what came of it: `agree`, `bad input`, or a failure of any kind.
    pub fn add(&mut self, result: &str, file: F) {
        match result {
            "agree" => self.agree += 1,
            "bad input" => self.bad_input += 1,
            _ => self.mismatch += 1,
        }
        self.files.push(file);
    }

    /// Prints all of it as JSON or the numbers as a line, and judges.
    ///
    /// # Errors
    /// It cannot be printed.
    pub fn end(self, json: bool, out: &mut Out) -> Result<Verdict> {
        let Report { agree, mismatch, bad_input, .. } = self;
        if json {
            out.json(&self)?;
        } else {
            out.line(format_args!("{agree} agree, {mismatch} mismatch, {bad_input} bad input"))?;
        }
        Ok(match (mismatch, bad_input) {
            (1.., _) => Verdict::Mismatch,
            (_, 1..) => Verdict::BadInput,
            _ => Verdict::Agree,
        })
    }
}
