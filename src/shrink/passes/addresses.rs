//! Unites sessions and cursors: one does what another one did. Then gives those that are left the first numbers.

use super::{is_by_session, is_on_cursor, other_cursors};
use crate::backend::Who;
use crate::program::{Config, OperandMut, Program};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeSet;

pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    renumber(shrinker);
    unite_sessions(shrinker);
    unite_cursors(shrinker);
    move_single_steps(shrinker);
    renumber(shrinker);
}

/// All of session b becomes session a's, at the isolation of either.
fn unite_sessions(shrinker: &mut Shrinker<'_>) {
    for b in (1..shrinker.config().sessions).rev() {
        for a in 0..b {
            let unite = |who: Who| Who { session: if who.session == b { a } else { who.session }, ..who };
            let done = shrinker.attempt_change(|program| readdress(program, unite))
                || shrinker.attempt_change(|program| {
                    let isolation = &mut program.config.isolation;
                    isolation.swap(usize::from(a), usize::from(b));
                    readdress(program, unite);
                });
            if done {
                break;
            }
        }
    }
}

/// All of a cursor becomes another one's of the same session.
fn unite_cursors(shrinker: &mut Shrinker<'_>) {
    for session in 0..shrinker.config().sessions {
        for b in (1..shrinker.config().cursors).rev() {
            let from = Who { session, cursor: b };
            let _ = (0..b).any(|a| {
                let to = Who { session, cursor: a };
                shrinker.attempt_change(|program| readdress(program, |who| if who == from { to } else { who }))
            });
        }
    }
}

/// Single steps move to a session or cursor with a smaller number.
fn move_single_steps(shrinker: &mut Shrinker<'_>) {
    shrinker.each_step_backwards(|shrinker, index| {
        let step = &shrinker.steps()[index];
        let (who, whole) = (step.who, is_on_cursor(step));
        if !is_by_session(step) {
            return;
        }
        let _ = (0..=who.session).any(|session| {
            (0..=if whole { who.cursor } else { 0 })
                .any(|cursor| shrinker.attempt_change(|program| program.steps[index].who = Who { session, cursor }))
        });
    });
}

/// The sessions and cursors in use get the first numbers; the configuration has no others.
fn renumber(shrinker: &mut Shrinker<'_>) {
    let steps = shrinker.steps();
    let own = steps.iter().filter(|step| is_on_cursor(step)).map(|step| step.who);
    let cursors: BTreeSet<(u8, u8)> =
        own.chain(steps.iter().flat_map(other_cursors)).map(|who| (who.session, who.cursor)).collect();
    let by_session = steps.iter().filter(|step| is_by_session(step)).map(|step| step.who.session);
    let sessions: BTreeSet<u8> = by_session.chain(cursors.iter().map(|&(session, _)| session)).collect();
    let number = |who: Who| Who {
        session: sessions.range(..who.session).count() as u8,
        cursor: cursors.range((who.session, 0)..(who.session, who.cursor)).count() as u8,
    };
    let most = sessions.iter().map(|&session| cursors.range((session, 0)..(session + 1, 0)).count()).max();
    shrinker.attempt_change(|program| {
        let old = program.config.clone();
        readdress(program, number);
        program.config.sessions = sessions.len().max(1) as u8;
        program.config.cursors = most.unwrap_or(0).max(1) as u8;
        program.config.isolation = Config::default().isolation;
        for (new, &session) in program.config.isolation.iter_mut().zip(&sessions) {
            *new = old.isolation_of(session);
        }
    });
}

/// Changes who does what.
fn readdress(program: &mut Program, change: impl Fn(Who) -> Who) {
    for step in &mut program.steps {
        let session = step.who.session;
        if is_on_cursor(step) {
            step.who = change(step.who);
        } else if is_by_session(step) {
            step.who = Who { session: change(step.who).session, ..step.who };
        }
        for operand in step.op.operands_mut() {
            match operand {
                OperandMut::Cursor(who) => *who = change(*who),
                OperandMut::OwnCursor(Some(cursor)) => *cursor = change(Who { session, cursor: *cursor }).cursor,
                _ => {}
            }
        }
    }
}
