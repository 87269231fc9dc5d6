//! The application's log: what was committed and is in no checkpoint yet. A node that loses what its last checkpoint
//! does not have gets it back from here.

use crate::backend::{Key, Timestamp, Value};
use std::collections::BTreeMap;

/// A committed update of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    /// Which table.
    pub table: u8,
    /// The key.
    pub key: Key,
    /// The value; `None`: a removal.
    pub value: Option<Value>,
    /// When it becomes visible to those who read at a timestamp; 0: without a timestamp.
    pub start: Timestamp,
    /// When it is durable; 0: without a timestamp.
    pub durable: Timestamp,
    /// Whether the transaction had a commit timestamp when it wrote this; if not, it got that of the commit.
    pub stamped: bool,
}

impl Update {
    /// Whether a checkpoint at `stable` that is taken now has it.
    fn is_in_checkpoint(&self, stable: Timestamp) -> bool {
        self.durable <= stable
    }
}

/// What happened at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A transaction was committed: its updates in the order of writing.
    Transaction(Vec<Update>),
    /// The timestamps of the nodes were moved. What may be committed depends on them, so they move between the
    /// transactions when these are done again.
    Timestamps {
        /// The oldest timestamp, if it was moved.
        oldest: Option<Timestamp>,
        /// The stable timestamp, if it was moved.
        stable: Option<Timestamp>,
    },
}

/// The log: what happened since the last complete checkpoint, and those of the updates before that are not in it, in the
/// order of commits.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A transaction was committed.
    pub fn committed(&mut self, updates: Vec<Update>) {
        if !updates.is_empty() {
            self.entries.push(Entry::Transaction(updates));
        }
    }

    /// Timestamps were moved.
    pub fn moved(&mut self, oldest: Option<Timestamp>, stable: Option<Timestamp>) {
        if oldest.is_some() || stable.is_some() {
            self.entries.push(Entry::Timestamps { oldest, stable });
        }
    }

    /// A checkpoint at `stable` is complete: of each key, everything up to the last update that it has goes. It has the
    /// node's timestamps, too.
    pub fn checkpointed(&mut self, stable: Timestamp) {
        let mut contained: BTreeMap<(u8, Key), usize> = BTreeMap::new();
        for (place, update) in self.updates().enumerate() {
            if update.is_in_checkpoint(stable) {
                contained.insert((update.table, update.key.clone()), place);
            }
        }
        let mut place = 0;
        self.retain(|update| {
            let last = contained.get(&(update.table, update.key.clone()));
            place += 1;
            last.is_none_or(|&last| last < place - 1)
        });
        self.entries.retain(|entry| matches!(entry, Entry::Transaction(_)));
    }

    /// Everything above `stable` was rolled back; what has no timestamp stays. 0: there is no stable timestamp, and
    /// nothing happened.
    pub fn rolled_back_to(&mut self, stable: Timestamp) {
        if stable != 0 {
            self.retain(|update| update.durable <= stable);
        }
    }

    /// A table was dropped and created anew.
    pub fn recreated(&mut self, table: u8) {
        self.retain(|update| update.table != table);
    }

    fn updates(&self) -> impl Iterator<Item = &Update> {
        self.entries.iter().flat_map(|entry| match entry {
            Entry::Transaction(updates) => updates.as_slice(),
            Entry::Timestamps { .. } => &[],
        })
    }

    /// Drops the updates that `keep` does not want, and transactions that have none left.
    fn retain(&mut self, mut keep: impl FnMut(&Update) -> bool) {
        self.entries.retain_mut(|entry| match entry {
            Entry::Timestamps { .. } => true,
            Entry::Transaction(updates) => {
                updates.retain(&mut keep);
                !updates.is_empty()
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &str, start: Timestamp, durable: Timestamp) -> Update {
        Update { table: 0, key: key.into(), value: Some(value.into()), start, durable, stamped: false }
    }

    fn left(log: &Log) -> Vec<&str> {
        log.updates().map(|update| std::str::from_utf8(update.value.as_ref().expect("a put")).expect("text")).collect()
    }

    #[test]
    fn a_checkpoint_drops_what_it_has_and_what_lies_below() {
        let mut log = Log::default();
        log.moved(None, Some(4));
        log.committed(vec![put("a", "a5", 5, 5), put("b", "b5", 5, 5)]);
        log.committed(vec![put("a", "a12", 12, 12)]);
        log.committed(vec![put("c", "prepared", 6, 20)]);
        log.committed(vec![put("c", "untimestamped", 0, 0), put("d", "d6", 6, 11)]);
        log.moved(Some(3), Some(10));
        log.checkpointed(10);
        assert_eq!(left(&log), ["a12", "d6"]);
        assert_eq!(log.entries().len(), 2, "what is empty goes, and the checkpoint has the timestamps");
        log.checkpointed(11);
        assert_eq!(left(&log), ["a12"]);
        log.checkpointed(12);
        assert!(log.entries().is_empty());
    }

    #[test]
    fn a_rollback_keeps_what_is_stable_or_has_no_timestamp() {
        let mut log = Log::default();
        log.committed(vec![put("a", "a5", 5, 5), put("a", "a6", 6, 30)]);
        log.committed(vec![put("b", "untimestamped", 0, 0)]);
        log.moved(None, Some(10));
        log.rolled_back_to(0);
        assert_eq!(left(&log), ["a5", "a6", "untimestamped"]);
        log.rolled_back_to(10);
        assert_eq!(left(&log), ["a5", "untimestamped"]);
        assert_eq!(log.entries().last(), Some(&Entry::Timestamps { oldest: None, stable: Some(10) }));
    }

    #[test]
    fn a_new_table_has_no_past() {
        let mut log = Log::default();
        log.committed(vec![put("a", "first table", 5, 5), Update { table: 1, ..put("a", "second table", 5, 5) }]);
        log.recreated(1);
        assert_eq!(left(&log), ["first table"]);
        log.recreated(0);
        assert!(log.entries().is_empty());
    }

    #[test]
    fn nothing_is_no_entry() {
        let mut log = Log::default();
        log.committed(Vec::new());
        log.moved(None, None);
        assert!(log.entries().is_empty());
    }
}
