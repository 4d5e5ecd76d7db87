//! Opening the events that a request needs, in the best mode that works.

use std::collections::HashSet;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use crate::error::SampleError;
use crate::event::Sampled;
use crate::family::Family;
use crate::making::Programs;
use crate::modes::{Mode, OffCpu};
use crate::process::{family, online_cpus, paranoid, threads};
use crate::programs;
use crate::records::Kind;
use crate::sources::Sources;
use crate::spare::Spare;
use crate::sys::{self, Attributes, ManyFiles, Ring};
use crate::tracepoints::{self, Layouts};

const NS_PER_S: u64 = 1_000_000_000;
/// Bytes of a ring: 100 ms of samples at 4 kHz with the deepest stacks.
const RING: usize = 512 << 10;
/// The same where every context switch is recorded, 100 ms of 160,000 per second on one CPU, or samples come
/// with copies of the stack, 100 ms at 1 kHz.
const RING_LARGE: usize = 4 << 20;
/// Bound on the rings of all CPUs.
const ALL_RINGS: usize = 256 << 20;

/// Bytes of stack copied with a sample. Of the stacks of a small search service, 32 KiB hold all, 16 KiB
/// 90 % and 8 KiB 2 %; a kilobyte more costs the sampler 0.08 % of a CPU at 999 Hz.
const COPY_BYTES: u32 = 32 << 10;
/// The same where a thread leaves its CPU or another event happens, which is more often: enough to get out of
/// libraries without frame pointers, from where frame pointers go on.
const COPY_BYTES_SWITCH: u32 = 4 << 10;
/// The same where only callers of Go functions without a frame are looked for.
const COPY_BYTES_TOP: u32 = 64;

/// What to sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// On-CPU samples per second of CPU time, up to 100,000; 0: none.
    pub frequency_hz: u32,
    /// States of threads, and stacks at which they left the CPU.
    pub off_cpu: bool,
    /// Stacks at which an event happened.
    pub event: Option<Sampled>,
    /// Callers of code without frame pointers, from copies of the stack. At 1 kHz that costs the service 1 %
    /// more of its CPU time and the sampler 3 % of a CPU.
    pub dwarf: bool,
    /// All processes rather than one with its descendants.
    pub whole_machine: bool,
}

impl Wanted {
    pub(crate) fn period_ns(&self) -> u64 {
        NS_PER_S / u64::from(self.frequency_hz.max(1))
    }
}

/// What counts CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Hardware cycles, which also tick where the kernel holds back interrupts; so many are a millisecond.
    Cycles { per_ms: u64 },
    /// The kernel's timer.
    CpuClock,
}

impl Clock {
    /// Hardware cycles where there are any that can sample.
    pub(crate) fn best() -> Self {
        match (sys::try_cycles(), cycles_per_ms()) {
            (Ok(()), Some(per_ms)) => Self::Cycles { per_ms },
            _ => Self::CpuClock,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cycles { .. } => "perf cycles",
            Self::CpuClock => "perf cpu-clock",
        }
    }

    /// Kind, number and period of the event.
    fn event(self, period_ns: u64) -> (u32, u64, u64) {
        match self {
            Self::Cycles { per_ms } => {
                let period = (period_ns.saturating_mul(per_ms) / 1_000_000).max(1);
                (sys::KIND_HARDWARE, sys::HARDWARE_CPU_CYCLES, period)
            }
            Self::CpuClock => (sys::KIND_SOFTWARE, sys::SOFTWARE_CPU_CLOCK, period_ns),
        }
    }
}

/// The nominal clock of the processor, which is its number of MHz times a thousand.
fn cycles_per_ms() -> Option<u64> {
    let base = fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/base_frequency");
    if let Some(khz) = base.ok().and_then(|text| text.trim().parse().ok()) {
        return Some(khz);
    }
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("cpu MHz"))?;
    let mhz: f64 = line.split_once(':')?.1.trim().parse().ok()?;
    Some((mhz * 1e3) as u64)
}

