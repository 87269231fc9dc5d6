//! A site: one program's sessions and cursors on its tables, at which entries are executed.
//!
//! One site is the oracle; the layered tables of two nodes and the plain tables beside them are four.

use super::code;
use super::connection::Connection;
use super::cursor::{Cursor, Field};
use super::request::{Bad, Entry, Program, Verb, Who};
use super::session::Session;
use std::ffi::{CStr, CString};
use std::fmt::Write;
use std::iter::once;

/// Waits for no checkpoint; the locks are only ever held by WiredTiger's own threads, and not for long.
const DROP: &CStr = c"checkpoint_wait=false";

/// Sessions and cursors of a program on tables of one connection. Dropping it closes them, and leaves the tables.
pub struct Site {
    /// By session, then by slot.
    cursors: Vec<Vec<Option<Cursor>>>,
    sessions: Vec<Session>,
    /// A session that looks on from a snapshot, if one is wanted. As long as somebody may want to see all that there was, WiredTiger has no
    /// reason to drop versions, or to evict a page because a walk has found nothing on it but what everybody sees removed:
    /// after that cursors on the page would not count as standing there, which would change what they see.
    witness: Option<Session>,
    /// Creates and drops the tables.
    own: Session,
    tables: Vec<CString>,
    /// The configuration that tables are created with.
    creation: &'static CStr,
    connection: Connection,
}

impl Site {
    /// Creates the tables and opens the sessions; `watched` wants a session that looks on. An error is the code of the call that failed.
    pub fn open(
        connection: &Connection,
        program: &Program<'_>,
        tables: Vec<CString>,
        creation: &'static CStr,
        watched: bool,
    ) -> Result<Self, i32> {
        let own = connection.open_session(c"")?;
        for table in &tables {
            match own.create(table, creation) {
                code::OK => (),
                code => return Err(code),
            }
        }
        let witness = watched.then(|| connection.open_session(c"isolation=snapshot")).transpose()?;
        if let Some(witness) = &witness {
            witness.begin(None);
        }
        let session = |isolation: &&str| connection.open_session(&text(&format!("isolation={isolation}")));
        Ok(Site {
            cursors: (0..program.sessions).map(|_| (0..program.slots).map(|_| None).collect()).collect(),
            sessions: program.isolation.iter().map(session).collect::<Result<_, _>>()?,
            witness,
            own,
            tables,
            creation,
            connection: connection.clone(),
        })
    }

    /// Closes cursors and sessions and drops the tables. An error is the code of the drop that failed.
    pub fn close(mut self) -> Result<(), i32> {
        self.cursors.clear();
        self.sessions.clear();
        self.witness = None;
        let mut codes =
            once(self.connection.look_around()).chain(self.tables.iter().map(|table| self.drop_table(table)));
        codes.find(|&code| code != code::OK).map_or(Ok(()), Err)
    }

    /// Forgets sessions and cursors of a connection on which nothing works any more.
    pub fn abandon(self) {
        std::mem::forget(self);
    }

    /// Executes an entry and appends what it answered to `answer`.
    pub fn call(&mut self, entry: &Entry<'_>, answer: &mut String) -> Result<(), Bad> {
        let who = entry.who;
        match &entry.verb {
            Verb::Open { table, overwrite, random, append } => {
                let random = if *random { ",next_random=true" } else { "" };
                let append = if *append { ",append=true" } else { "" };
                let config = format!("overwrite={overwrite}{random}{append}");
                let opened = self.session(who)?.open_cursor(self.table(*table)?, Some(&text(&config)));
                self.put(who, opened, answer)
            }
            Verb::Duplicate { from } => {
                let opened = self.session(who)?.duplicate(self.cursor(*from)?);
                self.put(who, opened, answer)
            }
            Verb::Close => {
                let cursor = self.slot(who)?.take().ok_or_else(|| empty(who))?;
                stateless(answer, cursor.close());
                Ok(())
            }
            Verb::Compare { with } => self.compare(who, *with, Cursor::compare, answer),
            Verb::Equals { with } => self.compare(who, *with, Cursor::equals, answer),
            verb => match on_session(self, who, verb)? {
                Some(Ok(timestamp)) => {
                    write_answer(answer, 0, 0, &Field::Unset, &Field::Unset, timestamp);
                    Ok(())
                }
                Some(Err(code)) => {
                    stateless(answer, code);
                    Ok(())
                }
                None => {
                    let cursor = self.slot(who)?.as_mut().ok_or_else(|| empty(who))?;
                    on_cursor(cursor, verb, answer)
                }
            },
        }
    }

