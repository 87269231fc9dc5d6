//! What executes programs: on plain tables or on layered ones.

use super::connection::Refusal;
use super::request::{Bad, Entry, Program};

/// Executes requests one after the other.
pub trait Stage {
    /// What kind of executor it is, in a word.
    fn name(&self) -> &'static str;

    /// Executes what stands between `program` and `end` and hands each answer to `answer` as soon as it is there.
    fn perform(
        &mut self,
        program: &Program<'_>,
        entries: &mut dyn Iterator<Item = Result<Entry<'_>, Bad>>,
        answer: &mut dyn FnMut(&str),
    ) -> Result<(), Stop>;
}

/// Why a program ended early.
#[derive(Debug)]
pub enum Stop {
    /// An entry cannot be executed.
    Bad(Bad),
    /// Nothing works on the connection any more.
    Panic,
    /// WiredTiger refuses what every program needs.
    Refused(Refusal),
}

impl From<Bad> for Stop {
    fn from(bad: Bad) -> Self {
        Stop::Bad(bad)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

/// What a child says instead of `done` when the connection has panicked.
pub const PANIC: &str = "panic";

/// Reads a request and has it performed.
pub fn perform(stage: &mut dyn Stage, request: &str, answer: &mut dyn FnMut(&str)) -> Result<(), Stop> {
    let mut lines = request.lines();
    let program = Program::parse(lines.next().unwrap_or_default())?;
    let entries = lines.take_while(|&line| line != "end").map(Entry::parse);
    stage.perform(&program, &mut { entries }, answer)
}

/// Whether an answer says that the connection has panicked.
pub fn is_panic(answer: &str) -> bool {
    answer.split(' ').next().and_then(|code| code.parse().ok()) == Some(super::code::PANIC)
}
