//! What the tests of this crate share.
#![allow(clippy::unwrap_used, dead_code)]

use std::io::Read;

use schedule::{Chunk, Compiled, Entry, Plan, ScheduleError, Spec};
use serde_json::{Value, json};

/// A schedule read back.
pub(crate) struct ReadBack {
    pub(crate) plan: Plan,
    pub(crate) entries: Vec<Entry>,
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) chunks: usize,
}

/// A small workload; `changes` replace its members.
pub(crate) fn spec(changes: Value) -> Spec {
    let mut spec = json!({
        "arrival": "poisson", "protocol": "http1", "rate_per_s": 1000.0, "duration_ns": 1_000_000_000_u64,
        "seed": 7, "max_connections": 64, "profile": [], "sessions": null, "trace": null, "framing": null,
        "operations": [operation(json!({}))],
    });
    merge(&mut spec, changes);
    serde_json::from_value(spec).unwrap()
}

/// A plain GET; `changes` replace its members.
pub(crate) fn operation(changes: Value) -> Value {
    let mut operation = json!({
        "name": "get", "weight": 1.0, "timeout_ns": 1_000_000_000_u64,
        "expect": {"status_low": 200, "status_high": 299, "body_contains": "", "body_sha256": ""},
        "method": "GET", "authority": "", "path": [{"text": "/"}],
        "headers": [["Host", [{"text": "localhost"}]], ["User-Agent", [{"text": "tailtune"}]]],
        "body": null, "body_blobs": null, "grpc_method": "", "data": {},
    });
    merge(&mut operation, changes);
    operation
}

fn merge(into: &mut Value, changes: Value) {
    for (name, value) in changes.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// Compiles without blobs and trace.
pub(crate) fn compile(spec: &Spec) -> Result<(Compiled, Vec<u8>), ScheduleError> {
    let mut out = Vec::new();
    let compiled = schedule::compile::<Vec<u8>>(spec, &[], None, None, &mut out)?;
    Ok((compiled, out))
}

/// Compiles with a trace.
pub(crate) fn compile_trace(
    spec: &Spec,
    trace: &[u8],
) -> Result<(Compiled, Vec<u8>), ScheduleError> {
    let mut out = Vec::new();
    let open = || -> std::io::Result<Box<dyn Read + '_>> { Ok(Box::new(trace)) };
    let compiled = schedule::compile::<Vec<u8>>(spec, &[], None, Some(&open), &mut out)?;
    Ok((compiled, out))
}

/// Reads all of a schedule.
pub(crate) fn read(mut bytes: &[u8]) -> Result<ReadBack, ScheduleError> {
    let plan = Plan::read(&mut bytes)?;
    let mut chunk = Chunk::new();
    let (mut entries, mut payloads, mut chunks) = (Vec::new(), Vec::new(), 0);
    while chunk.read(&plan, &mut bytes)? {
        assert_eq!(chunk.first_index(), entries.len() as u64);
        chunks += 1;
        for index in 0..chunk.len() {
            entries.push(chunk.entry(index));
            payloads.push(chunk.payload(&plan, index).to_vec());
        }
    }
    Ok(ReadBack {
        plan,
        entries,
        payloads,
        chunks,
    })
}

/// Compiles and reads back.
pub(crate) fn through(changes: Value) -> ReadBack {
    read(&compile(&spec(changes)).unwrap().1).unwrap()
}
