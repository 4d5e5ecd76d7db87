//! The bytes of a few workloads, fixed: whatever changes them changes every schedule.
#![allow(clippy::unwrap_used)]

use crate::support::{compile, compile_trace, operation, spec};
use serde_json::{Value, json};

fn workloads() -> [(&'static str, Value, &'static str); 7] {
    let number = json!({"dist": "lognormal", "median": 40.0, "sigma": 1.5, "max": 4000.0});
    let keys = json!({"path": [{"text": "/"}, {"data": "key", "encode": "percent"}], "method": "POST",
        "headers": [["X-Id", [{"data": "id"}]]], "body": [{"data": "size"}, {"text": " "}, {"data": "text"}],
        "data": {"key": {"kind": "zipf", "n": 1_000_000, "s": 1.1}, "id": {"kind": "uuid"},
                 "size": {"kind": "number", "dist": "pareto", "scale": 2.0, "shape": 1.2, "digits": 6},
                 "text": {"kind": "text", "size": number, "alphabet": "abcdé"}}});
    let profile = json!([
        {"shape": "ramp", "duration_ns": 300_000_000, "from_per_s": 0.0, "to_per_s": 9_000.0},
        {"shape": "sine", "duration_ns": 300_000_000, "mean_per_s": 5_000.0, "amplitude_per_s": 4_900.0, "period_ns": 70_000_000},
        {"shape": "burst", "duration_ns": 300_000_000, "on_per_s": 9_000.0, "off_per_s": 100.0, "on_ns": 10_000_000,
         "off_ns": 20_000_000, "random": true},
    ]);
    [
        (
            "poisson",
            json!({"rate_per_s": 12_345.0}),
            "a7e31e72fa3dadfdc8ec659d682f61cc2fa0f1ac9665055458bb8af6827088a1",
        ),
        (
            "constant",
            json!({"arrival": "constant", "rate_per_s": 12_345.0, "seed": u64::MAX}),
            "e6ac68a193a418b35c9150c6737ee70455267b8741aab131f96ce8f46c943ca1",
        ),
        (
            "profile",
            json!({"profile": profile, "duration_ns": 1_500_000_000}),
            "c33b268ccd89b8aebb6b201473bc43f57bfc2312734e548e8d6095d56b5e28c4",
        ),
        (
            "generators",
            json!({"operations": [operation(keys)]}),
            "1e4d06c18a489720778d348a8f3860ce861bfccf7dd5215ea4619fbbb32aac69",
        ),
        (
            "closed",
            json!({"arrival": "closed", "protocol": "http2"}),
            "b5a699bc98da075f318705f006c3048290a8cf90d32924c9591358299f112318",
        ),
        (
            "sessions",
            json!({"arrival": "sessions", "sessions": {"expected_latency_ns": 123_456,
            "requests": {"dist": "exponential", "mean": 5.0}, "think_s": {"dist": "normal", "mean": 0.01, "sd": 0.005}}}),
            "8ca70b2421266d9c457c2598b83e81a97bb9e943f4eaa0ab58ed0573c6c78ef7",
        ),
        (
            "trace",
            json!({"arrival": "trace", "trace": {"speed": 3.0}}),
            "4f0b05bac2995519b4b3afd01e9214692e0029ed22a75d187bbc265acba943fb",
        ),
    ]
}

#[test]
fn workloads_give_these_bytes_on_every_machine() {
    let found: Vec<(&str, String)> = workloads()
        .map(|(name, changes, _)| {
            let spec = spec(changes);
            let compiled = if name == "trace" {
                compile_trace(&spec, b"t\n1.000000001\n1.1\n1.7\n")
                    .unwrap()
                    .0
            } else {
                compile(&spec).unwrap().0
            };
            (name, compiled.sha256)
        })
        .into();
    assert_eq!(
        found,
        workloads().map(|(name, _, digest)| (name, digest.to_owned()))
    );
}
