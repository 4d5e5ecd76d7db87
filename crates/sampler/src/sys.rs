//! The system calls: opening events, switching them, and reading their rings.

// perf_event_open, its ioctls and its shared ring have no safe wrapper in std.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// `struct perf_event_attr` up to and including version 5 of its size.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) kind: u32,
    pub(crate) size: u32,
    pub(crate) config: u64,
    pub(crate) sample_period: u64,
    pub(crate) sample_type: u64,
    pub(crate) read_format: u64,
    pub(crate) flags: u64,
    pub(crate) wakeup: u32,
    pub(crate) breakpoint_type: u32,
    pub(crate) config1: u64,
    pub(crate) config2: u64,
    pub(crate) branch_sample_type: u64,
    pub(crate) sample_regs_user: u64,
    pub(crate) sample_stack_user: u32,
    pub(crate) clock_id: i32,
    pub(crate) sample_regs_interrupted: u64,
    pub(crate) aux_watermark: u32,
    pub(crate) sample_max_stack: u16,
    pub(crate) reserved: u16,
}

pub(crate) const KIND_HARDWARE: u32 = 0;
pub(crate) const KIND_SOFTWARE: u32 = 1;
pub(crate) const KIND_TRACEPOINT: u32 = 2;
pub(crate) const HARDWARE_CPU_CYCLES: u64 = 0;
pub(crate) const SOFTWARE_CPU_CLOCK: u64 = 0;
/// Counts nothing; it carries the records of mappings and processes.
pub(crate) const SOFTWARE_DUMMY: u64 = 9;

/// A count is read with the time in which threads ran, and that in which it had a counter.
pub(crate) const READ_TIMES: u64 = 1 | 1 << 1;

pub(crate) const SAMPLE_TID: u64 = 1 << 1;
pub(crate) const SAMPLE_TIME: u64 = 1 << 2;
pub(crate) const SAMPLE_CALLCHAIN: u64 = 1 << 5;
pub(crate) const SAMPLE_CPU: u64 = 1 << 7;
pub(crate) const SAMPLE_RAW: u64 = 1 << 10;
/// The number of the event comes first in samples, and last in other records.
pub(crate) const SAMPLE_IDENTIFIER: u64 = 1 << 16;

/// Registers and a copy of the stack, as they were in user space.
pub(crate) const SAMPLE_REGS_USER: u64 = 1 << 12;
pub(crate) const SAMPLE_STACK_USER: u64 = 1 << 13;

pub(crate) const FLAG_DISABLED: u64 = 1;
pub(crate) const FLAG_INHERIT: u64 = 1 << 1;
pub(crate) const FLAG_EXCLUDE_KERNEL: u64 = 1 << 5;
pub(crate) const FLAG_EXCLUDE_HYPERVISOR: u64 = 1 << 6;
pub(crate) const FLAG_EXCLUDE_IDLE: u64 = 1 << 7;
pub(crate) const FLAG_MMAP: u64 = 1 << 8;
pub(crate) const FLAG_COMM: u64 = 1 << 9;
pub(crate) const FLAG_TASK: u64 = 1 << 13;
pub(crate) const FLAG_WATERMARK: u64 = 1 << 14;
/// Records other than samples end with the fields that identify a sample, the time among them.
pub(crate) const FLAG_SAMPLE_ID_ALL: u64 = 1 << 18;
pub(crate) const FLAG_EXCLUDE_CALLCHAIN_KERNEL: u64 = 1 << 21;
pub(crate) const FLAG_MMAP2: u64 = 1 << 23;
pub(crate) const FLAG_COMM_EXEC: u64 = 1 << 24;
pub(crate) const FLAG_USE_CLOCK_ID: u64 = 1 << 25;
/// Records whenever a thread comes to a CPU or leaves it.
pub(crate) const FLAG_CONTEXT_SWITCH: u64 = 1 << 26;

