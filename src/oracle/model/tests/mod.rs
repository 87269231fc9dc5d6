//! The rules by example. Keys are short numbers, the values that a table is filled with are `v` and the key; in a fixed-length
//! table they are the number itself.
//!
//! A reply is written `code K V`, with ` at KEY` where the cursor's place is not told by an internal key, and with
//! `x=` for exact: `ok x=1 I(40) I(v40)`. A cursor that a prepared update has stalled is ` stalled at KEY`.

mod append;
mod bounds;
mod column;
mod effects;
mod fixed;
mod fixed_never_written;
mod fixed_writes;
mod ignore_prepare;
mod memory;
mod outside_transactions;
mod prepared;
mod prepared_commit;
mod rollback_to_stable;
mod snapshots;
mod stalled;
mod tables;
mod timestamps;
mod transactions;
mod truncate;

use super::Model;
use crate::backend::*;

/// Session and cursor: the cursors of the first session, and one of another.
const A: Who = Who { session: 0, cursor: 0 };
const B: Who = Who { session: 0, cursor: 1 };
const OTHER: Who = Who { session: 1, cursor: 0 };
/// A slot of the first session that is empty.
const SPARE: Who = Who { session: 0, cursor: 2 };

const SNAPSHOT: Begin = Begin {
    isolation: None,
    read_ts: None,
    roundup_read: false,
    no_timestamp: false,
    ignore_prepare: IgnorePrepare::No,
    roundup_prepared: false,
};
const READ_COMMITTED: Begin = Begin { isolation: Some(Isolation::ReadCommitted), ..SNAPSHOT };
const READ_UNCOMMITTED: Begin = Begin { isolation: Some(Isolation::ReadUncommitted), ..SNAPSHOT };
const APPEND: CursorConfig = CursorConfig { table: 0, overwrite: true, random: false, append: true };
const NO_OVERWRITE: CursorConfig = CursorConfig { table: 0, overwrite: false, random: false, append: false };

fn reading_at(read_ts: Timestamp) -> Begin {
    Begin { read_ts: Some(read_ts), ..SNAPSHOT }
}

fn commit(ts: Timestamp) -> Call<'static> {
    Call::Commit { ts: Some(ts), durable: None }
}

/// The commit of a prepared transaction.
fn commit_prepared(ts: Timestamp, durable: Timestamp) -> Call<'static> {
    Call::Commit { ts: Some(ts), durable: Some(durable) }
}

const COMMIT: Call<'static> = Call::Commit { ts: None, durable: None };

fn oldest_and_stable(oldest: Timestamp, stable: Timestamp) -> Call<'static> {
    let set = |ts| (ts != 0).then_some(ts);
    Call::SetTimestamp { oldest: set(oldest), stable: set(stable), durable: None }
}

fn stamp(which: TxnTimestamp, ts: Timestamp) -> Call<'static> {
    Call::TimestampTransaction(which, ts)
}

/// Two sessions with two open cursors each, B being the newer one of its session. All are on the first of two tables.
struct Table(Model);

impl Table {
    fn new(keys: &[&str]) -> Self {
        Self::with_isolation(keys, Isolation::Snapshot)
    }

    /// A variable-length column store.
    fn variable(numbers: &[&str]) -> Self {
        Self::in_format(numbers, Isolation::Snapshot, Format::Variable)
    }

    /// A fixed-length column store.
    fn fixed(numbers: &[&str]) -> Self {
        Self::in_format(numbers, Isolation::Snapshot, Format::Fixed)
    }

    /// The first session has that isolation outside explicit transactions.
    fn with_isolation(keys: &[&str], isolation: Isolation) -> Self {
        Self::in_format(keys, isolation, Format::Row)
    }

    fn in_format(keys: &[&str], isolation: Isolation, format: Format) -> Self {
        let mut table = Table(Model::new(&[isolation, Isolation::Snapshot], 3, 2, format));
        for session in 0..2 {
            for cursor in 0..2 {
                table.does(Who { session, cursor }, Call::Open(CursorConfig::default()), "ok - -");
            }
        }
        for key in keys {
            let value = if format == Format::Fixed { key.to_string() } else { format!("v{key}") };
            table.puts(OTHER, key, &value);
        }
        table
    }

