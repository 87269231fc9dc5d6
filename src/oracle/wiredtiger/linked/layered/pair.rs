//! Two nodes of disaggregated storage on one page log: a leader, and a follower that picks up its checkpoints.

use super::super::connection::{Connection, Refusal};
use super::super::request::Event;
use super::super::session::Session;
use super::super::{code, events};
use super::extension::Extension;
use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// Where the extension keeps the log, below the home of a node. The follower's is a link to the leader's.
const LOG: &str = "kv_home";

/// Nothing is evicted but when an event says so.
const QUIET: &str = "cache_size=1GB,eviction=(threads_min=1,threads_max=1),eviction_target=90,eviction_trigger=98,\
    eviction_dirty_target=90,eviction_dirty_trigger=98,eviction_updates_target=90,eviction_updates_trigger=98";

/// The nodes, in a directory of their own that is removed after them. Sessions go before connections.
pub struct Pair {
    checkpoints: Session,
    evictions: Session,
    pub leader: Connection,
    pub follower: Connection,
    name: CString,
    home: Home,
}

/// A directory that is removed with all that is in it.
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        // What cannot be removed goes with the directory that it is in.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Pair {
    /// Opens both nodes below `home`, which must not be there yet. `config` is added to their configurations.
    pub fn open(home: &Path, extension: &Extension, config: &str) -> Result<Self, Refusal> {
        let lost = |error: io::Error| Refusal {
            code: error.raw_os_error().unwrap_or(code::INVALID),
            message: format!("{}: {error}", home.display()),
        };
        let followers = home.join("follower");
        fs::create_dir_all(home.join(LOG)).and_then(|()| fs::create_dir_all(&followers)).map_err(lost)?;
        let own = Home(home.to_owned());
        std::os::unix::fs::symlink(Path::new("..").join(LOG), followers.join(LOG)).map_err(lost)?;
        let leader = node(home, "leader", extension, config)?;
        let follower = node(&followers, "follower", extension, config)?;
        Ok(Pair {
            checkpoints: leader.open_session(c"").map_err(Refusal::new)?,
            evictions: follower.open_session(c"").map_err(Refusal::new)?,
            leader,
            follower,
            name: c_string(&extension.name),
            home: own,
        })
    }

    /// Whether a layered table can be created.
    pub fn probe(&self, config: &CStr) -> Result<(), Refusal> {
        match events::hold(|| self.checkpoints.create(c"layered:probe", config)) {
            code::OK => Ok(()),
            code => Err(Refusal::new(code)),
        }
    }

    /// Closes the nodes in a thread of its own: WiredTiger's own threads take a second to notice.
    pub fn close_apart(self) -> JoinHandle<()> {
        let Pair { checkpoints, evictions, leader, follower, home, .. } = self;
        drop((checkpoints, evictions));
        let nodes = [follower, leader].map(Connection::alone);
        thread::spawn(move || {
            drop(nodes);
            drop(home);
        })
    }

    /// Makes a physical event happen. `ingest` are the names of the ingest tables.
    pub fn happen(&self, event: Event, ingest: &[CString]) -> i32 {
        let evict = |percent| {
            let mut codes = ingest.iter().map(|table| self.evict(table, percent));
            codes.find(|&code| code != code::OK).unwrap_or(code::OK)
        };
        match event {
            Event::Checkpoint => self.checkpoints.checkpoint(),
            Event::Adopt => self.adopt(),
            Event::Evict(percent) => evict(percent),
            Event::Prune => evict(100),
        }
    }

    /// The follower picks up the newest complete checkpoint. There may be none.
    fn adopt(&self) -> i32 {
        let log = self.follower.page_log(&self.name);
        match log.and_then(|log| log.complete_checkpoint(&self.evictions)) {
            Ok(metadata) => {
                let metadata = String::from_utf8_lossy(&metadata);
                self.follower.reconfigure(&c_string(&format!("disaggregated=(checkpoint_meta=\"{metadata}\")")))
            }
            Err(code) => code,
        }
    }

    /// Evicts the pages of so many of a hundred keys of an ingest table, evenly spread.
    fn evict(&self, table: &CStr, percent: usize) -> i32 {
        match self.chosen(table, percent).and_then(|keys| self.release(table, &keys)) {
            Ok(()) => code::OK,
            Err(code) => code,
        }
    }

    /// So many of a hundred of the committed keys of a table.
    fn chosen(&self, table: &CStr, percent: usize) -> Result<Vec<Vec<u8>>, i32> {
        let mut cursor = self.evictions.open_cursor(table, None)?;
        let mut keys = Vec::new();
        self.in_transaction(|| {
            while cursor.next() == code::OK {
                keys.extend(cursor.key().bytes().map(<[u8]>::to_vec));
            }
            cursor.reset();
        })?;
        let is_chosen = |at: usize| at * percent / 100 != (at + 1) * percent / 100;
        Ok(keys.into_iter().enumerate().filter(|&(at, _)| is_chosen(at)).map(|(_, key)| key).collect())
    }

    /// Evicts the pages of keys.
    fn release(&self, table: &CStr, keys: &[Vec<u8>]) -> Result<(), i32> {
        let mut cursor = self.evictions.open_cursor(table, Some(c"debug=(release_evict)"))?;
        keys.iter().try_for_each(|key| {
            self.in_transaction(|| {
                cursor.set_key(key);
                cursor.search();
                cursor.reset();
            })
        })
    }

    /// Reads in a transaction: outside of one WiredTiger repeats for ever what it once has to roll back.
    fn in_transaction(&self, read: impl FnOnce()) -> Result<(), i32> {
        match self.evictions.begin(Some(c"ignore_prepare=true")) {
            code::OK => read(),
            code => return Err(code),
        }
        match self.evictions.rollback() {
            code::OK => Ok(()),
            code => Err(code),
        }
    }
}

fn node(home: &Path, role: &str, extension: &Extension, config: &str) -> Result<Connection, Refusal> {
    let Extension { path, name } = extension;
    let path = path.display();
    let config = format!(
        "create,{QUIET},session_max=64,extensions=[\"{path}\"],\
         disaggregated=(page_log={name},lose_all_my_data=true,role=\"{role}\"){}{config}",
        if config.is_empty() { "" } else { "," }
    );
    Connection::open(&c_string(&home.display().to_string()), &c_string(&config))
}

/// A path or configuration as C has it; what follows a zero byte would be lost.
fn c_string(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}
