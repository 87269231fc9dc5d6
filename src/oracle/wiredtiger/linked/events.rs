//! What WiredTiger says: messages of errors that nobody expects go to stderr, all others nowhere.
//!
//! Nothing may go to stdout, where WiredTiger would print by itself: a child process answers there.
#![allow(unsafe_code)]

use super::code;
use super::sys::{WT_EVENT_HANDLER, WT_SESSION};
use std::ffi::{CStr, c_char, c_int};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The handler that all connections are given.
static HANDLER: LazyLock<WT_EVENT_HANDLER> = LazyLock::new(|| WT_EVENT_HANDLER {
    handle_error: Some(on_error),
    handle_message: Some(on_message),
    ..WT_EVENT_HANDLER::default()
});

/// The last error message of the process, whoever caused it.
static LAST: Mutex<String> = Mutex::new(String::new());

/// The handler, as `wiredtiger_open` takes it. It is there for as long as the process is.
pub fn handler() -> *mut WT_EVENT_HANDLER {
    // WiredTiger only reads it; its C type has no way of saying so.
    (&raw const *HANDLER).cast_mut()
}

/// Takes the last error message, in one line; empty if there was none.
pub fn take_last() -> String {
    std::mem::take(&mut *LAST.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Called by WiredTiger from whichever thread met the error.
unsafe extern "C" fn on_error(
    _: *mut WT_EVENT_HANDLER,
    _: *mut WT_SESSION,
    error: c_int,
    message: *const c_char,
) -> c_int {
    if message.is_null() {
        return 0;
    }
    // SAFETY: WiredTiger passes a terminated string that it keeps until the handler returns.
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    if !code::is_ordinary(error) {
        eprintln!("{message}");
    }
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = message.into_owned();
    0
}

/// Progress and verbose messages are of no use here.
unsafe extern "C" fn on_message(_: *mut WT_EVENT_HANDLER, _: *mut WT_SESSION, _: *const c_char) -> c_int {
    0
}
