//! What this machine permits to be seen, found out by trying on this very process.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Serialize;

use crate::modes::{Events, Mode};
use crate::process::paranoid;
use crate::sys::{self, Attributes};

/// The outcome of one attempt.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Whether the kernel agreed.
    pub permitted: bool,
    /// What the kernel said if it did not.
    pub error: String,
}

/// One sampling mode, tried.
#[derive(Clone, Debug, Serialize)]
pub struct ModeTrial {
    /// Name of the mode.
    pub mode: String,
    /// Whether the kernel agreed.
    pub permitted: bool,
    /// What the kernel said if it did not.
    pub error: String,
    /// What this mode loses against the best.
    pub lost_note: String,
}

/// What can be sampled on this machine by this user.
#[derive(Clone, Debug, Serialize)]
pub struct Capability {
    /// `kernel.perf_event_paranoid`, or `unknown`.
    pub paranoid: String,
    /// Every mode, best first.
    pub modes: Vec<ModeTrial>,
    /// Hardware counters: CPU cycles of this process.
    pub hardware_counters: Trial,
    /// Scheduler events of all processes.
    pub tracepoints: Trial,
    /// Whether kernel functions can be named.
    pub kernel_names: bool,
}

impl From<io::Result<()>> for Trial {
    fn from(outcome: io::Result<()>) -> Self {
        Self {
            permitted: outcome.is_ok(),
            error: outcome
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default(),
        }
    }
}

/// Tries everything and reports what the kernel said.
#[must_use]
pub fn capability() -> Capability {
    Capability {
        paranoid: paranoid(),
        modes: Mode::ALL.into_iter().map(try_mode).collect(),
        hardware_counters: Trial::from(try_hardware()),
        tracepoints: Trial::from(try_tracepoint()),
        kernel_names: kernel_names_readable(),
    }
}

/// Whether `/proc/kallsyms` shows addresses rather than zeros.
pub(crate) fn kernel_names_readable() -> bool {
    let Ok(file) = fs::File::open("/proc/kallsyms") else {
        return false;
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok).take(10);
    lines
        .into_iter()
        .any(|line| !line.starts_with("0000000000000000"))
}

fn try_mode(mode: Mode) -> ModeTrial {
    let pid = std::process::id().cast_signed();
    let trial = Trial::from(Events::open_mode(mode, pid, 10_000_000).map(drop));
    ModeTrial {
        mode: mode.name().to_owned(),
        permitted: trial.permitted,
        error: trial.error,
        lost_note: mode.lost_note().to_owned(),
    }
}

fn try_hardware() -> io::Result<()> {
    let cycles = Attributes {
        kind: sys::KIND_HARDWARE,
        config: sys::HARDWARE_CPU_CYCLES,
        flags: sys::FLAG_DISABLED | sys::FLAG_EXCLUDE_KERNEL | sys::FLAG_EXCLUDE_HYPERVISOR,
        ..Attributes::default()
    };
    sys::open(&cycles, 0, -1)
        .map(drop)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT | libc::EOPNOTSUPP) => {
                io::Error::other("the machine has none, as most virtual machines")
            }
            _ => error,
        })
}

fn try_tracepoint() -> io::Result<()> {
    let switch = Attributes {
        kind: sys::KIND_TRACEPOINT,
        config: tracepoint_id("sched/sched_switch")?,
        flags: sys::FLAG_DISABLED,
        ..Attributes::default()
    };
    sys::open(&switch, -1, 0).map(drop)
}

/// The number of a tracepoint, from whichever tracing file system is mounted and readable.
fn tracepoint_id(name: &str) -> io::Result<u64> {
    let folders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    let read = |folder| fs::read_to_string(Path::new(folder).join("events").join(name).join("id"));
    let text = folders.into_iter().find_map(|folder| read(folder).ok());
    let text = text.ok_or_else(|| {
        io::Error::other("/sys/kernel/tracing is not mounted, or readable by root only")
    })?;
    text.trim().parse().map_err(io::Error::other)
}