    fn compare(
        &self,
        who: Who,
        with: Who,
        method: fn(&Cursor, &Cursor) -> (i32, i32),
        answer: &mut String,
    ) -> Result<(), Bad> {
        let cursor = self.cursor(who)?;
        let (code, exact) = method(cursor, self.cursor(with)?);
        with_state(answer, cursor, code, exact);
        Ok(())
    }

    /// Puts a cursor into its slot, where it replaces the one that is there; that one stays if there is no new one.
    fn put(&mut self, who: Who, opened: Result<Cursor, i32>, answer: &mut String) -> Result<(), Bad> {
        let slot = self.slot(who)?;
        let code = match opened {
            Ok(cursor) => slot.replace(cursor).map_or(code::OK, Cursor::close),
            Err(code) => code,
        };
        match slot {
            Some(cursor) => with_state(answer, cursor, code, 0),
            None => stateless(answer, code),
        }
        Ok(())
    }

    fn recreate(&self, table: usize) -> Result<i32, Bad> {
        let uri = self.table(table)?;
        let calls: [&dyn Fn() -> i32; 3] =
            [&|| self.connection.look_around(), &|| self.drop_table(uri), &|| self.own.create(uri, self.creation)];
        Ok(self.unwatched(|| calls.iter().map(|call| call()).find(|&code| code != code::OK).unwrap_or(code::OK)))
    }

    /// Makes a call that nobody may look on at.
    fn unwatched(&self, call: impl FnOnce() -> i32) -> i32 {
        if let Some(witness) = &self.witness {
            witness.rollback();
        }
        let code = call();
        if let Some(witness) = &self.witness {
            witness.begin(None);
        }
        code
    }

    fn drop_table(&self, uri: &CStr) -> i32 {
        self.own.drop_table(uri, DROP)
    }

    fn session(&self, who: Who) -> Result<&Session, Bad> {
        self.sessions.get(who.session).ok_or_else(|| Bad(format!("there is no session {}", who.session)))
    }

    fn table(&self, table: usize) -> Result<&CStr, Bad> {
        self.tables.get(table).map(CString::as_c_str).ok_or_else(|| Bad(format!("there is no table {table}")))
    }

    fn slot(&mut self, who: Who) -> Result<&mut Option<Cursor>, Bad> {
        let slot = self.cursors.get_mut(who.session).and_then(|slots| slots.get_mut(who.slot));
        slot.ok_or_else(|| Bad(format!("there is no slot {}.{}", who.session, who.slot)))
    }

    fn cursor(&self, who: Who) -> Result<&Cursor, Bad> {
        let slot = self.cursors.get(who.session).and_then(|slots| slots.get(who.slot));
        slot.and_then(Option::as_ref).ok_or_else(|| empty(who))
    }
}

/// What sessions and the connection answer: a timestamp or a code. `None` for calls on a cursor.
fn on_session(site: &Site, who: Who, verb: &Verb<'_>) -> Result<Option<Result<u64, i32>>, Bad> {
    let config = |config: &Option<&str>| config.map(text);
    let session = site.session(who)?;
    let ends = |slot: &Option<usize>| slot.map(|slot| site.cursor(Who { slot, ..who })).transpose();
    let code = match verb {
        Verb::Begin(given) => session.begin(config(given).as_deref()),
        Verb::Commit(given) => session.commit(config(given).as_deref()),
        Verb::Prepare(given) => session.prepare(config(given).as_deref()),
        Verb::Rollback => session.rollback(),
        Verb::TimestampTransaction(given) => session.timestamp_transaction(config(given).as_deref()),
        Verb::ResetSnapshot => session.reset_snapshot(),
        Verb::QuerySession(given) => return Ok(Some(session.query_timestamp(config(given).as_deref()))),
        Verb::QueryNode(given) => return Ok(Some(site.connection.query_timestamp(config(given).as_deref()))),
        Verb::Truncate { start, stop } => session.truncate(ends(start)?, ends(stop)?),
        Verb::TruncateTable { table } => session.truncate_table(site.table(*table)?),
        Verb::SetTimestamp(given) => site.connection.set_timestamp(config(given).as_deref()),
        Verb::RollbackToStable => site.unwatched(|| site.connection.rollback_to_stable()),
        Verb::Recreate { table } => site.recreate(*table)?,
        Verb::Event(event) => return Err(Bad(format!("{event:?} without layered tables"))),
        _ => return Ok(None),
    };
    Ok(Some(Err(code)))
}

