//! Bindings of the servers that the load engine is proved against.

use std::io;
use std::path::PathBuf;

use loadgen::Law;
use pyo3::prelude::*;

use crate::errors::native_error;

fn refused(py: Python<'_>, port: u16, error: &io::Error) -> PyErr {
    let message = format!("cannot listen on 127.0.0.1:{port}: {error}");
    native_error(py, message, "Choose another port.")
}

fn unwritten(py: Python<'_>, journal: &std::path::Path, error: &io::Error) -> PyErr {
    let message = format!("cannot write the journal {}: {error}", journal.display());
    native_error(
        py,
        message,
        "Check that the directory exists, is writable and has room.",
    )
}

/// A server that answers every request with the same small 200: the floor of what a client can measure.
#[pyclass(module = "tailtune._native")]
pub(crate) struct NullServer(Option<loadgen::NullServer>, u16);

#[pymethods]
impl NullServer {
    /// Listen on 127.0.0.1:port, or on a free port for 0.
    ///
    /// Args:
    ///     port: Port; 0: a free one.
    ///     delay_us: Each answer is held back by this.
    ///     close_every: In place of every n-th answer the connection is closed; 0: never.
    ///     real_time: Whether to try for real-time priority while serving.
    ///     journal: File for the times of receipt, or nothing.
    ///     records: How many of them it has room for; the oldest go first.
    ///
    /// Raises:
    ///     NativeError: When the port is taken, or the journal cannot be made.
    #[new]
    #[pyo3(signature = (port=0, delay_us=0, *, close_every=0, real_time=false, journal=None, records=1_000_000))]
    #[allow(clippy::too_many_arguments)] // Keyword arguments of Python.
    fn new(
        py: Python<'_>,
        port: u16,
        delay_us: u64,
        close_every: u64,
        real_time: bool,
        journal: Option<PathBuf>,
        records: u64,
    ) -> PyResult<Self> {
        let bound = loadgen::NullServer::bind(port, delay_us.saturating_mul(1_000));
        let mut server = bound.map_err(|error| refused(py, port, &error))?;
        server.close_every(close_every);
        if real_time {
            server.before_others();
        }
        if let Some(path) = journal {
            let kept = server.keep_journal(&path, records);
            kept.map_err(|error| unwritten(py, &path, &error))?;
        }
        let port = server.port()?;
        Ok(Self(Some(server), port))
    }

    /// The port listened on.
    #[getter]
    const fn port(&self) -> u16 {
        self.1
    }

    /// Serve until the process ends; may be called once.
    fn serve(&mut self, py: Python<'_>) -> PyResult<()> {
        let server = self.0.take();
        py.detach(|| server.map_or(Ok(()), loadgen::NullServer::serve))?;
        Ok(())
    }
}

/// A single server with a queue whose waiting times theory knows: M/D/1 and M/G/1 under Poisson load.
#[pyclass(module = "tailtune._native")]
pub(crate) struct QueueServer(Option<loadgen::QueueServer>, u16);

#[pymethods]
impl QueueServer {
    /// Listen on 127.0.0.1:port, or on a free port for 0.
    ///
    /// Args:
    ///     law: `constant`, `exponential` or `hyperexponential` (two exponentials of balanced means).
    ///     mean_us: Mean service time.
    ///     scv: Squared coefficient of variation of the hyperexponential, at least 1.
    ///     seed: Fixes the service times.
    ///     port: Port; 0: a free one.
    ///     journal: File for arrival, begin, end and answer of each service, or nothing.
    ///     records: How many of them it has room for; the oldest go first.
    ///
    /// Raises:
    ///     NativeError: For an impossible law, a taken port, or a journal that cannot be made.
    #[new]
    #[pyo3(signature = (law, mean_us, *, scv=1.0, seed=1, port=0, journal=None, records=1_000_000))]
    #[allow(clippy::too_many_arguments)] // Keyword arguments of Python.
    fn new(
        py: Python<'_>,
        law: &str,
        mean_us: f64,
        scv: f64,
        seed: u64,
        port: u16,
        journal: Option<PathBuf>,
        records: u64,
    ) -> PyResult<Self> {
        let chosen = law_of(law, mean_us * 1e3, scv).ok_or_else(|| {
            let message = format!("no law {law:?} with mean {mean_us} µs and scv {scv}");
            native_error(
                py,
                message,
                "Write constant, exponential or hyperexponential.",
            )
        })?;
        let bound = loadgen::QueueServer::bind(port, chosen, seed);
        let mut server = bound.map_err(|error| refused(py, port, &error))?;
        if let Some(path) = journal {
            let kept = server.keep_journal(&path, records);
            kept.map_err(|error| unwritten(py, &path, &error))?;
        }
        let port = server.port()?;
        Ok(Self(Some(server), port))
    }

