//! Readiness with time-outs of nanosecond resolution.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use super::check;
use super::clock::timespec;

const CAPACITY: usize = 256;
const EDGES: libc::c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;

/// What happened to one descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) token: u64,
    /// Something to read, or the end of the stream.
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer closed its side, or the descriptor failed.
    pub(crate) closed: bool,
}

/// Room for the events of one wait.
pub(crate) struct Events {
    buffer: Box<[libc::epoll_event; CAPACITY]>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            buffer: Box::new([libc::epoll_event { events: 0, u64: 0 }; CAPACITY]),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Event {
        let raw = self.buffer[index];
        let has = |flags: libc::c_int| raw.events & flags as u32 != 0;
        Event {
            token: raw.u64,
            readable: has(libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
            writable: has(libc::EPOLLOUT),
            closed: has(libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
        }
    }
}

/// An epoll instance; descriptors are watched edge-triggered for everything, once.
pub(crate) struct Epoll {
    fd: OwnedFd,
    /// Whether epoll_pwait2 works here; kernels before 5.11 and some sandboxes refuse it.
    precise: AtomicBool,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
            precise: AtomicBool::new(true),
        })
    }

    /// Watches `source` for reading, writing and closing. Dropping the descriptor ends the watch.
    pub(crate) fn watch(&self, source: &impl AsFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, source, token, EDGES)
    }

    /// Reports anew whatever `source`, which is watched, is ready for.
    pub(crate) fn watch_again(&self, source: &impl AsFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, source, token, EDGES)
    }

    /// Watches `source` for reading, reporting again as long as there is something to read.
    pub(crate) fn watch_level(&self, source: &impl AsFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, source, token, libc::EPOLLIN)
    }

    fn control(
        &self,
        operation: libc::c_int,
        source: &impl AsFd,
        token: u64,
        flags: libc::c_int,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: flags as u32,
            u64: token,
        };
        let fd = source.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open and `event` is valid for the call.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), operation, fd, &raw mut event) })?;
        Ok(())
    }

    /// Waits at most `timeout_ns` and returns the number of events; a signal ends the wait with 0.
    pub(crate) fn wait(&self, events: &mut Events, timeout_ns: u64) -> io::Result<usize> {
        if timeout_ns == 0 {
            return self.poll(events);
        }
        if self.precise.load(Ordering::Relaxed) {
            match self.wait_precisely(events, timeout_ns) {
                Err(error) if refused(&error) => self.precise.store(false, Ordering::Relaxed),
                result => return result,
            }
        }
        self.wait_by_poll(timeout_ns)?;
        self.poll(events)
    }

    /// Returns what is ready now.
    pub(crate) fn poll(&self, events: &mut Events) -> io::Result<usize> {
        // SAFETY: the buffer holds CAPACITY events and lives through the call.
        let result = unsafe {
            libc::epoll_wait(
                self.fd.as_raw_fd(),
                events.buffer.as_mut_ptr(),
                CAPACITY as libc::c_int,
                0,
            )
        };
        settle(check(result))
    }

    fn wait_precisely(&self, events: &mut Events, timeout_ns: u64) -> io::Result<usize> {
        let timeout = timespec(timeout_ns);
        // SAFETY: the arguments are those of epoll_pwait2(2); the buffer holds CAPACITY events, the
        // timespec lives through the call, and no signal mask is given.
        let result = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.fd.as_raw_fd(),
                events.buffer.as_mut_ptr(),
                CAPACITY as libc::c_int,
                &raw const timeout,
                std::ptr::null::<libc::sigset_t>(),
                0_usize,
            )
        };
        settle(check(result as libc::c_int))
    }

    /// An epoll descriptor can itself be polled, and ppoll counts nanoseconds everywhere.
    fn wait_by_poll(&self, timeout_ns: u64) -> io::Result<()> {
        let timeout = timespec(timeout_ns);
        let mut watched = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd and one timespec, both alive through the call, and no signal mask.
        let result = check(unsafe {
            libc::ppoll(&raw mut watched, 1, &raw const timeout, std::ptr::null())
        });
        match result {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }
}

fn refused(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

fn settle(result: io::Result<libc::c_int>) -> io::Result<usize> {
    match result {
        Ok(count) => Ok(count as usize),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) => Err(error),
    }
}
