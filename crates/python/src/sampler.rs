//! Bindings of the sampler.

use std::sync::Mutex;

use pyo3::prelude::*;
use sampler::{BestSampler, SampleError, Wanted};

use crate::errors::native_error;
use crate::profile::Profile;
use crate::progress::Progress;

pub(crate) fn sample_error(py: Python<'_>, error: &SampleError) -> PyErr {
    native_error(py, error.to_string(), error.hint())
}

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
    /// `off_cpu`: states of threads, and stacks at which they left the CPU; `page_faults`: stacks at which
    /// pages were missing; `dwarf`: callers of code without frame pointers, for more CPU time;
    /// `whole_machine`: all processes.
    #[new]
    #[pyo3(signature = (pid, frequency_hz, *, off_cpu = false, page_faults = false, dwarf = false, whole_machine = false))]
    fn new(
        py: Python<'_>,
        pid: i32,
        frequency_hz: u32,
        off_cpu: bool,
        page_faults: bool,
        dwarf: bool,
        whole_machine: bool,
    ) -> PyResult<Self> {
        let wanted = Wanted {
            frequency_hz,
            off_cpu,
            page_faults,
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
        self.run(py, BestSampler::start)
    }

    /// End sampling, name all addresses, and return what came of it. May take seconds for large binaries.
    ///
    /// `progress` is called now and then with the addresses of a profile that are named, and all there are; what
    /// it raises is raised here. Works as well when the process has ended. Raises NativeError if it is not running.
    #[pyo3(signature = (progress = None))]
    fn stop(&self, py: Python<'_>, progress: Option<Py<PyAny>>) -> PyResult<Sampling> {
        let mut progress = Progress::new(progress);
        let stopped = self.run(py, |inner| {
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
            page_faults: taken(&mut inner.page_faults)?,
            inner,
        })
    }
}

/// What came of sampling, from `start` to `stop`.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Sampling {
    on_cpu: Option<Py<Profile>>,
    off_cpu: Option<Py<Profile>>,
    page_faults: Option<Py<Profile>>,
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

    /// Stacks at which pages were missing, if they were asked for: ("faults", "count").
    #[getter]
    fn page_faults(&self, py: Python<'_>) -> Option<Py<Profile>> {
        self.page_faults
            .as_ref()
            .map(|profile| profile.clone_ref(py))
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

impl Sampler {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        action: impl FnOnce(&mut BestSampler) -> Result<T, SampleError> + Send,
    ) -> PyResult<T> {
        let outcome = py.detach(|| {
            self.inner
                .lock()
                .map_or(Err(SampleError::Thread), |mut inner| action(&mut inner))
        });
        outcome.map_err(|error| sample_error(py, &error))
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