    /// The port listened on.
    #[getter]
    const fn port(&self) -> u16 {
        self.1
    }

    /// Serve until the process ends, on one CPU if given; may be called once.
    #[pyo3(signature = (cpu=None))]
    fn serve(&mut self, py: Python<'_>, cpu: Option<usize>) -> PyResult<()> {
        let server = self.0.take();
        py.detach(|| server.map_or(Ok(()), |server| server.serve(cpu)))?;
        Ok(())
    }
}

/// A server of which each request costs a fixed number of rounds of work: what verdicts are proved on.
#[pyclass(module = "tailtune._native")]
pub(crate) struct WorkServer(Option<loadgen::WorkServer>, u16);

#[pymethods]
impl WorkServer {
    /// Listen on 127.0.0.1:port, or on a free port for 0.
    ///
    /// Args:
    ///     port: Port; 0: a free one.
    ///     rounds: Work of a request, see `spend_rounds`.
    ///     slow_every: One request in so many, told by its first line, takes more; 0: none.
    ///     slow_times: How many times the work such a request takes.
    ///     blocks: Blocks that a request allocates.
    ///     block_bytes: Size of each.
    ///     kept: For how many requests more they are kept.
    ///     locked_percent: Percent of the work that is done under one lock of all threads.
    ///
    /// Raises:
    ///     NativeError: When the port is taken.
    #[new]
    #[pyo3(signature = (port, rounds, *, slow_every=0, slow_times=1, blocks=0, block_bytes=1024, kept=1000, locked_percent=0))]
    #[allow(clippy::too_many_arguments)] // Keyword arguments of Python.
    fn new(
        py: Python<'_>,
        port: u16,
        rounds: u64,
        slow_every: u64,
        slow_times: u64,
        blocks: usize,
        block_bytes: usize,
        kept: usize,
        locked_percent: u64,
    ) -> PyResult<Self> {
        let work = loadgen::Work {
            rounds,
            slow_every,
            slow_times,
            blocks,
            block_bytes,
            kept,
            locked_percent,
        };
        let bound = loadgen::WorkServer::bind(port, work);
        let server = bound.map_err(|error| refused(py, port, &error))?;
        let port = server.port()?;
        Ok(Self(Some(server), port))
    }

    /// The port listened on.
    #[getter]
    const fn port(&self) -> u16 {
        self.1
    }

    /// Serve until the process ends; may be called once.
    fn serve(&mut self, py: Python<'_>) -> PyResult<()> {
        let server = self.0.take();
        py.detach(|| server.map_or(Ok(()), loadgen::WorkServer::serve))?;
        Ok(())
    }
}

/// Do so many rounds of the work that a `WorkServer` does, in this thread.
#[pyfunction]
pub(crate) fn spend_rounds(py: Python<'_>, rounds: u64) {
    py.detach(|| loadgen::spend_rounds(rounds));
}

fn law_of(name: &str, mean_ns: f64, scv: f64) -> Option<Law> {
    let law = match name {
        "constant" => Law::Constant { mean_ns },
        "exponential" => Law::Exponential { mean_ns },
        "hyperexponential" => Law::Hyperexponential { mean_ns, scv },
        _ => return None,
    };
    law.is_possible().then_some(law)
}
