//! What this machine permits to be seen, found out by trying on this very process.

use std::fs;
use std::io::{self, BufRead, BufReader};

use serde::Serialize;

use crate::events::{Clock, Events, Wanted, Way};
use crate::modes::{Mode, OffCpu};
use crate::process::paranoid;
use crate::sys::{self, Attributes};
use crate::tracepoints;

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
    /// Every way to see time off the CPU, best first.
    pub off_cpu: Vec<ModeTrial>,
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
        off_cpu: OffCpu::ALL.into_iter().filter_map(try_off_cpu).collect(),
        hardware_counters: Trial::from(sys::try_cycles()),
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
    let wanted = Wanted {
        frequency_hz: 99,
        ..Wanted::default()
    };
    let way = Way {
        mode,
        off_cpu: None,
        clock: Clock::CpuClock,
    };
    trial(way, &wanted, mode.lost_note())
}

/// Off-CPU in the best mode that grants it; else what the last one said.
fn try_off_cpu(off_cpu: OffCpu) -> Option<ModeTrial> {
    let wanted = Wanted {
        off_cpu: true,
        ..Wanted::default()
    };
    let ways = Way::all(&wanted).into_iter();
    let mut last = None;
    for way in ways.filter(|way| way.off_cpu == Some(off_cpu)) {
        let outcome = trial(way, &wanted, off_cpu.lost_note(wanted.dwarf));
        if outcome.permitted {
            return Some(outcome);
        }
        last = Some(outcome);
    }
    last
}

fn trial(way: Way, wanted: &Wanted, lost_note: &str) -> ModeTrial {
    let pid = std::process::id().cast_signed();
    let trial = Trial::from(Events::open_way(way, pid, wanted).map(drop));
    ModeTrial {
        mode: way.name(wanted),
        permitted: trial.permitted,
        error: trial.error,
        lost_note: lost_note.to_owned(),
    }
}

fn try_tracepoint() -> io::Result<()> {
    let switch = Attributes {
        kind: sys::KIND_TRACEPOINT,
        config: tracepoints::id("sched/sched_switch")?,
        flags: sys::FLAG_DISABLED,
        ..Attributes::default()
    };
    sys::open(&switch, -1, 0).map(drop)
}
