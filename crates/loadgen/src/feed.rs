//! The schedule on its way into the engine: chunks are read ahead by a thread of their own.
//!
//! The file is read, not mapped: mapped pages count as resident, and fault when the engine touches them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use schedule::{Arrival, Chunk, Entry, Plan, ScheduleError};

/// Chunks read ahead of the one being played.
const AHEAD: usize = 6;

/// Which entries an engine takes: all whose number leaves this remainder. A session stays on one engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) number: u64,
    pub(crate) of: u64,
}

impl Part {
    /// The parts of several engines.
    pub(crate) fn all(engines: usize) -> impl Iterator<Item = Self> {
        let of = engines as u64;
        (0..of).map(move |number| Self { number, of })
    }

    /// This part of a number that the engines share, such as the cap of connections.
    pub(crate) const fn share(self, whole: u32) -> u32 {
        let whole = whole as u64;
        (whole / self.of + (self.number < whole % self.of) as u64) as u32
    }

    fn takes(self, index: u64, entry: &Entry) -> bool {
        let key = match entry.session {
            0 => index,
            session => u64::from(session),
        };
        key % self.of == self.number
    }
}

/// The reading thread's end.
pub(crate) struct Reader {
    file: BufReader<File>,
    chunks: SyncSender<Result<Chunk, ScheduleError>>,
    used: Receiver<Chunk>,
}

impl Reader {
    /// Reads until the end, an error, or until nobody takes chunks any more.
    pub(crate) fn run(mut self, plan: &Plan) {
        let mut position = Chunk::new();
        while let Ok(mut chunk) = self.used.recv() {
            chunk.follow(&position);
            let message = match chunk.read(plan, &mut self.file) {
                Ok(true) => {
                    position.follow(&chunk);
                    Ok(chunk)
                }
                Ok(false) => return,
                Err(error) => Err(error),
            };
            if self.chunks.send(message).is_err() {
                return;
            }
        }
    }
}

/// The engine's end: the entry that is next.
pub(crate) struct Feed {
    pub(crate) part: Part,
    current: Chunk,
    at: usize,
    chunks: Receiver<Result<Chunk, ScheduleError>>,
    used: Sender<Chunk>,
    ended: bool,
}

impl Feed {
    /// Opens the schedule behind its plan; the reader is to run on a thread of its own.
    pub(crate) fn open(path: &Path, part: Part) -> Result<(Self, Reader), ScheduleError> {
        let mut file = BufReader::new(File::open(path).map_err(ScheduleError::Read)?);
        Plan::read(&mut file)?;
        let (sender, chunks) = sync_channel(AHEAD);
        let (used, empty) = channel();
        (0..AHEAD).for_each(|_| drop(used.send(Chunk::new())));
        let feed = Self {
            part,
            current: Chunk::new(),
            at: 0,
            chunks,
            used,
            ended: false,
        };
        let reader = Reader {
            file,
            chunks: sender,
            used: empty,
        };
        Ok((feed, reader))
    }

    /// Returns the next entry of this part; nothing when there are no more.
    ///
    /// # Errors
    /// When the file cannot be read, or changed since it was verified.
    pub(crate) fn peek(&mut self) -> io::Result<Option<Entry>> {
        while !self.ended {
            while self.at < self.current.len() {
                let entry = self.current.entry(self.at);
                let index = self.current.first_index() + self.at as u64;
                if self.part.takes(index, &entry) {
                    return Ok(Some(entry));
                }
                self.at += 1;
            }
            self.advance_chunk()?;
        }
        Ok(None)
    }

    /// Returns what the entry that [`Feed::peek`] told of sends.
    pub(crate) fn payload<'a>(&'a self, plan: &'a Plan) -> &'a [u8] {
        self.current.payload(plan, self.at)
    }

    /// Goes past the entry that [`Feed::peek`] told of.
    pub(crate) const fn advance(&mut self) {
        self.at += 1;
    }

    /// Whether no entry is left.
    pub(crate) const fn is_done(&self) -> bool {
        self.ended
    }

    /// Returns the requests of a closed loop, and which of them this part begins with; nothing for an open loop.
    ///
    /// # Errors
    /// As [`Feed::peek`].
    pub(crate) fn take_closed(&mut self, plan: &Plan) -> io::Result<Option<(Chunk, usize)>> {
        if plan.arrival() != Arrival::Closed {
            return Ok(None);
        }
        self.advance_chunk()?;
        self.ended = true;
        let requests = std::mem::replace(&mut self.current, Chunk::new());
        let first = requests.len() as u64 * self.part.number / self.part.of;
        Ok((!requests.is_empty()).then_some((requests, first as usize)))
    }

    fn advance_chunk(&mut self) -> io::Result<()> {
        match self.chunks.recv() {
            Ok(chunk) => {
                let chunk = chunk.map_err(io::Error::other)?;
                let used = std::mem::replace(&mut self.current, chunk);
                self.at = 0;
                let _ = self.used.send(used); // A reader at its end takes nothing back.
            }
            Err(_) => self.ended = true,
        }
        Ok(())
    }
}
