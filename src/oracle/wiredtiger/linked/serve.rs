//! The child's side of the pipes: reads requests, has them performed and writes the answers.
//!
//! Answers are written program by program, or one by one after `flush 1`, so that their number says where a program died.

use super::connection::version;
use super::stage::{self, Stage, Stop};
use crate::oracle::wiredtiger::ExecutorError;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Says what there is and executes requests until there are no more.
///
/// `limit` is the time after which a program ends this process, in case the parent is no longer there to.
pub fn serve(stage: &mut dyn Stage, limit: Duration) -> Result<(), ExecutorError> {
    let lost = |error: io::Error| ExecutorError::Linked(format!("the parent does not listen: {error}"));
    let mut output = io::stdout().lock();
    let [major, minor, patch] = version();
    writeln!(output, "wiredtiger {major}.{minor}.{patch} {}", stage.name()).map_err(lost)?;
    output.flush().map_err(lost)?;
    let programs = watch(limit);
    let mut input = io::stdin().lock();
    let mut flush = false;
    let mut request = String::new();
    loop {
        let from = request.len();
        if input.read_line(&mut request).map_err(lost)? == 0 {
            return Ok(());
        }
        match request[from..].trim_end() {
            "flush 0" | "flush 1" if from == 0 => {
                flush = request.trim_end().ends_with('1');
                request.clear();
            }
            "end" => {
                forget_last_words();
                programs.fetch_add(1, Ordering::Relaxed);
                let last = answer(stage, &request, flush, &mut output).map_err(lost)?;
                programs.fetch_add(1, Ordering::Relaxed);
                if let Err(Stop::Refused(refusal)) = last {
                    return Err(ExecutorError::Linked(refusal.to_string()));
                }
                request.clear();
            }
            _ => (),
        }
    }
}

/// Has a request performed and writes the answers.
fn answer(stage: &mut dyn Stage, request: &str, flush: bool, output: &mut impl Write) -> io::Result<Result<(), Stop>> {
    let mut text = String::new();
    let mut written = Ok(());
    let ended = stage::perform(stage, request, &mut |answer| {
        text.push_str(answer);
        text.push('\n');
        if flush && written.is_ok() {
            written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
            text.clear();
        }
    });
    written?;
    let last = match &ended {
        Ok(()) => format!("done {}", request.split(' ').nth(1).unwrap_or_default()),
        Err(Stop::Bad(bad)) => format!("bad {}", bad.0),
        Err(Stop::Panic) => format!("bad {}", stage::PANIC),
        Err(Stop::Refused(refusal)) => format!("bad {refusal}"),
    };
    writeln!(output, "{text}{last}")?;
    output.flush()?;
    Ok(ended)
}

/// Empties standard error if that is a file: what it has in the end is about the program that this process died of.
fn forget_last_words() {
    if let Ok(words) = io::stderr().as_fd().try_clone_to_owned() {
        // Where it is a terminal or a pipe there is nothing to empty.
        let _ = File::from(words).set_len(0);
    }
}

/// Aborts the process when a program takes longer than `limit`. The number is odd while one is running.
fn watch(limit: Duration) -> Arc<AtomicU64> {
    let programs = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&programs);
    thread::spawn(move || {
        loop {
            let before = seen.load(Ordering::Relaxed);
            thread::sleep(limit);
            if before % 2 == 1 && seen.load(Ordering::Relaxed) == before {
                eprintln!("a program took longer than {} s", limit.as_secs());
                std::process::abort();
            }
        }
    });
    programs
}
