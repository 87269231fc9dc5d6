//! An expected reply as text: `CODE [commit=CODE] [exact=N] [KEYFIELD [VALUEFIELD]] [ts=T] [rows...]`.

use super::ParseError;
use super::scan::{self, Fault, Token, print_key, tokens};
use crate::backend::{Code, Field, Format};
use crate::bytes::ByteStr;
use crate::program::step::Expect;
use std::fmt;
use std::str::FromStr;

/// The state of the value is shown only after that of the key.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        if let Some(commit) = self.commit {
            write!(f, " commit={}", commit.name())?;
        }
        if let Some(exact) = self.exact {
            write!(f, " exact={exact}")?;
        }
        if let Some(key) = &self.key {
            print_field(key, print_key, f)?;
            if let Some(value) = &self.value {
                print_field(value, print_value, f)?;
            }
        }
        if let Some(timestamp) = self.timestamp {
            write!(f, " ts={timestamp}")?;
        }
        match self.rows.as_deref() {
            None => Ok(()),
            Some([]) => f.write_str(" empty"),
            Some(rows) => rows.iter().try_for_each(|(key, value)| {
                f.write_str(" ")?;
                print_key(key, f)?;
                write!(f, "={value:?}")
            }),
        }
    }
}

type Print = fn(&[u8], &mut fmt::Formatter<'_>) -> fmt::Result;

fn print_field(field: &Field, print: Print, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match field {
        Field::Unset => f.write_str(" -"),
        Field::Internal(bytes) => {
            f.write_str(" ")?;
            print(bytes, f)
        }
        Field::External(bytes) => {
            f.write_str(" E(")?;
            print(bytes, f)?;
            f.write_str(")")
        }
    }
}

fn print_value(value: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\"{}\"", value.escape_ascii())
}

impl FromStr for Expect {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        tokens(text).and_then(|tokens| parse(&tokens, text.len(), Format::Row)).map_err(|fault| fault.in_line(1, text))
    }
}

/// Parses what stands after `=>`. `end` is where the line ends.
pub(super) fn parse(tokens: &[Token<'_>], end: usize, format: Format) -> Result<Expect, Fault> {
    let Some((&first, rest)) = tokens.split_first() else {
        return Err(Fault::new(end, "the expected reply is missing: write its code after `=>`, `ok` for example"));
    };
    let mut expect =
        Expect { code: code(first)?, commit: None, exact: None, key: None, value: None, timestamp: None, rows: None };
    rest.iter().try_for_each(|&token| part(token, format, &mut expect))?;
    Ok(expect)
}

fn code(token: Token<'_>) -> Result<Code, Fault> {
    Code::ALL.into_iter().find(|code| code.name() == token.text).ok_or_else(|| {
        let names = Code::ALL.map(Code::name).join(", ");
        token.fault(format!("`{}` is not a return code: write one of {names}", token.text))
    })
}

/// Reads one part after the code.
fn part(token: Token<'_>, format: Format, expect: &mut Expect) -> Result<(), Fault> {
    if let Some((key, value)) = row(token) {
        let row = (scan::key(key, format)?, scan::value(value)?);
        expect.rows.get_or_insert_default().push(row);
        Ok(())
    } else if let Some(text) = token.named("commit") {
        once(&mut expect.commit, code(text)?, token)
    } else if let Some(text) = token.named("exact") {
        once(&mut expect.exact, exact(text)?, token)
    } else if let Some(text) = token.named("ts") {
        once(&mut expect.timestamp, scan::number(text, "a timestamp", u64::MAX)?, token)
    } else if token.text == "empty" {
        once(&mut expect.rows, Vec::new(), token)
    } else if expect.key.is_none() {
        once(&mut expect.key, field(token, |token| scan::key(token, format))?, token)
    } else {
        once(&mut expect.value, field(token, scan::value)?, token)
    }
}

/// The key and the value of `KEY="VALUE"`.
fn row(token: Token<'_>) -> Option<(Token<'_>, Token<'_>)> {
    let equals = token.text.find('=')?;
    let value = Token { text: &token.text[equals + 1..], at: token.at + equals + 1 };
    let is_row = !token.text[..equals].contains('"') && value.text.starts_with('"');
    is_row.then_some((Token { text: &token.text[..equals], at: token.at }, value))
}

fn once<T>(slot: &mut Option<T>, value: T, token: Token<'_>) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(token.fault(format!("`{}` is one too many in this reply: leave it out", token.text)));
    }
    *slot = Some(value);
    Ok(())
}

fn exact(token: Token<'_>) -> Result<i8, Fault> {
    match token.text {
        "-1" => Ok(-1),
        "0" => Ok(0),
        "1" => Ok(1),
        other => Err(token.fault(format!("`{other}` is not the sign of a comparison: write -1, 0 or 1"))),
    }
}

/// `-`, `E(...)` or the bare thing.
fn field<'a>(token: Token<'a>, read: impl FnOnce(Token<'a>) -> Result<ByteStr, Fault>) -> Result<Field, Fault> {
    if token.text == "-" {
        return Ok(Field::Unset);
    }
    match token.after("E(") {
        None => read(token).map(Field::Internal),
        Some(inner) => match inner.text.strip_suffix(')') {
            Some(text) => read(Token { text, at: inner.at }).map(Field::External),
            None => Err(token.fault(format!("`{}` does not end: close it with `)`", token.text))),
        },
    }
}
