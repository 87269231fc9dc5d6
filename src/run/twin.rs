//! The twin: one more follower that makes every call, but picks up checkpoints, evicts and prunes at moments of its own,
//! or for a long time not at all. That must not show.

use super::lockstep::{Checked, Lockstep};
use super::observer::Observer;
use crate::backend::Backend;

/// What happens to the twin after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Adopt,
    Evict(u8),
    Prune,
    Nothing,
}

/// The twin's own schedule: the same for every program. One stretch of 64 steps out of four is quiet.
fn after(index: usize) -> Event {
    if index / 64 % 4 == 3 {
        return Event::Nothing;
    }
    match index.wrapping_mul(0x9e37_79b9) >> 8 & 31 {
        0 | 1 => Event::Adopt,
        2 => Event::Evict(30),
        3 => Event::Prune,
        _ => Event::Nothing,
    }
}

impl<O: Observer, B: Backend> Lockstep<'_, O, B> {
    /// What is due for the twin after the step that was just made.
    #[cold]
    pub(super) fn twin_event(&mut self, twin: usize) -> Checked<()> {
        match after(self.index) {
            Event::Nothing => return Ok(()),
            Event::Adopt => {
                // Whether it may is the twin's own affair: a refusal is as good as another moment.
                self.nodes.adopt(twin);
            }
            Event::Evict(percent) => self.nodes.evict(twin, percent),
            Event::Prune => self.nodes.prune(twin),
        }
        self.compare_all()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twin_has_moments_of_its_own() {
        let count = |event| (0..4096).filter(|&index| after(index) == event).count();
        for (event, at_least) in [(Event::Adopt, 100), (Event::Evict(30), 50), (Event::Prune, 50)] {
            assert!(count(event) >= at_least, "{event:?}: {}", count(event));
        }
        assert!((192..256).all(|index| after(index) == Event::Nothing));
    }
}
