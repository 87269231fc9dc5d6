//! A cursor on raw keys and values, or on record numbers, and its state as the public structure shows it, without a call.
#![allow(unsafe_code)]

use super::code;
use super::session::RawSession;
use super::sys::{
    WT_CURSOR, WT_CURSTD_KEY_EXT, WT_CURSTD_KEY_INT, WT_CURSTD_VALUE_EXT, WT_CURSTD_VALUE_INT, WT_ITEM, WT_MODIFY,
};
use crate::backend::{Format, record_number_of};
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;
use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// A cursor. It is closed when it is dropped.
pub struct Cursor {
    cursor: NonNull<WT_CURSOR>,
    session: Rc<RawSession>,
    /// Every key and value that was ever set, once. WiredTiger does not copy them, and cursors that it opens inside of
    /// this one may refer to them for longer than this one does.
    kept: Kept,
    /// How the table keeps its records.
    format: Format,
    /// Whether `close` was called: nothing else is called after that.
    closed: bool,
}

/// Byte strings that stay where they are.
type Kept = HashSet<Rc<[u8]>, FxBuildHasher>;

/// The state of a key or value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Not set.
    Unset,
    /// Set by the application, or copied out of the table.
    External(Vec<u8>),
    /// Refers to the record that the cursor stands on.
    Internal(Vec<u8>),
}

impl Field {
    /// The bytes, if there are any.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Field::Unset => None,
            Field::External(bytes) | Field::Internal(bytes) => Some(bytes),
        }
    }
}

/// One entry of `modify`: replaces `size` bytes at `offset` by `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The replacement.
    pub data: Vec<u8>,
    /// Where, in bytes.
    pub offset: usize,
    /// How much, in bytes.
    pub size: usize,
}

/// A method of a cursor that takes nothing.
pub type Plain = unsafe extern "C" fn(*mut WT_CURSOR) -> i32;
/// A method of a cursor that takes a configuration.
type Configured = unsafe extern "C" fn(*mut WT_CURSOR, *const c_char) -> i32;
/// A method of a cursor that takes another cursor and a place for the result.
type Comparing = unsafe extern "C" fn(*mut WT_CURSOR, *mut WT_CURSOR, *mut i32) -> i32;
/// `set_key` and `set_value`.
type Setting = unsafe extern "C" fn(*mut WT_CURSOR, ...);
/// `get_key` and `get_value`.
type Getting = unsafe extern "C" fn(*mut WT_CURSOR, ...) -> i32;

/// Methods that take nothing but the cursor.
macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* pub fn $name(&mut self) -> i32 { self.plain(|methods| methods.$name) })*
    };
}

impl Cursor {
    plain! {
        /// `reset`.
        reset;
        /// `search`.
        search;
        /// `next`.
        next;
        /// `prev`.
        prev;
        /// `insert`.
        insert;
        /// `update`.
        update;
        /// `remove`.
        remove;
        /// `reserve`.
        reserve;
        /// `largest_key`.
        largest_key;
    }

    pub(super) fn open(session: &Rc<RawSession>, uri: &CStr, config: Option<&CStr>) -> Result<Self, i32> {
        Cursor::open_raw(session, uri.as_ptr(), ptr::null_mut(), config, Kept::default())
    }

    pub(super) fn duplicate(session: &Rc<RawSession>, from: &Cursor) -> Result<Self, i32> {
        if !Rc::ptr_eq(&session.connection, &from.session.connection) {
            return Err(code::INVALID);
        }
        Cursor::open_raw(session, ptr::null(), from.as_ptr(), None, from.kept.clone())
    }

    fn open_raw(
        session: &Rc<RawSession>,
        uri: *const c_char,
        from: *mut WT_CURSOR,
        config: Option<&CStr>,
        kept: Kept,
    ) -> Result<Self, i32> {
        let pointer = session.as_ptr();
        let config = config.map_or(ptr::null(), CStr::as_ptr);
        let mut cursor: *mut WT_CURSOR = ptr::null_mut();
        // SAFETY: the session is open; the callers pass a terminated name or an open cursor of the same connection, of
        // which one is null; the pointer is written on success.
        let code = unsafe {
            match (*pointer).open_cursor {
                Some(method) => method(pointer, uri, from, config, &mut cursor),
                None => code::INVALID,
            }
        };
        match NonNull::new(cursor) {
            Some(cursor) if code == code::OK => {
                let session = Rc::clone(session);
                let mut opened = Cursor { cursor, session, kept, format: Format::Row, closed: false };
                opened.format = opened.read_format().ok_or(code::INVALID)?;
                Ok(opened)
            }
            _ => Err(code),
        }
    }

