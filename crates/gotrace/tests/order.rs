//! Traces written by hand: the order of events, what states follow, and what becomes of incomplete traces.

#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use crate::support::{Kept, Trace, event, read};
use gotrace::{Level, SpanKind, State};

const PROC_STATUS: u8 = 13;
const PROC_START: u8 = 10;
const PROC_STOP: u8 = 11;
const PROC_STEAL: u8 = 12;
const GO_CREATE: u8 = 14;
const GO_START: u8 = 16;
const GO_DESTROY: u8 = 17;
const GO_BLOCK: u8 = 20;
const GO_UNBLOCK: u8 = 21;
const SYSCALL_BEGIN: u8 = 22;
const SYSCALL_END_BLOCKED: u8 = 24;
const GO_STATUS: u8 = 25;
const STW_BEGIN: u8 = 26;
const STW_END: u8 = 27;
const GC_BEGIN: u8 = 29;
const GC_END: u8 = 30;
const ASSIST_BEGIN: u8 = 35;
const ASSIST_END: u8 = 36;
const HEAP_ALLOC: u8 = 37;
const GO_SWITCH: u8 = 45;

const NO_THREAD: u64 = u64::MAX;
const RUNNABLE: u64 = 1;
const RUNNING: u64 = 2;
const WAITING: u64 = 4;
const IDLE: u64 = 2;

/// Goroutine 1 runs on thread 11 with processor 0.
fn running() -> Vec<Vec<u8>> {
    vec![
        event(PROC_STATUS, &[1, 0, 1]),
        event(GO_STATUS, &[1, 1, 11, RUNNING]),
    ]
}

fn and(mut events: Vec<Vec<u8>>, more: &[Vec<u8>]) -> Vec<Vec<u8>> {
    events.extend_from_slice(more);
    events
}

fn told(trace: Trace) -> (Vec<String>, Kept) {
    let (outcome, kept) = read(&trace.bytes).expect("it can be read");
    (outcome.warnings, kept)
}

/// (state, begin, end) of a goroutine.
fn states(kept: &Kept, goroutine: u64) -> Vec<(State, u64, u64)> {
    let own = kept
        .intervals
        .iter()
        .filter(|one| one.goroutine == goroutine);
    own.map(|one| (one.state, one.begin_ns, one.end_ns))
        .collect()
}

#[test]
fn a_goroutine_is_created_blocks_is_woken_and_ends() {
    let first = and(
        running(),
        &[
            event(GO_CREATE, &[8, 2, 1, 0]),
            event(GO_BLOCK, &[10, 3, 1]),
            event(GO_START, &[5, 2, 1]),
            event(GO_UNBLOCK, &[20, 1, 1, 0]),
            event(GO_DESTROY, &[1]),
            event(GO_START, &[4, 1, 2]),
        ],
    );
    for version in [22, 23, 25, 26] {
        let trace = Trace::new(version)
            .batch(1, 11, 100, &first)
            .tables(1)
            .end();
        let (warnings, kept) = told(trace);
        assert_eq!(warnings, [""; 0]);
        let one = [
            (State::Running, 100, 120),
            (State::Waiting, 120, 145),
            (State::Runnable, 145, 150),
        ];
        assert_eq!(
            states(&kept, 1),
            [&one[..], &[(State::Running, 150, 150)]].concat()
        );
        let two = [(State::Runnable, 110, 125), (State::Running, 125, 146)];
        assert_eq!(states(&kept, 2), two);
        assert_eq!(kept.names, ["main.main", "main.main"]);
        assert!(!kept.ended[0].is_open_at_end && kept.ended[1].is_open_at_begin);
        let woken = kept
            .intervals
            .iter()
            .find(|one| one.begin_ns == 145)
            .expect("it was woken");
        assert_eq!((woken.waker, woken.thread), (Some(2), None));
        let ran = kept
            .intervals
            .iter()
            .find(|one| one.begin_ns == 125)
            .expect("it ran");
        assert_eq!((ran.thread, ran.proc), (Some(11), Some(0)));
    }
}

