//! The binaries behind mappings, held open from the moment they are seen: what is deleted or
//! replaced later is still read as it was executed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::maps::{MapLine, executable_maps};

/// More binaries than any service has; later ones stay unnamed.
const MOST_FILES: usize = 4_096;
/// Different files at one path.
const MOST_OF_A_PATH: usize = 10;
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
    /// Opens the file behind a mapping, unless it is open, and returns the name under which it is held: its
    /// path, or that with a number where the path means another file than before, because it was replaced
    /// or the process lives in another container.
    pub fn hold(&mut self, pid: i32, map: &MapLine) -> String {
        if !map.path.starts_with('/') {
            return map.path.clone();
        }
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        let seen = paths(pid, map).iter().find_map(identity_at);
        let mut name = map.path.clone();
        for number in 2..=MOST_OF_A_PATH {
            match self.files.get(&name) {
                None => break,
                Some(held) => {
                    let held = held.as_ref().and_then(|held| held.file.metadata().ok());
                    let held = held.map(|data| identity(&data));
                    if seen.is_none() || held.is_none() || held == seen {
                        return name;
                    }
                }
            }
            name = format!("{} ({number})", map.path);
        }
        if !self.files.contains_key(&name) && self.files.len() < MOST_FILES {
            let held = open(pid, map).map(|file| Held { file, root });
            self.files.insert(name.clone(), held);
        }
        name
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

/// What tells a file from all others while it exists, which it does as long as it is held.
fn identity(data: &fs::Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

fn identity_at(path: &String) -> Option<(u64, u64)> {
    fs::metadata(path).ok().as_ref().map(identity)
}

/// What names the very file, the likeliest first: the mapping itself (needs privilege), the path as the
/// process sees it, which may live in a container, then the path as we see it.
fn paths(pid: i32, map: &MapLine) -> [String; 3] {
    [
        format!("/proc/{pid}/map_files/{:x}-{:x}", map.start, map.end),
        format!("/proc/{pid}/root{}", map.path),
        map.path.clone(),
    ]
}

fn open(pid: i32, map: &MapLine) -> Option<File> {
    // Opening a pipe would wait for its writer, and opening a device may do anything.
    let is_file = |path: &&String| fs::metadata(path).is_ok_and(|data| data.is_file());
    let file = paths(pid, map)
        .iter()
        .filter(is_file)
        .find_map(|path| File::open(path).ok());
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

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn sleeping(program: &Path) -> std::io::Result<Child> {
        Command::new(program).arg("100").spawn()
    }

    fn held(modules: &mut Modules, child: &Child, program: &Path) -> Option<String> {
        let pid = child.id().cast_signed();
        // The parent goes on before the kernel has mapped the new program.
        (0..5_000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            let mut maps = executable_maps(pid).into_iter();
            let map = maps.find(|map| Path::new(&map.path) == program)?;
            Some(modules.hold(pid, &map))
        })
    }

    #[test]
    fn a_path_that_means_another_file_later_has_another_name() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("replaced-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (program, other) = (folder.join("app"), folder.join("other"));
        fs::copy("/bin/sleep", &program)?;
        fs::copy("/bin/sleep", &other)?;
        // Another file of another content that runs as well.
        let mut longer = fs::read(&other)?;
        longer.extend(b"longer");
        fs::write(&other, &longer)?;
        let mut modules = Modules::default();
        let mut first = sleeping(&program)?;
        let name = held(&mut modules, &first, &program);
        fs::rename(&other, &program)?;
        let mut second = sleeping(&program)?;
        let next = held(&mut modules, &second, &program);
        let again = held(&mut modules, &second, &program);
        for child in [&mut first, &mut second] {
            child.kill()?;
            child.wait()?;
        }
        fs::remove_dir_all(&folder)?;
        let path = program.to_string_lossy().into_owned();
        assert_eq!(name, Some(path.clone()));
        assert_eq!(next, Some(format!("{path} (2)")));
        assert_eq!(again, next);
        let length = |name: &str| modules.bytes(name).map(|bytes| bytes.len());
        assert_eq!(length(&format!("{path} (2)")), Some(longer.len()));
        assert_eq!(length(&path), Some(longer.len() - 6));
        Ok(())
    }
}
