//! Reading bytes that nobody compiled: an error or a schedule that adds up, never a panic.
#![allow(clippy::unwrap_used)]

use crate::support::{compile, compile_trace, operation, read, spec};
use proptest::prelude::*;
use schedule::{ScheduleError, Spec, verify};
use serde_json::json;

fn valid(kind: usize) -> Vec<u8> {
    let changes = [
        json!({"rate_per_s": 40.0}),
        json!({"rate_per_s": 20.0, "operations": [
            operation(json!({"expect": {"status_low": 200, "status_high": 204, "body_contains": "ok",
                                        "body_sha256": "ab".repeat(32)}})),
            operation(json!({"name": "post", "method": "POST", "body": [{"data": "id"}],
                             "data": {"id": {"kind": "uuid"}}})),
        ]}),
        json!({"arrival": "sessions", "rate_per_s": 20.0, "protocol": "http2",
               "sessions": {"requests": {"dist": "constant", "value": 3.0},
                            "think_s": {"dist": "exponential", "mean": 0.1}, "expected_latency_ns": 1000}}),
    ];
    compile(&spec(changes[kind].clone())).unwrap().1
}

/// Verifies and reads; both must come to the same end.
fn touch(bytes: &[u8]) -> Result<(), ScheduleError> {
    let verified = verify(&mut &*bytes);
    let back = read(bytes);
    if verified.is_ok() {
        let back = back?;
        assert!(back.payloads.iter().all(|payload| !payload.is_empty()));
        let operations = back.plan.operations().len();
        assert!(
            back.entries
                .iter()
                .all(|entry| usize::from(entry.operation) < operations)
        );
        assert!(
            back.entries
                .iter()
                .all(|entry| entry.intended_ns < back.plan.duration_ns())
        );
    }
    verified.map(|_| ())
}

