//! Live perf events.
