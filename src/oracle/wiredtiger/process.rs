//! One process that executes requests: it is started, fed by a thread, listened to by another one, and killed when it is
//! dropped. Nothing here knows what a program means.

use super::{ExecutorError, Settings};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How much of the end of what a process said on standard error is looked at, in bytes.
const WORDS_READ: u64 = 4096;
/// How many lines of it are reported.
const WORDS_REPORTED: usize = 3;
/// How long a process may take to say that it is there.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a process that has closed its output may take to end, and how often that is looked at.
const DYING_LIMIT: Duration = Duration::from_secs(5);
const DYING_LOOK: Duration = Duration::from_millis(5);
/// The longest time after which a process kills itself, in seconds.
const OWN_LIMIT_MAX: u64 = 1_000_000;

/// How an error of the command line tool begins.
const OWN_WORDS: &str = "lockstep: ";
/// How an [`ExecutorError`] begins.
const REFUSED: &str = "no WiredTiger to compare with: ";

/// A running process. It is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    /// To the thread that writes to its standard input.
    requests: Sender<String>,
    /// From the thread that reads its standard output.
    said: Receiver<Said>,
    /// Its standard error.
    words: File,
    /// The directory that it works in, if it keeps files there: gone after it.
    _home: Option<TempDir>,
}

/// What comes from a process.
#[derive(Debug)]
pub(super) enum Said {
    /// A program is through: its answers.
    Done(Vec<String>),
    /// A program ended early: the answers up to then and what is wrong.
    Bad(Vec<String>, String),
    /// It is gone, with these answers to a program that it did not finish.
    Gone(Vec<String>),
    /// It said nothing for the time limit, and was killed; the answers to the program that it was at.
    Silent(Vec<String>),
}

