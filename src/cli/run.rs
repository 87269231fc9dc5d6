//! `lockstep run`: generated programs, on several threads, until one shows a mismatch.
//!
//! Programs are numbered; threads take the next number, and results are taken in the order of numbers. So the output
//! does not depend on timing (unless `--time` ends the run).

use super::book::{self, Book, First};
use super::guard::Failure;
use super::ledger::Ledger;
use super::number::{number, time};
use super::oracles::OracleList;
use super::output::{Out, keep, tell};
use super::runner::Runner;
use super::sut::Sut;
use super::{Common, Verdict, progress};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lockstep::ground::{Grounding, Masked};
use lockstep::program::limits::MAX_TEXT_STEPS;
use lockstep::program::{Profile, Program, generate, swarm_length};
use lockstep::run::{Stats, Summary};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct RunArgs {
    /// The seed of the first program.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number::<0, { u64::MAX }>)]
    seed: u64,
    /// How many seeds, from --seed on [default: 100, or as many as fit into --time].
    #[arg(long, value_name = "K", value_parser = number::<1, { u64::MAX }>)]
    seeds: Option<u64>,
    /// Steps of each program [default: what the profile says; swarm draws it from the seed].
    #[arg(long, value_name = "N", value_parser = number::<1, { MAX_TEXT_STEPS as u64 }>)]
    ops: Option<u64>,
    /// The profile: swarm, one of WiredTiger's (mixed, iterate, lookup, write_churn, txn, bulk_swing, merge_drain), or all.
    #[arg(long, value_name = "NAME", default_value = "swarm")]
    profile: Profiles,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<1, 1024>)]
    jobs: u64,
    /// Start no further program after this time, such as 60s or 10m.
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,
    /// Where a failing program is written to [default: artifacts/layered_cursor, with --sut artifacts/wiredtiger_layered].
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// One profile or all of them.
#[derive(Clone)]
struct Profiles(Vec<Profile>);

impl FromStr for Profiles {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "all" {
            return Ok(Profiles(Profile::ALL.to_vec()));
        }
        match name.parse() {
            Ok(profile) => Ok(Profiles(vec![profile])),
            Err(_) => {
                let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name()).collect();
                Err(format!("there are {} and all", names.join(", ")))
            }
        }
    }
}

#[derive(Serialize)]
struct Report {
    failure: Option<Found>,
    stats: Summary,
    /// What was compared with WiredTiger.
    #[serde(skip_serializing_if = "Option::is_none")]
    wiredtiger: Option<Grounding>,
    /// The failures of another system under test.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Book>,
}

/// The first failing program, in the order of numbers.
#[derive(Serialize)]
struct Found {
    profile: &'static str,
    seed: u64,
    file: Option<String>,
    failure: Failure,
}

