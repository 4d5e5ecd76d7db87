//! Playing a schedule: the engine's thread, the recorder's thread, and the report.

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use schedule::old::Schedule;
use thiserror::Error;

use crate::engine::{Counts, Engine, Live};
use crate::files::Files;
use crate::log::Log;
use crate::pacer::Pacer;
use crate::priority::Priority;
use crate::recorder::Recorder;
use crate::report::{LoadReport, ThreadAccount, assemble};
use crate::stop::Stop;
use crate::sys::map::Map;
use crate::sys::process::{LockedMemory, RealTimeWatchdog, raise_open_files};
use crate::sys::thread::{self, Usage};

/// Rows between the engine and the recorder, which empties the queue 20 times a second.
const LARGEST_QUEUE: usize = 1 << 19;
/// Longest computing without a pause before the kernel demotes the real-time thread; the engine's own
/// check comes earlier.
const LONGEST_BURST_US: u64 = 1_500_000;
/// Descriptors that a process needs besides its connections.
const OTHER_FILES: u64 = 64;

/// What to play, and how.
#[derive(Clone, Debug)]
pub struct Play {
    /// A compiled schedule.
    pub schedule: PathBuf,
    /// Where the service listens.
    pub address: SocketAddr,
    /// Existing directory for the request log and the histograms.
    pub output: Option<PathBuf>,
    /// CPU to bind the engine's thread to.
    pub cpu: Option<usize>,
    /// Whether the engine may spin shortly before a send; not where the service has only the same CPU.
    pub spin: bool,
    /// Whether to try for real-time priority.
    pub real_time: bool,
    /// Descriptor that gets one JSON line a second.
    pub events: Option<RawFd>,
}

/// Why a schedule was not played.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The schedule cannot be read.
    #[error("cannot read the schedule {path}: {source}")]
    Read {
        /// The schedule file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The schedule is not one.
    #[error("{path}: {source}")]
    Schedule {
        /// The schedule file.
        path: PathBuf,
        /// What does not add up.
        source: schedule::old::ScheduleError,
    },
    /// The request log cannot be written.
    #[error("cannot write the request log in {path}: {source}")]
    Write {
        /// The output directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine cannot run.
    #[error("the load engine cannot run: {0}")]
    Engine(#[from] io::Error),
    /// A bug: one of the threads panicked.
    #[error("the load engine failed: its {0} thread panicked")]
    Panicked(&'static str),
}

type EngineEnd = io::Result<(Counts, ThreadAccount)>;

/// Plays a schedule to its end, or until `stop` is set, and returns the account of it.
///
/// # Errors
/// [`LoadError`], naming the file.
pub fn play(options: &Play, stop: &Stop) -> Result<LoadReport, LoadError> {
    let map = open(&options.schedule)?;
    let schedule = Schedule::open(&map).map_err(|source| LoadError::Schedule {
        path: options.schedule.clone(),
        source,
    })?;
    let directory = options.output.as_deref().unwrap_or_else(|| Path::new("."));
    let unwritable = |source| LoadError::Write {
        path: directory.to_owned(),
        source,
    };
    let files = options
        .output
        .as_deref()
        .map(Files::create)
        .transpose()
        .map_err(unwritable)?;
    let live = Live::default();
    let (log, rows) = Log::with_capacity(schedule.len().clamp(1, LARGEST_QUEUE));
    let recorder = Recorder::new(&schedule, &live, options.events, files);
    let (engine, totals) = std::thread::scope(|scope| {
        // The recorder first: it ends by itself when there is no engine.
        let recorder = named("load-recorder").spawn_scoped(scope, move || {
            stay_behind(options.cpu);
            // A log that cannot be written is known now, not at the end of a long play.
            recorder.run(&rows).inspect_err(|_| stop.set())
        })?;
        let engine = named("load-engine").spawn_scoped(scope, || {
            engine_thread(options, &schedule, log, &live, stop)
        })?;
        io::Result::Ok((engine.join(), recorder.join()))
    })?;
    let (counts, account) = engine.map_err(|_| LoadError::Panicked("sending"))??;
    let totals = totals
        .map_err(|_| LoadError::Panicked("recording"))?
        .map_err(unwritable)?;
    Ok(assemble(
        &schedule,
        schedule::old::sha256(&map),
        &counts,
        &totals,
        account,
    ))
}

/// A thread that `top -H` and profiles show by name.
fn named(name: &str) -> std::thread::Builder {
    std::thread::Builder::new().name(name.into())
}

/// Keeps the recorder off the service's CPUs, and lets it run only when the engine does not.
fn stay_behind(cpu: Option<usize>) {
    // Attempts: a recorder elsewhere still records.
    let _ = cpu.map(thread::pin);
    let _ = thread::set_idle();
}

fn open(path: &Path) -> Result<Map, LoadError> {
    Map::open(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Runs the engine on a thread of its own, so that its scheduling ends with it.
fn engine_thread(
    options: &Play,
    schedule: &Schedule<'_>,
    log: Log,
    live: &Live,
    stop: &Stop,
) -> EngineEnd {
    let mut warnings = connection_warnings(schedule);
    let pinned_cpu = pin(options.cpu, &mut warnings);
    let engine = Engine::new(schedule, options.address, log, live, stop)?;
    let _locked = LockedMemory::now(); // An attempt: without it the first touch of a page costs microseconds.
    let mut priority = Priority::raise(options.real_time);
    let _watchdog = priority
        .is_real_time()
        .then(|| RealTimeWatchdog::start(LONGEST_BURST_US));
    let pacer = Pacer::new(options.spin, priority.shares());
    let before = thread::usage();
    let counts = engine.run(pacer, &mut priority)?;
    let after = thread::usage();
    priority.confirm();
    warnings.append(&mut priority.warnings);
    let account = ThreadAccount {
        scheduling: priority.scheduling,
        pinned_cpu,
        usage: Usage {
            cpu_ns: after.cpu_ns - before.cpu_ns,
            involuntary_switches: after.involuntary_switches - before.involuntary_switches,
            run_delay_ns: after.run_delay_ns - before.run_delay_ns,
        },
        warnings,
    };
    Ok((counts, account))
}

fn pin(cpu: Option<usize>, warnings: &mut Vec<String>) -> Option<usize> {
    let cpu = cpu?;
    match thread::pin(cpu) {
        Ok(()) => Some(cpu),
        Err(error) => {
            warnings.push(format!(
                "the engine could not be bound to CPU {cpu}: {error}"
            ));
            None
        }
    }
}

fn connection_warnings(schedule: &Schedule<'_>) -> Vec<String> {
    let wanted = u64::from(schedule.max_connections()) + OTHER_FILES;
    match raise_open_files() {
        Ok(limit) if limit >= wanted => Vec::new(),
        Ok(limit) => vec![format!(
            "only {limit} open files are permitted: fewer than max_connections {} can be open at once; raise `ulimit -n`",
            schedule.max_connections()
        )],
        Err(error) => vec![format!(
            "the limit of open files could not be raised: {error}"
        )],
    }
}
