//! Pipes written without waiting.

use std::io::Write;
use std::os::fd::{BorrowedFd, RawFd};

/// Writes `line` to a pipe that a reader may have stopped reading: all of it, or nothing.
///
/// A pipe that polls writable takes PIPE_BUF bytes at once, so a shorter line never blocks.
pub(crate) fn write_line_if_room(fd: RawFd, line: &[u8]) -> bool {
    let mut watched = libc::pollfd {
        fd,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one pollfd, alive through the call.
    let ready = unsafe { libc::poll(&raw mut watched, 1, 0) };
    if ready != 1 || watched.revents & libc::POLLOUT == 0 || line.len() > libc::PIPE_BUF {
        return false;
    }
    // SAFETY: the caller of the crate gave this descriptor to write events to and keeps it open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed
        .try_clone_to_owned()
        .is_ok_and(|owned| std::fs::File::from(owned).write_all(line).is_ok())
}
