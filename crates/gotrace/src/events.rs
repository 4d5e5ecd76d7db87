//! Kinds of events, as they lie in a trace, and how many numbers follow each.

/// Events that structure a generation.
pub(crate) const EVENT_BATCH: u8 = 1;
pub(crate) const STACKS: u8 = 2;
pub(crate) const STACK: u8 = 3;
pub(crate) const STRINGS: u8 = 4;
pub(crate) const STRING: u8 = 5;
pub(crate) const CPU_SAMPLES: u8 = 6;
pub(crate) const CPU_SAMPLE: u8 = 7;
pub(crate) const FREQUENCY: u8 = 8;
pub(crate) const EXPERIMENTAL_BATCH: u8 = 49;
pub(crate) const SYNC: u8 = 50;
pub(crate) const CLOCK_SNAPSHOT: u8 = 51;
pub(crate) const END_OF_GENERATION: u8 = 52;

/// Events of threads.
pub(crate) const PROCS_CHANGE: u8 = 9;
pub(crate) const PROC_START: u8 = 10;
pub(crate) const PROC_STOP: u8 = 11;
pub(crate) const PROC_STEAL: u8 = 12;
pub(crate) const PROC_STATUS: u8 = 13;
pub(crate) const GO_CREATE: u8 = 14;
pub(crate) const GO_CREATE_SYSCALL: u8 = 15;
pub(crate) const GO_START: u8 = 16;
pub(crate) const GO_DESTROY: u8 = 17;
pub(crate) const GO_DESTROY_SYSCALL: u8 = 18;
pub(crate) const GO_STOP: u8 = 19;
pub(crate) const GO_BLOCK: u8 = 20;
pub(crate) const GO_UNBLOCK: u8 = 21;
pub(crate) const GO_SYSCALL_BEGIN: u8 = 22;
pub(crate) const GO_SYSCALL_END: u8 = 23;
pub(crate) const GO_SYSCALL_END_BLOCKED: u8 = 24;
pub(crate) const GO_STATUS: u8 = 25;
pub(crate) const STW_BEGIN: u8 = 26;
pub(crate) const STW_END: u8 = 27;
pub(crate) const GC_ACTIVE: u8 = 28;
pub(crate) const GC_BEGIN: u8 = 29;
pub(crate) const GC_END: u8 = 30;
pub(crate) const SWEEP_ACTIVE: u8 = 31;
pub(crate) const SWEEP_BEGIN: u8 = 32;
pub(crate) const SWEEP_END: u8 = 33;
pub(crate) const ASSIST_ACTIVE: u8 = 34;
pub(crate) const ASSIST_BEGIN: u8 = 35;
pub(crate) const ASSIST_END: u8 = 36;
pub(crate) const HEAP_ALLOC: u8 = 37;
pub(crate) const HEAP_GOAL: u8 = 38;
pub(crate) const GO_LABEL: u8 = 39;
pub(crate) const TASK_BEGIN: u8 = 40;
pub(crate) const TASK_END: u8 = 41;
pub(crate) const REGION_BEGIN: u8 = 42;
pub(crate) const REGION_END: u8 = 43;
pub(crate) const USER_LOG: u8 = 44;
pub(crate) const GO_SWITCH: u8 = 45;
pub(crate) const GO_SWITCH_DESTROY: u8 = 46;
pub(crate) const GO_CREATE_BLOCKED: u8 = 47;
pub(crate) const GO_STATUS_STACK: u8 = 48;
/// Spans, objects and stacks of the allocator; written only when asked for by GODEBUG.
const EXPERIMENTAL: u8 = 128;

/// Numbers behind the time; none for what no thread writes.
const NO_EVENT: u8 = u8::MAX;
const ARGUMENTS: [u8; 256] = arguments();

/// The most numbers that an event has.
pub(crate) const MOST_ARGUMENTS: usize = 4;

const fn arguments() -> [u8; 256] {
    // From PROCS_CHANGE on, then from GO_SWITCH on, then the experimental ones.
    let first = [
        2, 2, 0, 3, 2, 3, 1, 2, 0, 0, 2, 2, 3, 2, 0, 0, 3, 2, 0, 1, 2, 1, 1, 1, 2, 1, 1, 0, 1, 1,
        1, 4, 2, 3, 3, 4, 2, 2, 3, 4,
    ];
    let experimental = [3, 3, 1, 2, 2, 1, 2, 2, 1];
    let mut table = [NO_EVENT; 256];
    let mut at = 0;
    while at < first.len() {
        table[PROCS_CHANGE as usize + at] = first[at];
        at += 1;
    }
    at = 0;
    while at < experimental.len() {
        table[EXPERIMENTAL as usize + at] = experimental[at];
        at += 1;
    }
    table
}

/// One event of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Event {
    /// One of the constants above.
    pub(crate) kind: u8,
    /// Nanoseconds of the trace's clock, as its thread read it.
    pub(crate) time: u64,
    /// As many as its kind has; the others are left over.
    pub(crate) args: [u64; MOST_ARGUMENTS],
}

/// Number of numbers behind the time of an event; none if no thread writes such events.
#[inline]
pub(crate) fn argument_count(kind: u8) -> Option<usize> {
    let count = ARGUMENTS[usize::from(kind)];
    (count != NO_EVENT).then_some(usize::from(count))
}

/// What is counted: the kinds of events of Go's reader, which makes several of some events of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Sync,
    Metric,
    Label,
    StackSample,
    RangeBegin,
    RangeActive,
    RangeEnd,
    TaskBegin,
    TaskEnd,
    RegionBegin,
    RegionEnd,
    Log,
    StateTransition,
    Experimental,
}

/// Names of [`Counted`], in their order.
pub(crate) const COUNTED: [&str; 14] = [
    "Sync",
    "Metric",
    "Label",
    "StackSample",
    "RangeBegin",
    "RangeActive",
    "RangeEnd",
    "TaskBegin",
    "TaskEnd",
    "RegionBegin",
    "RegionEnd",
    "Log",
    "StateTransition",
    "Experimental",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_arguments_stand_at_their_kinds() {
        let known = [
            (PROCS_CHANGE, 2),
            (PROC_STEAL, 3),
            (GO_CREATE, 3),
            (GO_SYSCALL_BEGIN, 2),
            (GO_STATUS, 3),
            (GC_BEGIN, 2),
            (SWEEP_END, 2),
            (ASSIST_END, 0),
            (GO_LABEL, 1),
            (TASK_BEGIN, 4),
            (USER_LOG, 4),
            (GO_SWITCH, 2),
            (GO_CREATE_BLOCKED, 3),
            (GO_STATUS_STACK, 4),
            (EXPERIMENTAL, 3),
            (EXPERIMENTAL + 8, 1),
        ];
        for (kind, count) in known {
            assert_eq!(argument_count(kind), Some(count), "{kind}");
        }
        for kind in [
            0,
            EVENT_BATCH,
            FREQUENCY,
            EXPERIMENTAL_BATCH,
            CLOCK_SNAPSHOT,
            127,
            137,
            255,
        ] {
            assert_eq!(argument_count(kind), None, "{kind}");
        }
    }
}
