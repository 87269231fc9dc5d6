//! An open database.
#![allow(unsafe_code)]

use super::session::Session;
use super::sys::{self, WT_CONNECTION};
use super::{code, events};
use std::ffi::{CStr, c_char};
use std::fmt;
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// An open database. It is closed when the last session and cursor on it is gone.
///
/// Like everything here it stays in its thread: WiredTiger allows sessions one thread at a time.
#[derive(Clone)]
pub struct Connection {
    raw: Rc<RawConnection>,
}

/// The pointer, for those who keep the connection open.
pub(super) struct RawConnection {
    connection: NonNull<WT_CONNECTION>,
}

/// Why a database cannot be opened: WiredTiger's code and, if it gave one, its message.
#[derive(Debug)]
pub struct Refusal {
    /// The code.
    pub code: i32,
    /// The message; empty if there was none.
    pub message: String,
}

impl Refusal {
    /// What `code` and the last message say.
    pub fn new(code: i32) -> Self {
        Refusal { code, message: events::take_last() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&code::describe(self.code))?;
        // Messages begin with time, process and thread, in brackets.
        match self.message.rsplit_once("]: ").map_or(self.message.as_str(), |(_, text)| text) {
            "" => Ok(()),
            text => write!(f, " ({text})"),
        }
    }
}

/// The version of the linked library: major, minor, patch.
pub fn version() -> [i32; 3] {
    let [mut major, mut minor, mut patch] = [0; 3];
    // SAFETY: it writes to the three numbers.
    unsafe { sys::wiredtiger_version(&mut major, &mut minor, &mut patch) };
    [major, minor, patch]
}

/// The version of the header that the bindings were made of.
pub fn header_version() -> [i32; 3] {
    [sys::WIREDTIGER_VERSION_MAJOR, sys::WIREDTIGER_VERSION_MINOR, sys::WIREDTIGER_VERSION_PATCH]
        .map(|number| number.cast_signed())
}

impl Connection {
    /// Opens the database in the directory `home`.
    pub fn open(home: &CStr, config: &CStr) -> Result<Self, Refusal> {
        if version() != header_version() {
            // The structures of another version may be laid out in another way.
            return Err(Refusal { code: code::INVALID, message: "the header is of another version".to_owned() });
        }
        let mut connection: *mut WT_CONNECTION = ptr::null_mut();
        // SAFETY: both strings are terminated, the handler is there for ever, and the pointer is written on success.
        let code = events::hold(|| unsafe {
            sys::wiredtiger_open(home.as_ptr(), events::handler(), config.as_ptr(), &mut connection)
        });
        match NonNull::new(connection) {
            Some(connection) if code == code::OK => Ok(Connection { raw: Rc::new(RawConnection { connection }) }),
            _ => Err(Refusal::new(code)),
        }
    }

    /// Opens a session.
    pub fn open_session(&self, config: &CStr) -> Result<Session, i32> {
        Session::open(&self.raw, config)
    }

    /// `reconfigure`.
    #[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
    pub fn reconfigure(&self, config: &CStr) -> i32 {
        self.raw.configured(|methods| methods.reconfigure, Some(config))
    }

    /// `set_timestamp`.
    pub fn set_timestamp(&self, config: Option<&CStr>) -> i32 {
        self.raw.configured(|methods| methods.set_timestamp, config)
    }

    /// `rollback_to_stable`, without threads of its own: a program's tables are small.
    pub fn rollback_to_stable(&self) -> i32 {
        self.raw.configured(|methods| methods.rollback_to_stable, Some(c"threads=0"))
    }

    /// Changes nothing, but makes WiredTiger look which transactions everybody sees by now. Otherwise it does that some
    /// time later, and until then the tables that they wrote to are busy. Busy while a transaction is running or a
    /// cursor holds a place anywhere.
    pub fn look_around(&self) -> i32 {
        self.raw.configured(|methods| methods.rollback_to_stable, Some(c"dryrun=true,threads=0"))
    }

    /// `query_timestamp`.
    pub fn query_timestamp(&self, config: Option<&CStr>) -> Result<u64, i32> {
        let mut answer: [c_char; HEX] = [0; HEX];
        let connection = self.raw.as_ptr();
        let config = config.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the connection is open, the buffer is as large as the longest answer, the string is terminated.
        let code = unsafe {
            match (*connection).query_timestamp {
                Some(method) => method(connection, answer.as_mut_ptr(), config),
                None => code::INVALID,
            }
        };
        if code == code::OK { Ok(timestamp(&answer)) } else { Err(code) }
    }

    /// The database without anything that is open on it, to be closed in another thread; `None` if something is.
    #[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
    pub fn alone(self) -> Option<Alone> {
        Rc::into_inner(self.raw).map(Alone)
    }

    #[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
    pub(super) fn raw(&self) -> &Rc<RawConnection> {
        &self.raw
    }
}

/// A database on which nothing is open. It is closed when it is dropped, in whichever thread that is.
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
pub struct Alone(#[expect(dead_code, reason = "kept to be dropped")] RawConnection);

// SAFETY: nobody else has the pointer, and WiredTiger lets any thread call the methods of a connection.
#[cfg(all(feature = "wiredtiger-layered", wiredtiger_page_log))]
unsafe impl Send for Alone {}

/// Room for a timestamp in hexadecimal digits, terminated.
pub(super) const HEX: usize = 2 * size_of::<u64>() + 1;

/// The number in a terminated string of hexadecimal digits.
pub(super) fn timestamp(digits: &[c_char; HEX]) -> u64 {
    let digits = digits.iter().map_while(|&digit| char::from(digit.cast_unsigned()).to_digit(16));
    digits.fold(0, |number, digit| number << 4 | u64::from(digit))
}

/// A method of a connection that takes a configuration.
type Configured = unsafe extern "C" fn(*mut WT_CONNECTION, *const c_char) -> i32;

impl RawConnection {
    pub(super) fn as_ptr(&self) -> *mut WT_CONNECTION {
        self.connection.as_ptr()
    }

    fn configured(&self, method: fn(&WT_CONNECTION) -> Option<Configured>, config: Option<&CStr>) -> i32 {
        // SAFETY: the connection is open until `self` is dropped, and the string is terminated.
        unsafe {
            match method(self.connection.as_ref()) {
                Some(method) => method(self.as_ptr(), config.map_or(ptr::null(), CStr::as_ptr)),
                None => code::INVALID,
            }
        }
    }
}

impl Drop for RawConnection {
    fn drop(&mut self) {
        // Sessions and cursors keep the connection, so there are none left. Nobody can do anything about an error.
        self.configured(|methods| methods.close, None);
    }
}
