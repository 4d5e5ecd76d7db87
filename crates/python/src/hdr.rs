//! Distributions for other tools.

use pyo3::prelude::*;

use crate::errors::native_error;

/// Encode a distribution as a compressed HdrHistogram of encoding V2, as bytes.
///
/// Args:
///     buckets: Pairs of a value in ns and how often it occurred.
///
/// Raises:
///     NativeError: For values or counts that the format cannot carry.
#[pyfunction]
pub(crate) fn encode_hdr(py: Python<'_>, buckets: Vec<(u64, u64)>) -> PyResult<Vec<u8>> {
    py.detach(|| histogram::encode_hdr(&buckets))
        .map_err(|error| native_error(py, error.to_string(), ""))
}
