//! How each kind of operand is written and read as text.

use super::scan::{self, Fault, Token, print_key};
use crate::backend::{Delta, Format, Isolation, Key, Point, Timestamp, TxnTimestamp, Value, Who, record_number_of};
use crate::program::event::{CrashPoint, HookAction};
use crate::program::limits;
use crate::program::operand::*;
use crate::program::ops::Class;
use crate::program::step::Config;
use std::fmt;

/// The operands of a line that are still to be taken.
pub(in crate::program) struct Operands<'a> {
    /// The operation's name as written.
    pub(super) head: &'a str,
    /// Where the line's operands end: a missing one is reported there.
    pub(super) end: usize,
    /// What is left, in order.
    pub(super) tokens: Vec<Token<'a>>,
    /// The configuration that indices must be within.
    pub(super) config: Config,
    /// The class of the operations that may follow what stands before this one.
    pub(super) class: Option<Class>,
}

impl<'a> Operands<'a> {
    /// Takes the operand of `name=OPERAND`, wherever it stands.
    fn take_named(&mut self, name: &str) -> Option<Token<'a>> {
        let index = self.tokens.iter().position(|token| token.named(name).is_some())?;
        self.tokens.remove(index).named(name)
    }

    /// Takes the first operand without a name if `is_it`.
    fn take_if(&mut self, is_it: impl FnOnce(&str) -> bool) -> Option<Token<'a>> {
        let index = self.tokens.iter().position(|token| is_value(token.text) || is_key(token.text))?;
        is_it(self.tokens[index].text).then(|| self.tokens.remove(index))
    }

    /// Takes the first operand without a name, or says that `what` is missing.
    fn take(&mut self, what: &str) -> Result<Token<'a>, Fault> {
        self.take_if(|_| true).ok_or_else(|| self.missing(what))
    }

    /// A key of the program's tables.
    fn key(&self, token: Token<'_>) -> Result<Key, Fault> {
        let key = scan::key(token, self.config.format)?;
        let end = self.config.end_of_records();
        if self.config.format == Format::Fixed && record_number_of(&key).is_some_and(|number| number >= end) {
            let message = format!(
                "{} is too far away: a fixed-length table has every record up to it; write a number below {end}, or more keys=N",
                token.text
            );
            return Err(token.fault(message));
        }
        Ok(key)
    }

    fn missing(&self, what: &str) -> Fault {
        Fault::new(self.end, format!("`{}` needs {what} here", self.head))
    }

    fn take_timestamp(&mut self, name: &str) -> Result<Option<Timestamp>, Fault> {
        self.take_named(name).map(timestamp).transpose()
    }
}

fn timestamp(token: Token<'_>) -> Result<Timestamp, Fault> {
    scan::number(token, "a timestamp", Timestamp::MAX)
}

/// Whether an operand can only be a key.
fn is_key(text: &str) -> bool {
    !text.starts_with('"') && !text.contains('=')
}

/// Whether an operand can only be a value.
fn is_value(text: &str) -> bool {
    text.starts_with('"')
}

fn word<T: Word>(token: Token<'_>) -> Result<T, Fault> {
    word_of(token, T::usage())
}

fn word_of<T: Word>(token: Token<'_>, usage: String) -> Result<T, Fault> {
    T::from_word(token.text)
        .ok_or_else(|| token.fault(format!("`{}` is not known here: write one of {usage}", token.text)))
}