    /// Makes a call and checks the reply.
    #[track_caller]
    fn does(&mut self, who: Who, call: Call<'_>, expected: &str) -> &mut Self {
        let reply = self.0.call(who, call);
        let mut text = reply.code.name().to_string();
        if reply.exact != 0 || (matches!(call, Call::SearchNear) && reply.code == Code::Ok) {
            text += &format!(" x={}", reply.exact);
        }
        if call.is_on_cursor() {
            text += &format!(" {} {}", show(&reply.key, name_of_key), show(&reply.value, name_of_value));
            if reply.placed && !reply.key.is_internal() {
                let cursor = self.0.cursor(who);
                let place = cursor.place.as_ref().expect("a placed cursor has a place");
                let stalled = if cursor.stalled.is_some() { " stalled" } else { "" };
                text += &format!("{stalled} at {}", name_of_key(place));
            }
        }
        if matches!(call, Call::Query(_)) && reply.code == Code::Ok {
            text += &format!(" {}", reply.timestamp);
        }
        assert_eq!(text, expected, "{call:?}");
        self
    }

    fn key(&mut self, who: Who, key: &str) -> &mut Self {
        let key = self.key_named(who, key);
        self.0.call(who, Call::SetKey(&key));
        self
    }

    fn value(&mut self, who: Who, value: &str) -> &mut Self {
        let value = match self.0.format(who) {
            Format::Fixed => Value::new(&[value.parse().expect("a value of a fixed-length table is a byte")]),
            Format::Row | Format::Variable => value.into(),
        };
        self.0.call(who, Call::SetValue(&value));
        self
    }

    fn key_named(&self, who: Who, key: &str) -> Key {
        match self.0.format(who).is_column() {
            true => record_number(key.parse().expect("a key of a column store is a number")),
            false => key.into(),
        }
    }

    /// Inserts a record, in the running transaction or in one of its own.
    #[track_caller]
    fn puts(&mut self, who: Who, key: &str, value: &str) -> &mut Self {
        self.key(who, key).value(who, value).does(who, Call::Insert, "ok - -")
    }

    /// Inserts a record in a transaction that is to commit with these timestamps.
    #[track_caller]
    fn commits(&mut self, key: &str, begin: Begin, ts: Option<Timestamp>, expected: &str) -> &mut Self {
        self.does(OTHER, Call::Begin(begin), "ok");
        self.puts(OTHER, key, &ts.map_or("none".into(), |ts| format!("t{ts}")));
        self.does(OTHER, Call::Commit { ts, durable: None }, expected)
    }

    /// Inserts a record of a fixed-length table whose value is its number, in a transaction that commits at `ts`.
    #[track_caller]
    fn commits_at(&mut self, key: &str, ts: Timestamp) -> &mut Self {
        self.does(OTHER, Call::Begin(SNAPSHOT), "ok").puts(OTHER, key, key).does(OTHER, commit(ts), "ok")
    }

    /// Inserts records in a transaction of the other session, and prepares that.
    #[track_caller]
    fn prepares(&mut self, keys: &[&str], ts: Timestamp) -> &mut Self {
        self.does(OTHER, Call::Begin(SNAPSHOT), "ok");
        for key in keys {
            self.puts(OTHER, key, "p");
        }
        self.does(OTHER, Call::Prepare(Some(ts)), "ok")
    }

    /// What a cursor that is opened for it sees on its way through the table, and what ends that.
    #[track_caller]
    fn scans(&mut self, session: u8, expected: &str) -> &mut Self {
        let who = Who { session, cursor: SPARE.cursor };
        self.0.call(who, Call::Open(CursorConfig::default()));
        let mut text = String::new();
        let code = loop {
            let reply = self.0.call(who, Call::Next);
            match (reply.code, reply.key.get(), reply.value.get()) {
                (Code::Ok, Some(key), Some(value)) => {
                    text += &format!("{}={} ", name_of_key(key), name_of_value(value))
                }
                (code, ..) => break code,
            }
        };
        self.0.call(who, Call::Close);
        assert_eq!(text + code.name(), expected);
        self
    }

    /// Sets the key and searches.
    #[track_caller]
    fn finds(&mut self, who: Who, key: &str, expected: &str) -> &mut Self {
        self.key(who, key).does(who, Call::Search, expected)
    }
}

fn show(field: &Field, name: fn(&[u8]) -> String) -> String {
    match field {
        Field::Unset => "-".into(),
        Field::External(bytes) => format!("E({})", name(bytes)),
        Field::Internal(bytes) => format!("I({})", name(bytes)),
    }
}

/// Record numbers in decimal.
fn name_of_key(key: &[u8]) -> String {
    record_number_of(key).map_or_else(|| key.escape_ascii().to_string(), |number| number.to_string())
}

/// What is no text, as the small values of fixed-length tables, in decimal.
fn name_of_value(value: &[u8]) -> String {
    match value {
        [byte @ (..b' ' | 127..)] => byte.to_string(),
        _ => value.escape_ascii().to_string(),
    }
}

fn ten_to_fifty() -> Table {
    Table::new(&["10", "20", "30", "40", "50"])
}
