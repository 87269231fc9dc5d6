//! The executor on plain tables of an in-memory database of this process.
//!
//! A database serves many programs, each on tables of its own, because opening one costs more than most programs do.
//! Misuse aborts a diagnostic build, and the process with it: what is known to be misuse must not come here.

use super::connection::{Connection, Refusal, version};
use super::request::{Bad, Entry, Program};
use super::site::Site;
use super::stage::{self, Stage, Stop};
use crate::backend::Format;
use crate::oracle::wiredtiger::{Ending, Executor, ExecutorError};
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many programs a connection serves at most. Dropped tables stay in its lists for a while.
const PROGRAMS_PER_CONNECTION: u32 = 100;

/// The whole of a table has to stay on one page in memory, which is never split or evicted: a page may be as large as a
/// tenth of the share of the cache at which writers are made to evict.
const DATABASE: &CStr = c"create,in_memory=true,cache_size=1GB,cache_cursors=false,statistics=(none),session_max=64,\
    eviction_target=90,eviction_trigger=98,eviction_dirty_target=90,eviction_dirty_trigger=98,\
    eviction_updates_target=90,eviction_updates_trigger=98,eviction=(threads_min=1,threads_max=1)";
/// Without `log=(enabled=false)` the tables of an in-memory database ignore timestamps. In column stores keys are record
/// numbers. Those with records of fixed length have values of one byte, and smaller pages where they are written; but that
/// says nothing of those in memory.
fn creation(format: Format) -> &'static CStr {
    match format {
        Format::Row => c"key_format=u,value_format=u,log=(enabled=false),memory_page_max=90MB,leaf_page_max=32MB",
        Format::Variable => c"key_format=r,value_format=u,log=(enabled=false),memory_page_max=90MB,leaf_page_max=32MB",
        Format::Fixed => c"key_format=r,value_format=8t,log=(enabled=false),memory_page_max=90MB,leaf_page_max=128KB",
    }
}

/// Real WiredTiger in this process, on plain tables.
pub struct Plain {
    version: String,
    connection: Connection,
    /// How many programs the connection has served.
    served: u32,
}

impl Plain {
    /// Opens the first database.
    pub fn open() -> Result<Self, ExecutorError> {
        let connection = database().map_err(|refusal| ExecutorError::Linked(refusal.to_string()))?;
        Ok(Plain { version: version().map(|number| number.to_string()).join("."), connection, served: 0 })
    }

    /// Opens another database in the place of the one that there is.
    fn renew(&mut self) -> Result<(), Refusal> {
        self.connection = database()?;
        self.served = 0;
        Ok(())
    }

    /// The same, without closing one on which nothing works any more.
    fn replace_broken(&mut self) -> Result<(), Refusal> {
        std::mem::forget(std::mem::replace(&mut self.connection, database()?));
        self.served = 0;
        Ok(())
    }
}

/// Opens a database. It has a home in name only, which no two of a process may share.
fn database() -> Result<Connection, Refusal> {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let home = format!("in-memory-{}", OPENED.fetch_add(1, Ordering::Relaxed));
    Connection::open(&CString::new(home).unwrap_or_default(), DATABASE)
}

impl Stage for Plain {
    fn name(&self) -> &'static str {
        "linked"
    }

    fn perform(
        &mut self,
        program: &Program<'_>,
        entries: &mut dyn Iterator<Item = Result<Entry<'_>, Bad>>,
        answer: &mut dyn FnMut(&str),
    ) -> Result<(), Stop> {
        if self.served > 0 && (program.fresh || self.served >= PROGRAMS_PER_CONNECTION) {
            self.renew()?;
        }
        self.served += 1;
        let name = |table| CString::new(format!("file:p{}t{table}", self.served)).unwrap_or_default();
        let tables = (0..program.tables).map(name).collect();
        let creation = creation(program.format);
        let mut site = Site::open(&self.connection, program, tables, creation, true).map_err(Refusal::new)?;
        let mut line = String::new();
        let run = || -> Result<(), Stop> {
            for entry in entries {
                line.clear();
                site.call(&entry?, &mut line)?;
                answer(&line);
                if stage::is_panic(&line) {
                    return Err(Stop::Panic);
                }
            }
            Ok(())
        };
        let ended = run();
        if matches!(ended, Err(Stop::Panic)) {
            site.abandon();
            self.replace_broken()?;
        } else if site.close().is_err() {
            // What is still in use would be in the way of the next program.
            self.renew()?;
        }
        ended
    }
}

impl Executor for Plain {
    fn version(&self) -> &str {
        &self.version
    }

    fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError> {
        requests.iter().map(|request| execute(self, request)).collect()
    }
}

/// Has one request performed.
pub(super) fn execute(stage: &mut dyn Stage, request: &str) -> Result<Ending, ExecutorError> {
    let mut answers = Vec::new();
    let ended = stage::perform(stage, request, &mut |answer| answers.push(answer.to_owned()));
    let reason = match ended {
        Ok(()) => return Ok(Ending::Complete(answers)),
        Err(Stop::Refused(refusal)) => return Err(ExecutorError::Linked(refusal.to_string())),
        Err(Stop::Bad(Bad(what))) => what,
        Err(Stop::Panic) => stage::PANIC.to_owned(),
    };
    Ok(Ending::Died { answers, reason: format!("bad {reason}"), hung: false })
}
