//! Generated programs: the same every time, of the right shape, and with everything in them.

use lockstep::backend::Point;
use lockstep::program::limits::MAX_STEPS;
use lockstep::program::ops::{Legal, OpKind};
use lockstep::program::{Op, Profile, Program, generate, swarm_length};

/// How often each operation occurs.
fn counts<'a>(programs: impl IntoIterator<Item = &'a Program>) -> [usize; Op::COUNT] {
    let mut counts = [0; Op::COUNT];
    for step in programs.into_iter().flat_map(|program| &program.steps) {
        counts[step.op.index()] += 1;
    }
    counts
}

fn swarm(seeds: std::ops::Range<u64>, steps: usize) -> Vec<Program> {
    seeds.map(|seed| generate(Profile::Swarm, seed, steps)).collect()
}

#[test]
fn the_same_seed_gives_the_same_program() {
    for profile in Profile::ALL {
        let [one, two] = [0, 1].map(|_| generate(profile, 42, 800));
        assert_eq!(one.encode().unwrap(), two.encode().unwrap(), "{profile}");
        assert_ne!(one, generate(profile, 43, 800), "{profile}");
    }
    // A shorter program is the beginning of a longer one.
    let (short, long) = (generate(Profile::Swarm, 9, 100), generate(Profile::Swarm, 9, 300));
    assert_eq!(short.steps, long.steps[..100]);
}

#[test]
fn the_table_is_consistent() {
    for (index, kind) in OpKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
        assert_eq!(Op::NAMES[index], kind.row().name);
        assert!(!kind.row().doc.is_empty() && !kind.row().spellings.is_empty());
    }
    let mut names = Op::NAMES;
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(OpKind::Begin.row().legal, Legal::Outside);
}

#[test]
fn profiles_have_names() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
        assert!(profile.sizes() >= 1000);
    }
    let error = "mixd".parse::<Profile>().unwrap_err().to_string();
    assert!(error.starts_with("`mixd` is not a profile: write one of mixed, iterate,"), "{error}");
}

#[test]
fn swarm_programs_use_every_operation_but_not_all_at_once() {
    let programs = swarm(0..300, 300);
    let all = counts(&programs);
    for (index, &count) in all.iter().enumerate() {
        assert!(count > 20, "{} occurs {count} times", Op::NAMES[index]);
    }
    let mut kinds: Vec<_> =
        programs.iter().map(|program| counts([program]).iter().filter(|&&n| n > 0).count()).collect();
    kinds.sort_unstable();
    let median = kinds[kinds.len() / 2];
    assert!((12..=30).contains(&median), "{median} operations in the median program");
    // Some have no advance, so that all data stays in the ingest table.
    assert!(programs.iter().filter(|program| counts([*program])[OpKind::Advance as usize] == 0).count() > 50);
}

#[test]
fn swarm_programs_come_in_all_sizes() {
    let lengths: Vec<_> = (0..500).map(swarm_length).collect();
    assert!(lengths.iter().all(|length| (16..=MAX_STEPS).contains(length)));
    assert!(lengths.iter().any(|&length| length < 32) && lengths.iter().any(|&length| length > 700));
    let short = lengths.iter().filter(|&&length| length < 128).count();
    assert!((180..320).contains(&short), "{short} of 500 below 128");
    let configs: Vec<_> = swarm(0..300, 1).into_iter().map(|program| program.config).collect();
    assert!((1..=4).all(|sessions| configs.iter().any(|config| config.sessions == sessions)));
    assert!((1..=3).all(|cursors| configs.iter().any(|config| config.cursors == cursors)));
    assert!(configs.iter().any(|config| config.keys < 4) && configs.iter().any(|config| config.keys > 200));
}

#[test]
fn positions_carry_programs_and_nothing_dominates() {
    for profile in Profile::ALL {
        let programs: Vec<_> = (0..3).map(|seed| generate(profile, seed, 4000)).collect();
        let counts = counts(&programs);
        let total: usize = counts.iter().sum();
        let share = |kind: OpKind| 100 * counts[kind as usize] / total;
        assert!(share(OpKind::Reset) <= 5, "{profile}");
        assert!(OpKind::ALL.into_iter().all(|kind| share(kind) <= 45), "{profile}");
        let entropy: f64 =
            counts.iter().filter(|&&n| n > 0).map(|&n| n as f64 / total as f64).map(|p| -p * p.ln()).sum();
        assert!(entropy.exp() >= 5.0, "{profile}: {}", entropy.exp());
    }
}

