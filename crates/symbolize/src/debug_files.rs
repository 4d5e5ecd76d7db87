//! Debug info that was split off into a file of its own, as distributions do.
//!
//! Places, in the order in which GDB looks ("Debugging Information in Separate Files"): by build ID
//! under the debug directories, then by the file name that `.gnu_debuglink` gives: beside the binary,
//! in `.debug/` there, and under the debug directories.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use symbols::{Binary, build_ids};

use crate::files::map_path;

/// Where a binary was found.
pub(crate) struct Origin<'a> {
    /// Path as its process sees it.
    pub(crate) path: &'a Path,
    /// What to put before paths of the process: `/proc/PID/root`, or empty.
    pub(crate) root: &'a Path,
}

/// The debug file of a binary that has no debug info itself.
pub(crate) fn find(
    binary: &Binary<'_>,
    origin: &Origin<'_>,
    directories: &[PathBuf],
) -> Option<Mmap> {
    let directories = all(origin, directories);
    let by_id = directories.iter().find_map(|directory| {
        let id = &binary.build_ids().gnu;
        by_build_id(directory, id, ".debug").filter(|file| build_ids(file).gnu == *id)
    });
    by_id.or_else(|| by_link(binary, origin, &directories))
}

/// The debug directories, as the process sees them first, then ours.
fn all(origin: &Origin<'_>, directories: &[PathBuf]) -> Vec<PathBuf> {
    let seen = directories
        .iter()
        .map(|directory| under(origin.root, directory));
    let mut all: Vec<PathBuf> = seen.chain(directories.iter().cloned()).collect();
    all.dedup();
    all
}

/// What `perf record` kept of a binary of `size` bytes: its debug file, or the binary before it was stripped.
pub(crate) fn whole_copy(
    binary: &Binary<'_>,
    size: usize,
    directories: &[PathBuf],
) -> Option<Mmap> {
    let id = &binary.build_ids().gnu;
    let places = directories
        .iter()
        .flat_map(|directory| ["/debug", "/elf"].map(|name| (directory, name)));
    let mut copies = places.filter_map(|(directory, name)| by_build_id(directory, id, name));
    copies.find(|file| file.len() != size && build_ids(file).gnu == *id)
}

/// The file of a directory that belongs to a build ID: `.build-id/xx/yyyy` with an ending.
pub(crate) fn by_build_id(directory: &Path, id: &str, ending: &str) -> Option<Mmap> {
    let is_hex = id.len() > 2 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    let (head, rest) = is_hex.then(|| id.split_at(2))?;
    map_path(&directory.join(format!(".build-id/{head}/{rest}{ending}")))
}

fn by_link(binary: &Binary<'_>, origin: &Origin<'_>, directories: &[PathBuf]) -> Option<Mmap> {
    let (name, sum) = binary.debug_link()?;
    let name = Path::new(OsStr::from_bytes(name));
    if name.file_name() != Some(name.as_os_str()) {
        return None;
    }
    let folder = origin.path.parent()?;
    let beside = under(origin.root, folder);
    let global = directories.iter().map(|directory| under(directory, folder));
    let folders = [beside.clone(), beside.join(".debug")]
        .into_iter()
        .chain(global);
    folders
        .filter_map(|folder| map_path(&folder.join(name)))
        .find(|file| crc32fast::hash(file) == sum)
}

/// An absolute path below another directory.
fn under(root: &Path, path: &Path) -> PathBuf {
    if root.as_os_str().is_empty() {
        return path.to_owned();
    }
    root.join(path.strip_prefix("/").unwrap_or(path))
}
