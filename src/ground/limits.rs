//! What programs have and real nodes are not made to do: such steps are left out of every program, and counted.

/// An operation that is left out.
pub struct Limit {
    /// Its name.
    pub op: &'static str,
    /// Why it is left out.
    pub reason: &'static str,
}

/// What this executor does not do. What a version of WiredTiger does not do is in the list of what is known of it.
pub const LIMITS: [Limit; 6] = [
    Limit { op: "rollback_to_stable", reason: "a node is started anew instead, and here the nodes stay" },
    Limit { op: "recreate", reason: "the nodes keep their tables" },
    Limit { op: "step_down", reason: "the nodes keep their roles" },
    Limit { op: "step_up", reason: "the nodes keep their roles" },
    Limit { op: "restart", reason: "the nodes stay" },
    Limit { op: "hook", reason: "nothing can be made to happen inside a call" },
];

/// Why an operation is left out of every program, if it is.
pub fn limit(op: &str) -> Option<&'static str> {
    LIMITS.iter().find(|limit| limit.op == op).map(|limit| limit.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Op;

    #[test]
    fn what_is_left_out_is_there_elsewhere() {
        for limit in &LIMITS {
            assert!(Op::NAMES.contains(&limit.op), "{}", limit.op);
            assert!(!limit.reason.is_empty());
        }
        assert_eq!(super::limit("next"), None);
        assert_eq!(super::limit("recreate"), Some("the nodes keep their tables"));
    }
}
