//! Sampling from `start` to `stop`.

use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use profile::{FoldLimits, Folder, Profile};

use crate::capability::kernel_names_readable;
use crate::error::SampleError;
use crate::events::{Clock, Events, Wanted, Way};
use crate::family::Family;
use crate::modes::{Mode, OffCpu};
use crate::process::process_of;
use crate::programs::TELLS_WAKERS;
use crate::sampling::Sampling;
use crate::session::{Folders, Session};
use crate::switches::Switches;
use crate::sys::{monotonic_ns, utc_ns};
use symbolize::{Callers, Options, symbolize};

/// Samples a process with all its threads and descendants, or the whole machine.
pub struct Sampler {
    pid: i32,
    wanted: Wanted,
    events: Events,
    was_started: bool,
    running: Option<Running>,
}

struct Running {
    /// Tells the thread when the sampling ended.
    stop: Sender<i64>,
    session: JoinHandle<(Session, i64)>,
    started_ns: i64,
    started_utc_ns: i64,
}

impl Sampler {
    /// Opens events for a process in the best mode that works; nothing is sampled before `start`.
    ///
    /// # Errors
    /// No such process, nothing permitted, or a frequency above 100,000 Hz.
    pub fn open(pid: i32, wanted: Wanted) -> Result<Self, SampleError> {
        Self::open_one_of(pid, wanted, &Way::all(&wanted))
    }

    /// Opens events for a process in one mode.
    ///
    /// # Errors
    /// As `open`; the mode may be refused where another is permitted.
    pub fn open_in_mode(pid: i32, wanted: Wanted, mode: Mode) -> Result<Self, SampleError> {
        Self::open_one_of(pid, wanted, &Way::in_mode(mode, &wanted, Clock::best()))
    }

    /// Opens events for a process in one mode, seeing time off the CPU in one way.
    ///
    /// # Errors
    /// As `open`; the way may be refused where another is permitted.
    pub fn open_off_cpu(
        pid: i32,
        wanted: Wanted,
        mode: Mode,
        off_cpu: OffCpu,
    ) -> Result<Self, SampleError> {
        let mut ways = Way::in_mode(mode, &wanted, Clock::best());
        ways.retain(|way| way.off_cpu == Some(off_cpu));
        Self::open_one_of(pid, wanted, &ways)
    }

    fn open_one_of(pid: i32, wanted: Wanted, ways: &[Way]) -> Result<Self, SampleError> {
        let is_nothing = wanted.frequency_hz == 0 && !wanted.off_cpu && wanted.event.is_none();
        if wanted.frequency_hz > 100_000 || is_nothing {
            return Err(SampleError::Frequency(wanted.frequency_hz));
        }
        let pid = process_of(pid).ok_or(SampleError::NoProcess(pid))?;
        Ok(Self {
            pid,
            wanted,
            events: Events::open(pid, &wanted, ways)?,
            was_started: false,
            running: None,
        })
    }

    /// The way that worked, in words.
    #[must_use]
    pub fn mode_name(&self) -> String {
        self.events.way.name(&self.wanted)
    }

    /// What is lost against the best way, with the remedy; empty: nothing.
    #[must_use]
    pub fn lost_note(&self) -> String {
        let way = self.events.way;
        let mut notes = vec![way.mode.lost_note()];
        notes.extend(
            way.off_cpu
                .map(|off_cpu| off_cpu.lost_note(self.wanted.dwarf)),
        );
        if way.mode != Mode::PerThreadUserOnly && !kernel_names_readable() {
            notes.push("kernel functions have no names; kernel.kptr_restrict=0 or root shows them");
        }
        let programs = self.events.programs.as_ref();
        let may_tell = matches!(way.off_cpu, Some(OffCpu::Programs | OffCpu::Tracepoints));
        if may_tell && !programs.is_some_and(|programs| programs.has(TELLS_WAKERS)) {
            notes.push(
                "who wakes a thread is not recorded: programs may not be loaded (CAP_BPF, or root), or the kernel lacks \
                 a tracepoint of timers, interrupts or packets",
            );
        }
        notes.retain(|note| !note.is_empty());
        notes.join("; ")
    }

    /// Begins to sample. A thread drains and folds from now on.
    ///
    /// # Errors
    /// If it was started before, or the kernel refuses.
    pub fn start(&mut self) -> Result<(), SampleError> {
        if std::mem::replace(&mut self.was_started, true) {
            return Err(SampleError::Order("was started before"));
        }
        self.events
            .enable()
            .map_err(|error| SampleError::System("starting the events", error))?;
        // After this point new mappings and threads announce themselves; what is there already is read now.
        let started_ns = monotonic_ns();
        let family = if self.wanted.whole_machine {
            Family::Everyone
        } else {
            Family::of(self.pid)
        };
        self.events
            .watch(&family)
            .map_err(|error| SampleError::System("telling the programs what to watch", error))?;
        let session = Session::new(
            std::mem::take(&mut self.events.sources),
            self.folders(started_ns),
            family,
            self.wanted.period_ns().cast_signed(),
        );
        let (stop, stopped) = channel();
        let session = thread::Builder::new()
            .name("tailtune-sampler".to_owned())
            .spawn(move || session.run(&stopped))
            .map_err(|error| SampleError::System("starting the draining thread", error))?;
        self.running = Some(Running {
            stop,
            session,
            started_ns,
            started_utc_ns: utc_ns(),
        });
        Ok(())
    }

