//! Bindings of counting without sampling.

use std::sync::Mutex;

use pyo3::prelude::*;
use sampler::Count;

use crate::sampler::{event_named, run, sample_error};

/// An event: (name, count, counted, enabled_ns, running_ns).
type CountTuple = (&'static str, u64, u64, u64, u64);

/// Counts events of a process over all its threads and descendants, present and future, without interrupting them.
///
/// Constructing it finds out, by trying, what is permitted; nothing is counted before `start`.
/// Raises NativeError if there is no such process, or an event's name is not known.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Counters {
    inner: Mutex<sampler::Counters>,
    refused: Vec<(String, String)>,
    counts_kernel: bool,
    missed_threads: bool,
}

#[pymethods]
impl Counters {
    /// Open counters of process `pid` for events by perf's names: `cycles`, `instructions`, `cache-misses`,
    /// `stalled-cycles-backend`; of the kernel's own: `task-clock`, `page-faults`, `context-switches`.
    #[new]
    fn new(py: Python<'_>, pid: i32, events: Vec<String>) -> PyResult<Self> {
        let opened = py.detach(|| {
            let events: Result<Vec<_>, _> = events.iter().map(|name| event_named(name)).collect();
            sampler::Counters::open(pid, &events?)
        });
        let inner = opened.map_err(|error| sample_error(py, &error))?;
        let refused = inner.refused().iter();
        Ok(Self {
            refused: refused
                .map(|(event, reason)| (event.name().to_owned(), reason.clone()))
                .collect(),
            counts_kernel: inner.counts_kernel(),
            missed_threads: inner.missed_threads(),
            inner: Mutex::new(inner),
        })
    }

    /// Events that cannot be counted: (name, reason).
    #[getter]
    fn refused(&self) -> Vec<(String, String)> {
        self.refused.clone()
    }

    /// Whether what the kernel does for the process counts as well.
    #[getter]
    fn counts_kernel(&self) -> bool {
        self.counts_kernel
    }

    /// Whether threads were started all the while counters were opened: some may not be counted.
    #[getter]
    fn missed_threads(&self) -> bool {
        self.missed_threads
    }

    /// Begin to count. Raises NativeError if it was started before.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        run(py, &self.inner, sampler::Counters::start)
    }

    /// Return what was counted so far, as `stop` does.
    fn read(&self, py: Python<'_>) -> PyResult<Vec<CountTuple>> {
        Ok(rows(&run(py, &self.inner, |inner| inner.read())?))
    }

    /// End counting. Return (event, count, counted, enabled_ns, running_ns) of each event that is not refused.
    ///
    /// `counted` happened in `running_ns`, while the event had a counter; `count` is that extended, thread by thread, to
    /// `enabled_ns`, all the time in which threads ran. Works as well when the process has ended.
    fn stop(&self, py: Python<'_>) -> PyResult<Vec<CountTuple>> {
        Ok(rows(&run(py, &self.inner, sampler::Counters::stop)?))
    }
}

fn rows(counts: &[Count]) -> Vec<CountTuple> {
    let row = |count: &Count| {
        (
            count.event.name(),
            count.count,
            count.counted,
            count.enabled_ns,
            count.running_ns,
        )
    };
    counts.iter().map(row).collect()
}
