//! A step as text: `[who] operation operands [=> reply]`.

use super::operands::Operands;
use super::scan::{Fault, Token, tokens};
use super::{ParseError, expect};
use crate::backend::{Format, Who};
use crate::program::event::HookAction;
use crate::program::limits;
use crate::program::operand::Word;
use crate::program::ops::{Class, Op, OpKind};
use crate::program::step::{Config, Step};
use std::fmt;
use std::str::FromStr;

/// In the alternate form (`{:#}`) keys are those of a column store.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Who { session, cursor } = self.who;
        match self.op.class() {
            Class::Cursor => write!(f, "s{session}.c{cursor} ")?,
            Class::Session => write!(f, "s{session} ")?,
            Class::Global => {}
            Class::Injection => f.write_str("inject ")?,
            Class::Burst => write!(f, "inject s{session}.c{cursor} ")?,
        }
        fmt::Display::fmt(&self.op, f)?;
        match &self.expect {
            Some(expect) => {
                f.write_str(" => ")?;
                fmt::Display::fmt(expect, f)
            }
            None => Ok(()),
        }
    }
}

impl Step {
    /// The step as a line of a program with tables of that format.
    pub fn in_format(&self, format: Format) -> String {
        if format.is_column() { format!("{self:#}") } else { self.to_string() }
    }
}

/// The operation and its operands, without who makes the call.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where there are several, the first operand prints the right one.
        if let [spelling] = self.kind().row().spellings {
            f.write_str(spelling)?;
        }
        self.print_operands(f)
    }
}

/// Parses one step of a program with the largest configuration.
impl FromStr for Step {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let config = Config {
            sessions: Config::MAX_SESSIONS,
            cursors: Config::MAX_CURSORS,
            tables: Config::MAX_TABLES,
            keys: limits::MAX_KEYS,
            ..Config::default()
        };
        parse(text, &config).map_err(|fault| fault.in_line(1, text))
    }
}

/// Parses a line with a step.
pub(super) fn parse(line: &str, config: &Config) -> Result<Step, Fault> {
    let mut tokens = tokens(line)?;
    let mut expect = None;
    let mut end = tokens.last().map_or(0, |last| last.at + last.text.len());
    if let Some(arrow) = tokens.iter().position(|token| token.text == "=>") {
        end = tokens[arrow].at;
        expect = Some(Box::new(expect::parse(&tokens[arrow + 1..], line.len(), config.format)?));
        tokens.truncate(arrow);
    }
    let mut rest = tokens.as_slice();
    let inject = take(&mut rest, |token| Ok((token.text == "inject").then_some(())))?.is_some();
    let who = take(&mut rest, |token| who(token, config))?;
    let (kind, head) = kind(&mut rest, end)?;
    let first = rest.first().copied();
    let class = class_after(inject, who);
    let mut operands = Operands { head: head.text, end, tokens: rest.to_vec(), config: config.clone(), class };
    let op = Op::parse_operands(kind, &mut operands)?;
    if let Some(left) = operands.tokens.first() {
        let usage = format!("{}{}", head.text, Op::usage(kind));
        return Err(left.fault(format!("`{}` is not expected here: write {usage}", left.text)));
    }
    check_together(&op, &tokens)?;
    let place = if tokens[0] == head { first.unwrap_or(head).at.min(head.at) } else { tokens[0].at };
    if class != Some(op.class()) {
        return Err(Fault::new(place, format!("write `{} {}`", prefix(op.class()), head.text).replace("` ", "`")));
    }
    let who = who.map_or(Who::default(), |(session, cursor)| Who { session, cursor: cursor.unwrap_or(0) });
    Ok(Step { who, op, expect })
}

