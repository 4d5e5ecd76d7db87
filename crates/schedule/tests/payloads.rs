//! What is sent, by protocol, byte for byte.
#![allow(clippy::unwrap_used)]

use crate::support::{compile, operation, read, spec, through};
use schedule::Messages;
use serde_json::{Value, json};

/// The first payload of a workload with one operation.
fn payload(protocol: &str, changes: Value) -> Vec<u8> {
    let back = through(
        json!({"arrival": "constant", "rate_per_s": 1.0, "protocol": protocol,
                              "operations": [operation(changes)]}),
    );
    back.payloads[0].clone()
}

fn refusal(protocol: &str, framing: Value, changes: Value) -> String {
    let spec =
        spec(json!({"protocol": protocol, "framing": framing, "operations": [operation(changes)]}));
    compile(&spec).unwrap_err().to_string()
}

#[test]
fn http1_quotes_paths_and_puts_the_length_last() {
    let changes = json!({
        "method": "POST", "path": [{"text": "/a b/%41/"}, {"data": "x", "encode": "percent"}, {"text": "?q=ü"}],
        "headers": [["Host", [{"text": "h"}]], ["X-Key", [{"text": "k"}, {"data": "x"}]]],
        "body": [{"text": "{"}, {"data": "x", "encode": "none"}, {"text": "}"}],
        "data": {"x": {"kind": "choice", "values": ["a/ü"]}},
    });
    let expected = "POST /a%20b/%41/a%2F%C3%BC?q=%C3%BC HTTP/1.1\r\nHost: h\r\nX-Key: ka/ü\r\nContent-Length: 6\r\n\r\n{a/ü}";
    assert_eq!(
        String::from_utf8(payload("http1", changes)).unwrap(),
        expected
    );
    let empty = payload("http1", json!({"method": "PUT", "headers": []}));
    assert_eq!(empty, b"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn http2_is_a_header_block_and_a_body() {
    let changes = json!({"method": "POST", "authority": "a.b", "body": [{"text": "hi"}],
                         "headers": [["Host", [{"text": "h"}]], ["X-A", [{"text": "1"}]], ["Connection", [{"text": "close"}]]]});
    let block = [&b"\x86\x83\x84\x01\x03a.b\x00\x03x-a\x011\x0f\x0d\x012"[..]].concat();
    let expected = [&(block.len() as u32).to_le_bytes()[..], &block, b"hi"].concat();
    assert_eq!(payload("http2", changes), expected);
}

/// Writes the JSON behind the method's name.
struct Echo;

impl Messages for Echo {
    fn encode(&self, method: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        out.extend_from_slice(method.as_bytes());
        out.extend_from_slice(json);
        if json == b"bad" {
            Err("field \"x\"".into())
        } else {
            Ok(())
        }
    }
}

#[test]
fn grpc_calls_carry_a_message_with_its_length() {
    let call = |body: &str| {
        let changes =
            json!({"grpc_method": "/p.S/M", "body": [{"text": body}], "path": [], "headers": []});
        let spec = spec(
            json!({"arrival": "constant", "protocol": "grpc", "operations": [operation(changes)]}),
        );
        let mut out = Vec::new();
        schedule::compile::<Vec<u8>>(&spec, &[], Some(&Echo), None, &mut out).map(|_| out)
    };
    let payload = read(&call("{}").unwrap()).unwrap().payloads[0].clone();
    let block = b"\x86\x83\x04\x06/p.S/M\x01\x09localhost\x00\x02te\x08trailers\x0f\x10\x10application/grpc";
    assert_eq!(payload[..4], (block.len() as u32).to_le_bytes());
    assert_eq!(payload[4..4 + block.len()], block[..]);
    assert_eq!(payload[4 + block.len()..], *b"\0\0\0\0\x07p.S/M{}");
    assert!(
        call("bad")
            .unwrap_err()
            .to_string()
            .contains("operation \"get\": field \"x\"")
    );
    let without = refusal("grpc", Value::Null, json!({"grpc_method": "p.S/M"}));
    assert!(without.contains("no descriptors"));
}

#[test]
fn lines_end_and_frames_tell_their_length() {
    assert_eq!(
        payload("line", json!({"body": [{"text": "PING"}]})),
        b"PING\n"
    );
    assert_eq!(
        payload("line", json!({"body": [{"text": "PING\r\n"}]})),
        b"PING\r\n"
    );
    let frame = |framing: Value| {
        let spec = json!({"protocol": "length-prefixed", "framing": framing, "operations": [operation(json!({"body": [{"text": "abc"}]}))]});
        through(spec).payloads[0].clone()
    };
    assert_eq!(frame(Value::Null), b"\0\0\0\x03abc");
    assert_eq!(
        frame(json!({"prefix_bytes": 2, "big_endian": false, "includes_prefix": true})),
        b"\x05\0abc"
    );
    let long = json!({"body": [{"text": "x".repeat(256)}]});
    assert!(refusal("length-prefixed", json!({"prefix_bytes": 1}), long).contains("256 bytes"));
}

#[test]
fn a_value_never_breaks_a_command_of_redis_apart() {
    let changes = json!({"body": [{"text": "SET \"a b\" k:"}, {"data": "x", "encode": "none"}, {"text": " \"\""}],
                         "data": {"x": {"kind": "choice", "values": ["1 \"\r\n"]}}});
    assert_eq!(
        payload("resp", changes),
        b"*4\r\n$3\r\nSET\r\n$3\r\na b\r\n$7\r\nk:1 \"\r\n\r\n$0\r\n\r\n"
    );
    assert_eq!(
        payload("resp", json!({"body": [{"text": "*1\r\n$4\r\nPING\r\n"}]})),
        b"*1\r\n$4\r\nPING\r\n"
    );
    assert!(refusal("resp", Value::Null, json!({"body": [{"text": "GET \"x"}]})).contains("quote"));
    assert!(refusal("resp", Value::Null, json!({"body": [{"text": " "}]})).contains("no command"));
}

#[test]
fn few_combinations_are_pooled_and_many_are_built() {
    let list = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    let combined = |count: usize| {
        let changes = json!({"path": [{"text": "/"}, {"data": "a"}, {"text": "/"}, {"data": "b"}],
                             "data": {"a": {"kind": "choice", "values": list(count)}, "b": {"kind": "choice", "values": list(40)}}});
        compile(&spec(
            json!({"rate_per_s": 10_000.0, "operations": [operation(changes)]}),
        ))
        .unwrap()
        .1
    };
    let (pooled, built) = (combined(50), combined(51));
    assert!(pooled.len() + 200_000 < built.len());
    let distinct = |bytes: &[u8]| {
        read(bytes)
            .unwrap()
            .payloads
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    assert!(distinct(&pooled) > 1_950);
    assert!(distinct(&built) > 1_950);
}

#[test]
fn bodies_are_drawn_from_blobs() {
    let blobs: Vec<Vec<u8>> = vec![b"HELLO".to_vec(), b"one".to_vec(), b"two".to_vec()];
    for data in [
        json!({"x": {"kind": "choice", "values": ["v"]}}),
        json!({"x": {"kind": "counter"}}),
    ] {
        let changes = json!({"method": "POST", "body_blobs": {"first": 1, "count": 2}, "data": data,
                             "headers": [["X", [{"data": "x"}]]]});
        let spec = spec(json!({"framing": {"hello": 0}, "operations": [operation(changes)]}));
        let mut out = Vec::new();
        schedule::compile(&spec, &blobs, None, None, &mut out).unwrap();
        let back = read(&out).unwrap();
        assert_eq!(back.plan.framing().hello, b"HELLO");
        let ones = back
            .payloads
            .iter()
            .filter(|payload| payload.ends_with(b"\r\n\r\none"))
            .count();
        assert!((400..600).contains(&ones), "{ones}");
        let twos = back
            .payloads
            .iter()
            .filter(|payload| payload.ends_with(b"\r\n\r\ntwo"))
            .count();
        assert_eq!(ones + twos, back.payloads.len());
    }
}

#[test]
fn large_payloads_end_their_chunk() {
    let changes = json!({"method": "POST", "body": [{"data": "x"}],
                         "data": {"x": {"kind": "text", "size": {"dist": "constant", "value": 700_000.0}, "alphabet": "ab"}}});
    let back = through(
        json!({"arrival": "constant", "rate_per_s": 9.0, "operations": [operation(changes)]}),
    );
    assert_eq!((back.chunks, back.entries.len()), (5, 9));
}

#[test]
fn what_cannot_be_sent_is_refused_by_name() {
    for (changes, wanted) in [
        (
            json!({"path": [{"data": "who"}]}),
            "placeholder {who} has no data",
        ),
        (
            json!({"headers": [["Content-Length", []]]}),
            "follows from the body",
        ),
        (
            json!({"headers": [["X-A", [{"text": "a\r\nb"}]]]}),
            "control character",
        ),
        (json!({"method": "get"}), "method \"get\""),
        (json!({"weight": 0.0}), "weight"),
        (json!({"timeout_ns": 0}), "time-out"),
        (
            json!({"body_blobs": {"first": 0, "count": 1}}),
            "not all there",
        ),
        (
            json!({"expect": {"status_low": 300, "status_high": 200}}),
            "status 300 to 200",
        ),
        (
            json!({"expect": {"status_low": 200, "status_high": 200, "body_sha256": "xyz"}}),
            "SHA-256",
        ),
        (
            json!({"path": [{"data": "x"}], "data": {"x": {"kind": "choice", "values": []}}}),
            "no value",
        ),
        (
            json!({"data": {"x": {"kind": "trace", "column": "c"}}}),
            "no trace",
        ),
        (
            json!({"data": {"x": {"kind": "zipf", "n": 0, "s": 1.0}}}),
            "zipf",
        ),
        (
            json!({"data": {"x": {"kind": "number", "dist": "normal", "mean": 1.0, "sd": -1.0}}}),
            "impossible parameters",
        ),
    ] {
        let problem = refusal("http1", Value::Null, changes);
        assert!(
            problem.contains(wanted) && problem.contains("operation \"get\""),
            "{wanted}: {problem}"
        );
    }
}
