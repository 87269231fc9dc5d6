//! The table of operations: each is declared once, in the `operations!` block below. From a row come the variant of
//! [`Operation`], its name, its text form and its arguments for whoever rewrites them.

use super::operand::*;
use crate::backend::Timestamp;
use std::fmt;

/// A named place in a checkpoint at which a process can be made to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPhase {
    /// Before the checkpoint counts.
    BeforeCheckpointCommit,
    /// After it counts, and before that is written down but for the log of the connection, if there is one.
    BeforeMetadataSync,
}

impl CrashPhase {
    /// All places.
    pub const ALL: [CrashPhase; 2] = [CrashPhase::BeforeCheckpointCommit, CrashPhase::BeforeMetadataSync];

    /// The name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            CrashPhase::BeforeCheckpointCommit => "before_checkpoint_commit",
            CrashPhase::BeforeMetadataSync => "before_metadata_sync",
        }
    }
}

/// Why a line is no operation, and which of its arguments is to blame (`None`: the name).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub argument: Option<usize>,
    pub message: String,
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal: $variant:ident $({ $($field:ident: $type:ty = $kind:ident),+ $(,)? })?;
    )+) => {
        /// One line of a workload.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(
                $(#[doc = $doc])+
                $variant $({ $(
                    #[doc = concat!("See [`", stringify!($kind), "`](super::operand::", stringify!($kind), ").")]
                    $field: $type
                ),+ })?,
            )+
        }

        impl Operation {
            /// Every name, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Operation::$variant { .. } => $name,)+
                }
            }

            /// The arguments, open for rewriting.
            pub fn slots(&mut self) -> Vec<Slot<'_>> {
                match self {
                    $(Operation::$variant $({ $($field),+ })? => {
                        vec![$($(<$kind as Operand<$type>>::open($field)),+)?]
                    })+
                }
            }

            /// Reads the operation `name` from its arguments.
            pub(super) fn parse(name: &str, arguments: &[String]) -> Result<Self, Fault> {
                match name {
                    $($name => {
                        let _least = 0 $($(+ usize::from(!<$kind as Operand<$type>>::OPTIONAL))+)?;
                        let most = 0 $($(+ { let _ = stringify!($field); 1 })+)?;
                        if arguments.len() < _least || arguments.len() > most {
                            return Err(Operation::miscounted(name, arguments.len(), most));
                        }
                        let mut next = 0..;
                        let _ = &mut next;
                        Ok(Operation::$variant $({ $($field: {
                            let argument = next.next().unwrap_or_default();
                            <$kind as Operand<$type>>::parse(arguments.get(argument).map(String::as_str))
                                .map_err(|message| Fault { argument: Some(argument), message })?
                        }),+ })?)
                    })+
                    _ => Err(Fault { argument: None, message: unknown(name) }),
                }
            }

            /// How the operation `name` is written.
            pub fn usage(name: &str) -> String {
                let mut usage = String::new();
                let _ = &mut usage;
                match name {
                    $($name => {
                        $($(add_usage(&mut usage, stringify!($field), <$kind as Operand<$type>>::OPTIONAL);)+)?
                    })+
                    _ => {}
                }
                let open = usage.matches('[').count();
                format!("{name}({usage}{})", "]".repeat(open))
            }

            fn printed(&self) -> Vec<Option<String>> {
                match self {
                    $(Operation::$variant $({ $($field),+ })? => {
                        vec![$($(<$kind as Operand<$type>>::print($field)),+)?]
                    })+
                }
            }
        }
    };
}

