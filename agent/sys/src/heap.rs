//! The process' heap: small, and given back.
//!
//! Invariant: nothing here changes what a program does, only how much memory it keeps. On systems with another allocator than
//! glibc's both calls do nothing.
//!
//! Not here: how much the process uses (see `usage`).

/// Blocks from this size on are mapped by themselves and go back to the system when they are freed. glibc starts with 128 KiB
/// but raises that to the largest block it ever freed, after which a report's buffers would stay in the heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAP_FROM: i32 = 64 * 1024;

/// Free memory kept at the end of the heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEEP_FREE: i32 = 64 * 1024;

/// Settles for one heap for all threads. To be called first, while there is one thread.
pub fn be_small() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: mallopt only sets numbers of the allocator; it takes its lock itself.
    unsafe {
        // The agent has two threads that allocate, seldom at once: an arena for each would only be memory.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAP_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEEP_FREE);
    }
}

/// Gives free pages back to the system. Costs a walk over the heap: for the end of something large.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: malloc_trim touches only memory that nobody owns, under the allocator's lock.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_owned_survives() {
        super::be_small();
        let kept: Vec<Vec<u8>> = (0..64_u8).map(|byte| vec![byte; 10_000]).collect();
        drop(vec![1_u8; 1 << 20]);
        super::give_back();
        assert!(
            kept.iter()
                .zip(0..)
                .all(|(one, byte)| one.iter().all(|own| *own == byte))
        );
    }
}
