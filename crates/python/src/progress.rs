//! How far long work is, told to Python while the GIL is released.

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

/// Who is told.
pub(crate) struct Progress {
    told: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Progress {
    /// Tells `told`, if there is somebody.
    pub(crate) fn new(told: Option<Py<PyAny>>) -> Self {
        Self { told, raised: None }
    }

    /// Calls with `arguments`, and returns whether to go on; nobody is called again who has raised.
    pub(crate) fn tell(&mut self, arguments: impl for<'py> PyCallArgs<'py>) -> bool {
        if let (Some(told), None) = (&self.told, &self.raised) {
            let answer = Python::attach(|py| told.call1(py, arguments).map(drop));
            self.raised = answer.err();
        }
        self.raised.is_none()
    }

    /// What was raised, if anything.
    pub(crate) fn result(self) -> PyResult<()> {
        self.raised.map_or(Ok(()), Err)
    }
}