/// Refuses operands that are right each by itself but not together.
fn check_together(op: &Op, tokens: &[Token<'_>]) -> Result<(), Fault> {
    match op {
        Op::Hook { action, ts, .. } if *ts != 0 && *action != HookAction::Commit => {
            let ts = tokens.iter().find(|token| token.named("ts").is_some()).unwrap_or(&tokens[0]);
            let (written, action) = (ts.text, action.word());
            Err(ts.fault(format!("only a commit has a timestamp, and this is do={action}: leave `{written}` out")))
        }
        _ => Ok(()),
    }
}

/// Takes the first token if `read` makes something of it.
fn take<'a, T>(
    rest: &mut &[Token<'a>],
    read: impl FnOnce(Token<'a>) -> Result<Option<T>, Fault>,
) -> Result<Option<T>, Fault> {
    let Some((&first, others)) = rest.split_first() else {
        return Ok(None);
    };
    let taken = read(first)?;
    if taken.is_some() {
        *rest = others;
    }
    Ok(taken)
}

/// Takes the name of an operation: the longest that fits.
fn kind<'a>(rest: &mut &[Token<'a>], end: usize) -> Result<(OpKind, Token<'a>), Fault> {
    let Some(&head) = rest.first() else {
        return Err(Fault::new(end, "the operation is missing: write `s0.c0 next`, for example"));
    };
    let mut found = None;
    for kind in OpKind::ALL {
        for spelling in kind.row().spellings {
            let words = spelling.split(' ').count();
            let fits =
                rest.len() >= words && spelling.split(' ').zip(rest.iter()).all(|(word, token)| word == token.text);
            if fits && found.is_none_or(|(_, longest)| words > longest) {
                found = Some((kind, words));
            }
        }
    }
    let Some((kind, words)) = found else {
        return Err(head.fault(format!("unknown operation `{}`{}", head.text, suggestion(head.text))));
    };
    *rest = &rest[words..];
    Ok((kind, head))
}

/// The operations that a misspelt one may have meant.
fn suggestion(head: &str) -> String {
    let spellings = || OpKind::ALL.iter().flat_map(|kind| kind.row().spellings).copied();
    let near: Vec<_> = spellings()
        .filter(|spelling| head.len() >= 2 && (spelling.contains(head) || spelling.get(..2) == head.get(..2)))
        .map(|spelling| format!("`{spelling}`"))
        .collect();
    if near.is_empty() {
        format!(": write one of {}", spellings().collect::<Vec<_>>().join(", "))
    } else {
        format!(": did you mean {}?", near.join(" or "))
    }
}

/// `sN` or `sN.cM`, or `None` if the token is something else.
pub(super) fn who(token: Token<'_>, config: &Config) -> Result<Option<(u8, Option<u8>)>, Fault> {
    let (session, cursor) = match token.text.split_once('.') {
        Some((session, cursor)) => (session, Some(cursor)),
        None => (token.text, None),
    };
    let Some(session) = index(session, 's') else {
        return Ok(None);
    };
    let cursor = match cursor {
        None => None,
        Some(text) => match index(text, 'c') {
            Some(cursor) => Some(cursor),
            None => {
                return Err(token.fault(format!("`{}` is not a cursor: write s0.c0, for example", token.text)));
            }
        },
    };
    if session >= u64::from(config.sessions) {
        return Err(beyond(token, "session", session, config.sessions));
    }
    match cursor {
        Some(cursor) if cursor >= u64::from(config.cursors) => Err(beyond(token, "cursor", cursor, config.cursors)),
        _ => Ok(Some((session as u8, cursor.map(|cursor| cursor as u8)))),
    }
}

/// An index that names nothing.
pub(super) fn beyond(token: Token<'_>, what: &str, index: u64, count: u8) -> Fault {
    token.fault(format!("there is no {what} {index}: the program has {what}s={count}, counted from 0"))
}

/// The number in `s12` or `c12`; one that is too large is just large.
fn index(text: &str, letter: char) -> Option<u64> {
    let digits = text.strip_prefix(letter)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// `cM`: a cursor of the step's own session.
pub(super) fn slot(token: Token<'_>, config: &Config) -> Result<u8, Fault> {
    match index(token.text, 'c') {
        Some(cursor) if cursor < u64::from(config.cursors) => Ok(cursor as u8),
        Some(cursor) => Err(beyond(token, "cursor", cursor, config.cursors)),
        None => Err(token.fault(format!("`{}` is not a cursor of the session: write c0, for example", token.text))),
    }
}

/// The class of the operations that may follow what stands before one, if any may.
fn class_after(inject: bool, who: Option<(u8, Option<u8>)>) -> Option<Class> {
    match (inject, who) {
        (false, Some((_, Some(_)))) => Some(Class::Cursor),
        (false, Some((_, None))) => Some(Class::Session),
        (false, None) => Some(Class::Global),
        (true, None) => Some(Class::Injection),
        (true, Some((_, Some(_)))) => Some(Class::Burst),
        (true, Some((_, None))) => None,
    }
}

/// What stands before an operation of a class.
fn prefix(class: Class) -> &'static str {
    match class {
        Class::Cursor => "sN.cM",
        Class::Session => "sN",
        Class::Global => "",
        Class::Injection => "inject",
        Class::Burst => "inject sN.cM",
    }
}
