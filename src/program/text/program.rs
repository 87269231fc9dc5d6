//! A program as text: header, configuration, steps.

use super::scan::{self, Fault, Token, tokens};
use super::{ParseError, step};
use crate::backend::{Format, Isolation};
use crate::program::limits;
use crate::program::operand::Word;
use crate::program::step::{Config, Program};
use std::fmt;
use std::str::FromStr;

/// What the first line of a program says before the version.
const HEADER: &str = "# lockstep";
/// The version of the format that this build reads and writes.
const VERSION: &str = "1";
/// What some editors put at the beginning of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER} {VERSION}")?;
        writeln!(f, "{}", self.config)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{}", step.in_format(self.config.format)))
    }
}

/// The text form, so that a fuzzer's own report of a crash can be read.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "config sessions={} cursors={} keys={}", self.sessions, self.cursors, self.keys)?;
        if self.tables != 1 {
            write!(f, " tables={}", self.tables)?;
        }
        if self.format != Format::Row {
            write!(f, " format={}", self.format.word())?;
        }
        let isolation = &self.isolation[..usize::from(self.sessions).min(self.isolation.len())];
        if isolation.iter().all(|&isolation| isolation == Isolation::Snapshot) {
            return Ok(());
        }
        let words: Vec<_> = isolation.iter().map(|isolation| isolation.word()).collect();
        write!(f, " isolation={}", words.join(","))
    }
}

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let header = lines.next().map_or("", |(_, line)| line);
        check_header(header).map_err(|fault| fault.in_line(1, header))?;
        let mut config = None;
        let mut program = Program { config: Config::default(), steps: Vec::new() };
        for (number, line) in lines {
            if matches!(line.trim_start().chars().next(), None | Some('#')) {
                continue;
            }
            parse_line(line, &mut program, &mut config).map_err(|fault| fault.in_line(number, line))?;
        }
        Ok(program)
    }
}

fn check_header(line: &str) -> Result<(), Fault> {
    let Some(version) = line.trim_end().strip_prefix(HEADER).filter(|rest| rest.is_empty() || rest.starts_with(' '))
    else {
        return Err(Fault::new(0, format!("this is no program: its first line has to be `{HEADER} {VERSION}`")));
    };
    if version.trim() == VERSION {
        return Ok(());
    }
    let message =
        format!("format version `{}`, this build reads {VERSION}: write `{HEADER} {VERSION}`", version.trim());
    Err(Fault::new(line.trim_end().len() - version.trim_start().len(), message))
}

fn parse_line(line: &str, program: &mut Program, seen: &mut Option<()>) -> Result<(), Fault> {
    let is_config = line
        .trim_start()
        .strip_prefix("config")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    if is_config {
        let tokens = tokens(line)?;
        if seen.replace(()).is_some() {
            return Err(tokens[0].fault("a second configuration: a program has one, before its first step"));
        }
        if !program.steps.is_empty() {
            return Err(tokens[0].fault("the configuration comes too late: put it before the first step"));
        }
        program.config = parse_config(&tokens[1..])?;
        return Ok(());
    }
    if program.steps.len() == limits::MAX_TEXT_STEPS {
        return Err(Fault::new(0, format!("too many steps: a program has at most {}", limits::MAX_TEXT_STEPS)));
    }
    program.steps.push(step::parse(line, &program.config)?);
    Ok(())
}

fn parse_config(tokens: &[Token<'_>]) -> Result<Config, Fault> {
    let mut config = Config::default();
    let mut isolation = None;
    let setting = |token: &Token<'_>| token.text.split('=').next().unwrap_or_default().to_owned();
    for (index, &token) in tokens.iter().enumerate() {
        if tokens[..index].iter().any(|before| setting(before) == setting(&token)) {
            return Err(token.fault(format!("`{}` is set a second time: leave one of them out", setting(&token))));
        }
        if let Some(text) = token.named("sessions") {
            config.sessions = within(text, "a number of sessions", 1, Config::MAX_SESSIONS.into())? as u8;
        } else if let Some(text) = token.named("cursors") {
            config.cursors = within(text, "a number of cursors", 1, Config::MAX_CURSORS.into())? as u8;
        } else if let Some(text) = token.named("keys") {
            config.keys = within(text, "a number of keys", limits::MIN_KEYS, limits::MAX_KEYS)?;
        } else if let Some(text) = token.named("tables") {
            config.tables = within(text, "a number of tables", 1, Config::MAX_TABLES.into())? as u8;
        } else if let Some(text) = token.named("format") {
            config.format = Format::from_word(text.text).ok_or_else(|| {
                text.fault(format!("`{}` is not a format: write one of {}", text.text, Format::usage()))
            })?;
        } else if let Some(text) = token.named("isolation") {
            isolation = Some(text);
        } else {
            return Err(token.fault(format!(
                "`{}` is not a setting: write sessions=N, cursors=N, keys=N, tables=N, format=F or isolation=A,B",
                token.text
            )));
        }
    }
    match isolation {
        Some(list) => parse_isolation(list, config),
        None => Ok(config),
    }
}

fn within(token: Token<'_>, what: &str, min: u16, max: u16) -> Result<u16, Fault> {
    let number = scan::number(token, what, max.into())? as u16;
    if number < min {
        return Err(token.fault(format!("{number} is too small for {what}: write a number from {min} to {max}")));
    }
    Ok(number)
}

/// One isolation level for each session; the rest are snapshot.
fn parse_isolation(list: Token<'_>, mut config: Config) -> Result<Config, Fault> {
    let mut at = list.at;
    for (session, text) in list.text.split(',').enumerate() {
        let token = Token { text, at };
        if session >= usize::from(config.sessions) {
            return Err(token.fault(format!("`{text}` is for session {session}, but sessions={}", config.sessions)));
        }
        config.isolation[session] = Isolation::from_word(text).ok_or_else(|| {
            token.fault(format!("`{text}` is not an isolation level: write one of {}", Isolation::usage()))
        })?;
        at += text.len() + 1;
    }
    Ok(config)
}
