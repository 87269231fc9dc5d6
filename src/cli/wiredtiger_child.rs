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
    /// Added to the configuration of each node.
    #[arg(long, value_name = "CONFIG", default_value = "", hide_default_value = true)]
    nodes: String,
    /// How long one program may take, in seconds, before this process ends itself.
    #[arg(value_name = "SECONDS")]
    limit: u64,
}

/// Serves requests from standard input until there are no more.
pub fn serve(args: &ChildArgs) -> anyhow::Result<Verdict> {
    let limit = Duration::from_secs(args.limit.max(1));
    if args.layered {
        return layered(args, limit);
    }
    linked::serve(&mut linked::Plain::open()?, limit)?;
    Ok(Verdict::Agree)
}

/// The nodes have their homes in the current directory: the parent has made it for that, and removes it.
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
fn layered(args: &ChildArgs, limit: Duration) -> anyhow::Result<Verdict> {
    linked::serve(&mut linked::Layered::open(".".into(), args.nodes.clone())?, limit)?;
    Ok(Verdict::Agree)
}

/// The linked WiredTiger has none, or they were not asked for.
#[cfg(not(all(feature = "wiredtiger-layered", wiredtiger_page_log)))]
fn layered(args: &ChildArgs, _: Duration) -> anyhow::Result<Verdict> {
    anyhow::bail!(
        "this lockstep has no layered tables of WiredTiger to open with '{}': build it with --features \
         wiredtiger-layered and WIREDTIGER_DIR naming a WiredTiger 12 or newer with disaggregated storage",
        args.nodes
    )
}
