//! Marks in chains of addresses that say where the following ones lie, as `linux/perf_event.h` numbers them.

/// Addresses from here on are no addresses but marks (`PERF_CONTEXT_*`).
pub const CONTEXTS: u64 = -4095i64 as u64;
/// The kernel's addresses follow (`PERF_CONTEXT_KERNEL`).
pub const CONTEXT_KERNEL: u64 = -128i64 as u64;
/// The user's addresses follow (`PERF_CONTEXT_USER`).
pub const CONTEXT_USER: u64 = -512i64 as u64;
/// Ends a chain whose outermost callers could not be reached, because they lie above the copy of the
/// stack. A mark of ours, at a place among the kernel's that the kernel never uses.
pub const TRUNCATED: u64 = CONTEXTS;

/// Where the mark of the user's part stands; `None` without that part.
#[must_use]
pub fn user_mark(addresses: &[u64]) -> Option<usize> {
    addresses.iter().position(|&mark| mark == CONTEXT_USER)
}
