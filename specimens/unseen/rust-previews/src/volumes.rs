//! Volumes that were taken over from the archive.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::archive::Archive;

/// What is kept of a volume's table of contents.
#[derive(Default)]
struct Contents {
    chapters: usize,
    bytes: usize,
}

pub(crate) struct Volumes {
    archive: Archive,
    taken_over: Mutex<HashMap<u32, Contents>>,
}

/// How many pages a volume has, by its number in the catalogue.
pub(crate) fn pages(volume: u32) -> u32 {
    120 + volume * 37 % 280
}

impl Volumes {
    pub(crate) fn of(archive: Archive) -> Self {
        Self { archive, taken_over: Mutex::default() }
    }

    /// Reads a volume's table of contents out of the archive.
    pub(crate) fn take_over(&self, volume: u32) -> Result<(), ureq::Error> {
        let table = self.archive.contents(volume)?;
        let contents = Contents { chapters: table.lines().count(), bytes: table.len() };
        let mut taken_over = self.taken_over.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = taken_over.entry(volume).or_default();
        entry.chapters = entry.chapters.max(contents.chapters);
        entry.bytes = contents.bytes;
        Ok(())
    }
}
