//! The executor that works everywhere: a child process in which Python drives PyPI's `wiredtiger`.
//!
//! A whole batch is written to the child, and the answers are read program by program. The package is a diagnostic build,
//! which aborts on misuse. If the child dies or hangs, the program that it was at is run once more, alone in a new child
//! that writes each answer at once, to see in which entry it dies; then the batch goes on in another one.

use super::process::{Process, Said};
use super::{Ending, Executor, ExecutorError, environment};
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// How a child is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Python to run.
    pub python: PathBuf,
    /// What it runs: the text of `runner.py`.
    pub runner: Cow<'static, str>,
    /// How long one program may take. A child that takes longer counts as dead.
    pub limit: Duration,
}

impl Settings {
    /// The ordinary ones: the Python that [`environment::python`] finds, and a minute per program.
    pub fn find() -> Result<Self, ExecutorError> {
        let limit = Duration::from_secs(60);
        Ok(Settings { python: environment::python()?, runner: Cow::Borrowed(include_str!("runner.py")), limit })
    }
}

/// Real WiredTiger in a child process. The child lives as long as this, and leaves nothing behind.
pub struct PythonChild {
    settings: Settings,
    version: String,
    /// The child, unless it died.
    process: Option<Process>,
    /// The directory that children work in. They write nothing, but who knows what dies there.
    directory: TempDir,
}

impl PythonChild {
    /// Starts a child with the settings that [`Settings::find`] finds.
    pub fn find() -> Result<Self, ExecutorError> {
        Self::start(Settings::find()?)
    }

    /// Starts a child.
    pub fn start(settings: Settings) -> Result<Self, ExecutorError> {
        let failed = |error| ExecutorError::Start { python: settings.python.clone(), error };
        let directory = tempfile::Builder::new().prefix("lockstep-wiredtiger-").tempdir().map_err(failed)?;
        let (process, hello) = Process::start(&settings, directory.path())?;
        // `wiredtiger <version> <name of the executor>`
        let version = hello.split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(PythonChild { settings, version, process: Some(process), directory })
    }

    /// The child, a new one if the last one died.
    fn process(&mut self) -> Result<&mut Process, ExecutorError> {
        let process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.settings, self.directory.path())?.0,
        };
        Ok(self.process.insert(process))
    }

    /// Executes requests until there are no more or the child is dead. At least one ending comes of it.
    fn batch(&mut self, requests: &[String], endings: &mut Vec<Ending>) -> Result<(), ExecutorError> {
        let limit = self.settings.limit;
        let process = self.process()?;
        for request in requests {
            process.feed(request.clone());
        }
        for request in requests {
            match process.hear(limit) {
                Said::Done(answers) => endings.push(Ending::Complete(answers)),
                Said::Bad(answers, what) if what == PANIC => {
                    let reason = format!("panic: {}", process.epitaph());
                    endings.push(died(answers, reason));
                    self.process = None;
                    return Ok(());
                }
                Said::Bad(answers, what) => endings.push(died(answers, format!("bad {what}"))),
                Said::Gone(_) | Said::Silent(_) => {
                    self.process = None;
                    endings.push(self.alone(request)?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Runs a program that killed a child once more, in a child of its own that writes each answer at once.
    fn alone(&self, request: &str) -> Result<Ending, ExecutorError> {
        let (mut process, _) = Process::start(&self.settings, self.directory.path())?;
        process.feed("flush 1\n".to_owned());
        process.feed(request.to_owned());
        Ok(match process.hear(self.settings.limit) {
            Said::Gone(answers) => died(answers, process.epitaph()),
            Said::Silent(answers) => {
                let reason = format!("no answer for {} s", self.settings.limit.as_secs_f32());
                Ending::Died { answers, reason, hung: true }
            }
            Said::Bad(answers, what) => died(answers, format!("bad {what}")),
            Said::Done(_) => died(Vec::new(), ONLY_TOGETHER.to_owned()),
        })
    }
}

/// What a child says instead of `done` when the connection has panicked. It ends then.
const PANIC: &str = "panic";
/// The reason of a death that does not repeat.
const ONLY_TOGETHER: &str = "died after other programs, but not alone";

fn died(answers: Vec<String>, reason: String) -> Ending {
    Ending::Died { answers, reason, hung: false }
}

impl Executor for PythonChild {
    fn version(&self) -> &str {
        &self.version
    }

    fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError> {
        let mut endings = Vec::with_capacity(requests.len());
        while endings.len() < requests.len() {
            self.batch(&requests[endings.len()..], &mut endings)?;
        }
        Ok(endings)
    }
}
