//! What sampled allocations stand for.

use super::Size;
use super::parse::Counts;

/// Scales sampled objects and bytes up to an estimate of all.
///
/// An allocation of `s` bytes is sampled with probability `1 - exp(-s / rate)`, where `rate` is the mean number of
/// bytes between samples; `s` is the mean size of the stack's objects. Formula: jemalloc 5.3.0, `bin/jeprof.in`,
/// `AdjustSamples`. jemalloc estimates object by object and prints the counts from which this formula gives its
/// estimates (`src/prof_data.c`, `prof_do_unbias`), so different sizes in one stack do no harm.
pub(super) fn unbiased(counts: Counts, rate: u64) -> Size {
    let (objects, bytes) = (counts.objects as f64, counts.bytes as f64);
    if counts.objects == 0 || counts.bytes == 0 || rate <= 1 {
        return Size { objects, bytes };
    }
    let scale = 1.0 / -(-bytes / objects / rate as f64).exp_m1();
    Size {
        objects: objects * scale,
        bytes: bytes * scale,
    }
}
