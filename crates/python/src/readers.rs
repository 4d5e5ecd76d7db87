//! Bindings of the readers of recordings.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use profile::{FoldLimits, PerfDataError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use symbolize::{Modules, Options, RecordedCallers};

use crate::errors::native_error;
use crate::profile::Profile;
use crate::progress::Progress;

/// Share of the progress that is for reading; the rest is for naming.
const READING: f64 = 0.7;

/// Read perf.data, plain or packed, written to a file or to a pipe, and name all addresses.
///
/// Args:
///     path: The recording.
///     cache_dir: Where names are kept by build ID; without it, in the user's cache directory.
///     progress: Called now and then with the share of the work that is done, 0 to 1; what it raises is raised here.
///
/// Returns:
///     Samples of all events as columns of one profile. Scheduler switches become times off the CPU with the
///     stack at which the thread left. A file that is damaged or ends early gives what was read, with a warning.
///
/// Raises:
///     NativeError: When the file cannot be read or is no perf.data file.
#[pyfunction]
#[pyo3(signature = (path, cache_dir = None, progress = None))]
pub(crate) fn read_perf_data(
    py: Python<'_>,
    path: PathBuf,
    cache_dir: Option<PathBuf>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Profile> {
    let mut options = Options::default();
    options.cache = cache_dir.or(options.cache);
    let mut progress = Progress::new(progress);
    let read = py.detach(|| read_and_name(&path, &options, &mut progress));
    progress.result()?;
    let inner = read.map_err(|error| read_error(py, &path, &error))?;
    Ok(Profile { inner })
}

fn read_and_name(
    path: &Path,
    options: &Options,
    progress: &mut Progress,
) -> Result<profile::Profile, PerfDataError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len().max(1) as f64;
    let mut reading = |done: u64| progress.tell(((done as f64 / length).min(1.0) * READING,));
    let mut callers = RecordedCallers::new(options);
    let limits = FoldLimits::default();
    let mut read = profile::Profile::from_perf_data_with(file, limits, &mut callers, &mut reading)?;
    if let Some(comment) = callers.comment() {
        let comment = read.strings.intern(&comment);
        read.comments.push(comment);
    }
    // The processes of a recording are gone; the files at the paths of then are what there is.
    let mut modules = Modules::default();
    for row in read.mappings.rows() {
        modules.hold_recorded(read.strings.text(row.path));
    }
    let mut naming = |done: usize, all: usize| {
        let share = done as f64 / all.max(1) as f64;
        progress.tell((READING + (1.0 - READING) * share,));
    };
    symbolize::symbolize(&mut read, &modules, options, &mut naming);
    Ok(read)
}

fn read_error(py: Python<'_>, path: &Path, error: &PerfDataError) -> PyErr {
    let hint = match error {
        PerfDataError::OtherFormat => "perf record writes such files, by default to perf.data",
        PerfDataError::ByteOrder => "read it where it was recorded, for example with perf script",
        _ => "",
    };
    native_error(py, format!("{}: {error}", path.display()), hint)
}

/// A file, or its content.
#[derive(FromPyObject)]
pub(crate) enum Source {
    /// The content.
    Bytes(PyBackedBytes),
    /// The file.
    Path(PathBuf),
}

impl Source {
    fn read(
        &self,
        py: Python<'_>,
        parse: impl FnOnce(Box<dyn Read + '_>) -> io::Result<profile::Profile> + Send,
    ) -> PyResult<Profile> {
        let read = py.detach(|| match self {
            Self::Bytes(bytes) => parse(Box::new(&bytes[..])),
            Self::Path(path) => parse(Box::new(File::open(path)?)),
        });
        let inner = read.map_err(|error| {
            let name = match self {
                Self::Bytes(_) => "the text".to_owned(),
                Self::Path(path) => path.display().to_string(),
            };
            native_error(py, format!("{name} cannot be read: {error}"), "")
        })?;
        Ok(Profile { inner })
    }
}

/// Read the text of `perf script`, given as bytes or as the path of a file.
///
/// What is no sample is passed over, with a warning. Raises NativeError when the file cannot be read.
#[pyfunction]
pub(crate) fn read_perf_script(py: Python<'_>, source: Source) -> PyResult<Profile> {
    source.read(py, |text| {
        profile::Profile::from_perf_script(text, FoldLimits::default())
    })
}

/// Read collapsed text (`frame;frame count`, root first), given as bytes or as the path of a file.
///
/// What is no stack is passed over, with a warning. Raises NativeError when the file cannot be read.
#[pyfunction]
pub(crate) fn read_collapsed(py: Python<'_>, source: Source) -> PyResult<Profile> {
    source.read(py, |text| {
        profile::Profile::from_collapsed(text, FoldLimits::default())
    })
}

/// Name the format of a profile, given its first bytes (64 kB are enough).
///
/// One of `pprof`, `perf.data`, `perf-script`, `collapsed`, `heap_v2`, `heap profile`, `speedscope`, `firefox`,
/// `simpleperf`, `go-trace`; empty if it is none of these.
#[pyfunction]
pub(crate) fn profile_format(data: &[u8]) -> &'static str {
    profile::sniff(data)
}