/// The operations that turn nodes or tables over.
fn upheavals(program: &Program) -> usize {
    let is_one = |op: &Op| matches!(op, Op::StepDown | Op::Restart { .. } | Op::RollbackToStable | Op::Recreate { .. });
    program.steps.iter().filter(|step| is_one(&step.op)).count()
}

#[test]
fn upheavals_are_rare_and_two_tables_are_not() {
    let programs: Vec<_> = (0..600).map(|seed| generate(Profile::Swarm, seed, swarm_length(seed))).collect();
    let with = |some: fn(&Program) -> bool| programs.iter().filter(|program| some(program)).count();
    assert!((120..300).contains(&with(|program| upheavals(program) > 0)), "{}", with(|program| upheavals(program) > 0));
    assert!(with(|program| upheavals(program) > 2) < 120, "{}", with(|program| upheavals(program) > 2));
    assert!((150..250).contains(&with(|program| program.config.tables == 2)));
    assert!(programs.iter().any(Program::changes_nodes) && !programs.iter().all(Program::changes_nodes));
}

/// How many transactions a program prepares, how many of these end, and how many steps are made meanwhile.
fn prepared(program: &Program) -> [usize; 3] {
    let (mut open, mut begun, mut ended, mut beside) = ([false; 4], 0, 0, 0);
    for step in &program.steps {
        beside += usize::from(open.contains(&true));
        let own = &mut open[usize::from(step.who.session)];
        match step.op {
            Op::Prepare { .. } | Op::PrepareFlood { .. } => begun += usize::from(!std::mem::replace(own, true)),
            Op::Commit { .. } | Op::Rollback => ended += usize::from(std::mem::take(own)),
            Op::Quiesce | Op::Restart { .. } => {
                ended += open.iter().filter(|&&open| open).count();
                open.fill(false);
            }
            _ => {}
        }
    }
    [begun, ended, beside]
}

#[test]
fn what_is_prepared_ends_but_not_at_once() {
    let counts: Vec<_> = swarm(0..300, 300).iter().map(prepared).collect();
    let [begun, ended, beside] = [0, 1, 2].map(|part| counts.iter().map(|count| count[part]).sum::<usize>());
    assert!(begun > 500, "{begun} transactions are prepared");
    assert!(ended * 100 > begun * 85, "{ended} of {begun} end");
    assert!(beside > 6 * begun, "{beside} steps beside {begun}");
}

#[test]
fn hooks_stand_before_a_step_that_may_pass_their_point() {
    let (mut hooks, mut fitting) = (0, 0);
    for program in swarm(0..300, 300) {
        for pair in program.steps.windows(2) {
            let Op::Hook { at, .. } = pair[0].op else { continue };
            hooks += 1;
            fitting += usize::from(match at {
                Point::IngestProbed | Point::SearchMissed => matches!(pair[1].op, Op::Search { .. }),
                Point::SideMoved | Point::Stalled => matches!(pair[1].op, Op::Next | Op::Prev),
                Point::LookedUp => pair[1].op.kind().writes(),
                Point::TableAdopted => matches!(pair[1].op, Op::Adopt | Op::Advance { .. }),
            });
        }
    }
    assert!(hooks > 200 && fitting == hooks, "{fitting} of {hooks}");
}

#[test]
fn steps_cost_a_few_calls_on_average() {
    for program in swarm(0..200, 500) {
        let work: usize = program.steps.iter().map(|step| step.op.work(&program.config)).sum();
        assert!(work <= 5 * program.steps.len() + 1000, "{work} calls");
    }
}

#[test]
fn profiles_keep_to_their_rules() {
    for profile in Profile::ALL.into_iter().filter(|&profile| profile != Profile::Swarm) {
        let program = generate(profile, 3, profile.sizes());
        assert!(program.config.tables == 1 && !program.changes_nodes() && prepared(&program) == [0; 3]);
        let (mut in_txn, mut last_ts) = (false, 0);
        for step in &program.steps {
            match &step.op {
                Op::Begin { .. } => assert!(!std::mem::replace(&mut in_txn, true)),
                Op::Commit { .. } | Op::Rollback => assert!(std::mem::take(&mut in_txn)),
                Op::Advance { oldest, stable } => {
                    assert!(!in_txn && oldest <= stable && *stable == last_ts)
                }
                _ => {}
            }
            let ts = match &step.op {
                Op::Commit { ts, .. } => ts.unwrap_or(0),
                op => op.write_ts(),
            };
            assert!(ts == 0 || ts == last_ts + 1, "{profile}: {step}");
            last_ts = last_ts.max(ts);
        }
    }
}
