//! The threads of a play: one for each engine and for what reads its schedule, and one recorder for all.

use std::io;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use schedule::{Arrival, Plan};

use crate::account::ThreadAccount;
use crate::engine::{Counts, Engine, Live};
use crate::feed::{Feed, Reader};
use crate::files::Files;
use crate::limits;
use crate::log::{Log, log};
use crate::pacer::Pacer;
use crate::play::{LoadError, Play};
use crate::pool::Pool;
use crate::priority::Priority;
use crate::protocol;
use crate::recorder::{Recorder, Totals};
use crate::start::Start;
use crate::stop::Stop;
use crate::sys::epoll::Epoll;
use crate::sys::process::{LockedMemory, RealTimeWatchdog};
use crate::sys::stamp::Stamping;
use crate::sys::thread;
use crate::transport::Dialer;

/// Longest computing without a pause before the kernel demotes the real-time thread; the engine's own
/// check comes earlier.
const LONGEST_BURST_US: u64 = 1_500_000;

type EngineEnd = io::Result<(Counts, ThreadAccount)>;

/// What the threads leave.
pub(crate) struct Ends {
    pub(crate) engines: Vec<(Counts, ThreadAccount)>,
    pub(crate) totals: io::Result<Totals>,
}

/// What all threads share.
#[derive(Clone, Copy)]
pub(crate) struct Threads<'a> {
    pub(crate) options: &'a Play,
    pub(crate) plan: &'a Plan,
    pub(crate) stop: &'a Stop,
}

impl<'a> Threads<'a> {
    /// Plays all parts and waits for the end.
    pub(crate) fn run(
        self,
        feeds: Vec<(Feed, Reader)>,
        files: Option<Files>,
    ) -> Result<Ends, LoadError> {
        let start = Start::of(feeds.len());
        let lives: Vec<Live> = feeds.iter().map(|_| Live::default()).collect();
        let (logs, rows): (Vec<_>, Vec<_>) = feeds.iter().map(|_| log()).unzip();
        let recorder = Recorder::new(self.plan, &start, &lives, self.options.events, files);
        let (engines, totals) = std::thread::scope(|scope| {
            // The recorder first: it ends by itself when there is no engine.
            let recorder = named("load-recorder").spawn_scoped(scope, move || {
                stay_behind(self.options.cpus.first().copied());
                // A log that cannot be written is known now, not at the end of a long play.
                recorder.run(rows).inspect_err(|_| self.stop.set())
            })?;
            let mut engines = Vec::new();
            for (((feed, reader), log), live) in feeds.into_iter().zip(logs).zip(&lives) {
                let begun = self.begin(scope, feed, reader, log, (live, &start));
                if begun.is_err() {
                    start.abort();
                }
                engines.push(begun?);
            }
            let ends: Vec<_> = engines.into_iter().map(ScopedJoinHandle::join).collect();
            io::Result::Ok((ends, recorder.join()))
        })?;
        let engines = engines.into_iter().map(|end| match end {
            Ok(end) => end.map_err(LoadError::from),
            Err(_) => Err(LoadError::Panicked("sending")),
        });
        Ok(Ends {
            engines: engines.collect::<Result<_, _>>()?,
            totals: totals.map_err(|_| LoadError::Panicked("recording"))?,
        })
    }

    /// Starts one engine and what reads for it.
    fn begin<'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        feed: Feed,
        reader: Reader,
        log: Log,
        (live, start): (&'scope Live, &'scope Start),
    ) -> io::Result<ScopedJoinHandle<'scope, EngineEnd>>
    where
        'a: 'scope,
    {
        named("load-reader").spawn_scoped(scope, move || reader.run(self.plan))?;
        named("load-engine").spawn_scoped(scope, move || {
            self.play(feed, log, live, start).inspect_err(|_| {
                start.abort();
                self.stop.set();
            })
        })
    }

    /// Runs an engine on a thread of its own, so that its scheduling ends with it.
    fn play(self, feed: Feed, log: Log, live: &Live, start: &Start) -> EngineEnd {
        let Self {
            options,
            plan,
            stop,
        } = self;
        let part = feed.part;
        let first = part.number == 0;
        let mut warnings = if first {
            limits::warnings(plan, &options.address)
        } else {
            Vec::new()
        };
        let pinned_cpu = pin(&options.cpus, part.number as usize, &mut warnings);
        let _locked = LockedMemory::now(); // An attempt: without it pages could be taken away again.
        let epoll = Epoll::new()?;
        let _stamping = Stamping::begin(); // An attempt: else the first answers are timed when they are read.
        let mut dialer = Dialer::new(
            &options.address,
            options.tls.as_ref(),
            protocol::names_for_tls(plan),
        )?;
        if plan.arrival() != Arrival::Closed {
            dialer.note_arrivals(); // A closed loop reads at once, and wants its time for requests.
        }
        let cap = part.share(plan.max_connections());
        let pool = Pool::new(plan, dialer, cap, part.number as u32, part.of as u32);
        let engine = Engine::new(plan, &epoll, (feed, pool, log), live, stop)?;
        let mut priority = Priority::raise(options.real_time);
        let _watchdog = priority
            .is_real_time()
            .then(|| RealTimeWatchdog::start(LONGEST_BURST_US));
        let pacer = Pacer::new(options.pacing, priority.shares());
        let before = thread::usage();
        let counts = engine.run(start, pacer, &mut priority)?;
        let usage = thread::usage().since(&before);
        priority.confirm();
        warnings.append(&mut priority.warnings);
        let account = ThreadAccount {
            scheduling: priority.scheduling,
            pinned_cpu,
            usage,
            demoted: priority.demoted,
            warnings,
        };
        Ok((counts, account))
    }
}

/// A thread that `top -H` and profiles show by name.
fn named(name: &str) -> Builder {
    Builder::new().name(name.into())
}

/// Keeps the recorder off the service's CPUs, and lets it run only when the engine does not.
fn stay_behind(cpu: Option<usize>) {
    // Attempts: a recorder elsewhere still records.
    let _ = cpu.map(thread::pin);
    let _ = thread::set_idle();
}

fn pin(cpus: &[usize], number: usize, warnings: &mut Vec<String>) -> Option<usize> {
    let cpu = *cpus.get(number % cpus.len().max(1))?;
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
