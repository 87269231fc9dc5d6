//! A program as text: what the lines of a request say. `super::super` has the format.

use super::cursor::Change;
use crate::backend::Format;
use std::str::SplitAsciiWhitespace;

/// What an executor cannot execute, with the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad(pub String);

/// The first line of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program<'a> {
    /// What the parent calls it.
    pub id: &'a str,
    /// Whether it needs a database of its own.
    pub fresh: bool,
    /// How many sessions.
    pub sessions: usize,
    /// How many cursors a session may have.
    pub slots: usize,
    /// How many tables.
    pub tables: usize,
    /// The isolation of each session, for its configuration.
    pub isolation: Vec<&'a str>,
    /// How the tables keep their records.
    pub format: Format,
}

impl<'a> Program<'a> {
    /// Reads `program <id> fresh|reuse <sessions> <slots> <tables> <isolation>,... [var|fix]`.
    pub fn parse(line: &'a str) -> Result<Self, Bad> {
        let mut words = Words::of(line);
        let program = match words.next()? {
            "program" => Program {
                id: words.next()?,
                fresh: words.choice("fresh", "reuse")?,
                sessions: words.number()?,
                slots: words.number()?,
                tables: words.number()?,
                isolation: words.next()?.split(',').collect(),
                format: words.format()?,
            },
            _ => return Err(words.bad()),
        };
        if program.isolation.len() == program.sessions { words.end(program) } else { Err(words.bad()) }
    }
}

/// Which session, and which of its slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// The session.
    pub session: usize,
    /// The slot.
    pub slot: usize,
}

/// One line between `program` and `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whose call it is.
    pub who: Who,
    /// The call.
    pub verb: Verb<'a>,
}

