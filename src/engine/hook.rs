//! Stepping in: something else that happens in the middle of a call, at a place that the engine names.
//!
//! Without a hook a call only compares the place with none. With one the node is whole while it runs: the session whose
//! call it interrupts has been taken out, and what that session reads is known from its registration and from the
//! checkpoints that its cursors hold.

use super::node::Node;
use crate::backend::Point;
use send_wrapper::SendWrapper;
use std::fmt;

/// What is to happen.
pub type Action = Box<dyn FnOnce(&mut Node)>;

/// A node's hook. A node may go from one thread to another, what is to happen may not: it runs, and is taken back, on the
/// thread that set it.
#[derive(Default)]
pub(super) struct Hook(Option<SendWrapper<Action>>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hook(armed)" } else { "Hook(none)" })
    }
}

impl Node {
    /// Has `action` run once, when a call of this node next passes `point`. It may do to the node whatever it likes, but
    /// for calls of the session that it interrupts. Replaces a hook that has not run.
    pub fn arm(&mut self, point: Point, action: Action) {
        self.hook = Hook(Some(SendWrapper::new(action)));
        self.core.armed = Some(point);
    }

    /// Takes the hook back. Whether there was one that had not run.
    pub fn disarm(&mut self) -> bool {
        self.core.armed = None;
        self.hook.0.take().is_some()
    }

    /// Passes `point` outside a session's call.
    pub(super) fn pass(&mut self, point: Point) {
        if self.core.armed == Some(point) {
            self.step_in();
        }
    }

    /// Runs the hook.
    #[cold]
    pub(super) fn step_in(&mut self) {
        self.core.armed = None;
        if let Some(action) = self.hook.0.take() {
            action.take()(self);
        }
    }
}