pub fn run(args: &RunArgs, out: &mut Out) -> Result<Verdict> {
    let plan = Plan::new(args)?;
    let length = (!plan.endless).then_some(plan.total);
    let progress = progress::bar(length, "{elapsed} {wide_bar} {pos}/{len} programs");
    let mut stats = Stats::default();
    let mut grounding = Grounding::default();
    let mut failed = None;
    let mut broken = None;
    let mut book = Book::default();
    let mut ledger = plan.sut.real().map(|_| Ledger::open(&plan.artifacts)).transpose()?;
    plan.execute(args.jobs, |number, result| {
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                broken = Some(error);
                return false;
            }
        };
        stats.merge(&result.stats);
        grounding.merge(&result.grounding);
        progress.inc(1);
        book.leave_out(&result.left_out);
        match (&mut ledger, plan.sut.real()) {
            (Some(ledger), Some(tested)) => {
                let command = plan.command(number);
                let mut keep = |failure, standing: &'static str| {
                    ledger.enter(&command, &failure, standing)?;
                    book.enter(standing, &tested.known, failure, |failure| {
                        report_failure(&plan, number, failure, args).map(First::from)
                    })
                };
                let all = result.failure.into_iter().chain(result.besides).map(|failure| (failure, book::ALWAYS));
                let mut all = all.chain(result.once.into_iter().map(|failure| (failure, book::ONCE)));
                broken = all.try_for_each(|(failure, standing)| keep(failure, standing)).err();
            }
            _ => failed = result.failure.map(|failure| (number, failure)),
        }
        failed.is_none() && broken.is_none()
    });
    progress.finish_and_clear();
    if let Some(error) = broken {
        if !book.is_empty() {
            // What was met so far is not lost.
            out.line(&book)?;
        }
        return Err(error);
    }
    let found = failed.map(|(number, failure)| report_failure(&plan, number, failure, args)).transpose()?;
    let verdict = if found.is_some() || book.has_news() { Verdict::Mismatch } else { Verdict::Agree };
    let stats = stats.summary();
    if stats.programs == 0 {
        bail!("no program has been run: --time was over before the first one; give it more");
    }
    let sut = plan.sut.real().is_some();
    let report = Report {
        failure: found,
        stats,
        wiredtiger: (sut || plan.oracles.wiredtiger).then_some(grounding),
        failures: sut.then_some(book),
    };
    if args.common.json {
        out.json(&report)?;
        return Ok(verdict);
    }
    out.line(&report.stats)?;
    out.line("")?;
    if let Some(grounding) = &report.wiredtiger {
        out.line(grounding)?;
    }
    if let Some(book) = &report.failures {
        out.line(format_args!("{} programs", report.stats.programs))?;
        out.line(book)?;
        return Ok(verdict);
    }
    match &report.failure {
        None => out.line(format_args!("{} programs: all agree", report.stats.programs))?,
        Some(found) => {
            out.line(format_args!("profile {}, seed {}:", found.profile, found.seed))?;
            out.line(&found.failure)?;
        }
    }
    Ok(verdict)
}

/// Writes the failing program, cut after the failing step, and names the command that runs it again.
fn report_failure(plan: &Plan, number: u64, mut failure: Failure, args: &RunArgs) -> Result<Found> {
    let (profile, seed) = plan.profile_and_seed(number);
    let mut program = plan.program(number);
    program.steps.truncate(failure.steps_needed());
    let file = match keep(&plan.artifacts, &format!("{}-{seed}", profile.name()), "ops", program.to_string().as_bytes())
    {
        Ok(file) => Some(file.display().to_string()),
        Err(error) => {
            tell(format_args!("lockstep: the failing program could not be kept: {error:#}"));
            None
        }
    };
    let command = match &file {
        Some(file) => format!("lockstep replay {file}"),
        None => plan.command(number),
    };
    failure.set_replay(args.common.command(&command));
    Ok(Found { profile: profile.name(), seed, file, failure })
}

/// Which programs are run, by number: all profiles for the first seed, all for the next, and so on.
struct Plan {
    profiles: Vec<Profile>,
    first_seed: u64,
    total: u64,
    /// Whether only the time ends the run.
    endless: bool,
    ops: Option<usize>,
    oracles: OracleList,
    sut: Sut,
    artifacts: PathBuf,
    deadline: Option<Instant>,
}

/// What became of one program.
struct ProgramResult {
    stats: Box<Stats>,
    failure: Option<Failure>,
    /// Failures that did not show again.
    once: Vec<Failure>,
    /// Known failures besides.
    besides: Vec<Failure>,
    grounding: Grounding,
    /// Steps that were left out of the program, by operation.
    left_out: BTreeMap<&'static str, u64>,
}

impl From<Found> for First {
    fn from(found: Found) -> Self {
        First { file: found.file, failure: found.failure }
    }
}

