//! What a server saw, as fixed records in a mapped file: writing one is a store, and whoever ends the server
//! finds the file complete.
//!
//! ```text
//! header   "TTSERV\n\0", version u32, record bytes u32, capacity u64, records written u64
//! records  little-endian u64, all alike in number; when there are more than the capacity, the oldest go first
//! ```

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::sys::shared::SharedFile;

const MAGIC: &[u8; 8] = b"TTSERV\n\0";
const VERSION: u32 = 1;
const HEADER_WORDS: usize = 4;
const COUNT_WORD: usize = 3;

/// A ring of records of `N` numbers.
pub(super) struct Journal<const N: usize> {
    file: SharedFile,
    capacity: u64,
    count: u64,
}

impl<const N: usize> Journal<N> {
    /// Makes the file with room for `capacity` records, all of it in memory at once.
    pub(super) fn create(path: &Path, capacity: u64) -> io::Result<Self> {
        let capacity = capacity.max(1);
        let words = usize::try_from(capacity)
            .ok()
            .and_then(|records| records.checked_mul(N)?.checked_add(HEADER_WORDS))
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let file = SharedFile::create(path, words)?;
        let record_bytes = (N * size_of::<u64>()) as u32;
        file.word(0)
            .store(u64::from_le_bytes(*MAGIC), Ordering::Relaxed);
        let shape = u64::from(VERSION) | u64::from(record_bytes) << 32;
        file.word(1).store(shape.to_le(), Ordering::Relaxed);
        file.word(2).store(capacity.to_le(), Ordering::Relaxed);
        Ok(Self {
            file,
            capacity,
            count: 0,
        })
    }

    pub(super) fn write(&mut self, record: [u64; N]) {
        let start = HEADER_WORDS + (self.count % self.capacity) as usize * N;
        for (offset, number) in record.into_iter().enumerate() {
            self.file
                .word(start + offset)
                .store(number.to_le(), Ordering::Relaxed);
        }
        self.count += 1;
        self.file
            .word(COUNT_WORD)
            .store(self.count.to_le(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_holds_the_last_records_and_counts_all() {
        let path = std::env::temp_dir().join(format!("tailtune-journal-{}", std::process::id()));
        let mut journal = Journal::<2>::create(&path, 3).unwrap();
        (0..5).for_each(|number| journal.write([number, 10 * number]));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let words: Vec<u64> = bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|word| u64::from_le_bytes(*word))
            .collect();
        assert_eq!(&bytes[..8], MAGIC);
        assert_eq!(words[1], 1 | 16 << 32);
        assert_eq!(words[2..4], [3, 5]);
        assert_eq!(words[4..], [3, 30, 4, 40, 2, 20]);
    }
}