#[test]
fn every_truncation_is_refused() {
    for bytes in (0..3).map(valid) {
        for length in 0..bytes.len() {
            assert!(touch(&bytes[..length]).is_err(), "{length}");
        }
        touch(&bytes).unwrap();
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = valid(0);
    bytes.push(0);
    assert!(touch(&bytes).unwrap_err().to_string().contains("promises"));
}

#[test]
fn another_version_is_named() {
    let mut bytes = valid(0);
    bytes[8] = 1;
    let refused = touch(&bytes).unwrap_err();
    assert!(matches!(
        refused,
        ScheduleError::Version {
            found: 1,
            supported: 2
        }
    ));
}

#[test]
fn lying_lengths_cost_no_memory() {
    // Hello, operations, pool and its bytes: each promises all that its field can say.
    for (at, width) in [(56, 8), (64, 8), (72, 4), (76, 4)] {
        let mut bytes = valid(0);
        bytes[at..at + width].fill(0xff);
        assert!(touch(&bytes).is_err(), "{at}");
    }
    let mut bytes = valid(0);
    bytes[40..48].fill(0xff); // more requests than there are
    assert!(touch(&bytes).unwrap_err().to_string().contains("cut short"));
}

#[test]
fn a_lie_about_the_busiest_stretch_is_found() {
    let mut bytes = valid(0);
    bytes[48] ^= 1;
    assert!(
        touch(&bytes)
            .unwrap_err()
            .to_string()
            .contains("longest time-out")
    );
}

fn trace_spec() -> Spec {
    spec(json!({"arrival": "trace", "operations": [
        operation(json!({"path": [{"text": "/"}, {"data": "key", "encode": "percent"}],
                         "data": {"key": {"kind": "trace", "column": "key"}}})),
        operation(json!({"name": "b"})),
    ]}))
}

#[test]
fn wrong_traces_are_refused_with_their_line() {
    let long = format!("t\toperation\tkey\n0\tget\t{}\n", "x".repeat(1 << 20));
    for (trace, wanted) in [
        ("", "line 1: it is empty"),
        ("operation\tkey\n", "no column `t`"),
        ("t\tkey\n", "no column `operation`"),
        ("t\toperation\n", "no column \"key\""),
        (
            "t\toperation\tkey\n1\tget\ta\n0.5\tget\ta\n",
            "line 3: its time lies before",
        ),
        ("t\toperation\tkey\n1\tget\n", "line 2: 2 columns"),
        ("t\toperation\tkey\n1\tget\ta\tb\n", "line 2: 4 columns"),
        (
            "t\toperation\tkey\nsoon\tget\ta\n",
            "line 2: \"soon\" is not a time",
        ),
        (
            "t\toperation\tkey\n0\tother\ta\n",
            "line 2: operation \"other\"",
        ),
        (long.as_str(), "line 2: it is longer than 1 MiB"),
    ] {
        let problem = compile_trace(&trace_spec(), trace.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(problem.contains(wanted), "{wanted}: {problem}");
    }
}

#[test]
fn an_endless_line_is_cut_off() {
    let spec = trace_spec();
    let open =
        || -> std::io::Result<Box<dyn std::io::Read>> { Ok(Box::new(std::io::repeat(b'x'))) };
    let refused = schedule::compile::<Vec<u8>>(&spec, &[], None, Some(&open), Vec::new());
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("longer than 1 MiB")
    );
}

proptest! {
    #[test]
    fn flipped_schedules_never_panic(
        kind in 0..3_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = valid(kind);
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let _ = touch(&bytes);
        let _ = touch(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn lying_fields_never_panic(kind in 0..3_usize, at in any::<prop::sample::Index>(), lie in any::<u32>()) {
        let mut bytes = valid(kind);
        let place = at.index(bytes.len() - 4);
        bytes[place..place + 4].copy_from_slice(&lie.to_le_bytes());
        let _ = touch(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = touch(&bytes);
        let _ = touch(&[b"TTSCHED\n\x02\0\0\0".as_slice(), &bytes].concat());
    }

    #[test]
    fn traces_never_panic(rows in "(t|operation|key|get|b|[0-9.-]{1,20}|\\\\|\t|\n|[^a]){0,80}") {
        let _ = compile_trace(&trace_spec(), rows.as_bytes());
        let rows = format!("t\toperation\tkey\n{rows}");
        let _ = compile_trace(&trace_spec(), rows.as_bytes());
    }

    #[test]
    fn specifications_never_panic(
        arrival in "poisson|constant|sessions", rate in prop_oneof![0.0..2e5_f64, any::<f64>().prop_filter("finite", |x| x.is_finite())],
        s in any::<f64>().prop_filter("finite", |x| x.is_finite()), n in prop_oneof![1..1000_u64, any::<u64>()], value in any::<f64>().prop_filter("finite", |x| x.is_finite()),
        min in prop::option::of(-1e3..1e3_f64), dist in "constant|exponential|uniform|normal|lognormal|pareto",
    ) {
        let number = json!({"dist": dist, "value": value, "mean": value, "low": value, "high": s, "sd": s, "median": value,
                            "sigma": s, "scale": value, "shape": s, "min": min, "max": 200.0});
        let mut digits = number.clone();
        digits["kind"] = json!("number");
        digits["digits"] = json!(n % 40);
        let spec = spec(json!({
            "arrival": arrival, "rate_per_s": rate, "duration_ns": 10_000_000,
            "sessions": {"requests": number, "think_s": number, "expected_latency_ns": n},
            "operations": [operation(json!({"path": [{"text": "/"}, {"data": "z"}, {"data": "d"}, {"data": "t"}],
                "data": {"z": {"kind": "zipf", "n": n, "s": s.abs() % 7.0}, "d": digits,
                         "t": {"kind": "text", "size": number, "alphabet": "aé"}}}))],
        }));
        if let Ok((_, bytes)) = compile(&spec) {
            touch(&bytes).unwrap();
        }
    }
}
