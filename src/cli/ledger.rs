//! A file with a line for each failure of a run that goes on after failures, written as they are met: what is counted only
//! in the end would be lost with the process.

use super::guard::Failure;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The name of the file, among the artifacts.
const NAME: &str = "failures.txt";

/// The open file. Lines of earlier runs stay.
pub struct Ledger {
    path: PathBuf,
    file: File,
}

impl Ledger {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(artifacts: &Path) -> Result<Self> {
        let path = artifacts.join(NAME);
        std::fs::create_dir_all(artifacts).with_context(|| format!("{}: cannot create", artifacts.display()))?;
        let file = File::options().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(Ledger { path, file })
    }

    /// Writes down a failure of the program that `command` runs; `standing` is what is known of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn enter(&mut self, command: &str, failure: &Failure, standing: &str) -> Result<()> {
        let line = format!("{standing:<6} {}; {command}\n", failure.headline());
        self.file.write_all(line.as_bytes()).with_context(|| format!("{}: cannot write", self.path.display()))
    }
}