#[test]
fn an_event_waits_for_the_one_before_it_whatever_the_clocks_say() {
    // Thread 12 starts goroutine 2 before, by its clock, thread 11 creates it.
    let creator = and(running(), &[event(GO_CREATE, &[48, 2, 1, 0])]);
    let starter = [
        event(PROC_STATUS, &[1, 1, IDLE]),
        event(PROC_START, &[1, 1, 1]),
        event(GO_START, &[18, 2, 1]),
        event(GO_DESTROY, &[60]),
    ];
    let trace = Trace::new(26)
        .batch(1, 11, 100, &creator)
        .batch(1, 12, 100, &starter)
        .tables(1)
        .end();
    let (warnings, kept) = told(trace);
    assert_eq!(warnings, [""; 0]);
    // The start is told right after the creation.
    let expected = [(State::Runnable, 150, 151), (State::Running, 151, 180)];
    assert_eq!(states(&kept, 2), expected);
}

#[test]
fn a_processor_is_taken_while_its_goroutine_is_in_a_system_call() {
    let first = and(
        running(),
        &[
            event(SYSCALL_BEGIN, &[8, 1, 1]),
            // Without its processor it can only become runnable.
            event(SYSCALL_END_BLOCKED, &[50]),
            event(PROC_START, &[5, 0, 3]),
            event(GO_START, &[5, 1, 1]),
        ],
    );
    let thief = [event(PROC_STEAL, &[40, 0, 2, 11])];
    let trace = Trace::new(26)
        .batch(1, 11, 100, &first)
        .batch(1, 12, 100, &thief)
        .tables(1)
        .end();
    let (warnings, kept) = told(trace);
    assert_eq!(warnings, [""; 0]);
    let expected = [
        (State::Running, 100, 110),
        (State::Syscall, 110, 160),
        (State::Runnable, 160, 170),
        (State::Running, 170, 170),
    ];
    assert_eq!(states(&kept, 1), expected);
    let used: Vec<(u64, u64)> = kept
        .spans
        .iter()
        .map(|span| (span.begin_ns, span.end_ns))
        .collect();
    assert_eq!(used, [(100, 140), (165, 170)]);
}

#[test]
fn a_coroutine_hands_over_in_three_steps() {
    let first = [
        event(PROC_STATUS, &[1, 0, 1]),
        event(GO_STATUS, &[1, 1, 11, RUNNING]),
        event(GO_STATUS, &[1, 2, NO_THREAD, WAITING]),
        event(GO_SWITCH, &[7, 2, 1]),
    ];
    let (warnings, kept) = told(Trace::new(23).batch(1, 11, 100, &first).tables(1));
    assert_eq!(warnings, [""; 0]);
    assert_eq!(states(&kept, 1)[0], (State::Running, 100, 111));
    let expected = [(State::Waiting, 100, 110), (State::Runnable, 110, 112)];
    assert_eq!(states(&kept, 2)[..2], expected);
}

#[test]
fn collections_assists_stops_and_levels_are_told() {
    let first = and(
        running(),
        &[
            event(STW_BEGIN, &[3, 4, 0]),
            event(GC_BEGIN, &[1, 7, 1]),
            event(STW_END, &[4]),
            event(ASSIST_BEGIN, &[2, 1]),
            event(HEAP_ALLOC, &[1, 4_096]),
            event(ASSIST_END, &[9]),
            event(GC_END, &[10, 8]),
        ],
    );
    let (warnings, kept) = told(Trace::new(26).batch(1, 11, 100, &first).tables(1).end());
    assert_eq!(warnings, [""; 0]);
    let spans: Vec<(SpanKind, u64, u64)> = kept
        .spans
        .iter()
        .map(|span| (span.kind, span.begin_ns, span.end_ns))
        .collect();
    let expected = [
        (SpanKind::Stopped, 105, 110),
        (SpanKind::Assist(1), 112, 122),
        (SpanKind::Mark, 106, 132),
        (SpanKind::ProcRunning(0), 100, 132),
    ];
    assert_eq!(spans, expected);
    let assisted = (State::Assisting, 112, 122);
    assert_eq!(states(&kept, 1)[1], assisted);
    assert_eq!(kept.levels, [(113, Level::HeapAlloc, 4_096)]);
}