/// A choice among the ways to sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) mode: Mode,
    pub(crate) off_cpu: Option<OffCpu>,
    pub(crate) clock: Clock,
}

impl Way {
    /// All ways to sample what is wanted, best first.
    pub(crate) fn all(wanted: &Wanted) -> Vec<Self> {
        let clock = Clock::best();
        let modes = Mode::ALL
            .into_iter()
            .filter(|&mode| mode == Mode::EveryCpu || !wanted.whole_machine);
        modes
            .flat_map(|mode| Self::in_mode(mode, wanted, clock))
            .collect()
    }

    /// All ways in one mode, best first.
    pub(crate) fn in_mode(mode: Mode, wanted: &Wanted, clock: Clock) -> Vec<Self> {
        let (programs, events) = (Some(OffCpu::Programs), Some(OffCpu::Tracepoints));
        let records = Some(OffCpu::SwitchRecords);
        let off_cpu: &[Option<OffCpu>] = match (wanted.off_cpu, mode) {
            (false, _) => &[None],
            // Wake-ups, and the thread that comes, are seen on every CPU or not at all. Only events copy stacks, but
            // they need tracefs, which many machines do not mount.
            (true, Mode::EveryCpu) if wanted.dwarf => &[events, programs, records],
            (true, Mode::EveryCpu) => &[programs, events, records],
            (true, _) => &[records],
        };
        let way = |&off_cpu| Self {
            mode,
            off_cpu,
            clock,
        };
        off_cpu.iter().map(way).collect()
    }

    /// The way in words.
    pub(crate) fn name(&self, wanted: &Wanted) -> String {
        let clock = match wanted.frequency_hz {
            0 => "perf",
            _ => self.clock.name(),
        };
        let mut name = format!("{clock} {}", self.mode.name());
        if let Some(off_cpu) = self.off_cpu {
            name = format!("{name}; {}", off_cpu.name());
        }
        name
    }
}

/// A power of two.
fn ring_bytes(way: Way, wanted: &Wanted) -> usize {
    if way.off_cpu.is_none() && !wanted.dwarf {
        return RING;
    }
    let share = ALL_RINGS / online_cpus().len().next_power_of_two();
    share.clamp(RING, RING_LARGE)
}

/// Open events with their rings, one a CPU.
pub(crate) struct Events {
    pub(crate) way: Way,
    pub(crate) layouts: Option<Layouts>,
    pub(crate) sources: Sources,
    events: Vec<OwnedFd>,
    pub(crate) programs: Option<Programs>,
    cpus: Vec<i32>,
    ring_bytes: usize,
    /// Behind the events, so that it outlives them.
    many_files: Option<ManyFiles>,
}

impl Events {
    /// Opens the first way that works, disabled.
    pub(crate) fn open(pid: i32, wanted: &Wanted, ways: &[Way]) -> Result<Self, SampleError> {
        let mut tried: Vec<String> = Vec::new();
        for &way in ways {
            match Self::open_way(way, pid, wanted) {
                Ok(events) => return Ok(events),
                Err(error) => tried.push(error.to_string()),
            }
        }
        tried.dedup();
        if threads(pid).is_empty() {
            return Err(SampleError::NoProcess(pid));
        }
        Err(SampleError::NotPermitted {
            pid,
            paranoid: paranoid(),
            said: tried.join("; "),
        })
    }

