//! Reading a workload: one operation in each line.
//!
//! A line is a name and arguments in parentheses. An argument is any mix of bare characters and quoted parts; blanks
//! outside quotes vanish, and within quotes a backslash takes the next character as it is. An empty argument counts if it
//! is quoted or if another one follows. Blank lines and lines that begin with `#` are passed over.

use super::ops::{Fault, Operation};
use super::{Line, Place, Workload};
use std::str::FromStr;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct WorkloadError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and the mend.
    pub message: String,
}

impl FromStr for Workload {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                lines.push(Scanner::new(index + 1, line).line()?);
            }
        }
        Ok(Workload { lines })
    }
}

/// A way through a line.
struct Scanner {
    line: usize,
    chars: Vec<char>,
    /// The next character.
    at: usize,
}

impl Scanner {
    fn new(line: usize, text: &str) -> Self {
        Scanner { line, chars: text.chars().collect(), at: 0 }
    }

    fn line(mut self) -> Result<Line, WorkloadError> {
        self.skip_blanks();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        if name.is_empty() {
            return Err(self.wrong(start, "a line begins with the name of an operation".to_owned()));
        }
        self.skip_blanks();
        if self.peek() != Some('(') {
            return Err(self.wrong(self.at, format!("`(` is missing: write {}", Operation::usage(&name))));
        }
        self.at += 1;
        let (arguments, columns) = self.arguments()?;
        let close = self.at;
        self.skip_blanks();
        if self.peek().is_some() {
            return Err(self.wrong(self.at, "nothing may follow `)`: one operation in a line".to_owned()));
        }
        let op = Operation::parse(&name, &arguments).map_err(|Fault { argument, message }| {
            let at = match argument {
                Some(argument) => columns.get(argument).copied().unwrap_or(close - 1),
                None if Operation::NAMES.contains(&name.as_str()) => close - 1,
                None => start,
            };
            self.wrong(at, message)
        })?;
        let arguments = columns.into_iter().map(|column| column + 1).collect();
        Ok(Line { op, place: Place { line: self.line, column: start + 1, arguments } })
    }

    /// Everything up to the closing parenthesis: what the arguments are and where they begin.
    fn arguments(&mut self) -> Result<(Vec<String>, Vec<usize>), WorkloadError> {
        let (mut arguments, mut columns) = (Vec::new(), Vec::new());
        let mut argument = Argument::default();
        while let Some(c) = self.peek() {
            let at = self.at;
            self.at += 1;
            match c {
                '\0' => return Err(self.nul(at)),
                '"' => {
                    argument.begin(at).quoted = true;
                    self.quoted_part(at, &mut argument.text)?;
                }
                ',' | ')' => {
                    if !argument.text.is_empty() || argument.quoted || c == ',' {
                        columns.push(argument.start.unwrap_or(at));
                        arguments.push(std::mem::take(&mut argument).text);
                    }
                    argument = Argument::default();
                    if c == ')' {
                        return Ok((arguments, columns));
                    }
                }
                c if c.is_whitespace() => {}
                c => argument.begin(at).text.push(c),
            }
        }
        Err(self.wrong(self.chars.len(), "`)` is missing".to_owned()))
    }

    /// What comes before the closing quote. `open` is where the opening one is.
    fn quoted_part(&mut self, open: usize, text: &mut String) -> Result<(), WorkloadError> {
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => return Ok(()),
                '\0' => return Err(self.nul(self.at - 1)),
                '\\' => match self.peek() {
                    Some('\0') => return Err(self.nul(self.at)),
                    Some(c) => {
                        self.at += 1;
                        text.push(c);
                    }
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self.wrong(open, "the quote that begins here is not closed".to_owned()))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// In C, whose texts end with it, there could be none.
    fn nul(&self, at: usize) -> WorkloadError {
        self.wrong(at, "a NUL byte, which no name and no configuration can have: leave it out".to_owned())
    }

    fn wrong(&self, at: usize, message: String) -> WorkloadError {
        WorkloadError { line: self.line, column: at + 1, message }
    }
}

/// An argument as far as it has been read.
#[derive(Default)]
struct Argument {
    text: String,
    quoted: bool,
    start: Option<usize>,
}

impl Argument {
    fn begin(&mut self, at: usize) -> &mut Self {
        self.start.get_or_insert(at);
        self
    }
}