const OPEN_CLOSE_ON_EXEC: libc::c_ulong = 8;
const IOCTL_ENABLE: libc::Ioctl = 0x2400;
const IOCTL_DISABLE: libc::Ioctl = 0x2401;
const IOCTL_SET_OUTPUT: libc::Ioctl = 0x2405;
const IOCTL_SET_FILTER: libc::Ioctl = 0x4008_2406;
const IOCTL_ID: libc::Ioctl = 0x8008_2407u32 as libc::Ioctl;
/// Offsets in `struct perf_event_mmap_page`.
const DATA_HEAD: usize = 1024;
const DATA_TAIL: usize = 1032;

/// Opens an event for a thread (-1: all) on a CPU (-1: any).
pub(crate) fn open(attributes: &Attributes, tid: i32, cpu: i32) -> io::Result<OwnedFd> {
    let attributes = Attributes {
        size: size_of::<Attributes>() as u32,
        ..*attributes
    };
    // SAFETY: the kernel reads `size` bytes from the pointer, which is a live value of that size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            tid,
            cpu,
            -1,
            OPEN_CLOSE_ON_EXEC,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just returned this descriptor, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Whether hardware cycles can sample this process.
///
/// # Errors
/// What the kernel said if they cannot.
pub(crate) fn try_cycles() -> io::Result<()> {
    let cycles = Attributes {
        kind: KIND_HARDWARE,
        config: HARDWARE_CPU_CYCLES,
        sample_period: 10_000_000,
        flags: FLAG_DISABLED | FLAG_EXCLUDE_KERNEL | FLAG_EXCLUDE_HYPERVISOR,
        ..Attributes::default()
    };
    open(&cycles, 0, -1)
        .map(drop)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT | libc::EOPNOTSUPP) => {
                io::Error::other("the machine has none, as most virtual machines")
            }
            _ => error,
        })
}

/// Starts an event, with all its inherited copies.
pub(crate) fn enable(event: &OwnedFd) -> io::Result<()> {
    control(event, IOCTL_ENABLE, 0)
}

/// Stops an event, with all its inherited copies.
pub(crate) fn disable(event: &OwnedFd) -> io::Result<()> {
    control(event, IOCTL_DISABLE, 0)
}

/// Lets an event write into the ring of another on the same CPU.
pub(crate) fn redirect(event: &OwnedFd, owner: &OwnedFd) -> io::Result<()> {
    control(event, IOCTL_SET_OUTPUT, owner.as_raw_fd())
}

/// Lets a tracepoint record only what a condition over its fields accepts.
pub(crate) fn filter(event: &OwnedFd, condition: &CStr) -> io::Result<()> {
    // SAFETY: the kernel reads a string that ends with a zero from a live pointer.
    let outcome = unsafe { libc::ioctl(event.as_raw_fd(), IOCTL_SET_FILTER, condition.as_ptr()) };
    checked(outcome)
}

/// Reads an event that was opened with [`READ_TIMES`], with all its inherited copies: how often it happened, and the
/// nanoseconds in which it was on, and in which it had a counter.
pub(crate) fn read_count(event: &OwnedFd) -> io::Result<[u64; 3]> {
    let mut values = [0u64; 3];
    let size = size_of_val(&values);
    // SAFETY: the kernel writes at most `size` bytes to a live array of that size.
    let length = unsafe { libc::read(event.as_raw_fd(), values.as_mut_ptr().cast(), size) };
    match usize::try_from(length) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(length) if length < size => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(values),
    }
}

/// The number by which the records of an event name it.
pub(crate) fn number(event: &OwnedFd) -> io::Result<u64> {
    let mut number = 0u64;
    // SAFETY: the kernel writes one u64 to a live one.
    checked(unsafe { libc::ioctl(event.as_raw_fd(), IOCTL_ID, &raw mut number) })?;
    Ok(number)
}

