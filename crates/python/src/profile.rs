//! Bindings of profile tables.

use std::collections::HashMap;

use profile::{Filter, FilterError, FilterText, PprofLimits, SampleType, StringId};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors::native_error;

/// One frame: (function, file, module, line, inlined, kernel).
type FrameTuple = (String, String, String, i32, bool, bool);

/// Columns of samples: times, threads, CPUs, stacks.
type Columns<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// Columns of a tree of calls: parents, names, own and total values.
type TreeColumns<'py> = (
    Bound<'py, PyBytes>,
    Vec<Bound<'py, PyString>>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// Unique stacks with values, and the single samples behind them where the source has them.
#[pyclass(module = "tailtune._native", frozen)]
pub(crate) struct Profile {
    pub(crate) inner: profile::Profile,
}

#[pymethods]
impl Profile {
    /// Read a pprof profile, gzip or raw. Raises NativeError if it is damaged or unpacks to more than 512 MiB.
    #[staticmethod]
    fn from_pprof(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| profile::Profile::from_pprof(data, PprofLimits::default()));
        let hint =
            "is this a pprof file? Go writes one at /debug/pprof/profile and with -cpuprofile";
        let inner = read.map_err(|error| {
            native_error(py, format!("not a usable pprof profile: {error}"), hint)
        })?;
        Ok(Self { inner })
    }

    /// Add profiles with the same sample types up; each value counts as often as its profile's weight says.
    ///
    /// Without weights all count once, and single samples are kept; -1 takes away. Raises NativeError
    /// without profiles and for other sample types, ValueError unless there is one weight for each profile.
    #[staticmethod]
    #[pyo3(signature = (profiles, weights = None))]
    fn merge(py: Python<'_>, profiles: Vec<Py<Self>>, weights: Option<Vec<i64>>) -> PyResult<Self> {
        let weights = weights.unwrap_or_else(|| vec![1; profiles.len()]);
        if weights.len() != profiles.len() {
            let text = "there must be one weight for each profile";
            return Err(pyo3::exceptions::PyValueError::new_err(text));
        }
        let tables = profiles.iter().map(|profile| &profile.get().inner);
        let parts: Vec<(&profile::Profile, i64)> = tables.zip(weights).collect();
        let merged = py.detach(|| profile::Profile::merge(&parts));
        let inner = merged.map_err(|error| native_error(py, error.to_string(), ""))?;
        Ok(Self { inner })
    }

    /// Return what came after an earlier profile of the same process, both counted since its start.
    ///
    /// Stacks without a change are left out; values that are no counters may turn negative. It lasts from the one to
    /// the other. Raises NativeError for other sample types.
    fn since(&self, py: Python<'_>, earlier: &Self) -> PyResult<Self> {
        let difference = py.detach(|| self.inner.since(&earlier.inner));
        let inner = difference.map_err(|error| native_error(py, error.to_string(), ""))?;
        Ok(Self { inner })
    }

    /// Write gzip'd pprof, as `go tool pprof` reads it. Single samples are not part of the format.
    fn to_pprof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let written = py.detach(|| self.inner.to_pprof());
        let data = written.map_err(|error| native_error(py, error.to_string(), ""))?;
        Ok(PyBytes::new(py, &data))
    }

    /// Write collapsed text of one sample type: a line a stack, root first, joined by semicolons, then the value.
    #[pyo3(signature = (value = 0))]
    fn to_collapsed(&self, py: Python<'_>, value: usize) -> String {
        py.detach(|| self.inner.to_collapsed(value))
    }

    /// Write one sample type for the Firefox Profiler: JSON, single samples in time where the profile has them.
    #[pyo3(signature = (name, value = 0))]
    fn to_firefox(&self, py: Python<'_>, name: &str, value: usize) -> PyResult<String> {
        let written = py.detach(|| self.inner.to_firefox(name, value));
        written.map_err(|error| native_error(py, error.to_string(), ""))
    }

    /// Return the part of the profile that a filter keeps; without arguments, all of it.
    ///
    /// Args:
    ///     focus: Regular expression; some frame of a kept stack has a function, file or module that matches.
    ///     ignore: Regular expression; no frame of a kept stack has.
    ///     thread: Regular expression of names or numbers of threads.
    ///     label: Regular expression of labels written `key:value`.
    ///     begin_ns: Earliest, in ns after the first sample.
    ///     end_ns: The end, in ns after the first sample; not kept itself.
    ///
    /// Raises:
    ///     NativeError: For what is no regular expression, and for threads or times of a profile without single samples.
    #[pyo3(signature = (*, focus = "", ignore = "", thread = "", label = "", begin_ns = None, end_ns = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn filter(
        &self,
        py: Python<'_>,
        focus: &str,
        ignore: &str,
        thread: &str,
        label: &str,
        begin_ns: Option<i64>,
        end_ns: Option<i64>,
    ) -> PyResult<Self> {
        let text = FilterText {
            focus,
            ignore,
            thread,
            label,
            begin_ns,
            end_ns,
        };
        let filtered = py.detach(|| self.inner.filtered(&Filter::new(text)?));
        let inner =
            filtered.map_err(|error: FilterError| native_error(py, error.to_string(), ""))?;
        Ok(Self { inner })
    }

    /// What the values of each stack mean: (type, unit), for example ("cpu", "nanoseconds").
    #[getter]
    fn sample_types(&self) -> Vec<(String, String)> {
        self.inner
            .sample_types
            .iter()
            .map(|&sample_type| self.type_name(sample_type))
            .collect()
    }

    /// All different frames: (function, file, module, line, inlined, kernel).
    ///
    /// `inlined`: the compiler copied the function into the next frame's. Unknown lines are 0.
    fn frames(&self) -> Vec<FrameTuple> {
        let text = |id| self.inner.strings.text(id).to_owned();
        let rows = self.inner.frames.rows().iter();
        rows.map(|row| {
            (
                text(row.function),
                text(row.file),
                text(row.module),
                row.line,
                row.inlined,
                row.kernel,
            )
        })
        .collect()
    }

    /// All different stacks as indices into `frames`, leaf first, inlined calls expanded.
    fn stacks(&self) -> Vec<Vec<u32>> {
        let stacks = 0..self.inner.stacks.len() as u32;
        stacks
            .map(|stack| self.inner.stack_frames(stack).collect())
            .collect()
    }

    /// All different stacks in columns of little-endian u32: (frames in each stack, frames of all stacks one after the other).
    fn stack_columns<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let (lengths, frames) = py.detach(|| self.inner.stack_columns());
        (
            bytes(py, &lengths, u32::to_le_bytes),
            bytes(py, &frames, u32::to_le_bytes),
        )
    }

    /// The value of each stack for sample type `i`. Raises IndexError if there is no such type.
    fn values(&self, i: usize) -> PyResult<Vec<i64>> {
        let column = self.inner.values.get(i);
        let missing =
            || pyo3::exceptions::PyIndexError::new_err(format!("there is no sample type {i}"));
        column.cloned().ok_or_else(missing)
    }

    /// The single samples in columns of little-endian numbers: (t_ns i64, tid i32, cpu i32, stack u32).
    ///
    /// In the order of time; empty for profiles read from pprof.
    fn samples<'py>(&self, py: Python<'py>) -> Columns<'py> {
        let samples = &self.inner.samples;
        (
            bytes(py, &samples.t_ns, i64::to_le_bytes),
            bytes(py, &samples.tid, i32::to_le_bytes),
            bytes(py, &samples.cpu, i32::to_le_bytes),
            bytes(py, &samples.stack, u32::to_le_bytes),
        )
    }

    /// Which sample type to look at first: the one that the profile names, else the last.
    #[getter]
    fn default_value(&self) -> usize {
        self.inner.default_value()
    }

    /// Join the stacks of one sample type by function, from callers to callees, or from leaves to callers.
    ///
    /// Returns columns: (parents i32, names, own values i64, total values i64), numbers little-endian.
    /// Row 0 is the root, without a name; every other row comes after its parent.
    #[pyo3(signature = (value, bottom_up = false))]
    fn tree<'py>(&self, py: Python<'py>, value: usize, bottom_up: bool) -> TreeColumns<'py> {
        let tree = py.detach(|| self.inner.tree(value, bottom_up));
        let mut texts: HashMap<StringId, Bound<'py, PyString>> = HashMap::new();
        let names = tree.functions.iter().map(|&function| {
            let text = texts.entry(function);
            let new = || PyString::new(py, self.inner.strings.text(function));
            text.or_insert_with(new).clone()
        });
        (
            bytes(py, &tree.parents, i32::to_le_bytes),
            names.collect(),
            bytes(py, &tree.own, i64::to_le_bytes),
            bytes(py, &tree.totals, i64::to_le_bytes),
        )
    }

    /// Sums of the squared values of the single samples of each stack, for sample type `i`: little-endian f64.
    ///
    /// Empty for profiles without single samples.
    fn squares<'py>(&self, py: Python<'py>, i: usize) -> Bound<'py, PyBytes> {
        let sums = self.inner.samples.squares(i, self.inner.stacks.len());
        bytes(py, &sums, f64::to_le_bytes)
    }

    /// Threads that are known: (number, process, name); the name may be empty.
    #[getter]
    fn threads(&self) -> Vec<(i32, i32, String)> {
        let text = |id| self.inner.strings.text(id).to_owned();
        let rows = self.inner.threads.iter();
        rows.map(|row| (row.tid, row.pid, text(row.name))).collect()
    }

    /// The value of one label for each stack, numbers with their unit; None where a stack does not have it.
    fn stack_labels(&self, key: &str) -> Vec<Option<String>> {
        let stacks = 0..self.inner.stacks.len() as u32;
        stacks
            .map(|stack| self.inner.stack_label(stack, key))
            .collect()
    }

    /// What each single sample counts for sample type `i`, as little-endian i64.
    ///
    /// Raises IndexError if there is no such type.
    fn sample_values<'py>(&self, py: Python<'py>, i: usize) -> PyResult<Bound<'py, PyBytes>> {
        if i >= self.inner.sample_types.len() {
            let text = format!("there is no sample type {i}");
            return Err(pyo3::exceptions::PyIndexError::new_err(text));
        }
        let samples = &self.inner.samples;
        let values: Vec<i64> = (0..samples.len())
            .map(|row| samples.value(row, i))
            .collect();
        Ok(bytes(py, &values, i64::to_le_bytes))
    }

    /// Length in ns; 0 where unknown.
    #[getter]
    fn duration_ns(&self) -> i64 {
        self.inner.duration_ns
    }

    /// Distance between samples in units of the period type, ns for CPU profiles; 0 where unknown.
    #[getter]
    fn period(&self) -> i64 {
        self.inner.period
    }

    /// Samples that the kernel had no room for.
    #[getter]
    fn lost(&self) -> u64 {
        self.inner.lost
    }

    /// Free text that came with the profile.
    #[getter]
    fn comments(&self) -> Vec<String> {
        self.inner
            .comments
            .iter()
            .map(|&comment| self.inner.strings.text(comment).to_owned())
            .collect()
    }

    /// What the reader must know before believing the numbers.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.inner.warnings.clone()
    }
}

