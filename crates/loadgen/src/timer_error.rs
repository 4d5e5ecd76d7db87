//! How late this machine wakes a thread, by method and scheduling class: a table for `tailtune doctor`.

use std::io;
use std::time::Duration;

use histogram::Histogram;
use serde::Serialize;

use crate::pacer::{Pacer, Shares};
use crate::play::Pacing;
use crate::priority::Priority;
use crate::sys::clock::{now_ns, sleep_until};
use crate::sys::epoll::{Epoll, Events};
use crate::sys::thread;
use crate::sys::timer::Timer;

/// Between wakes, as at 2,000 requests per second.
const PERIOD_NS: u64 = 500_000;
/// Longer than any timer of the table.
const LONGEST_WAIT_NS: u64 = 1_000_000_000;
const CLOCK_READS: u64 = 100_000;

/// Lateness of one method under one scheduling class, in ns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimerError {
    /// `clock_nanosleep`, `timerfd+epoll`, `epoll_pwait2` or `hybrid` (what the engine uses).
    pub method: &'static str,
    /// `fifo` or `other (nice N)`.
    pub scheduling: String,
    /// Number of wakes.
    pub wakes: u64,
    /// Median.
    pub p50_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// Largest.
    pub max_ns: u64,
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimerErrors {
    /// Mean cost of one clock reading, in ns.
    pub clock_cost_ns: f64,
    /// One row a method and scheduling class.
    pub rows: Vec<TimerError>,
    /// What was not permitted.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy)]
enum Method {
    Nanosleep,
    Timerfd,
    Epoll,
    Hybrid,
}

impl Method {
    const ALL: [Self; 4] = [Self::Nanosleep, Self::Timerfd, Self::Epoll, Self::Hybrid];

    const fn name(self) -> &'static str {
        match self {
            Self::Nanosleep => "clock_nanosleep",
            Self::Timerfd => "timerfd+epoll",
            Self::Epoll => "epoll_pwait2",
            Self::Hybrid => "hybrid",
        }
    }
}

/// Rows of the whole table: each method under each scheduling class.
pub const TIMER_ROWS: u32 = 2 * Method::ALL.len() as u32;

/// Measures the table; takes `length` for each of up to [`TIMER_ROWS`] rows.
///
/// # Errors
/// When epoll is not available.
pub fn timer_errors(length: Duration, cpu: Option<usize>) -> io::Result<TimerErrors> {
    let mut table = TimerErrors {
        clock_cost_ns: clock_cost_ns(),
        rows: Vec::new(),
        warnings: Vec::new(),
    };
    for real_time in [false, true] {
        // A thread of its own, so that scheduling and binding end with it.
        let rows = std::thread::scope(|scope| {
            let measure = || measure_class(length, cpu, real_time);
            let thread = std::thread::Builder::new().spawn_scoped(scope, measure)?;
            io::Result::Ok(thread.join())
        })?;
        let (rows, warnings) =
            rows.map_err(|_| io::Error::other("the measuring thread panicked"))??;
        table.rows.extend(rows);
        table.warnings.extend(warnings);
    }
    Ok(table)
}

type Measured = (Vec<TimerError>, Vec<String>);

fn measure_class(length: Duration, cpu: Option<usize>, real_time: bool) -> io::Result<Measured> {
    cpu.map_or(Ok(()), thread::pin)?;
    let priority = Priority::raise(real_time);
    if real_time && !priority.is_real_time() {
        return Ok((Vec::new(), priority.warnings));
    }
    let rows = Method::ALL.iter().map(|method| {
        let late = lateness(*method, length, priority.shares())?;
        Ok(TimerError {
            method: method.name(),
            scheduling: priority.scheduling.clone(),
            wakes: late.total(),
            p50_ns: late.quantile(0.5).unwrap_or(0),
            p99_ns: late.quantile(0.99).unwrap_or(0),
            max_ns: late.max().unwrap_or(0),
        })
    });
    let rows: io::Result<Vec<TimerError>> = rows.collect();
    Ok((rows?, priority.warnings))
}

fn lateness(method: Method, length: Duration, shares: Shares) -> io::Result<Histogram> {
    let (epoll, mut events) = (Epoll::new()?, Events::new());
    let mut pacer = Pacer::new(Pacing::Precise, shares);
    let timer = Timer::new()?;
    epoll.watch_level(&timer, 0)?; // Never readable unless it is set.
    let mut late = Histogram::new();
    let start = now_ns();
    let end = start.saturating_add(length.as_nanos() as u64);
    let mut wake = start + PERIOD_NS;
    while wake < end {
        match method {
            Method::Nanosleep => sleep_until(wake),
            Method::Timerfd => {
                timer.set(wake)?;
                epoll.wait(&mut events, LONGEST_WAIT_NS)?;
            }
            Method::Epoll => drop(epoll.wait(&mut events, wake.saturating_sub(now_ns()))?),
            Method::Hybrid => drop(pacer.wait(&epoll, &mut events, wake, false)?),
        }
        let now = now_ns();
        late.record(now.saturating_sub(wake));
        // Whoever overslept several periods was late once, not several times.
        wake = now.max(wake) + PERIOD_NS;
    }
    Ok(late)
}

fn clock_cost_ns() -> f64 {
    let start = now_ns();
    let last = (0..CLOCK_READS).fold(start, |_, _| now_ns());
    (last - start) as f64 / CLOCK_READS as f64
}
