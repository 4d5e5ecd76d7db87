//! Mergeable log-linear latency histogram.
