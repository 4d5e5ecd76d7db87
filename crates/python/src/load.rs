//! Bindings of the load side: the engine, timers.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use loadgen::{Address, Ask, LoadError, Pacing, Play, TlsOptions};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::native_error;

pub(crate) const DISK_HINT: &str = "Check that the directory exists, is writable and has room.";
const FILE_HINT: &str = "Compile the schedule again; the file is damaged or not a schedule.";

/// Ends a running play from another thread; what was recorded is kept.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct StopSignal(loadgen::Stop);

#[pymethods]
impl StopSignal {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(loadgen::Stop::new()?))
    }

    /// End the play now; may be called before it begins.
    fn set(&self) {
        self.0.set();
    }
}

/// Play a schedule against a service; blocks, without the GIL, until its end or `stop`.
///
/// Args:
///     schedule: A compiled schedule.
///     stop: Ends the play early.
///     host: IP address of the service, version 4 or 6; 127.0.0.1 when absent.
///     port: Where it listens there.
///     unix: Path of a Unix socket, in place of host and port.
///     tls_name: Speak TLS with the server of this name.
///     tls_ca: PEM file of certificates to trust besides the system's.
///     tls_insecure: Trust any certificate.
///     output: Existing directory for `requests.bin`, `connections.bin` and `latency.bin`, or nothing.
///     cpus: CPUs to bind the engines to, in turn; none: they are not bound.
///     threads: Engines that share the schedule, at least one.
///     pacing: `precise`, `sleeping` or `frugal`.
///     real_time: Whether to try for real-time priority.
///     events_fd: Descriptor that gets a JSON line each second, with the fields of `ports.Interval`.
///
/// Returns:
///     JSON object with the fields of `model.load.LoadReport` except its validity.
///
/// Raises:
///     NativeError: When the schedule cannot be read, or the output cannot be written.
#[pyfunction]
#[pyo3(signature = (schedule, stop, *, host=None, port=0, unix=None, tls_name=None, tls_ca=None, tls_insecure=false,
    output=None, cpus=vec![], threads=1, pacing="precise", real_time=true, events_fd=None))]
#[allow(clippy::too_many_arguments)] // Keyword arguments of Python; they become fields at once.
pub(crate) fn play(
    py: Python<'_>,
    schedule: PathBuf,
    stop: &StopSignal,
    host: Option<IpAddr>,
    port: u16,
    unix: Option<PathBuf>,
    tls_name: Option<String>,
    tls_ca: Option<PathBuf>,
    tls_insecure: bool,
    output: Option<PathBuf>,
    cpus: Vec<usize>,
    threads: usize,
    pacing: &str,
    real_time: bool,
    events_fd: Option<i32>,
) -> PyResult<Py<PyBytes>> {
    let options = Play {
        schedule,
        address: address_of(host, port, unix),
        tls: tls_of(tls_name, tls_ca, tls_insecure),
        output,
        cpus,
        threads,
        pacing: pacing_of(py, pacing)?,
        real_time,
        events: events_fd,
    };
    let report = py
        .detach(|| loadgen::play(&options, &stop.0))
        .map_err(|error| load_error(py, &error))?;
    json_bytes(py, &report)
}

/// Ask a service the requests of a schedule one after another on one connection, and keep the answers.
///
/// Args:
///     schedule: A compiled schedule.
///     stop: Ends the asking early.
///     output: File for the answers.
///     requests: So many are taken from the schedule's beginning.
///     each: Then further ones of operations that were asked less often than this.
///     seconds: When to end in any case.
///     host: IP address of the service, version 4 or 6; 127.0.0.1 when absent.
///     port: Where it listens there.
///     unix: Path of a Unix socket, in place of host and port.
///     tls_name: Speak TLS with the server of this name.
///     tls_ca: PEM file of certificates to trust besides the system's.
///     tls_insecure: Trust any certificate.
///
/// Returns:
///     JSON object with the fields of `ports.Asked`.
///
/// Raises:
///     NativeError: When the schedule cannot be read, or the output cannot be written.
#[pyfunction]
#[pyo3(signature = (schedule, stop, output, *, requests, each, seconds, host=None, port=0, unix=None, tls_name=None,
    tls_ca=None, tls_insecure=false))]
