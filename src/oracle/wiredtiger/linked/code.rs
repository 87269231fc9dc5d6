//! Return codes as the C API has them: 0, an `errno`, or one of WiredTiger's own below -31800.
#![allow(unsafe_code)]

use super::sys;
use std::ffi::CStr;
use std::sync::{Mutex, PoisonError};

/// Success.
pub const OK: i32 = 0;
/// `EINVAL`: what the wrapper itself answers to what would be undefined.
pub const INVALID: i32 = 22;
/// `EBUSY`.
pub const BUSY: i32 = 16;
/// `WT_PANIC`: nothing works on the connection any more.
pub const PANIC: i32 = sys::WT_PANIC;
/// Codes of `errno` that applications have to reckon with: `ENOENT`, `EBUSY`, `EINVAL`, `ENOTSUP`.
const ERRNO: [i32; 4] = [2, BUSY, INVALID, 95];

/// Who asks what a code is called: the answer may be in a buffer that the process has once.
static ASKING: Mutex<()> = Mutex::new(());

/// Whether an application has to reckon with the code, so that it is no news.
pub fn is_ordinary(code: i32) -> bool {
    let own = [sys::WT_NOTFOUND, sys::WT_ROLLBACK, sys::WT_DUPLICATE_KEY, sys::WT_PREPARE_CONFLICT];
    ERRNO.contains(&code) || own.contains(&code)
}

/// What WiredTiger calls a code.
pub fn describe(code: i32) -> String {
    let _one_at_a_time = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: it takes any number, and answers with a string that is there until it is asked again.
    let text = unsafe { CStr::from_ptr(sys::wiredtiger_strerror(code)) };
    text.to_string_lossy().into_owned()
}
