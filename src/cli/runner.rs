//! Runs programs as the flags say: on the backends in lockstep, and, where that is asked for, on real WiredTiger
//! afterwards.

use super::guard::{self, Failure};
use super::oracles::OracleList;
use super::sut::Sut;
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
    #[cfg(feature = "wiredtiger")]
    sut: Sut,
}

#[cfg(not(feature = "wiredtiger"))]
impl Runner {
    /// A runner for what the flags ask for.
    pub fn new(list: OracleList, _: &Sut, _: bool) -> Result<Self> {
        Ok(Runner { oracles: list.own })
    }

    /// Runs a program.
    pub fn run<O: Observer>(&mut self, program: &Program, observer: &mut O) -> Result<Ran> {
        Ok(guard::run(program, self.oracles, observer))
    }

    /// Nothing is known to differ here.
    pub fn take_besides(&mut self) -> Vec<Failure> {
        Vec::new()
    }

    /// Nothing shows once and not again here.
    pub fn take_once(&mut self) -> Vec<Failure> {
        Vec::new()
    }

    /// Nothing is compared with WiredTiger here.
    pub fn take_grounding(&mut self) -> Grounding {
        Grounding::default()
    }
}

/// This program, which is a child of itself as well.
#[cfg(wiredtiger_linked)]
fn own_program() -> Result<std::path::PathBuf> {
    std::env::current_exe().context("this program does not know where it is")
}

/// The WiredTiger that is linked, in a child that is this program once more.
#[cfg(wiredtiger_linked)]
fn settings() -> Result<Settings> {
    Ok(Settings::linked(own_program()?))
}

/// PyPI's WiredTiger, driven by Python.
#[cfg(all(feature = "wiredtiger", not(wiredtiger_linked)))]
fn settings() -> Result<Settings> {
    Ok(Settings::python()?)
}

/// The system under test, if it is real WiredTiger. `expect_failures`: many programs are going to fail.
#[cfg(wiredtiger_linked)]
fn tested(sut: &Sut, expect_failures: bool) -> Result<Option<Checker<ChildProcess>>> {
    let Some(tested) = sut.real() else { return Ok(None) };
    let settings = Settings::layered(own_program()?, &tested.nodes);
    let settings = Settings { limit: tested.patience, flush: expect_failures, ..settings };
    Ok(Some(Checker::layered(ChildProcess::start(settings)?, tested.known.clone())))
}

/// There are no layered tables to be tested.
#[cfg(all(feature = "wiredtiger", not(wiredtiger_linked)))]
fn tested(_: &Sut, _: bool) -> Result<Option<Checker<ChildProcess>>> {
    Ok(None)
}

#[cfg(feature = "wiredtiger")]
impl Runner {
    /// A runner for what the flags ask for. `expect_failures`: it is for programs most of which fail.
    ///
    /// # Errors
    /// There is no WiredTiger to be had.
    pub fn new(list: OracleList, sut: &Sut, expect_failures: bool) -> Result<Self> {
        let wiredtiger = match list.wiredtiger {
            true => Some(Checker::new(ChildProcess::start(settings()?)?, "wiredtiger")),
            false => tested(sut, expect_failures)?,
        };
        Ok(Runner { oracles: list.own, wiredtiger, sut: sut.clone() })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// WiredTiger is gone and cannot be had again.
    pub fn run<O: Observer>(&mut self, program: &Program, observer: &mut O) -> Result<Ran> {
        let Some(wiredtiger) = &mut self.wiredtiger else {
            return Ok(guard::run(program, self.oracles, observer));
        };
        let tested = self.sut.real();
        let mut recorder = if tested.is_some() { Recorder::with_events(program) } else { Recorder::new(program) };
        let ran = guard::run(program, self.oracles, &mut (&mut recorder, observer));
        let Ok(outcome) = ran else { return Ok(ran) };
        let mut script = recorder.into_script();
        if let Some(tested) = tested {
            tested.known.cut_final_scans(program, &mut script);
        }
        Ok(match wiredtiger.check(program, &script)? {
            None => Ok(outcome),
            Some(mismatch) => Err(Failure::Mismatch(mismatch)),
        })
    }

    /// Known differences from WiredTiger besides those that programs failed with, since this was called last.
    pub fn take_besides(&mut self) -> Vec<Failure> {
        let besides = self.wiredtiger.as_mut().map(Checker::take_besides).unwrap_or_default();
        besides.into_iter().map(|found| Failure::Mismatch(Box::new(found))).collect()
    }

    /// Differences from WiredTiger that did not show again, since this was called last.
    pub fn take_once(&mut self) -> Vec<Failure> {
        let once = self.wiredtiger.as_mut().map(Checker::take_once).unwrap_or_default();
        once.into_iter().map(|once| Failure::Mismatch(Box::new(once))).collect()
    }

    /// What was compared with WiredTiger since this was called last.
    pub fn take_grounding(&mut self) -> Grounding {
        self.wiredtiger.as_mut().map(Checker::take_seen).unwrap_or_default()
    }
}
