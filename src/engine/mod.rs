//! The engine: what is tested. Nodes with plain and layered tables on one transaction machinery.
//!
//! It knows nothing of programs or oracles. From the outside in:
//! - `node`: a connection with its role, its sessions and their calls; `adapter`: a node as a backend;
//! - `physical`: what happens to a node besides calls: checkpoints, adoption, eviction; `role`: step-up and step-down;
//!   `restart`: crashes, `local`: those of a node that is alone; `quiet`: calls that want nobody else to be at work;
//! - `session`: cursors and one transaction at a time; `cursor`: what applications hold;
//! - `layered`: a follower's merge of ingest and stable; `checkpoint`: what stable is read from;
//! - `shared`: a node with sessions for several threads;
//! - `core`: what sessions share; `txn`: ids, snapshots, views; `timestamp`: oldest and stable;
//! - `tree`: a table's rows; `version`: their update chains and the visibility rule;
//! - `faults`: bugs to be planted, which the default build has nothing of.

pub mod adapter;
pub mod checkpoint;
pub mod core;
pub mod cursor;
pub mod faults;
pub mod hook;
pub mod layered;
pub mod local;
pub mod node;
pub mod physical;
pub mod quiet;
pub mod restart;
pub mod role;
pub mod session;
pub mod shared;
pub mod timestamp;
pub mod transact;
pub mod tree;
pub mod truncate;
pub mod txn;
pub mod version;

pub use adapter::EngineBackend;
pub use checkpoint::{AdoptError, Checkpoint, CheckpointError};
pub use core::{Counters, Role, TableId};
pub use local::LocalCheckpoint;
pub use node::{Footprint, Node, TableKind};
pub use role::RoleError;
pub use shared::{Calls, SharedNode};
