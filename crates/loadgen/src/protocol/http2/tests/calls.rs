//! Unary calls of gRPC.
#![allow(clippy::panic)]

use super::*;

const HEAD: &[u8] = b"\x88\x0f\x10\x10application/grpc";

fn status(text: &str) -> Vec<u8> {
    let mut block = b"\x00\x0bgrpc-status".to_vec();
    block.push(text.len() as u8);
    block.extend_from_slice(text.as_bytes());
    block
}

fn called() -> Http2 {
    let mut http2 = greeted(true, &[]);
    http2.send(0, &payload(b"\x83", b"\0\0\0\0\x02hi"), &mut Vec::new());
    http2
}

/// The status told for an answer, and the body handed on.
fn told(frames: &[Vec<u8>]) -> (u16, Vec<u8>) {
    let events = receive_split(called, &frames.concat());
    let body = events.iter().find_map(|event| match event {
        Event::Body(0, body) => Some(body.clone()),
        _ => None,
    });
    match events.last() {
        Some(Event::Answered(0, status, _)) => (*status, body.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn head(block: &[u8]) -> Vec<u8> {
    frame(frame::HEADERS, frame::END_HEADERS, 1, block)
}

fn trailers(block: &[u8]) -> Vec<u8> {
    frame(frame::HEADERS, ENDS, 1, block)
}

fn message(bytes: &[u8]) -> Vec<u8> {
    frame(frame::DATA, 0, 1, bytes)
}

#[test]
fn the_status_is_in_the_trailers_and_the_message_without_its_prefix() {
    let pieces = [message(b"\0\0\0\0\x05he"), message(b"llo")];
    assert_eq!(
        told(&[head(HEAD), pieces.concat(), trailers(&status("0"))]),
        (0, b"hello".to_vec())
    );
    assert_eq!(told(&[head(HEAD), trailers(&status("5"))]), (5, Vec::new()));
}

#[test]
fn a_head_alone_may_carry_the_status() {
    assert_eq!(
        told(&[trailers(&[HEAD, &status("12")].concat())]),
        (12, Vec::new())
    );
}

#[test]
fn an_answer_without_a_status_of_its_own_is_a_failure() {
    let statuses = [
        ("200", 2),
        ("404", 12),
        ("503", 14),
        ("400", 13),
        ("418", 2),
    ];
    for (http, grpc) in statuses {
        let block = [b"\x08\x03", http.as_bytes()].concat();
        assert_eq!(told(&[trailers(&block)]).0, grpc, "{http}");
    }
    let ends = frame(frame::DATA, frame::END_STREAM, 1, b"\0\0\0\0\x01x");
    assert_eq!(told(&[head(HEAD), ends]), (2, b"x".to_vec()));
    assert_eq!(told(&[head(HEAD), trailers(&status("none"))]).0, 2);
    assert_eq!(told(&[head(HEAD), trailers(&status("70000"))]).0, 2);
}

#[test]
fn a_message_cut_short_or_compressed_is_no_success() {
    for broken in [
        b"\0\0\0\0\x05hell".as_slice(),
        b"\0\0\0",
        b"\x01\0\0\0\x01x",
    ] {
        let frames = [head(HEAD), message(broken), trailers(&status("0"))];
        assert_eq!(told(&frames).0, 13, "{broken:x?}");
    }
}