/// Calls on one cursor.
fn on_cursor(cursor: &mut Cursor, verb: &Verb<'_>, answer: &mut String) -> Result<(), Bad> {
    let code = match verb {
        Verb::SetKey(key) => {
            cursor.set_key(key);
            code::OK
        }
        Verb::SetValue(value) => {
            cursor.set_value(value);
            code::OK
        }
        Verb::Bound { upper, inclusive } => {
            let side = if *upper { "upper" } else { "lower" };
            cursor.bound(&text(&format!("action=set,bound={side},inclusive={inclusive}")))
        }
        Verb::ClearBounds => cursor.bound(c"action=clear"),
        Verb::Reset => cursor.reset(),
        Verb::Search => cursor.search(),
        Verb::SearchNear { expected } => {
            near(cursor, expected.as_deref(), answer);
            return Ok(());
        }
        Verb::Next => cursor.next(),
        Verb::Prev => cursor.prev(),
        Verb::Insert => cursor.insert(),
        Verb::Update => cursor.update(),
        Verb::Remove => cursor.remove(),
        Verb::Reserve => cursor.reserve(),
        Verb::LargestKey => cursor.largest_key(),
        Verb::Reconfigure { overwrite } => cursor.reconfigure(&text(&format!("overwrite={overwrite}"))),
        Verb::State => code::OK,
        Verb::GetKey => cursor.get_key(),
        Verb::GetValue => cursor.get_value(),
        Verb::Modify(changes) => cursor.modify(changes),
        other => return Err(Bad(format!("{other:?} on a cursor"))),
    };
    with_state(answer, cursor, code, 0);
    Ok(())
}

/// Both neighbours of a key that is not there are right. The other one than expected: one step to the expected.
fn near(cursor: &mut Cursor, expected: Option<&[u8]>, answer: &mut String) {
    let (code, exact) = cursor.search_near();
    let exact = if code == code::OK { exact } else { 0 };
    with_state(answer, cursor, code, exact);
    let key = cursor.key();
    let (Some(expected), Some(found), true) = (expected, key.bytes(), exact != 0) else { return };
    if found != expected {
        let code = if found < expected { cursor.next() } else { cursor.prev() };
        answer.push_str(" | ");
        with_state(answer, cursor, code, 0);
    }
}

fn empty(who: Who) -> Bad {
    Bad(format!("slot {}.{} is empty", who.session, who.slot))
}

/// A configuration as C has it. Words of a request have no zero bytes; what follows one would be lost.
fn text(config: &str) -> CString {
    CString::new(config.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

fn stateless(answer: &mut String, code: i32) {
    write_answer(answer, code, 0, &Field::Unset, &Field::Unset, 0);
}

fn with_state(answer: &mut String, cursor: &Cursor, code: i32, exact: i32) {
    write_answer(answer, code, exact, &cursor.key(), &cursor.value(), 0);
}

/// Appends `<code> <exact> <key> <value> <timestamp>`.
fn write_answer(answer: &mut String, code: i32, exact: i32, key: &Field, value: &Field, timestamp: u64) {
    // Writing to a string cannot fail.
    let _ = write!(answer, "{code} {exact} ");
    write_field(answer, key);
    answer.push(' ');
    write_field(answer, value);
    let _ = write!(answer, " {timestamp}");
}

fn write_field(answer: &mut String, field: &Field) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    answer.push(match field {
        Field::Unset => '-',
        Field::External(_) => 'e',
        Field::Internal(_) => 'i',
    });
    for byte in field.bytes().unwrap_or_default() {
        answer.extend([byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]));
    }
}
