//! The line that answers an entry: `<code> <exact> <key> <value> <timestamp>`, the code as the number that the C call
//! returned, key and value as `-` (unset), `e<hex>` (external) or `i<hex>` (internal). Where a `search_near` came to the
//! other neighbour and was moved on, there is a second answer behind ` | `.

use crate::backend::{Code, Field, Timestamp};
use crate::bytes::ByteStr;
use std::fmt;

/// What a call answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number that the call returned.
    pub number: i32,
    /// As in [`Reply`](crate::backend::Reply).
    pub exact: i8,
    /// What the cursor's key is now.
    pub key: Field,
    /// What the cursor's value is now.
    pub value: Field,
    /// The answer of a query.
    pub timestamp: Timestamp,
}

/// The answers to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// That of the call.
    pub first: Answer,
    /// That of the move to the other neighbour, where a `search_near` needed one.
    pub moved: Option<Answer>,
}

/// A line that is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no answer: a code, exact, key, value and timestamp are expected")]
pub struct BadAnswer(String);

impl Answer {
    /// The code, if it is one that the contract knows.
    pub fn code(&self) -> Option<Code> {
        Some(match self.number {
            0 => Code::Ok,
            -31803 => Code::NotFound,
            -31801 => Code::DuplicateKey,
            -31800 => Code::Rollback,
            -31808 => Code::PrepareConflict,
            22 => Code::Invalid,
            95 => Code::NotSupported,
            16 => Code::Busy,
            2 => Code::NoEntry,
            _ => return None,
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut tokens = text.split(' ');
        let answer = Answer {
            number: tokens.next()?.parse().ok()?,
            exact: tokens.next()?.parse().ok()?,
            key: field(tokens.next()?)?,
            value: field(tokens.next()?)?,
            timestamp: tokens.next()?.parse().ok()?,
        };
        tokens.next().is_none().then_some(answer)
    }
}

/// The code by its name, or what WiredTiger calls it.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.number) {
            (Some(code), _) => code.fmt(f)?,
            (None, -31804) => f.write_str("WT_PANIC")?,
            (None, -31802) => f.write_str("WT_ERROR")?,
            (None, -31807) => f.write_str("WT_CACHE_FULL")?,
            (None, number) => write!(f, "error {number}")?,
        }
        let named = |field: &Field| match field {
            Field::Unset => "-".to_owned(),
            Field::External(bytes) => format!("E({bytes:?})"),
            Field::Internal(bytes) => format!("{bytes:?}"),
        };
        write!(f, " key={} value={}", named(&self.key), named(&self.value))?;
        if self.exact != 0 {
            write!(f, " exact={}", self.exact)?;
        }
        if self.timestamp != 0 { write!(f, " ts={}", self.timestamp) } else { Ok(()) }
    }
}

/// Both answers, where there are two.
impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.moved.as_ref().map_or(Ok(()), |moved| write!(f, ", then {moved}"))
    }
}

impl std::str::FromStr for Answered {
    type Err = BadAnswer;

    fn from_str(line: &str) -> Result<Self, BadAnswer> {
        let bad = || BadAnswer(line.to_owned());
        let (first, moved) = match line.split_once(" | ") {
            None => (line, None),
            Some((first, moved)) => (first, Some(moved)),
        };
        let moved = moved.map(|text| Answer::parse(text).ok_or_else(bad)).transpose()?;
        Ok(Answered { first: Answer::parse(first).ok_or_else(bad)?, moved })
    }
}

fn field(token: &str) -> Option<Field> {
    match token.split_at_checked(1)? {
        ("-", "") => Some(Field::Unset),
        ("e", digits) => Some(Field::External(bytes(digits)?)),
        ("i", digits) => Some(Field::Internal(bytes(digits)?)),
        _ => None,
    }
}

fn bytes(digits: &str) -> Option<ByteStr> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    bytes.map(|bytes| ByteStr::new(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line() {
        let answered: Answered = "-31803 0 e6b - 0".parse().unwrap();
        assert_eq!(answered.first.code(), Some(Code::NotFound));
        assert_eq!(answered.first.key, Field::External(ByteStr::new(b"k")));
        assert_eq!((answered.first.value, answered.moved), (Field::Unset, None));
        let moved: Answered = "0 -1 i61 i 0 | 0 0 i63 i78 0".parse().unwrap();
        assert_eq!(moved.first.value, Field::Internal(ByteStr::EMPTY));
        assert_eq!(moved.moved.unwrap().key, Field::Internal(ByteStr::new(b"c")));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for line in
            ["", "0", "0 0 e6 - 0", "0 0 x61 - 0", "0 0 - - 0 0", "ok 0 - - 0", "0 0 - - 0 | 1", "0 0 \u{e9} - 0"]
        {
            assert!(line.parse::<Answered>().is_err(), "{line}");
        }
    }
}
