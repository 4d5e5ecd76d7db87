//! Flow control: what the windows of both sides permit.

use super::RECEIVE_WINDOW;
use super::frame;

/// Appends as much of a body as both windows permit; returns how much that was.
pub(super) fn put_data(
    out: &mut Vec<u8>,
    stream: u32,
    body: &[u8],
    connection_window: &mut i64,
    stream_window: &mut i64,
) -> usize {
    let mut sent = 0;
    while sent < body.len() {
        let room = (*connection_window).min(*stream_window).max(0);
        let length = (body.len() - sent)
            .min(frame::MAX_PAYLOAD)
            .min(room as usize);
        if length == 0 {
            break;
        }
        let ends = sent + length == body.len();
        let flags = if ends { frame::END_STREAM } else { 0 };
        frame::put_head(out, length, frame::DATA, flags, stream);
        out.extend_from_slice(&body[sent..sent + length]);
        *connection_window -= length as i64;
        *stream_window -= length as i64;
        sent += length;
    }
    sent
}

/// Counts received bytes, and tells the peer of new room when half the window is used up.
pub(super) fn replenish(received: &mut u32, stream: u32, bytes: usize, out: &mut Vec<u8>) {
    *received += bytes as u32;
    if *received >= RECEIVE_WINDOW / 2 {
        frame::put_window_update(out, stream, *received);
        *received = 0;
    }
}
