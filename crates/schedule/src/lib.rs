//! Workload and seed compiled into an immutable schedule.
