//! Memory does not grow with the number of requests. Takes minutes and 2 GB of disk, so it is ignored:
//! `cargo test --release -p tailtune-schedule --test all -- --ignored --nocapture`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::time::Instant;

use serde_json::json;

/// Largest resident memory of this process so far, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "minutes, and 2 GB of disk"]
fn a_hundred_million_requests_stream() {
    let spec = crate::support::spec(
        json!({"rate_per_s": 100_000.0, "duration_ns": 1_000_000_000_000_u64}),
    );
    let path = std::env::temp_dir().join(format!("tailtune-flat-{}", std::process::id()));
    let begun = Instant::now();
    let out = BufWriter::with_capacity(1 << 18, File::create(&path).unwrap());
    let compiled = schedule::compile::<Vec<u8>>(&spec, &[], None, None, out).unwrap();
    let (compiled_s, compiled_kb) = (begun.elapsed().as_secs_f64(), peak_kb());
    let begun = Instant::now();
    let mut input = BufReader::with_capacity(1 << 18, File::open(&path).unwrap());
    let verified = schedule::verify(&mut input).unwrap();
    let verified_s = begun.elapsed().as_secs_f64();
    std::fs::remove_file(&path).unwrap();
    println!(
        "{} requests, {} bytes: compiled in {compiled_s:.1} s, peak {compiled_kb} kB; verified in {verified_s:.1} s, peak {} kB",
        verified.requests,
        compiled.bytes,
        peak_kb()
    );
    assert_eq!(verified.sha256, compiled.sha256);
    assert!((verified.requests as f64 / 1e8 - 1.0).abs() < 1e-3);
    assert!(peak_kb() < 32 * 1024);
}