    /// Opens events in one way, disabled.
    pub(crate) fn open_way(way: Way, pid: i32, wanted: &Wanted) -> io::Result<Self> {
        let mut events = Self {
            way,
            layouts: None,
            sources: Sources::default(),
            programs: None,
            events: Vec::new(),
            cpus: online_cpus(),
            ring_bytes: ring_bytes(way, wanted),
            many_files: None,
        };
        let plan = events.plan(wanted);
        match way.mode {
            Mode::EveryCpu => events.open_plan(-1, &plan)?,
            Mode::PerThread | Mode::PerThreadUserOnly => {
                events.many_files = Some(ManyFiles::permit());
                events.open_threads(pid, &plan)?;
            }
        }
        match way.off_cpu {
            Some(OffCpu::Programs) => {
                let (programs, rings) = programs::load(wanted.whole_machine, events.ring_bytes)?;
                events.programs = Some(programs);
                events.sources.programs = Some(rings);
            }
            Some(OffCpu::Tracepoints) => {
                events.open_tracepoints(wanted)?;
                // Events do not tell who wakes a thread; where programs may not either, it stays unknown.
                let wakers = programs::load_wakers(wanted.whole_machine, events.ring_bytes).ok();
                (events.programs, events.sources.programs) = wakers.unzip();
            }
            Some(OffCpu::SwitchRecords) | None => {}
        }
        Ok(events)
    }

    pub(crate) fn enable(&mut self) -> io::Result<()> {
        self.events.iter().try_for_each(sys::enable)?;
        self.programs.as_mut().map_or(Ok(()), Programs::attach)
    }

    /// Tells the programs which processes to watch; they have to be enabled.
    pub(crate) fn watch(&self, family: &Family) -> io::Result<()> {
        let programs = self.programs.as_ref();
        programs.map_or(Ok(()), |programs| programs.watch(family))
    }

