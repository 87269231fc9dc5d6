//! Planted faults: bugs that layered cursors really had, to be switched on one at a time. They show that the alarm
//! rings: a stress test that finds nothing in an engine with a known bug would find nothing anywhere.
//!
//! A fault is one row of the table below and one `if` in the engine that asks [`active`]. Without the feature `faults`
//! the answer is a constant, so that nothing of them is left in the engine. With it, the environment variable
//! `LOCKSTEP_FAULT` names the fault of the whole process; tests `plant` theirs thread by thread.
//!
//! The names are those of a catalogue of bugs, whose letters are: A iteration, B search_near, C checkpoints, D writes,
//! E truncates, F what leaves ingest, G step-up. (T8 is of its list of what has never been settled.)

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($fault:ident, $ticket:literal, $doc:literal;)*) => {
        /// A planted fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $doc] $fault,)*
        }

        impl Fault {
            /// All faults, in the order of the table.
            pub const ALL: &[Fault] = &[$(Fault::$fault),*];

            /// The name: a letter and a number.
            pub fn name(self) -> &'static str {
                match self {
                    $(Fault::$fault => stringify!($fault),)*
                }
            }

            /// WiredTiger's ticket of the bug.
            pub fn ticket(self) -> &'static str {
                match self {
                    $(Fault::$fault => $ticket,)*
                }
            }

            /// What the engine does wrong, in one line.
            pub fn what(self) -> &'static str {
                match self {
                    $(Fault::$fault => $doc,)*
                }
            }
        }
    };
}

// The first ten are those that generated programs have to find: see tests/faults.rs.
faults! {
    D1, "WT-16921", "remove looks for the record in ingest only";
    B1, "SLS-518", "search_near does not ask stable where ingest has nothing";
    A1, "WT-15856", "a walk after a search that ingest answered takes the unplaced stable side for exhausted";
    D10, "WT-17252", "the overwrite flag is that of the inner cursor, which is always set";
    E3, "WT-16811", "a truncated range does not hide its last key in stable";
    D14, "WT-17905", "a value equal to the tombstone is not escaped";
    D13, "WT-16483", "reserve does not find a record that only stable has";
    D4, "WT-15405", "a remove by position deletes the record that ingest is parked on";
    D3, "WT-17827", "a remove by position that finds nothing keeps the position";
    D15, "WT-17336", "modify shows its result escaped";
    E1, "WT-17382", "what lies ahead in stable is not looked up in the truncate list";
    E2, "WT-17382", "a truncate of a range without ingest keys removes the next ingest key beyond it";
    D2, "WT-17796", "a remove by position trusts the value that the cursor holds from before";
    A5, "WT-17014", "a prepare conflict in the middle of a walk makes the walk forget where it was";
    A6, "WT-17454", "a search that meets a prepared update keeps the place that the cursor had";
    A2, "WT-17031", "the side that is parked ahead stays parked under another snapshot or read timestamp";
    A3, "WT-17830", "a step moves the other side off the same key only if ingest is the current one";
    E7, "WT-17637", "a truncate passes over records whose newest update is of a running transaction";
    F1, "WT-16531", "what leaves ingest leaves the oldest version of its key behind";
    F2, "WT-15158", "the prune timestamp is that of the newest checkpoint, not of the oldest in use";
    D9, "WT-17984", "the conflict check looks at the record that stable was left on";
    A4, "WT-17016", "a move to a later checkpoint keeps the look-ahead of the one before";
    G1, "SLS-808", "the drain copies the first and the last version of a key and none between";
    E11, "WT-17427", "the drain lays truncates on top of what was written into their range later";
    A12, "WT-17247", "a write in the middle of a walk on ingest loses the place in stable";
    B3, "WT-16811", "search_near lands in a truncated range of stable";
    B2, "WT-16955", "after search_near has walked forward off tombstones what lies ahead is taken for what lies behind";
    A7, "WT-17652", "a prepare conflict is raised after the other side has moved on, and the walk goes on from there";
    D11, "SLS-1927", "an insert that meets a duplicate keeps the application's value";
    D5, "SLS-1070", "a remove by position forgets where the walk was";
    D17, "WT-18473", "modify escapes its result only if the value before was escaped";
    E6, "WT-17272", "truncates of others that are not seen conflict with nothing";
    E10, "WT-16813", "entries leave the truncate list though a checkpoint in use still has their records";
    F4, "WT-16591", "tombstones leave ingest though a checkpoint in use still has their key";
    F6, "WT-17409", "a tombstone that everybody sees leaves ingest though no checkpoint has the delete";
    G2, "SLS-1226", "the drain begins one timestamp after where the checkpoint ends";
    G3, "WT-15669", "the drain drops the timestamps of what is stable";
    C4, "WT-18408", "a checkpoint is adopted whose oldest timestamp is above that of a reader";
    D7, "WT-15721", "a remove of what the transaction itself has removed writes another tombstone";
    A9, "WT-17899", "a checkpoint is bound while a walk is stalled, which then starts anew";
    A10, "WT-17825", "a prepared update in ingest stops a walk though stable has a nearer record";
    C8, "WT-17258", "a cursor that found no checkpoint at first reads an empty stable table ever after";
    C10, "WT-18532", "a cursor that is about to bind a checkpoint does not keep it in use";
    E5, "WT-17268", "a truncate leaves alone what ingest has in its range";
    E9, "WT-16789", "a truncate that is rolled back stays in the truncate list, as if committed";
    F5, "WT-15966", "prepared updates leave ingest by their prepare timestamp";
    G8, "WT-16600", "updates that are prepared at step-up stay in the ingest table that is thrown away";
    T8, "WT-17782", "what is written into a truncated range leaves ingest though the range is in the truncate list";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a fault could not be planted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is none of that name.
    #[error("`{0}` is not a fault: `lockstep faults list` shows them")]
    Unknown(String),
    /// The build cannot have any.
    #[error("this build has no planted faults: build it with `--features faults`")]
    NotBuilt,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(name: &str) -> Result<Self, FaultError> {
        let known = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
        known.ok_or_else(|| FaultError::Unknown(name.to_owned()))
    }
}

