//! `--sut`: layered tables of real WiredTiger as the system under test, in the place of the engine's.

use super::number::time;
use anyhow::{Result, bail};
use clap::Args;
use lockstep::ground::{KnownFailures, Masked};
use lockstep::program::Program;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const REAL: &str = "wiredtiger-layered";
/// How long a program may take if nothing else is said.
#[cfg(wiredtiger_linked)]
const PATIENCE: Duration = Duration::from_secs(5);

/// What says which system is tested.
#[derive(Args, Clone, Debug, Default)]
pub struct SutArgs {
    /// The system under test: wiredtiger-layered, where that is built in. Without it the engine.
    #[arg(long, value_name = "NAME", value_parser = system, conflicts_with_all = ["oracle", "twin"])]
    sut: Option<Real>,
    /// Added to the configuration of each of WiredTiger's nodes.
    #[arg(long, value_name = "CONFIG", requires = "sut")]
    nodes: Option<String>,
    /// What is known to fail there: such failures are counted, and the operations that lead to them left out.
    #[arg(long, value_name = "FILE", requires = "sut")]
    known: Option<PathBuf>,
    /// How long one program may take there before it counts as a hang [default: 5s].
    #[arg(long, value_name = "TIME", requires = "sut", value_parser = time)]
    patience: Option<Duration>,
}

/// Real WiredTiger.
#[derive(Clone, Copy, Debug)]
struct Real;

/// The system under test, if it is real WiredTiger.
#[derive(Clone, Debug, Default)]
pub struct Sut(Option<Arc<Tested>>);

/// How real WiredTiger is tested.
#[derive(Debug)]
pub struct Tested {
    /// Added to the configuration of each node.
    #[cfg(wiredtiger_linked)]
    pub nodes: String,
    /// What is known to fail.
    pub known: KnownFailures,
    /// How long a program may take.
    #[cfg(wiredtiger_linked)]
    pub patience: Duration,
}

fn system(name: &str) -> Result<Real, String> {
    if name != REAL {
        return Err(format!("there is {REAL}; without --sut it is the engine"));
    }
    if !cfg!(feature = "wiredtiger-layered") {
        return Err(format!("this lockstep was built without it: build it with --features {REAL} and WIREDTIGER_DIR"));
    }
    if !cfg!(wiredtiger_page_log) {
        return Err(
            "this lockstep was built without a WiredTiger that has layered tables: build it with WIREDTIGER_DIR \
                    naming one of version 12 or newer with disaggregated storage"
                .to_owned(),
        );
    }
    Ok(Real)
}

impl SutArgs {
    /// Whether real WiredTiger is tested.
    pub fn is_real(&self) -> bool {
        self.sut.is_some()
    }

    /// Reads what the flags name.
    ///
    /// # Errors
    /// There is no such list of known failures, or it is none.
    pub fn open(&self) -> Result<Sut> {
        if !self.is_real() {
            return Ok(Sut(None));
        }
        let known = self.known.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(Sut(Some(Arc::new(Tested {
            #[cfg(wiredtiger_linked)]
            nodes: self.nodes.clone().unwrap_or_default(),
            known,
            #[cfg(wiredtiger_linked)]
            patience: self.patience.unwrap_or(PATIENCE),
        }))))
    }
}

#[cfg(feature = "wiredtiger-layered")]
fn read(path: &PathBuf) -> Result<KnownFailures> {
    use anyhow::{Context, anyhow};
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot read"))?;
    KnownFailures::parse(&text).map_err(|error| anyhow!("{name}: {error}"))
}

/// Nothing is known of what is not built in.
#[cfg(not(feature = "wiredtiger-layered"))]
fn read(_: &PathBuf) -> Result<KnownFailures> {
    Ok(KnownFailures::default())
}

impl Sut {
    /// How real WiredTiger is tested; `None`: the engine is.
    pub fn real(&self) -> Option<&Arc<Tested>> {
        self.0.as_ref()
    }

    /// The program of a file as it can be run; an error if all of it is about other tables.
    pub fn masked(&self, path: &Path, program: Program) -> Result<Program> {
        if self.0.is_some() && program.config.format.is_column() {
            bail!("{}: is about column stores, and layered tables are row stores: leave out --sut", path.display());
        }
        Ok(self.mask(program).program)
    }

    /// The program as it can be run.
    pub fn mask(&self, program: Program) -> Masked {
        match &self.0 {
            None => Masked { program, left_out: Default::default() },
            Some(tested) => tested.known.mask(&program),
        }
    }
}

/// The flags, as they are repeated in a command.
impl fmt::Display for SutArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_real() {
            return Ok(());
        }
        write!(f, " --sut {REAL}")?;
        if let Some(nodes) = &self.nodes {
            write!(f, " --nodes '{nodes}'")?;
        }
        if let Some(known) = &self.known {
            write!(f, " --known {}", known.display())?;
        }
        Ok(())
    }
}
