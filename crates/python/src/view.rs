//! Bindings of schedules: looking into one.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use schedule::{ScheduleError, Sizes, view};

use crate::errors::native_error;

const MOST_COLUMNS: usize = 10_000;

/// Read a schedule and count what is in it.
///
/// Args:
///     path: A schedule.
///     columns: Equal stretches of its time to count starts in.
///
/// Returns:
///     JSON object with `columns` (starts in each; empty in a closed loop) and `operations`: a list of objects
///     with `name`, `requests`, `bytes`, `smallest`, `median` and `largest`, of the payloads.
///
/// Raises:
///     NativeError: When the file cannot be read or is not a schedule.
#[pyfunction]
pub(crate) fn view_schedule(
    py: Python<'_>,
    path: PathBuf,
    columns: usize,
) -> PyResult<Py<PyBytes>> {
    let viewed = py.detach(|| {
        let file = File::open(&path).map_err(ScheduleError::Read)?;
        let columns = columns.clamp(1, MOST_COLUMNS);
        view(&mut BufReader::with_capacity(1 << 18, file), columns)
    });
    let viewed =
        viewed.map_err(|error| native_error(py, format!("{}: {error}", path.display()), ""))?;
    let operations: Vec<_> = viewed.operations.iter().map(sizes).collect();
    let counted = serde_json::json!({"columns": viewed.columns, "operations": operations});
    Ok(PyBytes::new(py, counted.to_string().as_bytes()).unbind())
}

fn sizes(one: &Sizes) -> serde_json::Value {
    serde_json::json!({
        "name": one.name,
        "requests": one.requests,
        "bytes": one.bytes,
        "smallest": one.smallest,
        "median": one.median(),
        "largest": one.largest,
    })
}