impl Process {
    /// Starts a process, and answers with it and the line that it begins with.
    pub(super) fn start(settings: &Settings) -> Result<(Self, String), ExecutorError> {
        let failed = |error| ExecutorError::Start { program: settings.program.clone(), error, mend: settings.mend };
        // Its home and its standard error have names only until this returns: so nothing is left behind, whoever dies.
        // Only where it has files to keep there, the home stays as long as the process.
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("lockstep-wiredtiger-");
        let home = match &settings.homes {
            Some(homes) => builder.tempdir_in(homes),
            None => builder.tempdir(),
        };
        let home = home.map_err(failed)?;
        // Appending, because the process empties it before each program.
        let words = File::options().create(true).append(true).read(true).open(home.path().join("stderr"));
        let words = words.map_err(failed)?;
        // A process whose parent is gone kills itself, later than the parent would have done it.
        let own_limit = settings.limit.as_secs().saturating_add(1).saturating_mul(2).min(OWN_LIMIT_MAX);
        // It works in another directory, from which a relative path would lead elsewhere.
        let program = std::path::absolute(&settings.program).map_err(failed)?;
        let mut child = Command::new(program)
            .args(&settings.arguments)
            .arg(own_limit.to_string())
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(words.try_clone().map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        let (requests, to_write) = channel();
        let (to_tell, said) = channel();
        let pipes = (child.stdin.take(), child.stdout.take());
        let mut process = Process { child, requests, said, words, _home: settings.homes.is_some().then_some(home) };
        if let (Some(stdin), Some(stdout)) = pipes {
            thread::spawn(move || feed(stdin, &to_write));
            thread::spawn(move || listen(stdout, &to_tell));
        }
        match process.hear(START_LIMIT) {
            Said::Done(mut lines) if lines.len() == 1 => {
                let hello = lines.remove(0);
                Ok((process, hello))
            }
            Said::Silent(_) => {
                let Settings { program, mend, .. } = settings.clone();
                Err(ExecutorError::Silent { program, limit: START_LIMIT, mend })
            }
            _ => Err(process.refusal(settings.mend)),
        }
    }

    /// Why it did not start, in its own words: those of this program name the mend themselves.
    fn refusal(&mut self, mend: &'static str) -> ExecutorError {
        let status = self.wait();
        let words = self.last_words();
        let what = if words.is_empty() { status } else { words };
        match what.strip_prefix(OWN_WORDS) {
            Some(words) => ExecutorError::Linked(words.strip_prefix(REFUSED).unwrap_or(words).to_owned()),
            None => ExecutorError::Refused { what, mend },
        }
    }

    /// Gives it something to read. If it is gone, that shows in what is heard next.
    pub(super) fn feed(&self, text: String) {
        let _ = self.requests.send(text);
    }

    /// Waits for what it says next, `limit` at most.
    pub(super) fn hear(&mut self, limit: Duration) -> Said {
        match self.said.recv_timeout(limit) {
            Ok(said) => said,
            Err(RecvTimeoutError::Disconnected) => Said::Gone(Vec::new()),
            Err(RecvTimeoutError::Timeout) => {
                self.kill();
                match self.said.recv() {
                    Ok(Said::Gone(answers)) => Said::Silent(answers),
                    Ok(in_the_last_moment) => in_the_last_moment,
                    Err(_) => Said::Silent(Vec::new()),
                }
            }
        }
    }

    /// How a process that is gone ended, and what it said last on standard error, in one line.
    pub(super) fn epitaph(&mut self) -> String {
        let status = self.wait();
        let words = self.last_words();
        if words.is_empty() { status } else { format!("{status}: {words}") }
    }

    /// Waits until it has ended and says how it did. Its output ends a little earlier than it does, and before its last
    /// words; if it does not end then, it is killed.
    fn wait(&mut self) -> String {
        for _ in 0..DYING_LIMIT.as_millis() / DYING_LOOK.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.to_string();
            }
            thread::sleep(DYING_LOOK);
        }
        self.kill()
    }

    /// Kills it if it has not ended, and says how it did.
    fn kill(&mut self) -> String {
        if let Ok(None) = self.child.try_wait() {
            // It may end at this very moment, which is as good.
            let _ = self.child.kill();
        }
        self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// The last lines of its standard error.
    pub(super) fn last_words(&mut self) -> String {
        let mut bytes = Vec::new();
        let length = self.words.metadata().map_or(0, |metadata| metadata.len());
        let read = self
            .words
            .seek(SeekFrom::Start(length.saturating_sub(WORDS_READ)))
            .and_then(|_| (&self.words).take(WORDS_READ).read_to_end(&mut bytes));
        if let Err(error) = read {
            return error.to_string();
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut last: Vec<&str> =
            text.lines().rev().filter(|line| !line.trim().is_empty()).take(WORDS_REPORTED).collect();
        last.reverse();
        last.into_iter().map(without_prefix).collect::<Vec<_>>().join("; ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A message of WiredTiger without the time, process and thread that it begins with: they differ from run to run.
fn without_prefix(line: &str) -> &str {
    let mut rest = line;
    while let Some((prefix, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        if !prefix.starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
        rest = after.trim_start_matches([',', ':', ' ']);
    }
    rest
}

/// Writes what comes to the process, until nothing more can come or it is gone.
fn feed(mut stdin: ChildStdin, texts: &Receiver<String>) {
    for text in texts {
        if stdin.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads what the process says and tells it program by program, until there is no more or nobody listens.
fn listen(stdout: ChildStdout, listener: &Sender<Said>) {
    let mut answers = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { break };
        let said = if line.starts_with("done ") {
            Said::Done(std::mem::take(&mut answers))
        } else if line.starts_with("wiredtiger ") {
            Said::Done(vec![line])
        } else if let Some(what) = line.strip_prefix("bad ") {
            Said::Bad(std::mem::take(&mut answers), what.to_owned())
        } else {
            answers.push(line);
            continue;
        };
        if listener.send(said).is_err() {
            return;
        }
    }
    // Nobody may be listening any more.
    let _ = listener.send(Said::Gone(answers));
}
