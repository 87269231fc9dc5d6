//! What WiredTiger says: messages of errors that nobody expects go to stderr, all others nowhere.
//!
//! Nothing may go to stdout, where WiredTiger would print by itself: a child process answers there.
#![allow(unsafe_code)]

use super::code;
use super::sys::{WT_EVENT_HANDLER, WT_SESSION};
use std::ffi::{CStr, c_char, c_int};
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The handler that all connections are given.
static HANDLER: LazyLock<WT_EVENT_HANDLER> = LazyLock::new(|| WT_EVENT_HANDLER {
    handle_error: Some(on_error),
    handle_message: Some(on_message),
    ..WT_EVENT_HANDLER::default()
});

/// The last error message of the process, whoever caused it, and whether it was printed.
static LAST: Mutex<(String, bool)> = Mutex::new((String::new(), true));
/// How many callers want to print messages themselves.
static HELD: AtomicUsize = AtomicUsize::new(0);
/// What the message says with which WiredTiger aborts. Why it does is in the one before.
const ABORT: &str = "aborting WiredTiger";

/// The handler, as `wiredtiger_open` takes it. It is there for as long as the process is.
pub fn handler() -> *mut WT_EVENT_HANDLER {
    // WiredTiger only reads it; its C type has no way of saying so.
    (&raw const *HANDLER).cast_mut()
}

/// Takes the last error message, in one line; empty if there was none.
pub fn take_last() -> String {
    std::mem::take(&mut LAST.lock().unwrap_or_else(PoisonError::into_inner).0)
}

/// Calls `refused`, whose errors are reported by the caller with the last message, and prints none.
pub fn hold<T>(refused: impl FnOnce() -> T) -> T {
    HELD.fetch_add(1, Ordering::Relaxed);
    take_last();
    let answer = refused();
    HELD.fetch_sub(1, Ordering::Relaxed);
    answer
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
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if message.contains(ABORT) && !last.1 {
        print(&last.0);
    }
    let news = !code::is_ordinary(error) && HELD.load(Ordering::Relaxed) == 0;
    if news {
        print(&message);
    }
    *last = (message, news);
    0
}

/// Not by `eprintln!`: what that says in a test is lost if WiredTiger aborts then.
fn print(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Progress and verbose messages are of no use here.
unsafe extern "C" fn on_message(_: *mut WT_EVENT_HANDLER, _: *mut WT_SESSION, _: *const c_char) -> c_int {
    0
}
