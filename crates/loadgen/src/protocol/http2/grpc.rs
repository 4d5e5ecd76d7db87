//! What gRPC adds to HTTP/2: messages with a length before each, and a status of its own.

/// Statuses that are ours to give (the numbers are gRPC's).
const UNKNOWN: u16 = 2;
pub(super) const INTERNAL: u16 = 13;

/// Takes the prefixes out of a body.
#[derive(Debug, Default)]
pub(super) struct Messages {
    prefix: [u8; 5],
    filled: usize,
    /// Bytes of the message still to come.
    left: usize,
    compressed: bool,
}

impl Messages {
    /// Hands the messages' bytes to `each`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.left == 0 {
                bytes = self.feed_prefix(bytes);
                continue;
            }
            let (message, behind) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= message.len();
            bytes = behind;
            each(message);
        }
    }

    fn feed_prefix<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = &mut self.prefix[self.filled..];
        let (taken, behind) = bytes.split_at(room.len().min(bytes.len()));
        room[..taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        if self.filled == self.prefix.len() {
            let [flag, length @ ..] = self.prefix;
            self.filled = 0;
            self.left = u32::from_be_bytes(length) as usize;
            self.compressed |= flag != 0;
        }
        behind
    }

    /// Whether all that has come are whole messages that we can read: we never offer to take compressed ones.
    pub(super) const fn are_sound(&self) -> bool {
        self.filled == 0 && self.left == 0 && !self.compressed
    }
}

/// The status of an answer that has none of gRPC's, from that of HTTP (gRPC's http-grpc-status-mapping).
pub(super) const fn status_of_http(status: u16) -> u16 {
    match status {
        400 => INTERNAL,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => UNKNOWN,
    }
}
