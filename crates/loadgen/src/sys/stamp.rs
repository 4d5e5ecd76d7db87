//! Reading with the kernel's time of receipt.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use super::check;

/// Room for one timespec as ancillary data, aligned as the kernel's header asks.
const CONTROL_WORDS: usize = 8;

/// Asks for the time of receipt (SO_TIMESTAMPNS) of all that comes on `stream`.
pub(crate) fn enable(stream: &TcpStream) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option takes one int, which lives through the call.
    check(unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })?;
    Ok(())
}

/// Reads once; returns the number of bytes and when the last of them were received, in ns of
/// CLOCK_REALTIME, or 0 where it was not asked for.
pub(crate) fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, u64)> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut piece = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: msghdr is plain numbers and pointers, for which all zeros is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    // SAFETY: `message` describes two buffers with their true sizes, alive through the call.
    let count = unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut message, 0) };
    if count < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((count as usize, stamp_of(&message)))
}

fn stamp_of(message: &libc::msghdr) -> u64 {
    // SAFETY: `message` was filled by recvmsg and its control buffer is alive; the macros stay within it.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        if header.is_null()
            || (*header).cmsg_level != libc::SOL_SOCKET
            || (*header).cmsg_type != libc::SCM_TIMESTAMPNS
        {
            return 0;
        }
        let time: libc::timespec = libc::CMSG_DATA(header)
            .cast::<libc::timespec>()
            .read_unaligned();
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}
