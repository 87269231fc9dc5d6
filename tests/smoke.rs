//! A short run of every profile: the backends agree, and the programs reach what they are there for.

use lockstep::backend::{Code, TxnTimestamp};
use lockstep::program::{Config, Op, Profile, Step, generate, swarm_length};
use lockstep::run::{Done, Observer, Oracles, Stats, run};

fn observe(stats: &mut Stats, profile: Profile, seed: u64, ops: usize) {
    let program = generate(profile, seed, ops);
    let result = run(&program, Oracles::default(), stats);
    let outcome = result.unwrap_or_else(|mismatch| panic!("{} {seed}: {mismatch}", profile.name()));
    stats.finish(Some(&outcome));
}

#[test]
fn stable_serves_a_share_of_the_reads_in_every_profile() {
    for profile in Profile::ALL.into_iter().filter(|&profile| profile != Profile::Swarm) {
        let mut stats = Stats::default();
        for seed in 0..3 {
            observe(&mut stats, profile, seed, 2_000);
        }
        let summary = stats.summary();
        let name = profile.name();
        assert!(summary.stable_share >= 0.15, "{name}: stable served {:.3} of the reads", summary.stable_share);
        assert!(summary.mean_placed_run >= 2.0, "{name}: mean placed run {:.2}", summary.mean_placed_run);
        assert!(summary.both_on_one_key > 0, "{name}: no key was in both constituents");
        assert!(summary.adoptions > 0 && summary.pruned_keys > 0, "{name}: nothing moved to stable");
    }
}

#[test]
fn stable_serves_a_share_of_the_reads_of_swarm_programs() {
    let mut stats = Stats::default();
    for seed in 0..400 {
        observe(&mut stats, Profile::Swarm, seed, swarm_length(seed));
    }
    let share = stats.summary().stable_share;
    assert!(share >= 0.15, "stable served {share:.3} of the reads");
}

/// How often a run came to what makes trouble for a layered cursor.
#[derive(Default)]
struct Moments {
    counts: [(&'static str, u64); 6],
    sessions: [Session; Config::MAX_SESSIONS as usize],
}

#[derive(Clone, Copy, Default)]
struct Session {
    open: bool,
    reads_in_the_past: bool,
    /// Cursors that surely hold a place: what another cursor's step may have reset does not count.
    placed: [bool; Config::MAX_CURSORS as usize],
}

impl Moments {
    fn count(&mut self, moment: usize, name: &'static str, happened: bool) {
        self.counts[moment].0 = name;
        self.counts[moment].1 += u64::from(happened);
    }

    fn others_open(&self, step: &Step) -> bool {
        let mut sessions = self.sessions.iter().enumerate();
        sessions.any(|(session, state)| session != usize::from(step.who.session) && state.open)
    }

    /// Forgets the sessions; the counts stay.
    fn next_program(&mut self) {
        self.sessions = Default::default();
    }
}

impl Observer for Moments {
    fn after(&mut self, _index: usize, step: &Step, done: &Done<'_>) {
        let ok = done.code == Code::Ok;
        let open = self.sessions.iter().any(|session| session.open);
        let placed = self.sessions.iter().any(|session| session.placed.contains(&true));
        let own = self.sessions[usize::from(step.who.session)];
        let reads = matches!(step.op, Op::Begin { read_ts: Some(_), .. });
        let sets = matches!(step.op, Op::TimestampTransaction { which: TxnTimestamp::Read, .. });
        let (rolls_back, adopts) = (step.op == Op::Rollback, matches!(step.op, Op::Adopt | Op::Advance { .. }));
        let removes = matches!(step.op, Op::Evict { .. } | Op::Prune);
        self.count(0, "begin with a read timestamp", ok && reads);
        self.count(1, "a read timestamp set later", ok && sets);
        self.count(2, "rollback of a transaction with a read timestamp", ok && rolls_back && own.reads_in_the_past);
        self.count(3, "adopt or advance in a transaction", ok && adopts && open);
        self.count(4, "evict or prune under a placed cursor", ok && removes && placed);
        self.count(5, "rollback while another transaction is open", ok && rolls_back && self.others_open(step));

        let session = &mut self.sessions[usize::from(step.who.session)];
        let ends = matches!(step.op, Op::Commit { .. } | Op::Rollback);
        session.open = (session.open || ok && matches!(step.op, Op::Begin { .. })) && !ends;
        session.reads_in_the_past = (session.reads_in_the_past || ok && (reads || sets)) && !ends;
        if !matches!(done.code, Code::Ok | Code::NotFound) || done.commit.is_some() || step.op == Op::Rollback {
            session.placed = Default::default();
        }
        if done.on_cursor && !matches!(step.op, Op::NextRandom { .. }) {
            session.placed[usize::from(step.who.cursor)] = done.replies.follower().placed;
        }
    }
}

#[test]
fn swarm_programs_come_to_what_makes_trouble() {
    let mut moments = Moments::default();
    for seed in 0..200 {
        moments.next_program();
        let program = generate(Profile::Swarm, seed, 400);
        run(&program, Oracles::default(), &mut moments).unwrap_or_else(|mismatch| panic!("swarm {seed}: {mismatch}"));
    }
    let never: Vec<&str> = moments.counts.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
    assert!(never.is_empty(), "never: {never:?}");
}

#[test]
fn checkpoints_are_adopted_under_cursors() {
    let mut stats = Stats::default();
    for seed in 0..100 {
        observe(&mut stats, Profile::Swarm, seed, 300);
    }
    let summary = stats.summary();
    assert!(summary.adoptions_while_placed > 0, "no checkpoint was adopted under a placed cursor");
    assert!(summary.rebinds_while_placed > 0, "no cursor moved to a newer checkpoint while it stood on a record");
}

#[test]
fn fewer_oracles_still_agree() {
    for oracles in ["plain", "model"] {
        let oracles: Oracles = oracles.parse().expect("a name of an oracle");
        for seed in 0..20 {
            run(&generate(Profile::Swarm, seed, 200), oracles, &mut ()).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        }
    }
}

/// A follower whose checkpoints, pick-ups and evictions come at other moments answers the same.
#[test]
fn swarm_programs_agree_with_a_twin() {
    for seed in 0..150 {
        let program = generate(Profile::Swarm, seed, swarm_length(seed).min(400));
        let oracles = Oracles { twin: true, ..Oracles::default() };
        run(&program, oracles, &mut ()).unwrap_or_else(|mismatch| panic!("seed {seed}: {mismatch}"));
    }
}
