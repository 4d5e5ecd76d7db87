//! The files of a play: `requests.bin`, `connections.bin` and `latency.bin`, little-endian records behind 16 bytes of
//! header.
//!
//! They are written as the play goes, [`SPILL_BYTES`] at a time, so that memory stays bounded however long it is.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::link::{LINK_BYTES, Link};
use crate::log::{ROW_BYTES, Row};

const REQUESTS_MAGIC: [u8; 8] = *b"TTREQS\n\0";
const LINKS_MAGIC: [u8; 8] = *b"TTCONN\n\0";
const LATENCY_MAGIC: [u8; 8] = *b"TTHIST\n\0";
const VERSION: u32 = 1;
const LATENCY_BYTES: usize = 24;
/// About 37,000 requests.
const SPILL_BYTES: usize = 2 * 1024 * 1024;
/// About 2,700 connections.
const LINKS_SPILL_BYTES: usize = 64 * 1024;

/// One non-empty bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LatencyRow {
    pub(crate) value_ns: u64,
    pub(crate) count: u64,
    /// Second of the intended start since the schedule's zero.
    pub(crate) interval: u32,
    pub(crate) operation: u16,
    /// Index into `KINDS` of the bundle's schema.
    pub(crate) kind: u8,
}

struct Spool {
    file: File,
    pending: Vec<u8>,
    spill_at: usize,
}

impl Spool {
    fn create(path: &Path, magic: [u8; 8], record: usize, spill_at: usize) -> io::Result<Self> {
        let mut pending = Vec::with_capacity(spill_at + record);
        pending.extend_from_slice(&magic);
        pending.extend_from_slice(&VERSION.to_le_bytes());
        pending.extend_from_slice(&(record as u32).to_le_bytes());
        Ok(Self {
            file: File::create(path)?,
            pending,
            spill_at,
        })
    }

    fn put(&mut self, record: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(record);
        if self.pending.len() >= self.spill_at {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.file.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }
}

/// The files, open for one play.
pub(crate) struct Files {
    requests: Spool,
    links: Spool,
    latency: Spool,
}

impl Files {
    /// Creates the files in an existing directory, replacing those of an earlier play.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            requests: Spool::create(
                &directory.join("requests.bin"),
                REQUESTS_MAGIC,
                ROW_BYTES,
                SPILL_BYTES,
            )?,
            links: Spool::create(
                &directory.join("connections.bin"),
                LINKS_MAGIC,
                LINK_BYTES,
                LINKS_SPILL_BYTES,
            )?,
            latency: Spool::create(
                &directory.join("latency.bin"),
                LATENCY_MAGIC,
                LATENCY_BYTES,
                SPILL_BYTES,
            )?,
        })
    }

    pub(crate) fn put_request(&mut self, row: &Row) -> io::Result<()> {
        self.requests.put(&row.encode())
    }

    pub(crate) fn put_link(&mut self, link: &Link) -> io::Result<()> {
        self.links.put(&link.encode())
    }

    pub(crate) fn put_latency(&mut self, rows: impl Iterator<Item = LatencyRow>) -> io::Result<()> {
        for row in rows {
            let mut record = [0; LATENCY_BYTES];
            record[..8].copy_from_slice(&row.value_ns.to_le_bytes());
            record[8..16].copy_from_slice(&row.count.to_le_bytes());
            record[16..20].copy_from_slice(&row.interval.to_le_bytes());
            record[20..22].copy_from_slice(&row.operation.to_le_bytes());
            record[22] = row.kind;
            self.latency.put(&record)?;
        }
        Ok(())
    }

    /// Writes what is still in memory.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.requests.spill()?;
        self.links.spill()?;
        self.latency.spill()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spilling_as_it_goes_writes_the_same_file_as_writing_at_the_end() {
        let directory = std::env::temp_dir();
        let written = |spill_at: usize| {
            let path = directory.join(format!("tailtune-spool-{}-{spill_at}", std::process::id()));
            let mut spool = Spool::create(&path, REQUESTS_MAGIC, 8, spill_at).unwrap();
            (0..100_u64).for_each(|record| spool.put(&record.to_le_bytes()).unwrap());
            let in_memory = spool.pending.len();
            spool.spill().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            (bytes, in_memory)
        };
        let (whole, all) = written(SPILL_BYTES);
        let (spilled, few) = written(64);
        assert_eq!(whole, spilled);
        assert_eq!(all, 16 + 800);
        assert!(few < 64 + 8);
    }
}
