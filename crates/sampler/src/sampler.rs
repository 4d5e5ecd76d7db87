//! Sampling one process from `start` to `stop`.

use std::collections::HashSet;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use profile::{FoldLimits, Folder, Profile};

use crate::capability::kernel_names_readable;
use crate::error::SampleError;
use crate::modes::{Events, Mode};
use crate::process::{family, process_of};
use crate::session::Session;
use crate::sys::monotonic_ns;
use symbolize::{Options, symbolize};

const NS_PER_S: u64 = 1_000_000_000;

/// Samples the on-CPU stacks of a process, with all its threads and descendants.
pub struct Sampler {
    pid: i32,
    period_ns: u64,
    events: Events,
    was_started: bool,
    running: Option<Running>,
}

struct Running {
    stop: Sender<()>,
    session: JoinHandle<Session>,
    started_ns: i64,
    started_utc_ns: i64,
}

impl Sampler {
    /// Opens events for a process in the best mode that works; nothing is sampled before `start`.
    ///
    /// # Errors
    /// No such process, nothing permitted, or a frequency outside 1 to 100,000 Hz.
    pub fn open(pid: i32, frequency_hz: u32) -> Result<Self, SampleError> {
        Self::open_with(pid, frequency_hz, Events::open)
    }

    /// Opens events for a process in one mode.
    ///
    /// # Errors
    /// As `open`; the mode may be refused where another is permitted.
    pub fn open_in_mode(pid: i32, frequency_hz: u32, mode: Mode) -> Result<Self, SampleError> {
        Self::open_with(pid, frequency_hz, |pid, period_ns| {
            Events::open_mode(mode, pid, period_ns)
                .map_err(|error| SampleError::System("opening events", error))
        })
    }

    fn open_with(
        pid: i32,
        frequency_hz: u32,
        open: impl FnOnce(i32, u64) -> Result<Events, SampleError>,
    ) -> Result<Self, SampleError> {
        if !(1..=100_000).contains(&frequency_hz) {
            return Err(SampleError::Frequency(frequency_hz));
        }
        let pid = process_of(pid).ok_or(SampleError::NoProcess(pid))?;
        let period_ns = NS_PER_S / u64::from(frequency_hz);
        Ok(Self {
            pid,
            period_ns,
            events: open(pid, period_ns)?,
            was_started: false,
            running: None,
        })
    }

    /// The mode that worked.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.events.mode
    }

    /// What is lost against the best mode, with the remedy; empty: nothing.
    #[must_use]
    pub fn lost_note(&self) -> String {
        let mode = self.events.mode;
        if mode == Mode::PerThreadUserOnly || kernel_names_readable() {
            return mode.lost_note().to_owned();
        }
        let kernel = "kernel functions have no names; kernel.kptr_restrict=0 or root shows them";
        match mode.lost_note() {
            "" => kernel.to_owned(),
            note => format!("{note}; {kernel}"),
        }
    }

    /// Begins to sample. A thread drains and folds from now on.
    ///
    /// # Errors
    /// If it was started before, or the kernel refuses.
    pub fn start(&mut self) -> Result<(), SampleError> {
        if std::mem::replace(&mut self.was_started, true) {
            return Err(SampleError::Order("was started before"));
        }
        let started_ns = monotonic_ns();
        self.events
            .enable()
            .map_err(|error| SampleError::System("starting the events", error))?;
        // After this point new mappings and processes announce themselves; what is there already is read now.
        let family: HashSet<i32> = family(self.pid);
        let rings = std::mem::take(&mut self.events.rings);
        let folder = Folder::new(self.empty_profile(), FoldLimits::default());
        let values = [1, self.period_ns.cast_signed()];
        let session = Session::new(rings, folder, self.pid, family, values);
        let (stop, stopped) = channel();
        let session = thread::Builder::new()
            .name("tailtune-sampler".to_owned())
            .spawn(move || session.run(&stopped))
            .map_err(|error| SampleError::System("starting the draining thread", error))?;
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.running = Some(Running {
            stop,
            session,
            started_ns,
            started_utc_ns: i64::try_from(since_epoch.as_nanos()).unwrap_or(0),
        });
        Ok(())
    }

    /// Ends sampling and names all addresses.
    ///
    /// # Errors
    /// If it was not started, or the draining thread ended early.
    pub fn stop(&mut self) -> Result<Profile, SampleError> {
        let running = self
            .running
            .take()
            .ok_or(SampleError::Order("is not running"))?;
        let closed = self.events.close();
        let ended_ns = monotonic_ns();
        drop(running.stop);
        let session = running.session.join().map_err(|_| SampleError::Thread)?;
        closed.map_err(|error| SampleError::System("stopping the events", error))?;
        let warning = session.warnings();
        let mut profile = session.folder.finish();
        profile.warnings.extend(warning);
        profile.time_ns = running.started_utc_ns;
        profile.duration_ns = ended_ns - running.started_ns;
        symbolize(
            &mut profile,
            &session.modules,
            &Options::default(),
            &mut |_, _| {},
        );
        Ok(profile)
    }

    fn empty_profile(&self) -> Profile {
        let mut profile =
            Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
        profile.period_type = profile.sample_type("cpu", "nanoseconds");
        profile.period = self.period_ns.cast_signed();
        let comment = profile.strings.intern(self.events.mode.name());
        profile.comments.push(comment);
        profile
    }
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