#[allow(clippy::too_many_arguments)] // Keyword arguments of Python; they become fields at once.
pub(crate) fn ask(
    py: Python<'_>,
    schedule: PathBuf,
    stop: &StopSignal,
    output: PathBuf,
    requests: u64,
    each: u64,
    seconds: f64,
    host: Option<IpAddr>,
    port: u16,
    unix: Option<PathBuf>,
    tls_name: Option<String>,
    tls_ca: Option<PathBuf>,
    tls_insecure: bool,
) -> PyResult<Py<PyBytes>> {
    let longest = Duration::try_from_secs_f64(seconds).map_err(|error| {
        native_error(py, format!("impossible length of {seconds} s: {error}"), "")
    })?;
    let options = Ask {
        schedule,
        address: address_of(host, port, unix),
        tls: tls_of(tls_name, tls_ca, tls_insecure),
        output,
        requests,
        each,
        longest,
    };
    let report = py
        .detach(|| loadgen::ask(&options, &stop.0))
        .map_err(|error| load_error(py, &error))?;
    json_bytes(py, &report)
}

/// Replace all that patterns match in an answer; takes time linear in its length.
///
/// Args:
///     body: The answer.
///     pairs: Regular expressions, in the syntax of Rust's regex, with the text in their place.
///
/// Returns:
///     The answer, of at most 1 MiB.
///
/// Raises:
///     NativeError: When a pattern is malformed or too large.
#[pyfunction]
pub(crate) fn replace_all(
    py: Python<'_>,
    body: &[u8],
    pairs: Vec<(String, String)>,
) -> PyResult<Py<PyBytes>> {
    let replacements = loadgen::Replacements::new(&pairs)
        .map_err(|error| native_error(py, error.to_string(), ""))?;
    Ok(PyBytes::new(py, &replacements.apply(body)).unbind())
}

fn address_of(host: Option<IpAddr>, port: u16, unix: Option<PathBuf>) -> Address {
    let tcp = || Address::Tcp((host.unwrap_or(Ipv4Addr::LOCALHOST.into()), port).into());
    unix.map_or_else(tcp, Address::Unix)
}

fn tls_of(name: Option<String>, ca_file: Option<PathBuf>, insecure: bool) -> Option<TlsOptions> {
    name.map(|server_name| TlsOptions {
        server_name,
        ca_file,
        insecure,
    })
}

fn load_error(py: Python<'_>, error: &LoadError) -> PyErr {
    let hint = match error {
        LoadError::Schedule { .. } => FILE_HINT,
        LoadError::Write { .. } => DISK_HINT,
        _ => "",
    };
    native_error(py, error.to_string(), hint)
}

fn pacing_of(py: Python<'_>, name: &str) -> PyResult<Pacing> {
    let found = Pacing::ALL.into_iter().find(|pacing| pacing.name() == name);
    found.ok_or_else(|| native_error(py, format!("pacing {name:?} is unknown"), ""))
}

/// Measure how late this machine wakes a thread, by method and scheduling class.
///
/// Args:
///     seconds: Time for the whole table of up to eight rows.
///     cpu: CPU to measure on, or nothing.
///
/// Returns:
///     JSON object with `clock_cost_ns`, `rows` (objects with `method`, `scheduling`, `wakes`, `p50_ns`,
///     `p99_ns`, `max_ns`) and `warnings`.
#[pyfunction]
#[pyo3(signature = (seconds=5.0, cpu=None))]
pub(crate) fn timer_error(
    py: Python<'_>,
    seconds: f64,
    cpu: Option<usize>,
) -> PyResult<Py<PyBytes>> {
    let row =
        Duration::try_from_secs_f64(seconds / f64::from(loadgen::TIMER_ROWS)).map_err(|error| {
            native_error(py, format!("impossible length of {seconds} s: {error}"), "")
        })?;
    let table = py.detach(|| loadgen::timer_errors(row, cpu))?;
    json_bytes(py, &table)
}

/// End this process when the parent thread that started it ends.
///
/// Args:
///     parent: Process ID the parent must still have.
///
/// Raises:
///     OSError: If the parent has ended already.
#[pyfunction]
pub(crate) fn die_with_parent(parent: u32) -> PyResult<()> {
    Ok(loadgen::die_with_parent(parent)?)
}

fn json_bytes(py: Python<'_>, value: &impl serde::Serialize) -> PyResult<Py<PyBytes>> {
    let text = serde_json::to_vec(value)
        .map_err(|error| native_error(py, format!("cannot encode the answer: {error}"), ""))?;
    Ok(PyBytes::new(py, &text).unbind())
}
