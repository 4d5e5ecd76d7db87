//! A file in memory that another process may read at any time.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::AtomicU64;

/// A file of words, mapped for writing and faulted in.
pub(crate) struct SharedFile {
    start: *mut libc::c_void,
    words: usize,
}

// SAFETY: the mapping belongs to this value alone, and all access to it is by atomics.
unsafe impl Send for SharedFile {}
// SAFETY: as above.
unsafe impl Sync for SharedFile {}

impl SharedFile {
    /// Makes or empties the file at `path` and maps it; the file is full of zeros.
    pub(crate) fn create(path: &Path, words: usize) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let length = words
            .checked_mul(size_of::<u64>())
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        file.set_len(length as u64)?;
        // SAFETY: a fresh shared mapping of an open file of this length; the kernel chooses the place.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { start, words })
    }

    /// Returns one word.
    ///
    /// # Panics
    /// When there is no such word.
    pub(crate) fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.words, "word {index} of {}", self.words);
        // SAFETY: the mapping is page-aligned, holds `words` words, lives as long as `self`, and is
        // read and written by atomics only.
        unsafe { &*self.start.cast::<AtomicU64>().add(index) }
    }
}

impl Drop for SharedFile {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `create`; no reference to it outlives `self`.
        unsafe { libc::munmap(self.start, self.words * size_of::<u64>()) };
    }
}
