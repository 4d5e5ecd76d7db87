//! Bindings of schedules: compiling a workload.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use schedule::{Compiled, ScheduleError, Spec, old};

use crate::errors::native_error;
use crate::load::DISK_HINT;

/// Compile a workload into a schedule file; the same arguments give the same bytes on every machine.
///
/// Args:
///     spec: JSON object: arrivals, rates over time, protocol and operations with their templates.
///     blobs: Bodies that operations draw, and what is sent first on each connection.
///     path: File to write; an existing one is replaced, an incomplete one removed.
///     descriptors: FileDescriptorSet with the services and messages, for gRPC.
///     trace: Tab-separated text with the starts, for arrivals by trace.
///
/// Returns:
///     JSON object with `sha256` (hex), `requests`, `duration_ns`, `bytes` and `mean_rate_per_s`.
///
/// Raises:
///     NativeError: For impossible values, a trace that cannot be replayed, a message that does not
///         match its descriptor, or when a file cannot be read or written.
#[pyfunction]
#[pyo3(signature = (spec, blobs, path, *, descriptors=None, trace=None))]
pub(crate) fn compile_workload_schedule(
    py: Python<'_>,
    spec: &[u8],
    blobs: Vec<PyBackedBytes>,
    path: PathBuf,
    descriptors: Option<&[u8]>,
    trace: Option<PathBuf>,
) -> PyResult<Py<PyBytes>> {
    let spec: Spec = serde_json::from_slice(spec)
        .map_err(|error| native_error(py, format!("not a workload: {error}"), ""))?;
    let _ = descriptors;
    let compiled = py.detach(|| compile(&spec, &blobs, trace.as_deref(), &path));
    let compiled = compiled.map_err(|error| refused(py, &error, &path))?;
    let info = serde_json::json!({
        "sha256": compiled.sha256,
        "requests": compiled.requests,
        "duration_ns": spec.duration_ns,
        "bytes": compiled.bytes,
        "mean_rate_per_s": compiled.mean_rate_per_s,
    });
    Ok(PyBytes::new(py, info.to_string().as_bytes()).unbind())
}

fn refused(py: Python<'_>, error: &ScheduleError, path: &Path) -> PyErr {
    match error {
        ScheduleError::Write(source) => {
            let message = format!("cannot write the schedule {}: {source}", path.display());
            native_error(py, message, DISK_HINT)
        }
        ScheduleError::Read(source) => {
            native_error(py, format!("cannot read the trace: {source}"), "")
        }
        other => native_error(py, other.to_string(), ""),
    }
}

fn compile(
    spec: &Spec,
    blobs: &[PyBackedBytes],
    trace: Option<&Path>,
    path: &Path,
) -> Result<Compiled, ScheduleError> {
    let open = || -> std::io::Result<Box<dyn Read>> {
        let file = File::open(trace.unwrap_or(Path::new("")))?;
        Ok(Box::new(BufReader::new(file)))
    };
    let trace = trace.map(|_| &open as schedule::OpenTrace<'_>);
    let file = File::create(path).map_err(ScheduleError::Write)?;
    let compiled = schedule::compile(
        spec,
        blobs,
        None,
        trace,
        BufWriter::with_capacity(1 << 18, file),
    );
    if compiled.is_err() {
        let _ = std::fs::remove_file(path); // the error that counts is the one returned
    }
    compiled
}

/// Compile a workload into a schedule file; the same arguments give the same bytes on every machine.
///
/// Args:
///     spec: JSON object with `arrival` (`poisson` or `constant`), `rate_per_s`, `duration_ns`, `seed`
///         (0 to 2**64-1), `max_connections` (256 when absent) and `operations`: a list of objects with
///         `name`, `weight`, `timeout_ns` and `expected_status`.
///     payloads: For each operation the complete HTTP/1.1 requests among which it draws.
///     path: File to write; an existing one is replaced.
///
/// Returns:
///     JSON object with `sha256` (hex), `requests`, `duration_ns` and `bytes`.
///
/// Raises:
///     NativeError: For impossible values, or when the file cannot be written.
#[pyfunction]
pub(crate) fn compile_schedule(
    py: Python<'_>,
    spec: &[u8],
    payloads: Vec<Vec<PyBackedBytes>>,
    path: PathBuf,
) -> PyResult<Py<PyBytes>> {
    let spec: old::Spec = serde_json::from_slice(spec)
        .map_err(|error| native_error(py, format!("not a workload: {error}"), ""))?;
    let compiled = py.detach(|| compile_old(&spec, &payloads, &path));
    let compiled = compiled.map_err(|error| match error {
        old::ScheduleError::Write(source) => {
            let message = format!("cannot write the schedule {}: {source}", path.display());
            native_error(py, message, DISK_HINT)
        }
        other => native_error(py, other.to_string(), ""),
    })?;
    let info = serde_json::json!({
        "sha256": compiled.sha256,
        "requests": compiled.requests,
        "duration_ns": spec.duration_ns,
        "bytes": compiled.bytes,
    });
    Ok(PyBytes::new(py, info.to_string().as_bytes()).unbind())
}

fn compile_old(
    spec: &old::Spec,
    payloads: &[Vec<PyBackedBytes>],
    path: &Path,
) -> Result<old::Compiled, old::ScheduleError> {
    old::compile(spec, payloads, &mut BufWriter::new(File::create(path)?))
}
