//! The system calls of the engine, each behind a safe function. The only unsafe code of the crate.
#![allow(unsafe_code)] // Reason: epoll, scheduling classes and memory locking have no safe wrapper in std.

pub(crate) mod clock;
pub(crate) mod epoll;
pub(crate) mod process;
pub(crate) mod shared;
pub(crate) mod socket;
pub(crate) mod stamp;
pub(crate) mod thread;
pub(crate) mod timer;

use std::io;

/// Turns the C convention of a negative result into an error.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
