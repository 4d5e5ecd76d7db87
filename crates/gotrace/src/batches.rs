//! Batches out of bytes, and which generation each belongs to.

use std::io::Read;

use crate::events::{END_OF_GENERATION, EVENT_BATCH, EXPERIMENTAL_BATCH};
use crate::generation::Generation;
use crate::input::{Input, Stop};
use crate::limits::{Limits, TraceError};

/// Bytes of a batch at most.
const MOST_BATCH_BYTES: u64 = 64 << 10;
const HEADER_BYTES: usize = 16;
/// Versions of the format.
const VERSIONS: [u32; 4] = [22, 23, 25, 26];
/// From here on a generation has an end.
const GO_1_26: u32 = 26;

/// What stands before a batch.
pub(crate) struct Header {
    pub(crate) generation: u64,
    pub(crate) thread: u64,
    pub(crate) time: u64,
    size: usize,
    experimental: bool,
}

/// How a trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Behind a generation.
    Whole,
    /// Within one.
    Cut,
    /// With something that is no batch, at this byte.
    Damaged(u64),
}

/// Reads one generation after the other.
pub(crate) struct Generations<R> {
    input: Input<R>,
    pub(crate) version: u32,
    most_bytes: usize,
    /// The first batch of the next one: traces before Go 1.26 tell the end of a generation by it.
    next: Option<Header>,
    pub(crate) ending: Option<Ending>,
    rate: f64,
    /// Batches of texts, stacks or samples that are damaged.
    pub(crate) damaged: u64,
    /// Where the last batch begins.
    batch_at: u64,
    /// Generations that cannot be read, because the unit of their times is not known.
    pub(crate) timeless: u64,
}

impl<R: Read> Generations<R> {
    pub(crate) fn open(source: R, limits: &Limits) -> Result<Self, TraceError> {
        let mut input = Input::new(source);
        let mut header = Vec::with_capacity(HEADER_BYTES);
        input.append(&mut header, HEADER_BYTES)?;
        Ok(Self {
            version: version_of(&header)?,
            input,
            most_bytes: limits.generation_bytes,
            next: None,
            ending: None,
            rate: 0.0,
            damaged: 0,
            batch_at: 0,
            timeless: 0,
        })
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.input.offset()
    }

    /// Reads the next generation in place of the one before; false at the end.
    pub(crate) fn read(&mut self, generation: &mut Generation) -> Result<bool, TraceError> {
        loop {
            generation.clear();
            self.collect(generation)?;
            if generation.number == 0 {
                return Ok(false);
            }
            if generation.has_frequency {
                self.rate = generation.rate;
            }
            if self.rate > 0.0 {
                generation.seal(self.rate, self.version);
                return Ok(true);
            }
            self.timeless += 1;
        }
    }

    fn collect(&mut self, generation: &mut Generation) -> Result<(), TraceError> {
        while self.ending.is_none() {
            let header = match self.next.take() {
                Some(header) => header,
                None => match self.header() {
                    Ok(Some(header)) => header,
                    Ok(None) if generation.number == 0 => continue,
                    Ok(None) => {
                        generation.is_whole = true;
                        return Ok(());
                    }
                    Err(stop) => return self.end(stop, generation),
                },
            };
            if generation.number == 0 {
                generation.number = header.generation;
            } else if generation.number != header.generation {
                // Since Go 1.26 this one would have had an end.
                generation.is_whole = self.version < GO_1_26;
                self.next = Some(header);
                return Ok(());
            }
            self.body(&header, generation)?;
        }
        Ok(())
    }

    /// The header of the next batch; none at the end of a generation.
    fn header(&mut self) -> Result<Option<Header>, Stop> {
        self.batch_at = self.input.offset();
        let kind = self.input.byte()?;
        let experimental = kind == EXPERIMENTAL_BATCH && self.version > VERSIONS[0];
        if kind == END_OF_GENERATION && self.version >= GO_1_26 {
            return Ok(None);
        }
        if kind != EVENT_BATCH && !experimental {
            return Err(Stop::Damaged);
        }
        self.header_fields(experimental).map_err(|stop| match stop {
            // Not between two batches.
            Stop::End => Stop::Cut,
            other => other,
        })
    }

