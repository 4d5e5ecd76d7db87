//! Bindings of schedules: compiling a workload.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

use grpc::Descriptors;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use schedule::{Compiled, Messages, ScheduleError, Spec};

use crate::errors::native_error;
use crate::load::DISK_HINT;

const PROTO_HINT: &str =
    "Give the .proto files, or a set from `protoc --include_imports --descriptor_set_out`.";

/// The methods of a descriptor set, as compiling wants them.
struct Calls(Descriptors);

impl Messages for Calls {
    fn encode(&self, method: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let encoded = self.0.encode(method, json, out);
        encoded.map_err(|error| error.to_string())
    }
}

/// Compile .proto files into a serialized FileDescriptorSet, with all that they import.
///
/// Args:
///     files: Texts by the names that imports use; the well-known types are known anyway.
///     roots: Names of the files to compile.
///
/// Raises:
///     NativeError: For a file that is wrong or imports what is not there.
#[pyfunction]
pub(crate) fn compile_protos(
    py: Python<'_>,
    files: BTreeMap<String, String>,
    roots: Vec<String>,
) -> PyResult<Py<PyBytes>> {
    let compiled = py.detach(|| grpc::compile_protos(&files, &roots));
    let set = compiled.map_err(|error| native_error(py, error.to_string(), ""))?;
    Ok(PyBytes::new(py, &set).unbind())
}

/// Return the methods of a serialized FileDescriptorSet that can be called, as `package.Service/Method`.
///
/// Methods that stream are left out.
///
/// Raises:
///     NativeError: For bytes that are not a descriptor set, or one that contradicts itself.
#[pyfunction]
pub(crate) fn grpc_methods(py: Python<'_>, descriptors: &[u8]) -> PyResult<Vec<String>> {
    let found = Descriptors::decode(descriptors);
    let found = found.map_err(|error| native_error(py, error.to_string(), PROTO_HINT))?;
    Ok(found.methods())
}

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
pub(crate) fn compile_schedule(
    py: Python<'_>,
    spec: &[u8],
    blobs: Vec<PyBackedBytes>,
    path: PathBuf,
    descriptors: Option<&[u8]>,
    trace: Option<PathBuf>,
) -> PyResult<Py<PyBytes>> {
    let spec: Spec = serde_json::from_slice(spec)
        .map_err(|error| native_error(py, format!("not a workload: {error}"), ""))?;
    let messages = descriptors
        .map(|bytes| Descriptors::decode(bytes).map(Calls))
        .transpose();
    let messages = messages.map_err(|error| native_error(py, error.to_string(), PROTO_HINT))?;
    let compiled = py.detach(|| compile(&spec, &blobs, messages.as_ref(), trace.as_deref(), &path));
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
    messages: Option<&Calls>,
    trace: Option<&Path>,
    path: &Path,
) -> Result<Compiled, ScheduleError> {
    let open = || -> std::io::Result<Box<dyn Read>> {
        let file = File::open(trace.unwrap_or(Path::new("")))?;
        Ok(Box::new(BufReader::new(file)))
    };
    let trace = trace.map(|_| &open as schedule::OpenTrace<'_>);
    let messages = messages.map(|calls| calls as &dyn Messages);
    let file = File::create(path).map_err(ScheduleError::Write)?;
    let compiled = schedule::compile(
        spec,
        blobs,
        messages,
        trace,
        BufWriter::with_capacity(1 << 18, file),
    );
    if compiled.is_err() {
        let _ = std::fs::remove_file(path); // the error that counts is the one returned
    }
    compiled
}
