use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::protocol::told::{Event, receive, receive_split};

fn asked_for_lines(count: u32) -> Lines {
    let mut lines = Lines::new(b"", 0, count);
    lines.send(3, b"GET\n", &mut Vec::new());
    lines
}

fn asked_for_message(prefix: Prefix) -> LengthPrefixed {
    let mut messages = LengthPrefixed::new(prefix);
    messages.send(3, b"\0\0\0\x01x", &mut Vec::new());
    messages
}

const fn prefix(bytes: u8, big_endian: bool, includes_itself: bool) -> Prefix {
    Prefix {
        bytes,
        big_endian,
        includes_itself,
    }
}

#[test]
fn an_answer_is_so_many_lines() {
    let events = receive_split(|| asked_for_lines(2), b"one\r\ntwo\n");
    let body = Event::Body(3, b"one\r\ntwo\n".to_vec());
    assert_eq!(events, [Event::Begun(3), body, Event::Answered(3, 0, 9)]);
}

#[test]
fn nothing_is_sent_before_the_greeting_is_over() {
    let mut lines = Lines::new(b"CONNECT {}\r\nPING\r\n", 2, 1);
    let mut out = Vec::new();
    lines.open(&mut out);
    assert_eq!(out, b"CONNECT {}\r\nPING\r\n");
    let greeting: [(&[u8], usize); 3] = [(b"INFO {}\r", 0), (b"\nPO", 0), (b"NG\r\n", 1)];
    for (piece, room) in greeting {
        assert_eq!(
            receive(&mut lines, &[piece]),
            (Vec::new(), Vec::new(), Ok(()))
        );
        assert_eq!(lines.room(), room);
    }
    lines.send(0, b"PUB\r\n", &mut out);
    assert_eq!(lines.room(), 0);
    let (events, _, _) = receive(&mut lines, &[b"+OK\r\n"]);
    assert_eq!(events.last(), Some(&Event::Answered(0, 0, 5)));
    assert_eq!(
        receive(&mut lines, &[b"-ERR\r\n"]).2,
        Err(ProtocolError::Unasked)
    );
}

#[test]
fn lines_between_requests_are_passed_over_where_asked_for() {
    let mut lines = Lines::new(b"", 0, 1).skipping_unasked(true);
    for (piece, room) in [(&b"PING\r\nPI"[..], 0), (b"NG\r\n", 1)] {
        let nothing = (Vec::new(), Vec::new(), Ok(()));
        assert_eq!(receive(&mut lines, &[piece]), nothing);
        assert_eq!(lines.room(), room);
    }
    lines.send(3, b"SUB\r\n", &mut Vec::new());
    let (events, _, end) = receive(&mut lines, &[b"+OK\r\nPI", b"NG\r\n"]);
    let body = Event::Body(3, b"+OK\r\n".to_vec());
    assert_eq!(events, [Event::Begun(3), body, Event::Answered(3, 0, 5)]);
    assert_eq!((end, lines.room()), (Ok(()), 1));
}

#[test]
fn a_message_is_as_long_as_its_prefix_says() {
    let cases: [(Prefix, &[u8]); 6] = [
        (prefix(1, true, false), b"\x03abc"),
        (prefix(2, true, true), b"\0\x05abc"),
        (prefix(2, false, false), b"\x03\0abc"),
        (prefix(4, true, false), b"\0\0\0\x03abc"),
        (prefix(8, false, true), b"\x0b\0\0\0\0\0\0\0abc"),
        (prefix(8, true, false), b"\0\0\0\0\0\0\0\x03abc"),
    ];
    for (prefix, answer) in cases {
        let events = receive_split(|| asked_for_message(prefix), answer);
        let body = Event::Body(3, b"abc".to_vec());
        let end = Event::Answered(3, 0, answer.len() as u64);
        assert_eq!(events, [Event::Begun(3), body, end], "{prefix:?}");
    }
}

#[test]
fn an_empty_message_is_an_answer() {
    let events = receive_split(|| asked_for_message(prefix(2, true, true)), b"\0\x02");
    assert_eq!(events, [Event::Begun(3), Event::Answered(3, 0, 2)]);
}

#[test]
fn lying_lengths_are_errors() {
    let short = receive(
        &mut asked_for_message(prefix(4, true, true)),
        &[b"\0\0\0\x03"],
    )
    .2;
    assert!(
        matches!(short, Err(ProtocolError::Malformed(_))),
        "{short:?}"
    );
    let long = receive(
        &mut asked_for_message(prefix(8, true, false)),
        &[&[0xff; 8]],
    )
    .2;
    assert!(matches!(long, Err(ProtocolError::TooLarge(_))), "{long:?}");
    let more = receive(&mut asked_for_message(prefix(1, true, false)), &[b"\x01ab"]).2;
    assert_eq!(more, Err(ProtocolError::Unasked));
}

proptest! {
    #[test]
    fn any_messages_never_panic(
        bytes in prop::sample::select(vec![1_u8, 2, 4, 8]),
        big_endian: bool,
        includes_itself: bool,
        pieces in vec(vec(any::<u8>(), 0..40), 1..6),
    ) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let _ = receive(&mut asked_for_message(prefix(bytes, big_endian, includes_itself)), &pieces);
    }

    #[test]
    fn any_lines_never_panic(greeting in 0_u32..3, count in 0_u32..3, pieces in vec("[a\n]{0,9}", 1..6)) {
        let mut lines = Lines::new(b"", greeting, count);
        lines.send(0, b"", &mut Vec::new());
        let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
        let _ = receive(&mut lines, &pieces);
    }
}
