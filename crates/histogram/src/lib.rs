//! Mergeable log-linear latency histogram.
//!
//! Values are nanoseconds. Below 1,024 ns each value has its own bucket; above, every octave is
//! split into 512 equal buckets, so that the middle of a bucket is never further than 1/1,024
//! (0.0977 %) from any value in it. The range ends at 2^36 ns (68.7 s); larger values are counted
//! in the last bucket and as [`Histogram::clamped`]. Minimum, maximum and sum are exact.

#![forbid(unsafe_code)]

mod hdr;

pub use hdr::{HdrError, encode_hdr};

/// Sub-buckets of an octave, as a power of two.
const SUB_BITS: u32 = 9;
/// Values below this have a bucket of their own.
const LINEAR_END: u64 = 1 << (SUB_BITS + 1);
/// Octaves end at this power of two.
const TOP_BITS: u32 = 36;

/// Number of buckets of every histogram.
pub const BUCKETS: usize = ((TOP_BITS - SUB_BITS + 1) as usize) << SUB_BITS;
/// The largest value that is not clamped, in ns.
pub const LARGEST_NS: u64 = (1 << TOP_BITS) - 1;

/// Returns the bucket that holds `value_ns`, in `0..BUCKETS`.
pub const fn bucket_of(value_ns: u64) -> usize {
    let value = if value_ns > LARGEST_NS {
        LARGEST_NS
    } else {
        value_ns
    };
    if value < LINEAR_END {
        return value as usize;
    }
    let shift = u64::BITS - 1 - value.leading_zeros() - SUB_BITS;
    ((shift as usize) << SUB_BITS) + (value >> shift) as usize
}

/// Returns the middle of a bucket, in ns; at most 0.1 % from every value in it.
pub const fn middle_of(bucket: usize) -> u64 {
    if (bucket as u64) < LINEAR_END {
        return bucket as u64;
    }
    let shift = (bucket >> SUB_BITS) as u32 - 1;
    let mantissa = (bucket as u64 & ((1 << SUB_BITS) - 1)) | (1 << SUB_BITS);
    (mantissa << shift) + (1 << (shift - 1))
}

/// Counts of values by bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    clamped: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// Returns an empty histogram; about 112 KiB, all allocated now.
    pub fn new() -> Self {
        Self {
            counts: vec![0; BUCKETS].into_boxed_slice(),
            total: 0,
            clamped: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value_ns: u64) {
        self.counts[bucket_of(value_ns)] += 1;
        self.total += 1;
        self.clamped += u64::from(value_ns > LARGEST_NS);
        self.sum += u128::from(value_ns);
        self.min = self.min.min(value_ns);
        self.max = self.max.max(value_ns);
    }

    /// Adds all counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.clamped += other.clamped;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
        self.clamped = 0;
        self.sum = 0;
        self.min = u64::MAX;
        self.max = 0;
    }

    /// Number of values counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Number of values above [`LARGEST_NS`].
    pub const fn clamped(&self) -> u64 {
        self.clamped
    }

    /// Exact sum of the values, in ns.
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// Exact smallest value, absent when empty.
    pub fn min(&self) -> Option<u64> {
        (self.total > 0).then_some(self.min)
    }

    /// Exact largest value, absent when empty.
    pub fn max(&self) -> Option<u64> {
        (self.total > 0).then_some(self.max)
    }

    /// Exact mean in ns, absent when empty.
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.sum as f64 / self.total as f64)
    }

    /// Returns the quantile `q` in [0, 1] by nearest rank: the value of rank `ceil(q * total)`, at
    /// most 0.1 % off and never outside the smallest and largest value. Absent when empty.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let (smallest, largest) = (self.min()?, self.max()?);
        let rank = ((q * self.total as f64).ceil() as u64).clamp(1, self.total);
        if rank == self.total {
            return Some(largest);
        }
        let mut seen = 0;
        self.iter()
            .find_map(|(bucket, count)| {
                seen += count;
                (seen >= rank).then(|| middle_of(bucket).clamp(smallest, largest))
            })
            .or(Some(largest))
    }

    /// Iterates over the non-empty buckets in rising order, as (bucket, count).
    pub fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let span = if self.total == 0 {
            0..0
        } else {
            bucket_of(self.min)..bucket_of(self.max) + 1
        };
        let first = span.start;
        self.counts[span]
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(move |(offset, count)| (first + offset, *count))
    }
}