    /// Ends sampling and names all addresses.
    ///
    /// # Errors
    /// If it was not started, or the draining thread ended early.
    pub fn stop(&mut self) -> Result<Sampling, SampleError> {
        self.stop_telling(&mut |_, _| {})
    }

    /// As [`Sampler::stop`], and tells of each profile how many of its addresses are named, and how many there are.
    ///
    /// # Errors
    /// As [`Sampler::stop`].
    pub fn stop_telling(
        &mut self,
        naming: &mut dyn FnMut(usize, usize),
    ) -> Result<Sampling, SampleError> {
        let running = self
            .running
            .take()
            .ok_or(SampleError::Order("is not running"))?;
        let ended_ns = monotonic_ns();
        let closed = self.events.close();
        // If the thread is gone, joining it says so.
        let _ = running.stop.send(ended_ns);
        let (session, ended_ns) = running.session.join().map_err(|_| SampleError::Thread)?;
        closed.map_err(|error| SampleError::System("stopping the events", error))?;
        let mut sampling = finish(session, ended_ns, naming);
        sampling.mode = self.mode_name();
        for profile in sampling.profiles_mut() {
            profile.time_ns = running.started_utc_ns;
            profile.duration_ns = ended_ns - running.started_ns;
        }
        Ok(sampling)
    }

    fn folders(&self, began_ns: i64) -> Folders {
        let wanted = &self.wanted;
        let on_cpu = (wanted.frequency_hz > 0).then(|| {
            let mut profile = self.empty(&[("samples", "count"), ("cpu", "nanoseconds")]);
            profile.period_type = profile.sample_type("cpu", "nanoseconds");
            profile.period = wanted.period_ns().cast_signed();
            profile
        });
        let event = wanted.event.map(|sampled| {
            let mut profile = self.empty(&sampled.value_types());
            profile.period_type = profile.sample_types.last().copied().unwrap_or_default();
            profile.period = i64::try_from(sampled.period).unwrap_or(i64::MAX);
            (profile, sampled.values())
        });
        let off_cpu = wanted.off_cpu.then(|| {
            let counted = ("switches", "count");
            let times = [("blocked", "nanoseconds"), ("runnable", "nanoseconds")];
            let mut profile = self.empty(&[counted, times[0], times[1]]);
            profile.default_sample_type = profile.strings.intern("blocked");
            profile
        });
        let folder = |profile| Folder::new(profile, FoldLimits::default());
        let layouts = self.events.layouts;
        let sees_wakeups = self.events.way.off_cpu != Some(OffCpu::SwitchRecords);
        Folders {
            on_cpu: on_cpu.map(folder),
            event: event.map(|(profile, values)| (folder(profile), values)),
            switches: off_cpu
                .map(|profile| Switches::new(folder(profile), layouts, sees_wakeups, began_ns)),
            callers: unwind::Architecture::of_this_machine()
                .map(|architecture| Callers::new(architecture, wanted.dwarf)),
        }
    }

    fn empty(&self, types: &[(&str, &str)]) -> Profile {
        let mut profile = Profile::with_sample_types(types);
        let comment = profile.strings.intern(&self.mode_name());
        profile.comments.push(comment);
        profile
    }
}

fn finish(session: Session, ended_ns: i64, naming: &mut dyn FnMut(usize, usize)) -> Sampling {
    let mut sampling = Sampling {
        lost: session.lost,
        on_cpu: session.on_cpu.map(Folder::finish),
        event: session.event.map(|(folder, _)| folder.finish()),
        ..Sampling::default()
    };
    if session.throttled > 0 {
        let count = session.throttled;
        sampling.warnings.push(format!(
            "the kernel paused sampling {count} times because it took too much time; samples are missing"
        ));
    }
    if let Some(switches) = session.switches {
        let (profile, threads, ends, warnings) = switches.finish(ended_ns);
        sampling.off_cpu = Some(profile);
        sampling.threads = threads;
        sampling.ends = ends;
        sampling.warnings.extend(warnings);
    }
    let comment = session.callers.and_then(|callers| callers.comment());
    if let (Some(comment), Some(profile)) = (comment, &mut sampling.on_cpu) {
        let comment = profile.strings.intern(&comment);
        profile.comments.push(comment);
    }
    for profile in sampling.profiles_mut() {
        session.names.note(profile);
        symbolize(profile, &session.modules, &Options::default(), naming);
    }
    sampling
}

impl Drop for Sampler {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stop);
            // The thread is gone after this, whether it ended well does not matter any more.
            let _ = running.session.join();
        }
    }
}
