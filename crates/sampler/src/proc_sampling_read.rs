//! What `/proc` tells of one thread: files that need no privilege, and some that may need one.

use std::fs::File;
use std::io::Read;

use crate::process::split_stat;

/// The longest of these files that is of use.
const MOST_BYTES: u64 = 8 << 10;
/// Deepest kernel stack taken.
const MOST_KERNEL_FRAMES: usize = 64;

/// Counters of the scheduler, which only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Nanoseconds on a CPU; of a running thread, as of the last tick.
    pub(crate) on_cpu_ns: i64,
    /// Nanoseconds of waiting for a CPU, ended waits only.
    pub(crate) runnable_ns: i64,
    /// How often it got a CPU.
    pub(crate) switches: i64,
}

impl Counters {
    /// What was added since `earlier`; `None` if this is less, and so another thread's.
    pub(crate) fn since(self, earlier: Self) -> Option<Self> {
        let since = Self {
            on_cpu_ns: self.on_cpu_ns - earlier.on_cpu_ns,
            runnable_ns: self.runnable_ns - earlier.runnable_ns,
            switches: self.switches - earlier.switches,
        };
        let is_later = since.on_cpu_ns >= 0 && since.runnable_ns >= 0 && since.switches >= 0;
        is_later.then_some(since)
    }
}

/// Name and state of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) name: String,
    /// The letter of `proc(5)`: R, S, D, T, Z and so on.
    pub(crate) state: char,
}

/// Where a thread waits, as far as that may be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Kernel functions, innermost first: the whole stack, or the wait channel alone.
    pub(crate) kernel: Vec<String>,
    /// The system call that it is in; empty where hidden.
    pub(crate) system_call: String,
}

/// The files of a thread.
pub(crate) struct ThreadFiles {
    folder: String,
}

impl ThreadFiles {
    pub(crate) fn new(pid: i32, tid: i32) -> Self {
        Self {
            folder: format!("/proc/{pid}/task/{tid}"),
        }
    }

    /// `None` if the thread ended, or the kernel keeps no such counters.
    pub(crate) fn counters(&self) -> Option<Counters> {
        parse_counters(&self.read("schedstat")?)
    }

    /// `None` if the thread ended.
    pub(crate) fn status(&self) -> Option<Status> {
        parse_status(&self.read("stat")?)
    }

    /// Where the thread waits; empty where that is hidden.
    pub(crate) fn place(&self) -> Place {
        let stack = self.read("stack").map(|text| parse_stack(&text));
        let stack = stack.filter(|frames| !frames.is_empty());
        let channel = || self.read("wchan").and_then(|text| parse_channel(&text));
        let system_call = self.read("syscall");
        Place {
            kernel: stack.unwrap_or_else(|| channel().into_iter().collect()),
            system_call: system_call.map_or_else(String::new, |text| parse_system_call(&text)),
        }
    }

    /// Whether the kernel tells where this thread waits.
    pub(crate) fn shows_places(&self) -> bool {
        self.read("syscall").is_some()
    }

    fn read(&self, name: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let file = File::open(format!("{}/{name}", self.folder)).ok()?;
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn parse_counters(text: &str) -> Option<Counters> {
    let mut numbers = text
        .split_ascii_whitespace()
        .map(|word| word.parse::<i64>());
    let mut next = || numbers.next()?.ok().filter(|&number| number >= 0);
    Some(Counters {
        on_cpu_ns: next()?,
        runnable_ns: next()?,
        switches: next()?,
    })
}

fn parse_status(text: &str) -> Option<Status> {
    let (head, fields) = split_stat(text)?;
    let (_, name) = head.split_once('(')?;
    Some(Status {
        name: name.to_owned(),
        state: fields.chars().next()?,
    })
}

fn parse_channel(text: &str) -> Option<String> {
    // A running thread waits nowhere, and what may not be seen looks the same.
    let name = text.trim();
    (!name.is_empty() && name != "0").then(|| name.to_owned())
}

/// Lines such as `[<0>] futex_wait_queue+0x5f/0x90`.
fn parse_stack(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let (_, place) = line.split_once("] ")?;
        let name = place.split_once('+').map_or(place, |(name, _)| name);
        (!name.is_empty()).then(|| name.to_owned())
    });
    names.take(MOST_KERNEL_FRAMES).collect()
}

/// The number of the call, its arguments, stack and instruction pointer; or `running`.
fn parse_system_call(text: &str) -> String {
    let number = text.split_ascii_whitespace().next();
    match number.and_then(|word| word.parse::<libc::c_long>().ok()) {
        None | Some(-1) => String::new(),
        Some(number) => {
            let name = CALLS.iter().find(|(call, _)| *call == number);
            name.map_or_else(
                || format!("system call {number}"),
                |(_, name)| (*name).to_owned(),
            )
        }
    }
}

/// Calls in which threads of services wait.
const CALLS: &[(libc::c_long, &str)] = &[
    (libc::SYS_futex, "futex"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll"),
    (libc::SYS_ppoll, "ppoll"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_select, "select"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_read, "read"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_write, "write"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_nanosleep, "nanosleep"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_pause, "pause"),
    (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_fdatasync, "fdatasync"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_io_getevents, "io_getevents"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_may_hold_what_separates_fields() {
        let status = Status {
            name: "a) S (b".to_owned(),
            state: 'D',
        };
        assert_eq!(parse_status("7 (a) S (b) D 1 2"), Some(status));
    }

    #[test]
    fn counters_are_three_numbers() {
        let counters = Counters {
            on_cpu_ns: 5,
            runnable_ns: 6,
            switches: 7,
        };
        assert_eq!(parse_counters("5 6 7\n"), Some(counters));
        assert_eq!(parse_counters("5 6"), None);
        assert_eq!(parse_counters("-5 6 7"), None);
    }

    #[test]
    fn places_are_named() {
        assert_eq!(parse_channel("do_poll"), Some("do_poll".to_owned()));
        assert_eq!(parse_channel("0"), None);
        let stack = "[<0>] do_poll.constprop.0+0x37/0x90\n[<0>] do_select+0x63a/0x930\n";
        assert_eq!(parse_stack(stack), ["do_poll.constprop.0", "do_select"]);
        let futex = format!("{} 0xfb 0x0", libc::SYS_futex);
        assert_eq!(parse_system_call(&futex), "futex");
        assert_eq!(parse_system_call("9999 0x0"), "system call 9999");
        assert_eq!(parse_system_call("running"), "");
        assert_eq!(parse_system_call("-1 0x7ffc 0x7f"), "");
    }

    #[test]
    fn this_thread_can_be_read() {
        let pid = std::process::id().cast_signed();
        let files = ThreadFiles::new(pid, pid);
        assert!(files.counters().is_some());
        assert!(files.status().is_some());
        assert_eq!(ThreadFiles::new(pid, i32::MAX).counters(), None);
    }

    proptest! {
        #[test]
        fn any_text_will_never_panic(text in "[\\x00-\\x7f]{0,80}|.{0,40}") {
            parse_counters(&text);
            parse_status(&text);
            parse_channel(&text);
            prop_assert!(parse_stack(&text).len() <= MOST_KERNEL_FRAMES);
            parse_system_call(&text);
        }
    }
}
