//! Compares planners.

mod scenarios;

pub use scenarios::Scenario;
