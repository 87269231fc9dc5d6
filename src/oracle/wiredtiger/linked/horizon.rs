//! What all sessions of a connection are done with: WiredTiger finds that out only now and then, and refuses until then
//! to drop a table with changes. Evicting a changed page makes it look.

use super::connection::Connection;
use super::cursor::Cursor;
use super::session::Session;
use super::code;
use std::ffi::CStr;

/// A table of one record, to be changed and evicted.
pub struct Horizon {
    writer: Cursor,
    evicting: Cursor,
}

const TABLE: &CStr = c"table:horizon";
const KEY: &[u8] = b"k";

impl Horizon {
    /// Creates the table.
    pub fn new(connection: &Connection) -> Result<Self, i32> {
        let session: Session = connection.open_session(c"")?;
        match session.create(TABLE, c"key_format=u,value_format=u,log=(enabled=false)") {
            code::OK => (),
            code => return Err(code),
        }
        let writer = session.open_cursor(TABLE, None)?;
        // In another session: a page that its own session has changed in this transaction stays.
        let evicting = connection.open_session(c"")?.open_cursor(TABLE, Some(c"debug=(release_evict)"))?;
        Ok(Horizon { writer, evicting })
    }

    /// Makes WiredTiger look. If it cannot, that shows in the next drop.
    pub fn advance(&mut self) {
        self.writer.set_key(KEY);
        self.writer.set_value(KEY);
        if self.writer.insert() != code::OK {
            return;
        }
        self.evicting.set_key(KEY);
        self.evicting.search();
        self.evicting.reset();
    }
}
