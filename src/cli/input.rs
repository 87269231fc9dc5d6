//! Programs from files: `.ops` text, or the bytes of a fuzz input.

use super::output::tell;
use anyhow::{Context, Result, anyhow, bail};
use lockstep::count::count;
use lockstep::program::{ParseError, Program};
use lockstep::replay::result::HEADER;
use lockstep::workload::{Workload, WorkloadError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What `.ops` text begins with, whatever the file is called.
const TEXT_MAGIC: &[u8] = b"# lockstep";

/// The byte order marks that texts may begin with.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// What stands beside programs and inputs and is neither, by the end of the name.
const OTHER_FILES: [&str; 4] = ["rs", "txt", "md", "toml"];

/// How the name of a workload ends.
pub const WORKLOAD: &str = "workload";

/// The longest input that a fuzz target is given (`MAX_LEN` in the Makefile).
const MAX_INPUT: usize = 16_384;

/// What is looked for in directories.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Whatever is not in [`OTHER_FILES`].
    Programs,
    /// What ends in `.workload`.
    Workloads,
    /// What is not in [`OTHER_FILES`], nor something else by its content.
    Inputs,
}

/// The files named, those in the named directories in order of their paths. Hidden files in directories are no
/// programs, nor are sources and notes; of the latter a line on stderr tells.
pub fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    find(named, Wanted::Programs)
}

/// The files named, and those in the named directories whose names end in `.workload`.
pub fn workloads(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    find(named, Wanted::Workloads)
}

/// The files named, and those in the named directories that may be inputs of the fuzz target `predictable_replay`. A line
/// on stderr tells how many are not.
pub fn inputs(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    find(named, Wanted::Inputs)
}

fn find(named: &[PathBuf], wanted: Wanted) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in named {
        let about = std::fs::metadata(path).with_context(|| format!("{}: cannot read", path.display()))?;
        if about.is_dir() {
            let mut walk = Walk { wanted, found: Vec::new(), passed_over: 0, seen: BTreeSet::new() };
            walk.directory(path)?;
            if walk.found.is_empty() {
                let what = match wanted {
                    Wanted::Programs => "programs",
                    Wanted::Workloads => "workloads",
                    Wanted::Inputs => "inputs of predictable_replay",
                };
                bail!("{}: the directory has no {what} in it", path.display());
            }
            if walk.passed_over > 0 {
                let files = count(walk.passed_over, "file");
                let texts = if wanted == Wanted::Inputs { "texts and what ends in " } else { "" };
                let endings = OTHER_FILES.join(", .");
                tell(format_args!("{}: {files} passed over ({texts}.{endings})", path.display()));
            }
            found.append(&mut walk.found);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// A way through a directory.
struct Walk {
    wanted: Wanted,
    found: Vec<PathBuf>,
    passed_over: usize,
    /// Directories by their real paths: symbolic links may lead back.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn directory(&mut self, directory: &Path) -> Result<()> {
        let cannot_read = || format!("{}: cannot read", directory.display());
        if !self.seen.insert(directory.canonicalize().with_context(cannot_read)?) {
            return Ok(());
        }
        let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut paths: Vec<PathBuf> =
            entries.with_context(cannot_read)?.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            if path.is_dir() {
                self.directory(&path)?;
                continue;
            }
            let ends = |end: &str| path.extension().is_some_and(|its| its == end);
            let is_other = || OTHER_FILES.into_iter().any(ends);
            match self.wanted {
                Wanted::Workloads if !ends(WORKLOAD) => {}
                Wanted::Programs if is_other() => self.passed_over += 1,
                Wanted::Inputs if is_other() || std::fs::read(&path).is_ok_and(|it| no_input(&it).is_some()) => {
                    self.passed_over += 1;
                }
                _ => self.found.push(path),
            }
        }
        Ok(())
    }
}

/// Reads a program.
pub fn load(path: &Path) -> Result<Program> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    let named_text = path.extension().is_some_and(|extension| extension == "ops");
    if named_text || is_text(&bytes) {
        parse(path, bytes)
    } else {
        Program::from_artifact(&bytes).map_err(|error| anyhow!("{}: {error}", path.display()))
    }
}

/// Whether these bytes are meant as text, with or without a byte order mark.
fn is_text(bytes: &[u8]) -> bool {
    bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes).starts_with(TEXT_MAGIC) || is_utf16(bytes)
}

fn is_utf16(bytes: &[u8]) -> bool {
    UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark))
}

/// Reads a program in `.ops` text.
pub fn load_text(path: &Path) -> Result<Program> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    if !is_text(&bytes) && Program::from_artifact(&bytes).is_ok() {
        bail!("{}: is a fuzz input already: use it as it is, or give an .ops text", path.display());
    }
    parse(path, bytes)
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Program> {
    text(path, bytes, "write bytes as \\xNN in values and 0xNN in keys")?
        .parse()
        .map_err(|ParseError { line, column, message }| anyhow!("{}:{line}:{column}: {message}", path.display()))
}

/// Reads a workload.
pub fn load_workload(path: &Path) -> Result<Workload> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    text(path, bytes, "save it as UTF-8")?.parse().map_err(|error: WorkloadError| anyhow!("{}:{error}", path.display()))
}

/// Reads an input of the fuzz target `predictable_replay`. Any bytes can be one, but those that somebody has written to
/// be read are not meant.
pub fn load_input(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    match no_input(&bytes) {
        None => Ok(bytes),
        Some(what) => bail!("{}: no input of predictable_replay: {what}", path.display()),
    }
}

/// Why bytes are no input of `predictable_replay`, and what to do with them.
fn no_input(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(HEADER.as_bytes()) {
        return Some("it is what a run has left, which 'lockstep predict compare' reads".to_owned());
    }
    if is_text(bytes) {
        return Some("it is a program, which 'lockstep replay' runs".to_owned());
    }
    if bytes.len() > MAX_INPUT {
        return Some(format!("inputs have {MAX_INPUT} bytes at most, it has {}", bytes.len()));
    }
    let is_read =
        |text: &str| text.ends_with('\n') && !text.contains(|c: char| c.is_control() && !"\t\r\n".contains(c));
    let is_text = bytes.len() >= SHORTEST_TEXT && std::str::from_utf8(bytes).is_ok_and(is_read);
    is_text.then(|| "it is text: name what the fuzzer has written".to_owned())
}

/// Shorter texts may be bytes that only look like one.
const SHORTEST_TEXT: usize = 16;

/// What the bytes of a file say. `mend`: what to do about one that says nothing.
fn text(path: &Path, bytes: Vec<u8>, mend: &str) -> Result<String> {
    if is_utf16(&bytes) {
        bail!("{}:1:1: text in UTF-16, as its byte order mark says: save it as UTF-8", path.display());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        anyhow!("{}:{line}:{column}: not text; {mend}", path.display())
    })
}
