//! The page log that nodes of disaggregated storage share.
#![allow(unsafe_code)]

use super::code;
use super::connection::{Connection, RawConnection};
use super::session::Session;
use super::sys::{WT_ITEM, WT_PAGE_LOG};
use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// A reference to a page log, given back when it is dropped.
pub struct PageLog {
    page_log: NonNull<WT_PAGE_LOG>,
    /// Page logs live as long as the connection that has loaded them.
    connection: Rc<RawConnection>,
}

unsafe extern "C" {
    /// The extension allocates what it answers with by the C library.
    fn free(memory: *mut c_void);
}

impl Connection {
    /// `get_page_log`.
    pub fn page_log(&self, name: &CStr) -> Result<PageLog, i32> {
        let connection = self.raw().as_ptr();
        let mut page_log: *mut WT_PAGE_LOG = ptr::null_mut();
        // SAFETY: the connection is open, the name is terminated, and the pointer is written on success.
        let code = unsafe {
            match (*connection).get_page_log {
                Some(method) => method(connection, name.as_ptr(), &mut page_log),
                None => code::INVALID,
            }
        };
        match NonNull::new(page_log) {
            Some(page_log) if code == code::OK => Ok(PageLog { page_log, connection: Rc::clone(self.raw()) }),
            _ => Err(code),
        }
    }
}

impl PageLog {
    /// `pl_get_complete_checkpoint_ext`: what a follower needs to know to pick up the newest complete checkpoint.
    pub fn complete_checkpoint(&self, session: &Session) -> Result<Vec<u8>, i32> {
        if !Rc::ptr_eq(&session.raw().connection, &self.connection) {
            return Err(code::INVALID);
        }
        let page_log = self.page_log.as_ptr();
        let [mut lsn, mut id, mut timestamp] = [0; 3];
        let mut metadata = WT_ITEM::default();
        // SAFETY: the page log is there as long as the connection, the session is open, and the numbers and the item
        // are there to be written to.
        let code = unsafe {
            match (*page_log).pl_get_complete_checkpoint_ext {
                Some(method) => {
                    method(page_log, session.raw().as_ptr(), &mut lsn, &mut id, &mut timestamp, &mut metadata)
                }
                None => code::INVALID,
            }
        };
        let bytes = if metadata.data.is_null() {
            Vec::new()
        } else {
            // SAFETY: the item refers to as many bytes as it says.
            unsafe { std::slice::from_raw_parts(metadata.data.cast::<u8>(), metadata.size) }.to_vec()
        };
        // SAFETY: the memory is the caller's, who is done with it; it may be null.
        unsafe { free(metadata.mem) };
        if code == code::OK { Ok(bytes) } else { Err(code) }
    }
}

impl Drop for PageLog {
    fn drop(&mut self) {
        let page_log = self.page_log.as_ptr();
        // SAFETY: this is the reference that `get_page_log` counted; the connection keeps another one.
        unsafe {
            if let Some(method) = (*page_log).terminate {
                method(page_log, ptr::null_mut());
            }
        }
    }
}
