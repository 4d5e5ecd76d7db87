//! Raw protocols: lines, and frames with their length before them.

use super::Request;
use crate::ScheduleError;
use crate::spec::FramingSpec;
use crate::template::refusal;

/// Appends text that ends its line: with the line end it has, else with a line feed.
pub(super) fn line(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(body);
    if body.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

/// How lengths are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    bytes: usize,
    big_endian: bool,
    includes_prefix: bool,
}

impl Prefix {
    pub(super) fn new(framing: &FramingSpec) -> Self {
        Self {
            bytes: usize::from(framing.prefix_bytes),
            big_endian: framing.big_endian,
            includes_prefix: framing.includes_prefix,
        }
    }

    /// Appends a frame.
    pub(super) fn frame(
        self,
        request: &Request,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ScheduleError> {
        let own = if self.includes_prefix { self.bytes } else { 0 };
        let length = (body.len() + own) as u64;
        if self.bytes < 8 && length >> (8 * self.bytes) != 0 {
            let bytes = self.bytes;
            let problem = format!("{length} bytes are more than a length of {bytes} bytes tells");
            return Err(refusal(&request.name, problem));
        }
        if self.big_endian {
            out.extend_from_slice(&length.to_be_bytes()[8 - self.bytes..]);
        } else {
            out.extend_from_slice(&length.to_le_bytes()[..self.bytes]);
        }
        out.extend_from_slice(body);
        Ok(())
    }
}
