//! Bindings of the sampler.

use std::sync::Mutex;

use pyo3::prelude::*;
use sampler::SampleError;

use crate::errors::native_error;
use crate::profile::Profile;

fn sample_error(py: Python<'_>, error: &SampleError) -> PyErr {
    native_error(py, error.to_string(), error.hint())
}

/// Samples the on-CPU stacks of a process with all its threads and descendants, present and future.
///
/// Constructing it finds out, by trying, what is permitted; nothing is sampled before `start`.
/// Raises NativeError, with the remedy as hint, if there is no such process or nothing is permitted.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Sampler {
    inner: Mutex<sampler::Sampler>,
    mode: &'static str,
    lost_note: String,
}

#[pymethods]
impl Sampler {
    /// Open events for process `pid` at `frequency_hz` samples per second of CPU time (1 to 100,000).
    #[new]
    fn new(py: Python<'_>, pid: i32, frequency_hz: u32) -> PyResult<Self> {
        let opened = py.detach(|| sampler::Sampler::open(pid, frequency_hz));
        let inner = opened.map_err(|error| sample_error(py, &error))?;
        Ok(Self {
            mode: inner.mode().name(),
            lost_note: inner.lost_note(),
            inner: Mutex::new(inner),
        })
    }

    /// The mode that worked, in words.
    #[getter]
    fn mode(&self) -> &str {
        self.mode
    }

    /// What is lost against the best mode, with the remedy; empty: nothing.
    #[getter]
    fn lost_note(&self) -> &str {
        &self.lost_note
    }

    /// Begin to sample. Raises NativeError if it was started before.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, sampler::Sampler::start)
    }

    /// End sampling, name all addresses, and return the profile. May take seconds for large binaries.
    ///
    /// Works as well when the process has ended. Raises NativeError if it is not running.
    fn stop(&self, py: Python<'_>) -> PyResult<Profile> {
        let inner = self.run(py, sampler::Sampler::stop)?;
        Ok(Profile { inner })
    }
}

impl Sampler {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        action: impl FnOnce(&mut sampler::Sampler) -> Result<T, SampleError> + Send,
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
/// Keys: `paranoid`; `modes`: [{`mode`, `permitted`, `error`, `lost_note`}], best first;
/// `hardware_counters` and `tracepoints`: {`permitted`, `error`}; `kernel_names`.
#[pyfunction]
pub(crate) fn perf_capability(py: Python<'_>) -> PyResult<String> {
    let json = py.detach(|| serde_json::to_string(&sampler::capability()));
    json.map_err(|error| native_error(py, error.to_string(), ""))
}
