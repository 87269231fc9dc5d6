//! A call as a line: `<verb> <session> <slot> [arguments]`, tokens separated by one space, bytes as hexadecimal digits (`-`
//! for none), configurations as WiredTiger spells them (`-` for an empty one). Until a script is sent, timestamps stand
//! in braces: on a connection that other programs have used before, they are raised by what its clock shows.

use super::hex;
use crate::backend::{
    Begin, Call, CursorConfig, Delta, Direction, Format, IgnorePrepare, Isolation, Key, Side, Timestamp,
    TimestampQuery, TxnTimestamp, Who,
};
use crate::program::Config;
use crate::run::Physical;
use std::fmt::Write;

/// The line that a request begins with. There are more tables than the program has if some are created anew.
pub(super) fn head(id: u64, fresh: bool, config: &Config, tables: u8) -> String {
    let clock = if fresh { "fresh" } else { "reuse" };
    let isolation: Vec<&str> =
        (0..config.sessions).map(|session| isolation_name(config.isolation_of(session))).collect();
    let (sessions, slots) = (config.sessions, config.cursors + 2);
    let format = match config.format {
        Format::Row => "",
        Format::Variable => " var",
        Format::Fixed => " fix",
    };
    format!("program {id} {clock} {sessions} {slots} {tables} {}{format}\n", isolation.join(","))
}

fn isolation_name(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Snapshot => "snapshot",
        Isolation::ReadCommitted => "read-committed",
        Isolation::ReadUncommitted => "read-uncommitted",
    }
}

/// Appends `line` with `base` added to the timestamps. 0 is no timestamp and stays 0.
pub(super) fn with_base(text: &mut String, line: &str, base: Timestamp) {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (digits, after) = after.split_once('}').unwrap_or((after, ""));
        let ts = Timestamp::from_str_radix(digits, 16).unwrap_or(0);
        let _ = write!(text, "{:x}", if ts == 0 { 0 } else { ts + base });
        rest = after;
    }
    text.push_str(rest);
}

/// A call as a line. `near` is the key at which a `search_near` is expected to arrive.
pub(super) fn line(who: Who, call: &Call<'_>, near: Option<&Key>) -> String {
    let Who { session, cursor } = who;
    let on_cursor = |verb: &str| format!("{verb} {session} {cursor}");
    let on_session = |verb: &str| format!("{verb} {session} 0");
    let bit = |on: bool| if on { '1' } else { '0' };
    match *call {
        Call::Open(CursorConfig { table, overwrite, random, append }) => {
            let append = if append { " append" } else { "" };
            format!("{} {table} {} {}{append}", on_cursor("open"), bit(overwrite), bit(random))
        }
        Call::Close => on_cursor("close"),
        Call::Duplicate { from } => format!("{} {} {}", on_cursor("duplicate"), from.session, from.cursor),
        Call::SetKey(key) => format!("{} {}", on_cursor("key"), hex(key)),
        Call::SetValue(value) => format!("{} {}", on_cursor("value"), hex(value)),
        Call::Bound { side, inclusive } => {
            let side = if side == Side::Lower { "lower" } else { "upper" };
            format!("{} {side} {}", on_cursor("bound"), bit(inclusive))
        }
        Call::ClearBounds => on_cursor("clear"),
        Call::Reset => on_cursor("reset"),
        Call::Reconfigure { overwrite } => format!("{} {}", on_cursor("reconfigure"), bit(overwrite)),
        Call::State => on_cursor("state"),
        Call::GetKey => on_cursor("getkey"),
        Call::GetValue => on_cursor("getvalue"),
        Call::Search => on_cursor("search"),
        Call::SearchNear => {
            format!("{} {}", on_cursor("near"), near.map_or_else(|| "-".to_owned(), |key| hex(key)))
        }
        Call::Next => on_cursor(direction_name(Direction::Next)),
        Call::Prev => on_cursor(direction_name(Direction::Prev)),
        Call::LargestKey => on_cursor("largest"),
        Call::Compare { with } => format!("{} {} {}", on_cursor("compare"), with.session, with.cursor),
        Call::Equals { with } => format!("{} {} {}", on_cursor("equals"), with.session, with.cursor),
        Call::Insert => on_cursor("insert"),
        Call::Update => on_cursor("update"),
        Call::Remove => on_cursor("remove"),
        Call::Modify(deltas) => format!("{} {}", on_cursor("modify"), delta_list(deltas)),
        Call::Reserve => on_cursor("reserve"),
        Call::Begin(begin) => format!("{} {}", on_session("begin"), begin_config(&begin)),
        Call::Commit { ts, durable } => {
            format!("{} {}", on_session("commit"), stamps(&[("commit", ts), ("durable", durable)]))
        }
        Call::Prepare(ts) => format!("{} {}", on_session("prepare"), stamps(&[("prepare", ts)])),
        Call::Rollback => on_session("rollback"),
        Call::TimestampTransaction(which, ts) => {
            format!("{} {}", on_session("timestamp"), stamps(&[(txn_timestamp_name(which), Some(ts))]))
        }
        Call::ResetSnapshot => on_session("snapshot"),
        Call::Query(what) => format!("{} {}", on_session("query"), query_config(what)),
        Call::Truncate { start, stop } => {
            let slot = |slot: Option<u8>| slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
            format!("{} {} {}", on_session("truncate"), slot(start), slot(stop))
        }
        Call::TruncateTable { table } => format!("{} {table}", on_session("truncatetable")),
        Call::SetTimestamp { oldest, stable, durable } => {
            let config = stamps(&[("oldest", oldest), ("stable", stable), ("durable", durable)]);
            format!("settimestamp 0 0 {config}")
        }
        Call::RollbackToStable => "rts 0 0".to_owned(),
        Call::Recreate { table } => format!("recreate 0 0 {table}"),
    }
}

