//! Where results go: standard output and stderr, whose readers may leave early, and files, which are never overwritten
//! unasked.

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

/// Writes a line to stderr. Where nobody can read it the work goes on, and the exit code stays that of the work.
pub fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Buffered standard output. Once its reader is gone, what is written is dropped: the work goes on, and the exit
/// code stays that of the work.
pub struct Out {
    to: Option<BufWriter<Stdout>>,
}

impl Out {
    pub fn stdout() -> Self {
        Out { to: Some(BufWriter::new(io::stdout())) }
    }

    /// Writes a line.
    pub fn line(&mut self, line: impl std::fmt::Display) -> Result<()> {
        self.attempt(|to| writeln!(to, "{line}"))
    }

    /// Writes a value as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(text)
    }

    /// Hands everything to the reader.
    pub fn flush(&mut self) -> Result<()> {
        self.attempt(Write::flush)
    }

    fn attempt(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>) -> Result<()> {
        let Some(to) = &mut self.to else {
            return Ok(());
        };
        match write(to) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                // Forgotten, not dropped: dropping would try to write what is left.
                let (_, _) = self.to.take().expect("just written to").into_parts();
                Ok(())
            }
            result => result.context("cannot write to standard output"),
        }
    }
}

/// Writes a file that may not exist yet, unless `force` says so. The same content again is no change.
pub fn write_new(path: &Path, bytes: &[u8], force: bool) -> Result<()> {
    let name = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{name}: cannot replace it")),
        Ok(there) if !there.is_file() => bail!(no_regular_file(path)),
        Ok(_) if force => {}
        Ok(there) => {
            let maybe_equal = there.len() == bytes.len() as u64;
            if maybe_equal && std::fs::read(path).with_context(|| format!("{name}: cannot compare it"))? == bytes {
                return Ok(());
            }
            bail!("{name}: exists and has another content; --force replaces it");
        }
    }
    std::fs::write(path, bytes).with_context(|| format!("{name}: cannot write"))
}

/// Writes to the first of `NAME.END`, `NAME-2.END`, ... in a directory that is free or has this content already.
pub fn keep(directory: &Path, name: &str, end: &str, bytes: &[u8]) -> Result<PathBuf> {
    std::fs::create_dir_all(directory).with_context(|| format!("{}: cannot create", directory.display()))?;
    let names = std::iter::once(format!("{name}.{end}")).chain((2..100).map(|n| format!("{name}-{n}.{end}")));
    let mut error = anyhow!("{}: no free name for {name}", directory.display());
    for name in names {
        let path = directory.join(name);
        match write_new(&path, bytes, false) {
            Ok(()) => return Ok(path),
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

/// Devices and pipes are not replaced, and may have no end to read to.
fn no_regular_file(path: &Path) -> String {
    format!("{}: is there and no regular file: name another output", path.display())
}

/// Refuses an output that is what the result is made from, or no regular file, before any work is done.
pub fn check_output(input: &Path, output: &Path) -> Result<()> {
    if std::fs::metadata(output).is_ok_and(|there| !there.is_file()) {
        bail!(no_regular_file(output));
    }
    let same = match (input.canonicalize(), output.canonicalize()) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    };
    if same {
        bail!("{}: input and output are the same file: name another output", output.display());
    }
    Ok(())
}

/// Refuses an output before long work is done that would be lost with it: one that cannot be written, and one that is
/// there, unless `force` says that it may go, or its content may turn out to be `the_same`.
pub fn check_new(output: &Path, force: bool, the_same: impl FnOnce(&[u8]) -> bool) -> Result<()> {
    let name = output.display();
    let cannot = || format!("{name}: cannot write");
    match std::fs::metadata(output) {
        Ok(there) if !there.is_file() => bail!(no_regular_file(output)),
        Ok(_) if !force => {
            let there = std::fs::read(output).with_context(|| format!("{name}: cannot compare it"))?;
            if the_same(&there) {
                return Ok(());
            }
            bail!("{name}: exists; --force replaces it")
        }
        Ok(_) => File::options().write(true).open(output).map(drop).with_context(cannot),
        Err(error) if error.kind() == ErrorKind::NotFound => probe(output).with_context(cannot),
        Err(error) => Err(error).with_context(cannot),
    }
}

/// Refuses a directory to keep files in that could not be, before any work is done. It need not be there yet.
pub fn check_directory(directory: &Path) -> Result<()> {
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let there = directory.ancestors().find(is_there).unwrap_or(Path::new("."));
    if !there.is_dir() {
        bail!("{}: is no directory: name another one with --artifacts", there.display());
    }
    let cannot = || format!("{}: cannot write there: name another one with --artifacts", there.display());
    probe(&there.join(format!(".lockstep-{}", std::process::id()))).with_context(cannot)
}

/// Makes a file that is not there, and takes it away again.
fn probe(path: &Path) -> io::Result<()> {
    File::options().write(true).create_new(true).open(path)?;
    std::fs::remove_file(path)
}
