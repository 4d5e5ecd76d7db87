//! Bindings of execution traces of Go.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ::gotrace::{
    CpuSamples, Delays, IntervalColumns, IntervalTexts, Intervals, Limits, Outcome, Report, State,
    Summary, TraceError,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::native_error;
use crate::profile::Profile;
use crate::progress::Progress;

/// Goroutines that are reported one by one.
const GOROUTINES: usize = 100;
/// Bytes after which progress is told.
const STEP_BYTES: u64 = 1 << 22;

/// Delays, samples of the CPU profiler, and the report as JSON.
type Parts<'py> = (Profile, Option<Profile>, Bound<'py, PyBytes>);

/// Read an execution trace of Go 1.22 or later, of `runtime/trace` or the flight recorder.
///
/// Args:
///     path: The trace.
///     progress: Called now and then with the share of the file that was read, 0 to 1; what it raises is raised here.
///
/// Returns:
///     Time in which goroutines did not run, by stack, as ("contentions", "count") and ("delay", "nanoseconds") with
///     the labels `state` and `reason`; samples of the CPU profiler, if it ran; and what is in the trace, as JSON
///     (`tailtune.model.go_trace.GoTrace`). A trace that is cut or damaged gives what was read, with a warning.
///
/// Raises:
///     NativeError: When the file cannot be read, is no such trace, or needs too much memory.
#[pyfunction]
#[pyo3(signature = (path, progress = None))]
pub(crate) fn read_go_trace(
    py: Python<'_>,
    path: PathBuf,
    progress: Option<Py<PyAny>>,
) -> PyResult<Parts<'_>> {
    let mut progress = Progress::new(progress);
    let read = py.detach(|| read(&path, &mut progress));
    progress.result()?;
    let (delays, samples, report) = read.map_err(|error| read_error(py, &path, &error))?;
    let written = serde_json::to_vec(&report);
    let report = written.map_err(|error| native_error(py, error.to_string(), ""))?;
    let samples = samples.map(|inner| Profile { inner });
    Ok((
        Profile { inner: delays },
        samples,
        PyBytes::new(py, &report),
    ))
}

/// Bytes of columns: goroutine, begin, end, state, reason, thread, stack, waker.
type Columns<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// Read what each goroutine did when, of an execution trace of Go 1.22 or later.
///
/// Args:
///     path: The trace.
///     most: Intervals that are kept at most; the trace's end is left out where it has more.
///
/// Returns:
///     Columns of intervals in the order of their ends, little-endian: goroutine (i8), begin_ns (i8), end_ns (i8), state
///     (u1, index into `states`), reason (i4, into `reasons`), thread (i4, the system's number; -1: none ran it), stack
///     (i4, into `stack_ends`) and waker (i8, the goroutine that woke a runnable one; -1: not known). And a JSON object
///     with `states`, `reasons`, `functions`; `stack_ends`, where in `stack_functions` each stack ends, and
///     `stack_functions`, indices into `functions`, leaf first; `begin_ns` and `end_ns` of the trace;
///     `monotonic_offset_ns`, what to add to its times for CLOCK_MONOTONIC, null where the trace does not tell (before
///     Go 1.25; on Linux the clocks are the same); `left_out`, intervals without room; `warnings`.
///
/// Raises:
///     NativeError: When the file cannot be read, is no such trace, or needs too much memory.
#[pyfunction]
#[pyo3(signature = (path, most = 4_000_000))]
pub(crate) fn read_go_intervals(
    py: Python<'_>,
    path: PathBuf,
    most: usize,
) -> PyResult<(Columns<'_>, Bound<'_, PyBytes>)> {
    let read = py.detach(|| intervals(&path, most));
    let (columns, about) = read.map_err(|error| read_error(py, &path, &error))?;
    let columns = (
        column(py, &columns.goroutine, |value| value.to_le_bytes()),
        column(py, &columns.begin_ns, |value| value.to_le_bytes()),
        column(py, &columns.end_ns, |value| value.to_le_bytes()),
        column(py, &columns.state, |value| value.to_le_bytes()),
        column(py, &columns.reason, |value| value.to_le_bytes()),
        column(py, &columns.thread, |value| value.to_le_bytes()),
        column(py, &columns.stack, |value| value.to_le_bytes()),
        column(py, &columns.waker, |value| value.to_le_bytes()),
    );
    Ok((columns, PyBytes::new(py, about.to_string().as_bytes())))
}

