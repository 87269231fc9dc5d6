//! A shrunk program as a regression test: `.ops` text with the replies that the model gives, so that the program says
//! what should have happened.

use super::Shrunk;
use crate::program::ops::Class;
use crate::program::step::Expect;
use crate::program::{Op, Program, Step};
use crate::run::Trace;
use std::fmt::{self, Write};

/// The text of a shrunk program whose failure is of the class `class`. `answers` is what it should answer, recorded from
/// a run by the model; a step without an answer is printed without one.
pub fn regression(shrunk: &Shrunk, class: impl fmt::Display, answers: &Trace) -> String {
    let program = &shrunk.program;
    let told = answers.replies().iter().map(Some).chain(std::iter::repeat(None));
    let steps = program.steps.iter().zip(told).map(|(step, answer)| Step {
        expect: answer.and_then(|answer| expectation(program, step, answer)).map(Box::new),
        ..step.clone()
    });
    let text = Program { config: program.config.clone(), steps: steps.collect() }.to_string();
    // The first line tells the format; comments come after it.
    let (format, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut out = format!("{format}\n");
    for line in header(shrunk, class).lines() {
        let _ = writeln!(out, "# {line}");
    }
    out + rest
}

fn header(shrunk: &Shrunk, class: impl fmt::Display) -> String {
    let Shrunk { from_steps, executions, complete, program, .. } = shrunk;
    let end = if *complete { "" } else { "\nThe budget was used up: it may become smaller." };
    let steps = program.steps.len();
    format!("{class}\nShrunk from {from_steps} steps to {steps} in {executions} executions.{end}")
}

/// What of an answer every right engine gives. A physical event has a code of its own in each engine, and so have
/// calls whose answer the contract leaves open a record of their own.
fn expectation(program: &Program, step: &Step, answer: &Expect) -> Option<Expect> {
    if step.op.class() == Class::Injection || matches!(step.op, Op::Hook { .. }) {
        return None;
    }
    let is_open = match step.op {
        Op::LargestKey | Op::NextRandom { .. } => true,
        Op::Next | Op::RemoveAll { .. } => program
            .steps
            .iter()
            .any(|other| other.who == step.who && matches!(other.op, Op::Reopen { random: true, .. })),
        _ => false,
    };
    let mut expect = answer.clone();
    if is_open {
        (expect.key, expect.value) = (None, None);
    }
    Some(expect)
}
