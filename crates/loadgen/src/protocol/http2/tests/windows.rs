//! Flow control in both directions.

use super::*;
use crate::protocol::ProtocolError;

fn update(stream: u32, increment: u32) -> Vec<u8> {
    frame(frame::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// Bytes of DATA in `out`, and whether the stream was ended with them.
fn data(out: &[u8]) -> (usize, bool) {
    let frames = sent(out);
    let mut data = frames.iter().filter(|frame| frame.0 == frame::DATA);
    let bytes = data.clone().map(|frame| frame.3.len()).sum();
    (
        bytes,
        data.next_back()
            .is_some_and(|frame| frame.1 & frame::END_STREAM != 0),
    )
}

fn posted(http2: &mut Http2, tag: u32, bytes: usize) -> (usize, bool) {
    let mut out = Vec::new();
    http2.send(tag, &payload(b"\x83", &vec![b'x'; bytes]), &mut out);
    data(&out)
}

fn told(http2: &mut Http2, bytes: &[u8]) -> (usize, bool) {
    let (_, out, end) = receive(http2, &[bytes]);
    assert_eq!(end, Ok(()));
    data(&out)
}

#[test]
fn a_body_waits_for_both_windows() {
    let mut http2 = greeted(false, &[(4, 10)]);
    assert_eq!(posted(&mut http2, 0, 70_000), (10, false));
    assert_eq!(told(&mut http2, &update(1, 20_000)), (20_000, false));
    assert_eq!(
        told(&mut http2, &update(1, 100_000)),
        (65_535 - 20_010, false)
    );
    assert_eq!(told(&mut http2, &update(0, 4_000)), (4_000, false));
    assert_eq!(told(&mut http2, &update(0, 10_000)), (465, true));
    assert_eq!(posted(&mut http2, 1, 5), (5, true));
}

#[test]
fn settings_change_the_windows_of_open_streams() {
    let mut http2 = greeted(false, &[(4, 10)]);
    assert_eq!(posted(&mut http2, 0, 100), (10, false));
    assert_eq!(told(&mut http2, &settings(&[(4, 30)])), (20, false));
    assert_eq!(told(&mut http2, &settings(&[(4, 5)])), (0, false)); // now at -25
    assert_eq!(told(&mut http2, &update(1, 25)), (0, false));
    assert_eq!(told(&mut http2, &update(1, 1)), (1, false));
    assert_eq!(told(&mut http2, &settings(&[(4, 1000)])), (69, true));
}

#[test]
fn windows_that_grow_too_large_are_errors() {
    let whole = |bytes: &[u8]| receive(&mut asked(1), &[bytes]).2;
    assert!(matches!(
        whole(&update(0, MAX_ID)),
        Err(ProtocolError::Malformed(_))
    ));
    assert!(matches!(
        whole(&update(0, 0)),
        Err(ProtocolError::Malformed(_))
    ));
    assert!(matches!(
        whole(&settings(&[(4, 1 << 31)])),
        Err(ProtocolError::Malformed(_))
    ));
    let by_settings = [
        update(1, MAX_ID - FIRST_WINDOW),
        settings(&[(4, FIRST_WINDOW + 1)]),
    ]
    .concat();
    assert!(matches!(
        whole(&by_settings),
        Err(ProtocolError::Malformed(_))
    ));
    let (events, out, end) = receive(&mut asked(1), &[&update(1, MAX_ID)]);
    assert_eq!((events, end), (vec![Event::Failed(0)], Ok(())));
    assert_eq!(sent(&out), [(frame::RST_STREAM, 0, 1, vec![0, 0, 0, 3])]);
}

#[test]
fn an_early_answer_ends_the_sending_of_the_request() {
    let mut http2 = greeted(false, &[(4, 10)]);
    posted(&mut http2, 0, 100);
    let (events, out, _) = receive(
        &mut http2,
        &[&frame(frame::HEADERS, ENDS, 1, b"\x08\x03413")],
    );
    assert_eq!(events.last(), Some(&Event::Answered(0, 413, 14)));
    assert_eq!(sent(&out), [(frame::RST_STREAM, 0, 1, vec![0, 0, 0, 8])]);
    assert_eq!(told(&mut http2, &update(1, 1000)), (0, false));
}

#[test]
fn the_peer_is_told_of_new_room() {
    let mut http2 = asked(1);
    receive(
        &mut http2,
        &[&frame(frame::HEADERS, frame::END_HEADERS, 1, OK)],
    )
    .2
    .unwrap();
    let data = frame(frame::DATA, 0, 1, &[0; frame::MAX_PAYLOAD]);
    let frames = RECEIVE_WINDOW as usize / 2 / frame::MAX_PAYLOAD;
    let mut out = Vec::new();
    for _ in 0..frames {
        out.extend(receive(&mut http2, &[&data]).1);
    }
    let updates: Vec<(u8, u32)> = sent(&out).iter().map(|frame| (frame.0, frame.2)).collect();
    assert_eq!(
        updates,
        [(frame::WINDOW_UPDATE, 0), (frame::WINDOW_UPDATE, 1)]
    );
}
