//! Programs from files: `.ops` text, or the bytes of a fuzz input.

use anyhow::{Context, Result, anyhow, bail};
use lockstep::program::{ParseError, Program};
use std::path::{Path, PathBuf};

/// What `.ops` text begins with, whatever the file is called.
const TEXT_MAGIC: &[u8] = b"# lockstep";

/// The files named, those in the named directories in order of their paths. Hidden files in directories are no
/// programs.
pub fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in named {
        let about = std::fs::metadata(path).with_context(|| format!("{}: cannot read", path.display()))?;
        if about.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                bail!("{}: the directory has no programs in it", path.display());
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.with_context(|| format!("{}: cannot read", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a program.
pub fn load(path: &Path) -> Result<Program> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    let named_text = path.extension().is_some_and(|extension| extension == "ops");
    if named_text || bytes.starts_with(TEXT_MAGIC) {
        parse(path, bytes)
    } else {
        Program::from_artifact(&bytes).map_err(|error| anyhow!("{}: {error}", path.display()))
    }
}

/// Reads a program in `.ops` text.
pub fn load_text(path: &Path) -> Result<Program> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    parse(path, bytes)
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Program> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        anyhow!("{}:{line}:{column}: not text; write bytes as \\xNN in values and 0xNN in keys", path.display())
    })?;
    text.parse()
        .map_err(|ParseError { line, column, message }| anyhow!("{}:{line}:{column}: {message}", path.display()))
}
