//! Bindings of allocation profiles.

use profile::HeapError;
use pyo3::prelude::*;
use symbolize::{MapLine, Modules, Options};

use crate::errors::native_error;
use crate::profile::Profile;

/// Read a heap profile that jemalloc wrote (`heap_v2`), scaled to all allocations, with names.
///
/// Values: ("alloc_objects", "count"), ("alloc_space", "bytes") since the start of the process, or since the dump
/// `earlier` of it; ("inuse_objects", "count"), ("inuse_space", "bytes") now. `pid` is the process if it still runs;
/// otherwise the binaries are those that have the names now. Raises NativeError if a dump is none, or of another
/// process.
#[pyfunction]
#[pyo3(signature = (data, *, earlier = None, pid = 0))]
pub(crate) fn read_heap_v2(
    py: Python<'_>,
    data: &[u8],
    earlier: Option<&[u8]>,
    pid: i32,
) -> PyResult<Profile> {
    let read = py.detach(|| named(data, earlier, pid));
    let hint = "jemalloc writes such files with MALLOC_CONF=prof:true,prof_accum:true";
    let inner = read
        .map_err(|error| native_error(py, format!("not a usable heap profile: {error}"), hint))?;
    Ok(Profile { inner })
}

fn named(data: &[u8], earlier: Option<&[u8]>, pid: i32) -> Result<profile::Profile, HeapError> {
    let mut profile = profile::Profile::from_heap_v2(data, earlier)?;
    let mut modules = Modules::default();
    for row in profile.mappings.rows() {
        let path = profile.strings.text(row.path);
        if pid == 0 {
            modules.hold_recorded(path);
            continue;
        }
        let map = MapLine {
            start: row.start,
            end: row.limit,
            file_offset: row.file_offset,
            path: path.to_owned(),
        };
        modules.hold(pid, &map);
    }
    symbolize::symbolize(&mut profile, &modules, &Options::default(), &mut |_, _| {});
    Ok(profile)
}
