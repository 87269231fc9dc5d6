//! A session: transactions, and the tables' life.
#![allow(unsafe_code)]

use super::code;
use super::connection::{HEX, RawConnection, timestamp};
use super::cursor::Cursor;
use super::sys::{WT_CURSOR, WT_SESSION};
use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// A session. It is closed, and its transaction rolled back, when it and its last cursor are gone.
pub struct Session {
    raw: Rc<RawSession>,
}

/// The pointer, for those who keep the session open.
pub(super) struct RawSession {
    session: NonNull<WT_SESSION>,
    pub(super) connection: Rc<RawConnection>,
}

/// A method of a session that takes a configuration.
type Configured = unsafe extern "C" fn(*mut WT_SESSION, *const c_char) -> i32;
/// A method of a session that takes a name and a configuration.
type Named = unsafe extern "C" fn(*mut WT_SESSION, *const c_char, *const c_char) -> i32;

impl Session {
    pub(super) fn open(connection: &Rc<RawConnection>, config: &CStr) -> Result<Self, i32> {
        let mut session: *mut WT_SESSION = ptr::null_mut();
        let pointer = connection.as_ptr();
        // SAFETY: the connection is open; no handler means the connection's; the pointer is written on success.
        let code = unsafe {
            match (*pointer).open_session {
                Some(method) => method(pointer, ptr::null_mut(), config.as_ptr(), &mut session),
                None => code::INVALID,
            }
        };
        match NonNull::new(session) {
            Some(session) if code == code::OK => {
                Ok(Session { raw: Rc::new(RawSession { session, connection: Rc::clone(connection) }) })
            }
            _ => Err(code),
        }
    }

    /// Opens a cursor on a table.
    pub fn open_cursor(&self, uri: &CStr, config: Option<&CStr>) -> Result<Cursor, i32> {
        Cursor::open(&self.raw, uri, config)
    }

    /// Opens a cursor where `from` stands, which may be another session's. `EINVAL` for another connection's.
    pub fn duplicate(&self, from: &Cursor) -> Result<Cursor, i32> {
        Cursor::duplicate(&self.raw, from)
    }

    /// `create`.
    pub fn create(&self, uri: &CStr, config: &CStr) -> i32 {
        self.named(|methods| methods.create, uri, config)
    }

    /// `drop`.
    pub fn drop_table(&self, uri: &CStr, config: &CStr) -> i32 {
        self.named(|methods| methods.drop, uri, config)
    }

    /// `begin_transaction`.
    pub fn begin(&self, config: Option<&CStr>) -> i32 {
        self.configured(|methods| methods.begin_transaction, config)
    }

    /// `commit_transaction`.
    pub fn commit(&self, config: Option<&CStr>) -> i32 {
        self.configured(|methods| methods.commit_transaction, config)
    }

    /// `prepare_transaction`.
    pub fn prepare(&self, config: Option<&CStr>) -> i32 {
        self.configured(|methods| methods.prepare_transaction, config)
    }

    /// `rollback_transaction`.
    pub fn rollback(&self) -> i32 {
        self.configured(|methods| methods.rollback_transaction, None)
    }

    /// `timestamp_transaction`.
    pub fn timestamp_transaction(&self, config: Option<&CStr>) -> i32 {
        self.configured(|methods| methods.timestamp_transaction, config)
    }

    /// `checkpoint`.
    #[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
    pub fn checkpoint(&self) -> i32 {
        self.configured(|methods| methods.checkpoint, None)
    }

    /// `reset_snapshot`.
    pub fn reset_snapshot(&self) -> i32 {
        let session = self.raw.as_ptr();
        // SAFETY: the session is open until `self` is dropped.
        unsafe {
            match (*session).reset_snapshot {
                Some(method) => method(session),
                None => code::INVALID,
            }
        }
    }

    /// `query_timestamp`.
    pub fn query_timestamp(&self, config: Option<&CStr>) -> Result<u64, i32> {
        let mut answer: [c_char; HEX] = [0; HEX];
        let session = self.raw.as_ptr();
        let config = config.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the session is open, the buffer is as large as the longest answer, the string is terminated.
        let code = unsafe {
            match (*session).query_timestamp {
                Some(method) => method(session, answer.as_mut_ptr(), config),
                None => code::INVALID,
            }
        };
        if code == code::OK { Ok(timestamp(&answer)) } else { Err(code) }
    }

    /// `truncate` from one cursor to another; `EINVAL` if one of them is another session's.
    pub fn truncate(&self, start: Option<&Cursor>, stop: Option<&Cursor>) -> i32 {
        if ![start, stop].into_iter().flatten().all(|cursor| cursor.is_of(&self.raw)) {
            return code::INVALID;
        }
        let pointer = |cursor: Option<&Cursor>| cursor.map_or(ptr::null_mut(), Cursor::as_ptr);
        self.truncate_raw(ptr::null(), pointer(start), pointer(stop))
    }

    /// `truncate` of a whole table.
    pub fn truncate_table(&self, uri: &CStr) -> i32 {
        self.truncate_raw(uri.as_ptr(), ptr::null_mut(), ptr::null_mut())
    }

    fn truncate_raw(&self, uri: *const c_char, start: *mut WT_CURSOR, stop: *mut WT_CURSOR) -> i32 {
        let session = self.raw.as_ptr();
        // SAFETY: the session is open; the callers pass terminated strings and open cursors of this session, or none.
        unsafe {
            match (*session).truncate {
                Some(method) => method(session, uri, start, stop, ptr::null()),
                None => code::INVALID,
            }
        }
    }

    #[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
    pub(super) fn raw(&self) -> &RawSession {
        &self.raw
    }

    fn configured(&self, method: fn(&WT_SESSION) -> Option<Configured>, config: Option<&CStr>) -> i32 {
        self.raw.configured(method, config)
    }

    fn named(&self, method: fn(&WT_SESSION) -> Option<Named>, uri: &CStr, config: &CStr) -> i32 {
        // SAFETY: the session is open until `self` is dropped, and both strings are terminated.
        unsafe {
            match method(self.raw.session.as_ref()) {
                Some(method) => method(self.raw.as_ptr(), uri.as_ptr(), config.as_ptr()),
                None => code::INVALID,
            }
        }
    }
}

impl RawSession {
    pub(super) fn as_ptr(&self) -> *mut WT_SESSION {
        self.session.as_ptr()
    }

    fn configured(&self, method: fn(&WT_SESSION) -> Option<Configured>, config: Option<&CStr>) -> i32 {
        // SAFETY: the session is open until `self` is dropped, and the string is terminated.
        unsafe {
            match method(self.session.as_ref()) {
                Some(method) => method(self.as_ptr(), config.map_or(ptr::null(), CStr::as_ptr)),
                None => code::INVALID,
            }
        }
    }
}

impl Drop for RawSession {
    fn drop(&mut self) {
        // Cursors keep the session, so there are none left. It rolls back what is running; an error ends nothing more.
        self.configured(|methods| methods.close, None);
    }
}
