//! Clocks, all in ns.

use std::cell::Cell;

/// Returns CLOCK_MONOTONIC, the clock of every time in a recording.
#[inline]
pub(crate) fn now_ns() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// Returns CLOCK_REALTIME, the clock of the kernel's times of receipt.
pub(crate) fn wall_ns() -> u64 {
    read(libc::CLOCK_REALTIME)
}

/// How long the distance between two clocks is believed. While the real clock is slewed, by at most 0.05 %, it
/// changes by half a microsecond in this time.
const DISTANCE_NS: u64 = 1_000_000;

thread_local! {
    /// Real minus monotonic time, and until when on the real clock that is believed.
    static DISTANCE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Turns a reading of CLOCK_REALTIME of a moment ago into CLOCK_MONOTONIC, mostly without reading a clock; 0, no
/// reading, stays 0.
#[inline]
pub(crate) fn monotonic_of_real(real_ns: u64) -> u64 {
    if real_ns == 0 {
        return 0;
    }
    let (mut distance_ns, until_ns) = DISTANCE.get();
    if real_ns >= until_ns || real_ns + 2 * DISTANCE_NS < until_ns {
        let real_now = read(libc::CLOCK_REALTIME);
        distance_ns = real_now.saturating_sub(now_ns());
        DISTANCE.set((distance_ns, real_now + DISTANCE_NS));
    }
    real_ns.saturating_sub(distance_ns)
}

/// Returns the CPU time of the calling thread.
pub(crate) fn thread_cpu_ns() -> u64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

#[inline]
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for one timespec; these clocks always exist on Linux.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Sleeps until the absolute time `until_ns` of CLOCK_MONOTONIC; a signal may end it early.
pub(crate) fn sleep_until(until_ns: u64) {
    let time = timespec(until_ns);
    // SAFETY: `time` is valid for the call and no remainder is asked for.
    unsafe {
        libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &raw const time,
            std::ptr::null_mut(),
        )
    };
}

/// Splits ns into the C type.
pub(crate) const fn timespec(ns: u64) -> libc::timespec {
    libc::timespec {
        tv_sec: (ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (ns % 1_000_000_000) as libc::c_long,
    }
}
