//! Header blocks: one frame or several, decoded when complete.

use super::frame::{self, Head, Reason, malformed};
use super::stream::Fields;
use super::{Http2, hpack};
use crate::protocol::{Answers, ProtocolError};

/// A header block of which more is to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Continued {
    pub(super) stream: u32,
    ends_stream: bool,
    wire_bytes: u64,
}

impl Http2 {
    pub(super) fn headers(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let fragment = frame::content(&head, payload)?;
        self.find(head.stream)?;
        let block = Continued {
            stream: head.stream,
            ends_stream: head.has(frame::END_STREAM),
            wire_bytes: head.wire_bytes(),
        };
        if head.has(frame::END_HEADERS) {
            return self.take_block(block, fragment, answers, out);
        }
        self.block.clear();
        self.block.extend_from_slice(fragment);
        self.continued = Some(block);
        Ok(())
    }

    pub(super) fn continuation(
        &mut self,
        head: Head,
        fragment: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let Some(block) = &mut self.continued else {
            return Err(malformed("a header block goes on that did not begin"));
        };
        if self.block.len() + fragment.len() > hpack::MAX_LIST_BYTES {
            return Err(hpack::HpackError::TooLong.into());
        }
        block.wire_bytes += head.wire_bytes();
        self.block.extend_from_slice(fragment);
        if !head.has(frame::END_HEADERS) {
            return Ok(());
        }
        let (block, bytes) = (*block, std::mem::take(&mut self.block));
        self.continued = None;
        let taken = self.take_block(block, &bytes, answers, out);
        self.block = bytes;
        taken
    }

    /// Decodes a whole block, also of a stream that has ended: the tables of both sides must stay alike.
    fn take_block(
        &mut self,
        block: Continued,
        bytes: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let mut fields = Fields::default();
        self.hpack.decode(bytes, |field| fields.take(field))?;
        let Some(place) = self.find(block.stream)? else {
            return Ok(());
        };
        let stream = self.streams.get(place);
        stream.count(block.wire_bytes);
        if !stream.begun {
            stream.begun = true;
            answers.begun(stream.tag);
        }
        if stream.take_block(&fields, block.ends_stream).is_err() {
            self.reset(place, Reason::Protocol, answers, out);
        } else if block.ends_stream {
            self.end(place, answers, out);
        }
        Ok(())
    }
}