#[test]
fn what_a_lost_batch_told_is_set_right_by_the_next_generation() {
    // The batch that woke goroutine 2 is lost; it starts all the same.
    let first = and(running(), &[event(GO_STATUS, &[1, 2, NO_THREAD, WAITING])]);
    let starter = [
        event(PROC_STATUS, &[1, 1, IDLE]),
        event(PROC_START, &[1, 1, 1]),
        event(GO_START, &[18, 2, 2]),
    ];
    let second = [
        event(PROC_STATUS, &[1, 0, 1]),
        event(GO_STATUS, &[1, 1, 11, RUNNING]),
        event(GO_STATUS, &[1, 2, NO_THREAD, RUNNABLE]),
        event(PROC_STOP, &[1]),
    ];
    let trace = Trace::new(26)
        .batch(1, 11, 100, &first)
        .batch(1, 12, 100, &starter)
        .tables(1)
        .end()
        .batch(2, 11, 500, &second)
        .tables(2)
        .end();
    let (warnings, kept) = told(trace);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("follow on what is lost"),
        "{warnings:?}"
    );
    assert!(warnings[1].contains("states set right"), "{warnings:?}");
    let of_two: Vec<State> = states(&kept, 2).iter().map(|&(state, ..)| state).collect();
    assert_eq!(of_two, [State::Waiting, State::Running, State::Runnable]);
}

#[test]
fn a_trace_that_is_cut_gives_what_came_before() {
    let first = and(running(), &[event(GO_BLOCK, &[50, 3, 1])]);
    let second = [
        event(PROC_STATUS, &[1, 0, 1]),
        event(GO_STATUS, &[1, 1, NO_THREAD, WAITING]),
        event(GO_UNBLOCK, &[50, 1, 2, 0]),
    ];
    let whole = Trace::new(26).batch(1, 11, 100, &first).tables(1).end();
    let length = whole.bytes.len();
    let trace = whole.batch(2, 11, 500, &second).tables(2).end();
    let (warnings, kept) = told(Trace::new(26).raw(&trace.bytes[16..length + 3]));
    assert!(warnings[0].contains("was cut"), "{warnings:?}");
    assert_eq!(states(&kept, 1)[0], (State::Running, 100, 152));
    // In the second generation what the unblocking waits for has not come: the number before it is lost.
    let (warnings, kept) = told(Trace::new(26).raw(&trace.bytes[16..trace.bytes.len() - 1]));
    assert!(warnings[0].contains("was cut"), "{warnings:?}");
    assert!(
        warnings[1].contains("incomplete generations"),
        "{warnings:?}"
    );
    assert_eq!(states(&kept, 1)[1].0, State::Waiting);
    assert_eq!(states(&kept, 1).len(), 2);
}

#[test]
fn what_is_no_batch_ends_the_trace_with_a_warning() {
    let trace = Trace::new(26).batch(1, 11, 100, &running()).tables(1).end();
    let at = trace.bytes.len();
    let (warnings, kept) = told(trace.raw(&[99, 1, 2, 3]));
    assert_eq!(
        warnings,
        [format!(
            "byte {at} begins no batch: nothing is read from there on"
        )]
    );
    assert_eq!(kept.intervals.len(), 1);
}

#[test]
fn other_files_are_no_traces() {
    let error = |bytes: &[u8]| read(bytes).err().map(|error| error.to_string());
    assert!(error(b"\x1f\x8b").is_some_and(|told| told.contains("does not begin")));
    assert!(error(b"go 1.19 trace\0\0\0").is_some_and(|told| told.contains("Go 1.19")));
    let (warnings, _) = told(Trace::new(26));
    assert_eq!(warnings, ["the trace holds no events"]);
}
