//! `lockstep wiredtiger-child`: executes requests on the linked WiredTiger, for a parent that survives it.

use super::Verdict;
use clap::Args;
use lockstep::oracle::wiredtiger::linked;
use std::time::Duration;

/// The flags of `lockstep wiredtiger-child`.
#[derive(Args)]
pub struct ChildArgs {
    /// Execute on the layered tables of a pair of nodes, and on plain tables beside them.
    #[arg(long)]
    layered: bool,
    /// How long one program may take, in seconds, before this process ends itself.
    #[arg(value_name = "SECONDS")]
    limit: u64,
}

/// Serves requests from standard input until there are no more.
pub fn serve(args: &ChildArgs) -> anyhow::Result<Verdict> {
    let limit = Duration::from_secs(args.limit.max(1));
    if args.layered {
        anyhow::bail!("not yet");
    }
    linked::serve(&mut linked::Plain::open()?, limit)?;
    Ok(Verdict::Agree)
}
