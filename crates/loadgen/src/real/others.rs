//! gRPC, Redis, and servers of which only the framing is known.

use super::conversation::{Conversation, answer, dial, http2_payload};
use super::servers::Server;
use crate::protocol::ProtocolError;
use crate::protocol::framed::{LengthPrefixed, Lines, Prefix};
use crate::protocol::http2::Http2;
use crate::protocol::resp::Resp;

/// A call of the method with one string, field 1 of its message.
fn call(path: &str, text: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", path),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut message = vec![0, 0, 0, 0, text.len() as u8 + 2, 0x0a, text.len() as u8];
    message.extend_from_slice(text.as_bytes());
    http2_payload(&fields, &message)
}

#[test]
fn grpc_calls_have_grpc_statuses() {
    let (Some(plain), Some(encrypted)) =
        (Server::start("grpc", &[]), Server::start_tls("grpc", &[]))
    else {
        return;
    };
    let transports = [
        dial(&plain.address, None, &[]),
        dial(&encrypted.address, Some(&encrypted.trusted()), &[b"h2"]),
    ];
    for transport in transports {
        let mut conversation = Conversation::new(transport.unwrap(), Http2::new(true));
        let say = "/tailtune.test.Echo/Say";
        let cases = [
            (call(say, "hello"), (0, b"\x0a\x05hello".to_vec())),
            (call(say, "fail 5"), (5, Vec::new())),
            (call("/tailtune.test.Echo/Shout", "hello"), (12, Vec::new())),
            (call(say, ""), (0, Vec::new())),
        ];
        for (payload, expected) in cases {
            assert_eq!(answer(&conversation.ask(&[payload])), Some(expected));
        }
    }
}

fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Words of a command, the reply's status and its body.
type Case<'a> = (&'a [&'a [u8]], u16, &'a [u8]);

#[test]
fn redis_is_spoken_to() {
    let Some(server) = Server::start_redis() else {
        return;
    };
    let transport = dial(&server.address, None, &[]).unwrap();
    let mut conversation = Conversation::new(transport, Resp::new());
    let long = vec![b'v'; 500_000];
    let cases: [Case<'_>; 8] = [
        (&[b"PING"], 0, b"PONG"),
        (&[b"SET", b"key", &long], 0, b"OK"),
        (&[b"GET", b"key"], 0, &long),
        (&[b"GET", b"no key"], 0, b""),
        (&[b"RPUSH", b"list", b"a", b"bc"], 0, b"2"),
        (&[b"LRANGE", b"list", b"0", b"-1"], 0, b"abc"),
        (&[b"HSET", b"map", b"field", b"value"], 0, b"1"),
        (
            &[b"INCR", b"list"],
            1,
            b"WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
    ];
    for (words, status, body) in cases {
        let told = answer(&conversation.ask(&[command(words)]));
        assert!(
            told == Some((status, body.to_vec())),
            "{:?}",
            words[0].escape_ascii().to_string()
        );
    }
    let (status, _) = answer(&conversation.ask(&[command(&[b"HELLO", b"3"])])).unwrap();
    assert_eq!(status, 0);
    let told = answer(&conversation.ask(&[command(&[b"HGETALL", b"map"])]));
    assert_eq!(told, Some((0, b"fieldvalue".to_vec())));
}

#[test]
fn a_server_that_speaks_first_is_spoken_to() {
    let Some(server) = Server::start("framed", &["--speak", "nats"]) else {
        return;
    };
    let transport = dial(&server.address, None, &[]).unwrap();
    let lines = Lines::new(b"CONNECT {\"verbose\":true}\r\n", 2, 1);
    let mut conversation = Conversation::new(transport, lines);
    for _ in 0..3 {
        let told = answer(&conversation.ask(&[b"PUB subject 5\r\nhello\r\n".to_vec()]));
        assert_eq!(told, Some((0, b"+OK\r\n".to_vec())));
    }
}

#[test]
fn messages_with_their_length_are_exchanged() {
    let Some(server) = Server::start("framed", &["--speak", "length-prefixed"]) else {
        return;
    };
    let transport = dial(&server.address, None, &[]).unwrap();
    let prefix = Prefix {
        bytes: 4,
        big_endian: true,
        includes_itself: false,
    };
    let mut conversation = Conversation::new(transport, LengthPrefixed::new(prefix));
    for length in [0_u32, 1, 100_000] {
        let mut message = length.to_be_bytes().to_vec();
        message.resize(message.len() + length as usize, b'x');
        let told = answer(&conversation.ask(&[message]));
        assert_eq!(told, Some((0, vec![b'x'; length as usize])));
    }
    let lie = conversation.failure(b"\0\0\0\x04lie!");
    assert!(matches!(lie, ProtocolError::TooLarge(_)), "{lie}");
}
