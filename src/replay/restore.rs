//! Loads what a run left, to continue it: everything that happened to any key, at its own timestamp.

use super::change::Change;
use super::cluster::{Cluster, ClusterSession};
use super::plan::Plan;
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
        session.begin(None)?;
        of_one_number.iter().try_for_each(|change| make(&mut session, change))?;
        let t = of_one_number.first().map_or(0, |change| change.t);
        session.commit(plan.clock().commit(t), None)?;
    }
    Ok(cluster)
}

fn make(session: &mut ClusterSession, Change { table, key, value, .. }: &Change) -> Result<(), StoreError> {
    match value {
        Some(value) => session.update(*table, *key, value),
        None => session.remove(*table, *key).map(drop),
    }
}
