//! The table that maps native errors into the Python error tree.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

static NATIVE_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Returns `tailtune.errors.NativeError(message, hint=hint)`.
pub(crate) fn native_error(py: Python<'_>, message: String, hint: &str) -> PyErr {
    let raised = NATIVE_ERROR
        .import(py, "tailtune.errors", "NativeError")
        .and_then(|class| {
            let keywords = pyo3::types::PyDict::new(py);
            keywords.set_item("hint", hint)?;
            class.call((message,), Some(&keywords))
        });
    raised.map_or_else(|error| error, PyErr::from_value)
}
