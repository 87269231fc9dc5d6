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
    let ChildArgs { layered, nodes, limit } = args;
    let limit = Duration::from_secs((*limit).max(1));
    if *layered {
        return serve_layered(nodes, limit);
    }
    linked::serve(&mut linked::Plain::open()?, limit)?;
    Ok(Verdict::Agree)
}

/// The nodes have their homes in the current directory: the parent has made it for that, and removes it.
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
fn serve_layered(nodes: &str, limit: Duration) -> anyhow::Result<Verdict> {
    linked::serve(&mut linked::Layered::open(".".into(), nodes.to_owned())?, limit)?;
    Ok(Verdict::Agree)
}

/// There are none.
#[cfg(not(all(feature = "wiredtiger-layered", wiredtiger_page_log)))]
fn serve_layered(_: &str, _: Duration) -> anyhow::Result<Verdict> {
    anyhow::bail!(
        "this lockstep has no layered tables of WiredTiger: build it with --features wiredtiger-layered and \
         WIREDTIGER_DIR naming a WiredTiger 12 or newer with disaggregated storage"
    )
}
