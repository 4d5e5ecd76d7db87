#![allow(clippy::expect_used, clippy::panic)]
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::protocol::told::{Event, receive, receive_split};

fn asked() -> Resp {
    let mut resp = Resp::new();
    resp.send(7, b"*1\r\n$4\r\nPING\r\n", &mut Vec::new());
    resp
}

fn told(reply: &[u8]) -> (u16, Vec<u8>) {
    let events = receive_split(asked, reply);
    let (first, last) = (&events[0], &events[events.len() - 1]);
    assert_eq!(*first, Event::Begun(7));
    let body = match &events[1..events.len() - 1] {
        [Event::Body(7, body)] => body.clone(),
        [] => Vec::new(),
        other => panic!("{other:?}"),
    };
    match last {
        Event::Answered(7, status, bytes) if *bytes == reply.len() as u64 => (*status, body),
        other => panic!("{other:?}"),
    }
}

fn refused(reply: &[u8]) -> ProtocolError {
    receive(&mut asked(), &[reply]).2.expect_err("not refused")
}

#[test]
fn replies_of_every_kind_are_read() {
    let cases: [(&[u8], &[u8]); 18] = [
        (b"+PONG\r\n", b"PONG"),
        (b":-42\r\n", b"-42"),
        (b"$5\r\nhe\r\no\r\n", b"he\r\no"),
        (b"$0\r\n\r\n", b""),
        (b"$-1\r\n", b""),
        (b"*-1\r\n", b""),
        (b"*0\r\n", b""),
        (b"*2\r\n$1\r\na\r\n*2\r\n+b\r\n:3\r\n", b"ab3"),
        (b"*2\r\n*0\r\n*1\r\n*0\r\n", b""),
        (b"_\r\n", b""),
        (b",1.5\r\n", b"1.5"),
        (b"#t\r\n", b"t"),
        (b"(123\r\n", b"123"),
        (b"=7\r\ntxt:abc\r\n", b"txt:abc"),
        (b"%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n", b"k12"),
        (b"|1\r\n+ttl\r\n:9\r\n+value\r\n", b"ttl9value"),
        (b">2\r\n+invalidate\r\n*0\r\n+OK\r\n", b"invalidateOK"),
        (b"*1\r\n-ERR inside\r\n", b"ERR inside"),
    ];
    for (reply, body) in cases {
        assert_eq!(told(reply), (0, body.to_vec()), "{}", reply.escape_ascii());
    }
}

#[test]
fn an_error_is_an_answer_with_another_status() {
    assert_eq!(
        told(b"-ERR unknown command\r\n"),
        (1, b"ERR unknown command".to_vec())
    );
    assert_eq!(told(b"!5\r\nERR x\r\n"), (1, b"ERR x".to_vec()));
}

#[test]
fn replies_follow_one_another() {
    let mut resp = asked();
    assert_eq!(resp.room(), 0);
    receive(&mut resp, &[b"-ERR\r\n"])
        .2
        .expect("an error reply");
    assert_eq!(resp.room(), 1);
    resp.send(8, b"", &mut Vec::new());
    let (events, _, _) = receive(&mut resp, &[b"+OK\r\n"]);
    assert_eq!(events.last(), Some(&Event::Answered(8, 0, 5)));
}

#[test]
fn what_is_not_a_reply_is_an_error() {
    for reply in [
        "HTTP/1.1 400 Bad Request\r\n",
        "$x\r\n",
        "$\r\n",
        "$1\r\nab\r\n",
        "$--1\r\n",
        "*9999999999999999999\r\n",
    ] {
        assert!(
            matches!(refused(reply.as_bytes()), ProtocolError::Malformed(_)),
            "{reply}"
        );
    }
    assert_eq!(refused(b"+OK\r\n+OK\r\n"), ProtocolError::Unasked);
}

#[test]
fn lying_sizes_and_deep_nests_are_errors() {
    for reply in [
        "$536870913\r\n".to_owned(),
        "*4294967297\r\n".to_owned(),
        "*1\r\n".repeat(MAX_DEPTH + 1),
    ] {
        assert!(
            matches!(refused(reply.as_bytes()), ProtocolError::TooLarge(_)),
            "{reply}"
        );
    }
}

proptest! {
    #[test]
    fn any_replies_never_panic(pieces in vec(vec(any::<u8>(), 0..60), 1..6)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let _ = receive(&mut asked(), &pieces);
    }

    #[test]
    fn likely_replies_never_panic(bytes in "[-+:$*%~>|!=_#,(0-3\r\na]{0,80}", tail in "(\r\n|[*$%|>]-?[0-2]\r\n){0,40}") {
        let _ = receive(&mut asked(), &[bytes.as_bytes(), tail.as_bytes()]);
        let _ = receive(&mut asked(), &[tail.as_bytes(), bytes.as_bytes()]);
    }
}
