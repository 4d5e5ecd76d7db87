//! Bindings of the recorder of socket calls.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::sampler::{column, run, sample_error};

/// Columns of calls: times, threads, processes, kinds, peers' ports, bytes.
type Columns<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// Records when a process, and its descendants, present and future, read and wrote on connections with one port of theirs,
/// and when they began to open connections to any.
///
/// Constructing it finds out, by trying, whether that is permitted; nothing is recorded before `start`. Neither accept
/// nor bytes that splice takes off a socket are seen.
/// Raises NativeError, with the remedy as hint, if there is no such process, BPF programs may not be loaded, or the kernel
/// is older than 6.3.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct SocketCalls {
    inner: Mutex<sampler::SocketCalls>,
}

#[pymethods]
impl SocketCalls {
    /// Load the programs that watch process `pid` on connections whose own port is `port`.
    #[new]
    fn new(py: Python<'_>, pid: i32, port: u16) -> PyResult<Self> {
        let opened = py.detach(|| sampler::SocketCalls::open(pid, port));
        let inner = opened.map_err(|error| sample_error(py, &error))?;
        Ok(Self {
            inner: Mutex::new(inner),
        })
    }

    /// How calls are seen, in words.
    #[getter]
    fn mode(&self) -> &'static str {
        sampler::SocketCalls::NAME
    }

    /// Begin to record. Raises NativeError if it was started before.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        run(py, &self.inner, sampler::SocketCalls::start)
    }

    /// End recording. Return the columns t_ns (i8), tid (i4), pid (i4), kind (u1), peer_port (u2) and bytes (i8) of the
    /// calls in the order in which they ended, little-endian, and how many calls were lost for want of room.
    ///
    /// Times are CLOCK_MONOTONIC nanoseconds; kinds are indices into `SOCKET_KINDS`. Works as well when the process has
    /// ended. Raises NativeError if it is not running.
    fn stop<'py>(&self, py: Python<'py>) -> PyResult<(Columns<'py>, u64)> {
        let log = run(py, &self.inner, sampler::SocketCalls::stop)?;
        let calls = &log.calls;
        let columns = (
            column(py, calls, |call| call.t_ns.to_le_bytes()),
            column(py, calls, |call| call.tid.to_le_bytes()),
            column(py, calls, |call| call.pid.to_le_bytes()),
            column(py, calls, |call| call.kind.to_le_bytes()),
            column(py, calls, |call| call.peer_port.to_le_bytes()),
            column(py, calls, |call| call.bytes.to_le_bytes()),
        );
        Ok((columns, log.lost))
    }
}
