//! What a schedule holds, counted: starts over time, requests and sizes by operation.

use std::io::Read;

use crate::{Arrival, Chunk, Plan, ScheduleError};

/// Sizes are counted in buckets of a sixteenth of their power of two.
const STEPS: u64 = 16;
const STEP_BITS: u32 = 4;

/// A schedule, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Intended starts in equal stretches of the schedule's time; empty in a closed loop, which has no times.
    pub columns: Vec<u64>,
    /// For each operation of the plan what is sent.
    pub operations: Vec<Sizes>,
}

/// Bytes of the payloads of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Name shown to people.
    pub name: String,
    /// Number of payloads.
    pub requests: u64,
    /// All together.
    pub bytes: u64,
    /// 0 without requests.
    pub smallest: u64,
    /// 0 without requests.
    pub largest: u64,
    buckets: Vec<u64>,
}

impl Sizes {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            requests: 0,
            bytes: 0,
            smallest: 0,
            largest: 0,
            buckets: Vec::new(),
        }
    }

    fn add(&mut self, size: u64) {
        self.smallest = if self.requests == 0 {
            size
        } else {
            self.smallest.min(size)
        };
        self.requests += 1;
        self.bytes += size;
        self.largest = self.largest.max(size);
        let bucket = bucket_of(size);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
    }

    /// The size that half of the requests do not pass, to a sixteenth.
    #[must_use]
    pub fn median(&self) -> u64 {
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen * 2 >= self.requests {
                return size_of(bucket).clamp(self.smallest, self.largest);
            }
        }
        self.largest
    }
}

fn bucket_of(size: u64) -> usize {
    if size < STEPS {
        return size as usize;
    }
    let shift = 63 - size.leading_zeros() - STEP_BITS;
    (u64::from(shift + 1) * STEPS + (size >> shift) - STEPS) as usize
}

/// The smallest size in a bucket.
fn size_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    (STEPS + bucket % STEPS) << (bucket / STEPS - 1)
}

/// Reads a schedule and counts what is in it, with flat memory.
///
/// # Errors
/// [`ScheduleError::Format`] or [`ScheduleError::Version`] naming what does not add up,
/// [`ScheduleError::Read`] when `input` fails.
pub fn view(input: &mut impl Read, columns: usize) -> Result<View, ScheduleError> {
    let plan = Plan::read(input)?;
    let mut counts = vec![0_u64; columns];
    let mut operations: Vec<Sizes> = plan
        .operations()
        .iter()
        .map(|operation| Sizes::new(&operation.name))
        .collect();
    let mut chunk = Chunk::new();
    let duration = u128::from(plan.duration_ns().max(1));
    while chunk.read(&plan, input)? {
        for index in 0..chunk.len() {
            let entry = chunk.entry(index);
            let column = u128::from(entry.intended_ns) * columns as u128 / duration;
            if let Some(count) = counts.get_mut(column as usize) {
                *count += 1;
            }
            if let Some(one) = operations.get_mut(usize::from(entry.operation)) {
                one.add(chunk.payload(&plan, index).len() as u64);
            }
        }
    }
    if plan.arrival() == Arrival::Closed {
        counts.clear();
    }
    Ok(View {
        columns: counts,
        operations,
    })
}

#[cfg(test)]
mod tests {
    use super::{bucket_of, size_of};

    #[test]
    fn a_size_is_in_its_bucket() {
        for size in (0..5_000).chain([1 << 20, (1 << 20) + 1, u64::MAX]) {
            let bucket = bucket_of(size);
            assert!(size_of(bucket) <= size, "{size}");
            assert!(size - size_of(bucket) <= size / 16, "{size}");
        }
        assert!((0..100_000).all(|size| bucket_of(size) <= bucket_of(size + 1)));
    }
}