fn intervals(path: &Path, most: usize) -> Result<(IntervalColumns, serde_json::Value), TraceError> {
    let mut kept = Intervals::with_most(most);
    let outcome = ::gotrace::read(File::open(path)?, &Limits::default(), &mut kept)?;
    let left_out = kept.left_out();
    let (columns, texts) = kept.into_columns(&outcome.names);
    Ok((columns, told_of(&outcome, &texts, left_out)))
}

fn told_of(outcome: &Outcome, texts: &IntervalTexts, left_out: u64) -> serde_json::Value {
    let offset = outcome.clock.and_then(|clock| {
        i64::try_from(i128::from(clock.monotonic_ns) - i128::from(clock.trace_ns)).ok()
    });
    serde_json::json!({
        "states": State::ALL.map(State::name),
        "reasons": texts.reasons,
        "functions": texts.functions,
        "stack_ends": texts.stack_ends,
        "stack_functions": texts.stack_functions,
        "begin_ns": outcome.begin_ns,
        "end_ns": outcome.end_ns,
        "monotonic_offset_ns": offset,
        "left_out": left_out,
        "warnings": outcome.warnings,
    })
}

fn column<'py, T: Copy + Sync, const BYTES: usize>(
    py: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; BYTES] + Send + Sync,
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = py.detach(|| values.iter().flat_map(|&value| bytes(value)).collect());
    PyBytes::new(py, &bytes)
}

/// The same before it is Python's.
type Found = (profile::Profile, Option<profile::Profile>, Report);

fn read(path: &Path, progress: &mut Progress) -> Result<Found, TraceError> {
    let file = File::open(path)?;
    let source = Counted {
        length: file.metadata()?.len().max(1),
        file,
        read: 0,
        told: 0,
        progress,
    };
    let mut sink = (
        Summary::with_goroutines(GOROUTINES),
        (Delays::default(), CpuSamples::default()),
    );
    let outcome = ::gotrace::read(source, &Limits::default(), &mut sink)?;
    let (summary, (delays, samples)) = sink;
    let mut delays = delays.profile(&outcome.names);
    delays.duration_ns = length_ns(&outcome);
    delays.warnings.clone_from(&outcome.warnings);
    let samples = samples.profile(&outcome.names);
    Ok((delays, samples, summary.report(&outcome)))
}

fn length_ns(outcome: &Outcome) -> i64 {
    i64::try_from(outcome.end_ns.saturating_sub(outcome.begin_ns)).unwrap_or(i64::MAX)
}

fn read_error(py: Python<'_>, path: &Path, error: &TraceError) -> PyErr {
    let hint = match error {
        TraceError::NotATrace => "Go writes traces with runtime/trace and at /debug/pprof/trace",
        TraceError::Version(_) => "record it with a service built by Go 1.22 or later",
        _ => "",
    };
    native_error(py, format!("{}: {error}", path.display()), hint)
}

/// A file that tells how far it was read.
struct Counted<'a> {
    file: File,
    length: u64,
    read: u64,
    told: u64,
    progress: &'a mut Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        if self.read - self.told >= STEP_BYTES {
            self.told = self.read;
            let share = (self.read as f64 / self.length as f64).min(1.0);
            if !self.progress.tell((share,)) {
                return Err(io::Error::other("reading was interrupted"));
            }
        }
        Ok(read)
    }
}