/// What is to be done. A configuration of `None` is the empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb<'a> {
    Open {
        table: usize,
        overwrite: bool,
        random: bool,
        append: bool,
    },
    Close,
    Duplicate {
        from: Who,
    },
    SetKey(Vec<u8>),
    SetValue(Vec<u8>),
    Bound {
        upper: bool,
        inclusive: bool,
    },
    ClearBounds,
    Reset,
    Search,
    SearchNear {
        expected: Option<Vec<u8>>,
    },
    Next,
    Prev,
    Insert,
    Update,
    Remove,
    Reserve,
    LargestKey,
    Reconfigure {
        overwrite: bool,
    },
    State,
    GetKey,
    GetValue,
    Compare {
        with: Who,
    },
    Equals {
        with: Who,
    },
    Modify(Vec<Change>),
    Begin(Option<&'a str>),
    Commit(Option<&'a str>),
    Prepare(Option<&'a str>),
    Rollback,
    TimestampTransaction(Option<&'a str>),
    ResetSnapshot,
    QuerySession(Option<&'a str>),
    QueryNode(Option<&'a str>),
    Truncate {
        start: Option<usize>,
        stop: Option<usize>,
    },
    TruncateTable {
        table: usize,
    },
    SetTimestamp(Option<&'a str>),
    RollbackToStable,
    Recreate {
        table: usize,
    },
    /// What happens to a pair of nodes and not to a table: only for layered tables.
    Event(Event),
}

/// A physical event of a pair of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The leader makes a checkpoint.
    Checkpoint,
    /// The follower picks the newest one up.
    Adopt,
    /// The follower evicts so many of a hundred keys of ingest.
    Evict(usize),
    /// The follower evicts all of ingest, so that what the checkpoint has is dropped from it.
    Prune,
}

impl<'a> Entry<'a> {
    /// Reads `<verb> <session> <slot> [operands]`.
    pub fn parse(line: &'a str) -> Result<Self, Bad> {
        let mut words = Words::of(line);
        let verb = words.next()?;
        let who = words.who()?;
        let verb = operands(verb, &mut words)?;
        words.end(Entry { who, verb })
    }
}

fn operands<'a>(verb: &str, words: &mut Words<'a>) -> Result<Verb<'a>, Bad> {
    Ok(match verb {
        "open" => Verb::Open {
            table: words.number()?,
            overwrite: words.flag()?,
            random: words.flag()?,
            append: words.last_of(&[("append", true)])?.unwrap_or(false),
        },
        "close" => Verb::Close,
        "duplicate" => Verb::Duplicate { from: words.who()? },
        "key" => Verb::SetKey(words.bytes()?),
        "value" => Verb::SetValue(words.bytes()?),
        "bound" => Verb::Bound { upper: words.choice("upper", "lower")?, inclusive: words.flag()? },
        "clear" => Verb::ClearBounds,
        "reset" => Verb::Reset,
        "search" => Verb::Search,
        "near" => Verb::SearchNear { expected: Some(words.bytes()?).filter(|key| !key.is_empty()) },
        "next" => Verb::Next,
        "prev" => Verb::Prev,
        "insert" => Verb::Insert,
        "update" => Verb::Update,
        "remove" => Verb::Remove,
        "reserve" => Verb::Reserve,
        "largest" => Verb::LargestKey,
        "reconfigure" => Verb::Reconfigure { overwrite: words.flag()? },
        "state" => Verb::State,
        "getkey" => Verb::GetKey,
        "getvalue" => Verb::GetValue,
        "compare" => Verb::Compare { with: words.who()? },
        "equals" => Verb::Equals { with: words.who()? },
        "modify" => Verb::Modify(words.changes()?),
        "begin" => Verb::Begin(words.config()?),
        "commit" => Verb::Commit(words.config()?),
        "prepare" => Verb::Prepare(words.config()?),
        "rollback" => Verb::Rollback,
        "timestamp" => Verb::TimestampTransaction(words.config()?),
        "snapshot" => Verb::ResetSnapshot,
        "query" if words.choice("session", "node")? => Verb::QuerySession(words.config()?),
        "query" => Verb::QueryNode(words.config()?),
        "truncate" => Verb::Truncate { start: words.slot()?, stop: words.slot()? },
        "truncatetable" => Verb::TruncateTable { table: words.number()? },
        "settimestamp" => Verb::SetTimestamp(words.config()?),
        "rts" => Verb::RollbackToStable,
        "recreate" => Verb::Recreate { table: words.number()? },
        "checkpoint" => Verb::Event(Event::Checkpoint),
        "adopt" => Verb::Event(Event::Adopt),
        "evict" => Verb::Event(Event::Evict(words.number()?)),
        "prune" => Verb::Event(Event::Prune),
        _ => return Err(words.bad()),
    })
}

/// The words of a line, read from left to right.
struct Words<'a> {
    line: &'a str,
    rest: SplitAsciiWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        Words { line, rest: line.split_ascii_whitespace() }
    }

    fn bad(&self) -> Bad {
        Bad(format!("entry {}", self.line))
    }

    fn next(&mut self) -> Result<&'a str, Bad> {
        self.rest.next().ok_or_else(|| self.bad())
    }

    fn number(&mut self) -> Result<usize, Bad> {
        self.next()?.parse().map_err(|_| self.bad())
    }

    fn who(&mut self) -> Result<Who, Bad> {
        Ok(Who { session: self.number()?, slot: self.number()? })
    }

    /// Whether it is the one word; it has to be one of the two.
    fn choice(&mut self, yes: &str, no: &str) -> Result<bool, Bad> {
        let word = self.next()?;
        if word == yes || word == no { Ok(word == yes) } else { Err(self.bad()) }
    }

    fn flag(&mut self) -> Result<bool, Bad> {
        self.choice("1", "0")
    }

    /// What one of some words stands for, if there is another word.
    fn last_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Result<Option<T>, Bad> {
        let Some(word) = self.rest.next() else { return Ok(None) };
        words.iter().find(|(name, _)| *name == word).map(|&(_, meaning)| Some(meaning)).ok_or_else(|| self.bad())
    }

    fn format(&mut self) -> Result<Format, Bad> {
        Ok(self.last_of(&[("var", Format::Variable), ("fix", Format::Fixed)])?.unwrap_or(Format::Row))
    }

    fn slot(&mut self) -> Result<Option<usize>, Bad> {
        match self.next()? {
            "-" => Ok(None),
            slot => slot.parse().map(Some).map_err(|_| self.bad()),
        }
    }

    fn config(&mut self) -> Result<Option<&'a str>, Bad> {
        Ok(Some(self.next()?).filter(|&config| config != "-"))
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Bad> {
        let word = self.next()?;
        unhex(word).ok_or_else(|| self.bad())
    }

    fn changes(&mut self) -> Result<Vec<Change>, Bad> {
        let word = self.next()?;
        let changes: Option<Vec<Change>> = match word {
            "." => Some(Vec::new()),
            _ => word.split(',').map(change).collect(),
        };
        changes.ok_or_else(|| self.bad())
    }

    fn end<T>(&mut self, read: T) -> Result<T, Bad> {
        if self.rest.next().is_none() { Ok(read) } else { Err(self.bad()) }
    }
}

