//! TLS that succeeds, and TLS that fails with a reason.

use std::net::TcpListener;

use super::conversation::{Conversation, answer, dial, http2_payload};
use super::servers::{Server, unused_path};
use crate::protocol::http1::Http1;
use crate::protocol::http2::Http2;
use crate::transport::{Address, TlsOptions};

const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// Why a transport does not open.
fn refusal(address: &Address, tls: &TlsOptions, alpn: &[&[u8]]) -> String {
    match dial(address, Some(tls), alpn) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn http_1_1_is_spoken_over_tls() {
    let Some(server) = Server::start_tls("http", &[]) else {
        return;
    };
    for alpn in [&[HTTP_1_1][..], &[]] {
        let transport = dial(&server.address, Some(&server.trusted()), alpn).unwrap();
        let mut conversation = Conversation::new(transport, Http1::new());
        let mut post =
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n".to_vec();
        post.resize(post.len() + 300_000, b'x');
        for _ in 0..3 {
            let told = answer(&conversation.ask(std::slice::from_ref(&post)));
            assert!(told == Some((200, vec![b'x'; 300_000])));
        }
    }
}

#[test]
fn http_2_is_spoken_over_tls() {
    let Some(server) = Server::start_tls("http", &["--http", "2"]) else {
        return;
    };
    let transport = dial(&server.address, Some(&server.trusted()), &[H2]).unwrap();
    let mut conversation = Conversation::new(transport, Http2::new(false));
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/echo"),
    ];
    let payload = http2_payload(&fields, &[b'x'; 300_000]);
    for _ in 0..3 {
        let told = answer(&conversation.ask(std::slice::from_ref(&payload)));
        assert!(told == Some((200, vec![b'x'; 300_000])));
    }
}

#[test]
fn a_certificate_must_be_right() {
    let cases = [("expired", "expired"), ("wrong-name", "not valid for name")];
    for (kind, reason) in cases {
        let Some(server) = Server::start_tls("http", &["--certificate", kind]) else {
            return;
        };
        let told = refusal(&server.address, &server.trusted(), &[HTTP_1_1]);
        assert!(told.contains(reason), "{told}");
        let insecure = TlsOptions {
            insecure: true,
            ..server.trusted()
        };
        dial(&server.address, Some(&insecure), &[HTTP_1_1]).unwrap();
    }
}

#[test]
fn a_certificate_that_vouches_for_itself_needs_another_way() {
    let Some(server) = Server::start_tls("http", &["--certificate", "own-authority"]) else {
        return;
    };
    let told = refusal(&server.address, &server.trusted(), &[HTTP_1_1]);
    assert!(told.contains("insecure"), "{told}");
}

#[test]
fn its_issuer_must_be_known() {
    let (Some(server), Some(other)) = (
        Server::start_tls("http", &[]),
        Server::start_tls("http", &[]),
    ) else {
        return;
    };
    let told = refusal(&server.address, &other.trusted(), &[HTTP_1_1]);
    assert!(told.contains("invalid peer certificate"), "{told}");
}

#[test]
fn the_protocol_must_be_spoken() {
    let Some(server) = Server::start_tls("http", &["--http", "1"]) else {
        return;
    };
    let told = refusal(&server.address, &server.trusted(), &[H2]);
    assert!(told.contains("h2") && told.contains("ALPN"), "{told}");
}

#[test]
fn a_server_without_tls_is_found_out() {
    let Some(server) = Server::start("http", &[]) else {
        return;
    };
    let insecure = TlsOptions {
        server_name: "localhost".into(),
        ca_file: None,
        insecure: true,
    };
    let told = refusal(&server.address, &insecure, &[HTTP_1_1]);
    assert!(
        told.contains("not") || told.contains("invalid") || told.contains("corrupt"),
        "{told}"
    );
}

#[test]
fn a_server_that_hangs_up_is_told() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let accepting = std::thread::spawn(move || drop(listener.accept()));
    let insecure = TlsOptions {
        server_name: "localhost".into(),
        ca_file: None,
        insecure: true,
    };
    let told = refusal(&address, &insecure, &[]);
    assert!(told.contains("closed") || told.contains("reset"), "{told}");
    accepting.join().unwrap();
}

#[test]
fn a_file_of_certificates_must_hold_some() {
    let path = unused_path("empty.pem");
    std::fs::write(&path, "no certificate").unwrap();
    let address = Address::Tcp(([127, 0, 0, 1], 9).into());
    let options = |ca_file| TlsOptions {
        server_name: "localhost".into(),
        ca_file: Some(ca_file),
        insecure: false,
    };
    let told = refusal(&address, &options(path.clone()), &[]);
    assert!(told.contains("no certificate in it"), "{told}");
    std::fs::remove_file(&path).unwrap();
    let told = refusal(&address, &options(path.clone()), &[]);
    assert!(told.contains(path.to_str().unwrap()), "{told}");
}

#[test]
fn a_refused_connection_is_told() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let closed = Address::Tcp(listener.local_addr().unwrap());
    drop(listener);
    assert!(dial(&closed, None, &[]).is_err());
    assert!(dial(&Address::Unix(unused_path("nobody")), None, &[]).is_err());
    assert!(dial(&Address::Unix("x".repeat(200).into()), None, &[]).is_err());
}
