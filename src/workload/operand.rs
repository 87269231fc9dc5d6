//! Kinds of arguments: how each is read, printed, and opened for rewriting.

use super::ops::CrashPhase;
use crate::backend::Timestamp;

/// What one argument of an operation is, open for whoever rewrites operations.
#[derive(Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// The number of a transaction.
    Txn(&'a mut u64),
    /// The number of a table.
    Table(&'a mut u64),
    /// A key.
    Key(&'a mut u64),
    /// A value.
    Value(&'a mut u64),
    /// A timestamp; 0 means none where it may be left out.
    Timestamp(&'a mut Timestamp),
    /// The name of a checkpoint.
    Checkpoint(&'a mut Option<String>),
    /// How far into a checkpoint a crash comes.
    Permille(&'a mut u16),
    /// Nothing that could be rewritten.
    Fixed,
}

/// A kind of argument, kept in a field of type `T`.
pub trait Operand<T> {
    /// Whether the argument may be left out.
    const OPTIONAL: bool = false;

    /// Reads it. `None`: it was left out.
    ///
    /// # Errors
    /// What is wrong with it.
    fn parse(text: Option<&str>) -> Result<T, String>;

    /// How it is printed. `None`: not at all, unless an argument after it is.
    fn print(value: &T) -> Option<String>;

    /// The argument, open for rewriting.
    fn open(value: &mut T) -> Slot<'_>;
}

/// Reads a number as C does: decimal, hexadecimal after `0x`, octal after `0`.
///
/// # Errors
/// What is wrong with it.
pub fn number(text: &str) -> Result<u64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(format!("`{text}` is no number: write one as 17, 0x11 or 021"));
    }
    u64::from_str_radix(digits, radix).map_err(|_| format!("`{text}` is too large: numbers have 64 bits"))
}

/// In quotes. A backslash takes the next character as it is.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the caller has checked to be there.
fn given(text: Option<&str>) -> Result<&str, String> {
    text.ok_or_else(|| "an argument is missing".to_owned())
}

macro_rules! numbers {
    ($($(#[doc = $doc:literal])+ $kind:ident => $slot:ident;)+) => {
        $(
            $(#[doc = $doc])+
            pub struct $kind;

            impl Operand<u64> for $kind {
                fn parse(text: Option<&str>) -> Result<u64, String> {
                    number(given(text)?)
                }

                fn print(value: &u64) -> Option<String> {
                    Some(value.to_string())
                }

                fn open(value: &mut u64) -> Slot<'_> {
                    Slot::$slot(value)
                }
            }
        )+
    };
}

numbers! {
    /// The number of a transaction: free again once it has ended.
    Txn => Txn;
    /// The number of a table.
    Table => Table;
    /// A key.
    Key => Key;
    /// A value.
    Value => Value;
    /// A timestamp that has to be given.
    At => Timestamp;
}

/// A timestamp that may be left out; 0 says the same.
pub struct MaybeTimestamp;

impl Operand<Timestamp> for MaybeTimestamp {
    const OPTIONAL: bool = true;

    fn parse(text: Option<&str>) -> Result<Timestamp, String> {
        text.map_or(Ok(0), number)
    }

    fn print(value: &Timestamp) -> Option<String> {
        (*value != 0).then(|| value.to_string())
    }

    fn open(value: &mut Timestamp) -> Slot<'_> {
        Slot::Timestamp(value)
    }
}

/// A name, a format or a configuration.
pub struct Text;

impl Operand<String> for Text {
    fn parse(text: Option<&str>) -> Result<String, String> {
        given(text).map(str::to_owned)
    }

    fn print(value: &String) -> Option<String> {
        Some(quote(value))
    }

    fn open(_value: &mut String) -> Slot<'_> {
        Slot::Fixed
    }
}

/// The name of a checkpoint. Left out, or empty: it has none.
pub struct MaybeName;

impl Operand<Option<String>> for MaybeName {
    const OPTIONAL: bool = true;

    fn parse(text: Option<&str>) -> Result<Option<String>, String> {
        Ok(text.filter(|name| !name.is_empty()).map(str::to_owned))
    }

    fn print(value: &Option<String>) -> Option<String> {
        value.as_deref().map(quote)
    }

    fn open(value: &mut Option<String>) -> Slot<'_> {
        Slot::Checkpoint(value)
    }
}

/// How far into a checkpoint a crash comes, from 0 to 1000.
pub struct Permille;

impl Operand<u16> for Permille {
    fn parse(text: Option<&str>) -> Result<u16, String> {
        let number = number(given(text)?)?;
        u16::try_from(number)
            .ok()
            .filter(|&permille| permille <= 1000)
            .ok_or_else(|| format!("{number} is beyond the end of the checkpoint: at most 1000 per mille"))
    }

    fn print(value: &u16) -> Option<String> {
        Some(value.to_string())
    }

    fn open(value: &mut u16) -> Slot<'_> {
        Slot::Permille(value)
    }
}

/// The name of a place in a checkpoint.
pub struct Phase;

impl Operand<CrashPhase> for Phase {
    fn parse(text: Option<&str>) -> Result<CrashPhase, String> {
        let name = given(text)?;
        CrashPhase::ALL.into_iter().find(|phase| phase.name() == name).ok_or_else(|| {
            let names = CrashPhase::ALL.map(CrashPhase::name).join(" and ");
            format!("`{name}` is no place to crash at: there are {names}")
        })
    }

    fn print(value: &CrashPhase) -> Option<String> {
        Some(quote(value.name()))
    }

    fn open(_value: &mut CrashPhase) -> Slot<'_> {
        Slot::Fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_hexadecimal_or_octal() {
        assert_eq!(number("17"), Ok(17));
        assert_eq!(number("0x1F"), Ok(31));
        assert_eq!(number("021"), Ok(17));
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for wrong in ["", "-1", "+1", "0x", "08", "1.5", "a", "18446744073709551616"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_quoted_reads_back() {
        assert_eq!(quote(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
