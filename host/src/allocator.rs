//! How the C library's allocator keeps memory.
//!
//! Each thread that finds others at work gets an arena of its own, up to eight a processor, and what is freed in
//! one is of no use to the others. A record is made by one thread and freed by another, so a host under load
//! held half as much memory again as it needed.
//!
//! One of this crate's three places with `unsafe`, because these are functions of the C library.

#![allow(unsafe_code)]

/// Half as many arenas as there are processors, unless the environment says another number (`MALLOC_ARENA_MAX`). To be
/// called before there are threads. Other C libraries are left as they are.
pub fn share() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let arenas = i32::try_from(processors / 2).unwrap_or(i32::MAX).max(1);
        // SAFETY: it sets a number of the allocator, which takes any; if it refuses, nothing has changed.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
    }
}

/// Gives memory that is free back to the system. Takes a millisecond or so, in which allocations wait: for after work that
/// takes much memory and seldom happens.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it touches nothing but memory that is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
