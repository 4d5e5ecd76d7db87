//! The audit: what the supervisor wants to read about each posting.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::accounts::Posting;

/// As many lines wait for the writer before postings do.
const WAITING: usize = 8192;

/// Lines reach the disk together.
const TOGETHER: Duration = Duration::from_millis(500);

pub(crate) struct Journal {
    lines: Mutex<SyncSender<Vec<u8>>>,
}

impl Journal {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let (lines, written) = mpsc::sync_channel(WAITING);
        thread::Builder::new().name("audit".to_owned()).spawn(move || write(file, &written))?;
        Ok(Self { lines: Mutex::new(lines) })
    }

    /// Adds a line, which the disk has a little later.
    pub(crate) fn note(&self, posting: &Posting<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(posting)?;
        line.push(b'\n');
        self.lines.lock().send(line).map_err(|_| io::Error::other("the audit has ended"))
    }
}

/// Ends when nobody can send lines any more, or the file takes none: then notes fail.
fn write(file: File, lines: &Receiver<Vec<u8>>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    loop {
        let Ok(first) = lines.recv() else {
            return out.flush();
        };
        out.write_all(&first)?;
        thread::sleep(TOGETHER);
        for line in lines.try_iter() {
            out.write_all(&line)?;
        }
        out.flush()?;
        out.get_ref().sync_data()?;
    }
}
