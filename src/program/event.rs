//! The words of what the harness does to the nodes: what happens inside a call, and where a crash strikes.

/// What happens when the next step passes a point; see [`Op::Hook`](super::Op::Hook).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HookAction {
    /// The follower prunes.
    #[default]
    Prune,
    /// Half of the follower's ingest table is evicted.
    Evict,
    /// The follower picks up the newest checkpoint.
    Adopt,
    /// The leader takes a checkpoint.
    Checkpoint,
    /// The transaction of the hook's session commits.
    Commit,
}

/// Where in its work a node is when it dies; see [`Op::Restart`](super::Op::Restart).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CrashPoint {
    /// Between two steps.
    #[default]
    Rest,
    /// Halfway through a checkpoint.
    Checkpoint,
    /// Halfway through the pick-up of a checkpoint.
    Adopt,
}
