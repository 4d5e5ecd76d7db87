//! Sockets that std cannot open: a connect that does not wait.

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::check;

/// Starts a connection to 127.0.0.1:`port` without waiting for it.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
    // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
    let stream = TcpStream::from(unsafe { OwnedFd::from_raw_fd(fd) });
    stream.set_nodelay(true)?;
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: `address` is a valid sockaddr_in of the size given.
    let result = check(unsafe {
        libc::connect(
            stream.as_raw_fd(),
            (&raw const address).cast::<libc::sockaddr>(),
            size_of::<libc::sockaddr_in>() as libc::socklen_t,
        )
    });
    match result {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(stream),
    }
}

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