/// Reads `HEX:offset:size`.
fn change(word: &str) -> Option<Change> {
    let mut parts = word.split(':');
    let data = unhex(parts.next()?)?;
    let [offset, size] = [parts.next()?.parse().ok()?, parts.next()?.parse().ok()?];
    parts.next().is_none().then_some(Change { data, offset, size })
}

/// Reads bytes; `-` for none.
fn unhex(word: &str) -> Option<Vec<u8>> {
    if word == "-" {
        return Some(Vec::new());
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = word.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_with_their_operands() {
        let who = Who { session: 1, slot: 2 };
        let read = |line| Entry::parse(line).map(|entry| entry.verb);
        assert_eq!(Entry::parse("next 1 2"), Ok(Entry { who, verb: Verb::Next }));
        let open = |append| Verb::Open { table: 0, overwrite: true, random: false, append };
        assert_eq!(read("open 0 0 0 1 0"), Ok(open(false)));
        assert_eq!(read("open 0 0 0 1 0 append"), Ok(open(true)));
        assert_eq!(read("key 0 0 00ff"), Ok(Verb::SetKey(vec![0, 255])));
        assert_eq!(read("value 0 0 -"), Ok(Verb::SetValue(Vec::new())));
        assert_eq!(read("near 0 0 -"), Ok(Verb::SearchNear { expected: None }));
        assert_eq!(read("modify 0 0 ."), Ok(Verb::Modify(Vec::new())));
        let changes =
            [(vec![0x61], 3, 1), (Vec::new(), 0, 9)].map(|(data, offset, size)| Change { data, offset, size });
        assert_eq!(read("modify 0 0 61:3:1,-:0:9"), Ok(Verb::Modify(changes.to_vec())));
        assert_eq!(read("begin 0 0 -"), Ok(Verb::Begin(None)));
        assert_eq!(read("query 0 0 node get=stable"), Ok(Verb::QueryNode(Some("get=stable"))));
        assert_eq!(read("truncate 0 0 - 1"), Ok(Verb::Truncate { start: None, stop: Some(1) }));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for line in ["", "next", "next 0", "next 0 0 0", "fly 0 0", "key 0 0 0", "key 0 0 zz", "modify 0 0 61:1"] {
            assert_eq!(Entry::parse(line), Err(Bad(format!("entry {line}"))));
        }
        assert!(Program::parse("program 1 fresh 2 1 1 snapshot").is_err(), "an isolation for each session");
        assert!(Program::parse("program 1 fresh 1 1 1 snapshot").is_ok());
        assert!(Program::parse("program 1 fresh 1 1 1 snapshot row").is_err(), "rows go without saying");
        let fixed = Program::parse("program 1 fresh 1 1 1 snapshot fix").map(|program| program.format);
        assert_eq!(fixed, Ok(Format::Fixed));
    }
}
