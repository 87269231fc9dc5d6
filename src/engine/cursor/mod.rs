//! The cursor that applications hold: key, value, place, bounds, configuration.
//!
//! Plain and layered tables share it, and with it every rule about what a call leaves behind: `effect` is the one
//! table of effects, `read` and `write` decide which of its rows applies, `access` reaches into the table's data.
//! `append` and `fixed` are what column stores have of their own.

pub mod access;
pub mod append;
pub mod bounds;
pub mod effect;
pub mod fixed;
pub mod modify;
pub mod read;
pub mod write;

use super::core::TableId;
use super::layered::merge::Merge;
use super::node::Node;
use super::txn::Txn;
use crate::backend::{Code, CursorConfig, Direction, Field, Format, Key, Point, Reply, Side, record_number_of};
use bounds::Bounds;

/// A cursor.
#[derive(Debug)]
pub struct Cursor {
    /// Its table.
    pub table: TableId,
    /// Its configuration.
    pub config: CursorConfig,
    /// How the table keeps its records.
    pub format: Format,
    /// When it was opened, in the session's order.
    pub opened: u64,
    key: Field,
    value: Field,
    placed: bool,
    /// Where it stands if that is not what its key says: see [`Cursor::place`].
    place: Key,
    /// It stands before a prepared update, which a walk in this direction could not pass.
    stalled: Option<Direction>,
    bounds: Bounds,
    merge: Merge,
}

/// What a cursor's operation works on besides the cursor: the node, and its session's part of the state.
pub struct Ctx<'a> {
    /// The node, without the session itself.
    pub node: &'a mut Node,
    /// The session's transaction.
    pub txn: &'a mut Txn,
    /// The session's number.
    pub session: usize,
    /// How many cursors of the session hold a place.
    pub placed: &'a mut u32,
}

impl Ctx<'_> {
    /// Passes a place at which somebody may have asked to step in.
    #[inline]
    pub fn pass(&mut self, point: Point) {
        if self.is_armed(point) {
            self.node.step_in();
        }
    }

    /// Whether somebody has asked to step in at `point`.
    #[inline]
    pub fn is_armed(&self, point: Point) -> bool {
        self.node.core.armed == Some(point)
    }

    /// Makes sure that a read has its snapshot.
    #[inline]
    pub fn ensure_snapshot(&mut self) {
        self.node.core.ensure_snapshot(self.session, self.txn);
    }

    /// Takes a new snapshot in place of the one that is held.
    pub fn renew_snapshot(&mut self) {
        self.node.core.take_snapshot(self.session, self.txn);
    }

    /// Lets a loose snapshot go when no cursor of the session holds a place any more.
    #[inline]
    pub fn release_loose_snapshot(&mut self) {
        if *self.placed == 0 && self.txn.has_snapshot && self.txn.snapshot_is_loose() {
            self.node.core.release_snapshot(self.session, self.txn);
        }
    }
}

impl Cursor {
    /// A cursor that stands nowhere, on a table of that format.
    pub fn new(table: TableId, format: Format, config: CursorConfig, opened: u64) -> Self {
        Cursor {
            table,
            config: CursorConfig { append: config.append && format.is_column(), ..config },
            format,
            opened,
            key: Field::Unset,
            value: Field::Unset,
            placed: false,
            place: Key::EMPTY,
            stalled: None,
            bounds: Bounds::default(),
            merge: Merge::default(),
        }
    }

    /// The reply to a call that was just fine and left the cursor as it is now.
    pub fn state(&self) -> Reply {
        Reply { key: self.key.clone(), value: self.value.clone(), placed: self.placed, ..Reply::code(Code::Ok) }
    }

    /// Whether `reply` carries the state that the cursor is in.
    #[inline]
    pub fn shows(&self, reply: &Reply) -> bool {
        self.key == reply.key && self.value == reply.value && self.placed == reply.placed
    }

    /// Whether the cursor holds a place, and so its session's snapshot.
    pub fn is_placed(&self) -> bool {
        self.placed
    }

    /// The key's state.
    pub fn key(&self) -> &Field {
        &self.key
    }

    /// The value's state.
    pub fn value(&self) -> &Field {
        &self.value
    }

    /// `set_key`. An empty key is refused, and in a column store all that is no record number.
    pub fn set_key(&mut self, key: &Key) -> Code {
        if key.is_empty() || (self.format.is_column() && record_number_of(key).is_none()) {
            return Code::Invalid;
        }
        if let Field::Internal(place) = std::mem::replace(&mut self.key, Field::External(key.clone())) {
            self.place = place;
        }
        Code::Ok
    }

    /// Where the cursor stands, if it is placed: at the record that its key refers to, or referred to until another
    /// key was set.
    fn place(&self) -> &Key {
        match &self.key {
            Field::Internal(key) => key,
            Field::External(_) | Field::Unset => &self.place,
        }
    }

    /// `set_value`. In a fixed-length table all but one byte is refused.
    pub fn set_value(&mut self, value: &Key) -> Code {
        if self.format == Format::Fixed && value.len() != 1 {
            return Code::Invalid;
        }
        self.value = Field::External(value.clone());
        Code::Ok
    }

    /// `bound(action=set)`: needs a key, and a cursor that stands nowhere.
    pub fn set_bound(&mut self, side: Side, inclusive: bool) -> Code {
        match self.key.get() {
            Some(key) if !self.placed => {
                let key = key.clone();
                if self.bounds.set(side, &key, inclusive) { Code::Ok } else { Code::Invalid }
            }
            _ => Code::Invalid,
        }
    }

    /// `bound(action=clear)`.
    pub fn clear_bounds(&mut self) -> Code {
        self.bounds = Bounds::default();
        self.merge.distrust(); // what was the end of the walk no longer is
        Code::Ok
    }

    /// `reset` as the application calls it: bounds go, too.
    pub fn reset(&mut self, ctx: &mut Ctx<'_>) -> Code {
        self.reset_keeping_bounds(ctx);
        self.clear_bounds()
    }

    /// `reconfigure(overwrite=)`.
    pub fn reconfigure(&mut self, ctx: &mut Ctx<'_>, overwrite: bool) -> Code {
        self.reset_keeping_bounds(ctx);
        self.config.overwrite = overwrite;
        Code::Ok
    }
}
