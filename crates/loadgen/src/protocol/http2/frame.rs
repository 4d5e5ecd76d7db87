//! Frames of HTTP/2 (RFC 9113, section 4 and 6): their heads, their payloads' common parts, and those we write.

use crate::protocol::ProtocolError;

pub(super) const HEAD_BYTES: usize = 9;
/// Largest payload that either side sends: what is allowed unless agreed otherwise, and we never do.
pub(super) const MAX_PAYLOAD: usize = 16_384;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// Of SETTINGS and PING.
pub(super) const ACK: u8 = 0x1;
pub(super) const END_STREAM: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_BYTES: usize = 5;

/// Why a stream is reset (RFC 9113, section 7).
#[derive(Clone, Copy, Debug)]
pub(super) enum Reason {
    Protocol = 1,
    FlowControl = 3,
    Cancel = 8,
}

/// What every frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    /// Reads a head; nothing when `bytes` are too few.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let Some(&[a, b, c, kind, flags, ref stream @ ..]) = bytes.first_chunk::<HEAD_BYTES>()
        else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > MAX_PAYLOAD {
            return Err(malformed("a frame is larger than was agreed"));
        }
        Ok(Some(Self {
            length,
            kind,
            flags,
            stream: u32::from_be_bytes(*stream) & 0x7fff_ffff,
        }))
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The frame's size on the wire, in bytes.
    pub(super) const fn wire_bytes(&self) -> u64 {
        (HEAD_BYTES + self.length) as u64
    }
}

pub(super) fn malformed(text: &str) -> ProtocolError {
    ProtocolError::Malformed(text.into())
}

/// Takes the first whole frame off `bytes`; nothing when it is not all there.
pub(super) fn split<'a>(bytes: &mut &'a [u8]) -> Result<Option<(Head, &'a [u8])>, ProtocolError> {
    let Some(head) = Head::parse(bytes)? else {
        return Ok(None);
    };
    let Some((frame, behind)) = bytes.split_at_checked(HEAD_BYTES + head.length) else {
        return Ok(None);
    };
    *bytes = behind;
    Ok(Some((head, &frame[HEAD_BYTES..])))
}

/// Moves bytes to the end of `partial` until it holds one whole frame, and returns its head then.
pub(super) fn fill(
    partial: &mut Vec<u8>,
    bytes: &mut &[u8],
) -> Result<Option<Head>, ProtocolError> {
    take_up_to(HEAD_BYTES, partial, bytes);
    let Some(head) = Head::parse(partial)? else {
        return Ok(None);
    };
    let whole = HEAD_BYTES + head.length;
    take_up_to(whole, partial, bytes);
    Ok((partial.len() == whole).then_some(head))
}

fn take_up_to(length: usize, partial: &mut Vec<u8>, bytes: &mut &[u8]) {
    let missing = length.saturating_sub(partial.len()).min(bytes.len());
    let (taken, behind) = bytes.split_at(missing);
    partial.extend_from_slice(taken);
    *bytes = behind;
}

/// The content of a DATA or HEADERS payload, without padding and priority.
pub(super) fn content<'a>(head: &Head, payload: &'a [u8]) -> Result<&'a [u8], ProtocolError> {
    let wrong = || malformed("a frame's padding is longer than the frame");
    let mut content = payload;
    if head.has(PADDED) {
        let (&padding, behind) = payload.split_first().ok_or_else(wrong)?;
        let length = behind
            .len()
            .checked_sub(usize::from(padding))
            .ok_or_else(wrong)?;
        content = &behind[..length];
    }
    if head.kind == HEADERS && head.has(PRIORITY) {
        content = content.get(PRIORITY_BYTES..).ok_or_else(wrong)?;
    }
    Ok(content)
}

pub(super) fn put_head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    let [_, a, b, c] = (length as u32).to_be_bytes();
    let [d, e, f, g] = stream.to_be_bytes();
    out.extend_from_slice(&[a, b, c, kind, flags, d, e, f, g]);
}

pub(super) fn put_reset(out: &mut Vec<u8>, stream: u32, reason: Reason) {
    put_head(out, 4, RST_STREAM, 0, stream);
    out.extend_from_slice(&(reason as u32).to_be_bytes());
}

pub(super) fn put_window_update(out: &mut Vec<u8>, stream: u32, increment: u32) {
    put_head(out, 4, WINDOW_UPDATE, 0, stream);
    out.extend_from_slice(&increment.to_be_bytes());
}

/// Appends a header block, in as many frames as it needs.
pub(super) fn put_headers(out: &mut Vec<u8>, stream: u32, block: &[u8], ends_stream: bool) {
    let end_stream = if ends_stream { END_STREAM } else { 0 };
    let (first, mut rest) = block.split_at(block.len().min(MAX_PAYLOAD));
    let flags = if rest.is_empty() {
        END_HEADERS | end_stream
    } else {
        end_stream
    };
    put_head(out, first.len(), HEADERS, flags, stream);
    out.extend_from_slice(first);
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.len().min(MAX_PAYLOAD));
        rest = behind;
        let flags = if rest.is_empty() { END_HEADERS } else { 0 };
        put_head(out, part.len(), CONTINUATION, flags, stream);
        out.extend_from_slice(part);
    }
}
