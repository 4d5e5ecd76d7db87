//! Reading bytes that nobody compiled: an error or a schedule that adds up, never a panic.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use schedule::old::{Arrival, OperationSpec, Schedule, ScheduleError, Spec, compile};

fn valid() -> Vec<u8> {
    let operation = OperationSpec {
        name: "get".into(),
        weight: 1.0,
        timeout_ns: 1_000_000,
        expected_status: 200,
    };
    let spec = Spec {
        arrival: Arrival::Poisson,
        rate_per_s: 40.0,
        duration_ns: 1_000_000_000,
        seed: 9,
        max_connections: 8,
        operations: vec![operation],
    };
    let mut bytes = Vec::new();
    compile(
        &spec,
        &[vec![b"GET / HTTP/1.1\r\n\r\n".to_vec()]],
        &mut bytes,
    )
    .unwrap();
    bytes
}

/// Opens, and when that succeeds touches everything a player would touch.
fn touch(bytes: &[u8]) -> Result<(), ScheduleError> {
    let schedule = Schedule::open(bytes)?;
    for entry in schedule.entries() {
        assert!(!schedule.payload(entry.payload).is_empty());
        assert!((entry.operation as usize) < schedule.operations().len());
        assert!(entry.intended_ns < schedule.duration_ns());
    }
    Ok(())
}

#[test]
fn every_truncation_is_refused() {
    let bytes = valid();
    for length in 0..bytes.len() {
        assert!(touch(&bytes[..length]).is_err(), "{length}");
    }
    assert!(touch(&bytes).is_ok());
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = valid();
    bytes.push(0);
    assert!(touch(&bytes).unwrap_err().to_string().contains("promises"));
}

#[test]
fn another_version_is_named() {
    let mut bytes = valid();
    bytes[8] = 9;
    assert!(matches!(
        touch(&bytes).unwrap_err(),
        ScheduleError::Version {
            found: 9,
            supported: 1
        }
    ));
}

#[test]
fn headers_promising_the_moon_are_refused() {
    for field in (44..80).step_by(4) {
        let mut bytes = valid();
        bytes[field..field + 4].fill(0xff);
        assert!(touch(&bytes).is_err(), "{field}");
    }
}

#[test]
fn times_that_overflow_when_added_to_a_clock_are_refused() {
    for (field, name) in [(32, "duration"), (96 + 8, "time-out")] {
        let mut bytes = valid();
        bytes[field..field + 8].fill(0xff);
        assert!(touch(&bytes).unwrap_err().to_string().contains(name));
    }
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut bytes = valid();
    let last = bytes.len() - 16;
    bytes[last..last + 8].fill(0);
    assert!(
        touch(&bytes)
            .unwrap_err()
            .to_string()
            .contains("out of order")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]
    #[test]
    fn flipped_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = valid();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        let _ = touch(&bytes);
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(touch(&bytes).is_err());
    }

    #[test]
    fn garbage_behind_a_true_header_never_panics(tail in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = valid();
        bytes.truncate(96);
        bytes.extend(tail);
        let _ = touch(&bytes);
    }
}
