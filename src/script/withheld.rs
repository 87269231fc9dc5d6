//! What is not sent to real WiredTiger because it does not survive it: misuse that the contract answers with `EINVAL` and no change, where WiredTiger panics (after which the connection is of no use) or, in a diagnostic build, aborts.
//! As nothing changes, leaving the call out leaves everything else as it is. Each row is counted, so that one that hides
//! too much is seen.

use crate::backend::{Call, Code, Reply};

/// What is known of a session when one of its calls is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// It has a transaction.
    pub running: bool,
    /// Its transaction is prepared.
    pub prepared: bool,
    /// Its transaction can only be rolled back.
    pub doomed: bool,
    /// The cursor that the call goes to is a random one.
    pub on_random: bool,
    /// A cursor of it holds a place.
    pub placed: bool,
    /// The tables are variable-length column stores.
    pub in_variable: bool,
    /// The session that looks on had to look away for a rollback to stable or the dropping of a table.
    pub looked_away: bool,
}

/// A reason to leave a call out.
pub struct Rule {
    /// The name in statistics.
    pub name: &'static str,
    /// What WiredTiger does instead of answering.
    pub reason: &'static str,
    applies: fn(&Call<'_>, &Reply, Standing) -> bool,
}

/// The rules.
pub const WITHHELD: [Rule; 7] = [
    Rule {
        name: "empty key",
        reason: "an empty raw key is a panic of the connection",
        applies: |call, _, _| matches!(call, Call::SetKey(key) if key.is_empty()),
    },
    Rule {
        name: "key while prepared",
        reason: "set_key in a prepared transaction is a panic of the connection",
        applies: |call, _, standing| matches!(call, Call::SetKey(_)) && standing.prepared,
    },
    Rule {
        name: "bad commit of a prepared transaction",
        reason: "any error of it is a panic of the connection",
        applies: |call, reply, standing| {
            matches!(call, Call::Commit { .. }) && standing.prepared && reply.code != Code::Ok
        },
    },
    Rule {
        name: "bad timestamp of a prepared transaction",
        reason: "it dooms the transaction: a panic at once or at commit",
        applies: |call, reply, standing| {
            matches!(call, Call::TimestampTransaction(..)) && standing.prepared && reply.code != Code::Ok
        },
    },
    Rule {
        name: "prepare of a failed transaction",
        reason: "a diagnostic build aborts, any other panics at commit",
        applies: |call, reply, standing| {
            matches!(call, Call::Prepare(_)) && standing.doomed && !standing.prepared && reply.code != Code::Ok
        },
    },
    Rule {
        name: "modify by a random cursor",
        reason: "it is not refused, alone of all writes",
        applies: |call, _, standing| matches!(call, Call::Modify(_)) && standing.on_random,
    },
    Rule {
        name: "key or value of another format",
        reason: "record number 0 is a panic of the connection; and other things than numbers and bytes cannot be said to a \
                 cursor that has those",
        applies: |call, reply, _| matches!(call, Call::SetKey(_) | Call::SetValue(_)) && reply.code == Code::Invalid,
    },
];

/// The rule that keeps a call from WiredTiger, if there is one.
pub(super) fn rule(call: &Call<'_>, reply: &Reply, standing: Standing) -> Option<&'static Rule> {
    WITHHELD.iter().find(|rule| (rule.applies)(call, reply, standing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Key;

    /// Each rule keeps back what it is for, and nothing that is one word away from it.
    #[test]
    fn each_rule_has_a_call_that_it_keeps_back_and_one_that_it_lets_pass() {
        let (empty, key) = (Key::EMPTY, Key::new(b"k"));
        let (ok, invalid) = (Reply::code(Code::Ok), Reply::code(Code::Invalid));
        let idle = Standing::default();
        let prepared = Standing { running: true, prepared: true, ..idle };
        let doomed = Standing { running: true, doomed: true, ..idle };
        let random = Standing { on_random: true, ..idle };
        let commit = Call::Commit { ts: None, durable: None };
        let stamp = Call::TimestampTransaction(crate::backend::TxnTimestamp::Commit, 1);
        let prepare = Call::Prepare(Some(1));
        let found = |call: &Call<'_>, reply, standing| rule(call, reply, standing).map(|rule| rule.name);
        assert_eq!(found(&Call::SetKey(&empty), &invalid, idle), Some("empty key"));
        assert_eq!(found(&Call::SetKey(&key), &ok, idle), None);
        assert_eq!(found(&Call::SetKey(&key), &invalid, prepared), Some("key while prepared"));
        assert_eq!(found(&commit, &invalid, prepared), Some("bad commit of a prepared transaction"));
        assert_eq!(found(&commit, &ok, prepared), None);
        assert_eq!(found(&commit, &invalid, doomed), None);
        assert_eq!(found(&stamp, &invalid, prepared), Some("bad timestamp of a prepared transaction"));
        assert_eq!(found(&stamp, &invalid, idle), None);
        assert_eq!(found(&prepare, &invalid, doomed), Some("prepare of a failed transaction"));
        assert_eq!(found(&prepare, &invalid, idle), None);
        assert_eq!(found(&prepare, &invalid, prepared), None);
        assert_eq!(found(&Call::Modify(&[]), &invalid, random), Some("modify by a random cursor"));
        assert_eq!(found(&Call::Modify(&[]), &invalid, idle), None);
        assert_eq!(found(&Call::Update, &invalid, random), None);
        assert_eq!(found(&Call::SetValue(&key), &invalid, idle), Some("key or value of another format"));
        assert_eq!(found(&Call::SetValue(&key), &ok, idle), None);
    }
}