// name: variant { field: type = kind of argument }
operations! {
    /// Starts a transaction under a number that is free.
    "begin_transaction": BeginTransaction { txn: u64 = Txn };
    /// Commits it. A prepared one needs both timestamps, any other has no durable one.
    "commit_transaction": CommitTransaction { txn: u64 = Txn, commit_ts: Timestamp = MaybeTimestamp, durable_ts: Timestamp = MaybeTimestamp };
    /// Prepares it.
    "prepare_transaction": PrepareTransaction { txn: u64 = Txn, prepare_ts: Timestamp = At };
    /// Rolls it back.
    "rollback_transaction": RollbackTransaction { txn: u64 = Txn };
    /// Sets the commit timestamp of what it writes from now on.
    "set_commit_timestamp": SetCommitTimestamp { txn: u64 = Txn, commit_ts: Timestamp = At };
    /// Writes a record, be it there or not.
    "insert": Insert { table: u64 = Table, txn: u64 = Txn, key: u64 = Key, value: u64 = Value };
    /// Removes a record.
    "remove": Remove { table: u64 = Table, txn: u64 = Txn, key: u64 = Key };
    /// Reads a record.
    "get": Get { table: u64 = Table, txn: u64 = Txn, key: u64 = Key };
    /// Removes the records from one key to another, both included.
    "truncate": Truncate { table: u64 = Table, txn: u64 = Txn, start: u64 = Key, stop: u64 = Key };
    /// Creates a table.
    "create_table": CreateTable { table: u64 = Table, name: String = Text, key_format: String = Text, value_format: String = Text };
    /// Evicts the page that a key is on. Changes no answer.
    "evict": Evict { table: u64 = Table, key: u64 = Key };
    /// Takes a checkpoint.
    "checkpoint": Checkpoint { name: Option<String> = MaybeName };
    /// The process dies so many per mille into a checkpoint.
    "checkpoint_crash": CheckpointCrash { permille: u16 = Permille };
    /// The process dies at a named place of a checkpoint.
    "checkpoint_crash_trigger": CheckpointCrashTrigger { phase: CrashPhase = Phase };
    /// The process dies.
    "crash": Crash;
    /// The process ends in order, with a checkpoint, and is started again.
    "restart": Restart;
    /// Takes back what is not stable.
    "rollback_to_stable": RollbackToStable;
    /// Moves oldest.
    "set_oldest_timestamp": SetOldestTimestamp { oldest_ts: Timestamp = At };
    /// Moves stable.
    "set_stable_timestamp": SetStableTimestamp { stable_ts: Timestamp = At };
    /// Says what the workload is about. Leads the file.
    "config": Config { object: String = Text, config: String = Text };
    /// Configures WiredTiger.
    "wt_config": WtConfig { object: String = Text, config: String = Text };
    /// A place for a debugger to stop at.
    "breakpoint": Breakpoint;
    /// Nothing.
    "nop": Nop;
}

fn unknown(name: &str) -> String {
    let near = Operation::NAMES.iter().filter(|known| known.starts_with(name) || name.starts_with(**known)).min();
    let hint =
        near.map_or_else(|| format!("there are {}", Operation::NAMES.join(", ")), |near| format!("is it {near}?"));
    format!("there is no operation `{name}`: {hint}")
}

fn add_usage(usage: &mut String, field: &str, optional: bool) {
    if optional {
        usage.push('[');
    }
    if !usage.is_empty() && usage != "[" {
        usage.push_str(", ");
    }
    usage.push_str(field);
}

impl Operation {
    fn miscounted(name: &str, count: usize, most: usize) -> Fault {
        let argument = (count > most).then_some(most);
        let arguments = if count == 1 { "argument" } else { "arguments" };
        Fault { argument, message: format!("{count} {arguments} given: write {}", Operation::usage(name)) }
    }

    /// The transaction that it is about.
    pub fn txn(&self) -> Option<u64> {
        match *self {
            Operation::BeginTransaction { txn }
            | Operation::CommitTransaction { txn, .. }
            | Operation::PrepareTransaction { txn, .. }
            | Operation::RollbackTransaction { txn }
            | Operation::SetCommitTimestamp { txn, .. }
            | Operation::Insert { txn, .. }
            | Operation::Remove { txn, .. }
            | Operation::Get { txn, .. }
            | Operation::Truncate { txn, .. } => Some(txn),
            _ => None,
        }
    }

    /// The table that it is about.
    pub fn table(&self) -> Option<u64> {
        match *self {
            Operation::Insert { table, .. }
            | Operation::Remove { table, .. }
            | Operation::Get { table, .. }
            | Operation::Truncate { table, .. }
            | Operation::CreateTable { table, .. }
            | Operation::Evict { table, .. } => Some(table),
            _ => None,
        }
    }

    /// Whether it ends its transaction.
    pub fn ends_transaction(&self) -> bool {
        matches!(self, Operation::CommitTransaction { .. } | Operation::RollbackTransaction { .. })
    }

    /// Whether all transactions are gone after it.
    pub fn ends_process(&self) -> bool {
        matches!(
            self,
            Operation::Crash
                | Operation::Restart
                | Operation::CheckpointCrash { .. }
                | Operation::CheckpointCrashTrigger { .. }
        )
    }
}

/// As it stands in a file: names and configurations in quotes, trailing arguments that say nothing left out.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = self.printed();
        let count = arguments.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        write!(f, "{}(", self.name())?;
        for (index, argument) in arguments[..count].iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", argument.as_deref().unwrap_or("0"))?;
        }
        f.write_str(")")
    }
}
