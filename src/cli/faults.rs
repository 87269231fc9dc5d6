//! `lockstep faults`: the bugs that a build with the feature `faults` can have planted.

use super::output::Out;
use super::{Verdict, complain};
use anyhow::Result;
use clap::{Args, Subcommand};
use lockstep::engine::faults::{self, Fault, FaultError, VARIABLE};

#[derive(Args)]
pub struct FaultsArgs {
    #[command(subcommand)]
    command: FaultsCommand,
}

#[derive(Subcommand)]
enum FaultsCommand {
    /// Lists the faults: name, ticket, what the engine does wrong. LOCKSTEP_FAULT=NAME plants one.
    List,
}

pub fn faults(args: &FaultsArgs, out: &mut Out) -> Result<Verdict> {
    let FaultsCommand::List = args.command;
    if !cfg!(feature = "faults") {
        return Err(FaultError::NotBuilt.into());
    }
    for fault in Fault::ALL {
        out.line(format_args!("{:<4} {:<9} {}", fault.name(), fault.ticket(), fault.what()))?;
    }
    Ok(Verdict::Agree)
}

/// Whether the environment asks for no fault, or for one that can be planted. Says so if not.
pub fn environment_is_good() -> bool {
    match faults::from_environment() {
        Ok(_) => true,
        Err(error) => {
            complain(&anyhow::Error::new(error).context(VARIABLE));
            false
        }
    }
}
