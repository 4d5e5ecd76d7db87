//! The audit: what the supervisor wants to read about each posting.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use parking_lot::Mutex;

use crate::accounts::Posting;

pub(crate) struct Journal {
    out: Mutex<BufWriter<File>>,
}

impl Journal {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        Ok(Self { out: Mutex::new(BufWriter::new(file)) })
    }

    /// Adds a line; a posting must not be lost when the machine stops.
    pub(crate) fn note(&self, posting: &Posting<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(posting)?;
        line.push(b'\n');
        let mut out = self.out.lock();
        out.write_all(&line)?;
        out.flush()?;
        out.get_ref().sync_data()
    }
}
