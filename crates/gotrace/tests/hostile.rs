//! Hostile traces: an error or a warning, never a panic, in bounded memory.

#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use crate::support::{Trace, event, varint};
use gotrace::{CpuSamples, Delays, Intervals, Limits, Summary};
use proptest::prelude::*;

const SMALL: &[&[u8]] = &[
    include_bytes!("data/go1.22.trace"),
    include_bytes!("data/go1.23.trace"),
    include_bytes!("data/go1.25.trace"),
    include_bytes!("data/go1.26.trace"),
];

fn limits() -> Limits {
    Limits {
        generation_bytes: 1 << 20,
        goroutines: 200,
        stack_frames: 500,
        text_bytes: 4_000,
    }
}

/// Reads with all sinks, and makes of it what can be made.
fn play(bytes: &[u8]) {
    let mut sink = (
        (Summary::with_goroutines(5), Delays::default()),
        (CpuSamples::default(), Intervals::with_most(20)),
    );
    let Ok(outcome) = gotrace::read(bytes, &limits(), &mut sink) else {
        return;
    };
    let ((summary, delays), (samples, intervals)) = sink;
    let report = summary.report(&outcome);
    assert!(report.end_ns >= report.begin_ns);
    assert!(report.utilisation.is_finite());
    serde_json::to_vec(&report).expect("it can be written");
    let _ = delays.profile(&outcome.names).to_raw_pprof();
    let _ = samples.profile(&outcome.names);
    let (columns, texts) = intervals.into_columns(&outcome.names);
    assert!(columns.state.len() <= 20);
    assert!(
        columns
            .end_ns
            .iter()
            .zip(&columns.begin_ns)
            .all(|(end, begin)| end >= begin)
    );
    assert!(
        columns
            .stack
            .iter()
            .all(|&stack| (stack as usize) < texts.stack_ends.len())
    );
    assert!(
        columns
            .reason
            .iter()
            .all(|&reason| (reason as usize) < texts.reasons.len())
    );
}

fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![0..6u64, 0..300u64, any::<u64>(), Just(u64::MAX)]
}

/// Events of any kind with small and giant numbers.
fn events() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = (9..54u8, prop::collection::vec(numbers(), 0..6))
        .prop_map(|(kind, numbers)| event(kind, &numbers));
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn any_bytes_behind_a_header_never_panic(
        version in prop::sample::select(vec![22u32, 23, 25, 26]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        play(&bytes);
        play(&Trace::new(version).raw(&bytes).bytes);
    }

    #[test]
    fn events_that_contradict_one_another_never_panic(
        version in prop::sample::select(vec![22u32, 23, 25, 26]),
        batches in prop::collection::vec((1..4u64, 0..4u64, numbers(), events()), 0..8),
    ) {
        let mut trace = Trace::new(version);
        for (generation, thread, time, events) in &batches {
            trace = trace.tables(*generation).batch(*generation, *thread, *time, events);
        }
        play(&trace.end().bytes);
    }

    #[test]
    fn flipped_and_cut_traces_never_panic(
        which in 0..SMALL.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = SMALL[which].to_vec();
        for (at, byte) in &flips {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        play(&bytes);
        play(&bytes[..length.index(bytes.len())]);
    }

    #[test]
    fn lying_lengths_never_panic(
        size in numbers(),
        kind in 1..9u8,
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = vec![1, 1, 1, 1];
        bytes.extend(varint(size));
        bytes.push(kind);
        bytes.extend(&body);
        play(&Trace::new(26).raw(&bytes).bytes);
        // A table whose entries claim to be longer than they are.
        let entry = [vec![4, 5, 1], varint(size), body].concat();
        play(&Trace::new(26).batch(1, 2, 3, &[entry]).end().bytes);
    }
}

#[test]
fn goroutines_without_end_are_an_error() {
    let created: Vec<Vec<u8>> = (2..300)
        .map(|number| event(14, &[1, number, 1, 0]))
        .collect();
    let running = vec![event(13, &[1, 0, 1]), event(25, &[1, 1, 11, 2])];
    let trace = Trace::new(26)
        .batch(1, 11, 100, &[running, created].concat())
        .tables(1)
        .end();
    let read = gotrace::read(&trace.bytes[..], &limits(), &mut ());
    let told = read.err().map(|error| error.to_string());
    assert_eq!(
        told.as_deref(),
        Some("more than 200 goroutines exist at once")
    );
}
