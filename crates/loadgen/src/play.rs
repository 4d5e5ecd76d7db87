//! Playing a schedule: what to play, and the report of it.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use schedule::Plan;
use thiserror::Error;

use crate::account::Played;
use crate::feed::{Feed, Part};
use crate::files::Files;
use crate::report::LoadReport;
use crate::stop::Stop;
use crate::threads::Threads;
use crate::transport::{Address, TlsOptions};

const READ_BYTES: usize = 1024 * 1024;

/// How closely the engine keeps its intended starts, and at which price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pacing {
    /// Sleeps to shortly before a start, then spins, within a budget of CPU time.
    #[default]
    Precise,
    /// Sleeps until each start: tens of microseconds late.
    Sleeping,
    /// Wakes at most a thousand times a second: starts up to a millisecond late, for a fraction of the CPU time.
    Frugal,
}

impl Pacing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Precise, Self::Sleeping, Self::Frugal];

    /// The name as people choose it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Precise => "precise",
            Self::Sleeping => "sleeping",
            Self::Frugal => "frugal",
        }
    }
}

/// What to play, and how.
#[derive(Clone, Debug)]
pub struct Play {
    /// A compiled schedule.
    pub schedule: PathBuf,
    /// Where the service listens.
    pub address: Address,
    /// Speak TLS, thus.
    pub tls: Option<TlsOptions>,
    /// Existing directory for the request log and the histograms.
    pub output: Option<PathBuf>,
    /// CPUs to bind the engines to, in turn; none: they are not bound.
    pub cpus: Vec<usize>,
    /// Number of engines, each a thread; at least one.
    pub threads: usize,
    /// How starts are kept.
    pub pacing: Pacing,
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
        source: schedule::ScheduleError,
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

/// Plays a schedule to its end, or until `stop` is set, and returns the account of it.
///
/// # Errors
/// [`LoadError`], naming the file.
pub fn play(options: &Play, stop: &Stop) -> Result<LoadReport, LoadError> {
    let mut file = open(options)?;
    let damaged = |source| LoadError::Schedule {
        path: options.schedule.clone(),
        source,
    };
    let verified = schedule::verify(&mut file).map_err(damaged)?;
    let plan = Plan::read(&mut open(options)?).map_err(damaged)?;
    let directory = options.output.as_deref().unwrap_or_else(|| Path::new("."));
    let unwritable = |source| LoadError::Write {
        path: directory.to_owned(),
        source,
    };
    let files = options.output.as_deref().map(Files::create);
    let files = files.transpose().map_err(unwritable)?;
    let parts = Part::all(options.threads.clamp(1, plan.max_connections() as usize));
    let feeds: Result<Vec<_>, _> = parts
        .map(|part| Feed::open(&options.schedule, part))
        .collect();
    let threads = Threads {
        options,
        plan: &plan,
        stop,
    };
    let ends = threads.run(feeds.map_err(damaged)?, files)?;
    let totals = ends.totals.map_err(unwritable)?;
    let (counts, accounts): (Vec<_>, Vec<_>) = ends.engines.into_iter().unzip();
    let played = Played {
        plan: &plan,
        options,
        sha256: verified.sha256,
        counts: &counts,
        totals: &totals,
        accounts: &accounts,
    };
    Ok(played.report())
}

fn open(options: &Play) -> Result<BufReader<File>, LoadError> {
    let file = File::open(&options.schedule).map_err(|source| LoadError::Read {
        path: options.schedule.clone(),
        source,
    })?;
    Ok(BufReader::with_capacity(READ_BYTES, file))
}
