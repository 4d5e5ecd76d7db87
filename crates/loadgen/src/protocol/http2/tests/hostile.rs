//! Peers that break the rules of the connection, and any bytes at all.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::protocol::ProtocolError;

#[test]
fn what_breaks_the_rules_of_the_connection_ends_it() {
    let cases = [
        frame(frame::HEADERS, ENDS, 5, OK),
        frame(frame::HEADERS, ENDS, 0, OK),
        frame(frame::DATA, 0, 2, b""),
        frame(frame::HEADERS, ENDS, 1, &[0x80]),
        frame(frame::HEADERS, ENDS | 0x8, 1, &[9, 0x88]),
        frame(frame::HEADERS, ENDS | 0x20, 1, &[0, 0]),
        frame(frame::CONTINUATION, ENDS, 1, OK),
        [
            frame(frame::HEADERS, 0, 1, OK),
            frame(frame::PING, 0, 0, &[0; 8]),
        ]
        .concat(),
        [
            frame(frame::HEADERS, 0, 1, OK),
            frame(frame::CONTINUATION, ENDS, 3, b""),
        ]
        .concat(),
        frame(frame::PUSH_PROMISE, ENDS, 1, &[0, 0, 0, 2]),
        frame(frame::SETTINGS, 0, 0, &[0; 5]),
        frame(frame::SETTINGS, 0, 1, b""),
        settings(&[(5, 16_383)]),
        frame(frame::PING, 0, 0, &[0; 7]),
        frame(frame::PING, 0, 1, &[0; 8]),
        frame(frame::GOAWAY, 0, 0, &[0; 7]),
        frame(frame::WINDOW_UPDATE, 0, 1, &[0; 3]),
        frame(frame::RST_STREAM, 0, 1, &[0; 3]),
        frame(frame::RST_STREAM, 0, 9, &[0; 4]),
        frame(frame::DATA, 0, 1, &[0; frame::MAX_PAYLOAD + 1]),
    ];
    for bytes in cases {
        let (_, _, end) = receive(&mut asked(2), &[&bytes]);
        assert!(
            matches!(end, Err(ProtocolError::Malformed(_))),
            "{bytes:x?}: {end:?}"
        );
    }
}

#[test]
fn a_server_of_another_protocol_is_found_out() {
    for greeting in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        &frame(frame::SETTINGS, frame::ACK, 0, b""),
    ] {
        let (_, _, end) = receive(&mut Http2::new(false), &[greeting]);
        let told = end.map_err(|error| error.to_string());
        assert!(told.is_err_and(|told| told.contains("HTTP/2")));
    }
}

#[test]
fn endless_header_blocks_are_refused() {
    let mut http2 = asked(1);
    receive(&mut http2, &[&frame(frame::HEADERS, 0, 1, OK)])
        .2
        .unwrap();
    let more = frame(frame::CONTINUATION, 0, 1, &[0; frame::MAX_PAYLOAD]);
    let end = (0..9).find_map(|_| receive(&mut http2, &[&more]).2.err());
    assert!(matches!(end, Some(ProtocolError::TooLarge(_))), "{end:?}");
    assert!(http2.block.len() <= hpack::MAX_LIST_BYTES);
}

#[test]
fn a_peer_that_asks_and_never_reads_is_left() {
    for ask in [frame(frame::PING, 0, 0, &[0; 8]), settings(&[])] {
        let mut http2 = asked(1);
        let (_, out, end) = receive(&mut http2, &vec![&ask[..]; 100_000]);
        assert!(matches!(end, Err(ProtocolError::TooLarge(_))), "{end:?}");
        assert!(out.len() <= 128 * 1024);
    }
}

#[test]
fn a_peer_that_reads_may_ask_for_ever() {
    let mut http2 = asked(1);
    let ask = frame(frame::PING, 0, 0, &[0; 8]);
    for _ in 0..10_000 {
        let (_, out, end) = receive(&mut http2, &[&ask]);
        assert_eq!((out.len(), end), (17, Ok(())));
    }
}

fn likely_frame() -> impl Strategy<Value = Vec<u8>> {
    let block = prop_oneof![
        Just(OK.to_vec()),
        Just(b"\x00\x0bgrpc-status\x010".to_vec()),
        vec(any::<u8>(), 0..20),
        vec(Just(0), 4..9),
    ];
    (0_u8..11, any::<u8>(), 0_u32..8, block)
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload))
}

proptest! {
    #[test]
    fn any_bytes_never_panic(grpc: bool, pieces in vec(vec(any::<u8>(), 0..100), 1..6)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let _ = receive(&mut Http2::new(grpc), &pieces);
        let _ = receive(&mut greeted(grpc, &[]), &pieces);
    }

    #[test]
    fn likely_frames_never_panic(grpc: bool, frames in vec(likely_frame(), 1..12), cancelled in 0_u32..6) {
        let mut http2 = greeted(grpc, &[(4, 100)]);
        for tag in 0..4 {
            http2.send(tag, &payload(b"\x83", &[0; 300]), &mut Vec::new());
        }
        for (nth, frame) in frames.iter().enumerate() {
            if nth == cancelled as usize {
                http2.cancel(cancelled, &mut Vec::new());
            }
            if receive(&mut http2, &[frame]).2.is_err() {
                break;
            }
            let _ = http2.room();
        }
    }

    #[test]
    fn any_payloads_never_panic(bytes in vec(any::<u8>(), 0..20)) {
        greeted(false, &[]).send(0, &bytes, &mut Vec::new());
    }
}
