//! HTTP/2 against Go's own server.

use super::conversation::{Conversation, answer, dial, http2_payload};
use super::servers::{Server, unused_path};
use crate::protocol::http2::Http2;
use crate::protocol::told::Event;

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let fields = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", path),
    ];
    http2_payload(&fields, body)
}

fn get(path: &str) -> Vec<u8> {
    request("GET", path, b"")
}

fn connect(server: &Server) -> Conversation<Http2> {
    let transport = dial(&server.address, None, &[]).unwrap();
    Conversation::new(transport, Http2::new(false))
}

fn answered(status: u16, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    Some((status, body.to_vec()))
}

#[test]
fn answers_of_every_kind_are_read() {
    let Some(server) = Server::start("http", &["--http", "2"]) else {
        return;
    };
    let mut conversation = connect(&server);
    let long = vec![b'x'; 3_000_000];
    let cases = [
        (get("/ok"), answered(200, b"ok")),
        (get("/status/418"), answered(418, b"")),
        (get("/status/204"), answered(204, b"")),
        (get("/early-hints"), answered(200, b"final")),
        (get("/trailers"), answered(200, b"body")),
        (get("/bytes/200000"), answered(200, &[0; 200_000])),
        (request("HEAD", "/bytes/100", b""), answered(200, b"")),
        (request("POST", "/size", &long), answered(200, b"3000000")),
        (
            request("POST", "/echo", &long[..300_000]),
            answered(200, &long[..300_000]),
        ),
        (get("/reset"), None),
        (get("/reset-within"), None),
        (get("/ok"), answered(200, b"ok")),
    ];
    for (payload, expected) in cases {
        let events = conversation.ask(&[payload]);
        assert!(answer(&events) == expected, "{:?}", events.last());
    }
}

#[test]
fn many_requests_share_a_connection() {
    let Some(server) = Server::start("http", &["--http", "2", "--streams", "60"]) else {
        return;
    };
    let mut conversation = connect(&server);
    assert_eq!(conversation.greet(), 60);
    for _ in 0..20 {
        let payloads: Vec<Vec<u8>> = (0..60)
            .map(|nth| get(&format!("/bytes/{}", nth * 100)))
            .collect();
        let events = conversation.ask(&payloads);
        for tag in 0..60 {
            let of_tag =
                |event: &&Event| matches!(**event, Event::Answered(known, 200, _) if known == tag);
            assert_eq!(events.iter().filter(of_tag).count(), 1);
        }
        assert_eq!(conversation.greet(), 60);
    }
}

#[test]
fn bodies_wait_for_small_windows() {
    let Some(server) = Server::start("http", &["--http", "2", "--window", "20000"]) else {
        return;
    };
    let mut conversation = connect(&server);
    let payloads: Vec<Vec<u8>> = (0..10)
        .map(|_| request("POST", "/size", &[b'x'; 200_000]))
        .collect();
    let events = conversation.ask(&payloads);
    let sizes = events
        .iter()
        .filter(|event| matches!(event, Event::Body(_, body) if body == b"200000"));
    assert_eq!(sizes.count(), 10);
}

#[test]
fn an_endless_answer_is_given_up_alone() {
    let Some(server) = Server::start("http", &["--http", "2"]) else {
        return;
    };
    let mut conversation = connect(&server);
    for _ in 0..3 {
        assert!(conversation.ask_and_cancel(&get("/endless")));
        assert_eq!(
            answer(&conversation.ask(&[get("/ok")])),
            answered(200, b"ok")
        );
    }
}

#[test]
fn a_connection_ends_with_its_last_answer() {
    let Some(server) = Server::start("http", &["--http", "2"]) else {
        return;
    };
    let mut conversation = connect(&server);
    for reusable in [true, true, false] {
        assert_eq!(
            answer(&conversation.ask(&[get("/last/3")])),
            answered(200, b"ok")
        );
        if !reusable {
            conversation.wait_for_goodbye();
        }
    }
}

#[test]
fn a_unix_socket_will_do() {
    let path = unused_path("http2");
    let listen = format!("unix:{}", path.display());
    let Some(server) = Server::start("http", &["--http", "2", "--listen", &listen]) else {
        return;
    };
    let mut conversation = connect(&server);
    assert_eq!(
        answer(&conversation.ask(&[get("/ok")])),
        answered(200, b"ok")
    );
    std::fs::remove_file(path).unwrap();
}
