//! Sockets and pipes used without waiting.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{BorrowedFd, RawFd};

use socket2::{Domain, Socket, Type};

/// Starts a connection to `address` without waiting for it.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking().cloexec(),
        None,
    )?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
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
