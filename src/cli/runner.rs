//! Runs programs as the flags say: on the backends in lockstep, and, where that is asked for, on real WiredTiger
//! afterwards.

use super::guard::{self, Failure};
use super::oracles::OracleList;
#[cfg(wiredtiger_linked)]
use anyhow::Context;
use anyhow::Result;
use lockstep::ground::Grounding;
use lockstep::program::Program;
use lockstep::run::{Observer, Oracles, Outcome};

#[cfg(feature = "wiredtiger")]
use lockstep::{
    ground::Checker,
    oracle::wiredtiger::{ChildProcess, Settings},
    script::Recorder,
};

/// How a program ended.
pub type Ran = Result<Outcome, Failure>;

/// Runs one program after the other.
pub struct Runner {
    oracles: Oracles,
    #[cfg(feature = "wiredtiger")]
    wiredtiger: Option<Checker<ChildProcess>>,
}

#[cfg(not(feature = "wiredtiger"))]
impl Runner {
    /// A runner for what the flags ask for.
    pub fn new(list: OracleList) -> Result<Self> {
        Ok(Runner { oracles: list.own })
    }

    /// Runs a program.
    pub fn run<O: Observer>(&mut self, program: &Program, observer: &mut O) -> Result<Ran> {
        Ok(guard::run(program, self.oracles, observer))
    }

    /// Nothing is compared with WiredTiger here.
    pub fn take_grounding(&mut self) -> Grounding {
        Grounding::default()
    }
}

/// The WiredTiger that is linked, in a child that is this program once more.
#[cfg(wiredtiger_linked)]
fn settings() -> Result<Settings> {
    Ok(Settings::linked(std::env::current_exe().context("this program does not know where it is")?))
}

/// PyPI's WiredTiger, driven by Python.
#[cfg(all(feature = "wiredtiger", not(wiredtiger_linked)))]
fn settings() -> Result<Settings> {
    Ok(Settings::python()?)
}

#[cfg(feature = "wiredtiger")]
impl Runner {
    /// A runner for what the flags ask for.
    ///
    /// # Errors
    /// There is no WiredTiger to be had.
    pub fn new(list: OracleList) -> Result<Self> {
        let wiredtiger = match list.wiredtiger {
            true => Some(Checker::new(ChildProcess::start(settings()?)?, "wiredtiger")),
            false => None,
        };
        Ok(Runner { oracles: list.own, wiredtiger })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// WiredTiger is gone and cannot be had again.
    pub fn run<O: Observer>(&mut self, program: &Program, observer: &mut O) -> Result<Ran> {
        let Some(wiredtiger) = &mut self.wiredtiger else {
            return Ok(guard::run(program, self.oracles, observer));
        };
        let mut recorder = Recorder::new(program);
        let ran = guard::run(program, self.oracles, &mut (&mut recorder, observer));
        let Ok(outcome) = ran else { return Ok(ran) };
        Ok(match wiredtiger.check(program, &recorder.into_script())? {
            None => Ok(outcome),
            Some(mismatch) => Err(Failure::Mismatch(mismatch)),
        })
    }

    /// What was compared with WiredTiger since this was called last.
    pub fn take_grounding(&mut self) -> Grounding {
        self.wiredtiger.as_mut().map(Checker::take_seen).unwrap_or_default()
    }
}
