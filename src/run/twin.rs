//! The twin: one more follower that makes every call, but to which physical events happen at moments of its own: some steps
//! after they happened to the others, some steps before (it may pick up a checkpoint as soon as that is there), or never.
//! That must not show.

use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use crate::backend::Backend;

/// What happens to the twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It picks up the newest checkpoint.
    Adopt,
    /// It evicts a share of its ingest tables, in percent.
    Evict(u8),
    /// It prunes.
    Prune,
}

impl Event {
    /// Which kind of event, from 0.
    fn kind(self) -> usize {
        match self {
            Event::Adopt => 0,
            Event::Evict(_) => 1,
            Event::Prune => 2,
        }
    }
}

/// How many steps after the others an event of a kind happens to the twin, by turns; `None`: never.
const DELAYS: [Option<usize>; 7] = [Some(2), None, Some(1), Some(5), Some(0), Some(9), Some(3)];

/// What is still to happen to the twin.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// With the step after which it happens, in the order in which it was asked for.
    due: Vec<(usize, Event)>,
    /// How many events of each kind there were.
    events: [usize; 3],
}

impl Schedule {
    /// An event that happened to the others at step `index`, or that may happen from now on.
    fn add(&mut self, index: usize, event: Event) {
        let count = &mut self.events[event.kind()];
        if let Some(delay) = DELAYS[*count % DELAYS.len()] {
            self.due.push((index + delay, event));
        }
        *count += 1;
    }

    /// Takes out what is due by step `index`.
    fn take(&mut self, index: usize) -> Vec<Event> {
        let mut now = Vec::new();
        self.due.retain(|&(due, event)| {
            if due <= index {
                now.push(event);
            }
            due > index
        });
        now
    }
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// Something happened to the others, and happens to the twin later.
    pub(super) fn twin_later(&mut self, event: Event) {
        if self.twin.is_some() {
            self.schedule.add(self.index, event);
        }
    }

    /// What is due for the twin after the step that was just made.
    #[cold]
    pub(super) fn twin_events(&mut self) -> Checked<()> {
        let Some(twin) = self.nodes.twin() else { return Ok(()) };
        for event in self.schedule.take(self.index) {
            match event {
                Event::Adopt => {
                    // Whether it may is the twin's own affair: a refusal is as good as another moment.
                    self.nodes.adopt(twin);
                }
                Event::Evict(percent) => self.nodes.evict(twin, percent),
                Event::Prune => self.nodes.prune(twin),
            }
            self.compare_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twin_is_late_by_turns_or_for_ever() {
        let mut schedule = Schedule::default();
        schedule.add(10, Event::Adopt);
        schedule.add(10, Event::Adopt);
        schedule.add(11, Event::Evict(5));
        assert_eq!(schedule.take(11), []);
        assert_eq!(schedule.take(12), [Event::Adopt]);
        assert_eq!(schedule.take(1000), [Event::Evict(5)], "what comes second never comes");
    }
}
