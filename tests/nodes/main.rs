//! The node level of the engine: roles, restarts, tables and what checkpoints make of them.

mod chaos;
mod crashes;
mod drain;
mod list;
mod pair;
mod roles;
mod tables;
