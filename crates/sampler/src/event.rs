//! What the processor and the kernel count of threads, by the names that perf gives it.

use std::fs;

use crate::sys;

/// Something that can be counted, or of which each so many can be sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub(crate) kind: u32,
    pub(crate) config: u64,
    name: &'static str,
    /// What its values are called in a profile.
    noun: &'static str,
}

/// An event of which one in `period` is sampled with its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The event.
    pub event: Event,
    /// At least 1: each one.
    pub period: u64,
}

impl Sampled {
    /// What the values of a sample are: how often the event happened; before that, where one in many is sampled, that
    /// one was.
    pub(crate) fn value_types(&self) -> Vec<(&'static str, &'static str)> {
        let happened = (self.event.noun, "count");
        match self.period {
            0 | 1 => vec![happened],
            _ => vec![("samples", "count"), happened],
        }
    }

    /// The values of one sample.
    pub(crate) fn values(&self) -> Vec<i64> {
        match self.period {
            0 | 1 => vec![1],
            _ => vec![1, i64::try_from(self.period).unwrap_or(i64::MAX)],
        }
    }
}

impl Event {
    /// Cycles in which threads ran.
    pub const CYCLES: Self = Self::hardware(sys::HARDWARE_CPU_CYCLES, "cycles", "cycles");
    /// Instructions that were carried out.
    pub const INSTRUCTIONS: Self = Self::hardware(1, "instructions", "instructions");
    /// Misses of the cache that the processor's driver chose: on Intel the last one, on AMD (since Zen) the second, on
    /// Arm the first.
    pub const CACHE_MISSES: Self = Self::hardware(3, "cache-misses", "misses");
    /// Cycles in which nothing could go on for want of data or units; many processors do not tell.
    pub const STALLED: Self = Self::hardware(8, "stalled-cycles-backend", "cycles");
    /// CPU nanoseconds, by the kernel's clock.
    pub const TASK_CLOCK: Self = Self::software(1, "task-clock", "nanoseconds");
    /// Pages that were not there.
    pub const PAGE_FAULTS: Self = Self::software(2, "page-faults", "faults");
    /// Threads that left a CPU; they do so in the kernel, so without its part there are none.
    pub const CONTEXT_SWITCHES: Self = Self::software(3, "context-switches", "switches");

    const ALL: [Self; 7] = [
        Self::CYCLES,
        Self::INSTRUCTIONS,
        Self::CACHE_MISSES,
        Self::STALLED,
        Self::TASK_CLOCK,
        Self::PAGE_FAULTS,
        Self::CONTEXT_SWITCHES,
    ];

    const fn hardware(config: u64, name: &'static str, noun: &'static str) -> Self {
        Self {
            kind: sys::KIND_HARDWARE,
            config,
            name,
            noun,
        }
    }

    const fn software(config: u64, name: &'static str, noun: &'static str) -> Self {
        Self {
            kind: sys::KIND_SOFTWARE,
            config,
            name,
            noun,
        }
    }

    /// The event of a name; `None` for a name that is not known here.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name == name)
    }

    /// Its name, as perf has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The numbers to open it by for a thread on any CPU: several where kinds of cores have counters of their own.
    pub(crate) fn configs(self) -> Vec<u64> {
        match self.kind {
            sys::KIND_HARDWARE => on_units(self.config, &core_units()),
            _ => vec![self.config],
        }
    }
}

/// A unit's number goes above the event's; without any, the kernel takes the only one, or that of the first kind of cores.
fn on_units(config: u64, units: &[u64]) -> Vec<u64> {
    match units {
        [] | [_] => vec![config],
        _ => units.iter().map(|unit| unit << 32 | config).collect(),
    }
}

/// Numbers of the units that count on cores: where there are several, each counts on its kind of cores only.
fn core_units() -> Vec<u64> {
    let devices = fs::read_dir("/sys/bus/event_source/devices");
    let folders = devices.into_iter().flatten().flatten();
    folders
        .map(|device| device.path())
        .filter(|folder| folder.join("cpus").exists())
        .filter_map(|folder| {
            let number = fs::read_to_string(folder.join("type")).ok()?;
            number.trim().parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_found_by_its_name() {
        for event in Event::ALL {
            assert_eq!(Event::named(event.name()), Some(event));
        }
        assert_eq!(Event::named("branch-misses"), None);
    }

    #[test]
    fn two_kinds_of_cores_take_two_numbers() {
        assert_eq!(on_units(3, &[]), [3]);
        assert_eq!(on_units(3, &[4]), [3]);
        assert_eq!(on_units(3, &[4, 10]), [4 << 32 | 3, 10 << 32 | 3]);
    }

    #[test]
    fn software_is_the_same_on_all_cores() {
        assert_eq!(Event::PAGE_FAULTS.configs(), [2]);
    }
}