impl TextOperand<Key> for Given {
    fn usage(_: &str) -> String {
        " KEY".into()
    }
    fn print(_: &str, value: &Key, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(" ")?;
        print_key(value, out)
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Key, Fault> {
        from.take_if(is_key).ok_or_else(|| from.missing("a key")).and_then(|token| from.key(token))
    }
}

impl TextOperand<Value> for GivenValue {
    fn usage(_: &str) -> String {
        " \"VALUE\"".into()
    }
    fn print(_: &str, value: &Value, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {value:?}")
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Value, Fault> {
        from.take_if(is_value).ok_or_else(|| from.missing("a value in quotes")).and_then(scan::value)
    }
}

impl TextOperand<Option<Key>> for Optional {
    fn usage(_: &str) -> String {
        " [KEY]".into()
    }
    fn print(name: &str, value: &Option<Key>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        value.iter().try_for_each(|key| Given::print(name, key, out))
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Option<Key>, Fault> {
        from.take_if(is_key).map(|token| from.key(token)).transpose()
    }
}

impl TextOperand<Option<Value>> for OptionalValue {
    fn usage(_: &str) -> String {
        " [\"VALUE\"]".into()
    }
    fn print(name: &str, value: &Option<Value>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        value.iter().try_for_each(|value| GivenValue::print(name, value, out))
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Option<Value>, Fault> {
        from.take_if(is_value).map(scan::value).transpose()
    }
}

/// Keys that are written `name=KEY`, or not at all.
macro_rules! optional_keys {
    ($($kind:ident),+) => {$(
        impl TextOperand<Option<Key>> for $kind {
            fn usage(name: &str) -> String {
                format!(" [{name}=KEY]")
            }
            fn print(name: &str, value: &Option<Key>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                value.iter().try_for_each(|key| {
                    write!(out, " {name}=")?;
                    print_key(key, out)
                })
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<Option<Key>, Fault> {
                from.take_named(name).map(|token| from.key(token)).transpose()
            }
        }
    )+};
}

optional_keys!(First, Last);

impl TextOperand<Box<[Delta]>> for Deltas {
    fn usage(_: &str) -> String {
        " [\"DATA\":OFFSET:SIZE ...]".into()
    }
    fn print(_: &str, value: &Box<[Delta]>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        value.iter().try_for_each(|Delta { data, offset, size }| write!(out, " {data:?}:{offset}:{size}"))
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Box<[Delta]>, Fault> {
        let mut deltas = Vec::new();
        while let Some(token) = from.take_if(is_value) {
            if deltas.len() == limits::MAX_DELTAS {
                return Err(token.fault(format!("too many entries: a modify takes at most {}", limits::MAX_DELTAS)));
            }
            deltas.push(delta(token)?);
        }
        Ok(deltas.into())
    }
}

/// `"data":OFFSET:SIZE`.
fn delta(token: Token<'_>) -> Result<Delta, Fault> {
    let (data, rest) = scan::quoted(token)?;
    let numbers = rest.after(":").and_then(|rest| {
        let (offset, size) = rest.text.split_once(':')?;
        let size_at = rest.at + offset.len() + 1;
        Some((Token { text: offset, at: rest.at }, Token { text: size, at: size_at }))
    });
    let Some((offset, size)) = numbers else {
        return Err(rest.fault("an entry of a modify is \"DATA\":OFFSET:SIZE: add offset and size"));
    };
    let offset = scan::number(offset, "an offset", limits::MAX_OFFSET.into())? as u32;
    let size = scan::number(size, "a size", u32::MAX.into())? as u32;
    Ok(Delta { data, offset, size })
}

/// Timestamps that are written `name=T`, or not at all if they are 0.
macro_rules! timestamps_or_zero {
    ($($kind:ident),+) => {$(
        impl TextOperand<Timestamp> for $kind {
            fn usage(name: &str) -> String {
                format!(" [{name}=T]")
            }
            fn print(name: &str, value: &Timestamp, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                if *value == 0 { Ok(()) } else { write!(out, " {name}={value}") }
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<Timestamp, Fault> {
                Ok(from.take_timestamp(name)?.unwrap_or(0))
            }
        }
    )+};
}

/// Timestamps that are written `name=T`, or not at all.
macro_rules! optional_timestamps {
    ($($kind:ident),+) => {$(
        impl TextOperand<Option<Timestamp>> for $kind {
            fn usage(name: &str) -> String {
                format!(" [{name}=T]")
            }
            fn print(name: &str, value: &Option<Timestamp>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                value.iter().try_for_each(|ts| write!(out, " {name}={ts}"))
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<Option<Timestamp>, Fault> {
                from.take_timestamp(name)
            }
        }
    )+};
}

/// Timestamps that are written `name=T`.
macro_rules! required_timestamps {
    ($($kind:ident),+) => {$(
        impl TextOperand<Timestamp> for $kind {
            fn usage(name: &str) -> String {
                format!(" {name}=T")
            }
            fn print(name: &str, value: &Timestamp, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, " {name}={value}")
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<Timestamp, Fault> {
                from.take_timestamp(name)?.ok_or_else(|| from.missing(&format!("{name}=T")))
            }
        }
    )+};
}

timestamps_or_zero!(Wrap, HookAt);
optional_timestamps!(CommitAt, DurableAt, PrepareAt, ReadAt, Oldest, Stable, Durable);
required_timestamps!(PrepareAt, Oldest, Stable);

impl TextOperand<Timestamp> for Stamp {
    fn usage(_: &str) -> String {
        " T".into()
    }
    fn print(_: &str, value: &Timestamp, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {value}")
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Timestamp, Fault> {
        from.take("a timestamp").and_then(timestamp)
    }
}

/// A flag that is written unless it has its usual setting.
macro_rules! flags {
    ($($kind:ident: $usual:literal),+) => {$(
        impl TextOperand<bool> for $kind {
            fn usage(name: &str) -> String {
                format!(" [{name}={}]", !$usual)
            }
            fn print(name: &str, value: &bool, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                if *value == $usual { Ok(()) } else { write!(out, " {name}={value}") }
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<bool, Fault> {
                from.take_named(name).map_or(Ok($usual), scan::boolean)
            }
        }
    )+};
}

flags!(UsuallyTrue: true, UsuallyFalse: false, Unusual: false);

impl TextOperand<bool> for Appending {
    fn usage(name: &str) -> String {
        UsuallyFalse::usage(name)
    }
    fn print(name: &str, value: &bool, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        UsuallyFalse::print(name, value, out)
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<bool, Fault> {
        let Some(token) = from.take_named(name) else { return Ok(false) };
        match scan::boolean(token)? {
            true if !from.config.format.is_column() => {
                Err(token.fault("only column stores have append cursors: write format=var or format=fix in `config`"))
            }
            append => Ok(append),
        }
    }
}

impl TextOperand<bool> for Switch {
    fn usage(name: &str) -> String {
        format!(" {name}=true|false")
    }
    fn print(name: &str, value: &bool, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {name}={value}")
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<bool, Fault> {
        from.take_named(name)
            .ok_or_else(|| from.missing(&format!("{name}=true or {name}=false")))
            .and_then(scan::boolean)
    }
}

impl<T: Word> TextOperand<T> for OneOf {
    fn usage(_: &str) -> String {
        format!(" {}", T::usage())
    }
    fn print(_: &str, value: &T, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {}", value.word())
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<T, Fault> {
        // A word that belongs to another class is known: what has to stand before the operation is said later.
        let usage = T::usage_after(from.class);
        from.take(&format!("one of {usage}")).and_then(|token| word_of(token, usage))
    }
}

impl TextOperand<TxnTimestamp> for Head {
    fn usage(_: &str) -> String {
        String::new()
    }
    fn print(_: &str, value: &TxnTimestamp, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(value.word())
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<TxnTimestamp, Fault> {
        word(Token { text: from.head, at: from.end })
    }
}

impl TextOperand<Option<Isolation>> for Choice {
    fn usage(name: &str) -> String {
        format!(" [{name}={}]", Isolation::usage())
    }
    fn print(name: &str, value: &Option<Isolation>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        value.iter().try_for_each(|isolation| write!(out, " {name}={}", isolation.word()))
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<Option<Isolation>, Fault> {
        from.take_named(name).map(word).transpose()
    }
}

/// A word that is written unless it is the usual one.
impl<T: Word + Default> TextOperand<T> for Setting {
    fn usage(name: &str) -> String {
        format!(" [{name}={}]", T::usage())
    }
    fn print(name: &str, value: &T, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *value == T::default() { Ok(()) } else { write!(out, " {name}={}", value.word()) }
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<T, Fault> {
        from.take_named(name).map_or(Ok(T::default()), word)
    }
}

/// Words that are always written, after a name that reads well.
macro_rules! named_words {
    ($($kind:ident: $type:ty = $name:literal),+) => {$(
        impl TextOperand<$type> for $kind {
            fn usage(_: &str) -> String {
                format!(concat!(" ", $name, "={}"), <$type>::usage())
            }
            fn print(_: &str, value: &$type, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(" ", $name, "={}"), value.word())
            }
            fn parse(_: &str, from: &mut Operands<'_>) -> Result<$type, Fault> {
                from.take_named($name)
                    .ok_or_else(|| from.missing(&format!(concat!($name, "={}"), <$type>::usage())))
                    .and_then(word)
            }
        }
    )+};
}

named_words!(AtPoint: Point = "at", AtCrash: CrashPoint = "at", Doing: HookAction = "do");

/// Cursors of the session that are written `name=cN`, or not at all.
macro_rules! own_cursors {
    ($($kind:ident),+) => {$(
        impl TextOperand<Option<u8>> for $kind {
            fn usage(name: &str) -> String {
                format!(" [{name}=cN]")
            }
            fn print(name: &str, value: &Option<u8>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                value.iter().try_for_each(|cursor| write!(out, " {name}=c{cursor}"))
            }
            fn parse(name: &str, from: &mut Operands<'_>) -> Result<Option<u8>, Fault> {
                from.take_named(name).map(|token| super::step::slot(token, &from.config)).transpose()
            }
        }
    )+};
}

own_cursors!(StartCursor, StopCursor);

impl TextOperand<u8> for TableIndex {
    fn usage(name: &str) -> String {
        format!(" [{name}=N]")
    }
    fn print(name: &str, value: &u8, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *value == 0 { Ok(()) } else { write!(out, " {name}={value}") }
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<u8, Fault> {
        let Some(token) = from.take_named(name) else { return Ok(0) };
        let table = scan::number(token, "a table", u64::MAX)?;
        let tables = from.config.tables;
        if table < u64::from(tables) { Ok(table as u8) } else { Err(super::step::beyond(token, name, table, tables)) }
    }
}

impl TextOperand<u8> for NodeIndex {
    fn usage(name: &str) -> String {
        format!(" {name}=0|1")
    }
    fn print(name: &str, value: &u8, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {name}={value}")
    }
    fn parse(name: &str, from: &mut Operands<'_>) -> Result<u8, Fault> {
        let token = from.take_named(name).ok_or_else(|| from.missing(&format!("{name}=0 or {name}=1")))?;
        Ok(scan::number(token, "a node", 1)? as u8)
    }
}

impl TextOperand<Who> for Cursor {
    fn usage(_: &str) -> String {
        " sN.cM".into()
    }
    fn print(_: &str, value: &Who, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " s{}.c{}", value.session, value.cursor)
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<Who, Fault> {
        let token = from.take("a cursor such as s0.c0")?;
        match super::step::who(token, &from.config)? {
            Some((session, Some(cursor))) => Ok(Who { session, cursor }),
            _ => Err(token.fault(format!("`{}` is not a cursor: write s0.c0, for example", token.text))),
        }
    }
}

impl TextOperand<u16> for PoolIndex {
    fn usage(_: &str) -> String {
        " FIRST".into()
    }
    fn print(_: &str, value: &u16, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {value}")
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<u16, Fault> {
        let max = from.config.keys - 1;
        Ok(scan::number(from.take("a pool index")?, "an index into this pool", max.into())? as u16)
    }
}

impl TextOperand<u16> for PoolCount {
    fn usage(_: &str) -> String {
        " COUNT".into()
    }
    fn print(_: &str, value: &u16, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {value}")
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<u16, Fault> {
        let max = from.config.keys;
        Ok(scan::number(from.take("a number of keys")?, "a number of keys of this pool", max.into())? as u16)
    }
}

impl TextOperand<u8> for Percent {
    fn usage(_: &str) -> String {
        " PERCENT".into()
    }
    fn print(_: &str, value: &u8, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " {value}")
    }
    fn parse(_: &str, from: &mut Operands<'_>) -> Result<u8, Fault> {
        Ok(scan::number(from.take("a share in percent")?, "a share in percent", 100)? as u8)
    }
}
