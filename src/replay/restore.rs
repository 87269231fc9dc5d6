//! Loads what a run left, to continue it: everything that happened to any key, at its own timestamp.

use super::change::Change;
use super::cluster::Cluster;
use super::plan::Plan;
use super::request::Request;
use super::store::{Store, StoreError};
use std::sync::Arc;

/// Nodes in which all this happened, after what the plan begins with. The changes are in the order of numbers.
///
/// # Errors
/// If the nodes do not take it.
pub fn restore(plan: &Arc<Plan>, nodes: usize, changes: &[Change]) -> Result<Cluster, StoreError> {
    let mut cluster = Cluster::new(plan, nodes)?;
    let mut session = cluster.session(0);
    for of_one_number in changes.chunk_by(|one, other| one.t == other.t) {
        session.serve(&Request::Begin { read_at: None })?;
        for change in of_one_number {
            session.serve(&remake(change))?;
        }
        let t = of_one_number.first().map_or(0, |change| change.t);
        session.serve(&Request::Commit { at: plan.clock().commit(t), durable: None })?;
    }
    Ok(cluster)
}

fn remake(Change { table, key, value, .. }: &Change) -> Request {
    let (table, key) = (*table, *key);
    match value {
        Some(value) => Request::Update { table, key, value: value.clone() },
        None => Request::Remove { table, key },
    }
}
