//! Bindings of the sampler.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sampler::{BestSampler, Event, SampleError, Sampled, Wanted};

use crate::errors::native_error;
use crate::profile::Profile;
use crate::progress::Progress;

/// What the native core does behind a lock, without the interpreter's.
pub(crate) fn run<I: Send, T: Send>(
    py: Python<'_>,
    inner: &Mutex<I>,
    action: impl FnOnce(&mut I) -> Result<T, SampleError> + Send,
) -> PyResult<T> {
    let outcome = py.detach(|| {
        inner
            .lock()
            .map_or(Err(SampleError::Thread), |mut inner| action(&mut inner))
    });
    outcome.map_err(|error| sample_error(py, &error))
}

/// One value of all rows, as bytes.
pub(crate) fn column<'py, R: Sync, const BYTES: usize>(
    py: Python<'py>,
    rows: &[R],
    value: impl Fn(&R) -> [u8; BYTES] + Send + Sync,
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = py.detach(|| rows.iter().flat_map(value).collect());
    PyBytes::new(py, &bytes)
}

pub(crate) fn sample_error(py: Python<'_>, error: &SampleError) -> PyErr {
    native_error(py, error.to_string(), error.hint())
}

/// The event of a name, as perf has it.
pub(crate) fn event_named(name: &str) -> Result<Event, SampleError> {
    Event::named(name).ok_or_else(|| SampleError::NoEvent(name.to_owned()))
}

/// Columns of how waits ended: times, threads, wakers, their contexts, processes, names.
type EndColumns<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// One thread: (tid, pid, name, wall_ns, on_cpu_ns, runnable_ns, blocked_ns, switches, residue_ns).
type ThreadTuple = (i32, i32, String, i64, i64, i64, i64, u64, i64);

/// Samples a process with all its threads and descendants, present and future, or the whole machine.
///
/// Constructing it finds out, by trying, what is permitted; nothing is sampled before `start`.
/// Where no event may be opened, `mode` begins with "/proc" and frames are states rather than code.
/// Raises NativeError, with the remedy as hint, if there is no such process or nothing can be seen of it.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Sampler {
    inner: Mutex<BestSampler>,
    mode: String,
    lost_note: String,
}

#[pymethods]
impl Sampler {
    /// Open events for process `pid` at `frequency_hz` samples per second of CPU time (0: none; to 100,000).
    ///
    /// `off_cpu`: states of threads, and stacks at which they left the CPU; `event`: stacks at which an event of
    /// `Counters` happened, of one in so many, such as `("page-faults", 1)`; `dwarf`: callers of code without frame
    /// pointers, for more CPU time; `whole_machine`: all processes.
    #[new]
    #[pyo3(signature = (pid, frequency_hz, *, off_cpu = false, event = None, dwarf = false, whole_machine = false))]
    fn new(
        py: Python<'_>,
        pid: i32,
        frequency_hz: u32,
        off_cpu: bool,
        event: Option<(String, u64)>,
        dwarf: bool,
        whole_machine: bool,
    ) -> PyResult<Self> {
        let event = event.map(|(name, period)| {
            let period = period.max(1);
            event_named(&name).map(|event| Sampled { event, period })
        });
        let event = event.transpose();
        let wanted = Wanted {
            frequency_hz,
            off_cpu,
            event: event.map_err(|error| sample_error(py, &error))?,
            dwarf,
            whole_machine,
        };
        let opened = py.detach(|| BestSampler::open(pid, wanted));
        let inner = opened.map_err(|error| sample_error(py, &error))?;
        Ok(Self {
            mode: inner.mode_name(),
            lost_note: inner.lost_note(),
            inner: Mutex::new(inner),
        })
    }

    /// The mode that worked, in words.
    #[getter]
    fn mode(&self) -> &str {
        &self.mode
    }

    /// What is lost against the best mode, with the remedy; empty: nothing.
    #[getter]
    fn lost_note(&self) -> &str {
        &self.lost_note
    }

    /// Begin to sample. Raises NativeError if it was started before.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        run(py, &self.inner, BestSampler::start)
    }

    /// End sampling, name all addresses, and return what came of it. May take seconds for large binaries.
    ///
    /// `progress` is called now and then with the addresses of a profile that are named, and all there are; what
    /// it raises is raised here. Works as well when the process has ended. Raises NativeError if it is not running.
    #[pyo3(signature = (progress = None))]
    fn stop(&self, py: Python<'_>, progress: Option<Py<PyAny>>) -> PyResult<Sampling> {
        let mut progress = Progress::new(progress);
        let stopped = run(py, &self.inner, |inner| {
            inner.stop_telling(&mut |done, all| {
                progress.tell((done, all));
            })
        });
        progress.result()?;
        let mut inner = stopped?;
        let taken = |profile: &mut Option<profile::Profile>| {
            let profile = profile.take().map(|inner| Py::new(py, Profile { inner }));
            profile.transpose()
        };
        Ok(Sampling {
            on_cpu: taken(&mut inner.on_cpu)?,
            off_cpu: taken(&mut inner.off_cpu)?,
            event: taken(&mut inner.event)?,
            inner,
        })
    }
}

