//! `lockstep predict study`: how the birth lane and other planners do, as tables, JSON or a plot.

use super::super::Verdict;
use super::super::number::number;
use super::super::output::{Out, check_new, write_new};
use super::args::{MAX_LANES, Tables, parse_tables};
use super::plot;
use anyhow::{Context, Result, bail};
use clap::Args;
use lockstep::count::count;
use lockstep::replay::plan::Spec;
use lockstep::replay::study::{Execution, Quality, SCHEDULES, SETTINGS, Scenario, Scheme, Study, study as study_of};
use std::path::PathBuf;

#[derive(Args)]
pub struct StudyArgs {
    /// Which of the workloads A to F [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "tables")]
    scenario: Vec<String>,
    /// Tables of your own instead, such as row:base=1000:insert=53,4xfix:bits=4:insert=10:update=50.
    #[arg(long, value_name = "SPEC", value_parser = parse_tables)]
    tables: Option<Tables>,
    /// The seed of the plans.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, { u64::MAX }>)]
    seed: u64,
    /// Operations of each plan.
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = number::<100, 100_000_000>)]
    ops: u64,
    /// Operations of each execution. How it ends, with one worker left, weighs less in a long one.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = number::<100, 100_000_000>)]
    executed: u64,
    /// Lanes.
    #[arg(long, value_name = "N", default_value_t = Spec::LANES.into(), value_parser = number::<1, MAX_LANES>)]
    lanes: u64,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    /// Draw the results.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Replace a plot that is there already.
    #[arg(long)]
    force: bool,
}

pub fn study(args: &StudyArgs, out: &mut Out) -> Result<Verdict> {
    let scenarios = scenarios(args)?;
    let about = about(args, &scenarios);
    if let Some(path) = &args.plot {
        check_new(path, args.force, |plot| plot.ends_with(about.as_bytes()))?;
    }
    let lanes = u32::try_from(args.lanes)?;
    let mut studies = Vec::new();
    for scenario in scenarios {
        let study = study_of(scenario, args.seed, lanes, args.ops, args.executed)?;
        if !args.json {
            print(&study, out)?;
            out.flush()?;
        }
        studies.push(study);
    }
    if args.json {
        out.json(&studies)?;
    }
    if let Some(path) = &args.plot {
        let svg = plot::svg(&studies).with_context(|| format!("{}: cannot draw", path.display()))?;
        write_new(path, format!("{}\n{about}", svg.trim_end()).as_bytes(), args.force)?;
    }
    Ok(Verdict::Agree)
}

/// What a plot is of, as a comment at its end: another one is known without drawing it.
fn about(args: &StudyArgs, scenarios: &[Scenario]) -> String {
    let StudyArgs { seed, ops, executed, lanes, .. } = args;
    let workloads = scenarios.iter().map(|one| format!("{}: {}", one.name, one.what)).collect::<Vec<_>>().join("; ");
    format!("<!-- {workloads} (seed {seed}, {lanes} lanes, {ops} planned, {executed} executed) -->\n")
}

/// The workloads that were asked for.
fn scenarios(args: &StudyArgs) -> Result<Vec<Scenario>> {
    if let Some(Tables(tables)) = &args.tables {
        let what = tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        return Ok(vec![Scenario { name: "own".to_owned(), what, tables: tables.clone() }]);
    }
    let all = Scenario::all();
    if args.scenario.is_empty() {
        return Ok(all);
    }
    let one = |name: &String| match all.iter().find(|scenario| scenario.name.eq_ignore_ascii_case(name)) {
        Some(scenario) => Ok(scenario.clone()),
        None => bail!("there is no workload '{name}': write A to F"),
    };
    args.scenario.iter().map(one).collect()
}

fn print(study: &Study, out: &mut Out) -> Result<()> {
    out.line(format_args!(
        "{}: {} (seed {}, {})\n",
        study.scenario,
        study.what,
        study.seed,
        count(study.lanes, "lane")
    ))?;
    out.line(format_args!("plans of {} operations", study.plans.first().map_or(0, |plan| plan.operations)))?;
    out.line(format_args!(
        "{:<20} {:>10} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8} {:>9} {:>6}",
        "", "timestamps", "inserts", "sigma", "done", "gaps", "coin", "runs", "KS", "lanes of", "load"
    ))?;
    for plan in &study.plans {
        print_plan(plan, out)?;
    }
    let executed = study.executions.first().map_or(0, |execution| execution.operations);
    out.line(format_args!("\nexecutions of {executed} operations, {SCHEDULES} schedules each"))?;
    let settings = SETTINGS.map(|(workers, stalls)| format!("{workers}{}", if stalls > 0 { " stall" } else { "" }));
    out.line(format_args!(
        "{:<20} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10} {:>8} {:>10}",
        "", settings[0], settings[1], settings[2], settings[3], "waits", "max lead", "results", "violations"
    ))?;
    for scheme in Scheme::ALL {
        let own = study.executions.iter().filter(|execution| execution.scheme == scheme.name());
        print_executions(scheme.name(), &own.collect::<Vec<_>>(), out)?;
    }
    out.line("")
}

fn print_plan(plan: &Quality, out: &mut Out) -> Result<()> {
    let gaps = &plan.gaps;
    out.line(format_args!(
        "{:<20} {:>8.2} % {:>5.2} pp {:>6.1} {:>6.2} {:>6.2} {:>6.2} {:>6.2} {:>8.2} {:>5.0}/256 {:>6.2}",
        plan.scheme,
        plan.timestamps_used,
        plan.worst_insert(),
        plan.worst_sigma(),
        plan.worst_done(),
        gaps.cv,
        gaps.cv_of_coin,
        gaps.runs,
        gaps.ks_scaled,
        plan.lanes_per_256,
        plan.lane_load
    ))
}

/// One line for all settings: the efficiency of each, the worst of the rest.
fn print_executions(scheme: &str, all: &[&Execution], out: &mut Out) -> Result<()> {
    let efficiency = all.iter().map(|one| format!("{:>8.3}", one.efficiency)).collect::<Vec<_>>().join(" ");
    let waits = all.iter().map(|one| one.waits_per_mille).fold(0.0, f64::max);
    let worst = |of: fn(&Execution) -> u64| all.iter().map(|one| of(one)).max().unwrap_or_default();
    out.line(format_args!(
        "{scheme:<20} {efficiency} {waits:>8.1} ‰ {:>10} {:>8} {:>10}",
        worst(|one| one.max_lead),
        worst(|one| one.results as u64),
        worst(|one| one.violations)
    ))
}
