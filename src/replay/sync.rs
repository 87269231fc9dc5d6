//! What threads share and wait with: the real thing, or shuttle's, which tries one order of events after the other.
//!
//! `make test-schedules` compiles the tests with `--cfg shuttle`. Then only what [`super::threads`] does is scheduled; a
//! store's own lock is never waited for, as shuttle runs one thread at a time and changes it only here.

#[cfg(not(all(test, shuttle)))]
mod real {
    pub use crate::patience::lock;
    pub use parking_lot::{Condvar, Mutex, MutexGuard};
    pub use std::thread;

    /// Waits until there is news.
    pub fn wait<'a, T>(news: &Condvar, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        news.wait(&mut guard);
        guard
    }

    /// What was shared, when nobody shares it any more.
    pub fn into_inner<T>(mutex: Mutex<T>) -> T {
        mutex.into_inner()
    }
}

#[cfg(all(test, shuttle))]
mod real {
    pub use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub use shuttle::thread;

    pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("nobody panicked")
    }

    pub fn wait<'a, T>(news: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        news.wait(guard).expect("nobody panicked")
    }

    pub fn into_inner<T>(mutex: Mutex<T>) -> T {
        mutex.into_inner().expect("nobody panicked")
    }
}

pub use real::{Condvar, Mutex, into_inner, lock, thread, wait};
