//! Where results go: standard output, whose reader may leave early, and files, which are never overwritten unasked.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::path::Path;

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

/// Devices and pipes are not replaced, and may have no end to read to.
fn no_regular_file(path: &Path) -> String {
    format!("{}: is there and no regular file: name another output", path.display())
}

/// Refuses an output that cannot be one before any work is done: what the result is made from, or no regular file.
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
