//! Takes a lock that is held for moments only: looks a while whether it is free, and goes to sleep after that.
//!
//! To fall asleep and be woken takes a thread longer than others hold such a lock, and while it does the next one comes.

use parking_lot::{Mutex, MutexGuard};

/// How often a thread looks: some dozen microseconds.
const LOOKS: u32 = 3000;

/// Locks a mutex.
#[inline]
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..LOOKS {
        // To ask whether it is free leaves its holder alone, to try for it does not.
        if !mutex.is_locked()
            && let Some(guard) = mutex.try_lock()
        {
            return guard;
        }
        std::hint::spin_loop();
    }
    mutex.lock()
}