fn checked(outcome: libc::c_int) -> io::Result<()> {
    if outcome < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn control(event: &OwnedFd, request: libc::Ioctl, argument: i32) -> io::Result<()> {
    // SAFETY: these requests take an integer and touch no memory of ours.
    checked(unsafe { libc::ioctl(event.as_raw_fd(), request, argument) })
}

/// As many open files as the hard limit allows as long as this lives; then the limit is as before, so
/// that programs started later do not inherit it.
///
/// Each thread needs an event on each CPU, and while those are open every other file gets a number
/// above them.
pub(crate) struct ManyFiles(Option<libc::rlimit>);

impl ManyFiles {
    pub(crate) fn permit() -> Self {
        let mut found = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the pointer is to a live rlimit, which the call fills.
        if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut found) } != 0 {
            return Self(None);
        }
        let raised = libc::rlimit {
            rlim_cur: found.rlim_max,
            ..found
        };
        // SAFETY: the pointer is to a live rlimit; a soft limit at the hard one is always allowed.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) };
        Self(Some(found))
    }
}

impl Drop for ManyFiles {
    fn drop(&mut self) {
        if let Some(limit) = &self.0 {
            // SAFETY: the pointer is to a live rlimit with the values that were found.
            unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const *limit) };
        }
    }
}

/// Nanoseconds of CLOCK_MONOTONIC, the clock of all time stamps.
pub(crate) fn monotonic_ns() -> i64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// UTC nanoseconds, for people; 0 where the clock stands before 1970.
pub(crate) fn utc_ns() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(0)
}

/// CPU nanoseconds that this thread has used.
pub(crate) fn thread_cpu_ns() -> i64 {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn clock_ns(clock: libc::clockid_t) -> i64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live timespec; both clocks always exist.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Puts this thread before ordinary ones, if that is permitted: rings that are emptied late lose records.
pub(crate) fn be_prompt() {
    // SAFETY: the call takes integers; on Linux 0 means the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -10) };
}

fn page_size() -> usize {
    // SAFETY: sysconf has no preconditions.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096) as usize
}

/// The ring that the kernel fills and this process empties: one page of control, then data.
pub(crate) struct Ring {
    base: NonNull<u8>,
    page: usize,
    data: usize,
}

// SAFETY: the mapping is owned by this value alone, and any thread may read it.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps a ring for an event: of `bytes` (a power of two), or less where the user's limit on locked
    /// memory is lower.
    pub(crate) fn map(event: &OwnedFd, bytes: usize) -> io::Result<Self> {
        let page = page_size();
        let mut pages = bytes / page;
        loop {
            match Self::map_pages(event, page, pages) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && pages > 8 => {
                    pages /= 2
                }
                outcome => return outcome,
            }
        }
    }

    fn map_pages(event: &OwnedFd, page: usize, pages: usize) -> io::Result<Self> {
        let data = page * pages;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice; the descriptor is open.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                page + data,
                protection,
                libc::MAP_SHARED,
                event.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { base, page, data })
    }

    /// Appends all whole records written so far to `out` and frees their room. Returns which share of
    /// the ring they took.
    pub(crate) fn drain(&mut self, out: &mut Vec<u8>) -> f64 {
        let head = self.control(DATA_HEAD).load(Ordering::Acquire);
        let tail = self.control(DATA_TAIL).load(Ordering::Relaxed);
        let length = head.wrapping_sub(tail).min(self.data as u64) as usize;
        let start = (tail % self.data as u64) as usize;
        let first = length.min(self.data - start);
        // SAFETY: both parts lie inside the data area; the kernel does not write between tail and
        // head before the tail moves, which happens below.
        unsafe {
            let data = self.base.as_ptr().add(self.page);
            out.extend_from_slice(std::slice::from_raw_parts(data.add(start), first));
            out.extend_from_slice(std::slice::from_raw_parts(data, length - first));
        }
        self.control(DATA_TAIL).store(head, Ordering::Release);
        length as f64 / self.data as f64
    }

    fn control(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: the control page is mapped as long as self lives, the fields are 8-aligned and
        // shared with the kernel, which accesses them atomically.
        unsafe { AtomicU64::from_ptr(self.base.as_ptr().add(offset).cast()) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: exactly the range that was mapped; nothing borrows from it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.page + self.data) };
    }
}