/// What came of sampling, from `start` to `stop`.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Sampling {
    on_cpu: Option<Py<Profile>>,
    off_cpu: Option<Py<Profile>>,
    event: Option<Py<Profile>>,
    /// All the rest; the profiles are taken out.
    inner: sampler::Sampling,
}

#[pymethods]
impl Sampling {
    /// Stacks on the CPU, if they were asked for: ("samples", "count"), ("cpu", "nanoseconds").
    #[getter]
    fn on_cpu(&self, py: Python<'_>) -> Option<Py<Profile>> {
        self.on_cpu.as_ref().map(|profile| profile.clone_ref(py))
    }

    /// Stacks at which threads left the CPU, if they were asked for; one sample is one interval off the CPU.
    ///
    /// Values: ("switches", "count"), ("blocked", "nanoseconds") until the wake-up, ("runnable",
    /// "nanoseconds") until it ran again. Time off the CPU before the first switch counts no switch.
    #[getter]
    fn off_cpu(&self, py: Python<'_>) -> Option<Py<Profile>> {
        self.off_cpu.as_ref().map(|profile| profile.clone_ref(py))
    }

    /// Stacks at which the event happened, if one was asked for: how often, such as ("faults", "count"); if one in many
    /// was sampled, before that how many were: ("samples", "count").
    #[getter]
    fn event(&self, py: Python<'_>) -> Option<Py<Profile>> {
        self.event.as_ref().map(|profile| profile.clone_ref(py))
    }

    /// The states of the threads: (tid, pid, name, wall, on-CPU, runnable, blocked, switches, residue), in ns.
    ///
    /// The times add up to wall time; the residue could not be attributed. Many ended threads are summed
    /// in a last row with tid 0. Empty without `off_cpu`.
    fn threads(&self) -> Vec<ThreadTuple> {
        let rows = self.inner.threads.iter();
        rows.map(|row| {
            (
                row.tid,
                row.pid,
                row.name.clone(),
                row.wall_ns,
                row.on_cpu_ns,
                row.runnable_ns,
                row.blocked_ns,
                row.switches,
                row.residue_ns,
            )
        })
        .collect()
    }

    /// How intervals off the CPU ended: columns t_ns (i8), tid (i4), woken_by (i4), woken_in (u1), behind_pid (i4) and
    /// behind (u4), little-endian, and the names that `behind` numbers.
    ///
    /// `t_ns` and `tid` are those of the interval in `off_cpu`; `woken_in` is an index into `WOKEN_IN`. Intervals of
    /// which nothing is known are left out: all of them without `off_cpu`, or where wake-ups cannot be seen.
    fn wait_ends<'py>(&self, py: Python<'py>) -> (EndColumns<'py>, Vec<String>) {
        let rows = &self.inner.ends.rows;
        let columns = (
            column(py, rows, |end| end.t_ns.to_le_bytes()),
            column(py, rows, |end| end.tid.to_le_bytes()),
            column(py, rows, |end| end.waker.tid.to_le_bytes()),
            column(py, rows, |end| [end.waker.context as u8]),
            column(py, rows, |end| end.behind_pid.to_le_bytes()),
            column(py, rows, |end| end.behind.to_le_bytes()),
        );
        (columns, self.inner.ends.names.clone())
    }

    /// Records of any kind that the kernel had no room for.
    #[getter]
    fn lost(&self) -> u64 {
        self.inner.lost
    }

    /// What the reader must know before believing the numbers, besides what each profile says.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.inner.warnings.clone()
    }

    /// How it was sampled, in words.
    #[getter]
    fn mode(&self) -> &str {
        &self.inner.mode
    }
}

/// Try on this very process what can be sampled here, and return the outcome as JSON.
///
/// Keys: `paranoid`; `modes` and `off_cpu`: [{`mode`, `permitted`, `error`, `lost_note`}], best first;
/// `hardware_counters` and `tracepoints`: {`permitted`, `error`}; `kernel_names`.
#[pyfunction]
pub(crate) fn perf_capability(py: Python<'_>) -> PyResult<String> {
    let json = py.detach(|| serde_json::to_string(&sampler::capability()));
    json.map_err(|error| native_error(py, error.to_string(), ""))
}
