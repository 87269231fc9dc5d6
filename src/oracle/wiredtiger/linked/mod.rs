//! Real WiredTiger in this process: linked from `WIREDTIGER_DIR`, called through bindgen's view of its header.
//!
//! - `sys.rs` is that view, written by build.rs;
//! - `connection.rs`, `session.rs`, `cursor.rs`, `page_log.rs` are a safe wrapper: what keeps what open is owned by it,
//!   so that safe code cannot misuse a pointer. WiredTiger itself may still abort on misuse of its API. `code.rs` and
//!   `events.rs` are its return codes and messages;
//! - `request.rs` reads requests, `site.rs` executes their entries, `stage.rs` is what the executors share;
//! - `plain.rs` executes on plain tables: the oracle; `layered/` on layered tables of a pair of nodes;
//! - `serve.rs` is a child process that does either for its parent.

mod code;
mod connection;
mod cursor;
mod events;
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
mod layered;
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
mod page_log;
mod plain;
mod request;
mod serve;
mod session;
mod site;
mod stage;
mod sys;

#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
pub use layered::Layered;
pub use plain::Plain;
pub use serve::serve;