/// The environment variable that names the fault of a process.
pub const VARIABLE: &str = "LOCKSTEP_FAULT";

/// The fault that the environment asks for. An empty variable asks for none.
///
/// # Errors
/// The name of no fault, or any name in a build without faults: it would go unnoticed that nothing is planted.
pub fn from_environment() -> Result<Option<Fault>, FaultError> {
    match std::env::var_os(VARIABLE) {
        None => Ok(None),
        Some(name) if name.is_empty() => Ok(None),
        Some(_) if !cfg!(feature = "faults") => Err(FaultError::NotBuilt),
        Some(name) => name.to_string_lossy().parse().map(Some),
    }
}

/// Whether `fault` is planted in the engine that this thread runs.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn active(_fault: Fault) -> bool {
    false
}

#[cfg(feature = "faults")]
pub use planted::{active, plant};

#[cfg(feature = "faults")]
mod planted {
    use super::{Fault, VARIABLE, from_environment};
    use std::cell::Cell;
    use std::sync::OnceLock;

    /// What the environment asks for: the same for all threads.
    static OF_PROCESS: OnceLock<Option<Fault>> = OnceLock::new();

    thread_local! {
        static PLANTED: Cell<Option<Fault>> = Cell::new(*OF_PROCESS.get_or_init(|| {
            from_environment().unwrap_or_else(|error| panic!("{VARIABLE}: {error}"))
        }));
    }

    /// Whether `fault` is planted in the engine that this thread runs.
    ///
    /// # Panics
    /// If the environment names a fault that there is not.
    #[inline]
    pub fn active(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }

    /// Plants a fault, or none, for everything that this thread runs from now on, whatever the environment says.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_names_of_their_own() {
        for &fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
            assert!(!fault.ticket().is_empty() && !fault.what().is_empty());
        }
        let error = "D0".parse::<Fault>().unwrap_err().to_string();
        assert_eq!(error, "`D0` is not a fault: `lockstep faults list` shows them");
    }
}