/// A physical event as a line.
pub(super) fn event(event: Physical) -> String {
    match event {
        Physical::Checkpoint => "checkpoint 0 0".to_owned(),
        Physical::Adopt => "adopt 0 0".to_owned(),
        Physical::Evict(percent) => format!("evict 0 0 {percent}"),
        Physical::Prune => "prune 0 0".to_owned(),
    }
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Next => "next",
        Direction::Prev => "prev",
    }
}

fn delta_list(deltas: &[Delta]) -> String {
    if deltas.is_empty() {
        return ".".to_owned();
    }
    let entries: Vec<String> =
        deltas.iter().map(|Delta { data, offset, size }| format!("{}:{offset}:{size}", hex(data))).collect();
    entries.join(",")
}

/// Settings as a configuration string, with `-` for none of them.
fn joined(settings: Vec<String>) -> String {
    if settings.is_empty() { "-".to_owned() } else { settings.join(",") }
}

fn stamps(named: &[(&str, Option<Timestamp>)]) -> String {
    let given = named.iter().filter_map(|(name, ts)| ts.map(|ts| format!("{name}_timestamp={{{ts:x}}}")));
    joined(given.collect())
}

fn begin_config(begin: &Begin) -> String {
    let mut settings = Vec::new();
    if let Some(isolation) = begin.isolation {
        settings.push(format!("isolation={}", isolation_name(isolation)));
    }
    if let Some(ts) = begin.read_ts {
        settings.push(format!("read_timestamp={{{ts:x}}}"));
    }
    match (begin.roundup_read, begin.roundup_prepared) {
        (false, false) => {}
        (read, prepared) => settings.push(format!("roundup_timestamps=(read={read},prepared={prepared})")),
    }
    if begin.no_timestamp {
        settings.push("no_timestamp=true".to_owned());
    }
    match begin.ignore_prepare {
        IgnorePrepare::No => {}
        IgnorePrepare::ReadOnly => settings.push("ignore_prepare=true".to_owned()),
        IgnorePrepare::Force => settings.push("ignore_prepare=force".to_owned()),
    }
    joined(settings)
}

fn txn_timestamp_name(which: TxnTimestamp) -> &'static str {
    match which {
        TxnTimestamp::Commit => "commit",
        TxnTimestamp::Durable => "durable",
        TxnTimestamp::Prepare => "prepare",
        TxnTimestamp::Read => "read",
    }
}

fn query_config(what: TimestampQuery) -> &'static str {
    match what {
        TimestampQuery::AllDurable => "node get=all_durable",
        TimestampQuery::Oldest => "node get=oldest_timestamp",
        TimestampQuery::OldestReader => "node get=oldest_reader",
        TimestampQuery::Pinned => "node get=pinned",
        TimestampQuery::Stable => "node get=stable_timestamp",
        TimestampQuery::Read => "session get=read",
        TimestampQuery::Prepare => "session get=prepare",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who = Who { session: 1, cursor: 2 };

    #[test]
    fn a_call_is_a_line() {
        let key = Key::new(b"k\x00");
        assert_eq!(line(WHO, &Call::SetKey(&key), None), "key 1 2 6b00");
        assert_eq!(line(WHO, &Call::SetValue(&Key::EMPTY), None), "value 1 2 -");
        assert_eq!(line(WHO, &Call::SearchNear, Some(&key)), "near 1 2 6b00");
        let deltas = [Delta { data: key.clone(), offset: 3, size: 1 }, Delta { data: Key::EMPTY, offset: 0, size: 2 }];
        assert_eq!(line(WHO, &Call::Modify(&deltas), None), "modify 1 2 6b00:3:1,-:0:2");
        let append = CursorConfig { append: true, ..CursorConfig::default() };
        assert_eq!(line(WHO, &Call::Open(CursorConfig::default()), None), "open 1 2 0 1 0");
        assert_eq!(line(WHO, &Call::Open(append), None), "open 1 2 0 1 0 append");
        assert_eq!(line(WHO, &Call::Rollback, None), "rollback 1 0");
        assert_eq!(line(WHO, &Call::Commit { ts: None, durable: None }, None), "commit 1 0 -");
    }

    #[test]
    fn timestamps_rise_with_the_clock_and_none_stays_none() {
        let call = Call::SetTimestamp { oldest: Some(0), stable: Some(0x1f), durable: None };
        let line = line(WHO, &call, None);
        assert_eq!(line, "settimestamp 0 0 oldest_timestamp={0},stable_timestamp={1f}");
        let mut text = String::new();
        with_base(&mut text, &line, 0x100);
        assert_eq!(text, "settimestamp 0 0 oldest_timestamp=0,stable_timestamp=11f");
    }

    #[test]
    fn a_transaction_begins_as_it_was_asked_to() {
        let begin = Begin {
            isolation: Some(Isolation::ReadCommitted),
            read_ts: Some(10),
            roundup_read: true,
            no_timestamp: true,
            ignore_prepare: IgnorePrepare::Force,
            roundup_prepared: false,
        };
        let expected = "isolation=read-committed,read_timestamp={a},roundup_timestamps=(read=true,prepared=false),\
                        no_timestamp=true,ignore_prepare=force";
        assert_eq!(begin_config(&begin), expected);
        assert_eq!(begin_config(&Begin::default()), "-");
    }
}
