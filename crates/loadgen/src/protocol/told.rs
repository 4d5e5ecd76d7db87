//! What a protocol told, for tests.

use super::{Answers, Protocol, ProtocolError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Begun(u32),
    Body(u32, Vec<u8>),
    Answered(u32, u16, u64),
    Failed(u32),
}

/// Everything that was told, parts of one body put together.
#[derive(Debug, Default)]
pub(crate) struct Told(pub(crate) Vec<Event>);

impl Answers for Told {
    fn begun(&mut self, tag: u32) {
        self.0.push(Event::Begun(tag));
    }

    fn body(&mut self, tag: u32, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Event::Body(known, body)) if *known == tag => body.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.0.push(Event::Body(tag, bytes.to_vec())),
        }
    }

    fn answered(&mut self, tag: u32, status: u16, bytes: u64) {
        self.0.push(Event::Answered(tag, status, bytes));
    }

    fn failed(&mut self, tag: u32) {
        self.0.push(Event::Failed(tag));
    }
}

/// Receives pieces one after another; returns what was told, what was sent, and the end.
pub(super) fn receive(
    protocol: &mut dyn Protocol,
    pieces: &[&[u8]],
) -> (Vec<Event>, Vec<u8>, Result<(), ProtocolError>) {
    let (mut told, mut out) = (Told::default(), Vec::new());
    let end = pieces
        .iter()
        .try_for_each(|piece| protocol.receive(piece, &mut told, &mut out));
    (told.0, out, end)
}

/// Receives `bytes` split in two at every position and byte by byte, each time on a fresh protocol.
pub(super) fn receive_split<P: Protocol>(fresh: impl Fn() -> P, bytes: &[u8]) -> Vec<Event> {
    let (whole, out, end) = receive(&mut fresh(), &[bytes]);
    assert_eq!(end, Ok(()));
    for middle in 0..=bytes.len() {
        let pieces = bytes.split_at(middle);
        let split = receive(&mut fresh(), &[pieces.0, pieces.1]);
        assert_eq!(
            split,
            (whole.clone(), out.clone(), Ok(())),
            "split at {middle}"
        );
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(receive(&mut fresh(), &single), (whole.clone(), out, Ok(())));
    whole
}
