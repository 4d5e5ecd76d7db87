//! Compiling and reading back: what goes in comes out, byte for byte.
#![allow(clippy::unwrap_used)]

use crate::support::{compile, compile_trace, operation, read, spec, through};
use schedule::{Arrival, Protocol, verify};
use serde_json::json;

#[test]
fn a_plain_workload_comes_back() {
    let (compiled, bytes) = compile(&spec(json!({}))).unwrap();
    let back = read(&bytes).unwrap();
    assert_eq!(compiled.requests, back.entries.len() as u64);
    assert_eq!(compiled.bytes, bytes.len() as u64);
    assert_eq!(
        verify(&mut bytes.as_slice()).unwrap().sha256,
        compiled.sha256
    );
    assert_eq!(back.plan.arrival(), Arrival::Poisson);
    assert_eq!(back.plan.protocol(), Protocol::Http1);
    assert_eq!(back.plan.operations()[0].name, "get");
    assert_eq!(back.plan.operations()[0].expect.status_high, 299);
    assert_eq!(back.plan.most_within_timeout(), compiled.requests);
    let expected = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tailtune\r\n\r\n";
    assert!(back.payloads.iter().all(|payload| payload == expected));
    assert!(back.entries.is_sorted_by_key(|entry| entry.intended_ns));
}

#[test]
fn equal_gaps_begin_at_zero() {
    let back = through(json!({"arrival": "constant"}));
    let starts: Vec<u64> = back.entries.iter().map(|entry| entry.intended_ns).collect();
    assert_eq!(
        starts,
        (0..1000).map(|n| n * 1_000_000).collect::<Vec<u64>>()
    );
}

#[test]
fn chunks_follow_one_another() {
    let back = through(json!({"rate_per_s": 100_000.0}));
    assert!(back.chunks > 4);
    assert!(back.entries.len() > 98_000);
}

#[test]
fn the_mix_does_not_move_the_starts() {
    let mixed =
        json!({"operations": [operation(json!({"weight": 3.0})), operation(json!({"name": "b"}))]});
    assert_eq!(
        through(json!({}))
            .entries
            .iter()
            .map(|entry| entry.intended_ns)
            .collect::<Vec<_>>(),
        through(mixed)
            .entries
            .iter()
            .map(|entry| entry.intended_ns)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_closed_loop_is_one_chunk_of_requests_due_at_once() {
    let back = through(json!({"arrival": "closed", "rate_per_s": 0.0}));
    assert_eq!((back.chunks, back.entries.len()), (1, 65_536));
    assert!(back.entries.iter().all(|entry| entry.intended_ns == 0));
    assert_eq!(back.plan.rate_per_s(), 0.0);
    assert_eq!(back.plan.most_within_timeout(), 64);
}

#[test]
fn sessions_follow_their_expected_latency() {
    let back = through(json!({
        "arrival": "sessions", "rate_per_s": 100.0,
        "sessions": {"requests": {"dist": "uniform", "low": 1.0, "high": 5.0},
                     "think_s": {"dist": "exponential", "mean": 0.02}, "expected_latency_ns": 1_000_000},
    }));
    let sessions = back
        .entries
        .iter()
        .map(|entry| entry.session)
        .max()
        .unwrap();
    for session in 1..=sessions {
        let own: Vec<_> = back
            .entries
            .iter()
            .filter(|entry| entry.session == session)
            .collect();
        assert_eq!(own[0].think_ns, 0);
        for pair in own.windows(2) {
            let gap = pair[1].intended_ns - pair[0].intended_ns;
            assert_eq!(gap, 1_000_000 + pair[1].think_ns);
        }
        let ends = own.iter().map(|entry| entry.ends_session);
        assert!(ends.eq((1..=own.len()).map(|n| n == own.len())));
    }
}

#[test]
fn a_trace_is_replayed_with_its_columns() {
    let spec = spec(json!({
        "arrival": "trace", "trace": {"speed": 2.0},
        "operations": [
            operation(json!({"path": [{"text": "/a/"}, {"data": "key", "encode": "percent"}],
                             "data": {"key": {"kind": "trace", "column": "key"}}})),
            operation(json!({"name": "other"})),
        ],
    }));
    let trace = b"t\toperation\tkey\n100.5\tget\ta\\tb\n100.5\tother\t\n101.000000002\tget\tc d\n200\tget\tx\n";
    let back = read(&compile_trace(&spec, trace).unwrap().1).unwrap();
    let starts: Vec<_> = back
        .entries
        .iter()
        .map(|entry| (entry.intended_ns, entry.operation))
        .collect();
    assert_eq!(starts, [(0, 0), (0, 1), (250_000_001, 0)]);
    assert!(back.payloads[0].starts_with(b"GET /a/a%09b HTTP/1.1\r\n"));
    assert!(back.payloads[2].starts_with(b"GET /a/c%20d HTTP/1.1\r\n"));
}