    /// What keys and values are set and got as: `u` are items, `r` is a number, `8t` a byte.
    fn read_format(&self) -> Option<Format> {
        // SAFETY: the cursor is open, and has its formats as terminated strings.
        let formats = unsafe {
            let cursor = self.cursor.as_ref();
            [cursor.key_format, cursor.value_format].map(|format| CStr::from_ptr(format).to_bytes())
        };
        match formats {
            [b"u", b"u"] => Some(Format::Row),
            [b"r", b"u"] => Some(Format::Variable),
            [b"r", b"8t"] => Some(Format::Fixed),
            _ => None,
        }
    }

    /// Closes the cursor and says what that answered.
    pub fn close(mut self) -> i32 {
        self.close_once()
    }

    fn close_once(&mut self) -> i32 {
        if std::mem::replace(&mut self.closed, true) {
            return code::OK;
        }
        self.plain(|methods| methods.close)
    }

    /// `set_key`. In a column store a key that is no number is taken for number 0.
    pub fn set_key(&mut self, key: &[u8]) {
        let number = record_number_of(key).unwrap_or(0);
        // SAFETY: the cursor is open, and keys of a column store are set as numbers of 64 bits.
        match unsafe { self.cursor.as_ref() }.set_key {
            Some(method) if self.format.is_column() => unsafe { method(self.as_ptr(), number) },
            _ => self.set(|methods| methods.set_key, key),
        }
    }

    /// `set_value`. In a fixed-length table a value is one byte.
    pub fn set_value(&mut self, value: &[u8]) {
        let byte = value.first().copied().unwrap_or(0);
        // SAFETY: the cursor is open, and values of a fixed-length table are set as small numbers.
        match unsafe { self.cursor.as_ref() }.set_value {
            Some(method) if self.format == Format::Fixed => unsafe { method(self.as_ptr(), i32::from(byte)) },
            _ => self.set(|methods| methods.set_value, value),
        }
    }

    /// `get_key`: only the code; the bytes are in the state.
    pub fn get_key(&mut self) -> i32 {
        match self.format {
            Format::Row => self.get(|methods| methods.get_key, WT_ITEM::default()),
            Format::Variable | Format::Fixed => self.get(|methods| methods.get_key, 0_u64),
        }
    }

    /// `get_value`: only the code; the bytes are in the state.
    pub fn get_value(&mut self) -> i32 {
        match self.format {
            Format::Row | Format::Variable => self.get(|methods| methods.get_value, WT_ITEM::default()),
            Format::Fixed => self.get(|methods| methods.get_value, 0_u8),
        }
    }

    /// `search_near`: the code and the sign of `exact`.
    pub fn search_near(&mut self) -> (i32, i32) {
        let cursor = self.as_ptr();
        let mut exact = 0;
        // SAFETY: the cursor is open, and the number is there to be written to.
        let code = unsafe {
            match (*cursor).search_near {
                Some(method) => method(cursor, &mut exact),
                None => code::INVALID,
            }
        };
        (code, exact.signum())
    }

    /// `modify`.
    pub fn modify(&mut self, changes: &[Change]) -> i32 {
        let entry = |change: &Change| WT_MODIFY { data: item(&change.data), offset: change.offset, size: change.size };
        let mut entries: Vec<WT_MODIFY> = changes.iter().map(entry).collect();
        let Ok(number) = i32::try_from(entries.len()) else { return code::INVALID };
        let cursor = self.as_ptr();
        // SAFETY: the cursor is open; there are as many entries as is said, and WiredTiger copies what they refer to.
        unsafe {
            match (*cursor).modify {
                Some(method) => method(cursor, entries.as_mut_ptr(), number),
                None => code::INVALID,
            }
        }
    }

    /// `compare`: the code and the sign of the result.
    pub fn compare(&self, other: &Cursor) -> (i32, i32) {
        self.comparing(|methods| methods.compare, other)
    }

    /// `equals`: the code and the result, 0 or 1.
    pub fn equals(&self, other: &Cursor) -> (i32, i32) {
        self.comparing(|methods| methods.equals, other)
    }

    /// `bound`.
    pub fn bound(&mut self, config: &CStr) -> i32 {
        self.configured(|methods| methods.bound, config)
    }

    /// `reconfigure`.
    pub fn reconfigure(&mut self, config: &CStr) -> i32 {
        self.configured(|methods| methods.reconfigure, config)
    }

