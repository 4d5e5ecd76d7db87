//! Files mapped rather than read: only the touched part of a large one costs memory.

#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// Maps an open file.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the kernel refuses writes to a running executable, and a replaced file is another one.
    // Only a library that is overwritten in place while its names are read could fault here; whoever
    // does that makes every process that runs it fault as well.
    unsafe { Mmap::map(file) }
}

/// Maps the regular file of a path; `None` if there is none, or it may not be read.
pub(crate) fn map_path(path: &Path) -> Option<Mmap> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    map(&File::open(path).ok()?).ok()
}
