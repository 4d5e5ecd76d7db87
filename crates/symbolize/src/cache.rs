//! Names kept on disk, a file for each binary. A file that is damaged, of another version or of
//! another binary counts as absent. Files are replaced as a whole, so processes may share them: at
//! worst one names again what another has named.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use symbols::{FramesByOffset, pack, unpack};

const SUFFIX: &str = ".names";

/// The names of one binary in the cache.
pub(crate) struct Entry<'a> {
    directory: &'a Path,
    most_bytes: u64,
    /// Build ID, and what else the names depend on.
    identity: String,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(directory: &'a Path, most_bytes: u64, identity: String) -> Self {
        Self {
            directory,
            most_bytes,
            identity,
        }
    }

    /// What is kept; empty if nothing is.
    pub(crate) fn read(&self) -> FramesByOffset {
        let read = || -> io::Result<Vec<u8>> {
            let mut data = Vec::new();
            let file = File::open(self.path())?;
            if file.metadata()?.is_file() {
                file.take(self.most_bytes).read_to_end(&mut data)?;
            }
            Ok(data)
        };
        let data = read().unwrap_or_default();
        unpack(&data, &self.identity).unwrap_or_default()
    }

    /// Keeps these names instead of what was there, and removes the oldest files of a full cache.
    pub(crate) fn write(&self, frames: &FramesByOffset) -> io::Result<()> {
        fs::create_dir_all(self.directory)?;
        let path = self.path();
        let unfinished = path.with_extension(format!("{}{SUFFIX}", process::id()));
        let written = File::create(&unfinished)
            .and_then(|mut file| file.write_all(&pack(&self.identity, frames)))
            .and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        evict(self.directory, self.most_bytes)
    }

    /// Identities hold slashes and may be long: their letters and digits name the file, and the whole
    /// is inside.
    fn path(&self) -> PathBuf {
        let plain = self.identity.chars().filter(char::is_ascii_alphanumeric);
        let name: String = plain.take(120).collect();
        self.directory.join(name + SUFFIX)
    }
}

/// Removes the oldest of our files until the others fit. Files that are not ours stay.
fn evict(directory: &Path, most_bytes: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(directory)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let is_ours = entry.file_name().to_str()?.ends_with(SUFFIX);
            is_ours.then_some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if total <= most_bytes {
            break;
        }
        // Another process may have removed it already.
        let _ = fs::remove_file(path);
        total -= size;
    }
    Ok(())
}
