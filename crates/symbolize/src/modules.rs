//! The binaries behind mappings, held open from the moment they are seen: what is deleted or
//! replaced later is still read as it was executed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::maps::{MapLine, executable_maps};

/// More binaries than any service has; later ones stay unnamed.
const MOST_FILES: usize = 4_096;
pub(crate) const VDSO: &str = "[vdso]";

/// Open files by path.
#[derive(Default)]
pub struct Modules {
    files: HashMap<String, Option<Held>>,
}

struct Held {
    file: File,
    /// What to put before paths of the process: it may have another root.
    root: PathBuf,
}

impl Modules {
    /// Opens the file behind a mapping, unless it is open.
    pub fn hold(&mut self, pid: i32, map: &MapLine) {
        if map.path.starts_with('/')
            && !self.files.contains_key(&map.path)
            && self.files.len() < MOST_FILES
        {
            let root = PathBuf::from(format!("/proc/{pid}/root"));
            let held = open(pid, map).map(|file| Held { file, root });
            self.files.insert(map.path.clone(), held);
        }
    }

    /// Opens a path that a recording names, whose processes are gone.
    pub fn hold_recorded(&mut self, path: &str) {
        if path.starts_with('/') && !self.files.contains_key(path) && self.files.len() < MOST_FILES
        {
            let is_file = fs::metadata(path).is_ok_and(|data| data.is_file());
            let file = is_file.then(|| File::open(path).ok()).flatten();
            let root = PathBuf::new();
            self.files
                .insert(path.to_owned(), file.map(|file| Held { file, root }));
        }
    }

    /// The file of a path, if it could be opened.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        Some(&self.files.get(path)?.as_ref()?.file)
    }

    /// What to put before paths of the process that mapped a path; empty: nothing.
    pub(crate) fn root(&self, path: &str) -> &Path {
        let held = self.files.get(path).and_then(Option::as_ref);
        held.map_or(Path::new(""), |held| &held.root)
    }
}

/// Tries what names the very file first: the mapping itself (needs privilege), the path as the
/// process sees it, which may live in a container, then the path as we see it.
fn open(pid: i32, map: &MapLine) -> Option<File> {
    let exact = format!("/proc/{pid}/map_files/{:x}-{:x}", map.start, map.end);
    let paths = [
        exact,
        format!("/proc/{pid}/root{}", map.path),
        map.path.clone(),
    ];
    let file = paths.iter().find_map(|path| File::open(path).ok());
    file.or_else(|| {
        let original = map.path.strip_suffix(" (deleted)")?;
        let executable = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let is_executable = executable.to_str()?.strip_suffix(" (deleted)") == Some(original);
        is_executable.then(|| File::open(format!("/proc/{pid}/exe")).ok())?
    })
}

/// The bytes of the vdso, which is the same in every process; empty if it cannot be read.
pub(crate) fn vdso() -> Vec<u8> {
    let pid = std::process::id().cast_signed();
    let map = executable_maps(pid)
        .into_iter()
        .find(|map| map.path == VDSO);
    map.and_then(|map| memory(&map)).unwrap_or_default()
}

fn memory(map: &MapLine) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(map.end - map.start).ok()?];
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(map.start)).ok()?;
    memory.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
