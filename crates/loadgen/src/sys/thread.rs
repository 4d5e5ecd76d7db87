//! The calling thread: its CPU, its priority and what it consumed.

use std::io;

use super::check;

fn this_thread() -> libc::pid_t {
    // SAFETY: takes no argument and cannot fail.
    unsafe { libc::gettid() }
}

/// Binds the thread to one CPU.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: an all-zero cpu_set_t is the empty set; `cpu` is below its size.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        set
    };
    // SAFETY: `set` is valid and its size is given.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) })?;
    Ok(())
}

fn set_policy(thread: libc::pid_t, policy: libc::c_int, priority: libc::c_int) -> io::Result<()> {
    let parameter = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: `parameter` is valid for the call.
    check(unsafe { libc::sched_setscheduler(thread, policy, &raw const parameter) })?;
    Ok(())
}

/// Gives the thread real-time priority: it runs at once when it wakes.
pub(crate) fn set_fifo(priority: i32) -> io::Result<()> {
    set_policy(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, priority)
}

/// Whether the thread has real-time priority.
pub(crate) fn is_fifo() -> bool {
    // SAFETY: no pointers are passed; for the calling thread it cannot fail.
    let policy = unsafe { libc::sched_getscheduler(0) };
    policy & !libc::SCHED_RESET_ON_FORK == libc::SCHED_FIFO
}

/// Gives the thread ordinary scheduling.
pub(crate) fn set_ordinary() -> io::Result<()> {
    set_policy(0, libc::SCHED_OTHER, 0)
}

/// Lets the thread run only where nothing else wants to.
pub(crate) fn set_idle() -> io::Result<()> {
    set_policy(0, libc::SCHED_IDLE, 0)
}

/// Sets the nice value of the thread, -20 (first) to 19.
pub(crate) fn set_nice(nice: i32) -> io::Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, this_thread() as libc::id_t, nice) })?;
    Ok(())
}

/// Returns the nice value of the thread.
pub(crate) fn nice() -> i32 {
    // SAFETY: no pointers are passed; for an existing thread it cannot fail.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, this_thread() as libc::id_t) }
}

/// Asks for timers of the thread to be as exact as they can be; no effect under real-time priority.
pub(crate) fn set_timer_slack(ns: u64) -> io::Result<()> {
    // SAFETY: this prctl option takes one integer.
    check(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, ns as libc::c_ulong) })?;
    Ok(())
}

/// What sched_setattr takes (sched_setattr(2)).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    /// Under ordinary scheduling the length of a time slice, since Linux 6.12.
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

/// Asks for short time slices: under ordinary scheduling a thread that wants little at a time is served sooner.
pub(crate) fn set_slice(ns: u64) -> io::Result<()> {
    let attributes = Attributes {
        size: size_of::<Attributes>() as u32,
        policy: libc::SCHED_OTHER as u32,
        nice: nice(),
        runtime_ns: ns,
        ..Attributes::default()
    };
    // SAFETY: the kernel reads `size` bytes of `attributes`, which is that long.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    check(result as libc::c_int)?;
    Ok(())
}

/// What a thread consumed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu_ns: u64,
    pub(crate) involuntary_switches: u64,
    /// Runnable but not running; 0 where the kernel does not tell.
    pub(crate) run_delay_ns: u64,
}

impl Usage {
    /// What was consumed since `before`.
    pub(crate) const fn since(&self, before: &Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns - before.cpu_ns,
            involuntary_switches: self.involuntary_switches - before.involuntary_switches,
            run_delay_ns: self.run_delay_ns - before.run_delay_ns,
        }
    }
}

/// Returns how often the thread was taken off its CPU so far.
pub(crate) fn involuntary_switches() -> u64 {
    // SAFETY: rusage is plain numbers, for which all zeros is a value; the pointer is valid.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage
    };
    usage.ru_nivcsw as u64
}

/// Returns what the thread consumed so far.
pub(crate) fn usage() -> Usage {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let run_delay = schedstat.split_whitespace().nth(1);
    Usage {
        cpu_ns: super::clock::thread_cpu_ns(),
        involuntary_switches: involuntary_switches(),
        run_delay_ns: run_delay.and_then(|text| text.parse().ok()).unwrap_or(0),
    }
}
