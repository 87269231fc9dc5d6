//! Oracles: what is right. An oracle answers the same calls as an engine and shares nothing with it but the
//! contract in [`crate::backend`].

pub mod model;
#[cfg(feature = "wiredtiger")]
pub mod wiredtiger;

pub use model::Model;
