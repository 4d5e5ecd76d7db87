#![allow(clippy::unwrap_used)]

mod calls;
mod hostile;
mod windows;

use super::*;
use crate::protocol::told::{Event, receive, receive_split};

/// HEADERS of a whole answer head: `:status: 200`, by the static table.
const OK: &[u8] = &[0x88];
const ENDS: u8 = frame::END_HEADERS | frame::END_STREAM;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::put_head(&mut bytes, payload.len(), kind, flags, stream);
    bytes.extend_from_slice(payload);
    bytes
}

fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let payload = settings.iter().flat_map(|(name, value)| {
        let (name, value) = (name.to_be_bytes(), value.to_be_bytes());
        name.into_iter().chain(value)
    });
    frame(frame::SETTINGS, 0, 0, &payload.collect::<Vec<_>>())
}

fn payload(block: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = (block.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(block);
    bytes.extend_from_slice(body);
    bytes
}

/// A connection whose peer has said its settings.
fn greeted(grpc: bool, set: &[(u16, u32)]) -> Http2 {
    let mut http2 = Http2::new(grpc);
    let (_, out, end) = receive(&mut http2, &[&settings(set)]);
    assert_eq!(
        (out, end),
        (frame(frame::SETTINGS, frame::ACK, 0, b""), Ok(()))
    );
    http2
}

/// One with requests 0, 1 ... under way, on streams 1, 3 ...
fn asked(requests: u32) -> Http2 {
    let mut http2 = greeted(false, &[]);
    for tag in 0..requests {
        http2.send(tag, &payload(b"\x82", b""), &mut Vec::new());
    }
    http2
}

/// Frames that we sent: kind, flags, stream and payload.
fn sent(mut out: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((head, payload)) = frame::split(&mut out).unwrap() {
        frames.push((head.kind, head.flags, head.stream, payload.to_vec()));
    }
    assert!(out.is_empty());
    frames
}

fn body(tag: u32, bytes: &[u8]) -> Event {
    Event::Body(tag, bytes.to_vec())
}

#[test]
fn a_conversation_is_opened() {
    let (mut http2, mut out) = (Http2::new(false), Vec::new());
    http2.open(&mut out);
    let frames = sent(out.strip_prefix(PREFACE).unwrap());
    let kinds: Vec<u8> = frames.iter().map(|frame| frame.0).collect();
    assert_eq!(kinds, [frame::SETTINGS, frame::WINDOW_UPDATE]);
    assert_eq!(http2.room(), 0);
    receive(&mut http2, &[&settings(&[])]).2.unwrap();
    assert_eq!(http2.room(), MAX_STREAMS);
    receive(&mut http2, &[&settings(&[(3, 2)])]).2.unwrap();
    assert_eq!(http2.room(), 2);
}

#[test]
fn answers_are_read_wherever_they_are_split() {
    let mut bytes = frame(
        frame::HEADERS,
        frame::END_HEADERS,
        3,
        &[0x48, 3, b'1', b'0', b'3'],
    );
    bytes.extend(frame(frame::HEADERS, 0, 3, b"\x08\x03")); // :status 404, in three frames
    bytes.extend(frame(frame::CONTINUATION, 0, 3, b"4"));
    bytes.extend(frame(frame::CONTINUATION, frame::END_HEADERS, 3, b"04"));
    bytes.extend(frame(frame::PING, 0, 0, b"12345678"));
    bytes.extend(frame(frame::DATA, 0, 3, b"Hello, "));
    bytes.extend(frame(0x2a, 0xff, 77, b"an unknown frame"));
    bytes.extend(frame(frame::HEADERS, ENDS, 1, OK));
    bytes.extend(frame(
        frame::DATA,
        0x8 | frame::END_STREAM,
        3,
        b"\x04world\0\0\0\0",
    ));
    let events = receive_split(|| asked(2), &bytes);
    assert_eq!(
        events,
        [
            Event::Begun(1),
            body(1, b"Hello, "),
            Event::Begun(0),
            Event::Answered(0, 200, 10),
            body(1, b"world"),
            Event::Answered(1, 404, 9 * 6 + 5 + 5 + 7 + 10),
        ]
    );
}

#[test]
fn padding_priority_and_trailers_are_taken_off() {
    let mut bytes = frame(
        frame::HEADERS,
        0x28 | frame::END_HEADERS,
        1,
        b"\x02\0\0\0\0\x10\x88\0\0",
    );
    bytes.extend(frame(frame::DATA, 0, 1, b"x"));
    bytes.extend(frame(frame::HEADERS, ENDS, 1, b"\x00\x01t\x01v"));
    let (events, _, end) = receive(&mut asked(1), &[&bytes]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        events,
        [
            Event::Begun(0),
            body(0, b"x"),
            Event::Answered(0, 200, 18 + 10 + 14)
        ]
    );
}

#[test]
fn a_length_must_be_true_unless_there_is_no_body() {
    let head = |flags, status: &[u8]| {
        let block = [status, b"\x0f\x0d\x013"].concat(); // content-length: 3
        frame(frame::HEADERS, frame::END_HEADERS | flags, 1, &block)
    };
    let data = |flags, bytes: &[u8]| frame(frame::DATA, flags, 1, bytes);
    let end = frame::END_STREAM;
    let cases = [
        (
            [head(0, OK), data(end, b"abc")].concat(),
            b"\x82".as_slice(),
            true,
        ),
        ([head(0, OK), data(end, b"ab")].concat(), b"\x82", false),
        ([head(0, OK), data(0, b"abcd")].concat(), b"\x82", false),
        (head(end, OK), b"\x82", false),
        (head(end, OK), METHOD_HEAD, true),
        (head(end, OK), b"\x86\x02\x04HEAD", true),
        (head(end, &[0x8b]), b"\x82", true), // 304
    ];
    for (bytes, block, sound) in cases {
        let mut http2 = greeted(false, &[]);
        http2.send(0, &payload(block, b""), &mut Vec::new());
        let (events, _, end) = receive(&mut http2, &[&bytes]);
        assert_eq!(end, Ok(()));
        assert_eq!(
            matches!(events.last(), Some(Event::Answered(..))),
            sound,
            "{events:?}"
        );
        assert_eq!(http2.room(), MAX_STREAMS);
    }
}

#[test]
fn a_broken_answer_fails_its_request_alone() {
    let cases = [
        frame(frame::DATA, 0, 1, b"no head"),
        frame(frame::HEADERS, frame::END_HEADERS, 1, b"\x00\x01t\x01v"),
        frame(frame::HEADERS, frame::END_HEADERS, 1, b"\x08\x03abc"),
        frame(frame::HEADERS, frame::END_HEADERS, 1, b"\x08\x03101"),
        frame(frame::HEADERS, ENDS, 1, b"\x08\x03100"),
        frame(frame::HEADERS, frame::END_HEADERS, 1, b"\x88\x89"),
        frame(frame::WINDOW_UPDATE, 0, 1, &[0; 4]),
        [
            frame(frame::HEADERS, frame::END_HEADERS, 1, OK),
            frame(frame::HEADERS, frame::END_HEADERS, 1, b""),
        ]
        .concat(),
    ];
    for bytes in cases {
        let mut http2 = asked(2);
        let (events, out, end) = receive(&mut http2, &[&bytes]);
        assert_eq!(
            (events.last(), end),
            (Some(&Event::Failed(0)), Ok(())),
            "{bytes:x?}"
        );
        assert_eq!(sent(&out)[0].0, frame::RST_STREAM);
        let other = frame(frame::HEADERS, ENDS, 3, OK);
        let (events, _, _) = receive(&mut http2, &[&other]);
        assert_eq!(events, [Event::Begun(1), Event::Answered(1, 200, 10)]);
    }
}

#[test]
fn a_reset_fails_one_request() {
    let mut http2 = asked(2);
    let (events, out, end) = receive(
        &mut http2,
        &[&frame(frame::RST_STREAM, 0, 3, &[0, 0, 0, 7])],
    );
    assert_eq!((events, out, end), (vec![Event::Failed(1)], vec![], Ok(())));
    assert_eq!(http2.room(), MAX_STREAMS - 1);
    assert!(http2.reusable());
}

#[test]
fn going_away_fails_what_the_peer_has_not_seen() {
    let mut http2 = asked(3);
    let (events, _, end) = receive(
        &mut http2,
        &[&frame(frame::GOAWAY, 0, 0, b"\0\0\0\x03\0\0\0\0bye")],
    );
    assert_eq!((events, end), (vec![Event::Failed(2)], Ok(())));
    assert_eq!((http2.room(), http2.reusable()), (0, false));
    let rest = [
        frame(frame::HEADERS, ENDS, 3, OK),
        frame(frame::HEADERS, ENDS, 1, OK),
    ]
    .concat();
    let (events, _, _) = receive(&mut http2, &[&rest]);
    let answered = |tag| [Event::Begun(tag), Event::Answered(tag, 200, 10)];
    assert_eq!(events, [answered(1), answered(0)].concat());
}

#[test]
fn late_frames_of_a_cancelled_request_are_ignored() {
    let (mut http2, mut out) = (asked(2), Vec::new());
    assert!(http2.cancel(0, &mut out));
    assert_eq!(sent(&out), [(frame::RST_STREAM, 0, 1, vec![0, 0, 0, 8])]);
    assert_eq!(http2.room(), MAX_STREAMS - 1);
    let late = [
        // Its fields are in the table all the same.
        frame(frame::HEADERS, frame::END_HEADERS, 1, b"\x48\x03418"),
        frame(frame::DATA, frame::END_STREAM, 1, b"late"),
        frame(frame::RST_STREAM, 0, 1, &[0; 4]),
        frame(frame::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
        frame(frame::HEADERS, ENDS, 3, &[0xbe]),
    ];
    let (events, _, end) = receive(&mut http2, &[&late.concat()]);
    assert_eq!(end, Ok(()));
    assert_eq!(events, [Event::Begun(1), Event::Answered(1, 418, 10)]);
}

#[test]
fn a_tag_may_be_used_again_at_once() {
    let mut http2 = asked(1);
    http2.cancel(0, &mut Vec::new());
    http2.send(0, &payload(b"\x82", b""), &mut Vec::new());
    let (events, _, _) = receive(&mut http2, &[&frame(frame::HEADERS, ENDS, 3, OK)]);
    assert_eq!(events, [Event::Begun(0), Event::Answered(0, 200, 10)]);
}

#[test]
fn numbers_of_streams_run_out() {
    let mut http2 = asked(0);
    http2.next_id = MAX_ID;
    assert_eq!((http2.room(), http2.reusable()), (MAX_STREAMS, true));
    http2.send(0, &payload(b"\x82", b""), &mut Vec::new());
    assert_eq!((http2.room(), http2.reusable()), (0, false));
    let (events, _, _) = receive(&mut http2, &[&frame(frame::HEADERS, ENDS, MAX_ID, OK)]);
    assert_eq!(events, [Event::Begun(0), Event::Answered(0, 200, 10)]);
}

#[test]
fn over_tls_the_scheme_is_another() {
    let block = |mut http2: Http2, block| {
        let mut out = Vec::new();
        http2.send(0, &payload(block, b""), &mut out);
        sent(&out)[0].3.clone()
    };
    assert_eq!(block(asked(0), b"\x86\x82"), b"\x86\x82");
    assert_eq!(block(asked(0).over_tls(), b"\x86\x82"), b"\x87\x82");
    assert_eq!(block(asked(0).over_tls(), b"\x82\x86"), b"\x82\x86");
    assert_eq!(block(asked(0).over_tls(), b""), b"");
}

#[test]
fn a_long_header_block_is_sent_in_pieces() {
    let block: Vec<u8> = (0..2 * frame::MAX_PAYLOAD + 1)
        .map(|nth| nth as u8)
        .collect();
    let (mut http2, mut out) = (asked(0), Vec::new());
    http2.send(0, &payload(&block, b"b"), &mut out);
    let frames = sent(&out);
    let heads: Vec<(u8, u8)> = frames.iter().map(|frame| (frame.0, frame.1)).collect();
    let (more, last) = (
        (frame::CONTINUATION, 0),
        (frame::CONTINUATION, frame::END_HEADERS),
    );
    assert_eq!(
        heads,
        [
            (frame::HEADERS, 0),
            more,
            last,
            (frame::DATA, frame::END_STREAM)
        ]
    );
    assert_eq!(
        frames[..3]
            .iter()
            .flat_map(|frame| frame.3.clone())
            .collect::<Vec<_>>(),
        block
    );
}
