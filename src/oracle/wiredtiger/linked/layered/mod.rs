//! The executor on layered tables, the system under test: each entry is made on four tables, and the answers stand side
//! by side, separated by tabs.
//!
//! The tables are, in this order: the follower's layered one, the leader's layered one, the follower's plain one and
//! the leader's plain one. Each has sessions of its own, so that snapshots do not mix. What a node is asked (its
//! timestamps, `rts`) it is asked once, and its answer counts for both of its tables. An event has one answer:
//!
//! | entry | what happens |
//! |---|---|
//! | `checkpoint 0 0` | the leader's `checkpoint` |
//! | `adopt 0 0` | the follower picks up the newest checkpoint; `WT_NOTFOUND` if there is none |
//! | `evict 0 0 <percent>` | the follower evicts the pages of so many of a hundred keys of ingest |
//! | `prune 0 0` | the follower evicts all of ingest: what the checkpoint has is dropped from it |
//!
//! Each program has new nodes: a pick-up goes through all tables that were ever in the shared log, dropped ones included,
//! so that a used pair soon costs more than a new one; and nothing of one program is seen in the next.

mod extension;
mod pair;

use super::connection::{Refusal, version};
use super::plain::execute;
use super::request::{Bad, Entry, Program, Verb};
use super::site::Site;
use super::stage::{self, Stage, Stop};
use crate::oracle::wiredtiger::{Ending, Executor, ExecutorError};
use extension::Extension;
use pair::Pair;
use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::fmt::Write;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// How many pairs may be closing at a time, while others are used. They sleep most of that time.
const CLOSING: usize = 32;

const LAYERED: &CStr = c"key_format=u,value_format=u";
const PLAIN: &CStr = c"key_format=u,value_format=u,memory_page_max=20MB,leaf_page_max=10MB";

/// Layered tables of real WiredTiger in this process.
pub struct Layered {
    version: String,
    extension: Extension,
    /// Where the nodes have their homes.
    homes: PathBuf,
    /// What is added to the configuration of the nodes.
    config: String,
    /// How many pairs there were.
    pairs: u64,
    /// The threads that close the pairs of earlier programs.
    closing: VecDeque<JoinHandle<()>>,
}

impl Layered {
    /// Opens a pair below `homes` to see whether that can be done. `config` is added to the configuration of each node.
    pub fn open(homes: PathBuf, config: String) -> Result<Self, ExecutorError> {
        let version = version().map(|number| number.to_string()).join(".");
        let extension = Extension::find()?;
        let refused = |what, refusal| ExecutorError::Linked(format!("WiredTiger {version} {what}: {refusal}"));
        let mut layered =
            Layered { version: version.clone(), extension, homes, config, pairs: 0, closing: VecDeque::new() };
        let pair = layered.pair().map_err(|refusal| refused("opens no node of disaggregated storage", refusal))?;
        pair.probe(LAYERED).map_err(|refusal| refused("has no layered tables", refusal))?;
        layered.retire(pair);
        Ok(layered)
    }

    /// Opens a pair.
    fn pair(&mut self) -> Result<Pair, Refusal> {
        let home = self.homes.join(format!("pair-{}", self.pairs));
        self.pairs += 1;
        Pair::open(&home, &self.extension, &self.config)
    }

    /// Closes a pair while others are used.
    fn retire(&mut self, pair: Pair) {
        self.closing.push_back(pair.close_apart());
        while self.closing.len() > CLOSING {
            // A thread that panicked is through as well.
            let _ = self.closing.pop_front().map(JoinHandle::join);
        }
    }
}

/// The four sites of a program, and the names of the ingest tables.
fn sites(pair: &Pair, program: &Program<'_>) -> Result<([Site; 4], Vec<CString>), Refusal> {
    let names = |before: &str, after: &str| -> Vec<CString> {
        (0..program.tables).map(|table| CString::new(format!("{before}{table}{after}")).unwrap_or_default()).collect()
    };
    let Pair { follower, leader, .. } = pair;
    let layered = |node| Site::open(node, program, names("layered:l", ""), LAYERED, false).map_err(Refusal::new);
    let plain = |node| Site::open(node, program, names("file:p", ".wt"), PLAIN, false).map_err(Refusal::new);
    // The leader's tables first: the shared log knows them then.
    let [leaders, leaders_plain] = [layered(leader)?, plain(leader)?];
    Ok(([layered(follower)?, leaders, plain(follower)?, leaders_plain], names("file:l", ".wt_ingest")))
}

impl Stage for Layered {
    fn name(&self) -> &'static str {
        "layered"
    }

    fn perform(
        &mut self,
        program: &Program<'_>,
        entries: &mut dyn Iterator<Item = Result<Entry<'_>, Bad>>,
        answer: &mut dyn FnMut(&str),
    ) -> Result<(), Stop> {
        if program.format.is_column() {
            return Err(Stop::Bad(Bad("layered tables are row stores".to_owned())));
        }
        let pair = self.pair()?;
        let (mut sites, ingest) = sites(&pair, program)?;
        let mut line = String::new();
        for entry in entries {
            let entry = entry?;
            line.clear();
            match entry.verb {
                Verb::Event(event) => {
                    let _ = write!(line, "{} 0 - - 0", pair.happen(event, &ingest));
                }
                _ => call(&mut sites, &entry, &mut line)?,
            }
            answer(&line);
            if line.split('\t').any(stage::is_panic) {
                // Nothing works on such nodes, not even closing them.
                sites.into_iter().for_each(Site::abandon);
                std::mem::forget(pair);
                return Err(Stop::Panic);
            }
        }
        drop(sites);
        self.retire(pair);
        Ok(())
    }
}

/// Makes a call at each site. What both sites of a node share is done at the first.
fn call(sites: &mut [Site; 4], entry: &Entry<'_>, line: &mut String) -> Result<(), Bad> {
    let shared = matches!(entry.verb, Verb::SetTimestamp(_) | Verb::QueryNode(_) | Verb::RollbackToStable);
    let asked = if shared { 2 } else { 4 };
    for (number, site) in sites[..asked].iter_mut().enumerate() {
        if number > 0 {
            line.push('\t');
        }
        site.call(entry, line)?;
    }
    if shared {
        let both = line.clone();
        line.push('\t');
        line.push_str(&both);
    }
    Ok(())
}

impl Executor for Layered {
    fn version(&self) -> &str {
        &self.version
    }

    fn execute(&mut self, requests: &[String]) -> Result<Vec<Ending>, ExecutorError> {
        requests.iter().map(|request| execute(self, request)).collect()
    }
}