    fn header_fields(&mut self, experimental: bool) -> Result<Option<Header>, Stop> {
        if experimental {
            self.input.byte()?;
        }
        let generation = self.input.varint()?;
        let thread = self.input.varint()?;
        let time = self.input.varint()?;
        let size = self.input.varint()?;
        if size > MOST_BATCH_BYTES || generation == 0 {
            return Err(Stop::Damaged);
        }
        Ok(Some(Header {
            generation,
            thread,
            time,
            size: size as usize,
            experimental,
        }))
    }

    fn end(&mut self, stop: Stop, generation: &mut Generation) -> Result<(), TraceError> {
        // Since Go 1.26 the last generation has an end, too.
        let is_open = self.version >= GO_1_26 && generation.number != 0;
        let ending = match stop {
            Stop::Failed(error) => return Err(error.into()),
            Stop::End if !is_open => Ending::Whole,
            Stop::End | Stop::Cut => Ending::Cut,
            Stop::Damaged => Ending::Damaged(self.batch_at),
        };
        generation.is_whole = ending == Ending::Whole;
        self.ending = Some(ending);
        Ok(())
    }

    fn body(&mut self, header: &Header, generation: &mut Generation) -> Result<(), TraceError> {
        if generation.size() + header.size > self.most_bytes {
            return Err(TraceError::TooLarge {
                generation: header.generation,
                limit: self.most_bytes,
            });
        }
        let begin = generation.events.len();
        if !self.input.append(&mut generation.events, header.size)? {
            self.ending = Some(Ending::Cut);
        }
        if generation.earliest == 0 || header.time < generation.earliest {
            generation.earliest = header.time;
        }
        if header.experimental {
            generation.events.truncate(begin);
        } else if !generation.sort_in(header, begin, self.version) {
            self.damaged += 1;
        }
        Ok(())
    }
}

fn version_of(header: &[u8]) -> Result<u32, TraceError> {
    let [b'g', b'o', b' ', b'1', b'.', tens, ones, rest @ ..] = header else {
        return Err(TraceError::NotATrace);
    };
    if rest != b" trace\0\0\0" || !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return Err(TraceError::NotATrace);
    }
    let version = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    if VERSIONS.contains(&version) {
        Ok(version)
    } else {
        Err(TraceError::Version(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        let of = |header: &[u8]| version_of(header).map_err(|error| error.to_string());
        assert_eq!(of(b"go 1.22 trace\0\0\0"), Ok(22));
        assert_eq!(of(b"go 1.26 trace\0\0\0"), Ok(26));
        let old = of(b"go 1.21 trace\0\0\0").err().unwrap_or_default();
        assert!(old.contains("Go 1.21"), "{old}");
        for other in [
            &b""[..],
            b"go 1.26 trace\0\0",
            b"go 1.2x trace\0\0\0",
            b"PERFILE2........",
        ] {
            let told = of(other).err().unwrap_or_default();
            assert!(told.contains("does not begin"), "{told}");
        }
    }

    #[test]
    fn a_generation_over_the_limit_is_an_error() -> Result<(), TraceError> {
        let limits = Limits {
            generation_bytes: 100,
            ..Limits::default()
        };
        let mut trace = b"go 1.26 trace\0\0\0".to_vec();
        trace.extend([EVENT_BATCH, 7, 1, 1, 101]);
        let mut generations = Generations::open(&trace[..], &limits)?;
        let read = generations.read(&mut Generation::default());
        let told = read
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert_eq!(told, "generation 7 is larger than 100 bytes");
        Ok(())
    }
}
