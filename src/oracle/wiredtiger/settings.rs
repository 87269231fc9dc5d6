//! How a child process is run: which program, and for how long.

use super::{ExecutorError, environment};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one program may take, ordinarily.
const LIMIT: Duration = Duration::from_secs(60);
/// A file system in memory, where there is one.
const IN_MEMORY: &str = "/dev/shm";

/// How a child is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to run.
    pub program: PathBuf,
    /// Its arguments, but for the last one: the number of seconds after which it ends by itself.
    pub arguments: Vec<OsString>,
    /// How long one program may take. A child that takes longer counts as dead.
    pub limit: Duration,
    /// Whether it writes each answer at once: so a program that kills it need not be run again to see where it does.
    pub flush: bool,
    /// Where it gets a directory to keep files in; `None` if it needs none.
    pub homes: Option<PathBuf>,
    /// What helps if it does not start.
    pub mend: &'static str,
}

impl Settings {
    /// Python with PyPI's `wiredtiger`: the Python that [`environment::python`] finds, and a minute per program.
    pub fn python() -> Result<Self, ExecutorError> {
        Ok(Settings {
            program: environment::python()?,
            arguments: ["-I", "-c", include_str!("runner.py")].map(OsString::from).to_vec(),
            limit: LIMIT,
            flush: false,
            homes: None,
            mend: "run 'make wiredtiger'",
        })
    }

    /// The linked WiredTiger on plain tables, in the command line tool `lockstep`.
    pub fn linked(lockstep: PathBuf) -> Self {
        Settings {
            program: lockstep,
            arguments: vec!["wiredtiger-child".into()],
            limit: LIMIT,
            flush: false,
            homes: None,
            mend: "build with --features wiredtiger and WIREDTIGER_DIR",
        }
    }

    /// The linked WiredTiger's layered tables, in the command line tool `lockstep`. Their databases are in memory if
    /// there is a file system for that. `nodes` is added to the configuration of each node.
    pub fn layered(lockstep: PathBuf, nodes: &str) -> Self {
        let in_memory = Path::new(IN_MEMORY);
        Settings {
            arguments: ["wiredtiger-child", "--layered", "--nodes", nodes].map(OsString::from).to_vec(),
            homes: Some(if in_memory.is_dir() { in_memory.to_owned() } else { std::env::temp_dir() }),
            mend: "build with --features wiredtiger-layered and WIREDTIGER_DIR, run with WIREDTIGER_PAGE_LOG",
            ..Settings::linked(lockstep)
        }
    }
}
