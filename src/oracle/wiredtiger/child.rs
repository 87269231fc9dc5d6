//! The executor that works everywhere: a child process that drives WiredTiger.
//!
//! A whole batch is written to the child, and the answers are read program by program. A debug build of WiredTiger
//! aborts on misuse, any build may panic or hang. If the child dies or hangs, the program that it was at is run once
//! more, alone in a new child that writes each answer at once, to see in which entry it dies; then the batch goes on in
//! another one.

use super::process::{Process, Said};
use super::{Ending, Executor, ExecutorError, Settings};
use std::time::Duration;

/// Real WiredTiger in a child process. The child lives as long as this, and leaves nothing behind.
pub struct ChildProcess {
    settings: Settings,
    version: String,
    /// The child, unless it died.
    process: Option<Process>,
}

impl ChildProcess {
    /// Starts a child.
    pub fn start(settings: Settings) -> Result<Self, ExecutorError> {
        let (process, hello) = Process::start(&settings)?;
        // `wiredtiger <version> <name of the executor>`
        let version = hello.split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(ChildProcess { settings, version, process: Some(process) })
    }

    /// The child, a new one if the last one died.
    fn process(&mut self) -> Result<&mut Process, ExecutorError> {
        let process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.settings)?.0,
        };
        if self.settings.flush {
            process.feed(FLUSH.to_owned());
        }
        Ok(self.process.insert(process))
    }

    /// Executes requests until there are no more or the child is dead. At least one ending comes of it.
    fn batch(&mut self, requests: &[String], endings: &mut Vec<Ending>) -> Result<(), ExecutorError> {
        let (limit, flush) = (self.settings.limit, self.settings.flush);
        let process = self.process()?;
        for request in requests {
            process.feed(request.clone());
        }
        for request in requests {
            match process.hear(limit) {
                Said::Done(answers) => endings.push(Ending::Complete(answers)),
                Said::Bad(answers, what) if what == PANIC => {
                    let reason = format!("panic: {}", process.last_words());
                    endings.push(died(answers, reason));
                    self.process = None;
                    return Ok(());
                }
                Said::Bad(answers, what) => endings.push(died(answers, format!("bad {what}"))),
                said @ (Said::Gone(_) | Said::Silent(_)) if flush => {
                    let ending = match said {
                        Said::Silent(answers) => hung(answers, limit),
                        Said::Gone(answers) | Said::Done(answers) | Said::Bad(answers, _) => {
                            died(answers, process.epitaph())
                        }
                    };
                    self.process = None;
                    endings.push(ending);
                    return Ok(());
                }
                Said::Gone(_) | Said::Silent(_) => {
                    let together = process.epitaph();
                    self.process = None;
                    endings.push(self.alone(request, &together)?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Runs a program that killed a child once more, in a child of its own that writes each answer at once. `together` is
    /// what the first child died of.
    fn alone(&self, request: &str, together: &str) -> Result<Ending, ExecutorError> {
        let (mut process, _) = Process::start(&self.settings)?;
        process.feed(FLUSH.to_owned());
        process.feed(request.to_owned());
        Ok(match process.hear(self.settings.limit) {
            Said::Gone(answers) => died(answers, process.epitaph()),
            Said::Silent(answers) => hung(answers, self.settings.limit),
            Said::Bad(answers, what) => died(answers, format!("bad {what}")),
            Said::Done(_) => died(Vec::new(), format!("{ONLY_TOGETHER}: {together}")),
        })
    }
}

/// What a child says instead of `done` when the connection has panicked. It ends then.
const PANIC: &str = "panic";
/// The reason of a death that does not repeat.
const ONLY_TOGETHER: &str = "died after other programs, but not alone";

/// What has a child write each answer at once.
const FLUSH: &str = "flush 1\n";

fn hung(answers: Vec<String>, limit: Duration) -> Ending {
    Ending::Died { answers, reason: format!("no answer for {} s", limit.as_secs_f32()), hung: true }
}

fn died(answers: Vec<String>, reason: String) -> Ending {
    Ending::Died { answers, reason, hung: false }
}

impl Executor for ChildProcess {
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
