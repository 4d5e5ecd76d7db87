//! Reading with the kernel's time of receipt.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use super::check;

/// Room for one timespec as ancillary data, aligned as the kernel's header asks.
const CONTROL_WORDS: usize = 8;

/// Asks for the time of receipt (SO_TIMESTAMPNS) of all that comes on `stream`.
pub(crate) fn enable(stream: &impl AsFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option takes one int, which lives through the call.
    check(unsafe {
        libc::setsockopt(
            stream.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })?;
    Ok(())
}

/// Keeps the kernel noting times as long as it lives: it begins to only a moment after the first socket asks.
pub(crate) struct Stamping(#[expect(dead_code, reason = "it works by being open")] UdpSocket);

impl Stamping {
    pub(crate) fn begin() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        enable(&socket)?;
        Ok(Self(socket))
    }
}

/// Reads once; returns the number of bytes and when the last of them were received, in ns of
/// CLOCK_REALTIME, or 0 where it was not asked for.
pub(crate) fn receive(stream: &impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, u64)> {
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
    let count = unsafe { libc::recvmsg(stream.as_fd().as_raw_fd(), &raw mut message, 0) };
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;
    use crate::sys::clock::{monotonic_of_real, now_ns};

    #[test]
    fn the_kernel_tells_when_bytes_arrived() {
        let _stamping = Stamping::begin().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        enable(&client).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        std::thread::sleep(Duration::from_millis(50)); // By then it has begun.
        let before = now_ns();
        server.write_all(b"hello").unwrap();
        while client.peek(&mut [0; 8]).unwrap() < 5 {}
        let after = now_ns();
        std::thread::sleep(Duration::from_millis(20));
        let mut buffer = [0; 8];
        let (count, received_ns) = receive(&client, &mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"hello");
        let arrived_ns = monotonic_of_real(received_ns);
        // A clock that is being adjusted, and two readings of it, may be some microseconds off.
        assert!(arrived_ns + 1_000_000 > before && arrived_ns < after + 1_000_000);
    }
}