impl Plan {
    fn new(args: &RunArgs) -> Result<Self> {
        let profiles = args.profile.0.clone();
        let endless = args.seeds.is_none() && args.time.is_some();
        // Those after the first one.
        let further = u64::MAX - args.seed;
        let seeds = if endless { further.saturating_add(1) } else { args.seeds.unwrap_or(100) };
        if seeds - 1 > further {
            bail!("--seed {} --seeds {seeds}: seeds end at {}: make one of them smaller", args.seed, u64::MAX);
        }
        Ok(Plan {
            first_seed: args.seed,
            total: seeds.saturating_mul(profiles.len() as u64),
            endless,
            ops: args.ops.map(|ops| ops as usize),
            oracles: args.common.oracles(),
            sut: args.common.sut.open()?,
            artifacts: args.artifacts.clone().unwrap_or_else(|| {
                let real = args.common.sut.is_real();
                PathBuf::from(if real { "artifacts/wiredtiger_layered" } else { "artifacts/layered_cursor" })
            }),
            deadline: args.time.and_then(|time| Instant::now().checked_add(time)),
            profiles,
        })
    }

    fn profile_and_seed(&self, number: u64) -> (Profile, u64) {
        let profiles = self.profiles.len() as u64;
        (self.profiles[(number % profiles) as usize], self.first_seed.wrapping_add(number / profiles))
    }

    /// The program as it is run.
    fn program(&self, number: u64) -> Program {
        self.masked(number).program
    }

    fn masked(&self, number: u64) -> Masked {
        let (profile, seed) = self.profile_and_seed(number);
        self.sut.mask(generate(profile, seed, self.length(profile, seed)))
    }

    fn length(&self, profile: Profile, seed: u64) -> usize {
        match (self.ops, profile) {
            (Some(ops), _) => ops,
            (None, Profile::Swarm) => swarm_length(seed),
            (None, _) => profile.sizes(),
        }
    }

    /// The command that runs one program again.
    fn command(&self, number: u64) -> String {
        let (profile, seed) = self.profile_and_seed(number);
        let ops = self.length(profile, seed);
        format!("lockstep run --profile {} --seed {seed} --seeds 1 --ops {ops}", profile.name())
    }

    /// Runs the programs on `jobs` threads and hands over the results in the order of numbers, as long as `take`
    /// wants more.
    fn execute(&self, jobs: u64, mut take: impl FnMut(u64, Result<ProgramResult>) -> bool) {
        let next = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..jobs.min(self.total) {
                let sender = sender.clone();
                let (next, stop) = (&next, &stop);
                scope.spawn(move || {
                    let mut runner = Runner::new(self.oracles, &self.sut, false);
                    // A number that was taken is always run: so none is missing in the order.
                    while !stop.load(Ordering::Relaxed) && !self.is_over() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= self.total {
                            break;
                        }
                        let result = match &mut runner {
                            Ok(runner) => self.run_one(number, runner),
                            Err(error) => Err(anyhow!("{error:#}")),
                        };
                        if sender.send((number, result)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut early = BTreeMap::new();
            let mut due = 0;
            for (number, result) in receiver {
                early.insert(number, result);
                while let Some(result) = early.remove(&due) {
                    if !take(due, result) {
                        stop.store(true, Ordering::Relaxed);
                        return;
                    }
                    due += 1;
                }
            }
        });
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn run_one(&self, number: u64, runner: &mut Runner) -> Result<ProgramResult> {
        let Masked { program, left_out } = self.masked(number);
        let mut stats = Box::<Stats>::default();
        let kept = self.sut.real().map(|_| Kept::new(&program, &self.artifacts, number)).transpose()?;
        let result = runner.run(&program, &mut *stats)?;
        drop(kept);
        stats.finish(result.as_ref().ok());
        Ok(ProgramResult {
            stats,
            failure: result.err(),
            once: runner.take_once(),
            besides: runner.take_besides(),
            grounding: runner.take_grounding(),
            left_out,
        })
    }
}

/// A program that is being run, as a file: what is left if this process does not survive it.
struct Kept(PathBuf);

impl Kept {
    fn new(program: &Program, directory: &Path, number: u64) -> Result<Self> {
        std::fs::create_dir_all(directory).with_context(|| format!("{}: cannot create", directory.display()))?;
        let path = directory.join(format!("running-{number}.ops"));
        std::fs::write(&path, program.to_string()).with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(Kept(path))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A program too many does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}
