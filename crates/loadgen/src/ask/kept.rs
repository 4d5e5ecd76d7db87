//! What is kept of an answer, and the file of it: records behind 16 bytes of header, little-endian, each followed by
//! the beginning of the body.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::log::Outcome;

const MAGIC: [u8; 8] = *b"TTANSW\n\0";
const VERSION: u32 = 1;
const RECORD_BYTES: usize = 64;
/// Of one body.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// Of all bodies; behind it only lengths and hashes are kept.
const MOST_ALL_BYTES: u64 = 32 * 1024 * 1024;

/// One answer's body as it comes. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Body {
    start: Vec<u8>,
    length: u64,
    digest: Sha256,
}

impl Body {
    pub(super) fn begin(&mut self) {
        self.start.clear();
        self.length = 0;
        self.digest.reset();
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = MOST_BYTES - self.start.len();
        self.start
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.length += bytes.len() as u64;
        self.digest.update(bytes);
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// 0 without an answer.
    pub(super) status: u16,
}

/// What was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) cut: u64,
}

/// Writes answers.
pub(super) struct Keeper {
    file: BufWriter<File>,
    room: u64,
    counts: Counts,
}

impl Keeper {
    /// Creates the file, replacing an earlier one.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(MOST_BYTES, File::create(path)?);
        file.write_all(&MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.write_all(&(RECORD_BYTES as u32).to_le_bytes())?;
        Ok(Self {
            file,
            room: MOST_ALL_BYTES,
            counts: Counts::default(),
        })
    }

    /// Adds the answer to the schedule's request `number`; without one, what came of its body.
    pub(super) fn keep(
        &mut self,
        number: u64,
        operation: u16,
        ended: &Ended,
        body: &Body,
    ) -> io::Result<()> {
        let kept = &body.start[..(self.room.min(body.start.len() as u64)) as usize];
        let cut = (kept.len() as u64) < body.length;
        let mut record = [0; RECORD_BYTES];
        record[..8].copy_from_slice(&number.to_le_bytes());
        record[8..16].copy_from_slice(&body.length.to_le_bytes());
        record[16..48].copy_from_slice(&body.digest.clone().finalize());
        record[48..52].copy_from_slice(&(kept.len() as u32).to_le_bytes());
        record[52..54].copy_from_slice(&operation.to_le_bytes());
        record[54..56].copy_from_slice(&ended.status.to_le_bytes());
        record[56] = ended.outcome as u8;
        record[57] = u8::from(cut);
        self.file.write_all(&record)?;
        self.file.write_all(kept)?;
        self.room -= kept.len() as u64;
        self.counts.asked += 1;
        self.counts.answered += u64::from(ended.outcome.is_answer());
        self.counts.cut += u64::from(cut);
        Ok(())
    }

    /// Writes what is still in memory.
    pub(super) fn finish(mut self) -> io::Result<Counts> {
        self.file.flush()?;
        Ok(self.counts)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(room: u64, bodies: &[&[u8]]) -> (Vec<u8>, Counts) {
        let name = format!("tailtune-kept-{}-{room}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut keeper = Keeper::create(&path).unwrap();
        keeper.room = room;
        let mut body = Body::default();
        for (number, bytes) in bodies.iter().enumerate() {
            body.begin();
            bytes.chunks(1000).for_each(|piece| body.take(piece));
            let ended = Ended {
                outcome: Outcome::Ok,
                status: 200,
            };
            keeper.keep(number as u64, 3, &ended, &body).unwrap();
        }
        let counts = keeper.finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (bytes, counts)
    }

    #[test]
    fn a_long_body_is_cut_and_its_hash_is_of_all_of_it() {
        let long = vec![b'x'; MOST_BYTES + 1];
        let (bytes, counts) = written(u64::MAX, &[&long]);
        assert_eq!(bytes.len(), 16 + RECORD_BYTES + MOST_BYTES);
        assert_eq!(&bytes[16 + 16..16 + 48], &Sha256::digest(&long)[..]);
        assert_eq!((counts.answered, counts.cut), (1, 1));
    }

    #[test]
    fn behind_the_bound_of_all_only_hashes_are_kept() {
        let (bytes, counts) = written(5, &[b"abc", b"defg", b"hij"]);
        assert_eq!(bytes.len(), 16 + 3 * RECORD_BYTES + 5);
        assert_eq!(counts.cut, 2);
        let last = &bytes[bytes.len() - RECORD_BYTES..];
        assert_eq!(&last[16..48], &Sha256::digest(b"hij")[..]);
        assert_eq!(&last[52..54], &3_u16.to_le_bytes());
    }

    #[test]
    fn memory_is_bounded_and_used_again() {
        let mut body = Body::default();
        body.begin();
        (0..1000).for_each(|_| body.take(&[0; 1000]));
        assert_eq!((body.start.len(), body.length), (MOST_BYTES, 1_000_000));
        body.begin();
        body.take(b"short");
        assert_eq!(body.start, b"short");
        assert_eq!(
            &body.digest.clone().finalize()[..],
            &Sha256::digest(b"short")[..]
        );
    }
}
