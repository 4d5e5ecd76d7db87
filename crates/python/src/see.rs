//! Bindings of the seeing side: the sampler, symbols and profiles.

use std::fs;
use std::sync::Mutex;

use profile::{PprofLimits, SampleType};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sampler::SampleError;

use crate::errors::native_error;

/// One frame: (function, file, module, line, inlined, kernel).
type FrameTuple = (String, String, String, i32, bool, bool);

/// Columns of samples: times, threads, CPUs, stacks.
type Columns<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

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

/// Unique stacks with values, and the single samples behind them where the source has them.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Profile {
    inner: profile::Profile,
}

#[pymethods]
impl Profile {
    /// Read a pprof profile, gzip or raw. Raises NativeError if it is damaged or unpacks to more than 512 MiB.
    #[staticmethod]
    fn from_pprof(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| profile::Profile::from_pprof(data, PprofLimits::default()));
        let hint =
            "is this a pprof file? Go writes one at /debug/pprof/profile and with -cpuprofile";
        let inner = read.map_err(|error| {
            native_error(py, format!("not a usable pprof profile: {error}"), hint)
        })?;
        Ok(Self { inner })
    }

    /// Write gzip'd pprof, as `go tool pprof` reads it. Single samples are not part of the format.
    fn to_pprof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let written = py.detach(|| self.inner.to_pprof());
        let data = written.map_err(|error| native_error(py, error.to_string(), ""))?;
        Ok(PyBytes::new(py, &data))
    }

    /// Write collapsed text of one sample type: a line a stack, root first, joined by semicolons, then the value.
    #[pyo3(signature = (value = 0))]
    fn to_collapsed(&self, py: Python<'_>, value: usize) -> String {
        py.detach(|| self.inner.to_collapsed(value))
    }

    /// What the values of each stack mean: (type, unit), for example ("cpu", "nanoseconds").
    #[getter]
    fn sample_types(&self) -> Vec<(String, String)> {
        self.inner
            .sample_types
            .iter()
            .map(|&sample_type| self.type_name(sample_type))
            .collect()
    }

    /// All different frames: (function, file, module, line, inlined, kernel).
    ///
    /// `inlined`: the compiler copied the function into the next frame's. Unknown lines are 0.
    fn frames(&self) -> Vec<FrameTuple> {
        let text = |id| self.inner.strings.text(id).to_owned();
        let rows = self.inner.frames.rows().iter();
        rows.map(|row| {
            (
                text(row.function),
                text(row.file),
                text(row.module),
                row.line,
                row.inlined,
                row.kernel,
            )
        })
        .collect()
    }

    /// All different stacks as indices into `frames`, leaf first, inlined calls expanded.
    fn stacks(&self) -> Vec<Vec<u32>> {
        let stacks = 0..self.inner.stacks.len() as u32;
        stacks
            .map(|stack| self.inner.stack_frames(stack).collect())
            .collect()
    }

    /// The value of each stack for sample type `i`. Raises IndexError if there is no such type.
    fn values(&self, i: usize) -> PyResult<Vec<i64>> {
        let column = self.inner.values.get(i);
        let missing =
            || pyo3::exceptions::PyIndexError::new_err(format!("there is no sample type {i}"));
        column.cloned().ok_or_else(missing)
    }

    /// The single samples in columns of little-endian numbers: (t_ns i64, tid i32, cpu i32, stack u32).
    ///
    /// In the order of time; empty for profiles read from pprof.
    fn samples<'py>(&self, py: Python<'py>) -> Columns<'py> {
        let samples = &self.inner.samples;
        (
            bytes(py, &samples.t_ns, i64::to_le_bytes),
            bytes(py, &samples.tid, i32::to_le_bytes),
            bytes(py, &samples.cpu, i32::to_le_bytes),
            bytes(py, &samples.stack, u32::to_le_bytes),
        )
    }

    /// Length in ns; 0 where unknown.
    #[getter]
    fn duration_ns(&self) -> i64 {
        self.inner.duration_ns
    }

    /// Distance between samples in units of the period type, ns for CPU profiles; 0 where unknown.
    #[getter]
    fn period(&self) -> i64 {
        self.inner.period
    }

    /// Samples that the kernel had no room for.
    #[getter]
    fn lost(&self) -> u64 {
        self.inner.lost
    }

    /// Free text that came with the profile.
    #[getter]
    fn comments(&self) -> Vec<String> {
        self.inner
            .comments
            .iter()
            .map(|&comment| self.inner.strings.text(comment).to_owned())
            .collect()
    }

    /// What the reader must know before believing the numbers.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.inner.warnings.clone()
    }
}

impl Profile {
    fn type_name(&self, sample_type: SampleType) -> (String, String) {
        let text = |id| self.inner.strings.text(id).to_owned();
        (text(sample_type.kind), text(sample_type.unit))
    }
}

fn bytes<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    column: &[T],
    convert: impl Fn(T) -> [u8; N],
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = column.iter().flat_map(|&number| convert(number)).collect();
    PyBytes::new(py, &bytes)
}

/// Read the build ID of a binary: Go's as text, else GNU's in hex; empty if it has none.
///
/// Raises NativeError if the file cannot be read.
#[pyfunction]
pub(crate) fn build_id(py: Python<'_>, path: &str) -> PyResult<String> {
    let read = py.detach(|| fs::read(path).map(|data| symbols::build_id(&data)));
    read.map_err(|error| native_error(py, format!("{path} cannot be read: {error}"), ""))
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
