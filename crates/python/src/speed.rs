//! Binding of the speed gauge.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// Pieces, the CPU time that they took, and CPU time altogether, ns.
type Reading = (u64, u64, u64);

/// Tells how fast CPUs are: does the same piece of work about 250 times a second, where nothing else wants to run.
///
/// Threads of this process, one a CPU, which take about one percent of it and end with `close`.
#[pyclass(module = "tailtune._native")]
pub(crate) struct SpeedGauge(Option<loadgen::SpeedGauge>);

#[pymethods]
impl SpeedGauge {
    /// Start it.
    ///
    /// Args:
    ///     cpus: CPUs to gauge.
    ///
    /// Raises:
    ///     OSError: When a thread cannot be bound to its CPU, or made to give way to others.
    #[new]
    fn new(cpus: Vec<usize>) -> PyResult<Self> {
        let gauge = loadgen::SpeedGauge::start(&cpus)
            .map_err(|error| PyOSError::new_err(format!("no gauge of speed: {error}")))?;
        Ok(Self(Some(gauge)))
    }

    /// Return what it did so far: pieces, the CPU time that they took, and all its CPU time; zeros once it is closed.
    fn read(&self) -> Reading {
        let speed = self.0.as_ref().map(loadgen::SpeedGauge::read);
        speed.map_or((0, 0, 0), |one| (one.pieces, one.piece_ns, one.cpu_ns))
    }

    /// End its threads; safe to call twice.
    fn close(&mut self, py: Python<'_>) {
        let gauge = self.0.take();
        py.detach(|| drop(gauge));
    }
}
