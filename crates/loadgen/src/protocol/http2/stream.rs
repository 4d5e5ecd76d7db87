//! One request and its answer.

use super::grpc::{self, Messages};
use crate::protocol::Answers;
use crate::protocol::hpack::{Field, Name};

/// What a header block says that matters.
#[derive(Debug, Default)]
pub(super) struct Fields {
    status: Option<Option<u64>>,
    grpc_status: Option<Option<u64>>,
    length: Option<Option<u64>>,
    /// A field that may be there once is there twice.
    contradictory: bool,
}

impl Fields {
    pub(super) fn take(&mut self, field: Field) {
        let place = match field.name {
            Name::Status => &mut self.status,
            Name::GrpcStatus => &mut self.grpc_status,
            Name::ContentLength => &mut self.length,
            Name::Other => return,
        };
        self.contradictory |= place.is_some_and(|known| known != field.value);
        *place = Some(field.value);
    }
}

/// The answer breaks the rules, so its request failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The state of a stream, and buffers that the next one in its place uses again.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) tag: u32,
    /// Bytes that the peer takes now.
    pub(super) window: i64,
    /// Bytes received since the peer was last told of room.
    pub(super) received: u32,
    pub(super) begun: bool,
    /// The end of the request's body that found no room, and how much of it was sent since.
    pub(super) unsent: Vec<u8>,
    pub(super) sent: usize,
    head_request: bool,
    /// Of the final head; 0 before it has come.
    status: u16,
    grpc_status: Option<u16>,
    length: Option<u64>,
    body_bytes: u64,
    wire_bytes: u64,
    messages: Messages,
}

impl Stream {
    /// Starts over with the buffers of an earlier stream.
    pub(super) fn begin(&mut self, tag: u32, window: i64, head_request: bool) {
        let mut unsent = std::mem::take(&mut self.unsent);
        unsent.clear();
        *self = Self {
            tag,
            window,
            head_request,
            unsent,
            ..Self::default()
        };
    }

    pub(super) const fn is_sent(&self) -> bool {
        self.sent == self.unsent.len()
    }

    pub(super) const fn count(&mut self, wire_bytes: u64) {
        self.wire_bytes += wire_bytes;
    }

    /// Takes a header block: an interim head, the final one, or trailers.
    pub(super) fn take_block(&mut self, fields: &Fields, ends: bool) -> Result<(), Malformed> {
        if fields.contradictory {
            return Err(Malformed);
        }
        if self.status == 0 {
            self.take_head(fields, ends)?;
        } else if !ends || fields.status.is_some() {
            return Err(Malformed);
        }
        if ends && let Some(status) = fields.grpc_status {
            let known = status.and_then(|status| u16::try_from(status).ok());
            self.grpc_status = known.or(Some(grpc::status_of_http(0)));
        }
        Ok(())
    }

    fn take_head(&mut self, fields: &Fields, ends: bool) -> Result<(), Malformed> {
        match fields.status.flatten() {
            Some(100 | 102..=199) if !ends => Ok(()),
            Some(status @ 200..=999) => {
                self.status = status as u16;
                self.length = match fields.length {
                    Some(length) => Some(length.ok_or(Malformed)?),
                    None => None,
                };
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    /// Takes a part of the body. With `grpc`, what the messages hold is the body that is handed on.
    pub(super) fn take_data(
        &mut self,
        bytes: &[u8],
        grpc: bool,
        answers: &mut dyn Answers,
    ) -> Result<(), Malformed> {
        self.body_bytes += bytes.len() as u64;
        if self.status == 0 || self.length.is_some_and(|length| self.body_bytes > length) {
            return Err(Malformed);
        }
        let tag = self.tag;
        if grpc {
            self.messages.feed(bytes, |part| answers.body(tag, part));
        } else if !bytes.is_empty() {
            answers.body(tag, bytes);
        }
        Ok(())
    }

    /// The answer is complete: its status, and its bytes on the wire.
    pub(super) fn end(&self, grpc: bool) -> Result<(u16, u64), Malformed> {
        let bodiless = self.head_request || matches!(self.status, 204 | 304);
        let expected = self.length.filter(|_| !(bodiless && self.body_bytes == 0));
        if self.status == 0 || expected.is_some_and(|length| length != self.body_bytes) {
            return Err(Malformed);
        }
        let status = if grpc {
            self.status_of_grpc()
        } else {
            self.status
        };
        Ok((status, self.wire_bytes))
    }

    fn status_of_grpc(&self) -> u16 {
        match self.grpc_status {
            Some(0) if !self.messages.are_sound() => grpc::INTERNAL,
            Some(status) => status,
            None => grpc::status_of_http(self.status),
        }
    }
}

/// The streams that are open, found by number. A place is used again when its stream has ended.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Number of the stream in each place; 0: free.
    ids: Vec<u32>,
    streams: Vec<Stream>,
    open: usize,
}

impl Streams {
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    pub(super) fn find(&self, id: u32) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }

    pub(super) fn find_tag(&self, tag: u32) -> Option<usize> {
        (0..self.ids.len()).find(|place| self.ids[*place] != 0 && self.streams[*place].tag == tag)
    }

    /// Places in use. A stream that ends leaves all others in theirs.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.ids.len()
    }

    pub(super) fn enter(&mut self, id: u32) -> usize {
        self.open += 1;
        if let Some(place) = self.find(0) {
            self.ids[place] = id;
            return place;
        }
        self.ids.push(id);
        self.streams.push(Stream::default());
        self.ids.len() - 1
    }

    /// Number of the stream in a place, if there is one.
    pub(super) fn id(&self, place: usize) -> Option<u32> {
        self.ids.get(place).copied().filter(|id| *id != 0)
    }

    pub(super) fn get(&mut self, place: usize) -> &mut Stream {
        &mut self.streams[place]
    }

    pub(super) fn leave(&mut self, place: usize) {
        if self.id(place).is_some() {
            self.ids[place] = 0;
            self.open -= 1;
        }
    }
}
