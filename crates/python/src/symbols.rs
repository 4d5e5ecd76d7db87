//! Bindings of symbols.

use std::fs;

use pyo3::prelude::*;

use crate::errors::native_error;

/// Read the build ID of a binary: Go's as text, else GNU's in hex; empty if it has none.
///
/// Raises NativeError if the file cannot be read.
#[pyfunction]
pub(crate) fn build_id(py: Python<'_>, path: &str) -> PyResult<String> {
    let read = py.detach(|| fs::read(path).map(|data| symbols::build_id(&data)));
    read.map_err(|error| native_error(py, format!("{path} cannot be read: {error}"), ""))
}

/// Return the SHA-256 of a program's loaded code and data, in hex, without build ID and debug information; empty for
/// what is no ELF program.
///
/// Raises NativeError if the file cannot be read.
#[pyfunction]
pub(crate) fn content_sha256(py: Python<'_>, path: &str) -> PyResult<String> {
    let read = py.detach(|| fs::read(path).map(|data| symbols::content_sha256(&data)));
    read.map_err(|error| native_error(py, format!("{path} cannot be read: {error}"), ""))
}

/// Say why `malloc` of a program cannot be replaced by LD_PRELOAD; empty where nothing speaks against it.
///
/// A stripped program with a linked-in allocator is not recognised. Raises NativeError if the file cannot be read.
#[pyfunction]
pub(crate) fn why_not_preloadable(py: Python<'_>, path: &str) -> PyResult<String> {
    let read = py.detach(|| fs::read(path).map(|data| symbols::why_not_preloadable(&data)));
    read.map_err(|error| native_error(py, format!("{path} cannot be read: {error}"), ""))
}

/// Return a function's name as it is in every release: without Rust hashes, numbers of closures, type arguments of
/// Go, major versions in import paths, and marks of C clones. A normalised name is its own normal form.
#[pyfunction]
pub(crate) fn normalize_function(name: &str) -> String {
    symbols::normalize_function(name)
}