    /// Stops and closes the events; what the rings hold can still be read.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.programs = None;
        let events = std::mem::take(&mut self.events);
        let disabled = events.iter().try_for_each(sys::disable);
        drop(events);
        self.many_files = None;
        disabled
    }

    /// The events that any mode has. The first one carries the records of mappings, processes and switches.
    fn plan(&self, wanted: &Wanted) -> Vec<(Kind, Attributes)> {
        let mut first = match wanted.frequency_hz {
            0 => self.attributes(Kind::Side, sys::KIND_SOFTWARE, sys::SOFTWARE_DUMMY, 1),
            _ => {
                let (kind, number, period) = self.way.clock.event(wanted.period_ns());
                let records = if wanted.dwarf {
                    Kind::CpuWithStack
                } else {
                    Kind::Cpu
                };
                self.attributes(records, kind, number, period)
            }
        };
        first.1.flags |= sys::FLAG_EXCLUDE_IDLE
            | sys::FLAG_MMAP
            | sys::FLAG_MMAP2
            | sys::FLAG_COMM
            | sys::FLAG_COMM_EXEC
            | sys::FLAG_TASK;
        if self.way.off_cpu == Some(OffCpu::SwitchRecords) {
            first.1.flags |= sys::FLAG_CONTEXT_SWITCH;
        }
        let mut plan = vec![first];
        if let Some(Sampled { event, period }) = wanted.event {
            let mut sampled = self.attributes(Kind::Event, event.kind, event.config, period);
            if wanted.dwarf && Kind::Event.has_stack() {
                sampled.1.sample_stack_user = COPY_BYTES_SWITCH;
            }
            plan.push(sampled);
        }
        plan
    }

    fn attributes(
        &self,
        records: Kind,
        kind: u32,
        config: u64,
        sample_period: u64,
    ) -> (Kind, Attributes) {
        let flags = sys::FLAG_DISABLED
            | sys::FLAG_EXCLUDE_HYPERVISOR
            | sys::FLAG_WATERMARK
            | sys::FLAG_SAMPLE_ID_ALL
            | sys::FLAG_USE_CLOCK_ID
            | self.way.mode.flags();
        let mut attributes = Attributes {
            kind,
            config,
            sample_period,
            sample_type: records.sample_type(),
            flags,
            // Nobody is woken by the ring: it is emptied by the clock.
            wakeup: u32::MAX,
            clock_id: libc::CLOCK_MONOTONIC,
            ..Attributes::default()
        };
        if records.has_stack() {
            attributes.sample_stack_user = match records {
                Kind::CpuWithStack => COPY_BYTES,
                Kind::SwitchWithStack => COPY_BYTES_SWITCH,
                _ => COPY_BYTES_TOP,
            };
            attributes.sample_regs_user = unwind::Architecture::of_this_machine()
                .map_or(0, unwind::Architecture::register_mask);
        }
        (records, attributes)
    }

    fn open_tracepoints(&mut self, wanted: &Wanted) -> io::Result<()> {
        self.layouts = Some(Layouts::read()?);
        let switch = tracepoints::id("sched/sched_switch")?;
        let wakeup = tracepoints::id("sched/sched_wakeup")?;
        let user = sys::FLAG_EXCLUDE_CALLCHAIN_KERNEL;
        let leaves = if wanted.dwarf {
            Kind::SwitchWithStack
        } else {
            Kind::Switch
        };
        // State 2 is the uninterruptible sleep.
        let parts: [(Kind, u64, u64, Option<&CStr>); 3] = [
            (leaves, switch, user, Some(c"!(prev_state & 2)")),
            (leaves, switch, 0, Some(c"prev_state & 2")),
            (Kind::Wakeup, wakeup, user, None),
        ];
        for (kind, number, flags, condition) in parts {
            let (_, mut attributes) = self.attributes(kind, sys::KIND_TRACEPOINT, number, 1);
            attributes.flags |= flags;
            let first = self.events.len();
            self.open_for(-1, kind, &attributes)?;
            if let Some(condition) = condition {
                let new = self.events.iter().skip(first);
                new.into_iter()
                    .try_for_each(|event| sys::filter(event, condition))?;
            }
        }
        let (_, mut attributes) =
            self.attributes(Kind::Side, sys::KIND_SOFTWARE, sys::SOFTWARE_DUMMY, 1);
        attributes.flags |= sys::FLAG_CONTEXT_SWITCH;
        let owners = self.cpus.iter().copied().zip(&self.events);
        self.sources.spare = Spare::new(attributes, owners)?;
        Ok(())
    }

    /// Opens the threads of a process and its descendants, again and again until no new ones
    /// appear: threads that an opened one starts later inherit its events.
    fn open_threads(&mut self, pid: i32, plan: &[(Kind, Attributes)]) -> io::Result<()> {
        let mut known = HashSet::new();
        loop {
            let all = family(pid).into_iter().flat_map(threads);
            let new: Vec<i32> = all.filter(|tid| !known.contains(tid)).collect();
            if new.is_empty() {
                break;
            }
            for tid in new {
                known.insert(tid);
                match self.open_plan(tid, plan) {
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                    outcome => outcome?,
                }
            }
        }
        if self.events.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    }

    fn open_plan(&mut self, tid: i32, plan: &[(Kind, Attributes)]) -> io::Result<()> {
        plan.iter()
            .try_for_each(|(kind, attributes)| self.open_for(tid, *kind, attributes))
    }

    /// Opens an event of a thread (-1: all) on each CPU. The first event of a CPU owns its ring.
    fn open_for(&mut self, tid: i32, kind: Kind, attributes: &Attributes) -> io::Result<()> {
        // All or none, so that the owners stand first and in the order of the CPUs.
        let opened = self.cpus.iter().map(|&cpu| sys::open(attributes, tid, cpu));
        for (row, event) in opened
            .collect::<io::Result<Vec<OwnedFd>>>()?
            .into_iter()
            .enumerate()
        {
            match self.events.get(row) {
                Some(owner) => sys::redirect(&event, owner)?,
                None => self
                    .sources
                    .events
                    .push(Ring::map(&event, self.ring_bytes)?),
            }
            self.sources.kinds.insert(sys::number(&event)?, kind);
            self.events.push(event);
        }
        Ok(())
    }
}