impl Profile {
    fn type_name(&self, sample_type: SampleType) -> (String, String) {
        let text = |id| self.inner.strings.text(id).to_owned();
        (text(sample_type.kind), text(sample_type.unit))
    }
}

/// Sum values of stacks by groups of their frames: (what ends in each group, what passes through it), as f64.
///
/// All columns are little-endian: `lengths` u32, frames of each stack; `groups` u32, the group of each frame of all
/// stacks one after the other, leaf first; `weights` f64, the value of each stack. A stack counts once in a group.
#[pyfunction]
pub(crate) fn group_sums<'py>(
    py: Python<'py>,
    lengths: &[u8],
    groups: &[u8],
    weights: &[u8],
    size: usize,
) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
    let (own, cumulative) = py.detach(|| {
        profile::group_sums(
            numbers(lengths, u32::from_le_bytes),
            numbers(groups, u32::from_le_bytes),
            numbers(weights, f64::from_le_bytes),
            size,
        )
    });
    (
        bytes(py, &own, f64::to_le_bytes),
        bytes(py, &cumulative, f64::to_le_bytes),
    )
}

fn numbers<T, const N: usize>(column: &[u8], convert: fn([u8; N]) -> T) -> impl Iterator<Item = T> {
    column
        .as_chunks()
        .0
        .iter()
        .map(move |&chunk| convert(chunk))
}

fn bytes<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    column: &[T],
    convert: impl Fn(T) -> [u8; N],
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = column.iter().flat_map(|&number| convert(number)).collect();
    PyBytes::new(py, &bytes)
}
