//! The words of a line, and the literals: numbers, keys, quoted bytes.

use super::ParseError;
use crate::backend::{Format, Key, Value, record_number};
use crate::bytes::ByteStr;
use crate::program::limits;
use std::fmt;

/// A mistake at a byte offset of a line.
#[derive(Debug)]
pub(in crate::program) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Fault { at, message: message.into() }
    }

    /// The mistake with its place, `line` counting from 1.
    pub(super) fn in_line(self, line: usize, text: &str) -> ParseError {
        let before = text.char_indices().take_while(|&(offset, _)| offset < self.at).count();
        ParseError { line, column: before + 1, message: self.message }
    }
}

/// A word of a line and where it begins. A quoted part may hold blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Token<'a> {
    /// What comes after `prefix`, if the token begins with it.
    pub(super) fn after(self, prefix: &str) -> Option<Token<'a>> {
        self.text.strip_prefix(prefix).map(|text| Token { text, at: self.at + prefix.len() })
    }

    /// The operand of `name=OPERAND`.
    pub(super) fn named(self, name: &str) -> Option<Token<'a>> {
        self.after(name)?.after("=")
    }

    /// The token as a mistake.
    pub(super) fn fault(self, message: impl Into<String>) -> Fault {
        Fault::new(self.at, message)
    }
}

/// Splits a line into words at blanks outside quotes.
pub(super) fn tokens(line: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::with_capacity(8);
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if quote.is_some() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quote = None,
                _ => {}
            }
        } else if c.is_whitespace() {
            if let Some(from) = start.take() {
                tokens.push(Token { text: &line[from..at], at: from });
            }
        } else {
            start.get_or_insert(at);
            if c == '"' {
                quote = Some(at);
            }
        }
    }
    if let Some(at) = quote {
        return Err(Fault::new(at, "this quoted string does not end: close it with `\"`"));
    }
    if let Some(from) = start {
        tokens.push(Token { text: &line[from..], at: from });
    }
    Ok(tokens)
}

/// A decimal number up to `max`; `what` names it in messages.
pub(super) fn number(token: Token<'_>, what: &str, max: u64) -> Result<u64, Fault> {
    if token.text.is_empty() || !token.text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(token.fault(format!("`{}` is not {what}: write a decimal number", token.text)));
    }
    match token.text.parse() {
        Ok(number) if number <= max => Ok(number),
        _ => Err(token.fault(format!("{} is too large for {what}: write a number up to {max}", token.text))),
    }
}

/// `true` or `false`.
pub(super) fn boolean(token: Token<'_>) -> Result<bool, Fault> {
    match token.text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(token.fault(format!("`{other}` is neither true nor false: write one of them"))),
    }
}

/// A key: a bare word, or `0x` and hex digits; in a column store a record number in decimal, or `0x` and hex digits for
/// what is none.
pub(super) fn key(token: Token<'_>, format: Format) -> Result<Key, Fault> {
    let key = if let Some(hex) = token.after("0x") {
        Key::from(hex_bytes(hex)?)
    } else if format.is_column() {
        record_number(number(token, "a record number", u64::MAX)?)
    } else if !token.text.is_empty() && token.text.bytes().all(is_bare) {
        Key::from(token.text)
    } else {
        return Err(token.fault(format!(
            "`{}` is not a key: write letters, digits, `_`, `.`, `-`, or `0x` and hex digits",
            token.text
        )));
    };
    if key.len() > limits::MAX_KEY_BYTES {
        return Err(token.fault(format!(
            "a key of {} bytes is too long: at most {}",
            key.len(),
            limits::MAX_KEY_BYTES
        )));
    }
    Ok(key)
}

/// Whether a byte may stand in a key as it is.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn hex_bytes(token: Token<'_>) -> Result<Vec<u8>, Fault> {
    let digits = token.text.as_bytes();
    if let Some(bad) = digits.iter().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(Fault::new(
            token.at + bad,
            "this is no hex digit: write two of 0-9 and a-f for each byte of the key",
        ));
    }
    if !digits.len().is_multiple_of(2) {
        return Err(token.fault("an odd number of hex digits: write two for each byte of the key"));
    }
    Ok(digits.chunks_exact(2).map(|pair| hex_value(pair[0]) << 4 | hex_value(pair[1])).collect())
}

fn hex_value(digit: u8) -> u8 {
    char::from(digit).to_digit(16).map_or(0, |value| value as u8)
}

/// A value: quoted bytes and nothing after them.
pub(super) fn value(token: Token<'_>) -> Result<Value, Fault> {
    let (value, rest) = quoted(token)?;
    if rest.text.is_empty() {
        Ok(value)
    } else {
        Err(rest.fault(format!("`{}` after a quoted string: put a blank between them or leave it out", rest.text)))
    }
}

/// Quoted bytes and what is left of the word after them.
pub(super) fn quoted(token: Token<'_>) -> Result<(ByteStr, Token<'_>), Fault> {
    let Some(body) = token.after("\"") else {
        return Err(token.fault(format!("`{}` is not a quoted string: write \"...\"", token.text)));
    };
    let mut bytes = Vec::with_capacity(body.text.len());
    let mut chars = body.text.char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => {
                if bytes.len() > limits::MAX_VALUE_BYTES {
                    let message = format!("{} bytes are too long: at most {}", bytes.len(), limits::MAX_VALUE_BYTES);
                    return Err(token.fault(message));
                }
                let rest = Token { text: chars.as_str(), at: body.at + offset + 1 };
                return Ok((ByteStr::from(bytes), rest));
            }
            '\\' => bytes.push(escape(&mut chars, body.at + offset)?),
            ' '..='~' => bytes.push(c as u8),
            _ => {
                let message = "only printable ASCII may stand in a quoted string: write other bytes as \\xNN";
                return Err(Fault::new(body.at + offset, message));
            }
        }
    }
    Err(token.fault("this quoted string does not end: close it with `\"`"))
}

/// The byte that an escape sequence stands for; its backslash, at `at`, has been read.
fn escape(chars: &mut std::str::CharIndices<'_>, at: usize) -> Result<u8, Fault> {
    let mut next = || chars.next().map(|(_, c)| c);
    match next() {
        Some('n') => Ok(b'\n'),
        Some('r') => Ok(b'\r'),
        Some('t') => Ok(b'\t'),
        Some(c @ ('"' | '\\' | '\'')) => Ok(c as u8),
        Some('x') => {
            let mut digit = || next().and_then(|c| c.to_digit(16));
            match (digit(), digit()) {
                (Some(high), Some(low)) => Ok((high * 16 + low) as u8),
                _ => Err(Fault::new(at, "\\x needs two hex digits: write \\x14, for example")),
            }
        }
        _ => Err(Fault::new(at, "unknown escape: write one of \\\" \\\\ \\n \\r \\t \\xNN")),
    }
}

/// Prints a key as [`key`] reads it; in the alternate form as that of a column store.
pub(super) fn print_key(key: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if out.alternate() {
        return match <[u8; 8]>::try_from(key) {
            Ok(number) => write!(out, "{}", u64::from_be_bytes(number)),
            Err(_) => print_hex(key, out),
        };
    }
    // In a reply these two words mean something else.
    let taken = key.is_empty() || key.starts_with(b"0x") || key == b"-" || key == b"empty";
    if !taken && key.iter().copied().all(is_bare) {
        return out.write_str(std::str::from_utf8(key).unwrap_or_default());
    }
    print_hex(key, out)
}

fn print_hex(key: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    out.write_str("0x")?;
    key.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}