    /// The key as it is.
    pub fn key(&self) -> Field {
        // SAFETY: the cursor is open until `self` is dropped.
        let cursor = unsafe { self.cursor.as_ref() };
        let number = cursor.recno.to_be_bytes();
        let numbered = item(&number);
        let key = if self.format.is_column() { &numbered } else { &cursor.key };
        self.field(key, WT_CURSTD_KEY_INT, WT_CURSTD_KEY_EXT)
    }

    /// The value as it is.
    pub fn value(&self) -> Field {
        // SAFETY: as above.
        let cursor = unsafe { self.cursor.as_ref() };
        self.field(&cursor.value, WT_CURSTD_VALUE_INT, WT_CURSTD_VALUE_EXT)
    }

    /// Copies a key or value out: what it refers to may change with the next call.
    fn field(&self, item: &WT_ITEM, internal: u64, external: u64) -> Field {
        // SAFETY: the cursor is open until `self` is dropped.
        let flags = unsafe { self.cursor.as_ref() }.flags;
        if flags & (internal | external) == 0 {
            return Field::Unset;
        }
        let bytes = if item.size == 0 || item.data.is_null() {
            Vec::new()
        } else {
            // SAFETY: what is flagged as set refers to as many bytes as it says: ours, which are kept, WiredTiger's
            // copy, or a record of the page that the cursor holds.
            unsafe { std::slice::from_raw_parts(item.data.cast::<u8>(), item.size) }.to_vec()
        };
        if flags & internal != 0 { Field::Internal(bytes) } else { Field::External(bytes) }
    }

    pub(super) fn as_ptr(&self) -> *mut WT_CURSOR {
        self.cursor.as_ptr()
    }

    /// Whether it is a cursor of the session.
    pub(super) fn is_of(&self, session: &Rc<RawSession>) -> bool {
        Rc::ptr_eq(&self.session, session)
    }

    fn plain(&mut self, method: fn(&WT_CURSOR) -> Option<Plain>) -> i32 {
        // SAFETY: the cursor is open until `self` is dropped.
        unsafe {
            match method(self.cursor.as_ref()) {
                Some(method) => method(self.as_ptr()),
                None => code::INVALID,
            }
        }
    }

    fn configured(&mut self, method: fn(&WT_CURSOR) -> Option<Configured>, config: &CStr) -> i32 {
        // SAFETY: the cursor is open until `self` is dropped, and the string is terminated.
        unsafe {
            match method(self.cursor.as_ref()) {
                Some(method) => method(self.as_ptr(), config.as_ptr()),
                None => code::INVALID,
            }
        }
    }

    fn comparing(&self, method: fn(&WT_CURSOR) -> Option<Comparing>, other: &Cursor) -> (i32, i32) {
        if !Rc::ptr_eq(&self.session.connection, &other.session.connection) {
            return (code::INVALID, 0);
        }
        let mut result = 0;
        // SAFETY: both cursors are open until they are dropped, and the number is there to be written to.
        let code = unsafe {
            match method(self.cursor.as_ref()) {
                Some(method) => method(self.as_ptr(), other.as_ptr(), &mut result),
                None => code::INVALID,
            }
        };
        (code, if code == code::OK { result.signum() } else { 0 })
    }

    fn set(&mut self, method: fn(&WT_CURSOR) -> Option<Setting>, bytes: &[u8]) {
        let bytes = self.kept.get_or_insert_with(bytes, |bytes| bytes.into());
        let item = item(bytes);
        // SAFETY: the cursor is open; the format is `u`, for which the argument is a pointer to an item; what that
        // refers to is kept.
        unsafe {
            if let Some(method) = method(self.cursor.as_ref()) {
                method(self.as_ptr(), &raw const item);
            }
        }
    }

    /// Has a key or a value written to `room`, which has to be of the type of its format: an item, a number or a byte.
    fn get<T>(&mut self, method: fn(&WT_CURSOR) -> Option<Getting>, mut room: T) -> i32 {
        // SAFETY: the cursor is open, and the callers have asked for its formats.
        unsafe {
            match method(self.cursor.as_ref()) {
                Some(method) => method(self.as_ptr(), &raw mut room),
                None => code::INVALID,
            }
        }
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        // Nobody can do anything about an error.
        self.close_once();
    }
}

/// An item that refers to `bytes`.
fn item(bytes: &[u8]) -> WT_ITEM {
    WT_ITEM { data: bytes.as_ptr().cast(), size: bytes.len(), ..WT_ITEM::default() }
}
