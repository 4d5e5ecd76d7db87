//! The whole process: limits, locked memory, and its parent.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

fn limit(resource: libc::__rlimit_resource_t) -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid place for the answer.
    check(unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    Ok(limit)
}

fn set_limit(resource: libc::__rlimit_resource_t, limit: libc::rlimit) -> io::Result<()> {
    // SAFETY: `limit` is valid for the call.
    check(unsafe { libc::setrlimit(resource, &raw const limit) })?;
    Ok(())
}

/// Raises the number of open files to what is permitted and returns it.
pub(crate) fn raise_open_files() -> io::Result<u64> {
    let mut found = limit(libc::RLIMIT_NOFILE)?;
    found.rlim_cur = found.rlim_max;
    set_limit(libc::RLIMIT_NOFILE, found)?;
    Ok(found.rlim_cur)
}

/// Pages in memory as long as this lives: no page fault in the middle of a play.
pub(crate) struct LockedMemory;

impl LockedMemory {
    /// Locks what is mapped now, as far as it has been touched or will be; fails without the privilege or a
    /// sufficient limit. Memory that is only reserved stays free.
    pub(crate) fn now() -> io::Result<Self> {
        // SAFETY: no pointers are passed. Future mappings stay unlocked, so that no later
        // allocation can fail for lack of lockable memory.
        check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_ONFAULT) })?;
        Ok(Self)
    }
}

impl Drop for LockedMemory {
    fn drop(&mut self) {
        // SAFETY: takes no argument.
        unsafe { libc::munlockall() };
    }
}

extern "C" fn demote_this_thread(_: libc::c_int) {
    let ordinary = libc::sched_param { sched_priority: 0 };
    // SAFETY: one system call with a valid pointer, allowed in a signal handler.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const ordinary) };
}

/// The kernel's watchdog over real-time threads as long as this lives.
///
/// A real-time thread that computes for `longest_us` without once waiting gets SIGXCPU and falls back
/// to ordinary scheduling, whatever bug keeps it busy.
pub(crate) struct RealTimeWatchdog {
    limit: libc::rlimit,
    action: libc::sigaction,
}

impl RealTimeWatchdog {
    pub(crate) fn start(longest_us: u64) -> io::Result<Self> {
        let found = limit(libc::RLIMIT_RTTIME)?;
        let mut previous = empty_action();
        let mut action = empty_action();
        action.sa_sigaction = demote_this_thread as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: both pointers are valid; the handler makes one async-signal-safe call.
        check(unsafe { libc::sigaction(libc::SIGXCPU, &raw const action, &raw mut previous) })?;
        let watchdog = Self {
            limit: found,
            action: previous,
        };
        let lowered = libc::rlimit {
            // Well below the hard limit, at which the kernel kills instead of telling.
            rlim_cur: longest_us.min(found.rlim_max / 2),
            rlim_max: found.rlim_max,
        };
        set_limit(libc::RLIMIT_RTTIME, lowered)?;
        Ok(watchdog)
    }
}

impl Drop for RealTimeWatchdog {
    fn drop(&mut self) {
        // A limit that was permitted before is permitted again: the hard limit never changed.
        let _ = set_limit(libc::RLIMIT_RTTIME, self.limit);
        // SAFETY: puts back exactly the action that `start` found.
        unsafe { libc::sigaction(libc::SIGXCPU, &raw const self.action, std::ptr::null_mut()) };
    }
}

fn empty_action() -> libc::sigaction {
    // SAFETY: sigaction is plain numbers; all zeros is the default action with an empty mask.
    unsafe { std::mem::zeroed() }
}

/// Ends this process when its parent thread ends, by SIGKILL.
///
/// # Errors
/// When the parent is no longer `parent`: it died before the call.
pub fn die_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: this prctl option takes one integer.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) })?;
    if std::os::unix::process::parent_id() == parent {
        Ok(())
    } else {
        Err(io::Error::other("the parent process has ended"))
    }
}

/// A descriptor that becomes readable when another thread rings it.
#[derive(Debug)]
pub(crate) struct Bell {
    fd: OwnedFd,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    pub(crate) fn ring(&self) {
        let one = 1_u64;
        // SAFETY: eight bytes are read from `one`; a full counter is as good as a rung bell.
        unsafe { libc::write(self.fd.as_raw_fd(), (&raw const one).cast(), 8) };
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::clock::now_ns;
    use crate::sys::thread::{is_fifo, set_fifo};

    #[test]
    fn a_real_time_thread_that_never_waits_is_demoted() {
        let demoted = std::thread::spawn(|| {
            if set_fifo(1).is_err() {
                return true; // Not permitted here, so there is nothing to watch.
            }
            assert!(is_fifo());
            let _watchdog = RealTimeWatchdog::start(30_000).unwrap();
            let end = now_ns() + 3_000_000_000;
            while now_ns() < end && is_fifo() {}
            !is_fifo()
        });
        assert!(demoted.join().unwrap());
    }
}
